/*
 * prices.h: which price a key of a book stands for.
 *
 * Either every tick of one size from a base on, or every price of a day's ladder (market/ladder.h),
 * where the tick grows with the price.
 *
 * Units    _e6: millionths. Keys as in book.h: a greater one is a better price, on both sides.
 * Threads  one owner.
 */
#ifndef SJ_BACKTEST_PRICES_H
#define SJ_BACKTEST_PRICES_H

#include "market/ladder.h"

#include <stdbool.h>
#include <stdint.h>

struct sj_bt_prices {
    bool placed; /* base_tick is known */
    int32_t keys;
    int64_t tick_e6, base_tick;           /* of bid key 0 */
    const struct sj_price_ladder *ladder; /* instead; NULL: none */
};

/* `key` is one of 0 .. keys - 1. */
static inline int64_t sj_bt_price_e6(const struct sj_bt_prices *prices, unsigned side, int32_t key)
{
    int32_t at = side ? prices->keys - 1 - key : key;
    return prices->ladder ? sj_price_ladder_price(prices->ladder, at)
                          : (prices->base_tick + at) * prices->tick_e6;
}

/* False: there is no such key: off the tick, or too far away. */
static inline bool sj_bt_price_key(const struct sj_bt_prices *prices, unsigned side,
                                   int64_t price_e6, int32_t *ret_key)
{
    int64_t at = prices->ladder ? sj_price_ladder_rung(prices->ladder, price_e6)
                                : price_e6 / prices->tick_e6 - prices->base_tick;
    bool on_tick = prices->ladder || price_e6 % prices->tick_e6 == 0;
    if (!prices->placed || !on_tick || at < 0 || at >= prices->keys)
        return false;
    *ret_key = side ? prices->keys - 1 - (int32_t)at : (int32_t)at;
    return true;
}

#endif
