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
    return (fabs(value) >= SJ_VALUE_MIN) & (fabs(value) <= SJ_VALUE_MAX);
}

static inline bool is_present(double price, double quantity)
{
    return (quantity >= SJ_VALUE_MIN) & (quantity <= SJ_VALUE_MAX) & (fabs(price) <= SJ_VALUE_MAX);
}

/* Seconds from one time to a later one; 0 when it is not later. */
static inline double seconds_since(int64_t from_ns, int64_t to_ns)
{
    int64_t passed_ns = (int64_t)((uint64_t)to_ns - (uint64_t)from_ns);
    passed_ns = passed_ns < 0 ? INT64_MAX : passed_ns; /* more than 64 bits hold, if it is later */
    passed_ns &= -(int64_t)(to_ns > from_ns);
    return (double)passed_ns * 1e-9;
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
