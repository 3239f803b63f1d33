#include "order_suites.h"

#include "order_world.h"

static struct world *world_connected(void)
{
    struct world *world = world_create();
    world_say(world, world_report(SJ_REPORT_LINK_UP, SJ_REPORT_FROM_LOCAL, 0));
    world_list_begin(world);
    world_list_end(world);
    return world;
}

/* The answer to the place of an order does not come. */
static void lose_answer(struct world *world, uint64_t intent_id)
{
    struct sj_order_report lost = world_report(SJ_REPORT_TIMEOUT, SJ_REPORT_FROM_LOCAL, 0);
    lost.order_id[0] = '\0';
    for (uint32_t i = 0; i < world->sent_count; i++)
        if (world->sent[i].intent_id == intent_id && world->sent[i].kind == SJ_REQUEST_PLACE)
            lost.request_id = world->sent[i].request_id;
    world_say(world, lost);
}

static void later(struct world *world, int64_t seconds)
{
    world->now_ns += seconds * SJ_NS_PER_S;
    sj_orders_time(world->orders, world->now_ns);
}

static void a_lost_answer_is_followed_by_a_list_and_never_by_another_order(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    lose_answer(world, 1);
    assert_int_equal(world_state(world, 1), SJ_ORDER_UNKNOWN);
    later(world, 10);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_LIST), 2);
    world_list_begin(world);
    struct sj_order_report listed = world_listed(1, 5, SJ_BROKER_PART_FILLED, 2);
    sj_order_tag(1, listed.custom_field);
    world_say(world, listed);
    world_say(world, world_listed_deal(1, 7, 2));
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_PARTIAL);
    assert_int_equal(world_filled(world, 1), 2);
    world_say(world, world_deal(1, 7, 2)); /* its report, late */
    assert_int_equal(world_filled(world, 1), 2);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_PLACE), 1);
    world_close(world);
}

static void an_order_absent_from_a_list_asked_for_after_it_settled_never_arrived(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    lose_answer(world, 1);
    later(world, 1);
    world_list_begin(world);
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_UNKNOWN); /* too early to say */
    later(world, 6);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_LIST), 3);
    world_list_begin(world);
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_REJECTED);
    assert_string_equal(world->events[world->event_count - 1].update.text, "it never arrived");
    /* And should it live after all, the broker is asked, and it is no new order. */
    struct sj_order_report deal = world_deal(1, 1, 1);
    sj_order_tag(1, deal.custom_field);
    world_say(world, deal);
    assert_int_equal(world_state(world, 1), SJ_ORDER_PARTIAL);
    assert_int_equal(world_filled(world, 1), 1);
    later(world, 2);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_LIST), 4);
    world_close(world);
}

static void an_order_whose_request_is_still_open_is_not_given_up_for_absent(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    later(world, 20);
    world_list_begin(world);
    world_list_end(world);
    later(world, 20);
    world_list_begin(world);
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_UNKNOWN);
    world_close(world);
}

static void an_untagged_order_is_found_by_its_terms_where_they_are_unique(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    lose_answer(world, 1);
    later(world, 10);
    world_list_begin(world);
    world_say(world, world_listed(77, 5, SJ_BROKER_SUBMITTED, 0));
    world_say(world, world_listed(78, 6, SJ_BROKER_SUBMITTED, 0)); /* another quantity */
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_WORKING);
    struct sj_order_view view;
    assert_true(sj_orders_find(world->orders, 1, &view));
    assert_string_equal(view.order_id, "o77");
    assert_int_equal(world_controls(world, SJ_CONTROL_BLOCK), 0);
    world_close(world);
}

