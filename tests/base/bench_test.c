#include "bench/bench.h"

#include <stdbool.h>

#include "suites.h"
#include "support/test.h"

static char *text;
static size_t text_size;
static struct sj_bench_options options;

static int setup(void **state)
{
    (void)state;
    options = sj_bench_options_default();
    options.json = true;
    options.out = open_memstream(&text, &text_size);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fclose(options.out);
    free(text);
    return 0;
}

static double one_more(void *context)
{
    return ++*(double *)context;
}

static void bench_median_of_odd_and_even_counts(void **state)
{
    (void)state;
    struct sj_bench_median odd = sj_bench_median_of((double[]){5, 1, 3}, 3);
    struct sj_bench_median even = sj_bench_median_of((double[]){4, 1, 3, 2}, 4);
    assert_true(odd.median == 3 && odd.min == 1 && odd.max == 5);
    assert_true(even.median == 2.5 && even.min == 1 && even.max == 4);
}

static void bench_prints_one_object_a_line_with_its_reference(void **state)
{
    (void)state;
    double context = 0;
    struct sj_bench_figure figure = {
        .bench = "b", .name = "c", .metric = "m", .unit = "1/s", .reference = "raw"};
    /* One run to warm up, then 2 .. 6. */
    sj_bench_measure(&options, &figure, one_more, &context);
    sj_bench_add_reference(&figure, 8);
    sj_bench_report(&options, &figure);
    assert_string_equal(text,
                        "{\"bench\":\"b\",\"case\":\"c\",\"metric\":\"m\",\"value\":4,"
                        "\"unit\":\"1/s\",\"min\":2,\"max\":6,\"runs\":5,\"reference\":\"raw\","
                        "\"reference_value\":8,\"ratio\":0.5}\n");
}

static void bench_reports_every_percentile_of_the_histograms(void **state)
{
    (void)state;
    static struct sj_hist hists[2];
    struct sj_bench_figure figure = {.bench = "b", .name = "c"};
    for (int i = 0; i < 2; i++)
        for (int value = 1; value <= 100; value++)
            sj_hist_record(&hists[i], value);
    sj_bench_report_hists(&options, &figure, hists, 2);
    const char *wanted[] = {"\"p50_ns\",\"value\":50,",  "\"p90_ns\",\"value\":90,",
                            "\"p99_ns\",\"value\":99,",  "\"p999_ns\",\"value\":100,",
                            "\"max_ns\",\"value\":100,", "\"count\",\"value\":100,"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_non_null(strstr(text, wanted[i]));
}

static void bench_finds_only_what_is_registered(void **state)
{
    (void)state;
    bool found = false;
    for (const struct sj_bench_entry *at = sj_bench_first(); at; at = at->next) {
        found = found || strcmp(at->name, "base") == 0;
        assert_true(!at->next || strcmp(at->name, at->next->name) < 0);
    }
    assert_true(found);
    assert_int_equal(sj_bench_run("no such bench", &options), 2);
}

int bench_tests(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(bench_median_of_odd_and_even_counts),
        CASE(bench_prints_one_object_a_line_with_its_reference),
        CASE(bench_reports_every_percentile_of_the_histograms),
        CASE(bench_finds_only_what_is_registered),
    };
    return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
