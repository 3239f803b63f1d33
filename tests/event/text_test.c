#include "groups.h"

#include "event/fields.h"
#include "event/text.h"

static void json_tells_every_field_exactly(void **state)
{
    (void)state;
    struct sj_index event = {
        .flags = SJ_FLAG_REPLAYED | SJ_FLAG_ROUNDED,
        .exch_ns = 1795395605123456789, /* 2026-11-23T01:00:05.123456789Z */
        .recv_ns = SJ_NULL_I64,
        .close_e6 = 28098540000,
        .reference_e6 = -500000,
        .open_e6 = SJ_NULL_E6,
        .high_e6 = 1,
        .low_e6 = INT64_MIN + 1,
        .total_volume = -7,
    };
    sj_frame_head(&event, SJ_EVENT_INDEX, sizeof(event));
    event.seq = 42;
    struct sj_instruments *table;
    assert_int_equal(sj_instruments_create(4, &table), 0);
    struct sj_instrument definition = {.code = "IX0001"};
    assert_int_equal(sj_instruments_put(table, &definition, &event.instrument), 0);
    char text[SJ_EVENT_JSON_MAX];
    int size = sj_event_json(&event, table, text, sizeof(text));
    const char *expected =
        "{\"type\":\"index\",\"seq\":42,\"code\":\"IX0001\",\"instrument\":1,"
        "\"flags\":[\"rounded\",\"replayed\"],\"exch_ns\":1795395605123456789,"
        "\"exch_time\":\"2026-11-23T01:00:05.123456789Z\",\"recv_ns\":null,\"recv_time\":null,"
        "\"close\":28098.54,\"reference\":-0.5,\"open\":null,\"high\":0.000001,"
        "\"low\":-9223372036854.775807,\"total_amount\":0,\"total_volume\":-7}";
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
    assert_int_equal(sj_event_json(&event, table, text, (size_t)size), -SJ_E_RANGE);
    assert_int_equal(sj_event_json(&event, table, text, (size_t)size + 1), size);
    sj_instruments_close(table);
}

static void json_tells_enums_as_words_and_arrays_as_arrays(void **state)
{
    (void)state;
    struct sj_book book = {.channel = SJ_CHANNEL_BIDASK_FOP, .level_count = {5, 4}};
    sj_frame_head(&book, SJ_EVENT_BOOK, sizeof(book));
    book.ask_price_e6[4] = SJ_NULL_E6;
    book.diff_bid_vol[2] = -3;
    char text[SJ_EVENT_JSON_MAX];
    assert_true(sj_event_json(&book, NULL, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "\"channel\":\"bidask_fop\""));
    assert_non_null(strstr(text, "\"level_count\":[5,4]"));
    assert_non_null(strstr(text, "\"ask_price\":[0,0,0,0,null]"));
    assert_non_null(strstr(text, "\"diff_bid_vol\":[0,0,-3,0,0]"));
}

static void json_of_the_fullest_frame_fits(void **state)
{
    (void)state;
    for (uint16_t id = 0; id <= SJ_EVENT_TYPE_MAX; id++) {
        const struct sj_event_fields *event = sj_event_fields(id);
        if (!event)
            continue;
        static const unsigned char fills[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
        for (size_t i = 0; i < sizeof(fills); i++) {
            _Alignas(8) char frame[SJ_EVENT_SIZE_MAX];
            char text[SJ_EVENT_JSON_MAX];
            memset(frame, fills[i], sizeof(frame));
            sj_frame_head(frame, (enum sj_event_type)id, event->size);
            assert_true(sj_event_json(frame, NULL, text, sizeof(text)) > 0);
        }
    }
}

static void frames_are_checked_before_they_are_believed(void **state)
{
    (void)state;
    struct sj_trade trade = {0};
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof(trade));
    assert_int_equal(sj_event_check(&trade, sizeof(trade)), 0);
    assert_int_equal(sj_event_check(&trade, sizeof(trade) - 1), -SJ_E_MALFORMED);
    assert_int_equal(sj_event_check(&trade, 0), -SJ_E_MALFORMED);
    trade.block_length -= 32;
    assert_int_equal(sj_event_check(&trade, sizeof(trade)), -SJ_E_MALFORMED);
    trade.block_length += 31;
    assert_int_equal(sj_event_check(&trade, sizeof(trade)), -SJ_E_MALFORMED);
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof(trade));
    trade.version = SJ_SCHEMA_VERSION + 1;
    assert_int_equal(sj_event_check(&trade, sizeof(trade)), -SJ_E_LAYOUT);
    trade.version = 0;
    assert_int_equal(sj_event_check(&trade, sizeof(trade)), -SJ_E_MALFORMED);
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof(trade));
    trade.template_id = 60;
    assert_int_equal(sj_event_check(&trade, sizeof(trade)), -SJ_E_UNKNOWN);
    trade.template_id = SJ_EVENT_TRADE;
    trade.schema_id = 2;
    assert_int_equal(sj_event_check(&trade, sizeof(trade)), -SJ_E_MALFORMED);
    assert_string_equal(sj_event_type_name(SJ_EVENT_FILL), "fill");
    assert_string_equal(sj_event_type_name(60), "unknown");
}

int text_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_tells_every_field_exactly),
        cmocka_unit_test(json_tells_enums_as_words_and_arrays_as_arrays),
        cmocka_unit_test(json_of_the_fullest_frame_fits),
        cmocka_unit_test(frames_are_checked_before_they_are_believed),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
