/*
 * account.h: what we hold, what it cost and what it is worth, by our own fills; and whether the
 * broker says the same. Pure: events go in, events come out through `ops`.
 *
 *     sj_account_fill(account, &fill);      every FILL, before anybody else: fee and tax are put in
 *     sj_account_market(account, event);    TRADE, QUOTE, BOOK: marks; INSTRUMENT: definitions
 *     sj_account_event(account, event);     POSITION events of an account, then its ACCOUNT event,
 *                                           which ends the snapshot and has it compared: what it
 *                                           did not name is not held
 *
 * A position is kept for each strategy and instrument; strategy 0 is the house: what was there
 * before us and what nobody else ordered. Costs are averaged: closing releases the part of the cost
 * that the closed part is of the whole, and what rounding leaves stays with the rest, so realised
 * and unrealised profit always add up to the money that moved and the value that is there.
 *
 * Units    Quantities here are units: shares of stocks, contracts of derivatives. _e6: TWD or
 * prices in millionths. _ns: UTC. Errors   -SJ_E_*, with a line in `error` where there is one. A
 * full table is counted (status) and its fill booked on the house. Threads  [owner] one thread.
 * Memory   All reserved by create.
 */
#ifndef SJ_ACCOUNT_ACCOUNT_H
#define SJ_ACCOUNT_ACCOUNT_H

#include "account/account_config.h"
#include "event/event.h"
#include "event/instruments.h"
#include "market/rules.h"

#define SJ_ACCOUNT_MAX 8           /* accounts are 0 .. 7 */
#define SJ_ACCOUNT_STRATEGY_MAX 64 /* strategies are 0 .. 63 */
#define SJ_ACCOUNT_ROWS_MAX 16384  /* positions of strategies, open or traded today */
#define SJ_ACCOUNT_SETTLEMENTS_MAX 8
#define SJ_ACCOUNT_ERROR_MAX 200

struct sj_account;

struct sj_account_ops {
    void *context;
    /* A POSITION event where the broker and we differ (or agree again), or a CONTROL: BLOCK and
     * UNBLOCK by RECONCILE. To be written down, and handed to risk. NULL: nobody is told. */
    void (*emit)(void *context, struct sj_frame *event);
};

struct sj_account_options {
    const struct sj_account_config *config; /* NULL: every default */
    const struct sj_instruments
        *instruments;                    /* what is known now; read during create; may be NULL */
    const struct sj_market_rules *rules; /* fees and trading days; outlive account; NULL: fees 0 */
    uint32_t instrument_max;
    struct sj_account_ops ops;
};

SJ_MUST_USE sj_rc sj_account_create(const struct sj_account_options *options,
                                    struct sj_account **ret_account);
void sj_account_close(struct sj_account *account);

/* Books a fill. fee_e6 and tax_e6 that are 0 or null are put in by the rules of its day. A fill
 * that makes no sense (no such instrument, no quantity, no price) is counted and not booked. */
void sj_account_fill(struct sj_account *account, struct sj_fill *fill);

void sj_account_market(struct sj_account *account, const struct sj_frame *event);
void sj_account_event(struct sj_account *account, const struct sj_frame *event);

/* --- questions --- */

/* A position of a strategy (or, for SJ_ACCOUNT_ALL, of all), with its profit since it is known. */
#define SJ_ACCOUNT_ALL UINT32_MAX
struct sj_account_position {
    int64_t units;           /* signed */
    int64_t avg_price_e6;    /* rounded to the millionth; null when flat */
    int64_t realized_e6;     /* before fees and taxes */
    int64_t unrealized_e6;   /* against the mark */
    int64_t fees_e6;         /* fees and taxes */
    int64_t day_pnl_e6;      /* of the trading day, all costs off */
    int64_t day_trade_units; /* bought and sold again today, or the other way round */
};
void sj_account_position(const struct sj_account *account, uint32_t strategy, uint32_t instrument,
                         struct sj_account_position *ret_position);

/* Puts realized_pnl_e6, unrealized_pnl_e6 and fees_e6 of stats->strategy into the event. */
void sj_account_stats(const struct sj_account *account, struct sj_strategy_stats *stats);

struct sj_account_totals {
    int32_t trading_day;
    int64_t realized_e6, unrealized_e6, fees_e6, taxes_e6;
    int64_t day_pnl_e6;
    int64_t cash_e6;          /* the broker's balances added; null: not told yet */
    int64_t cash_pending_e6;  /* of our own trades in stocks, not yet settled (T+2) */
    int64_t cash_expected_e6; /* both */
    int64_t margin_available_e6;
    uint32_t difference_count; /* instruments where broker and we differ now */
    uint64_t fill_count, adopted_count, bad_count;
};
void sj_account_totals(const struct sj_account *account, struct sj_account_totals *ret_totals);

/* What settles on which day: our own trades in stocks, the earliest first. Returns how many. */
struct sj_account_settlement {
    int32_t date;
    int64_t amount_e6; /* negative: to be paid */
};
uint32_t sj_account_settlements(const struct sj_account *account,
                                struct sj_account_settlement *ret_list, uint32_t max);

/* What the broker says we hold, in lots (whole ones, towards zero) and odd shares. Returns how many
 * there are; at most `max` are written. */
struct sj_account_holding {
    uint32_t instrument;
    int64_t quantity;   /* signed lots */
    int64_t odd_shares; /* beyond them, of the same sign */
};
uint32_t sj_account_holdings(const struct sj_account *account, struct sj_account_holding *ret_list,
                             uint32_t max);

/* Whether every account that ever reported has done so, whole, since then; false before the first.
 */
bool sj_account_fresh(const struct sj_account *account, int64_t since_ns);

/* --- what survives a restart --- */

size_t sj_account_save_size(const struct sj_account *account);
/* Returns its size. -SJ_E_RANGE: less room than sj_account_save_size. */
SJ_MUST_USE sj_rc sj_account_save(const struct sj_account *account, void *buffer, size_t size);
/* Into an account as created. A hostile blob: -SJ_E_MALFORMED, -SJ_E_CORRUPT, -SJ_E_LAYOUT; nothing
 * is taken from it. */
SJ_MUST_USE sj_rc sj_account_restore(struct sj_account *account, const void *buffer, size_t size);

#endif
