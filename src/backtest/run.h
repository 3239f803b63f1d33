/*
 * run.h: recorded days again, in deterministic time, through the code that trades live: strategies,
 * risk, orders and account are src/decide's; only clock, market and exchange are made up here.
 *
 * What is run over is a file of rows (npz, npy: one instrument) or journals (any number of
 * instruments). Four streams meet: market data as we see them, reports to us, market data at the
 * exchange, requests at the exchange. The earliest comes next; at one time in that order. A timer
 * fires when everything up to its time has happened. Nothing else is an input: the same data and
 * options give the same result, and the same events, byte for byte.
 *
 * Units    prices _e6: millionths. lots: of options.lot (rows), as in shijim/event.h (journals).
 *          Money: in the price's unit (rows), TWD (journals), doubles.
 * Errors   one line in `error`. -SJ_E_RANGE: an option makes no sense. Those of feed.h, journal.h
 *          and decide.h.
 * Threads  a run has one owner; several may run at the same time.
 * Memory   README.md; less than 256 MB for a day of any size.
 */
#ifndef SJ_BACKTEST_RUN_H
#define SJ_BACKTEST_RUN_H

#include "backtest/feed.h"
#include "backtest/latency.h"
#include "backtest/queue.h"
#include "decide/decide.h"

#define SJ_BT_ERROR_MAX 400
#define SJ_BT_INSTRUMENT 1u /* the one of a file of rows, for strategies */

enum sj_bt_order_what {
    SJ_BT_ASKED,
    SJ_BT_RESTED,
    SJ_BT_EXPIRY,
    SJ_BT_CANCELLATION,
    SJ_BT_REFUSED /* by risk, by the order room, or by the exchange */
};

/* An order as it left us, came to rest, or ended without being filled. */
struct sj_bt_order_row {
    int64_t time_ns; /* ours when asked for, the exchange's when it ended */
    uint64_t order;  /* counts from 1 */
    uint64_t intent; /* as in the run's events */
    int64_t price_e6;
    uint32_t instrument, strategy;
    uint32_t quantity, left;
    uint8_t side, time_in_force, what; /* enum sj_bt_order_what */
    double queue;                      /* RESTED: what stands before it; NaN: unknown */
};

struct sj_bt_fill_row {
    int64_t exch_ns, local_ns;
    uint64_t order, intent;
    int64_t price_e6;
    uint32_t instrument, strategy;
    uint32_t quantity, left;
    uint8_t side;
    bool maker;
    double queue;    /* what stood before it when it came to rest; NaN for a taker, or unknown */
    double slippage; /* paid against the middle price at decision; NaN: there was none */
    double unit;     /* money that one lot at a price of 1 is worth: lot, or the contract's point */
};

struct sj_bt_sample_row {
    int64_t time_ns;
    double equity, balance, fee; /* fee: taxes too */
    double mid;                  /* NaN with several instruments */
    int64_t position;            /* lots as we know them, of all instruments */
};

/* Who wants to see what happens; any may be NULL. None may call back. */
struct sj_bt_sink {
    void *context;
    void (*order)(void *context, const struct sj_bt_order_row *row);
    void (*fill)(void *context, const struct sj_bt_fill_row *row);
    void (*sample)(void *context, const struct sj_bt_sample_row *row);
    void (*log)(void *context, uint32_t strategy, const char *text);
    /* Every event that src/decide publishes: the run's record, as the live journal has it. Before
     * them the definitions of what is traded. */
    void (*event)(void *context, const struct sj_frame *event);
};

struct sj_bt_options {
    /* Rows of one instrument, with the steps of its prices and quantities; */
    const char *path;
    double tick, lot;
    /* or journals, all of one day or a part of it. */
    const char *const *journals;
    uint32_t journal_count;
    int32_t day; /* trading day of the futures' board, YYYYMMDD; 0: all there is */

    struct sj_bt_queue_model queue;
    bool partial;
    bool strict; /* the first thing that would be left out ends the run */
    /* By enum sj_bt_stream. NULL: the constants below. */
    const struct sj_latency *latency[SJ_BT_STREAM_COUNT];
    const char *latency_text[SJ_BT_STREAM_COUNT]; /* what they were made of, for the reader */
    uint64_t seed;                                /* theirs, for the reader */
    int64_t order_latency_ns, report_latency_ns;
    int64_t feed_latency_ns;     /* journals: from the exchange to us; -1: as it was recorded */
    double maker_fee, taker_fee; /* rows: parts of the value traded (journals: account's rules) */
    int64_t sample_ns;           /* between samples of the equity; 0: none */

    /* Rows: they trade what the file holds; instruments are not looked at. Journals: `create`, when
     * given, makes the whole decide (its configuration, its strategies) instead. */
    const struct sj_strategy_instance *strategies;
    uint32_t strategy_count;
    /* Journals: codes for all of them, "2330,TXF*", instead of the instances' own instruments. */
    const char *instruments;
    const struct sj_risk_config *risk;     /* NULL: sj_bt_risk_default */
    const struct sj_orders_config *orders; /* NULL: sj_bt_orders_default; with `create`, too */
    const struct sj_account_config *account;
    void *create_context;
    sj_rc (*create)(void *context, const struct sj_decide_ops *ops,
                    struct sj_instruments *instruments, char error[SJ_BT_ERROR_MAX],
                    struct sj_decide **ret_decide);
    struct sj_bt_sink sink;
};

/* Events of journals, and what was left out of the exchange's side, by reason. Strategies see all
 * of them, as they did live. */
struct sj_bt_event_counts {
    uint64_t events, market, gaps;
    uint64_t off_tick;   /* a price that no order could have */
    uint64_t malformed;  /* no price, no quantity */
    uint64_t unknown;    /* of an instrument without a definition */
    uint64_t repeated;   /* flagged as duplicate or fetched later */
    uint64_t backwards;  /* at an earlier time than the one before: taken at the later */
    uint64_t late;       /* seen so long after it happened that it is taken when it was read */
    uint64_t damaged;    /* ranges of a journal that could not be read */
    char first_bad[160]; /* the first of them: journal, source, sequence, reason; "": none */
    char ended[160];     /* how a journal ends that was not closed; "": in order */
};

struct sj_bt_result {
    struct sj_bt_feed_counts rows;
    struct sj_bt_event_counts events;
    uint64_t orders, cancels, changes, refused, expired, fills, denied, open;
    double position, balance, fee, volume, value; /* all fills, at the exchange */
    double known_position, equity;                /* as we know it at the end */
    int64_t first_ns, last_ns;
    int64_t best_bid_e6, best_ask_e6;                      /* rows: ours, at the end */
    uint32_t instrument_count;                             /* that were traded */
    struct sj_bt_latency_used latency[SJ_BT_STREAM_COUNT]; /* FEED: empty when as recorded */
};

/* Lets everything pass that makes sense: no limit, no hours, no windows of calls. What a file of
 * rows is checked by unless the caller has settings of his own. */
SJ_MUST_USE sj_rc sj_bt_risk_default(struct sj_risk_config *ret_config);

/* No time-outs: nothing is lost on the way of a backtest. */
void sj_bt_orders_default(struct sj_orders_config *ret_config);

SJ_MUST_USE sj_rc sj_bt_run(const struct sj_bt_options *options, struct sj_bt_result *ret_result,
                            char error[SJ_BT_ERROR_MAX]);

#endif
