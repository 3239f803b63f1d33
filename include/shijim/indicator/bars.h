/*
 * bars.h: bars of equal quantity or equal turnover.
 *
 * Source   Lopez de Prado, "Advances in Financial Machine Learning" (2018), section 2.3.1: a bar
 *          ends with the trade that brings it to the threshold; trades are not split.
 *
 * Invalid  a trade whose price is no number, or whose quantity is zero, NaN, infinite or beyond
 *          SJ_VALUE_MAX, changes nothing. Turnover counts |price|, so that spreads end their bars
 *          as well.
 */
#ifndef SHIJIM_INDICATOR_BARS_H
#define SHIJIM_INDICATOR_BARS_H

#include "shijim/indicator/common.h"

enum sj_bars_by { SJ_BARS_BY_VOLUME = 1, SJ_BARS_BY_DOLLAR };

struct sj_bar {
    int64_t first_ns, last_ns;
    double open, high, low, close;
    double quantity;
    double signed_quantity; /* buys - sells */
    double turnover;        /* sum of |price| * quantity * multiplier */
    uint64_t count;         /* trades; 0: the bar is empty */
};

struct sj_bars {
    double threshold;
    double multiplier; /* money for one unit of price and quantity: a lot's shares, a point's TWD */
    uint32_t by;       /* enum sj_bars_by */
    uint32_t reserved;
    uint64_t done;       /* bars ended */
    struct sj_bar bar;   /* being filled */
    struct sj_bar ended; /* the last one that ended */
};

SJ_MUST_USE SJ_API sj_rc sj_bars_init(struct sj_bars *bars, enum sj_bars_by by, double threshold,
                                      double multiplier);

/* One trade; `signed_quantity` by the side that took (any sign where unknown). Returns 1 when it
 * ended a bar, which is then in `ended`; else 0. */
SJ_API int32_t sj_bars_update(struct sj_bars *bars, int64_t time_ns, double price,
                              double signed_quantity);

/* in: time (int64), price, signed quantity. Writes bars that end to `ret_bars`, at most `bar_max`:
 * stops before the trade that would be one too many. Returns the rows taken (all of them: `count`).
 * `*ret_bar_count`: bars written. */
SJ_API int64_t sj_bars_batch(struct sj_bars *bars, int64_t count, const struct sj_column in[3],
                             struct sj_bar *ret_bars, int64_t bar_max, int64_t *ret_bar_count);

#endif
