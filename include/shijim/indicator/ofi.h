/*
 * ofi.h: order flow imbalance at the best prices, and at several levels.
 *
 * OFI      Cont, Kukanov and Stoikov, "The Price Impact of Order Book Events", Journal of
 *          Financial Econometrics 12 (2014), section 2: the e_n of an update, whose sum over an
 *          interval is OFI:
 *          e = 1{Pb >= Pb'} qb - 1{Pb <= Pb'} qb' - 1{Pa <= Pa'} qa + 1{Pa >= Pa'} qa'
 *          where ' marks the update before. side[0] is the first pair of terms, side[1] minus the
 *          second.
 * MLOFI    Xu, Gould and Howison, "Multi-Level Order-Flow Imbalance in a Limit Order Book"
 *          (2019), section 2: the same rule on each level's index, with the book before at the
 *          same index.
 * Scaled   Cont, Cucuringu and Zhang, "Cross-Impact of Order Flow Imbalance in Equity Markets"
 *          (2023), section 2: the sum over an interval divided by the mean quantity per level and
 *          side in it.
 *
 * First    the first update gives 0: there is nothing before it.
 * Absent   a side (level) that is absent counts as quantity 0 at the worst possible price: a bid
 *          that appears adds its quantity, one that vanishes takes it away again.
 * Crossed  a locked or crossed book is answered by the same rule.
 */
#ifndef SHIJIM_INDICATOR_OFI_H
#define SHIJIM_INDICATOR_OFI_H

#include "shijim/indicator/common.h"

#define SJ_OFI_LANES 4
#define SJ_MLOFI_LEVELS_MAX 10

struct sj_ofi {
    /* The book before: bid, and ask with its price negated, so that one rule serves both. An absent
     * side: -infinity, 0. */
    double price[2], quantity[2];
    double side[2]; /* bid and ask part of the last update */
    double net;     /* e_n of the last update: side[0] - side[1] */
    uint64_t count; /* updates */
    /* The sum of e_n, update i in part i % 4: four sums are four times as fast as one. */
    double part[SJ_OFI_LANES];
};

SJ_API void sj_ofi_init(struct sj_ofi *ofi);

/* Returns e_n, also in `net`. */
SJ_API double sj_ofi_update(struct sj_ofi *ofi, double bid_price, double bid_quantity,
                            double ask_price, double ask_quantity);

/* The sum of e_n since init or the last begin, and the start of a new interval. */
SJ_API double sj_ofi_sum(const struct sj_ofi *ofi);
SJ_API void sj_ofi_begin(struct sj_ofi *ofi);

/* in: bid price, bid quantity, ask price, ask quantity. out: net. */
SJ_API void sj_ofi_batch(struct sj_ofi *ofi, int64_t count, const struct sj_column in[4],
                         const struct sj_column out[1]);

struct sj_mlofi {
    uint32_t levels; /* 1 .. SJ_MLOFI_LEVELS_MAX */
    uint32_t reserved;
    uint64_t count;          /* updates since init */
    uint64_t interval_count; /* updates since the last begin */
    double weighted;         /* of the last update: sum of weight * level */
    double depth_sum;        /* quantity of all levels and both sides, over the interval */
    double weight[SJ_MLOFI_LEVELS_MAX];
    double level[SJ_MLOFI_LEVELS_MAX]; /* e_n of each level, of the last update */
    double sum[SJ_MLOFI_LEVELS_MAX];   /* over the interval */
    /* The book before, in groups of four levels by side, then the levels left over, bid beside ask.
     * As in struct sj_ofi ask prices are negated, and an absent level is -infinity, 0. */
    double bid_price[8], bid_quantity[8], ask_price[8], ask_quantity[8];
    double rest_price[3][2], rest_quantity[3][2];
};

/* `weight` NULL: 1 for each level. -SJ_E_RANGE: levels outside 1 .. 10, or a weight not finite. */
SJ_MUST_USE SJ_API sj_rc sj_mlofi_init(struct sj_mlofi *mlofi, uint32_t levels,
                                       const double *weight);

/* Four arrays of `count` levels, best first; levels beyond `count` are absent. Returns the weighted
 * sum. */
SJ_API double sj_mlofi_update(struct sj_mlofi *mlofi, const double *bid_price,
                              const double *bid_quantity, const double *ask_price,
                              const double *ask_quantity, uint32_t count);

/* The interval's sum of a level (0 is the best) divided by the mean quantity per level and side;
 * NaN while the interval has seen no quantity, or for no such level. */
SJ_API double sj_mlofi_scaled(const struct sj_mlofi *mlofi, uint32_t level);

/* The same of the weighted sum over all levels. */
SJ_API double sj_mlofi_scaled_weighted(const struct sj_mlofi *mlofi);

/* Starts a new interval. */
SJ_API void sj_mlofi_begin(struct sj_mlofi *mlofi);

/* in: 4 * levels columns: bid prices by level, bid quantities, ask prices, ask quantities.
 * out: levels + 1 columns: e_n of each level, then the weighted sum. */
SJ_API void sj_mlofi_batch(struct sj_mlofi *mlofi, int64_t count, const struct sj_column *in,
                           const struct sj_column *out);

#endif
