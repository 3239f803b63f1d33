#include "groups.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sj_frame *first(const struct world *world, uint16_t type)
{
    size_t at = 0;
    const struct sj_frame *event = world_next(&world->own, &at, type);
    assert_non_null(event);
    return event;
}

static void quote_once(struct world *world)
{
    world_book(world, 20000);
    world_pass(world, SJ_NS_PER_S); /* touch_quoter's first step */
}

static void an_intent_is_written_then_judged_then_ordered_then_sent(void **state)
{
    (void)state;
    struct world *world = world_create(1);
    world_begin(world, "1s");
    quote_once(world);
    assert_int_equal(world->pending_count, 2); /* a buy and a sell, not yet answered */
    const struct sj_frame *intent = first(world, SJ_EVENT_INTENT);
    const struct sj_frame *verdict = first(world, SJ_EVENT_VERDICT);
    const struct sj_frame *order = first(world, SJ_EVENT_ORDER);
    assert_true(intent->seq < verdict->seq && verdict->seq < order->seq);
    const struct sj_order_request *request = &world->pending[0];
    assert_int_equal(request->intent_id, ((const struct sj_intent *)intent)->intent_id);
    assert_memory_equal(request->custom_field, ((const struct sj_intent *)intent)->custom_field, 8);
    world_answer(world);
    assert_int_equal(world->placed, 2);
    world_done(world);
}

static void no_order_leaves_before_the_broker_told_its_orders(void **state)
{
    (void)state;
    struct world *world = world_create(2);
    world_begin(world, "1s");
    world_report(world, SJ_REPORT_LINK_DOWN, SJ_REPORT_FROM_LOCAL);
    world->pending_count = 0;
    quote_once(world);
    for (uint32_t i = 0; i < world->pending_count; i++)
        assert_int_not_equal(world->pending[i].kind, SJ_REQUEST_PLACE);
    const struct sj_verdict *verdict = (const struct sj_verdict *)first(world, SJ_EVENT_VERDICT);
    assert_int_equal(verdict->accepted, 0);
    assert_string_equal(verdict->check_name, "feed");
    world_report(world, SJ_REPORT_LINK_UP, SJ_REPORT_FROM_LOCAL);
    world_answer(world);
    world_pass(world, SJ_NS_PER_S);
    world_answer(world);
    assert_int_equal(world->placed, 2);
    world_done(world);
}

static void a_ring_that_takes_no_more_stops_new_orders(void **state)
{
    (void)state;
    struct world *world = world_create(3);
    world_begin(world, "1s");
    world_book(world, 20000);
    world->ring_full = true;
    world_pass(world, SJ_NS_PER_S);
    assert_int_equal(world->pending_count, 0);
    assert_int_equal(world->trips, 1);
    struct sj_decide_status status;
    sj_decide_status(world->decide, &status);
    assert_true(status.unpublished_count > 0);
    /* When it takes events again trading stays stopped until somebody lifts it. */
    world->ring_full = false;
    world_pass(world, SJ_NS_PER_S);
    assert_int_equal(world->pending_count, 0);
    world_control(world, SJ_CONTROL_RESUME, SJ_CONTROL_BY_COMMAND);
    world_pass(world, SJ_NS_PER_S);
    world_answer(world);
    assert_int_equal(world->placed, 2);
    world_done(world);
}

static void a_kill_cancels_what_works_and_only_a_resume_lifts_it(void **state)
{
    (void)state;
    struct world *world = world_create(4);
    world_begin(world, "1s");
    quote_once(world);
    world_answer(world);
    world_control(world, SJ_CONTROL_KILL, SJ_CONTROL_BY_COMMAND);
    world_pass(world, SJ_NS_PER_MS);
    world_answer(world);
    struct sj_decide_status status;
    sj_decide_status(world->decide, &status);
    assert_int_equal(status.open_count, 0);
    assert_int_equal(world->cancels, 2);
    world_pass(world, 5 * SJ_NS_PER_S);
    world_answer(world);
    assert_int_equal(world->placed, 2);
    world_control(world, SJ_CONTROL_RESUME, SJ_CONTROL_BY_COMMAND);
    world_pass(world, 2 * SJ_NS_PER_S);
    world_answer(world);
    assert_true(world->placed > 2);
    world_done(world);
}

static void a_panic_ends_when_the_broker_says_that_nothing_is_held(void **state)
{
    (void)state;
    struct world *world = world_create(5);
    world_begin(world, "1s");
    quote_once(world);
    world_answer(world);
    world_deal(world, &world->orders[0], 2);
    assert_int_equal(world->position, 2);
    world_control(world, SJ_CONTROL_PANIC, SJ_CONTROL_BY_COMMAND);
    for (int i = 0; i < 40 && world->panics_done == 0; i++) {
        uint32_t asked = world->account_asked;
        world_pass(world, 100 * SJ_NS_PER_MS);
        world_answer(world);
        if (world->account_asked != asked)
            world_snapshot(world);
    }
    assert_int_equal(world->panics_done, 1);
    assert_int_equal(world->position, 0);
    struct sj_decide_status status;
    sj_decide_status(world->decide, &status);
    assert_true(status.killed && !status.panicking);
    assert_int_equal(status.open_count, 0);
    world_done(world);
}

