/*
 * kyle.h: Kyle's lambda, rolling.
 *
 * Lambda   Kyle, "Continuous Auctions and Insider Trading", Econometrica 53 (1985), theorem 1:
 *          the price moves by lambda per unit of net flow. Estimated as the slope of the least
 *          squares line of price change on signed quantity over the last `window` observations
 *          (one may be a trade or a bar): lambda = (n Sxy - Sx Sy) / (n Sxx - Sx Sx).
 *
 * Value    NaN until `window` observations are there, and while all quantities are equal.
 * Invalid  an observation whose price or quantity is no number, or beyond SJ_VALUE_MAX, changes
 *          nothing. Quantity 0 is an observation. The first one only sets the price.
 */
#ifndef SHIJIM_INDICATOR_KYLE_H
#define SHIJIM_INDICATOR_KYLE_H

#include "shijim/indicator/common.h"

#define SJ_KYLE_WINDOW_MAX 256

struct sj_kyle {
    uint32_t window; /* 2 .. SJ_KYLE_WINDOW_MAX */
    uint32_t next;
    uint64_t count; /* observations, without the first */
    uint64_t seen;  /* with it */
    double price;   /* of the one before */
    double sum_x, sum_y, sum_xx, sum_xy;
    double value;
    double x[SJ_KYLE_WINDOW_MAX]; /* signed quantity */
    double y[SJ_KYLE_WINDOW_MAX]; /* change of price */
};

SJ_MUST_USE SJ_API sj_rc sj_kyle_init(struct sj_kyle *kyle, uint32_t window);

/* A price, and the signed quantity since the price before. Returns lambda. */
SJ_API double sj_kyle_update(struct sj_kyle *kyle, double price, double signed_quantity);

/* in: price, signed quantity. out: lambda. */
SJ_API void sj_kyle_batch(struct sj_kyle *kyle, int64_t count, const struct sj_column in[2],
                          const struct sj_column out[1]);

#endif
