#include "stage.h"
#include "suites.h"

static struct stage *stage;
static const struct sj_intent *intents;

static int close_stage(void **state)
{
    (void)state;
    stage_close(stage);
    return 0;
}

/* threshold 2 ticks, confirm 10 lots, 3 rounds, window 1 s */
static uint32_t start(const char *side, const char *limit)
{
    char side_text[32], limit_text[32];
    snprintf(side_text, sizeof side_text, "side=%s", side);
    snprintf(limit_text, sizeof limit_text, "limit=%s", limit);
    stage = stage_open(false);
    return stage_add(stage, "parent", "smart_chasing", FUTURE,
                     (const char *const[]){side_text, limit_text, "qty=10", "slice=4",
                                           "threshold=2", "confirm=10", "rounds=3", "window=1s",
                                           NULL});
}

static void book(double bid, uint32_t bid_volume, double ask, uint32_t ask_volume)
{
    stage->now_ns += 10 * MS;
    stage_book(stage, FUTURE, bid, bid_volume, ask, ask_volume);
}

/* Its first order, at work. */
static uint64_t begin(double bid, double ask)
{
    book(bid, 20, ask, 20);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    uint64_t id = intents[0].intent_id;
    stage_update(stage, id, SJ_ORDER_WORKING);
    return id;
}

static void works_a_slice_at_its_own_side(void **state)
{
    (void)state;
    start("buy", "20100");
    begin(20000, 20002);
    assert_int_equal(intents[0].kind, SJ_INTENT_PLACE);
    assert_int_equal(intents[0].side, SJ_SIDE_BUY);
    assert_int_equal(intents[0].price_e6, E6(20000));
    assert_int_equal(intents[0].quantity, 4);
    assert_int_equal(intents[0].time_in_force, SJ_ORDER_ROD);
    stage_close(stage);
    start("sell", "19000");
    begin(20000, 20002);
    assert_int_equal(intents[0].side, SJ_SIDE_SELL);
    assert_int_equal(intents[0].price_e6, E6(20002));
}

static void follows_when_price_and_flow_agree(void **state)
{
    (void)state;
    start("buy", "20100");
    uint64_t id = begin(20000, 20002);
    book(20002, 15, 20004, 20); /* a better bid of 15 and an ask that went: flow is up */
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].kind, SJ_INTENT_PRICE);
    assert_int_equal(intents[0].target_id, id);
    assert_int_equal(intents[0].price_e6, E6(20002));
    /* Nothing more until that is answered. */
    book(20006, 15, 20008, 20);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    stage_changed(stage, id, SJ_ORDER_WORKING, E6(20002), 4);
    book(20006, 16, 20008, 20);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].price_e6, E6(20006));
}

static void does_not_follow_a_step_below_the_threshold(void **state)
{
    (void)state;
    start("buy", "20100");
    begin(20000, 20002);
    book(20001, 50, 20003, 20);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
}

static void does_not_follow_without_flow(void **state)
{
    (void)state;
    start("buy", "20100");
    begin(20000, 20004);
    /* The bid is 3 ticks up, by 3 lots only, and sellers press. */
    book(20003, 3, 20004, 80);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    /* Flow that has left the window confirms nothing. */
    stage_close(stage);
    start("buy", "20100");
    begin(20000, 20002);
    book(20001, 50, 20003, 20);
    stage->now_ns += 2 * SECOND;
    book(20002, 5, 20003, 20); /* +5 is less than 10 */
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    book(20002, 11, 20003, 20); /* and +6 makes 11 */
    assert_int_equal(stage_new_intents(stage, NULL), 1);
}

static void never_goes_past_its_limit(void **state)
{
    (void)state;
    start("buy", "20003.5");
    uint64_t id = begin(20000, 20002);
    book(20010, 90, 20012, 20);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].price_e6, E6(20003));
    stage_changed(stage, id, SJ_ORDER_WORKING, E6(20003), 4);
    book(20020, 90, 20022, 20);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    stage_close(stage);
    /* It begins at the limit when the touch is past it. */
    start("sell", "20003.5");
    begin(20000, 20002);
    assert_int_equal(intents[0].price_e6, E6(20004));
}

