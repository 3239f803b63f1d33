/*
 * volatility.h: realised variance of a price seen through noise, by pre-averaging.
 *
 * Source   Jacod, Li, Mykland, Podolskij and Vetter, "Microstructure Noise in the Continuous
 *          Case: The Pre-Averaging Approach", Stochastic Processes and their Applications 119
 *          (2009), with the finite sample factors of Christensen, Kinnebrock and Podolskij,
 *          Journal of Econometrics 159 (2010). With r the log returns, n of them, k the window
 *          and g(x) = min(x, 1 - x):
 *          Z_i   = sum over j = 1 .. k-1 of g(j/k) r_{i+j}
 *          psi1  = k sum over j = 1 .. k of (g(j/k) - g((j-1)/k))^2
 *          psi2  = 1/k sum over j = 1 .. k-1 of g(j/k)^2
 *          value = n / (n - k + 2) sum Z_i^2 / (k psi2) - psi1 / (2 k^2 psi2) sum r^2
 *          the integrated variance since init or begin; its root is the realised volatility.
 *
 * Value    NaN until k - 1 returns are there. Never below 0 (the correction may exceed the sum).
 * Invalid  a price that is no number, or outside 1e-15 .. 1e15, changes nothing.
 */
#ifndef SHIJIM_INDICATOR_VOLATILITY_H
#define SHIJIM_INDICATOR_VOLATILITY_H

#include "shijim/indicator/common.h"

#define SJ_VOLATILITY_WINDOW_MAX 64

struct sj_volatility {
    uint32_t window; /* k: even, 4 .. SJ_VOLATILITY_WINDOW_MAX */
    uint32_t next;
    uint64_t count;                          /* returns in the interval */
    double price;                            /* the one before; 0: none */
    double sum_r2, sum_z2;                   /* over the interval */
    double value;                            /* variance */
    double weight[SJ_VOLATILITY_WINDOW_MAX]; /* g(j / k) of j = 1 .. k - 1 */
    /* The last k - 1 returns, twice, so that any window of them lies in one piece. */
    double ring[2 * SJ_VOLATILITY_WINDOW_MAX];
};

SJ_MUST_USE SJ_API sj_rc sj_volatility_init(struct sj_volatility *volatility, uint32_t window);

/* Returns the variance. */
SJ_API double sj_volatility_update(struct sj_volatility *volatility, double price);

/* Starts a new interval (a day, say); the last price is kept. */
SJ_API void sj_volatility_begin(struct sj_volatility *volatility);

/* in: price. out: variance. */
SJ_API void sj_volatility_batch(struct sj_volatility *volatility, int64_t count,
                                const struct sj_column in[1], const struct sj_column out[1]);

#endif
