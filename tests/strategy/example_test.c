/* The example in examples/strategy, built as its first lines say. */
#include "stage.h"
#include "suites.h"

static void the_example_joins_the_thick_side_and_cancels_in_time(void **state)
{
    (void)state;
    struct stage *stage = stage_open(true);
    const struct sj_intent *intents;
    uint32_t number = stage_add(stage, "mine", PLUGIN_DIR "/strategy_imbalance.so", FUTURE,
                                (const char *const[]){"ratio=2.5", "patience=1s", NULL});
    stage_book(stage, FUTURE, 20000, 24, 20001, 10);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    stage_book(stage, FUTURE, 20000, 25, 20001, 10);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].side, SJ_SIDE_BUY);
    assert_int_equal(intents[0].price_e6, E6(20000));
    uint64_t id = intents[0].intent_id;
    stage_update(stage, id, SJ_ORDER_WORKING);
    stage_book(stage, FUTURE, 20000, 10, 20001, 30);
    assert_int_equal(stage_new_intents(stage, NULL), 0); /* one order at a time */
    stage_wait(stage, SECOND);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].kind, SJ_INTENT_CANCEL);
    stage_fill(stage, id, 1); /* too late to cancel */
    assert_int_equal(sj_strategies_position(stage->s, number, FUTURE), 1);
    stage_book(stage, FUTURE, 20000, 10, 20001, 30);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].side, SJ_SIDE_SELL);
    assert_true(stage_armed(stage, number));
    stage_close(stage);
}

int example_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_joins_the_thick_side_and_cancels_in_time),
    };
    return cmocka_run_group_tests_name("example", tests, NULL, NULL);
}
