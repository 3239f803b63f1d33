#include "base/hist.h"

#include <string.h>

#include "base/assert.h"

SJ_STATIC_ASSERT(SJ_HIST_BUCKET_COUNT == 4608, "the last bucket holds SJ_HIST_VALUE_MAX");

static uint64_t count_of(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static int64_t value_of(const _Atomic int64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

void sj_hist_reset(struct sj_hist *hist)
{
    atomic_store_explicit(&hist->count, 0, memory_order_relaxed);
    atomic_store_explicit(&hist->sum, 0, memory_order_relaxed);
    atomic_store_explicit(&hist->max, 0, memory_order_relaxed);
    atomic_store_explicit(&hist->min_plus_1, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < SJ_HIST_BUCKET_COUNT; i++)
        atomic_store_explicit(&hist->buckets[i], 0, memory_order_relaxed);
}

void sj_hist_merge(struct sj_hist *into, const struct sj_hist *from)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < SJ_HIST_BUCKET_COUNT; i++) {
        uint64_t more = count_of(&from->buckets[i]);
        if (!more)
            continue;
        count += more;
        atomic_store_explicit(&into->buckets[i], count_of(&into->buckets[i]) + more,
                              memory_order_relaxed);
    }
    if (!count)
        return;
    atomic_store_explicit(&into->count, count_of(&into->count) + count, memory_order_relaxed);
    atomic_store_explicit(&into->sum, value_of(&into->sum) + value_of(&from->sum),
                          memory_order_relaxed);
    if (value_of(&from->max) > value_of(&into->max))
        atomic_store_explicit(&into->max, value_of(&from->max), memory_order_relaxed);
    int64_t min_plus_1 = value_of(&from->min_plus_1);
    if ((uint64_t)min_plus_1 - 1 < (uint64_t)value_of(&into->min_plus_1) - 1)
        atomic_store_explicit(&into->min_plus_1, min_plus_1, memory_order_relaxed);
}

int64_t sj_hist_bucket_top(uint32_t bucket)
{
    uint32_t sub_count = 1u << SJ_HIST_SUB_BITS;
    if (bucket < 2 * sub_count)
        return bucket;
    uint32_t shift = (bucket >> SJ_HIST_SUB_BITS) - 1;
    int64_t sub = (bucket & (sub_count - 1)) + sub_count;
    return ((sub + 1) << shift) - 1;
}

/* Walks the buckets once for all of `ranks` (rising, counted from 1). */
static void values_at(const struct sj_hist *hist, const uint64_t *ranks, int64_t *ret_values,
                      uint32_t rank_count)
{
    uint64_t seen = 0;
    uint32_t next = 0;
    int64_t max = value_of(&hist->max);
    for (uint32_t i = 0; i < SJ_HIST_BUCKET_COUNT && next < rank_count; i++) {
        seen += count_of(&hist->buckets[i]);
        while (next < rank_count && seen >= ranks[next]) {
            int64_t top = sj_hist_bucket_top(i);
            ret_values[next++] = top < max ? top : max;
        }
    }
    while (next < rank_count)
        ret_values[next++] = max;
}

/* The counts are summed anew: `count` may lag behind the buckets while a writer is at work. */
static uint64_t bucket_sum(const struct sj_hist *hist)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < SJ_HIST_BUCKET_COUNT; i++)
        sum += count_of(&hist->buckets[i]);
    return sum;
}

static uint64_t rank_of(double percent, uint64_t count)
{
    /* Multiplied first: 99.9 % of 1000 must not come out as 999.0000001. */
    double exact = percent * (double)count / 100.0;
    uint64_t rank = (uint64_t)exact;
    if ((double)rank < exact)
        rank++;
    return rank < 1 ? 1 : rank > count ? count : rank;
}

int64_t sj_hist_percentile(const struct sj_hist *hist, double percent)
{
    uint64_t count = bucket_sum(hist);
    if (!count)
        return 0;
    uint64_t rank = rank_of(percent, count);
    int64_t value;
    values_at(hist, &rank, &value, 1);
    return value;
}

void sj_hist_summarise(const struct sj_hist *hist, struct sj_hist_summary *ret_summary)
{
    memset(ret_summary, 0, sizeof *ret_summary);
    uint64_t count = bucket_sum(hist);
    if (!count)
        return;
    uint64_t ranks[] = {rank_of(50, count), rank_of(90, count), rank_of(99, count),
                        rank_of(99.9, count)};
    int64_t values[4];
    values_at(hist, ranks, values, 4);
    ret_summary->count = count;
    ret_summary->sum = value_of(&hist->sum);
    ret_summary->min = value_of(&hist->min_plus_1) - 1;
    ret_summary->p50 = values[0];
    ret_summary->p90 = values[1];
    ret_summary->p99 = values[2];
    ret_summary->p999 = values[3];
    ret_summary->max = value_of(&hist->max);
}
