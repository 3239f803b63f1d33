/*
 * vpin.h: the volume-synchronised probability of informed trading.
 *
 * VPIN     Easley, Lopez de Prado and O'Hara, "Flow Toxicity and Liquidity in a High-frequency
 *          World", Review of Financial Studies 25 (2012): over the last `window` buckets of
 *          `bucket` quantity each, sum |buys - sells| / (window * bucket).
 * Bulk     the same paper's bulk volume classification: of a bar's quantity V the part
 *          V * Z(dP / sigma) was bought, Z the normal distribution function, sigma the deviation
 *          of dP. Here sigma is given, or estimated from the changes before this bar's. While
 *          none is known (fewer than two changes, or all equal) a bar goes whole to the side of
 *          dP, in halves where dP is 0.
 *
 * Split    a trade is split over buckets. A bucket is full when no more than 1e-9 is missing.
 * Value    NaN until `window` buckets are full; then it changes when one fills up.
 * Invalid  a quantity that is zero, NaN, infinite or beyond SJ_VALUE_MAX changes nothing; nor
 *          does a bar whose price is no number, or whose quantity is negative.
 */
#ifndef SHIJIM_INDICATOR_VPIN_H
#define SHIJIM_INDICATOR_VPIN_H

#include "shijim/indicator/common.h"

#define SJ_VPIN_WINDOW_MAX 256
#define SJ_VPIN_BUCKET_MIN 1e-6

struct sj_vpin {
    double bucket;      /* quantity of one */
    double filled;      /* of the bucket being filled */
    double imbalance;   /* buys - sells of it */
    double value;       /* NaN: none yet */
    double sum;         /* of |buys - sells| over `ring` */
    uint64_t buckets;   /* filled since init */
    uint32_t window;    /* 1 .. SJ_VPIN_WINDOW_MAX buckets */
    uint32_t next;      /* where the next bucket goes in `ring` */
    double sigma;       /* bulk: given, or 0 to estimate it */
    double price;       /* bulk: of the bar before */
    double change_mean; /* bulk: of the price changes so far (Welford) */
    double change_m2;
    uint64_t bars; /* bulk: seen */
    double ring[SJ_VPIN_WINDOW_MAX];
};

/* `bucket`: SJ_VPIN_BUCKET_MIN .. SJ_VALUE_MAX. `sigma`: for bulk classification only; 0
 * estimates it. */
SJ_MUST_USE SJ_API sj_rc sj_vpin_init(struct sj_vpin *vpin, double bucket, uint32_t window,
                                      double sigma);

/* One signed trade (positive: the buyer took). Returns the value. */
SJ_API double sj_vpin_update(struct sj_vpin *vpin, double signed_quantity);

/* One bar (or trade) of unknown side: its last price and its quantity. Returns the value. */
SJ_API double sj_vpin_update_bulk(struct sj_vpin *vpin, double price, double quantity);

/* in: signed quantity. out: value. */
SJ_API void sj_vpin_batch(struct sj_vpin *vpin, int64_t count, const struct sj_column in[1],
                          const struct sj_column out[1]);

/* in: price, quantity. out: value. */
SJ_API void sj_vpin_batch_bulk(struct sj_vpin *vpin, int64_t count, const struct sj_column in[2],
                               const struct sj_column out[1]);

#endif
