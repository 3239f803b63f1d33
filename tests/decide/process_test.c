/* A strategy in a process of its own: what it may do, and what it cannot, however it tries. */
#include "groups.h"
#include "world.h"

#include <string.h>

static struct sj_intent an_order(const struct world *world, enum sj_side side, int64_t price)
{
    struct sj_intent intent = {.instrument = FUTURE,
                               .exch_ns = world->now_ns,
                               .price_e6 = price * E6,
                               .quantity = 2,
                               .kind = SJ_INTENT_PLACE,
                               .side = (uint8_t)side,
                               .price_type = SJ_ORDER_LMT,
                               .time_in_force = SJ_ORDER_ROD};
    sj_frame_head(&intent, SJ_EVENT_INTENT, sizeof intent);
    return intent;
}

static void ask(struct world *world, struct sj_intent intent)
{
    world_ask(world, (struct sj_frame *)&intent);
}

static void change(struct world *world, enum sj_intent_kind kind, uint64_t target_id)
{
    struct sj_intent intent = an_order(world, SJ_SIDE_BUY, 19999);
    intent.kind = (uint8_t)kind;
    intent.target_id = target_id;
    ask(world, intent);
}

static void say(struct world *world, enum sj_control_kind kind)
{
    struct sj_control control = {.kind = (uint8_t)kind};
    sj_frame_head(&control, SJ_EVENT_CONTROL, sizeof control);
    world_ask(world, (struct sj_frame *)&control);
}

/* The last event of a type; asserts that there is one. */
static const void *last(const struct world *world, uint16_t type)
{
    const struct sj_frame *found = NULL, *event;
    for (size_t at = 0; (event = world_next(&world->own, &at, type));)
        found = event;
    assert_non_null(found);
    return found;
}

static const struct sj_control *last_control(const struct world *world, enum sj_control_kind kind)
{
    const struct sj_frame *event;
    const struct sj_control *found = NULL;
    for (size_t at = 0; (event = world_next(&world->own, &at, SJ_EVENT_CONTROL));)
        if (((const struct sj_control *)event)->kind == kind)
            found = (const struct sj_control *)event;
    return found;
}

static struct world *begin(const char *on_end)
{
    struct world *world = world_create(1);
    assert_int_equal(world_add_process(world, on_end), 1);
    world_ready(world);
    world_book(world, 20000);
    say(world, SJ_CONTROL_ARM);
    return world;
}

static bool is_armed(const struct world *world)
{
    struct sj_strategy_status status;
    assert_int_equal(sj_strategies_status(sj_decide_strategies(world->decide), 1, &status), 0);
    return status.armed;
}

static uint32_t open_count(const struct world *world)
{
    struct sj_decide_status status;
    sj_decide_status(world->decide, &status);
    return status.open_count;
}

static void what_it_asks_for_is_judged_ordered_and_answered_by_its_own_number(void **state)
{
    (void)state;
    struct world *world = begin(NULL);
    const struct sj_control *armed = last_control(world, SJ_CONTROL_ARM);
    assert_int_equal(armed->strategy, 1);
    assert_int_equal(armed->value, 1); /* the sequence of the greeting */
    assert_string_equal(armed->text, "apart");
    ask(world, an_order(world, SJ_SIDE_BUY, 19999));
    const struct sj_intent *intent = last(world, SJ_EVENT_INTENT);
    const struct sj_verdict *verdict = last(world, SJ_EVENT_VERDICT);
    assert_int_equal(intent->strategy, 1);
    assert_int_equal(intent->origin_src, USER);
    assert_int_equal(intent->origin_seq, 2);
    assert_int_equal(verdict->accepted, 1);
    assert_int_equal(verdict->intent_id, intent->intent_id);
    assert_int_equal(verdict->origin_src, USER);
    assert_int_equal(verdict->origin_seq, 2);
    world_answer(world);
    assert_int_equal(world->placed, 1);
    world_deal(world, &world->orders[0], 1);
    const struct sj_fill *fill = last(world, SJ_EVENT_FILL);
    assert_int_equal(fill->strategy, 1);
    assert_int_equal(fill->intent_id, intent->intent_id);
    const struct sj_order_update *update = last(world, SJ_EVENT_ORDER);
    assert_int_equal(update->side, SJ_SIDE_BUY);
    change(world, SJ_INTENT_CANCEL, intent->intent_id);
    world_answer(world);
    assert_int_equal(world->cancels, 1);
    assert_int_equal(open_count(world), 0);
    change(world, SJ_INTENT_CANCEL, fill->intent_id); /* too late: no nonsense, but an answer */
    verdict = last(world, SJ_EVENT_VERDICT);
    assert_int_equal(verdict->accepted, 0);
    assert_string_equal(verdict->check_name, "order_ended");
    assert_true(is_armed(world));
    world_done(world);
}

