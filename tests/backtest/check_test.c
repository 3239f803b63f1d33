/* Strategies that look ahead, or at the clock, are caught; an honest one is not. */
#include "backtest/check.h"

#include "base/rng.h"
#include "convert/npz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "suites.h"

#define SECOND INT64_C(1000000000)
#define BOTH (SJ_ROW_EXCH | SJ_ROW_LOCAL)
#define ROWS 6000

static char dir[64], path[80];
static struct sj_bt_check_result result;
static char error[SJ_BT_ERROR_MAX];

/* A touch that walks up and down; nothing else stands in the book. */
static void write_day(void)
{
    static struct sj_row rows[ROWS];
    struct sj_npz_writer *writer;
    struct sj_rng rng;
    int64_t now_ns = 1000 * SECOND;
    double bid = 100;
    print_message("seed 11\n");
    sj_rng_init(&rng, 11);
    for (unsigned i = 0; i + 3 < ROWS; i += 4) {
        double next = bid + 0.5 * (double)((int64_t)sj_rng_below(&rng, 3) - 1);
        const double levels[4][2] = {{bid, 0}, {bid + 0.5, 0}, {next, 5}, {next + 0.5, 5}};
        now_ns += (int64_t)sj_rng_below(&rng, 80000000);
        for (unsigned k = 0; k < 4; k++)
            rows[i + k] =
                (struct sj_row){.ev = SJ_ROW_DEPTH | (k % 2 ? SJ_ROW_SELL : SJ_ROW_BUY) | BOTH,
                                .exch_ts = now_ns,
                                .local_ts = now_ns + 400000,
                                .px = levels[k][0],
                                .qty = levels[k][1]};
        bid = next;
    }
    assert_true(sj_npz_create(path, SJ_NPY, &writer) >= 0);
    assert_true(sj_npz_append(writer, rows, ROWS) >= 0);
    assert_true(sj_npz_finish(writer) >= 0);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/shijim-check-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/day.npy", dir);
    write_day();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path) != 0 || rmdir(dir) != 0;
}

static void check(const char *name)
{
    char use[512];
    snprintf(use, sizeof use, "%s/%s.so", PLUGIN_DIR, name);
    const struct sj_strategy_param params[] = {{"file", path, 0}};
    const struct sj_strategy_instance strategy = {
        .name = "cheat", .use = use, .params = params, .param_count = 1};
    const struct sj_bt_options options = {.tick = 0.5,
                                          .lot = 1,
                                          .queue = {SJ_BT_LOG, 2},
                                          .order_latency_ns = 1000000,
                                          .report_latency_ns = 1000000,
                                          .strategies = &strategy,
                                          .strategy_count = 1};
    const struct sj_bt_day day = {.path = path};
    const struct sj_bt_check asked = {&options, &day, 4, 3};
    if (sj_bt_check_run(&asked, &result, error) < 0)
        fail_msg("%s", error);
    assert_int_equal(result.cut_count, 4);
    assert_int_equal(result.begin_count, 3);
    assert_true(result.decisions > 50);
}

static void an_honest_strategy_passes_and_is_warm_in_seconds(void **state)
{
    (void)state;
    check("strategy_honest");
    assert_true(result.repeats);
    assert_true(sj_bt_check_is_pure(&result));
    assert_true(sj_bt_check_is_warm(&result, 5 * SECOND));
    assert_true(result.cuts[3].compared > result.cuts[0].compared && result.cuts[0].compared > 5);
    for (unsigned i = 0; i < 3; i++)
        assert_true(result.begins[i].compared > 5);
    assert_false(sj_bt_check_is_warm(&result, 0)); /* its first look has nothing before it */
}

static void one_that_reads_the_end_of_the_file_is_caught(void **state)
{
    (void)state;
    check("strategy_cheat_file");
    assert_true(result.repeats);
    assert_false(sj_bt_check_is_pure(&result));
    const char *text = NULL;
    for (unsigned i = 0; i < 4 && !text; i++)
        text = result.cuts[i].holds ? NULL : result.cuts[i].text;
    assert_non_null(text);
    assert_non_null(strstr(text, "the whole run: "));
    assert_non_null(strstr(text, "with the data cut: "));
}

static void one_that_looks_at_the_clock_is_caught(void **state)
{
    (void)state;
    check("strategy_cheat_clock");
    assert_false(result.repeats);
    assert_false(sj_bt_check_is_pure(&result));
    assert_non_null(strstr(result.repeat_text, "the same run again: "));
}

int check_suite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_honest_strategy_passes_and_is_warm_in_seconds, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_that_reads_the_end_of_the_file_is_caught, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_that_looks_at_the_clock_is_caught, setup, teardown),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
