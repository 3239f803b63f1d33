#include "order_suites.h"

#include "order_world.h"

static void every_pair_of_state_and_input_has_a_step(void **state)
{
    (void)state;
    for (int from = 0; from < SJ_ORDER_STATE_COUNT; from++)
        for (int input = 1; input < SJ_INPUT_COUNT; input++)
            for (int filled = 0; filled < 2; filled++) {
                struct sj_order_step step = sj_order_machine(
                    (enum sj_order_state)from, (enum sj_order_input)input, filled == 1);
                assert_true(step.next < SJ_ORDER_STATE_COUNT);
                /* Only an intent makes an order of nothing. */
                if (from == SJ_ORDER_NONE && input != SJ_INPUT_SUBMIT && input != SJ_INPUT_REFUSE)
                    assert_int_equal(step.next, SJ_ORDER_NONE);
                if (from != SJ_ORDER_NONE)
                    assert_int_not_equal(step.next, SJ_ORDER_NONE);
                if (step.next == SJ_ORDER_WORKING && from != SJ_ORDER_WORKING)
                    assert_int_equal(filled, 0);
                assert_string_not_equal(sj_order_state_name((enum sj_order_state)from), "?");
                assert_string_not_equal(sj_order_input_name((enum sj_order_input)input), "?");
            }
}

static void nothing_leaves_filled_and_only_signs_of_life_leave_other_ends(void **state)
{
    (void)state;
    for (int input = 1; input < SJ_INPUT_COUNT; input++) {
        enum sj_order_input in = (enum sj_order_input)input;
        assert_int_equal(sj_order_machine(SJ_ORDER_FILLED, in, true).next, SJ_ORDER_FILLED);
        bool deal = in == SJ_INPUT_DEAL_PART || in == SJ_INPUT_DEAL_LAST || in == SJ_INPUT_COMPLETE;
        bool life = deal || in == SJ_INPUT_HEARD || in == SJ_INPUT_ACK || in == SJ_INPUT_PRICED ||
                    in == SJ_INPUT_REDUCED || in == SJ_INPUT_GONE;
        const enum sj_order_state ends[] = {SJ_ORDER_CANCELLED, SJ_ORDER_REJECTED,
                                            SJ_ORDER_REFUSED};
        for (int i = 0; i < 3; i++) {
            struct sj_order_step step = sj_order_machine(ends[i], in, false);
            if (!(ends[i] == SJ_ORDER_CANCELLED ? deal : life))
                assert_int_equal(step.next, ends[i]);
            /* Coming back to life is never silent: it is odd, and unless all is decided it asks. */
            if (!sj_order_ended((enum sj_order_state)step.next))
                assert_int_equal(step.flags, SJ_STEP_ODD | SJ_STEP_ASK);
        }
    }
}

static void a_missing_answer_leads_every_open_order_to_unknown_and_asks(void **state)
{
    (void)state;
    for (int from = SJ_ORDER_PENDING; from <= SJ_ORDER_UNKNOWN; from++) {
        struct sj_order_step step =
            sj_order_machine((enum sj_order_state)from, SJ_INPUT_TIMEOUT, false);
        assert_int_equal(step.next, SJ_ORDER_UNKNOWN);
        assert_int_equal(step.flags, SJ_STEP_ASK);
    }
}

/* --- a conversation in any order, with repetitions --- */

enum { WORDS_MAX = 8 };
struct talk {
    struct sj_order_report words[WORDS_MAX];
    uint32_t count;
    enum sj_order_state end;
    uint32_t filled, cancelled;
};

static struct sj_order_report reduced(uint32_t cancelled)
{
    struct sj_order_report report = world_report(SJ_REPORT_QUANTITY, SJ_REPORT_FROM_STREAM, 1);
    report.cancelled = cancelled;
    return report;
}

static struct sj_order_report word(enum sj_report_kind kind)
{
    struct sj_order_report report = world_report(kind, SJ_REPORT_FROM_STREAM, 1);
    sj_order_tag(1, report.custom_field);
    return report;
}

static struct sj_order_report refused_word(enum sj_report_kind kind)
{
    struct sj_order_report report = word(kind);
    memcpy(report.op_code, "88", 2);
    return report;
}

static struct sj_order_report answered(int32_t status, enum sj_broker_status broker_status)
{
    struct sj_order_report report = world_report(SJ_REPORT_NEW, SJ_REPORT_FROM_ANSWER, 1);
    report.status = status;
    report.broker_status = (uint8_t)broker_status;
    report.request_id = 1;
    return report;
}