static void nothing_is_taken_before_it_greets(void **state)
{
    (void)state;
    struct world *world = world_create(1);
    world_add_process(world, NULL);
    world_ready(world);
    world_book(world, 20000);
    assert_false(is_armed(world));
    ask(world, an_order(world, SJ_SIDE_BUY, 19999));
    const struct sj_verdict *verdict = last(world, SJ_EVENT_VERDICT);
    assert_string_equal(verdict->check_name, "not_greeted");
    assert_int_equal(verdict->intent_id, 0);
    assert_int_equal(verdict->origin_seq, 1);
    assert_int_equal(world_count(&world->own, SJ_EVENT_INTENT), 0);
    say(world, SJ_CONTROL_ARM);
    ask(world, an_order(world, SJ_SIDE_BUY, 19999));
    assert_int_equal(world_count(&world->own, SJ_EVENT_INTENT), 1);
    world_done(world);
}

/* One event of each kind of nonsense; each is answered by name, and nothing of it gets out. */
static void nonsense_is_answered_by_name_and_disarms_in_the_end(void **state)
{
    (void)state;
    struct {
        const char *name;
        struct sj_intent intent;
    } cases[16];
    uint32_t count = 0;
    struct world *world = begin(NULL);
    const struct sj_intent good = an_order(world, SJ_SIDE_BUY, 19999);
#define CASE(text, field, what)                                                                    \
    cases[count].name = text;                                                                      \
    cases[count].intent = good;                                                                    \
    cases[count++].intent.field = what
    CASE("foreign_strategy", strategy, 7);
    CASE("bad_kind", kind, 200);
    CASE("unknown_instrument", instrument, 9);
    CASE("unknown_instrument", instrument, UINT32_MAX);
    CASE("bad_side", side, 3);
    CASE("bad_price_type", price_type, 0);
    CASE("zero_quantity", quantity, 0);
    CASE("huge_quantity", quantity, UINT32_MAX);
    CASE("null_price", price_e6, SJ_NULL_E6);
    CASE("huge_price", price_e6, INT64_MAX);
#undef CASE
    for (uint32_t i = 0; i < count; i++) {
        assert_true(is_armed(world));
        ask(world, cases[i].intent);
        const struct sj_verdict *verdict = last(world, SJ_EVENT_VERDICT);
        assert_int_equal(verdict->accepted, 0);
        assert_string_equal(verdict->check_name, cases[i].name);
        assert_int_equal(verdict->origin_seq, world->asked.seq);
    }
    assert_int_equal(world_count(&world->own, SJ_EVENT_INTENT), 0);
    assert_false(is_armed(world)); /* ten of them */
    assert_int_equal(last_control(world, SJ_CONTROL_DISARM)->source, SJ_CONTROL_BY_PROCESS);
    world_pass(world, SJ_NS_PER_S);
    say(world, SJ_CONTROL_ARM); /* what it did is not forgiven */
    assert_false(is_armed(world));
    ask(world, good);
    assert_int_equal(world_count(&world->own, SJ_EVENT_INTENT), 0);
    world_done(world);
}

static void an_order_of_another_strategy_cannot_be_touched(void **state)
{
    (void)state;
    struct world *world = world_create(1);
    world_add_process(world, NULL);
    world_begin(world, "1s"); /* and touch_quoter */
    say(world, SJ_CONTROL_ARM);
    world_book(world, 20000);
    world_pass(world, SJ_NS_PER_S);
    world_answer(world);
    assert_int_equal(world->placed, 2);
    change(world, SJ_INTENT_CANCEL, world->orders[0].request.intent_id);
    const struct sj_verdict *verdict = last(world, SJ_EVENT_VERDICT);
    assert_string_equal(verdict->check_name, "foreign_order");
    assert_int_equal(open_count(world), 2);
    world_done(world);
}

static void an_order_that_waited_too_long_is_not_sent(void **state)
{
    (void)state;
    struct world *world = begin(NULL);
    struct sj_intent old = an_order(world, SJ_SIDE_BUY, 19999);
    old.exch_ns -= SJ_NS_PER_S + 1;
    ask(world, old);
    assert_string_equal(((const struct sj_verdict *)last(world, SJ_EVENT_VERDICT))->check_name,
                        "too_old");
    old.exch_ns = INT64_MIN;
    ask(world, old);
    assert_int_equal(world_count(&world->own, SJ_EVENT_INTENT), 0);
    assert_true(is_armed(world));
    world_done(world);
}