static void an_order_that_two_of_the_list_could_be_blocks_its_instrument(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    lose_answer(world, 1);
    later(world, 10);
    world_list_begin(world);
    world_say(world, world_listed(77, 5, SJ_BROKER_SUBMITTED, 0));
    world_say(world, world_listed(78, 5, SJ_BROKER_SUBMITTED, 0));
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_UNKNOWN);
    assert_true(sj_orders_blocked(world->orders, 1));
    assert_int_equal(world_controls(world, SJ_CONTROL_BLOCK), 1);
    later(world, 2); /* it is asked again, and lifted once it is clear */
    world_list_begin(world);
    world_say(world, world_listed(77, 5, SJ_BROKER_SUBMITTED, 0));
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_WORKING);
    assert_int_equal(world_controls(world, SJ_CONTROL_UNBLOCK), 1);
    assert_false(sj_orders_blocked(world->orders, 1));
    world_close(world);
}

static void one_listed_order_that_two_of_ours_could_be_blocks_too(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    world_place(world, 2, 5);
    lose_answer(world, 1);
    lose_answer(world, 2);
    later(world, 10);
    world_list_begin(world);
    world_say(world, world_listed(77, 5, SJ_BROKER_SUBMITTED, 0));
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_UNKNOWN);
    assert_int_equal(world_state(world, 2), SJ_ORDER_UNKNOWN);
    assert_int_equal(world_controls(world, SJ_CONTROL_BLOCK), 1); /* one instrument, once */
    world_close(world);
}

static void a_confirmed_order_that_the_list_lacks_blocks_its_instrument(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    world_ack(world, 1);
    later(world, 10);
    assert_int_equal(sj_orders_reconcile(world->orders, world->now_ns), 0);
    world_list_begin(world);
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_UNKNOWN);
    assert_true(sj_orders_blocked(world->orders, 1));
    world_say(world, world_report(SJ_REPORT_CANCEL, SJ_REPORT_FROM_STREAM, 1));
    assert_int_equal(world_state(world, 1), SJ_ORDER_CANCELLED);
    assert_false(sj_orders_blocked(world->orders, 1));
    world_close(world);
}

static void an_order_of_a_session_that_is_over_has_ended_with_it(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    world_ack(world, 1);
    later(world, 24 * 3600);
    assert_int_equal(sj_orders_reconcile(world->orders, world->now_ns), 0);
    world_list_begin(world);
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_CANCELLED);
    assert_false(sj_orders_blocked(world->orders, 1));
    world_close(world);
}

static void two_deals_of_equal_terms_are_two_though_one_report_was_lost(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    world_ack(world, 1);
    world_say(world, world_deal(1, 7, 1)); /* 6 was lost */
    assert_int_equal(sj_orders_reconcile(world->orders, world->now_ns), 0);
    world_list_begin(world);
    world_say(world, world_listed(1, 5, SJ_BROKER_PART_FILLED, 2));
    world_say(world, world_listed_deal(1, 6, 1));
    world_say(world, world_listed_deal(1, 7, 1));
    world_list_end(world);
    assert_int_equal(world_filled(world, 1), 2);
    world_say(world, world_deal(1, 8, 1)); /* a third one, of the stream: not the adopted one */
    assert_int_equal(world_filled(world, 1), 3);
    world_close(world);
}

static void a_list_that_numbers_deals_otherwise_adds_none_twice(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    world_ack(world, 1);
    world_say(world, world_deal(1, 1007, 1));
    world_say(world, world_deal(1, 1008, 1));
    assert_int_equal(sj_orders_reconcile(world->orders, world->now_ns), 0);
    world_list_begin(world);
    world_say(world, world_listed(1, 5, SJ_BROKER_PART_FILLED, 3));
    for (uint32_t number = 1; number <= 3; number++)
        world_say(world, world_listed_deal(1, number, 1));
    world_list_end(world);
    assert_int_equal(world_filled(world, 1), 3);
    world_say(world, world_deal(1, 1009, 1)); /* the report of the one that was adopted */
    assert_int_equal(world_filled(world, 1), 3);
    world_close(world);
}

