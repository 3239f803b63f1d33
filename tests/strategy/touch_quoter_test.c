#include "stage.h"
#include "suites.h"

static struct stage *stage;
static uint32_t number;

static int open_quoter(void **state)
{
    (void)state;
    stage = stage_open(false);
    number = stage_add(stage, "touch", "touch_quoter", STOCK,
                       (const char *const[]){"step=1s", "qty=2", "tif=GTX", NULL});
    return 0;
}

static int close_quoter(void **state)
{
    (void)state;
    stage_close(stage);
    return 0;
}

static void quotes_both_sides_a_step_after_the_first_event(void **state)
{
    (void)state;
    const struct sj_intent *quotes;
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    stage_wait(stage, SECOND - 1);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    stage_wait(stage, 1);
    assert_int_equal(stage_new_intents(stage, &quotes), 2);
    assert_int_equal(quotes[0].side, SJ_SIDE_BUY);
    assert_int_equal(quotes[0].price_e6, E6(1000));
    assert_int_equal(quotes[1].side, SJ_SIDE_SELL);
    assert_int_equal(quotes[1].price_e6, E6(1005));
    assert_int_equal(quotes[1].quantity, 2);
    assert_int_equal(quotes[1].time_in_force, SJ_ORDER_GTX);
    assert_int_equal(quotes[1].strategy, number);
    assert_int_equal(quotes[0].arrival_mid_e6, E6(1002.5));
}

static void cancels_what_works_before_it_quotes_again(void **state)
{
    (void)state;
    const struct sj_intent *intents;
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    stage_wait(stage, SECOND);
    stage_new_intents(stage, &intents);
    uint64_t buy = intents[0].intent_id, sell = intents[1].intent_id;
    stage_update(stage, buy, SJ_ORDER_WORKING);
    /* The sell is not acknowledged: a request is in flight, so it is left alone. */
    stage_wait(stage, SECOND);
    assert_int_equal(stage_new_intents(stage, &intents), 3);
    assert_int_equal(intents[0].kind, SJ_INTENT_CANCEL);
    assert_int_equal(intents[0].target_id, buy);
    /* A cancel that was refused clears the mark; the other is working by now. */
    stage_update(stage, sell, SJ_ORDER_WORKING);
    stage_update(stage, buy, SJ_ORDER_CANCELLING);
    stage_denied(stage, buy, SJ_ORDER_WORKING, true);
    stage_fill(stage, sell, 1);
    stage_wait(stage, SECOND);
    assert_int_equal(stage_new_intents(stage, &intents), 4);
    assert_int_equal(intents[0].target_id, buy);
    assert_int_equal(intents[1].target_id, sell);
    /* What ended is forgotten. */
    stage_update(stage, buy, SJ_ORDER_CANCELLED);
    stage_fill(stage, sell, 1);
    stage_wait(stage, SECOND);
    assert_int_equal(stage_new_intents(stage, &intents), 2);
    assert_int_equal(sj_strategies_position(stage->s, number, STOCK), -2);
}

static void does_not_quote_a_one_sided_book(void **state)
{
    (void)state;
    stage_book(stage, STOCK, 1000, 5, 0, 0);
    stage_wait(stage, 3 * SECOND);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    stage_book(stage, STOCK, 1000, 5, 1005, 1);
    stage_wait(stage, SECOND);
    assert_int_equal(stage_new_intents(stage, NULL), 2);
}

static void refuses_parameters_that_make_no_sense(void **state)
{
    (void)state;
    char error[SJ_STRATEGIES_ERROR_MAX];
    uint32_t stock = STOCK;
    struct sj_strategy_instance instance = {
        .name = "t2", .use = "touch_quoter", .instruments = &stock, .instrument_count = 1};
    assert_int_equal(stage_try(stage, &instance, (const char *const[]){"tif=IOC", NULL}, error),
                     -SJ_E_RANGE);
    assert_string_equal(error, "strategies.t2: tif is ROD or GTX, not \"IOC\"");
    assert_int_equal(stage_try(stage, &instance, (const char *const[]){"qty=0", NULL}, error),
                     -SJ_E_RANGE);
    assert_string_equal(error,
                        "strategies.t2: qty is \"0\"; it takes a whole number, 1 .. 1000000 lots");
    instance.instrument_count = 0;
    assert_int_equal(stage_try(stage, &instance, NULL, error), -SJ_E_RANGE);
}

int touch_quoter_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(quotes_both_sides_a_step_after_the_first_event, open_quoter,
                                        close_quoter),
        cmocka_unit_test_setup_teardown(cancels_what_works_before_it_quotes_again, open_quoter,
                                        close_quoter),
        cmocka_unit_test_setup_teardown(does_not_quote_a_one_sided_book, open_quoter, close_quoter),
        cmocka_unit_test_setup_teardown(refuses_parameters_that_make_no_sense, open_quoter,
                                        close_quoter),
    };
    return cmocka_run_group_tests_name("touch_quoter", tests, NULL, NULL);
}