static uint32_t make_talks(struct talk *talks)
{
    struct sj_order_report pending = answered(200, SJ_BROKER_PENDING_SUBMIT);
    talks[0] =
        (struct talk){{pending, word(SJ_REPORT_NEW), world_deal(1, 1, 2), world_deal(1, 2, 3)},
                      4,
                      SJ_ORDER_FILLED,
                      5,
                      0};
    talks[1] =
        (struct talk){{pending, word(SJ_REPORT_NEW), world_deal(1, 1, 2), word(SJ_REPORT_CANCEL)},
                      4,
                      SJ_ORDER_CANCELLED,
                      2,
                      3};
    talks[2] = (struct talk){{pending, refused_word(SJ_REPORT_NEW)}, 2, SJ_ORDER_REJECTED, 0, 5};
    talks[3] = (struct talk){
        {pending, word(SJ_REPORT_NEW), world_deal(1, 1, 2), reduced(1), world_deal(1, 2, 2)},
        5,
        SJ_ORDER_FILLED,
        4,
        1};
    talks[4] = (struct talk){{pending, word(SJ_REPORT_NEW), reduced(1), world_deal(1, 1, 1),
                              reduced(2), word(SJ_REPORT_CANCEL)},
                             6,
                             SJ_ORDER_CANCELLED,
                             1,
                             4};
    talks[5] =
        (struct talk){{pending, word(SJ_REPORT_NEW), world_deal(1, 1, 1), word(SJ_REPORT_REJECT)},
                      4,
                      SJ_ORDER_CANCELLED,
                      1,
                      4};
    talks[6] = (struct talk){
        {pending, word(SJ_REPORT_NEW), word(SJ_REPORT_CANCEL)}, 3, SJ_ORDER_CANCELLED, 0, 5};
    return 7;
}

static void check_talk(const struct talk *talk, const uint8_t *order, uint32_t count)
{
    struct world *world = world_create();
    world_place(world, 1, 5);
    for (uint32_t i = 0; i < count; i++)
        world_say(world, talk->words[order[i]]);
    struct sj_order_view view;
    assert_true(sj_orders_find(world->orders, 1, &view));
    assert_int_equal(view.state, talk->end);
    assert_int_equal(view.filled, talk->filled);
    assert_int_equal(world_filled(world, 1), talk->filled);
    assert_int_equal(world->events[world->event_count - 1].frame.template_id, SJ_EVENT_ORDER);
    assert_int_equal(world->events[world->event_count - 1].update.cancelled, talk->cancelled);
    assert_int_equal(world_sent_count(world, SJ_REQUEST_PLACE), 1);
    world_close(world);
}

static bool next_permutation(uint8_t *order, uint32_t count)
{
    uint32_t i = count - 1;
    while (i > 0 && order[i - 1] >= order[i])
        i--;
    if (i == 0)
        return false;
    uint32_t j = count - 1;
    while (order[j] <= order[i - 1])
        j--;
    uint8_t kept = order[j];
    order[j] = order[i - 1];
    order[i - 1] = kept;
    for (uint32_t a = i, b = count - 1; a < b; a++, b--) {
        kept = order[a];
        order[a] = order[b];
        order[b] = kept;
    }
    return true;
}

static void a_conversation_ends_alike_in_every_order_of_its_words(void **state)
{
    (void)state;
    struct talk talks[8];
    uint32_t talk_count = make_talks(talks);
    for (uint32_t t = 0; t < talk_count; t++) {
        uint8_t order[WORDS_MAX];
        for (uint32_t i = 0; i < talks[t].count; i++)
            order[i] = (uint8_t)i;
        do
            check_talk(&talks[t], order, talks[t].count);
        while (next_permutation(order, talks[t].count));
    }
}

static void a_conversation_ends_alike_with_any_words_repeated_anywhere(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    struct talk talks[8];
    uint32_t talk_count = make_talks(talks);
    for (int round = 0; round < 1500; round++) {
        const struct talk *talk = &talks[sj_test_random(&seed) % talk_count];
        uint8_t order[3 * WORDS_MAX];
        uint32_t count = 0;
        for (uint32_t i = 0; i < talk->count; i++)
            for (uint64_t times = 1 + sj_test_random(&seed) % 3; times > 0; times--)
                order[count++] = (uint8_t)i;
        for (uint32_t i = count; i > 1; i--) {
            uint32_t j = (uint32_t)(sj_test_random(&seed) % i);
            uint8_t kept = order[j];
            order[j] = order[i - 1];
            order[i - 1] = kept;
        }
        check_talk(talk, order, count);
    }
}

int machine_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_state_and_input_has_a_step),
        cmocka_unit_test(nothing_leaves_filled_and_only_signs_of_life_leave_other_ends),
        cmocka_unit_test(a_missing_answer_leads_every_open_order_to_unknown_and_asks),
        cmocka_unit_test(a_conversation_ends_alike_in_every_order_of_its_words),
        cmocka_unit_test(a_conversation_ends_alike_with_any_words_repeated_anywhere),
    };
    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
