#include "order_suites.h"

#include "order_world.h"

static void place_is_told_before_it_is_sent_and_carries_its_tag(void **state)
{
    (void)state;
    struct world *world = world_create();
    world_place(world, 63, 5);
    assert_int_equal(world->event_count, 1);
    assert_int_equal(world->events[0].update.state_from, SJ_ORDER_NONE);
    assert_int_equal(world->events[0].update.state_to, SJ_ORDER_PENDING);
    const struct sj_order_request *request = world_sent(world, SJ_REQUEST_PLACE);
    assert_non_null(request);
    assert_string_equal(request->custom_field, "000011");
    assert_int_equal(request->quantity, 5);
    assert_int_equal(request->price_e6, 600000000);
    assert_int_equal(request->request_id, 1);
    world_close(world);
}

static void an_intent_given_twice_is_sent_once(void **state)
{
    (void)state;
    struct world *world = world_create();
    struct sj_intent intent = world_intent(1, 5);
    assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), 0);
    assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), -EEXIST);
    assert_int_equal(world->sent_count, 1);
    world_close(world);
}

static void an_order_the_link_does_not_take_is_rejected_and_never_sent(void **state)
{
    (void)state;
    struct world *world = world_create();
    world->send_rc = -SJ_E_FULL;
    world_place(world, 1, 5);
    assert_int_equal(world_state(world, 1), SJ_ORDER_REJECTED);
    world->send_rc = 0;
    world->now_ns += 100 * SJ_NS_PER_S;
    sj_orders_time(world->orders, world->now_ns);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_PLACE), 0);
    world_close(world);
}

static void open_orders_are_bounded_and_ended_ones_make_room(void **state)
{
    (void)state;
    struct world *world = world_create();
    for (uint64_t id = 1; id <= 64; id++)
        world_place(world, id, 1);
    struct sj_intent intent = world_intent(65, 1);
    assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), -SJ_E_FULL);
    for (uint64_t id = 1; id <= 1000; id++) { /* far more than are kept */
        world->event_count = 0;
        if (id > 64)
            world_place(world, id, 1);
        world_ack(world, id);
        world_say(world, world_deal(id, (uint32_t)id, 1));
        assert_int_equal(world_state(world, id), SJ_ORDER_FILLED);
    }
    world_close(world);
}

static void combos_and_gtx_are_refused_by_name(void **state)
{
    (void)state;
    struct world *world = world_create();
    struct sj_instruments *table;
    assert_int_equal(sj_instruments_create(4, &table), 0);
    struct sj_instrument one = {.code = "TXFL6/TXFA7", .security = SJ_SECURITY_FUT};
    uint32_t id;
    assert_int_equal(sj_instruments_put(table, &one, &id), 0);
    world->instruments = table;
    world_restart(world, NULL, 0);
    struct sj_intent intent = world_intent(1, 1);
    intent.instrument = id;
    assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), 0);
    assert_int_equal(world_state(world, 1), SJ_ORDER_REFUSED);
    assert_string_equal(world->events[0].update.text, "combo orders are not supported");
    intent.intent_id = 2;
    intent.time_in_force = SJ_ORDER_GTX;
    assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), 0);
    assert_non_null(strstr(world->events[1].update.text, "GTX"));
    /* What somebody else does with combos is told by that name. */
    struct sj_order_report deal = world_deal(77, 1, 1);
    deal.flags |= SJ_FLAG_COMBO;
    world->event_count = 0;
    world_say(world, deal);
    assert_int_equal(world->event_count, 1);
    assert_string_equal(world->events[0].update.text, "a combo order, which is not supported");
    assert_int_equal(world->sent_count, 0);
    world_close(world);
    sj_instruments_close(table);
}

static void a_deal_before_the_answer_waits_for_the_id_and_counts_once(void **state)
{
    (void)state;
    struct world *world = world_create();
    world_place(world, 1, 5);
    world_say(world, world_deal(1, 1, 2)); /* a futures deal: no tag, an id we do not know yet */
    assert_int_equal(world_filled(world, 1), 0);
    world_ack(world, 1);
    assert_int_equal(world_filled(world, 1), 2);
    assert_int_equal(world_state(world, 1), SJ_ORDER_PARTIAL);
    world_say(world, world_deal(1, 1, 2));
    assert_int_equal(world_filled(world, 1), 2);
    world_close(world);
}

static void a_cancel_before_the_id_is_known_is_sent_with_it(void **state)
{
    (void)state;
    struct world *world = world_create();
    world_place(world, 1, 5);
    assert_int_equal(world_cancel(world, 1), 0);
    assert_int_equal(world_state(world, 1), SJ_ORDER_CANCELLING);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_CANCEL), 0);
    world_ack(world, 1);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_CANCEL), 1);
    assert_string_equal(world_sent(world, SJ_REQUEST_CANCEL)->order_id, "o1");
    world_say(world, world_report(SJ_REPORT_CANCEL, SJ_REPORT_FROM_STREAM, 1));
    assert_int_equal(world_state(world, 1), SJ_ORDER_CANCELLED);
    world_close(world);
}

static void a_cancel_for_which_the_link_has_no_room_is_sent_later(void **state)
{
    (void)state;
    struct world *world = world_create();
    world_place(world, 1, 5);
    world_ack(world, 1);
    world->send_rc = -SJ_E_FULL;
    assert_int_equal(world_cancel(world, 1), 0);
    world->send_rc = 0;
    assert_int_equal(world_sent_count(world, SJ_REQUEST_CANCEL), 0);
    sj_orders_time(world->orders, world->now_ns);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_CANCEL), 1);
    world_close(world);
}