static void follows_at_most_so_many_rounds_denied_ones_included(void **state)
{
    (void)state;
    start("buy", "21000");
    uint64_t id = begin(20000, 20002);
    for (int round = 1; round <= 5; round++) {
        book(20000 + 4 * round, 90, 20002 + 4 * round, 20);
        assert_int_equal(stage_new_intents(stage, &intents), round <= 3 ? 1 : 0);
        if (round == 2)
            stage_denied(stage, id, SJ_ORDER_WORKING, false);
        else if (round <= 3)
            stage_changed(stage, id, SJ_ORDER_WORKING, intents[0].price_e6, 4);
    }
}

static void slices_add_up_to_the_parent(void **state)
{
    (void)state;
    uint32_t number = start("buy", "20100");
    static const uint32_t slices[] = {4, 4, 2};
    for (int i = 0; i < 3; i++) {
        book(20000, 20, 20002, 20);
        assert_int_equal(stage_new_intents(stage, &intents), 1);
        assert_int_equal(intents[0].quantity, slices[i]);
        stage_update(stage, intents[0].intent_id, SJ_ORDER_WORKING);
        stage_fill(stage, intents[0].intent_id, 1);
        stage_fill(stage, intents[0].intent_id, slices[i] - 1);
    }
    book(20000, 20, 20002, 20);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    assert_int_equal(sj_strategies_position(stage->s, number, FUTURE), 10);
}

static void stops_when_its_order_is_ended_by_others(void **state)
{
    (void)state;
    start("buy", "20100");
    uint64_t id = begin(20000, 20002);
    stage_fill(stage, id, 1);
    stage_update(stage, id, SJ_ORDER_CANCELLED);
    assert_non_null(strstr(stage->log, "stopped at 1 of 10"));
    book(20000, 20, 20002, 20);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
}

static void ignores_trial_matches_and_odd_lots(void **state)
{
    (void)state;
    start("buy", "20100");
    struct sj_book trial = {.instrument = FUTURE,
                            .flags = SJ_FLAG_SIMTRADE,
                            .exch_ns = START,
                            .bid_price_e6 = {E6(20000)},
                            .ask_price_e6 = {E6(20002)},
                            .bid_volume = {5},
                            .ask_volume = {5}};
    sj_frame_head(&trial, SJ_EVENT_BOOK, sizeof trial);
    sj_strategies_event(stage->s, (const struct sj_frame *)(const void *)&trial, START);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
}

static void its_parameters_are_required(void **state)
{
    (void)state;
    char error[SJ_STRATEGIES_ERROR_MAX];
    uint32_t future = FUTURE;
    struct sj_strategy_instance instance = {
        .name = "x", .use = "smart_chasing", .instruments = &future, .instrument_count = 1};
    stage = stage_open(false);
    assert_int_equal(
        stage_try(stage, &instance, (const char *const[]){"side=buy", "qty=1", NULL}, error),
        -SJ_E_MALFORMED);
    assert_non_null(strstr(error, "limit must be given"));
    assert_int_equal(stage_try(stage, &instance,
                               (const char *const[]){"side=up", "qty=1", "limit=1", NULL}, error),
                     -SJ_E_RANGE);
    assert_string_equal(error, "strategies.x: side is buy or sell, not \"up\"");
}

int smart_chasing_tests(void)
{
#define T(name) cmocka_unit_test_teardown(name, close_stage)
    const struct CMUnitTest tests[] = {
        T(works_a_slice_at_its_own_side),
        T(follows_when_price_and_flow_agree),
        T(does_not_follow_a_step_below_the_threshold),
        T(does_not_follow_without_flow),
        T(never_goes_past_its_limit),
        T(follows_at_most_so_many_rounds_denied_ones_included),
        T(slices_add_up_to_the_parent),
        T(stops_when_its_order_is_ended_by_others),
        T(ignores_trial_matches_and_odd_lots),
        T(its_parameters_are_required),
    };
#undef T
    return cmocka_run_group_tests_name("smart_chasing", tests, NULL, NULL);
}
