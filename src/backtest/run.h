/*
 * run.h: strategies over the rows of one recorded day, in deterministic time.
 *
 * Four streams meet: rows as we see them, reports to us, rows at the exchange, requests at the
 * exchange. The earliest comes next; at one time in that order. A timer fires when everything up to
 * its time has happened. Nothing else is an input: the same file and options give the same result.
 *
 * Units    prices _e6: millionths. lots: of options.lot. Money: in the price's unit, doubles.
 * Errors   one line in `error`. -SJ_E_RANGE: an option makes no sense. Those of feed.h and
 *          strategy/host.h.
 * Threads  a run has one owner; several may run at the same time.
 * Memory   32 MB at most for a book's side, what is in flight, a slice of the file.
 */
#ifndef SJ_BACKTEST_RUN_H
#define SJ_BACKTEST_RUN_H

#include "backtest/feed.h"
#include "backtest/queue.h"
#include "strategy/host.h"

#define SJ_BT_ERROR_MAX 400
#define SJ_BT_INSTRUMENT 1u /* the one of the file, for strategies */

enum sj_bt_order_what {
    SJ_BT_ASKED,
    SJ_BT_RESTED,
    SJ_BT_EXPIRY,
    SJ_BT_CANCELLATION,
    SJ_BT_REFUSED
};

/* An order as it left us, came to rest, or ended without being filled. */
struct sj_bt_order_row {
    int64_t time_ns; /* ours when asked for, the exchange's when it ended */
    uint64_t order;
    int64_t price_e6;
    uint32_t quantity, left;
    uint8_t side, time_in_force, what; /* enum sj_bt_order_what */
    double queue;                      /* RESTED: what stands before it */
};

struct sj_bt_fill_row {
    int64_t exch_ns, local_ns;
    uint64_t order;
    int64_t price_e6;
    uint32_t quantity, left;
    uint8_t side;
    bool maker;
    double queue;    /* what stood before it when it came to rest; NaN for a taker */
    double slippage; /* paid against the middle price at decision; NaN: there was none */
};

struct sj_bt_sample_row {
    int64_t time_ns;
    double equity, balance, fee, mid;
    int64_t position; /* lots, as we know it */
};

/* Who wants to see what happens; any may be NULL. None may call back. */
struct sj_bt_sink {
    void *context;
    void (*order)(void *context, const struct sj_bt_order_row *row);
    void (*fill)(void *context, const struct sj_bt_fill_row *row);
    void (*sample)(void *context, const struct sj_bt_sample_row *row);
    void (*log)(void *context, uint32_t strategy, const char *text);
};

struct sj_bt_options {
    const char *path;
    double tick, lot;
    struct sj_bt_queue_model queue;
    bool partial;
    bool strict;
    int64_t order_latency_ns, report_latency_ns;
    double maker_fee, taker_fee; /* parts of the value traded */
    int64_t sample_ns;           /* between samples of the equity; 0: none */
    /* Trade what the file holds, SJ_BT_INSTRUMENT; instruments are not looked at. */
    const struct sj_strategy_instance *strategies;
    uint32_t strategy_count;
    struct sj_bt_sink sink;
};

struct sj_bt_result {
    struct sj_bt_feed_counts rows;
    uint64_t orders, cancels, changes, refused, expired, fills, denied, open;
    double position, balance, fee, volume, value; /* all fills, at the exchange */
    double known_position, equity;                /* as we know it at the end */
    int64_t first_ns, last_ns;
    int64_t best_bid_e6, best_ask_e6; /* ours, at the end */
};

SJ_MUST_USE sj_rc sj_bt_run(const struct sj_bt_options *options, struct sj_bt_result *ret_result,
                            char error[SJ_BT_ERROR_MAX]);

#endif
