/* Small made-up days, and what a strategy that waits for its timers makes of them. */
#include "backtest/run.h"

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
#define ROWS_MAX 4096

struct day {
    char path[64];
    struct sj_row rows[ROWS_MAX];
    uint32_t count;
    struct sj_bt_fill_row fills[64];
    uint32_t fill_count;
    struct sj_bt_options options;
    struct sj_bt_result result;
    char error[SJ_BT_ERROR_MAX];
};

static void keep_fill(void *context, const struct sj_bt_fill_row *row)
{
    struct day *day = context;
    if (day->fill_count < 64)
        day->fills[day->fill_count] = *row;
    day->fill_count++;
}

static const struct sj_strategy_param params[] = {
    {"step", "1s", 0}, {"qty", "10", 0}, {"tif", "GTX", 0}};
static const struct sj_strategy_instance touch = {
    .name = "touch", .use = "touch_quoter", .params = params, .param_count = 3};

static int setup(void **state)
{
    struct day *day = calloc(1, sizeof *day);
    snprintf(day->path, sizeof day->path, "/tmp/shijim-backtest-XXXXXX");
    int fd = day ? mkstemp(day->path) : -1;
    if (fd < 0)
        return -1;
    close(fd);
    day->options = (struct sj_bt_options){.path = day->path,
                                          .tick = 0.5,
                                          .lot = 0.01,
                                          .queue = {SJ_BT_RISK_AVERSE, 2},
                                          .partial = true,
                                          .order_latency_ns = 1000000,
                                          .report_latency_ns = 2000000,
                                          .maker_fee = 0.001,
                                          .strategies = &touch,
                                          .strategy_count = 1,
                                          .sink = {.context = day, .fill = keep_fill}};
    *state = day;
    return 0;
}

static int teardown(void **state)
{
    struct day *day = *state;
    unlink(day->path);
    free(day);
    return 0;
}

static void add(struct day *day, uint64_t ev, int64_t time_ns, double px, double qty)
{
    assert_true(day->count < ROWS_MAX);
    day->rows[day->count++] = (struct sj_row){
        .ev = ev, .exch_ts = time_ns, .local_ts = time_ns + 500000, .px = px, .qty = qty};
}

static sj_rc run(struct day *day)
{
    struct sj_npz_writer *writer;
    day->fill_count = 0;
    assert_true(sj_npz_create(day->path, SJ_NPZ_STORED, &writer) >= 0);
    assert_true(sj_npz_append(writer, day->rows, day->count) >= 0);
    assert_true(sj_npz_finish(writer) >= 0);
    return sj_bt_run(&day->options, &day->result, day->error);
}

static void add_touch(struct day *day)
{
    add(day, SJ_ROW_DEPTH | SJ_ROW_BUY | BOTH, SECOND, 100, 0.2);
    add(day, SJ_ROW_DEPTH | SJ_ROW_SELL | BOTH, SECOND, 101, 0.2);
}

static void a_fill_in_part_reaches_the_position(void **state)
{
    struct day *day = *state;
    add_touch(day);
    /* 0.2 stand before the sell of 0.1; 0.24 are bought: 0.04 of it fill. */
    add(day, SJ_ROW_TRADE | SJ_ROW_BUY | BOTH, SECOND * 5 / 2, 101, 0.24);
    add(day, SJ_ROW_DEPTH | SJ_ROW_BUY | BOTH, SECOND * 14 / 5, 99, 1);
    assert_true(run(day) >= 0);
    assert_int_equal(day->fill_count, 1);
    assert_int_equal(day->fills[0].quantity, 4);
    assert_int_equal(day->fills[0].left, 6);
    assert_int_equal(day->fills[0].side, 1);
    assert_int_equal(day->fills[0].price_e6, 101000000);
    assert_true(day->fills[0].maker);
    assert_true(fabs(day->fills[0].queue - 0.2) < 1e-12);
    assert_int_equal(day->fills[0].local_ns - day->fills[0].exch_ns, 2000000);
    assert_true(fabs(day->result.position + 0.04) < 1e-12);
    assert_true(fabs(day->result.known_position + 0.04) < 1e-12);
    assert_true(fabs(day->result.balance - 4.04) < 1e-12);
    assert_true(fabs(day->result.fee - 0.00404) < 1e-12);
}

static void an_order_filled_to_its_last_lot_is_gone(void **state)
{
    struct day *day = *state;
    add_touch(day);
    add(day, SJ_ROW_TRADE | SJ_ROW_BUY | BOTH, SECOND * 5 / 2, 101, 0.3);
    add(day, SJ_ROW_TRADE | SJ_ROW_BUY | BOTH, SECOND * 5 / 2 + 1, 101, 5);
    assert_true(run(day) >= 0);
    assert_int_equal(day->fill_count, 1);
    assert_int_equal(day->fills[0].quantity, 10);
    assert_int_equal(day->fills[0].left, 0);
}

static void a_trade_before_the_request_has_come_fills_nothing(void **state)
{
    struct day *day = *state;
    add_touch(day);
    add(day, SJ_ROW_TRADE | SJ_ROW_BUY | BOTH, 2 * SECOND + 999999, 101, 50);
    add(day, SJ_ROW_DEPTH | SJ_ROW_BUY | BOTH, SECOND * 5 / 2, 99, 1);
    assert_true(run(day) >= 0);
    assert_int_equal(day->result.orders, 2);
    assert_int_equal(day->fill_count, 0);
}

