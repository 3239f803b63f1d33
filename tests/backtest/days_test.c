/* Days in parallel processes, how they add up, sweeps over them, walking forward. */
#include "backtest/days.h"

#include "backtest/pool.h"
#include "base/rng.h"
#include "convert/npz.h"

#include <math.h>
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
#define DAYS 5
#define ROWS 3000

struct world {
    char paths[DAYS][64];
    struct sj_bt_day days[DAYS];
    struct sj_latency *latency;
    struct sj_bt_options options;
    struct sj_bt_days run;
    FILE *told;
};

static const struct sj_strategy_param params[] = {
    {"step", "1s", 0}, {"qty", "10", 0}, {"tif", "GTX", 0}};
static const struct sj_strategy_instance touch = {
    .name = "touch", .use = "touch_quoter", .params = params, .param_count = 3};

static void write_day(const char *path, uint64_t seed)
{
    static struct sj_row rows[ROWS];
    struct sj_npz_writer *writer;
    struct sj_rng rng;
    int64_t now_ns = SECOND * (int64_t)(1 + 1000 * seed);
    sj_rng_init(&rng, seed);
    for (unsigned i = 0; i < ROWS; i++) {
        bool buy = i < 2 ? i == 0 : sj_rng_below(&rng, 2) != 0;
        bool trade = i >= 2 && sj_rng_below(&rng, 5) == 0;
        double away = i < 2 ? 0 : 0.5 * (double)sj_rng_below(&rng, 6);
        now_ns += (int64_t)sj_rng_below(&rng, 30000000);
        rows[i] = (struct sj_row){.ev = (trade ? SJ_ROW_TRADE : SJ_ROW_DEPTH) |
                                        (buy ? SJ_ROW_BUY : SJ_ROW_SELL) | BOTH,
                                  .exch_ts = now_ns,
                                  .local_ts = now_ns + 500000,
                                  .px = buy != trade ? 100 - away : 101 + away,
                                  .qty = 0.01 * (double)(1 + sj_rng_below(&rng, 40))};
    }
    assert_true(sj_npz_create(path, SJ_NPZ_STORED, &writer) >= 0);
    assert_true(sj_npz_append(writer, rows, ROWS) >= 0);
    assert_true(sj_npz_finish(writer) >= 0);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    char error[256];
    for (unsigned i = 0; i < DAYS; i++) {
        snprintf(world->paths[i], sizeof world->paths[i], "/tmp/shijim-days-XXXXXX");
        close(mkstemp(world->paths[i]));
        write_day(world->paths[i], 20 + i);
        world->days[i].path = world->paths[i];
    }
    if (sj_latency_create("lognormal:1ms:0.5", NULL, 3, &world->latency, error) < 0)
        return -1;
    world->options = (struct sj_bt_options){.tick = 0.5,
                                            .lot = 0.01,
                                            .queue = {SJ_BT_LOG, 2},
                                            .latency = {NULL, world->latency, world->latency},
                                            .maker_fee = 0.0001,
                                            .sample_ns = SECOND,
                                            .strategies = &touch,
                                            .strategy_count = 1};
    world->run = (struct sj_bt_days){&world->options, world->days, DAYS, 1};
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < DAYS; i++)
        unlink(world->paths[i]);
    sj_latency_close(world->latency);
    free(world);
    return 0;
}

/* --- one after the other, or not --- */

static void tell_order(void *context, const struct sj_bt_order_row *row)
{
    fprintf(context, "order %lld %llu %u\n", (long long)row->time_ns,
            (unsigned long long)row->order, row->what);
}

static void tell_fill(void *context, const struct sj_bt_fill_row *row)
{
    fprintf(context, "fill %lld %lld %llu %lld %a\n", (long long)row->exch_ns,
            (long long)row->local_ns, (unsigned long long)row->order, (long long)row->price_e6,
            row->slippage);
}

