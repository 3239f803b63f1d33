/*
 * vector.h: two and four doubles at a time, as the compiler's own vectors: the same operations in
 * the same order on every CPU, with or without AVX.
 */
#ifndef SJ_INDICATOR_VECTOR_H
#define SJ_INDICATOR_VECTOR_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shijim/indicator/common.h"

typedef double v2d __attribute__((vector_size(16)));
typedef int64_t v2i __attribute__((vector_size(16)));
typedef double v4d __attribute__((vector_size(32)));
typedef int64_t v4i __attribute__((vector_size(32)));
typedef uint64_t v4u __attribute__((vector_size(32)));

/* What follows is the same for both widths. */
#define VECTOR_OPERATIONS(vd, vi, x)                                                               \
    static inline vd x##_load(const double *from)                                                  \
    {                                                                                              \
        vd value;                                                                                  \
        memcpy(&value, from, sizeof value);                                                        \
        return value;                                                                              \
    }                                                                                              \
                                                                                                   \
    static inline void x##_store(double *to, vd value)                                             \
    {                                                                                              \
        memcpy(to, &value, sizeof value);                                                          \
    }                                                                                              \
                                                                                                   \
    /* `value` where the mask is set, +0 elsewhere. */                                             \
    static inline vd x##_and(vi mask, vd value)                                                    \
    {                                                                                              \
        return (vd)(mask & (vi)value);                                                             \
    }                                                                                              \
                                                                                                   \
    static inline vi x##_is_present(vd price, vd quantity)                                         \
    {                                                                                              \
        return (quantity >= SJ_VALUE_MIN) & (quantity <= SJ_VALUE_MAX) & (price <= SJ_VALUE_MAX) & \
               (price >= -SJ_VALUE_MAX);                                                           \
    }                                                                                              \
                                                                                                   \
    /* Absent levels have the worst price and no quantity. */                                      \
    static inline void x##_replace_absent(vd *price, vd *quantity)                                 \
    {                                                                                              \
        vi there = x##_is_present(*price, *quantity);                                              \
        vd worst = (vd){0} - INFINITY;                                                             \
        *price = (vd)((there & (vi)*price) | (~there & (vi)worst));                                \
        *quantity = x##_and(there, *quantity);                                                     \
    }                                                                                              \
                                                                                                   \
    /* The OFI rule of one side: what came at or through the price minus what was there. Of bids;  \
     * asks pass negated prices, which turns the rule round. */                                    \
    static inline vd x##_ofi(vd price, vd quantity, vd price_before, vd quantity_before)           \
    {                                                                                              \
        return x##_and(price >= price_before, quantity) -                                          \
               x##_and(price <= price_before, quantity_before);                                    \
    }

VECTOR_OPERATIONS(v2d, v2i, v2)
VECTOR_OPERATIONS(v4d, v4i, v4)

/* Whether all lanes of a mask are set. */
static inline bool v4_all(v4i mask)
{
#ifdef __AVX__
    return __builtin_ia32_movmskpd256((v4d)mask) == 15;
#else
    return (mask[0] & mask[1] & mask[2] & mask[3]) != 0;
#endif
}

/* A mask that is set where both sides are present for certain: their numbers sum up to no more than
 * one alone may be. NaN and infinities get into the sum. Not set: they may still be present. */
static inline v4i v4_both_present(v4d bid_price, v4d bid_quantity, v4d ask_price, v4d ask_quantity)
{
    const v4i no_sign = (v4i){0} + INT64_MAX;
    v4d prices = (v4d)((v4i)bid_price & no_sign) + (v4d)((v4i)ask_price & no_sign);
    v4d sum = prices + (bid_quantity + ask_quantity);
    return (sum <= SJ_VALUE_MAX) & (bid_quantity >= SJ_VALUE_MIN) & (ask_quantity >= SJ_VALUE_MIN);
}

static inline double v4_sum(v4d v)
{
    return (v[0] + v[1]) + (v[2] + v[3]);
}

#endif
