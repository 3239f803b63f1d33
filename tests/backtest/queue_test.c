#include "backtest/queue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "suites.h"

static void expect_near(double is, double expected)
{
    if (fabs(is - expected) > 1e-12)
        fail_msg("%.17g is not %.17g", is, expected);
}

static void each_model_shares_what_left_by_its_formula(void **state)
{
    (void)state;
    static const struct {
        enum sj_bt_queue_kind kind;
        double behind;                              /* of front 3, back 1, n 2 */
    } cases[] = {{SJ_BT_LOG, 0.3333333333333333},   /* ln 2 / (ln 2 + ln 4) */
                 {SJ_BT_LOG2, 0.43067655807339306}, /* ln 2 / ln 5 */
                 {SJ_BT_POWER, 0.1},                /* 1 / (1 + 9) */
                 {SJ_BT_POWER2, 0.0625},            /* 1 / 16 */
                 {SJ_BT_POWER3, 0.4375},            /* 1 - 9 / 16 */
                 {SJ_BT_RISK_AVERSE, 1}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sj_bt_queue_model model = {cases[i].kind, 2};
        expect_near(sj_bt_queue_probability(&model, 3, 1), cases[i].behind);
    }
}

static void a_level_that_shrinks_moves_the_order_forward(void **state)
{
    (void)state;
    const struct sj_bt_queue_model power = {SJ_BT_POWER, 2}, averse = {SJ_BT_RISK_AVERSE, 2};
    struct sj_bt_queue queue = {3, 0};
    sj_bt_queue_depth(&power, &queue, 4, 3.5); /* behind 0.1: 0.9 * 0.5 from the front */
    expect_near(queue.front, 2.55);
    queue = (struct sj_bt_queue){3, 0};
    sj_bt_queue_depth(&averse, &queue, 4, 3.5);
    expect_near(queue.front, 3);
    sj_bt_queue_depth(&averse, &queue, 3.5, 2);
    expect_near(queue.front, 2);
}

static void what_was_traded_is_not_counted_again(void **state)
{
    (void)state;
    const struct sj_bt_queue_model power = {SJ_BT_POWER, 2};
    struct sj_bt_queue queue = {3, 0};
    assert_int_equal(sj_bt_queue_trade(&queue, 1, 0.001), 0);
    sj_bt_queue_depth(&power, &queue, 4, 3); /* the trade, and nothing else */
    expect_near(queue.front, 2);
    expect_near(queue.traded, 0);
}

static void a_trade_beyond_the_front_reaches_the_order(void **state)
{
    (void)state;
    struct sj_bt_queue queue = {0.5, 0};
    assert_int_equal(sj_bt_queue_trade(&queue, 0.5, 0.001), 0);
    assert_int_equal(sj_bt_queue_trade(&queue, 0.007, 0.001), 7);
    expect_near(queue.front, 0);
    queue = (struct sj_bt_queue){0, 0};
    assert_int_equal(sj_bt_queue_trade(&queue, 0.0004, 0.001), 0);
}

static void empty_levels_give_no_nonsense(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < SJ_BT_QUEUE_COUNT; kind++) {
        const struct sj_bt_queue_model model = {(enum sj_bt_queue_kind)kind, 3};
        struct sj_bt_queue queue = {0, 0};
        sj_bt_queue_depth(&model, &queue, 0, 0);
        assert_false(isnan(queue.front));
        sj_bt_queue_depth(&model, &queue, 0, 5);
        assert_true(queue.front <= 5);
    }
}

static void models_are_found_by_name(void **state)
{
    (void)state;
    enum sj_bt_queue_kind kind;
    for (unsigned i = 0; i < SJ_BT_QUEUE_COUNT; i++) {
        assert_int_equal(sj_bt_queue_find(sj_bt_queue_name((enum sj_bt_queue_kind)i), &kind), 0);
        assert_int_equal(kind, i);
    }
    assert_int_equal(sj_bt_queue_find("fifo", &kind), -SJ_E_UNKNOWN);
    assert_null(sj_bt_queue_name(SJ_BT_QUEUE_COUNT));
}

int queue_suite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_model_shares_what_left_by_its_formula),
        cmocka_unit_test(a_level_that_shrinks_moves_the_order_forward),
        cmocka_unit_test(what_was_traded_is_not_counted_again),
        cmocka_unit_test(a_trade_beyond_the_front_reaches_the_order),
        cmocka_unit_test(empty_levels_give_no_nonsense),
        cmocka_unit_test(models_are_found_by_name),
    };
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
