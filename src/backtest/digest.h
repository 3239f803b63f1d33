/*
 * digest.h: what a report needs of a run's events, in fixed memory however long the run was.
 *
 * Lines are kept as stretches of samples with the least and the greatest of each, so that no peak
 * is lost however much is thinned out.
 *
 * Threads  one owner.
 * Memory   0.3 MB.
 */
#ifndef SJ_BACKTEST_DIGEST_H
#define SJ_BACKTEST_DIGEST_H

#include "backtest/run.h"

#define SJ_BT_POINTS_MAX 1024
#define SJ_BT_QUEUE_BUCKETS 16
#define SJ_BT_SLIPPAGE_BUCKETS 21 /* the middle one: less than half a tick */
#define SJ_BT_PARTS_MAX 256
#define SJ_BT_REFUSALS_MAX 64

/* A stretch of samples. Drawdown: below the highest equity so far, 0 or less. */
struct sj_bt_point {
    int64_t time_ns; /* of its first sample */
    double equity_low, equity_high, equity_last, drawdown_low;
    double position_low, position_high; /* lots */
};

/* One strategy in one instrument. */
struct sj_bt_part {
    uint32_t strategy, instrument;
    uint64_t orders, refused, rested, ended, fills, maker_fills;
    double quantity, value; /* of fills; lots, and money */
    double slippage, slippage_quantity;
    double position, cost; /* lots held, and what they cost, money, at their average price */
    double gross;          /* realised, at average cost, before fees; money */
};

struct sj_bt_name {
    uint32_t instrument;
    char code[sizeof(((struct sj_instrument *)0)->code) + 1];
};

struct sj_bt_refusal {
    char check[49]; /* the check's name; the exchange's words */
    bool by_exchange;
    uint64_t count;
};

struct sj_bt_digest {
    double tick, lot;
    struct sj_bt_point points[SJ_BT_POINTS_MAX];
    uint32_t point_count;
    uint64_t point_samples; /* in a whole stretch */
    uint64_t last_samples;  /* in the last one */
    uint64_t sample_count;
    int64_t last_ns;
    double equity_peak, drawdown_max;
    /* By what stood before an order when it came to rest: none, below 1 lot x 2^n. */
    uint64_t rested[SJ_BT_QUEUE_BUCKETS], filled[SJ_BT_QUEUE_BUCKETS];
    uint64_t slippage[SJ_BT_SLIPPAGE_BUCKETS];
    double slippage_sum, slippage_quantity;
    uint64_t maker_fills, taker_fills;
    double maker_value, taker_value; /* money */
    double event_fee, event_tax;     /* of FILL events, where there are any */
    uint64_t fill_events;
    struct sj_bt_part parts[SJ_BT_PARTS_MAX];
    uint32_t part_count;
    uint64_t parts_left_out; /* rows of further ones */
    struct sj_bt_name names[SJ_BT_PARTS_MAX];
    uint32_t name_count;
    struct sj_bt_refusal refusals[SJ_BT_REFUSALS_MAX];
    uint32_t refusal_count;
};

void sj_bt_digest_init(struct sj_bt_digest *digest, double tick, double lot);
void sj_bt_digest_order(struct sj_bt_digest *digest, const struct sj_bt_order_row *row);
void sj_bt_digest_fill(struct sj_bt_digest *digest, const struct sj_bt_fill_row *row);
void sj_bt_digest_sample(struct sj_bt_digest *digest, const struct sj_bt_sample_row *row);
/* VERDICT, ORDER, FILL and INSTRUMENT count; others are ignored. */
void sj_bt_digest_event(struct sj_bt_digest *digest, const struct sj_frame *event);

#endif