/* A session with everything in it. */
static void live_through(struct world *world, uint32_t turns)
{
    int64_t mid = 20000;
    for (uint32_t i = 0; i < turns; i++) {
        for (uint64_t books = world->singly ? 1 + sj_rng_below(&world->rng, 4) : 1; books > 0;
             books--) {
            mid += (int64_t)sj_rng_below(&world->rng, 5) - 2;
            world_book(world, mid);
        }
        world_pass(world, (int64_t)sj_rng_below(&world->rng, 700) * SJ_NS_PER_MS);
        if (sj_rng_below(&world->rng, 3))
            world_answer(world);
        for (uint32_t k = 0; k < world->order_count; k++)
            if (world->orders[k].open && sj_rng_below(&world->rng, 4) == 0)
                world_deal(world, &world->orders[k], 1);
        if (i % 50 == 20)
            world_control(world, SJ_CONTROL_KILL, SJ_CONTROL_BY_HTTP);
        if (i % 50 == 30)
            world_control(world, SJ_CONTROL_RESUME, SJ_CONTROL_BY_COMMAND);
        if (i % 40 == 10)
            world_report(world, SJ_REPORT_LINK_DOWN, SJ_REPORT_FROM_LOCAL);
        if (i % 40 == 13)
            world_report(world, SJ_REPORT_LINK_UP, SJ_REPORT_FROM_LOCAL);
        if (i % 10 == 5)
            world_snapshot(world);
    }
}

static void check_again(bool singly)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *world = world_create(seed);
        world->singly = world->taker = singly;
        world_begin(world, "1s");
        live_through(world, 200);
        sj_decide_note(world->decide);
        assert_true(world_count(&world->own, SJ_EVENT_INTENT) > 20);
        assert_true(world_count(&world->own, SJ_EVENT_FILL) > 5);
        struct world *again = world_again(world);
        world_feed_again(again, world);
        if (again->own.size != world->own.size ||
            memcmp(again->own.bytes, world->own.bytes, world->own.size) != 0)
            fail_msg("seed %llu: another history", (unsigned long long)seed);
        world_done(again);
        world_done(world);
    }
}

static void the_same_inputs_again_give_the_same_bytes(void **state)
{
    (void)state;
    check_again(false);
}

static void inputs_taken_one_by_one_give_the_same_bytes_by_their_notes(void **state)
{
    (void)state;
    check_again(true);
}

/* What a process that is killed now leaves behind explains every intent of it. */
static void an_event_taken_singly_is_noted_before_what_follows_from_it(void **state)
{
    (void)state;
    struct world *world = world_create(9);
    world->singly = world->taker = true;
    world_begin(world, "1h");
    for (int i = 0; i < 4; i++)
        world_book(world, 20000 + i);
    size_t at = 0;
    uint64_t noted = 0;
    static const uint64_t expected[][2] = {{1, 1}, {2, 4}}; /* events 1 and 4 bring an order */
    for (int i = 0; i < 2; i++) {
        const struct sj_drained *note =
            (const struct sj_drained *)world_next(&world->own, &at, SJ_EVENT_DRAINED);
        assert_non_null(note);
        assert_int_equal(note->first_seq, expected[i][0]);
        assert_int_equal(note->last_seq, expected[i][1]);
        size_t next = at;
        const struct sj_frame *intent = world_next(&world->own, &next, SJ_EVENT_INTENT);
        assert_non_null(intent);
        assert_int_equal(intent->seq, note->seq + 1);
        noted += note->count;
    }
    assert_int_equal(noted, 4);
    sj_decide_note(world->decide);
    assert_null(world_next(&world->own, &at, SJ_EVENT_DRAINED));
    world_done(world);
}

static uint32_t kills(const struct world *world)
{
    size_t at = 0;
    uint32_t count = 0;
    const struct sj_frame *event;
    while ((event = world_next(&world->own, &at, SJ_EVENT_CONTROL)))
        count += ((const struct sj_control *)event)->kind == SJ_CONTROL_KILL;
    return count;
}

static void a_silent_market_stops_new_orders_or_kills_as_configured(void **state)
{
    (void)state;
    for (int deadly = 0; deadly < 2; deadly++) {
        struct world *world = world_watched(12, 5 * SJ_NS_PER_S, deadly);
        world_begin(world, "1s");
        quote_once(world);
        world_answer(world);
        assert_int_equal(world->placed, 2);
        world_pass(world, 10 * SJ_NS_PER_S);
        world_answer(world);
        assert_int_equal(kills(world), deadly);
        assert_int_equal(world->trips, deadly);
        uint32_t placed = world->placed;
        world_book(world, 20010); /* data is back */
        world_pass(world, 2 * SJ_NS_PER_S);
        world_answer(world);
        assert_int_equal(world->placed > placed, !deadly);
        struct sj_decide_status status;
        sj_decide_status(world->decide, &status);
        assert_int_equal(status.killed, deadly);
        if (deadly)
            assert_int_equal(status.open_count, 0);
        world_done(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_intent_is_written_then_judged_then_ordered_then_sent),
        cmocka_unit_test(no_order_leaves_before_the_broker_told_its_orders),
        cmocka_unit_test(a_ring_that_takes_no_more_stops_new_orders),
        cmocka_unit_test(a_kill_cancels_what_works_and_only_a_resume_lifts_it),
        cmocka_unit_test(a_panic_ends_when_the_broker_says_that_nothing_is_held),
        cmocka_unit_test(the_same_inputs_again_give_the_same_bytes),
        cmocka_unit_test(inputs_taken_one_by_one_give_the_same_bytes_by_their_notes),
        cmocka_unit_test(an_event_taken_singly_is_noted_before_what_follows_from_it),
        cmocka_unit_test(a_silent_market_stops_new_orders_or_kills_as_configured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + sj_test_decide_process();
}
