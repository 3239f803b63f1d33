#include "stage.h"
#include "suites.h"

static struct stage *stage;
static uint32_t number;
static const struct sj_intent *intents;

static uint32_t bid_volume, ask_volume;

static void book(double bid, uint32_t bids, double ask, uint32_t asks)
{
    stage->now_ns += 10 * MS;
    stage_book(stage, FUTURE, bid, bids, ask, asks);
}

static void start(const char *exit)
{
    stage = stage_open(false);
    number = stage_add(stage, "alpha", "micro_alpha", FUTURE,
                       (const char *const[]){"window=1s", "enter=100", exit, "qty=2", "cap=5",
                                             "stop=4", "hold=20s", "cooldown=500ms", NULL});
    bid_volume = ask_volume = 500;
    book(20000, bid_volume, 20001, ask_volume);
}

static int open_alpha(void **state)
{
    (void)state;
    start("exit=40");
    return 0;
}

static int close_alpha(void **state)
{
    (void)state;
    stage_close(stage);
    return 0;
}

/* Flow of `lots`, at once and at an unchanged price: volume that comes to bid or ask. What was
 * before has left the window. */
static void push(int32_t lots)
{
    stage->now_ns += 2 * SECOND;
    bid_volume += (uint32_t)(lots > 0 ? lots : 0);
    ask_volume += (uint32_t)(lots < 0 ? -lots : 0);
    book(20000, bid_volume, 20001, ask_volume);
}

/* Fills the one order it has just placed. */
static void fill_new(uint32_t quantity)
{
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    stage_update(stage, intents[0].intent_id, SJ_ORDER_WORKING);
    if (quantity)
        stage_fill(stage, intents[0].intent_id, quantity);
    if (quantity < intents[0].quantity)
        stage_update(stage, intents[0].intent_id, SJ_ORDER_CANCELLED);
}

static int64_t position(void)
{
    return sj_strategies_position(stage->s, number, FUTURE);
}

static void takes_the_touch_in_the_direction_of_strong_flow(void **state)
{
    (void)state;
    push(99);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    push(100);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].side, SJ_SIDE_BUY);
    assert_int_equal(intents[0].price_e6, E6(20001));
    assert_int_equal(intents[0].quantity, 2);
    assert_int_equal(intents[0].time_in_force, SJ_ORDER_IOC);
    stage_update(stage, intents[0].intent_id, SJ_ORDER_CANCELLED);
    push(-100);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].side, SJ_SIDE_SELL);
    assert_int_equal(intents[0].price_e6, E6(20000));
}

static void one_order_at_a_time_and_a_pause_between_two(void **state)
{
    (void)state;
    push(150);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    stage->now_ns += 600 * MS;
    book(20000, 700, 20001, 500); /* more of it, but the order has not ended */
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    stage_update(stage, intents[0].intent_id, SJ_ORDER_UNKNOWN);
    book(20000, 720, 20001, 500);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    stage_update(stage, intents[0].intent_id, SJ_ORDER_CANCELLED);
    book(20000, 730, 20001, 500);
    fill_new(2);
    book(20000, 740, 20001, 500); /* within the pause */
    assert_int_equal(stage_new_intents(stage, NULL), 0);
}

static void adds_up_to_the_cap_and_no_further(void **state)
{
    (void)state;
    push(150);
    fill_new(2);
    push(150);
    fill_new(2);
    push(150);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].quantity, 1);
    stage_fill(stage, intents[0].intent_id, 1);
    assert_int_equal(position(), 5);
    push(300);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
}

static void leaves_when_the_flow_turns(void **state)
{
    (void)state;
    push(150);
    fill_new(2);
    push(-39);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    push(-40);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].side, SJ_SIDE_SELL);
    assert_int_equal(intents[0].quantity, 2);
    assert_int_equal(intents[0].price_e6, E6(20000));
}

static void leaves_at_the_stop_from_the_average_entry(void **state)
{
    (void)state;
    stage_close(stage);
    start("exit=1000000"); /* prices that fall are flow, too */
    push(150);
    fill_new(2); /* at 20001 */
    stage->now_ns += 2 * SECOND;
    /* Entry 20001, stop at 19997: 19998 holds. */
    book(19998, 1, 19999, 1);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    book(19997, 1, 19998, 1);
    fill_new(1);
    assert_int_equal(intents[0].side, SJ_SIDE_SELL);
    assert_int_equal(intents[0].price_e6, E6(19997));
    /* The rest goes after the pause. */
    book(19997, 2, 19998, 1);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    stage->now_ns += 500 * MS;
    book(19997, 3, 19998, 1);
    fill_new(1);
    assert_int_equal(intents[0].quantity, 1);
    assert_int_equal(position(), 0);
}