static void a_cancel_that_is_denied_leaves_the_order_working_and_asks(void **state)
{
    (void)state;
    struct world *world = world_create();
    world_say(world, world_report(SJ_REPORT_LINK_UP, SJ_REPORT_FROM_LOCAL, 0));
    world_list_begin(world);
    world_list_end(world);
    world_place(world, 1, 5);
    world_ack(world, 1);
    assert_int_equal(world_cancel(world, 1), 0);
    struct sj_order_report denied = world_report(SJ_REPORT_CANCEL, SJ_REPORT_FROM_STREAM, 1);
    memcpy(denied.op_code, "99", 2);
    world_say(world, denied);
    assert_int_equal(world_state(world, 1), SJ_ORDER_WORKING);
    world->now_ns += 10 * SJ_NS_PER_S;
    sj_orders_time(world->orders, world->now_ns);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_LIST), 2);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_CANCEL), 1);
    world_close(world);
}

static struct sj_intent change_of(uint64_t target_id, enum sj_intent_kind kind, uint32_t quantity,
                                  int64_t price_e6)
{
    struct sj_intent intent = world_intent(target_id + 5000, quantity);
    intent.target_id = target_id;
    intent.kind = (uint8_t)kind;
    intent.price_e6 = price_e6;
    return intent;
}

static void a_change_of_price_is_sent_and_told_when_accepted(void **state)
{
    (void)state;
    struct world *world = world_create();
    world_place(world, 1, 5);
    world_ack(world, 1);
    struct sj_intent intent = change_of(1, SJ_INTENT_PRICE, 0, 601000000);
    assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), 0);
    assert_int_equal(world_sent(world, SJ_REQUEST_PRICE)->price_e6, 601000000);
    /* Another one meanwhile is denied, not queued. */
    assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), 0);
    assert_int_equal(world->events[world->event_count - 1].update.cause, SJ_INPUT_CHANGE_DENIED);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_PRICE), 1);
    struct sj_order_report priced = world_report(SJ_REPORT_PRICE, SJ_REPORT_FROM_STREAM, 1);
    priced.price_e6 = 601000000;
    world_say(world, priced);
    assert_int_equal(world->events[world->event_count - 1].update.cause, SJ_INPUT_PRICED);
    assert_int_equal(world->events[world->event_count - 1].update.price_e6, 601000000);
    world_close(world);
}

static void a_quantity_goes_down_only_and_says_what_is_left(void **state)
{
    (void)state;
    struct world *world = world_create();
    world_place(world, 1, 5);
    world_ack(world, 1);
    world_say(world, world_deal(1, 1, 1));
    const uint32_t bad[] = {5, 6, 1, 0};
    for (int i = 0; i < 4; i++) {
        struct sj_intent intent = change_of(1, SJ_INTENT_QUANTITY, bad[i], 0);
        assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), 0);
        assert_int_equal(world->events[world->event_count - 1].update.cause,
                         SJ_INPUT_CHANGE_DENIED);
    }
    struct sj_intent intent = change_of(1, SJ_INTENT_QUANTITY, 3, 0);
    assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), 0);
    assert_int_equal(world_sent(world, SJ_REQUEST_QUANTITY)->quantity, 2);
    struct sj_order_report reduced = world_report(SJ_REPORT_QUANTITY, SJ_REPORT_FROM_STREAM, 1);
    reduced.cancelled = 2;
    world_say(world, reduced);
    struct sj_order_view view;
    assert_true(sj_orders_find(world->orders, 1, &view));
    assert_int_equal(view.left, 2);
    world_close(world);
}

static void cancel_all_reaches_every_open_order_of_a_strategy(void **state)
{
    (void)state;
    struct world *world = world_create();
    for (uint64_t id = 1; id <= 10; id++) {
        struct sj_intent intent = world_intent(id, 1);
        intent.strategy = 1 + (uint32_t)(id % 2);
        assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), 0);
        if (id < 9)
            world_ack(world, id);
    }
    assert_int_equal(sj_orders_cancel_all(world->orders, 2, 0, world->now_ns), 5);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_CANCEL), 4); /* one has no id yet */
    world_ack(world, 9);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_CANCEL), 5);
    assert_int_equal(sj_orders_cancel_all(world->orders, 0, 0, world->now_ns), 10);
    uint32_t cursor = 0, open = 0;
    struct sj_order_view view;
    while (sj_orders_open_next(world->orders, &cursor, &view)) {
        assert_int_equal(view.state, SJ_ORDER_CANCELLING);
        open++;
    }
    assert_int_equal(open, 10);
    world_close(world);
}

int order_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(place_is_told_before_it_is_sent_and_carries_its_tag),
        cmocka_unit_test(an_intent_given_twice_is_sent_once),
        cmocka_unit_test(an_order_the_link_does_not_take_is_rejected_and_never_sent),
        cmocka_unit_test(open_orders_are_bounded_and_ended_ones_make_room),
        cmocka_unit_test(combos_and_gtx_are_refused_by_name),
        cmocka_unit_test(a_deal_before_the_answer_waits_for_the_id_and_counts_once),
        cmocka_unit_test(a_cancel_before_the_id_is_known_is_sent_with_it),
        cmocka_unit_test(a_cancel_for_which_the_link_has_no_room_is_sent_later),
        cmocka_unit_test(a_cancel_that_is_denied_leaves_the_order_working_and_asks),
        cmocka_unit_test(a_change_of_price_is_sent_and_told_when_accepted),
        cmocka_unit_test(a_quantity_goes_down_only_and_says_what_is_left),
        cmocka_unit_test(cancel_all_reaches_every_open_order_of_a_strategy),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
