#include "stage.h"
#include "suites.h"

static struct stage *stage;
static uint32_t number;
static const struct sj_intent *intents;

static int open_maker(void **state)
{
    (void)state;
    stage = stage_open(false);
    number = stage_add(stage, "mm", "market_maker", FUTURE,
                       (const char *const[]){"qty=1", "cap=2", "skew=2", "interval=500ms", "move=2",
                                             "calls=20", NULL});
    return 0;
}

static int close_maker(void **state)
{
    (void)state;
    stage_close(stage);
    return 0;
}

static void book(double bid, double ask)
{
    stage_book(stage, FUTURE, bid, bid > 0 ? 20 : 0, ask, ask > 0 ? 20 : 0);
}

/* The two first quotes, at work; 20000 and 20005. */
static void begin(uint64_t *ret_bid, uint64_t *ret_ask)
{
    book(20000, 20005);
    stage_wait(stage, 0);
    assert_int_equal(stage_new_intents(stage, &intents), 2);
    *ret_bid = intents[0].intent_id;
    *ret_ask = intents[1].intent_id;
    stage_update(stage, *ret_bid, SJ_ORDER_WORKING);
    stage_update(stage, *ret_ask, SJ_ORDER_WORKING);
}

static void quotes_the_touch_when_flat(void **state)
{
    (void)state;
    uint64_t bid, ask;
    begin(&bid, &ask);
    assert_int_equal(intents[0].side, SJ_SIDE_BUY);
    assert_int_equal(intents[0].price_e6, E6(20000));
    assert_int_equal(intents[1].side, SJ_SIDE_SELL);
    assert_int_equal(intents[1].price_e6, E6(20005));
    assert_int_equal(intents[1].time_in_force, SJ_ORDER_ROD);
}

static void moves_a_quote_on_its_timer_when_it_is_off_far_enough(void **state)
{
    (void)state;
    uint64_t bid, ask;
    begin(&bid, &ask);
    book(20001, 20006);
    stage_wait(stage, 3 * SECOND);
    assert_int_equal(stage_new_intents(stage, NULL), 0); /* one tick is less than two */
    book(20002, 20007);
    assert_int_equal(stage_new_intents(stage, NULL), 0); /* not before its timer */
    stage_wait(stage, 500 * MS);
    assert_int_equal(stage_new_intents(stage, &intents), 2);
    assert_int_equal(intents[0].kind, SJ_INTENT_PRICE);
    assert_int_equal(intents[0].target_id, bid);
    assert_int_equal(intents[0].price_e6, E6(20002));
    assert_int_equal(intents[1].target_id, ask);
    book(20010, 20015);
    stage_wait(stage, 3 * SECOND);
    assert_int_equal(stage_new_intents(stage, NULL), 0); /* the last is not answered yet */
}

static void leans_against_its_position(void **state)
{
    (void)state;
    uint64_t bid, ask;
    begin(&bid, &ask);
    stage_fill(stage, bid, 1); /* long 1 */
    stage_wait(stage, 500 * MS);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].kind, SJ_INTENT_PLACE);
    assert_int_equal(intents[0].price_e6, E6(19998)); /* the new bid is 2 ticks behind */
    uint64_t second = intents[0].intent_id;
    stage_update(stage, second, SJ_ORDER_WORKING);
    /* The ask belongs a tick in front of the others, which is less than `move` away; one that has
     * to move anyway goes there. */
    book(20002, 20008);
    stage_wait(stage, 500 * MS);
    assert_int_equal(stage_new_intents(stage, &intents), 2);
    assert_int_equal(intents[0].price_e6, E6(20000));
    assert_int_equal(intents[1].price_e6, E6(20007));
}

static void a_side_at_the_cap_is_taken_away(void **state)
{
    (void)state;
    uint64_t bid, ask;
    begin(&bid, &ask);
    stage_fill(stage, bid, 1);
    stage_wait(stage, 500 * MS);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    stage_fill(stage, intents[0].intent_id, 1);
    assert_int_equal(sj_strategies_position(stage->s, number, FUTURE), 2);
    stage_wait(stage, 5 * SECOND);
    assert_int_equal(stage_new_intents(stage, NULL), 0); /* long 2: no more bids, the ask stays */
    stage_fill(stage, ask, 1);
    stage_wait(stage, 500 * MS);
    assert_int_equal(stage_new_intents(stage, &intents), 2);
    assert_int_equal(intents[0].side, SJ_SIDE_BUY);
    assert_int_equal(intents[1].side, SJ_SIDE_SELL);
    assert_int_equal(intents[1].price_e6, E6(20004));
}

static void a_one_sided_book_takes_the_quotes_away(void **state)
{
    (void)state;
    uint64_t bid, ask;
    begin(&bid, &ask);
    book(20000, 0);
    stage_wait(stage, 500 * MS);
    assert_int_equal(stage_new_intents(stage, &intents), 2);
    assert_int_equal(intents[0].kind, SJ_INTENT_CANCEL);
    assert_int_equal(intents[0].target_id, bid);
    assert_int_equal(intents[1].target_id, ask);
    stage_wait(stage, 2 * SECOND);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
}

static void calls_stay_within_the_budget_with_a_reserve_for_cancels(void **state)
{
    (void)state;
    uint64_t bid, ask;
    uint32_t calls = 2;
    begin(&bid, &ask);
    stage->work_at_once = true;
    for (int i = 1; i < 18; i++) { /* 9 s of a market that runs */
        book(20000 + 3 * i, 20005 + 3 * i);
        stage_wait(stage, 500 * MS);
        uint32_t count = stage_new_intents(stage, &intents);
        for (uint32_t k = 0; k < count; k++)
            stage_changed(stage, intents[k].target_id, SJ_ORDER_WORKING, intents[k].price_e6, 1);
        calls += count;
    }
    assert_int_equal(calls, 18);
    /* The reserve takes the quotes away. */
    book(20000, 0);
    stage_wait(stage, 500 * MS);
    assert_int_equal(stage_new_intents(stage, &intents), 2);
    assert_int_equal(intents[0].kind, SJ_INTENT_CANCEL);
    /* And ten seconds after the first calls, there is room again. */
    book(20000, 20005);
    stage_wait(stage, 10 * SECOND);
    assert_true(stage_new_intents(stage, NULL) >= 2);
}

int market_maker_tests(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_maker, close_maker)
    const struct CMUnitTest tests[] = {
        T(quotes_the_touch_when_flat),
        T(moves_a_quote_on_its_timer_when_it_is_off_far_enough),
        T(leans_against_its_position),
        T(a_side_at_the_cap_is_taken_away),
        T(a_one_sided_book_takes_the_quotes_away),
        T(calls_stay_within_the_budget_with_a_reserve_for_cancels),
    };
#undef T
    return cmocka_run_group_tests_name("market_maker", tests, NULL, NULL);
}
