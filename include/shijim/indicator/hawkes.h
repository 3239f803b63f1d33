/*
 * hawkes.h: self-exciting intensities of events.
 *
 * One      Hawkes, "Spectra of Some Self-Exciting and Mutually Exciting Point Processes",
 *          Biometrika 58 (1971), with up to 4 exponentials, by the recursion of Ozaki (1979):
 *          intensity(t) = base + sum over terms k and events t_i <= t of
 *                         jump_k exp(-decay_k (t - t_i))
 * Pair     the bivariate process of buys and sells, as in Bacry, Mastromatteo and Muzy, "Hawkes
 *          Processes in Finance" (2015), section 2: an event of side s raises the intensity of
 *          side r by jump[2 r + s], which fades with decay[2 r + s]. Side 0 buys, 1 sells.
 *
 * Time     differences are taken between integers, then turned into seconds. Time that steps
 *          back, or stands, fades nothing, and the latest time seen stays the one to count from.
 * Stable   the process explodes when the branching ratio (sum of jump / decay) reaches 1. That
 *          is the user's to choose and not refused: each event adds no more than its jump.
 * Precision the exponential is good to 1e-14 relative, and stays at exp(-700) beyond.
 */
#ifndef SHIJIM_INDICATOR_HAWKES_H
#define SHIJIM_INDICATOR_HAWKES_H

#include "shijim/indicator/common.h"

#define SJ_HAWKES_TERMS_MAX 4
#define SJ_HAWKES_PARAMETER_MAX 1e12

struct sj_hawkes {
    double base;
    double jump[SJ_HAWKES_TERMS_MAX]; /* unused terms: 0 */
    double decay[SJ_HAWKES_TERMS_MAX];
    double excited[SJ_HAWKES_TERMS_MAX]; /* what is left of all jumps at last_ns */
    int64_t last_ns;
    uint64_t count; /* events */
    uint32_t terms; /* 1 .. SJ_HAWKES_TERMS_MAX */
    uint32_t reserved;
};

/* -SJ_E_RANGE: no or too many terms, or a parameter that is negative or above
 * SJ_HAWKES_PARAMETER_MAX. */
SJ_MUST_USE SJ_API sj_rc sj_hawkes_init(struct sj_hawkes *hawkes, double base, uint32_t terms,
                                        const double *jump, const double *decay);

/* An event. Returns the intensity right after it. */
SJ_API double sj_hawkes_update(struct sj_hawkes *hawkes, int64_t time_ns);

/* The intensity at a time, without an event. */
SJ_API double sj_hawkes_at(const struct sj_hawkes *hawkes, int64_t time_ns);

/* in: time (int64). out: intensity right after the event. */
SJ_API void sj_hawkes_batch(struct sj_hawkes *hawkes, int64_t count, const struct sj_column in[1],
                            const struct sj_column out[1]);

struct sj_hawkes_pair {
    double base[2];
    /* [0] buys by buys, [1] buys by sells, [2] sells by buys, [3] sells by sells */
    double jump[4];
    double decay[4];
    double excited[4];
    double intensity[2]; /* right after the last event */
    int64_t last_ns;
    uint64_t count;
};

SJ_MUST_USE SJ_API sj_rc sj_hawkes_pair_init(struct sj_hawkes_pair *pair, const double base[2],
                                             const double jump[4], const double decay[4]);

/* An event of a side: positive buys, negative sells; anything else (0, NaN) is no event, and the
 * intensities fade to its time. The values are in `intensity`. */
SJ_API void sj_hawkes_pair_update(struct sj_hawkes_pair *pair, int64_t time_ns, double side);
SJ_API void sj_hawkes_pair_at(const struct sj_hawkes_pair *pair, int64_t time_ns,
                              double ret_intensity[2]);

/* in: time (int64), side (double, its sign counts). out: intensity of buys, of sells. */
SJ_API void sj_hawkes_pair_batch(struct sj_hawkes_pair *pair, int64_t count,
                                 const struct sj_column in[2], const struct sj_column out[2]);

#endif
