/*
 * hist.h: a histogram of latencies in fixed memory: how long things took, to within 0.8 %.
 *
 * Log-linear buckets as in HdrHistogram: 128 per power of two, exact below 256 ns. Values are
 * clamped to 0 .. SJ_HIST_VALUE_MAX for their bucket; minimum, maximum and sum stay exact.
 *
 * Units    Values are int64 nanoseconds by custom; nothing here depends on it.
 * Threads  [writer] one thread records. [any] other threads and processes may read meanwhile
 *          (relaxed atomics): a reading is of about now, and each count is whole.
 * Memory   37 KB a histogram, the caller's; no allocation. All zero bytes is a valid empty one.
 */
#ifndef SJ_BASE_HIST_H
#define SJ_BASE_HIST_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/rc.h"

#define SJ_HIST_SUB_BITS 7
#define SJ_HIST_VALUE_BITS 42
#define SJ_HIST_VALUE_MAX ((INT64_C(1) << SJ_HIST_VALUE_BITS) - 1) /* 73 minutes in ns */
#define SJ_HIST_BUCKET_COUNT ((SJ_HIST_VALUE_BITS - SJ_HIST_SUB_BITS + 1) << SJ_HIST_SUB_BITS)

struct sj_hist {
    _Atomic uint64_t count;
    _Atomic int64_t sum;
    _Atomic int64_t max;
    _Atomic int64_t min_plus_1; /* 0: nothing recorded */
    _Atomic uint64_t buckets[SJ_HIST_BUCKET_COUNT];
};

/* The figures people ask for, taken in one walk. Each is 0 when count is. */
struct sj_hist_summary {
    uint64_t count;
    int64_t sum, min, p50, p90, p99, p999, max;
};

/* The bucket of a value in 0 .. SJ_HIST_VALUE_MAX. [any] */
static inline uint32_t sj_hist_bucket(uint64_t value)
{
    uint32_t top_bit = 63 - (uint32_t)__builtin_clzll(value | ((2u << SJ_HIST_SUB_BITS) - 1));
    uint32_t shift = top_bit - SJ_HIST_SUB_BITS;
    return (shift << SJ_HIST_SUB_BITS) + (uint32_t)(value >> shift);
}

/* Adds `times` values. Negative ones (a clock stepped) count as 0. [writer] */
static inline void sj_hist_record_many(struct sj_hist *hist, int64_t value, uint64_t times)
{
#define SJ_HIST_ADD_(field, amount)                                                                \
    atomic_store_explicit(&(field),                                                                \
                          atomic_load_explicit(&(field), memory_order_relaxed) + (amount),         \
                          memory_order_relaxed)
    value = value < 0 ? 0 : value;
    int64_t clamped = value > SJ_HIST_VALUE_MAX ? SJ_HIST_VALUE_MAX : value;
    SJ_HIST_ADD_(hist->buckets[sj_hist_bucket((uint64_t)clamped)], times);
    SJ_HIST_ADD_(hist->count, times);
    /* Unsigned: absurd values (a time that was never set) may wrap the sum, and only the sum. */
    uint64_t sum = (uint64_t)atomic_load_explicit(&hist->sum, memory_order_relaxed);
    atomic_store_explicit(&hist->sum, (int64_t)(sum + (uint64_t)value * times),
                          memory_order_relaxed);
#undef SJ_HIST_ADD_
    if (value > atomic_load_explicit(&hist->max, memory_order_relaxed))
        atomic_store_explicit(&hist->max, value, memory_order_relaxed);
    /* As unsigned, 0 - 1 is the largest value: an empty histogram takes any minimum. */
    uint64_t min = (uint64_t)atomic_load_explicit(&hist->min_plus_1, memory_order_relaxed) - 1;
    if ((uint64_t)value < min)
        atomic_store_explicit(&hist->min_plus_1, value + 1, memory_order_relaxed);
}

/* Adds one value. [writer] */
static inline void sj_hist_record(struct sj_hist *hist, int64_t value)
{
    sj_hist_record_many(hist, value, 1);
}

/* Forgets everything. [writer] */
void sj_hist_reset(struct sj_hist *hist);

/* Adds all of `from` to `into`. [writer of into] */
void sj_hist_merge(struct sj_hist *into, const struct sj_hist *from);

/* The value that `percent` (0 .. 100) of the values do not exceed: the top of its bucket, never
 * above the maximum; 0 when empty. [any] */
int64_t sj_hist_percentile(const struct sj_hist *hist, double percent);

/* The largest value of a bucket. [any] */
int64_t sj_hist_bucket_top(uint32_t bucket);

/* [any] */
void sj_hist_summarise(const struct sj_hist *hist, struct sj_hist_summary *ret_summary);

#endif