static void a_buy_takes_what_its_limit_does_not_show_at_the_limit(void **state)
{
    static const struct sj_strategy_param rod[] = {
        {"step", "1s", 0}, {"qty", "10", 0}, {"tif", "ROD", 0}};
    static const struct sj_strategy_instance taker = {
        .name = "touch", .use = "touch_quoter", .params = rod, .param_count = 3};
    struct day *day = *state;
    add_touch(day);
    /* The ask falls to our bid while the order is on its way. */
    add(day, SJ_ROW_DEPTH | SJ_ROW_SELL | BOTH, 2 * SECOND + 500000, 100, 0.04);
    add(day, SJ_ROW_DEPTH | SJ_ROW_BUY | BOTH, SECOND * 5 / 2, 99, 1);
    day->options.strategies = &taker;
    assert_true(run(day) >= 0);
    assert_int_equal(day->fill_count, 1);
    assert_int_equal(day->fills[0].quantity, 10);
    assert_int_equal(day->fills[0].price_e6, 100000000);
    assert_false(day->fills[0].maker);
    assert_int_equal(day->fills[0].exch_ns, 2 * SECOND + 1000000);
}

static void bad_rows_are_counted_and_stop_a_strict_run(void **state)
{
    struct day *day = *state;
    add_touch(day);
    add(day, SJ_ROW_DEPTH | SJ_ROW_BUY | BOTH, SECOND, NAN, 1);
    add(day, SJ_ROW_DEPTH | SJ_ROW_BUY | BOTH, SECOND, 99, -1);
    add(day, SJ_ROW_DEPTH | BOTH, SECOND, 99, 1);
    add(day, SJ_ROW_DEPTH | SJ_ROW_BUY | BOTH, SECOND, 1e9, 1);
    add(day, SJ_ROW_DEPTH | SJ_ROW_BUY | BOTH, SECOND - 1, 99, 1);
    assert_true(run(day) >= 0);
    assert_int_equal(day->result.rows.malformed, 3);
    assert_int_equal(day->result.rows.far, 1);
    assert_int_equal(day->result.rows.backwards, 1);
    assert_int_equal(day->result.rows.first_bad, 3);
    assert_int_equal(day->result.best_bid_e6, 100000000);
    /* A clock gone wild: no timer runs through the centuries. */
    add(day, SJ_ROW_DEPTH | SJ_ROW_BUY | BOTH, INT64_MAX - SECOND, 99.5, 1);
    assert_true(run(day) >= 0);
    assert_int_equal(day->result.rows.malformed, 4);
    assert_true(day->result.last_ns < 3 * SECOND);
    day->options.strict = true;
    assert_int_equal(run(day), -SJ_E_MALFORMED);
    assert_non_null(strstr(day->error, "row 3"));
}

static void senseless_options_are_refused(void **state)
{
    struct day *day = *state;
    add_touch(day);
    day->options.order_latency_ns = -1;
    assert_int_equal(run(day), -SJ_E_RANGE);
    day->options.order_latency_ns = 0;
    day->options.tick = 0.0000001;
    assert_int_equal(run(day), -SJ_E_RANGE);
}

static void add_random(struct day *day, struct sj_rng *rng)
{
    int64_t now_ns = SECOND;
    add_touch(day);
    while (day->count < ROWS_MAX) {
        bool buy = sj_rng_below(rng, 2) != 0;
        bool trade = sj_rng_below(rng, 5) == 0;
        double away = 0.5 * (double)sj_rng_below(rng, 6);
        now_ns += (int64_t)sj_rng_below(rng, 20000000);
        /* Bids from 100 down, asks from 101 up; a buyer takes asks. */
        double px = buy != trade ? 100 - away : 101 + away;
        add(day, (trade ? SJ_ROW_TRADE : SJ_ROW_DEPTH) | (buy ? SJ_ROW_BUY : SJ_ROW_SELL) | BOTH,
            now_ns, px, 0.01 * (double)sj_rng_below(rng, 40));
    }
}

static void expect_same(const struct sj_bt_fill_row *is, const struct sj_bt_fill_row *was)
{
    assert_int_equal(is->exch_ns, was->exch_ns);
    assert_int_equal(is->local_ns, was->local_ns);
    assert_int_equal(is->order, was->order);
    assert_int_equal(is->price_e6, was->price_e6);
    assert_int_equal(is->quantity, was->quantity);
    assert_int_equal(is->left, was->left);
    assert_memory_equal(&is->queue, &was->queue, sizeof is->queue);
}

static void the_same_day_gives_the_same_fills(void **state)
{
    struct day *day = *state;
    struct sj_rng rng;
    struct sj_bt_fill_row first[64];
    sj_rng_init(&rng, 20261124);
    print_message("seed 20261124\n");
    add_random(day, &rng);
    for (unsigned kind = 0; kind < SJ_BT_L3_FIFO; kind++) { /* these are levels */
        day->options.queue.kind = (enum sj_bt_queue_kind)kind;
        assert_true(run(day) >= 0);
        uint32_t count = day->fill_count;
        assert_true(count > 20);
        memcpy(first, day->fills, sizeof first);
        assert_true(fabs(day->result.known_position - day->result.position) < 0.31);
        assert_true(run(day) >= 0);
        assert_int_equal(day->fill_count, count);
        for (uint32_t i = 0; i < count && i < 64; i++)
            expect_same(&day->fills[i], &first[i]);
    }
}

int run_suite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fill_in_part_reaches_the_position, setup, teardown),
        cmocka_unit_test_setup_teardown(an_order_filled_to_its_last_lot_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_trade_before_the_request_has_come_fills_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_buy_takes_what_its_limit_does_not_show_at_the_limit,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(bad_rows_are_counted_and_stop_a_strict_run, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(senseless_options_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_day_gives_the_same_fills, setup, teardown),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
