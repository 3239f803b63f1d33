/*
 * calendar.h: when a market trades: trading days, the trading day of an instant, the phase of a
 * session, and what orders it accepts. All of it from the rules (rules.h).
 *
 * Units    date: YYYYMMDD. _ns: UTC since 1970.
 * Errors   -SJ_E_UNKNOWN: the rules hold nothing for that day.
 * Threads  any, once the rules are loaded. No allocation. Look-ups walk the rules (microseconds):
 *          keep a moment until its `until_ns`.
 */
#ifndef SJ_MARKET_CALENDAR_H
#define SJ_MARKET_CALENDAR_H

#include "base/tw_time.h"
#include "event/event.h"
#include "market/rules.h"

/* Where an order trades: books with hours and rules of their own. */
enum sj_board {
    SJ_BOARD_STOCK,   /* round lots of stocks, funds, warrants */
    SJ_BOARD_ODD,     /* intraday odd lots: quantities are shares */
    SJ_BOARD_FUTURES, /* futures and options: a day and a night session */
    SJ_BOARD_INDEX,   /* indices: nothing to order, but hours */
    SJ_BOARD_COUNT
};

enum sj_board sj_board_of(enum sj_security security, bool odd_lot);

/* "STK", "ODD", "FUT", "IND": the board's name in the rules. */
const char *sj_board_name(enum sj_board board);

/* Days that differ from Monday to Friday, for base/tw_time.h; valid as long as the rules. */
const struct sj_tw_holidays *sj_market_holidays(const struct sj_market_rules *rules,
                                                enum sj_board board);

/* The first and last day the calendar speaks of: outside them only weekends are known. */
void sj_market_calendar_span(const struct sj_market_rules *rules, int32_t *ret_first,
                             int32_t *ret_last);

/* The trading day an instant belongs to. Futures: from the evening's first phase (14:50) on the
 * next trading day, over weekends and holidays. Others: the day itself, or the next one that
 * trades. */
int32_t sj_market_trading_day(const struct sj_market_rules *rules, enum sj_board board,
                              int64_t utc_ns);

/* What a market does at an instant. */
struct sj_market_moment {
    enum sj_session_phase phase; /* NONE: closed */
    bool night;                  /* the night session; false when closed */
    int32_t trading_day; /* of the session; when closed, of the next one (0: there is none) */
    int64_t since_ns;    /* when the phase began; when closed: INT64_MIN */
    int64_t until_ns;    /* when it ends, or, when closed, the next one begins (INT64_MAX) */
};

/* `last_day`: the contract's last trading day, or 0. On that day its session ends early (rule
 * NAME.LAST), and none follows. `night`: whether the contract trades at night at all
 * (sj_market_has_night). Both count for futures and options only. */
SJ_MUST_USE sj_rc sj_market_moment(const struct sj_market_rules *rules, enum sj_board board,
                                   uint32_t last_day, bool night, int64_t utc_ns,
                                   struct sj_market_moment *ret_moment);

/* Whether contracts of a root ("TXF") trade in the night session on a day. */
bool sj_market_has_night(const struct sj_market_rules *rules, const char *root, uint32_t date);

/* --- orders --- */

/* The bit of a kind of order in a set: price_type 1 LMT, 2 MKT, 3 MKP; time_in_force 1 ROD, 2 IOC,
 * 3 FOK, as in struct sj_intent. 0 for anything else. */
static inline uint32_t sj_order_bit(uint32_t price_type, uint32_t time_in_force)
{
    if (price_type < 1 || price_type > 3 || time_in_force < 1 || time_in_force > 3)
        return 0;
    return 1u << ((price_type - 1) * 3 + (time_in_force - 1));
}

/* The set of kinds of orders that a phase accepts; empty when closed, and for indices. */
uint32_t sj_market_orders(const struct sj_market_rules *rules, enum sj_board board,
                          enum sj_session_phase phase, uint32_t date);

/* The most lots (odd lots: shares) of one order. `option`: for SJ_BOARD_FUTURES. */
SJ_MUST_USE sj_rc sj_market_quantity_max(const struct sj_market_rules *rules, enum sj_board board,
                                         bool option, bool night, uint32_t price_type,
                                         uint32_t date, uint32_t *ret_quantity);

#endif
