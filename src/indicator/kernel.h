/*
 * kernel.h: the arithmetic that the per-event, batch and fused paths share, so that they give the
 * same bits. Everything is inline and free of branches where the compiler can make it so.
 *
 * The room is compiled without contraction into fused multiply-adds: results must not depend on
 * whether the CPU has them.
 */
#ifndef SJ_INDICATOR_KERNEL_H
#define SJ_INDICATOR_KERNEL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shijim/indicator/common.h"

/* Rows that a batch takes at a time into arrays of its own. */
#define BLOCK 128

static inline bool is_number(double value)
{
    return fabs(value) <= SJ_VALUE_MAX;
}

/* A quantity traded: signed, a number, not 0. */
static inline bool is_flow(double value)
{
    return (fabs(value) > 0) & (fabs(value) <= SJ_VALUE_MAX);
}

static inline bool is_present(double price, double quantity)
{
    return (quantity > 0) & (quantity <= SJ_VALUE_MAX) & (fabs(price) <= SJ_VALUE_MAX);
}

/* The pair of terms of the OFI rule of one side: what came at or through the price minus what was
 * there. `up` is +1.0 for bids; asks pass negated prices, which turns the rule round. */
static inline double ofi_side(double price, double quantity, double price_before,
                              double quantity_before)
{
    double came = price >= price_before ? quantity : 0;
    double went = price <= price_before ? quantity_before : 0;
    return came - went;
}

/* exp(-x) for x >= 0; 0 beyond 700. Within 2 units in the last place. */
static inline double exp_minus(double x)
{
    const double log2_e = 0x1.71547652b82fep0;
    /* ln 2 in two parts; the first has 32 trailing zero bits, so that its product with k is exact
     */
    const double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
    /* 1.5 * 2^52: adding it rounds to an integer, in the low bits of the sum */
    const double shift = 0x1.8p52;
    double y = x > 700 ? -700 : -x;
    double t = y * log2_e + shift;
    double k = t - shift;
    double r = (y - k * ln2_high) - k * ln2_low;
    double r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    double p01 = 1.0 / 2 + r * (1.0 / 6);
    double p23 = 1.0 / 24 + r * (1.0 / 120);
    double p45 = 1.0 / 720 + r * (1.0 / 5040);
    double p67 = 1.0 / 40320 + r * (1.0 / 362880);
    double p89 = 1.0 / 3628800 + r * (1.0 / 39916800);
    double p = (p01 + p23 * r2) + (p45 + p67 * r2) * r4 + p89 * r8;
    double e = 1 + (r + p * r2);
    int64_t bits;
    double scale;
    memcpy(&bits, &t, sizeof bits);
    bits = (int64_t)(((uint64_t)bits + 1023) << 52);
    memcpy(&scale, &bits, sizeof scale);
    return x > 700 ? 0 : e * scale;
}

/* Seconds from one time to a later one; 0 when it is not later. */
static inline double seconds_since(int64_t from_ns, int64_t to_ns)
{
    int64_t passed_ns;
    if (__builtin_sub_overflow(to_ns, from_ns, &passed_ns))
        passed_ns = INT64_MAX;
    return to_ns > from_ns ? (double)passed_ns * 1e-9 : 0;
}

/* The sum of an array, in an order that does not depend on who asks. */
static inline double sum_of(const double *values, uint32_t count)
{
    double part[4] = {0};
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (uint32_t lane = 0; lane < 4; lane++)
            part[lane] += values[i + lane];
    for (; i < count; i++)
        part[0] += values[i];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

static inline double column_get(const struct sj_column *column, int64_t row)
{
    double value;
    memcpy(&value, (const char *)column->data + row * column->stride, sizeof value);
    return value;
}

static inline int64_t column_get_i64(const struct sj_column *column, int64_t row)
{
    int64_t value;
    memcpy(&value, (const char *)column->data + row * column->stride, sizeof value);
    return value;
}

static inline void column_put(const struct sj_column *column, int64_t row, double value)
{
    if (column->data)
        memcpy((char *)column->data + row * column->stride, &value, sizeof value);
}

/* Rows `row` .. `row + count - 1` of a column into an array. */
static inline void column_read(const struct sj_column *column, int64_t row, int64_t count,
                               double *ret_values)
{
    if (column->stride == sizeof(double)) {
        memcpy(ret_values, (const char *)column->data + row * column->stride,
               (size_t)count * sizeof *ret_values);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        ret_values[i] = column_get(column, row + i);
}

static inline void column_write(const struct sj_column *column, int64_t row, int64_t count,
                                const double *values)
{
    if (column->data && column->stride == sizeof(double)) {
        memcpy((char *)column->data + row * column->stride, values, (size_t)count * sizeof *values);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        column_put(column, row + i, values[i]);
}

#endif