static void silence(struct world *world)
{
    struct sj_control control = {
        .kind = SJ_CONTROL_DISARM, .source = SJ_CONTROL_BY_DEAD_MAN, .strategy = 1};
    sj_decide_control(world->decide, &control, world->now_ns);
}

static void when_its_process_ends_what_works_is_cancelled_and_a_new_one_begins_anew(void **state)
{
    (void)state;
    for (int silent = 0; silent < 2; silent++) {
        struct world *world = begin(NULL);
        ask(world, an_order(world, SJ_SIDE_BUY, 19999));
        world_answer(world);
        if (silent)
            silence(world);
        else
            say(world, SJ_CONTROL_DISARM);
        assert_false(is_armed(world));
        world_answer(world);
        assert_int_equal(world->cancels, 1);
        assert_int_equal(open_count(world), 0);
        world_pass(world, SJ_NS_PER_S);
        say(world, SJ_CONTROL_ARM);
        assert_true(is_armed(world));
        ask(world, an_order(world, SJ_SIDE_BUY, 19999));
        world_answer(world);
        assert_int_equal(world->placed, 2);
        world_done(world);
    }
}

static void one_that_keeps_its_orders_is_told_them_when_it_comes_back(void **state)
{
    (void)state;
    struct world *world = begin("keep");
    ask(world, an_order(world, SJ_SIDE_BUY, 19999));
    world_answer(world);
    world_deal(world, &world->orders[0], 1);
    silence(world);
    world_answer(world);
    assert_false(is_armed(world));
    assert_int_equal(open_count(world), 1);
    ask(world, an_order(world, SJ_SIDE_BUY, 19998));
    assert_string_equal(((const struct sj_verdict *)last(world, SJ_EVENT_VERDICT))->check_name,
                        "not_greeted");
    world_pass(world, SJ_NS_PER_S);
    uint32_t told = world_count(&world->own, SJ_EVENT_ORDER);
    say(world, SJ_CONTROL_ARM);
    assert_int_equal(world_count(&world->own, SJ_EVENT_ORDER), told + 1);
    const struct sj_order_update *update = last(world, SJ_EVENT_ORDER);
    assert_int_equal(update->state_to, SJ_ORDER_PARTIAL);
    assert_int_equal(update->filled, 1);
    const struct sj_position_snapshot *position = last(world, SJ_EVENT_POSITION);
    assert_int_equal(position->strategy, 1);
    assert_int_equal(position->own_quantity, 1);
    assert_string_equal(((const struct sj_strategy_stats *)last(world, SJ_EVENT_STATS))->name,
                        "apart");
    change(world, SJ_INTENT_CANCEL, update->intent_id);
    world_answer(world);
    assert_int_equal(open_count(world), 0);
    world_done(world);
}

static void greetings_without_end_are_answered_now_and_then(void **state)
{
    (void)state;
    struct world *world = begin(NULL);
    size_t before = world_count(&world->own, SJ_EVENT_CONTROL);
    for (int i = 0; i < 1000; i++)
        say(world, SJ_CONTROL_ARM);
    assert_int_equal(world_count(&world->own, SJ_EVENT_CONTROL), before);
    world_done(world);
}

static void what_it_may_not_say_is_ignored(void **state)
{
    (void)state;
    struct world *world = begin(NULL);
    ask(world, an_order(world, SJ_SIDE_BUY, 19999));
    world_answer(world);
    say(world, SJ_CONTROL_RESUME);
    say(world, SJ_CONTROL_KILL);
    say(world, SJ_CONTROL_PANIC);
    struct sj_trade trade = {.instrument = FUTURE, .price_e6 = E6, .volume = 1};
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof trade);
    world_ask(world, (struct sj_frame *)&trade);
    struct sj_decide_status status;
    sj_decide_status(world->decide, &status);
    assert_false(status.killed);
    assert_int_equal(sj_strategies_top(sj_decide_strategies(world->decide), FUTURE)->last_e6,
                     SJ_NULL_E6);
    world_done(world);
}

static void events_that_were_lost_disarm_it(void **state)
{
    (void)state;
    struct world *world = begin("keep");
    ask(world, an_order(world, SJ_SIDE_BUY, 19999));
    world_answer(world);
    sj_decide_lost(world->decide, USER, 5, world->now_ns);
    world_answer(world);
    assert_false(is_armed(world));
    assert_int_equal(open_count(world), 0);
    world_done(world);
}

