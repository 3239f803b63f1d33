/*
 * shape.h: what a book looks like now. No state: nothing to save.
 *
 * mid         (bid + ask) / 2; spread: ask - bid.
 * microprice  (ask * qb + bid * qa) / (qb + qa): the weighted mid of Stoikov, "The Micro-Price: A
 *             High-Frequency Estimator of Future Prices", Quantitative Finance 18 (2018).
 * imbalance   (qb - qa) / (qb + qa) at the best prices: the same paper's, stretched to -1 .. 1.
 * pressure    the same over all levels, level i (from 1) weighing 1 / i.
 * depth_ratio all bids' quantity / all asks' quantity.
 * slope       per side: how much quantity a price further away finds: the least squares line
 *             through the mid of accumulated quantity Q_i on distance d_i,
 *             sum d_i Q_i / sum d_i d_i. (The slope of the demand and supply schedule of Naes and
 *             Skjeltorp, "Order Book Characteristics and the Volume-Volatility Relation", Journal
 *             of Financial Markets 9 (2006), without its logarithms, which have no value where a
 *             level holds one lot.)
 *
 * Absent   one side without a best level: mid, spread, microprice and slopes are NaN; imbalance
 *          and pressure are of the quantities that are there, NaN where there are none; the ratio
 *          is 0 without bids and NaN without asks. An absent level behind the best is left out.
 * Crossed  bid > ask: spread is negative, mid as defined, microprice and slopes are NaN (there is
 *          no price between). Locked (bid = ask): microprice is that price.
 */
#ifndef SHIJIM_INDICATOR_SHAPE_H
#define SHIJIM_INDICATOR_SHAPE_H

#include "shijim/indicator/common.h"

#define SJ_SHAPE_LEVELS_MAX 10

struct sj_shape {
    double mid;
    double spread;
    double microprice;
    double imbalance;
    double pressure;
    double depth_ratio;
    double bid_slope;
    double ask_slope;
};

/* Four arrays of `count` (at most SJ_SHAPE_LEVELS_MAX are read) levels, best first. */
SJ_API void sj_shape_update(struct sj_shape *shape, const double *bid_price,
                            const double *bid_quantity, const double *ask_price,
                            const double *ask_quantity, uint32_t count);

SJ_API double sj_microprice(double bid_price, double bid_quantity, double ask_price,
                            double ask_quantity);

/* in: bid price, bid quantity, ask price, ask quantity. out: microprice. */
SJ_API void sj_microprice_batch(int64_t count, const struct sj_column in[4],
                                const struct sj_column out[1]);

/* in: 4 * levels columns as of sj_mlofi_batch. out: 8 columns in the order of struct sj_shape. */
SJ_API void sj_shape_batch(uint32_t levels, int64_t count, const struct sj_column *in,
                           const struct sj_column out[8]);

#endif
