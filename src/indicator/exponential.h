/*
 * exponential.h: exp(-x) of one and of four numbers, the same bits for each.
 */
#ifndef SJ_INDICATOR_EXPONENTIAL_H
#define SJ_INDICATOR_EXPONENTIAL_H

#include "indicator/vector.h"

/* 2^(j/32), rounded to the nearest. */
static const double exp_table[32] = {
    0x1.0000000000000p+0, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.11301d0125b51p+0,
    0x1.172b83c7d517bp+0, 0x1.1d4873168b9aap+0, 0x1.2387a6e756238p+0, 0x1.29e9df51fdee1p+0,
    0x1.306fe0a31b715p+0, 0x1.371a7373aa9cbp+0, 0x1.3dea64c123422p+0, 0x1.44e086061892dp+0,
    0x1.4bfdad5362a27p+0, 0x1.5342b569d4f82p+0, 0x1.5ab07dd485429p+0, 0x1.6247eb03a5585p+0,
    0x1.6a09e667f3bcdp+0, 0x1.71f75e8ec5f74p+0, 0x1.7a11473eb0187p+0, 0x1.82589994cce13p+0,
    0x1.8ace5422aa0dbp+0, 0x1.93737b0cdc5e5p+0, 0x1.9c49182a3f090p+0, 0x1.a5503b23e255dp+0,
    0x1.ae89f995ad3adp+0, 0x1.b7f76f2fb5e47p+0, 0x1.c199bdd85529cp+0, 0x1.cb720dcef9069p+0,
    0x1.d5818dcfba487p+0, 0x1.dfc97337b9b5fp+0, 0x1.ea4afa2a490dap+0, 0x1.f50765b6e4540p+0,
};

/* 32 / ln 2 */
#define EXP_STEPS 0x1.71547652b82fep+5
/* ln 2 / 32 in two parts; the first ends in 17 zero bits, so that its product with k is exact */
#define EXP_STEP_HIGH 0x1.62e42fefa0000p-6
#define EXP_STEP_LOW 0x1.cf79abc9e3b3ap-45
/* 1.5 * 2^52: adding it rounds to an integer, in the low bits of the sum */
#define EXP_SHIFT 0x1.8p52
#define EXP_MAX 700

/* exp(-x) for x >= 0, good to 1e-14; beyond 700 it stays at exp(-700), 1e-304. With k the integer
 * nearest to -x * 32 / ln 2 it is 2^(k/32) exp(r), |r| < 0.011, whose series ends soon. */
static inline double exp_minus(double x)
{
    double y = x < EXP_MAX ? x : EXP_MAX;
    double t = EXP_SHIFT - y * EXP_STEPS;
    double k = t - EXP_SHIFT;
    double r = (-y - k * EXP_STEP_HIGH) - k * EXP_STEP_LOW;
    double r2 = r * r;
    double p = (1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120));
    double series = r + r2 * p;
    int64_t bits, scale_bits;
    double scale;
    memcpy(&bits, &t, sizeof bits);
    memcpy(&scale_bits, &exp_table[bits & 31], sizeof scale_bits);
    scale_bits += (int64_t)((uint64_t)(bits & ~INT64_C(31)) << 47); /* k / 32 to the exponent */
    memcpy(&scale, &scale_bits, sizeof scale);
    return scale + scale * series;
}

/* The same steps, four at a time. */
static inline v4d v4_exp_minus(v4d x)
{
    v4i below = x < EXP_MAX;
    v4d most = (v4d){0} + EXP_MAX;
    v4d y = (v4d)((below & (v4i)x) | (~below & (v4i)most));
    v4d t = EXP_SHIFT - y * EXP_STEPS;
    v4d k = t - EXP_SHIFT;
    v4d r = (-y - k * EXP_STEP_HIGH) - k * EXP_STEP_LOW;
    v4d r2 = r * r;
    v4d p = (1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120));
    v4d series = r + r2 * p;
    v4i bits = (v4i)t, place = bits & 31;
    v4d table = {exp_table[place[0]], exp_table[place[1]], exp_table[place[2]],
                 exp_table[place[3]]};
    v4d scale = (v4d)((v4i)table + (v4i)((v4u)(bits & ~INT64_C(31)) << 47));
    return scale + scale * series;
}

#endif