static void orders_of_others_are_told_once_and_block_nothing(void **state)
{
    (void)state;
    struct world *world = world_connected();
    for (int round = 0; round < 3; round++) {
        world->now_ns += 5 * SJ_NS_PER_S;
        assert_int_equal(sj_orders_reconcile(world->orders, world->now_ns), 0);
        world_list_begin(world);
        world_say(world, world_listed(500, 5, SJ_BROKER_SUBMITTED, 0));
        world_list_end(world);
    }
    assert_int_equal(world->event_count, 1);
    assert_int_equal(world->events[0].update.cause, SJ_INPUT_FOREIGN);
    assert_int_equal(world->events[0].update.intent_id, 0);
    assert_false(sj_orders_blocked(world->orders, 1));
    world_close(world);
}

static void a_working_order_with_a_tag_that_no_intent_explains_blocks_until_it_ends(void **state)
{
    (void)state;
    struct world *world = world_connected();
    struct sj_order_report listed = world_listed(500, 5, SJ_BROKER_SUBMITTED, 0);
    sj_order_tag(123456, listed.custom_field);
    for (int round = 0; round < 3; round++) {
        world->now_ns += 5 * SJ_NS_PER_S;
        assert_int_equal(sj_orders_reconcile(world->orders, world->now_ns), 0);
        world_list_begin(world);
        listed.broker_status = round < 2 ? SJ_BROKER_SUBMITTED : SJ_BROKER_CANCELLED;
        world_say(world, listed);
        world_list_end(world);
        assert_int_equal(sj_orders_blocked(world->orders, 1), round < 2);
    }
    assert_int_equal(world_controls(world, SJ_CONTROL_BLOCK), 1);
    assert_int_equal(world_controls(world, SJ_CONTROL_UNBLOCK), 1);
    world_close(world);
}

static void a_restart_finds_its_orders_again_and_sends_none(void **state)
{
    (void)state;
    struct world *world = world_connected();
    struct sj_intent intents[3];
    for (uint32_t i = 0; i < 3; i++)
        intents[i] = world_intent(i + 1, 5);
    world_place(world, 1, 5);
    world_ack(world, 1);
    world_say(world, world_deal(1, 1, 2));
    world_place(world, 2, 5); /* sent, no answer yet; 3: accepted, the kill came before the rest */
    world->sent_count = 0;
    world_restart(world, intents, 3);
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(world_state(world, id), SJ_ORDER_UNKNOWN);
    world->event_count = 0;
    later(world, 10);
    world_say(world, world_report(SJ_REPORT_LINK_UP, SJ_REPORT_FROM_LOCAL, 0));
    world_list_begin(world);
    struct sj_order_report listed = world_listed(1, 5, SJ_BROKER_PART_FILLED, 3);
    world_say(world, listed);
    world_say(world, world_listed_deal(1, 1, 2));
    world_say(world, world_listed_deal(1, 2, 1));
    listed = world_listed(2, 5, SJ_BROKER_FILLED, 5);
    sj_order_tag(2, listed.custom_field);
    world_say(world, listed);
    world_say(world, world_listed_deal(2, 3, 5));
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_PARTIAL);
    assert_int_equal(world_filled(world, 1), 1); /* the one that fell into the hole */
    assert_int_equal(world_state(world, 2), SJ_ORDER_FILLED);
    assert_int_equal(world_state(world, 3), SJ_ORDER_REJECTED);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_PLACE), 0);
    world_close(world);
}

static void a_cancel_under_way_at_the_kill_is_asked_for_again_after_it(void **state)
{
    (void)state;
    struct world *world = world_connected();
    struct sj_intent intent = world_intent(1, 5);
    world_place(world, 1, 5);
    world_ack(world, 1);
    assert_int_equal(world_cancel(world, 1), 0);
    world->sent_count = 0;
    world_restart(world, &intent, 1);
    world_say(world, world_report(SJ_REPORT_LINK_UP, SJ_REPORT_FROM_LOCAL, 0));
    world_list_begin(world);
    world_say(world, world_listed(1, 5, SJ_BROKER_SUBMITTED, 0));
    world_list_end(world);
    assert_int_equal(world_state(world, 1), SJ_ORDER_CANCELLING);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_CANCEL), 1);
    world_close(world);
}