static void the_kill_switch_holds_for_it_too(void **state)
{
    (void)state;
    struct world *world = begin(NULL);
    ask(world, an_order(world, SJ_SIDE_BUY, 19999));
    world_answer(world);
    world_control(world, SJ_CONTROL_KILL, SJ_CONTROL_BY_COMMAND);
    world_pass(world, SJ_NS_PER_MS);
    world_answer(world);
    assert_int_equal(open_count(world), 0);
    ask(world, an_order(world, SJ_SIDE_BUY, 19999));
    const struct sj_verdict *verdict = last(world, SJ_EVENT_VERDICT);
    assert_int_equal(verdict->accepted, 0);
    assert_true(verdict->intent_id != 0);
    world_answer(world);
    assert_int_equal(world->placed, 1);
    world_done(world);
}

/* Everything at once, seeded; an order now and then is of the sort that makes no sense. */
static void live_through(struct world *world, uint32_t turns)
{
    for (uint32_t i = 0; i < turns; i++) {
        world_book(world, 20000 + (int64_t)sj_rng_below(&world->rng, 5));
        struct sj_intent intent =
            an_order(world, sj_rng_below(&world->rng, 2) ? SJ_SIDE_BUY : SJ_SIDE_SELL,
                     19990 + (int64_t)sj_rng_below(&world->rng, 20));
        if (sj_rng_below(&world->rng, 60) == 0)
            intent.quantity = 0;
        ask(world, intent);
        if (world->order_count && sj_rng_below(&world->rng, 2))
            change(world, (enum sj_intent_kind)(2 + sj_rng_below(&world->rng, 3)),
                   world->orders[sj_rng_below(&world->rng, world->order_count)].request.intent_id);
        if (sj_rng_below(&world->rng, 3))
            world_answer(world);
        for (uint32_t k = 0; k < world->order_count; k++)
            if (world->orders[k].open && sj_rng_below(&world->rng, 4) == 0)
                world_deal(world, &world->orders[k], 1);
        world_pass(world, (int64_t)sj_rng_below(&world->rng, 300) * SJ_NS_PER_MS);
        if (i % 50 == 20)
            silence(world);
        if (i % 50 == 45)
            say(world, SJ_CONTROL_DISARM);
        if (i % 10 == 0)
            say(world, SJ_CONTROL_ARM);
    }
}

/* What statistics say of times is of the machine. */
static void equal_but_for_times(const struct world *world, const struct world *again, uint64_t seed)
{
    bool equal = world->own.size == again->own.size;
    for (size_t at = 0; equal && at < world->own.size;) {
        const struct sj_frame *event = (const struct sj_frame *)(world->own.bytes + at);
        size_t size = sj_frame_size(event);
        equal =
            event->template_id == SJ_EVENT_STATS || memcmp(event, again->own.bytes + at, size) == 0;
        at += size;
    }
    if (!equal)
        fail_msg("seed %llu: another history", (unsigned long long)seed);
}

static void the_same_words_again_give_the_same_bytes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *world = world_create(seed);
        const char *on_end = seed % 2 ? "keep" : NULL;
        world_add_process(world, on_end);
        world_ready(world);
        live_through(world, 200);
        assert_true(world_count(&world->own, SJ_EVENT_INTENT) > 20);
        assert_true(world_count(&world->own, SJ_EVENT_FILL) > 5);
        struct world *again = world_create(0);
        again->mute = true;
        world_add_process(again, on_end);
        world_feed_again(again, world);
        equal_but_for_times(world, again, seed);
        world_done(again);
        world_done(world);
    }
}

int sj_test_decide_process(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_asks_for_is_judged_ordered_and_answered_by_its_own_number),
        cmocka_unit_test(nothing_is_taken_before_it_greets),
        cmocka_unit_test(nonsense_is_answered_by_name_and_disarms_in_the_end),
        cmocka_unit_test(an_order_of_another_strategy_cannot_be_touched),
        cmocka_unit_test(an_order_that_waited_too_long_is_not_sent),
        cmocka_unit_test(when_its_process_ends_what_works_is_cancelled_and_a_new_one_begins_anew),
        cmocka_unit_test(one_that_keeps_its_orders_is_told_them_when_it_comes_back),
        cmocka_unit_test(greetings_without_end_are_answered_now_and_then),
        cmocka_unit_test(what_it_may_not_say_is_ignored),
        cmocka_unit_test(events_that_were_lost_disarm_it),
        cmocka_unit_test(the_kill_switch_holds_for_it_too),
        cmocka_unit_test(the_same_words_again_give_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
