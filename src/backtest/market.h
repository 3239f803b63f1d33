/*
 * market.h: one instrument of a journal at the exchange: events of the market into small steps of
 * its venue, by the market's rules.
 *
 * Keys are the day's valid prices between the limits (market/ladder.h). Books of five levels become
 * steps by what differs from the one before; what falls out of sight is not known any more. Trades
 * are told apart by the total volume where there is one, so that two channels that tell of the same
 * trade count it once. Trial matches are never trades; the first trade after them, or in an
 * auction's hours, is the auction's. Intraday odd lots are a market of their own, which is always
 * in an auction.
 *
 * Units    exch_ns: ns UTC. Volumes: lots; shares for odd lots.
 * Errors   -ENOMEM; those of venue.h. What cannot be taken is an enum sj_bt_left.
 * Threads  one owner.
 * Memory   pages of levels: 16 KB mostly.
 */
#ifndef SJ_BACKTEST_MARKET_H
#define SJ_BACKTEST_MARKET_H

#include "backtest/venue.h"
#include "event/event.h"
#include "market/calendar.h"

enum sj_bt_left { SJ_BT_TAKEN, SJ_BT_OFF_TICK, SJ_BT_MALFORMED, SJ_BT_REPEATED, SJ_BT_BACKWARDS };

struct sj_bt_shown {
    uint32_t count;
    int32_t keys[SJ_LEVELS];
    uint32_t volumes[SJ_LEVELS];
};

struct sj_bt_market {
    struct sj_bt_venue venue;
    struct sj_bt_prices prices;
    struct sj_price_ladder ladder;
    struct sj_bt_shown shown[2];
    const struct sj_market_rules *rules;
    enum sj_board board;
    bool has_board, night, option, trial, odd;
    uint32_t last_day;
    int64_t total_volume; /* of the last trade taken; 0: none told */
    int64_t last_ns;      /* of the last event */
    struct sj_market_moment moment;
    int64_t expires_ns; /* when orders that rest end; INT64_MAX: none rests, or there is no end */
};

struct sj_bt_market_options {
    const struct sj_instrument *definition;
    const struct sj_market_rules *rules;
    struct sj_bt_queue_model model;
    bool partial, odd;
    int64_t price_e6; /* one that it has, for one without limits; null: not known */
    int64_t now_ns;
    void *context;
    sj_rc (*on_report)(void *context, struct sj_bt_report *report);
};

/* -SJ_E_UNKNOWN: neither limits nor a price: later. */
SJ_MUST_USE sj_rc sj_bt_market_create(const struct sj_bt_market_options *options,
                                      struct sj_bt_market **ret_market);
void sj_bt_market_close(struct sj_bt_market *market);

/* TRADE, BOOK or QUOTE. Returns 0, or a negative rc of the venue; *ret_left: what was not taken. */
SJ_MUST_USE sj_rc sj_bt_market_event(struct sj_bt_market *market, const struct sj_frame *event,
                                     int64_t exch_ns, enum sj_bt_left *ret_left);

/* *ret_why: why the exchange does not take it, and nothing was done; NULL: it did. */
SJ_MUST_USE sj_rc sj_bt_market_request(struct sj_bt_market *market,
                                       const struct sj_bt_request *request, const char **ret_why);

/* The end of the session and what its last auction may take to print. */
SJ_MUST_USE sj_rc sj_bt_market_expire(struct sj_bt_market *market);

/* How much money one lot is at a price of 1. */
double sj_bt_market_unit(const struct sj_instrument *definition, bool odd);

#endif