static void no_acknowledgement_in_time_asks_cancels_or_alerts_as_configured(void **state)
{
    (void)state;
    for (int policy = SJ_ORDER_TIMEOUT_QUERY; policy <= SJ_ORDER_TIMEOUT_ALERT; policy++) {
        struct world *world = world_create();
        world->config.timeout_policy = policy;
        world_restart(world, NULL, 0);
        world_say(world, world_report(SJ_REPORT_LINK_UP, SJ_REPORT_FROM_LOCAL, 0));
        world_list_begin(world);
        world_list_end(world);
        world_place(world, 1, 5);
        struct sj_order_report answer = world_report(SJ_REPORT_NEW, SJ_REPORT_FROM_ANSWER, 1);
        answer.status = 200;
        answer.broker_status = SJ_BROKER_PENDING_SUBMIT;
        answer.request_id = world_sent(world, SJ_REQUEST_PLACE)->request_id;
        world_say(world, answer);
        assert_true(sj_orders_due_ns(world->orders) <= world->now_ns + 3 * SJ_NS_PER_S);
        later(world, 4);
        bool alert = policy == SJ_ORDER_TIMEOUT_ALERT;
        assert_int_equal(world_state(world, 1), alert ? SJ_ORDER_PENDING : SJ_ORDER_UNKNOWN);
        assert_int_equal(world_sent_count(world, SJ_REQUEST_LIST), alert ? 1 : 2);
        assert_int_equal(world_sent_count(world, SJ_REQUEST_CANCEL),
                         policy == SJ_ORDER_TIMEOUT_CANCEL);
        assert_int_equal(world_sent_count(world, SJ_REQUEST_PLACE), 1);
        world_close(world);
    }
}

static void a_server_that_forgot_an_id_is_asked_for_its_list_and_then_to_cancel_again(void **state)
{
    (void)state;
    struct world *world = world_connected();
    world_place(world, 1, 5);
    world_ack(world, 1);
    assert_int_equal(world_cancel(world, 1), 0);
    struct sj_order_report answer = world_report(SJ_REPORT_CANCEL, SJ_REPORT_FROM_ANSWER, 1);
    answer.status = 404;
    answer.request_id = world_sent(world, SJ_REQUEST_CANCEL)->request_id;
    world_say(world, answer);
    later(world, 2);
    world_list_begin(world);
    world_say(world, world_listed(1, 5, SJ_BROKER_SUBMITTED, 0));
    world_list_end(world);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_CANCEL), 2);
    assert_int_equal(world_state(world, 1), SJ_ORDER_CANCELLING);
    world_close(world);
}

int reconcile_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_answer_is_followed_by_a_list_and_never_by_another_order),
        cmocka_unit_test(an_order_absent_from_a_list_asked_for_after_it_settled_never_arrived),
        cmocka_unit_test(an_order_whose_request_is_still_open_is_not_given_up_for_absent),
        cmocka_unit_test(an_untagged_order_is_found_by_its_terms_where_they_are_unique),
        cmocka_unit_test(an_order_that_two_of_the_list_could_be_blocks_its_instrument),
        cmocka_unit_test(one_listed_order_that_two_of_ours_could_be_blocks_too),
        cmocka_unit_test(a_confirmed_order_that_the_list_lacks_blocks_its_instrument),
        cmocka_unit_test(an_order_of_a_session_that_is_over_has_ended_with_it),
        cmocka_unit_test(two_deals_of_equal_terms_are_two_though_one_report_was_lost),
        cmocka_unit_test(a_list_that_numbers_deals_otherwise_adds_none_twice),
        cmocka_unit_test(orders_of_others_are_told_once_and_block_nothing),
        cmocka_unit_test(a_working_order_with_a_tag_that_no_intent_explains_blocks_until_it_ends),
        cmocka_unit_test(a_restart_finds_its_orders_again_and_sends_none),
        cmocka_unit_test(a_cancel_under_way_at_the_kill_is_asked_for_again_after_it),
        cmocka_unit_test(no_acknowledgement_in_time_asks_cancels_or_alerts_as_configured),
        cmocka_unit_test(a_server_that_forgot_an_id_is_asked_for_its_list_and_then_to_cancel_again),
    };
    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
