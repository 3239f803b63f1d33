/* random.h: the dice of the synthetic market, over base's seeded generator. */
#ifndef SJ_BROKERSIM_RANDOM_H
#define SJ_BROKERSIM_RANDOM_H

#include "base/rng.h"

#include <stdbool.h>

/* 0 .. n-1 */
static inline uint32_t sj_random_below(struct sj_rng *rng, uint32_t n)
{
    return (uint32_t)((sj_rng_next(rng) >> 32) * n >> 32);
}

/* True in `permille` of 1000 cases. */
static inline bool sj_random_chance(struct sj_rng *rng, uint32_t permille)
{
    return sj_random_below(rng, 1000) < permille;
}

/* 1, 2, 3, ... each half as likely as the one before; at most `max`. */
static inline uint32_t sj_random_halves(struct sj_rng *rng, uint32_t max)
{
    uint32_t n = (uint32_t)__builtin_ctzll(sj_rng_next(rng) | 1ull << 62) + 1;
    return n < max ? n : max;
}

#endif