static void tell_sample(void *context, const struct sj_bt_sample_row *row)
{
    fprintf(context, "sample %lld %a %a %a\n", (long long)row->time_ns, row->equity, row->balance,
            row->fee);
}

/* All that a run tells, as text; the caller's. */
static char *told_by(const struct world *world, uint32_t jobs, struct sj_bt_day_result *results,
                     size_t *ret_size)
{
    char *text = NULL;
    char error[SJ_BT_ERROR_MAX];
    FILE *file = open_memstream(&text, ret_size);
    const struct sj_bt_sink sink = {
        .context = file, .order = tell_order, .fill = tell_fill, .sample = tell_sample};
    struct sj_bt_days run = world->run;
    run.jobs = jobs;
    if (sj_bt_days_run(&run, &sink, results, error) < 0)
        fail_msg("%s", error);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void days_are_told_the_same_by_any_number_of_processes(void **state)
{
    struct world *world = *state;
    static struct sj_bt_day_result first[DAYS], again[DAYS];
    size_t size, again_size;
    print_message("seeds 20 .. %d\n", 20 + DAYS - 1);
    char *text = told_by(world, 1, first, &size);
    assert_true(size > 10000);
    assert_non_null(strstr(text, "fill "));
    for (uint32_t jobs = 2; jobs <= DAYS + 2; jobs++) {
        memset(again, 0, sizeof again);
        char *other = told_by(world, jobs, again, &again_size);
        assert_int_equal(again_size, size);
        assert_memory_equal(text, other, size);
        assert_memory_equal(first, again, sizeof first);
        free(other);
    }
    free(text);
}

static void equity_goes_on_from_the_day_before(void **state)
{
    struct world *world = *state;
    static struct sj_bt_day_result results[DAYS], total;
    size_t size;
    char *text = told_by(world, 2, results, &size);
    sj_bt_days_total(results, DAYS, &total);
    double sum = 0;
    uint64_t orders = 0;
    for (unsigned i = 0; i < DAYS; i++) {
        sum += results[i].meter.last;
        orders += results[i].result.orders;
    }
    assert_true(fabs(total.meter.last - sum) < 1e-9);
    assert_true(fabs(total.result.equity - sum) < 1e-9);
    assert_int_equal(total.meter.day_count, DAYS);
    const char *last = text, *at = text;
    while ((at = strstr(at, "sample "))) {
        last = at;
        at++;
    }
    double equity = strtod(strchr(last + 7, ' '), NULL);
    double end = results[DAYS - 1].meter.last;
    assert_true(fabs(equity - (sum - end)) <= fabs(end) + 5);
    unsigned long long order = 0;
    for (at = text; (at = strstr(at, "\norder ")); at++)
        sscanf(at, "\norder %*d %llu", &order);
    assert_true(order <= orders && order > orders - results[DAYS - 1].result.orders);
    free(text);
}

static void a_day_that_fails_is_named_whoever_ran_it(void **state)
{
    struct world *world = *state;
    static struct sj_bt_day_result results[DAYS];
    static const struct sj_bt_sink nobody;
    char error[SJ_BT_ERROR_MAX];
    world->days[2].path = "/nonexistent/a.npz";
    world->days[4].path = "/nonexistent/b.npz";
    for (uint32_t jobs = 1; jobs <= 4; jobs++) {
        world->run.jobs = jobs;
        assert_true(sj_bt_days_run(&world->run, &nobody, results, error) < 0);
        assert_non_null(strstr(error, "/nonexistent/a.npz"));
    }
}

static sj_rc crash(void *context, uint32_t index, void *ret_result, char error[SJ_BT_ERROR_MAX])
{
    (void)context;
    (void)error;
    if (index == 3)
        abort();
    *(uint32_t *)ret_result = index + 1;
    return 0;
}

static void a_process_that_dies_is_an_error(void **state)
{
    const struct sj_bt_pool pool = {
        .jobs = 2, .task_count = 8, .result_size = sizeof(uint32_t), .task = crash};
    char error[SJ_BT_ERROR_MAX];
    (void)state;
    uint32_t *results = sj_bt_pool_results(&pool);
    assert_non_null(results);
    assert_int_equal(sj_bt_pool_run(&pool, results, error), -SJ_E_CORRUPT);
    assert_non_null(strstr(error, "signal 6"));
    assert_int_equal(results[0], 1);
    sj_bt_pool_free(&pool, results);
}

/* --- sweeps --- */

static void a_sweep_is_all_combinations(void **state)
{
    static struct sj_bt_sweep sweep;
    char error[256];
    (void)state;
    sweep.axis_count = 0;
    assert_int_equal(sj_bt_sweep_add(&sweep, "step=500ms:2000ms:500ms,tif=GTX|ROD", error), 0);
    assert_int_equal(sj_bt_sweep_add(&sweep, "x=0:0.3:0.1", error), 0);
    assert_int_equal(sj_bt_sweep_count(&sweep), 4 * 2 * 4);
    assert_string_equal(sweep.axes[0].values[3], "2000ms");
    assert_string_equal(sweep.axes[2].values[3], "0.3");
    assert_int_equal(sj_bt_sweep_value(&sweep, 13, 0), 1);
    assert_int_equal(sj_bt_sweep_value(&sweep, 13, 1), 1);
    assert_int_equal(sj_bt_sweep_value(&sweep, 13, 2), 1);
    struct sj_strategy_instance strategy = touch;
    struct sj_strategy_param list[SJ_STRATEGY_PARAMS_MAX];
    assert_int_equal(sj_bt_sweep_params(&sweep, 13, &strategy, list), 0);
    assert_int_equal(strategy.param_count, 4);
    assert_string_equal(list[0].value, "1000ms");
    assert_string_equal(list[2].value, "ROD");
    assert_string_equal(list[3].value, "0.1");
}

static void a_senseless_sweep_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "x=",
                                      "=1",
                                      "x=1:2",
                                      "x=2:1:1",
                                      "x=1:2:0",
                                      "x=1ms:2s:1ms",
                                      "x=1|2,x=3",
                                      "x=1||2",
                                      "x=a:b:c",
                                      "x=1:100000:1",
                                      "a=1:200:1,b=1:200:1",
                                      "a=1,b=1,c=1,d=1,e=1"};
    static struct sj_bt_sweep sweep;
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char error[256] = "";
        sweep.axis_count = 0;
        if (sj_bt_sweep_add(&sweep, bad[i], error) >= 0 || !*error)
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

