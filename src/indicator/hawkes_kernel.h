/*
 * hawkes_kernel.h: fading and jumping of the bivariate intensities.
 */
#ifndef SJ_INDICATOR_HAWKES_KERNEL_H
#define SJ_INDICATOR_HAWKES_KERNEL_H

#include "indicator/kernel.h"
#include "shijim/indicator/hawkes.h"

/* What is left of the four excitations at a time. */
static inline void pair_fade(const struct sj_hawkes_pair *pair, int64_t time_ns, double ret_left[4])
{
    double seconds = seconds_since(pair->last_ns, time_ns);
    for (int i = 0; i < 4; i++)
        ret_left[i] = pair->excited[i] * exp_minus(pair->decay[i] * seconds);
}

static inline void pair_intensity(const struct sj_hawkes_pair *pair, const double left[4],
                                  double ret_intensity[2])
{
    ret_intensity[0] = pair->base[0] + (left[0] + left[1]);
    ret_intensity[1] = pair->base[1] + (left[2] + left[3]);
}

static inline void pair_take(struct sj_hawkes_pair *pair, int64_t time_ns, double side)
{
    double left[4];
    double bought = side > 0 ? 1 : 0, sold = side < 0 ? 1 : 0;
    pair_fade(pair, time_ns, left);
    left[0] += pair->jump[0] * bought;
    left[1] += pair->jump[1] * sold;
    left[2] += pair->jump[2] * bought;
    left[3] += pair->jump[3] * sold;
    memcpy(pair->excited, left, sizeof left);
    pair_intensity(pair, left, pair->intensity);
    pair->last_ns = time_ns > pair->last_ns ? time_ns : pair->last_ns;
    pair->count += (bought != 0) | (sold != 0);
}

#endif
