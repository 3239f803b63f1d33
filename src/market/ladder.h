/*
 * ladder.h: every valid price of an instrument on a day, numbered from limit down (rung 0) up.
 *
 * Units    _e6: exact decimals in millionths.
 * Errors   -SJ_E_RANGE: an empty or absurd span of prices (more than SJ_LADDER_RUNGS_MAX rungs).
 * Threads  constant after init: any thread. No allocation.
 */
#ifndef SJ_MARKET_LADDER_H
#define SJ_MARKET_LADDER_H

#include "market/rules.h"

#define SJ_LADDER_RUNGS_MAX (1 << 20)

struct sj_price_ladder {
    uint32_t rung_count;
    uint32_t segment_count;
    struct {
        int32_t first_rung;
        int64_t low_e6;
        int64_t tick_e6;
    } segment[SJ_TICK_BANDS_MAX];
};

/* All valid prices from low_e6 up to high_e6, ends rounded inwards to the tick. */
SJ_MUST_USE sj_rc sj_price_ladder_init(struct sj_price_ladder *ladder,
                                       const struct sj_tick_bands *bands, int64_t low_e6,
                                       int64_t high_e6);

int64_t sj_price_ladder_price(const struct sj_price_ladder *ladder, int32_t rung);

/* The rung of a price, or -1 when it is outside the ladder or not on a tick. */
int32_t sj_price_ladder_rung(const struct sj_price_ladder *ladder, int64_t price_e6);

/* The nearest rung at or below a price, clamped to the ladder. */
int32_t sj_price_ladder_rung_below(const struct sj_price_ladder *ladder, int64_t price_e6);

/* The tick that holds at a price. */
int64_t sj_tick_at(const struct sj_tick_bands *bands, int64_t price_e6);

/* Daily limits: reference -+ ratio, rounded towards the reference to the tick that holds there. */
void sj_price_limits(const struct sj_tick_bands *bands, int64_t reference_e6, int64_t ratio_e6,
                     int64_t *ret_down_e6, int64_t *ret_up_e6);

#endif