static void a_sweep_equals_its_runs(void **state)
{
    struct world *world = *state;
    static struct sj_bt_sweep sweep;
    static struct sj_bt_meter cells[3 * DAYS], again[3 * DAYS];
    static struct sj_bt_day_result results[DAYS];
    static const struct sj_bt_sink nobody;
    char error[SJ_BT_ERROR_MAX];
    sweep.axis_count = 0;
    assert_int_equal(sj_bt_sweep_add(&sweep, "step=1|2|5", error), 0);
    assert_int_equal(sj_bt_days_sweep(&world->run, &sweep, cells, error), 0);
    world->run.jobs = 3;
    assert_int_equal(sj_bt_days_sweep(&world->run, &sweep, again, error), 0);
    assert_memory_equal(cells, again, sizeof cells);
    assert_int_equal(sj_bt_days_run(&world->run, &nobody, results, error), 0);
    for (unsigned i = 0; i < DAYS; i++) /* step=1 is what the run has */
        assert_memory_equal(&cells[i], &results[i].meter, sizeof cells[i]);
    assert_true(cells[0].fills > cells[2 * DAYS].fills);
}

static void walking_forward_shows_the_best_of_earlier_days(void **state)
{
    static struct sj_bt_sweep sweep;
    struct sj_bt_meter cells[2 * 5] = {{0}};
    struct sj_bt_walk walk;
    struct sj_bt_walk_step step;
    char error[256];
    (void)state;
    sweep.axis_count = 0;
    assert_int_equal(sj_bt_sweep_add(&sweep, "x=1|2", error), 0);
    for (unsigned i = 0; i < 5; i++) {
        cells[i].last = i < 2 ? 10 : -1;
        cells[5 + i].last = i < 2 ? 1 : 3;
    }
    assert_int_equal(sj_bt_walk_parse("2:2", &walk), 0);
    assert_int_equal(sj_bt_walk_count(&walk, 5), 2);
    assert_int_equal(sj_bt_walk_count(&walk, 2), 0);
    sj_bt_walk_step(&walk, &sweep, cells, 5, 0, SJ_BT_PNL, &step);
    assert_int_equal(step.combination, 0);
    assert_true(step.trained.last == 20 && step.tested.last == -2);
    assert_int_equal(step.test_count, 2);
    sj_bt_walk_step(&walk, &sweep, cells, 5, 1, SJ_BT_PNL, &step);
    assert_int_equal(step.combination, 1);
    assert_int_equal(step.test_first, 4);
    assert_int_equal(step.test_count, 1);
    assert_true(sj_bt_walk_parse("0:1", &walk) < 0 && sj_bt_walk_parse("3", &walk) < 0);
}

