#include "base/hist.h"

#include "suites.h"
#include "support/test.h"

#define SAMPLE_COUNT 20000

static struct sj_hist hist, other;

static int reset(void **state)
{
    (void)state;
    sj_hist_reset(&hist);
    sj_hist_reset(&other);
    return 0;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void hist_empty_answers_zero(void **state)
{
    (void)state;
    struct sj_hist_summary summary;
    assert_int_equal(sj_hist_percentile(&hist, 99), 0);
    sj_hist_summarise(&hist, &summary);
    assert_int_equal(summary.count, 0);
    assert_int_equal(summary.min, 0);
    assert_int_equal(summary.max, 0);
}

static void hist_buckets_touch_and_are_narrow(void **state)
{
    (void)state;
    int64_t low = 0;
    for (uint32_t i = 0; i < SJ_HIST_BUCKET_COUNT; i++) {
        int64_t top = sj_hist_bucket_top(i);
        assert_int_equal(sj_hist_bucket((uint64_t)low), i);
        assert_int_equal(sj_hist_bucket((uint64_t)top), i);
        assert_true((top - low) * 128 <= low);
        low = top + 1;
    }
    assert_int_equal(low - 1, SJ_HIST_VALUE_MAX);
}

static void hist_percentiles_agree_with_sorting(void **state)
{
    (void)state;
    static int64_t samples[SAMPLE_COUNT];
    uint64_t seed = sj_test_seed();
    int64_t sum = 0;
    for (uint32_t i = 0; i < SAMPLE_COUNT; i++) {
        /* Every magnitude up to 2^40, as latencies have long tails. */
        uint64_t random = sj_test_random(&seed);
        samples[i] = (int64_t)(random >> (24 + random % 40));
        sum += samples[i];
        sj_hist_record(&hist, samples[i]);
    }
    qsort(samples, SAMPLE_COUNT, sizeof samples[0], compare);
    for (double percent = 0.5; percent <= 100; percent += 0.5) {
        int64_t exact = samples[(size_t)(percent * SAMPLE_COUNT / 100 + 0.999999) - 1];
        int64_t told = sj_hist_percentile(&hist, percent);
        assert_true(told >= exact);
        assert_true(told - exact <= exact / 128);
    }
    struct sj_hist_summary summary;
    sj_hist_summarise(&hist, &summary);
    assert_int_equal(summary.count, SAMPLE_COUNT);
    assert_int_equal(summary.sum, sum);
    assert_int_equal(summary.min, samples[0]);
    assert_int_equal(summary.max, samples[SAMPLE_COUNT - 1]);
    assert_int_equal(summary.p50, sj_hist_percentile(&hist, 50));
    assert_int_equal(summary.p999, sj_hist_percentile(&hist, 99.9));
}

static void hist_merge_equals_recording_into_one(void **state)
{
    (void)state;
    static struct sj_hist whole;
    sj_hist_reset(&whole);
    uint64_t seed = sj_test_seed();
    for (uint32_t i = 0; i < SAMPLE_COUNT; i++) {
        int64_t value = (int64_t)(sj_test_random(&seed) >> 30);
        sj_hist_record(i % 3 ? &hist : &other, value);
        sj_hist_record(&whole, value);
    }
    sj_hist_merge(&hist, &other);
    assert_memory_equal(&hist, &whole, sizeof whole);
    sj_hist_reset(&other);
    sj_hist_merge(&hist, &other);
    assert_memory_equal(&hist, &whole, sizeof whole);
}

static void hist_clamps_what_is_out_of_range_but_keeps_the_maximum(void **state)
{
    (void)state;
    struct sj_hist_summary summary;
    sj_hist_record(&hist, -5);
    sj_hist_record(&hist, SJ_HIST_VALUE_MAX + 1000);
    sj_hist_summarise(&hist, &summary);
    assert_int_equal(summary.count, 2);
    assert_int_equal(summary.min, 0);
    assert_int_equal(summary.p50, 0);
    assert_int_equal(summary.max, SJ_HIST_VALUE_MAX + 1000);
}

int hist_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(hist_empty_answers_zero, reset),
        cmocka_unit_test(hist_buckets_touch_and_are_narrow),
        cmocka_unit_test_setup(hist_percentiles_agree_with_sorting, reset),
        cmocka_unit_test_setup(hist_merge_equals_recording_into_one, reset),
        cmocka_unit_test_setup(hist_clamps_what_is_out_of_range_but_keeps_the_maximum, reset),
    };
    return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
