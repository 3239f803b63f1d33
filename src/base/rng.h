/*
 * rng.h: a seeded generator (xoshiro256**): the same seed gives the same numbers on every machine.
 * For simulations, jitter and tests; not for secrets.
 *
 * Threads  One owner a struct.
 */
#ifndef SJ_BASE_RNG_H
#define SJ_BASE_RNG_H

#include <stdint.h>

/* gcc and clang have it, ISO C does not. */
__extension__ typedef unsigned __int128 sj_uint128;

struct sj_rng {
    uint64_t state[4];
};

/* Any seed is a good one, 0 included. */
void sj_rng_init(struct sj_rng *rng, uint64_t seed);

/* A seed from the operating system, for runs that need not be repeated. Never fails: without
 * getrandom it is made of the clock. */
uint64_t sj_rng_fresh_seed(void);

/* 64 random bits. */
static inline uint64_t sj_rng_next(struct sj_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t times_5 = s[1] * 5, result = ((times_5 << 7) | (times_5 >> 57)) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

/* 0 .. bound - 1, each as likely to within bound / 2^64. bound > 0. */
static inline uint64_t sj_rng_below(struct sj_rng *rng, uint64_t bound)
{
    return (uint64_t)(((sj_uint128)sj_rng_next(rng) * bound) >> 64);
}

/* low .. high, both included. */
static inline int64_t sj_rng_range(struct sj_rng *rng, int64_t low, int64_t high)
{
    return low + (int64_t)sj_rng_below(rng, (uint64_t)(high - low) + 1);
}

/* 0 <= x < 1, 53 bits. */
static inline double sj_rng_real(struct sj_rng *rng)
{
    return (double)(sj_rng_next(rng) >> 11) * 0x1p-53;
}

/* Normally distributed: mean 0, deviation 1. */
double sj_rng_normal(struct sj_rng *rng);

/* Exponentially distributed with that mean: times between events of a Poisson process. */
double sj_rng_exponential(struct sj_rng *rng, double mean);

#endif
