#include "groups.h"

#include "event/fields.h"

/* Every byte of every frame is a field's, the head's or reserved (named so in the struct). */
static void fields_lie_in_order_without_overlap_inside_their_frame(void **state)
{
    (void)state;
    for (uint16_t id = 0; id <= SJ_EVENT_TYPE_MAX; id++) {
        const struct sj_event_fields *event = sj_event_fields(id);
        if (!event)
            continue;
        uint32_t end = SJ_FRAME_HEAD_SIZE;
        for (uint16_t i = 0; i < event->count; i++) {
            const struct sj_field *field = &event->fields[i];
            assert_true(field->offset >= end);
            assert_int_equal(field->size % field->count, 0);
            end = field->offset + field->size;
        }
        assert_true(end <= event->size);
        assert_true(event->size - end <= 32);
    }
}

static void fields_are_found_by_name(void **state)
{
    (void)state;
    const struct sj_event_fields *book = sj_event_fields(SJ_EVENT_BOOK);
    const struct sj_field *field = sj_event_field(book, "ask_price_e6");
    assert_int_equal(field->offset, offsetof(struct sj_book, ask_price_e6));
    assert_int_equal(field->count, SJ_LEVELS);
    assert_int_equal(field->kind, SJ_FIELD_E6);
    assert_null(sj_event_field(book, "ask_price"));
    assert_null(sj_event_fields(0));
    assert_null(sj_event_fields(63));
}

static void fields_know_their_null(void **state)
{
    (void)state;
    struct sj_book book = {.bid_total_vol = SJ_NULL_U32, .underlying_price_e6 = SJ_NULL_E6};
    book.bid_price_e6[3] = SJ_NULL_E6;
    const struct sj_event_fields *fields = sj_event_fields(SJ_EVENT_BOOK);
    assert_true(sj_field_is_null(sj_event_field(fields, "bid_total_vol"), &book, 0));
    assert_false(sj_field_is_null(sj_event_field(fields, "ask_total_vol"), &book, 0));
    assert_true(sj_field_is_null(sj_event_field(fields, "underlying_price_e6"), &book, 0));
    assert_true(sj_field_is_null(sj_event_field(fields, "bid_price_e6"), &book, 3));
    assert_false(sj_field_is_null(sj_event_field(fields, "bid_price_e6"), &book, 2));
}

static void channels_have_the_names_of_the_wire(void **state)
{
    (void)state;
    assert_string_equal(sj_channel_name(SJ_CHANNEL_TICK_STK), "tick_stk");
    assert_string_equal(sj_channel_name(SJ_CHANNEL_QUOTE_IDX), "quote_idx");
    assert_string_equal(sj_channel_name(SJ_CHANNEL_CONTRACT), "contract_event");
    assert_string_equal(sj_channel_name(SJ_CHANNEL_COUNT), "unknown");
}

int fields_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_lie_in_order_without_overlap_inside_their_frame),
        cmocka_unit_test(fields_are_found_by_name),
        cmocka_unit_test(fields_know_their_null),
        cmocka_unit_test(channels_have_the_names_of_the_wire),
    };
    return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