static void leaves_when_time_is_up_without_any_event(void **state)
{
    (void)state;
    push(-150);
    fill_new(2);
    assert_int_equal(position(), -2);
    stage_wait(stage, 20 * SECOND - 1);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    stage_wait(stage, 1);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].side, SJ_SIDE_BUY);
    assert_int_equal(intents[0].quantity, 2);
    /* Missed: it tries again, with a pause. */
    stage_update(stage, intents[0].intent_id, SJ_ORDER_CANCELLED);
    stage_wait(stage, 5 * SECOND);
    uint32_t count = stage_new_intents(stage, &intents);
    assert_int_equal(count, 1);
    stage_fill(stage, intents[0].intent_id, 2);
    stage_wait(stage, 60 * SECOND);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    assert_int_equal(sj_strategies_next_timer(stage->s), INT64_MAX);
}

static void does_not_trade_against_an_empty_side(void **state)
{
    (void)state;
    stage->now_ns += 2 * SECOND;
    book(20000, 700, 0, 0);
    book(20000, 900, 0, 0);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
}

static void flow_leaves_the_window_bit_by_bit(void **state)
{
    (void)state;
    stage->now_ns += 2 * SECOND;
    book(20000, 560, 20001, 500);
    stage->now_ns += 500 * MS;
    book(20000, 570, 20001, 500);
    stage->now_ns += 600 * MS;
    book(20000, 659, 20001, 500); /* 60 have gone: 10 and 89 are left */
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    book(20000, 660, 20001, 500);
    assert_int_equal(stage_new_intents(stage, NULL), 1);
}

static void a_quantity_above_the_cap_is_refused(void **state)
{
    (void)state;
    char error[SJ_STRATEGIES_ERROR_MAX];
    uint32_t future = FUTURE;
    struct sj_strategy_instance instance = {
        .name = "x", .use = "micro_alpha", .instruments = &future, .instrument_count = 1};
    assert_int_equal(stage_try(stage, &instance, (const char *const[]){"qty=3", NULL}, error),
                     -SJ_E_RANGE);
    assert_string_equal(error, "strategies.x: qty (3) is more than cap (2)");
}

/* --- with trades instead of a book --- */

static void start_tfi(void)
{
    stage_close(stage);
    stage = stage_open(false);
    number = stage_add(stage, "alpha", "micro_alpha", FUTURE,
                       (const char *const[]){"window=1s", "enter=100", "exit=40", "qty=2", "cap=5",
                                             "stop=4", "hold=20s", "cooldown=500ms", "signal=tfi",
                                             NULL});
}

static void trade(double price, uint32_t volume, enum sj_tick_type side)
{
    stage->now_ns += 10 * MS;
    stage_trade(stage, FUTURE, price, volume, side);
}

static void follows_trades_where_there_is_no_book(void **state)
{
    (void)state;
    start_tfi();
    trade(20000, 60, SJ_TICK_BUY);
    trade(20001, 60, SJ_TICK_SELL);
    trade(20001, 99, SJ_TICK_BUY);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    trade(20002, 1, SJ_TICK_BUY);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].side, SJ_SIDE_BUY);
    assert_int_equal(intents[0].price_e6, E6(20002));
    assert_int_equal(intents[0].time_in_force, SJ_ORDER_IOC);
    stage_fill(stage, intents[0].intent_id, 2);
    stage->now_ns += 2 * SECOND;
    trade(20001, 40, SJ_TICK_SELL);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].side, SJ_SIDE_SELL);
    assert_int_equal(intents[0].price_e6, E6(20001));
    assert_int_equal(intents[0].quantity, 2);
}

static void knows_who_took_by_the_tick_rule(void **state)
{
    (void)state;
    start_tfi();
    trade(20000, 500, SJ_TICK_NONE); /* nothing before it: nobody's */
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    trade(19999, 60, SJ_TICK_NONE); /* below: a seller's */
    trade(19999, 40, SJ_TICK_NONE); /* at its price: the same side's */
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].side, SJ_SIDE_SELL);
}

static void a_book_does_not_move_the_flow_of_trades(void **state)
{
    (void)state;
    start_tfi();
    bid_volume = ask_volume = 500;
    book(20000, bid_volume, 20001, ask_volume);
    push(1000);
    assert_int_equal(stage_new_intents(stage, NULL), 0);
    trade(20001, 100, SJ_TICK_BUY);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].price_e6, E6(20001)); /* the ask */
}

int micro_alpha_tests(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_alpha, close_alpha)
    const struct CMUnitTest tests[] = {
        T(takes_the_touch_in_the_direction_of_strong_flow),
        T(one_order_at_a_time_and_a_pause_between_two),
        T(adds_up_to_the_cap_and_no_further),
        T(leaves_when_the_flow_turns),
        T(leaves_at_the_stop_from_the_average_entry),
        T(leaves_when_time_is_up_without_any_event),
        T(does_not_trade_against_an_empty_side),
        T(follows_trades_where_there_is_no_book),
        T(knows_who_took_by_the_tick_rule),
        T(a_book_does_not_move_the_flow_of_trades),
        T(flow_leaves_the_window_bit_by_bit),
        T(a_quantity_above_the_cap_is_refused),
    };
#undef T
    return cmocka_run_group_tests_name("micro_alpha", tests, NULL, NULL);
}