/* --- meters --- */

static void samples(struct sj_bt_meter *meter, const double *equity, unsigned count)
{
    struct sj_bt_result result = {.equity = equity[count - 1]};
    for (unsigned i = 0; i < count; i++) {
        const struct sj_bt_sample_row row = {.equity = equity[i]};
        sj_bt_meter_sample(meter, &row);
    }
    sj_bt_meter_finish(meter, &result);
}

static void a_drawdown_reaches_over_days(void **state)
{
    static const double one[] = {1, 5, 4}, two[] = {1, -6, -2};
    struct sj_bt_meter meter = {0}, day = {0};
    (void)state;
    samples(&meter, one, 3);
    samples(&day, two, 3);
    assert_true(meter.drawdown == 1 && day.drawdown == 7);
    sj_bt_meter_add(&meter, &day);
    assert_true(meter.last == 2 && meter.peak == 5 && meter.drawdown == 7);
    struct sj_bt_meter third = {0};
    static const double three[] = {-3, -4};
    samples(&third, three, 2);
    sj_bt_meter_add(&meter, &third);
    assert_true(meter.drawdown == 7 && meter.last == -2);
    /* Days of 4, -2 and -4: mean -2/3, deviation sqrt(52/3). */
    double sharpe = (-2.0 / 3) / sqrt(52.0 / 3) * sqrt(252);
    assert_true(fabs(sj_bt_meter_sharpe(&meter) - sharpe) < 1e-9);
    assert_true(sj_bt_metric_better(SJ_BT_DRAWDOWN, 1, 2));
    assert_true(sj_bt_metric_better(SJ_BT_PNL, 2, 1));
}

int days_suite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(days_are_told_the_same_by_any_number_of_processes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(equity_goes_on_from_the_day_before, setup, teardown),
        cmocka_unit_test_setup_teardown(a_day_that_fails_is_named_whoever_ran_it, setup, teardown),
        cmocka_unit_test(a_process_that_dies_is_an_error),
        cmocka_unit_test(a_sweep_is_all_combinations),
        cmocka_unit_test(a_senseless_sweep_is_refused),
        cmocka_unit_test_setup_teardown(a_sweep_equals_its_runs, setup, teardown),
        cmocka_unit_test(walking_forward_shows_the_best_of_earlier_days),
        cmocka_unit_test(a_drawdown_reaches_over_days),
    };
    return cmocka_run_group_tests_name("days", tests, NULL, NULL);
}
