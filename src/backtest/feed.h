/*
 * feed.h: the rows of a file, cut into what the exchange's side does with them and what ours does:
 * two streams of small steps, each in the order of the file.
 *
 * Only a slice of the file is in memory; how far one stream may run ahead of the other is bounded
 * by SJ_BT_RING_MAX.
 *
 * Units    ts: ns UTC (exch_ts or local_ts). Keys as in book.h.
 * Errors   those of convert/npz.h; -SJ_E_MALFORMED with `strict`; -SJ_E_LIMIT.
 * Threads  one owner.
 */
#ifndef SJ_BACKTEST_FEED_H
#define SJ_BACKTEST_FEED_H

#include "backtest/book.h"
#include "backtest/latency.h"
#include "backtest/live.h"
#include "backtest/prices.h"
#include "backtest/ring.h"
#include "convert/npz.h"

enum sj_bt_step_kind {
    SJ_BT_DEPTH,
    SJ_BT_TRADE,
    SJ_BT_CLEAR,
    /* Of a file of orders, at the exchange. */
    SJ_BT_ORDER_WIPE,  /* as CLEAR of a whole side; our orders end with it */
    SJ_BT_ORDER_PLACE, /* quantity: the bits of an int64_t, the place of whom the next step tells */
    SJ_BT_ORDER_LEFT,  /* so much of it left its queue */
    SJ_BT_ORDER_FILL   /* so much of it was filled; its level tells of it in a row of its own */
};

struct sj_bt_step {
    int64_t ts;
    double quantity; /* 0 for a level that is gone */
    int32_t key;     /* of the side's book; of a trade: of the side that was resting */
    uint8_t kind;    /* enum sj_bt_step_kind */
    uint8_t side;    /* of the level; of a trade: of who took */
    uint8_t reserved[2];
};

SJ_BT_RING(sj_bt_steps, struct sj_bt_step);

/* What is wrong with rows; none is mended. */
struct sj_bt_feed_counts {
    uint64_t rows, depth, trades, clears;
    uint64_t orders;    /* rows of orders by their ids */
    uint64_t others;    /* of kinds that no book has */
    uint64_t malformed; /* not a number, negative, without a side, a month later, of an order that
                         * is unknown or lives already: left out */
    uint64_t far;       /* beyond the window of prices: left out */
    uint64_t backwards; /* earlier than the row before on its side: taken at the later time */
    uint64_t
        first_bad; /* number of the first row of malformed, far or backwards, from 1; 0: none */
};

struct sj_bt_feed {
    struct sj_rows *rows;
    const struct sj_row *at, *end; /* of the batch being decoded */
    double per_tick, half_lot;
    bool strict, ended, by_order;
    struct sj_bt_prices prices; /* placed by the first price */
    int64_t last_ts[2];
    int64_t first_ts; /* the first row's, at the exchange (ours where it has none) */
    struct sj_bt_steps exchange, local;
    struct sj_bt_live live[2]; /* at the exchange, and as we see it; empty until the first order */
    struct sj_bt_way way;      /* to us, when it has a model: instead of the recorded local_ts */
    struct sj_row *delayed;    /* a slice with those times; NULL without a model */
    struct sj_bt_feed_counts counts;
};

struct sj_bt_feed_options {
    const char *path;
    double tick, lot;
    bool strict;
    const struct sj_latency *latency; /* from the exchange to us; NULL: as recorded */
    bool by_order; /* the queue model needs orders: rows of levels are an error */
};
SJ_MUST_USE sj_rc sj_bt_feed_open(struct sj_bt_feed *feed, const struct sj_bt_feed_options *options,
                                  char error[256]);
void sj_bt_feed_close(struct sj_bt_feed *feed);

/* Decodes until both streams have a step, or the file has ended. */
SJ_MUST_USE sj_rc sj_bt_feed_fill(struct sj_bt_feed *feed, char error[256]);

#endif
