/*
 * hawkes_kernel.h: fading and jumping of the bivariate intensities.
 */
#ifndef SJ_INDICATOR_HAWKES_KERNEL_H
#define SJ_INDICATOR_HAWKES_KERNEL_H

#include "indicator/exponential.h"
#include "indicator/kernel.h"
#include "shijim/indicator/hawkes.h"

/* What is left of four excitations at a time. */
static inline v4d fade(const double excited[4], const double decay[4], int64_t last_ns,
                       int64_t time_ns)
{
    return v4_load(excited) * v4_exp_minus(v4_load(decay) * seconds_since(last_ns, time_ns));
}

static inline void pair_intensity(const struct sj_hawkes_pair *pair, v4d left,
                                  double ret_intensity[2])
{
    ret_intensity[0] = pair->base[0] + (left[0] + left[1]);
    ret_intensity[1] = pair->base[1] + (left[2] + left[3]);
}

static inline void pair_take(struct sj_hawkes_pair *pair, int64_t time_ns, double side)
{
    double bought = side > 0 ? 1 : 0, sold = side < 0 ? 1 : 0;
    v4d jumps = v4_load(pair->jump) * (v4d){bought, sold, bought, sold};
    v4d left = fade(pair->excited, pair->decay, pair->last_ns, time_ns) + jumps;
    v4_store(pair->excited, left);
    pair_intensity(pair, left, pair->intensity);
    pair->last_ns = time_ns > pair->last_ns ? time_ns : pair->last_ns;
    pair->count += (bought != 0) | (sold != 0);
}

#endif
