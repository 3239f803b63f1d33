#include "parser_groups.h"

#include "event/text.h"
#include "gateway/parse.h"
#include "gateway/sse.h"
#include "support/test.h"

struct fixture {
    struct sj_instruments *table;
    struct sj_parse *parse;
    _Alignas(32) char frame[SJ_EVENT_SIZE_MAX];
};

static int set_up(void **state)
{
    static const char *const codes[] = {"2330", "TXFL6", "IX0001", "TXFD6"};
    struct fixture *fixture = aligned_alloc(64, (sizeof(*fixture) + 63) / 64 * 64);
    if (!fixture || sj_instruments_create(8, &fixture->table) < 0)
        return -1;
    for (int i = 0; i < 4; i++) {
        struct sj_instrument definition = {0};
        uint32_t id;
        memcpy(definition.code, codes[i], strlen(codes[i]));
        if (sj_instruments_put(fixture->table, &definition, &id) < 0)
            return -1;
    }
    *state = fixture;
    return sj_parse_create(fixture->table, &fixture->parse) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sj_parse_close(fixture->parse);
    sj_instruments_close(fixture->table);
    free(fixture);
    return 0;
}

/* Parses an exact-size copy with nothing but the promised padding behind it. */
static sj_rc parse(struct fixture *fixture, enum sj_channel channel, const char *json)
{
    size_t size = strlen(json);
    char *copy = malloc(size + SJ_PARSE_PADDING);
    memcpy(copy, json, size);
    memset(copy + size, '"', SJ_PARSE_PADDING);
    sj_rc rc = sj_parse_event(fixture->parse, channel, copy, size, 42, fixture->frame);
    free(copy);
    return rc;
}

static const char tick[] =
    "{\"code\":\"TXFD6\",\"date\":\"2026-04-01\",\"time\":\"18:33:18.084000\",\"open\":\"33601\","
    "\"close\":\"33438\",\"volume\":1,\"total_volume\":21748,\"tick_type\":0,\"price_chg\":\"-49."
    "5\","
    "\"simtrade\":true}";

static void tick_becomes_a_trade_by_both_paths(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(parse(fixture, SJ_CHANNEL_TICK_FOP, tick), sizeof(struct sj_trade));
        const struct sj_trade *trade = (const struct sj_trade *)fixture->frame;
        assert_int_equal(sj_event_check(trade, sizeof(*trade)), 0);
        assert_int_equal(trade->template_id, SJ_EVENT_TRADE);
        assert_int_equal(trade->instrument, 4);
        assert_int_equal(trade->flags, SJ_FLAG_SIMTRADE);
        /* 2026-04-01T10:33:18.084Z */
        assert_int_equal(trade->exch_ns, 1775039598084000000LL);
        assert_int_equal(trade->recv_ns, 42);
        assert_int_equal(trade->price_e6, 33438000000LL);
        assert_int_equal(trade->open_e6, 33601000000LL);
        assert_int_equal(trade->price_chg_e6, -49500000LL);
        assert_int_equal(trade->volume, 1);
        assert_int_equal(trade->total_volume, 21748);
        assert_int_equal(trade->channel, SJ_CHANNEL_TICK_FOP);
        assert_int_equal(trade->high_e6, SJ_NULL_E6);
        assert_int_equal(trade->bid_side_total_cnt, SJ_NULL_U32);
        assert_int_equal(sj_parse_counts(fixture->parse)->fast, i);
    }
}

static void old_names_mean_the_same(void **state)
{
    struct fixture *fixture = *state;
    const char *json =
        "{\"code\":\"2330\",\"date\":\"2026/11/23\",\"time\":\"09:00:01\",\"close\":\"1\","
        "\"volume\":2,\"vol_sum\":7,\"diff_price\":\"0.5\",\"amount_sum\":\"9\","
        "\"target_kind_price\":\"28098.54\"}";
    assert_true(parse(fixture, SJ_CHANNEL_TICK_STK, json) > 0);
    const struct sj_trade *trade = (const struct sj_trade *)fixture->frame;
    assert_int_equal(trade->total_volume, 7);
    assert_int_equal(trade->price_chg_e6, 500000);
    assert_int_equal(trade->total_amount_e6, 9000000);
    assert_int_equal(trade->underlying_price_e6, 28098540000LL);
}

static void ragged_books_tell_their_levels(void **state)
{
    struct fixture *fixture = *state;
    const char *json = "{\"code\":\"TXFL6\",\"date\":\"2026-11-23\",\"time\":\"08:45:00.061000\","
                       "\"bid_price\":[\"28109\",null,\"28107.25\"],\"bid_volume\":[12,25],"
                       "\"ask_price\":[],\"ask_volume\":[5],\"diff_bid_vol\":[-3]}";
    for (int i = 0; i < 2; i++) {
        assert_int_equal(parse(fixture, SJ_CHANNEL_BIDASK_FOP, json), sizeof(struct sj_book));
        const struct sj_book *book = (const struct sj_book *)fixture->frame;
        assert_int_equal(book->level_count[0], 3);
        assert_int_equal(book->level_count[1], 1);
        assert_int_equal(book->bid_price_e6[0], 28109000000LL);
        assert_int_equal(book->bid_price_e6[1], SJ_NULL_E6);
        assert_int_equal(book->bid_price_e6[2], 28107250000LL);
        assert_int_equal(book->bid_price_e6[3], SJ_NULL_E6);
        assert_int_equal(book->bid_volume[1], 25);
        assert_int_equal(book->bid_volume[2], SJ_NULL_U32);
        assert_int_equal(book->bid_volume[3], 0);
        assert_int_equal(book->ask_price_e6[0], SJ_NULL_E6);
        assert_int_equal(book->ask_volume[0], 5);
        assert_int_equal(book->diff_bid_vol[0], -3);
        assert_int_equal(book->diff_bid_vol[1], 0);
    }
    assert_int_equal(sj_parse_counts(fixture->parse)->fast, 1);
}

static void closing_fields_come_beside_when_one_is_set(void **state)
{
    struct fixture *fixture = *state;
    static const char *const values[][2] = {{"0", "null"}, {"17", "\"1087.5\""}, {"0", "null"}};
    for (int i = 0; i < 3; i++) {
        char json[400];
        struct sj_closing closing;
        snprintf(json, sizeof(json),
                 "{\"code\":\"2330\",\"date\":\"2026-11-23\",\"time\":\"13:30:00\",\"close\":\"1\","
                 "\"volume\":2,\"closing_oddlot_shares\":%s,\"closing_oddlot_close\":%s,"
                 "\"fixed_trade_vol\":0}",
                 values[i][0], values[i][1]);
        assert_true(parse(fixture, SJ_CHANNEL_TICK_STK, json) > 0);
        assert_int_equal(sj_parse_closing(fixture->parse, &closing), i == 1);
        if (i == 1) {
            assert_int_equal(sj_event_check(&closing, sizeof(closing)), 0);
            assert_int_equal(closing.closing_oddlot_shares, 17);
            assert_int_equal(closing.closing_oddlot_close_e6, 1087500000);
            assert_int_equal(closing.closing_oddlot_amount_e6, SJ_NULL_E6);
            assert_int_equal(closing.instrument, 1);
            assert_int_equal(closing.recv_ns, 42);
            assert_int_equal(closing.exch_ns, ((struct sj_trade *)fixture->frame)->exch_ns);
        }
    }
}

/* A tick with `close` as given. */
static sj_rc parse_close(struct fixture *fixture, const char *close)
{
    char json[400];
    snprintf(json, sizeof(json),
             "{\"code\":\"2330\",\"date\":\"2026-11-23\",\"time\":\"09:00:01.5\",\"volume\":2,"
             "\"close\":%s}",
             close);
    return parse(fixture, SJ_CHANNEL_TICK_STK, json);
}

static void decimals_are_exact_and_rounded_half_to_even(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        int64_t e6;
        bool rounded;
    } cases[] = {
        {"\"0\"", 0, false},
        {"\"-0\"", 0, false},
        {"\"0.1\"", 100000, false},
        {"\"0.000001\"", 1, false},
        {"\"1.0000005\"", 1000000, true},
        {"\"1.0000015\"", 1000002, true},
        {"\"1.00000050001\"", 1000001, true},
        {"\"-1.0000015\"", -1000002, true},
        {"\"1.0000010\"", 1000001, false},
        {"\"1e3\"", 1000000000, false},
        {"\"12.5E-1\"", 1250000, false},
        {"\"1e-9\"", 0, true},
        {"1087.5", 1087500000, false},
        {"1087", 1087000000, false},
        {"\"9223372036854.775807\"", INT64_MAX, false},
        {"\"-9223372036854.775807\"", -INT64_MAX, false},
        {"\"123456789012.123456\"", 123456789012123456, false},
        {"\"0.0000000000000000000000000000000000000000000000001\"", 0, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int again = 0; again < 2; again++) {
            sj_rc rc = parse_close(fixture, cases[i].text);
            if (rc < 0)
                fail_msg("%s: %d", cases[i].text, rc);
            const struct sj_trade *trade = (const struct sj_trade *)fixture->frame;
            assert_int_equal(trade->price_e6, cases[i].e6);
            assert_int_equal((trade->flags & SJ_FLAG_ROUNDED) != 0, cases[i].rounded);
        }
    }
}

static void bad_values_are_told_apart(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *close;
        enum sj_parse_fault fault;
    } cases[] = {
        {"\"9223372036854.775808\"", SJ_PARSE_RANGE},
        {"\"1e300\"", SJ_PARSE_RANGE},
        {"\"99999999999999999999\"", SJ_PARSE_RANGE},
        {"\"\"", SJ_PARSE_NUMBER},
        {"\"1.\"", SJ_PARSE_NUMBER},
        {"\".5\"", SJ_PARSE_NUMBER},
        {"\"1,5\"", SJ_PARSE_NUMBER},
        {"\"1.2.3\"", SJ_PARSE_NUMBER},
        {"\"007\"", SJ_PARSE_NUMBER},
        {"\"+1\"", SJ_PARSE_NUMBER},
        {"\"1-\"", SJ_PARSE_NUMBER},
        {"\"1e\"", SJ_PARSE_NUMBER},
        {"\" 1\"", SJ_PARSE_NUMBER},
        {"\"nan\"", SJ_PARSE_NUMBER},
        {"1.5x", SJ_PARSE_NUMBER},
        {"01", SJ_PARSE_NUMBER},
        {"true", SJ_PARSE_TYPE},
        {"[1]", SJ_PARSE_TYPE},
        {"{}", SJ_PARSE_TYPE},
        {"null", SJ_PARSE_MISSING},
        {"nul", SJ_PARSE_SYNTAX},
        {"", SJ_PARSE_SYNTAX},
        {"\"1\\x\"", SJ_PARSE_TEXT},
        {"\"1\\ud800\"", SJ_PARSE_TEXT},
        {"\"1\x01\"", SJ_PARSE_TEXT},
        {"\"1\xc0\xaf\"", SJ_PARSE_TEXT},
        {"\"1\",\"close\":\"2\"", SJ_PARSE_DUPLICATE},
        {"\"1\",\"total_volume\":1,\"vol_sum\":1", SJ_PARSE_DUPLICATE},
        {"\"1\",\"total_volume\":\"1\"", SJ_PARSE_TYPE},
        {"\"1\",\"total_volume\":1.5", SJ_PARSE_RANGE},
        {"\"1\",\"bid_side_total_cnt\":-1", SJ_PARSE_RANGE},
        {"\"1\",\"bid_side_total_cnt\":4294967295", SJ_PARSE_RANGE},
        {"\"1\",\"tick_type\":3", SJ_PARSE_RANGE},
        {"\"1\",\"simtrade\":\"false\"", SJ_PARSE_TYPE},
        {"\"1\",\"simtrade\":2", SJ_PARSE_TYPE},
        {"\"1\",", SJ_PARSE_SYNTAX},
        {"\"1\"}}", SJ_PARSE_TRAILING},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t offset;
        uint64_t before = sj_parse_counts(fixture->parse)->faults[cases[i].fault];
        /* A good one first, so that the shape is known and the fast path tries. */
        assert_true(parse_close(fixture, "\"1\"") > 0);
        sj_rc rc = parse_close(fixture, cases[i].close);
        enum sj_parse_fault fault = sj_parse_fault(fixture->parse, &offset);
        if (rc >= 0 || fault != cases[i].fault)
            fail_msg("%s: %d, %s", cases[i].close, rc, sj_parse_fault_name(fault));
        assert_int_equal(rc, fault == SJ_PARSE_RANGE ? -SJ_E_RANGE : -SJ_E_MALFORMED);
        assert_int_equal(sj_parse_counts(fixture->parse)->faults[fault], before + 1);
        assert_true(strlen(sj_parse_fault_text(fault)) > 3);
    }
}

static void bad_times_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const cases[][2] = {
        {"2026-02-30", "09:00:00"},
        {"2026-13-01", "09:00:00"},
        {"20261123", "09:00:00"},
        {"2026-11-23", "24:00:00"},
        {"2026-11-23", "09:60:00"},
        {"2026-11-23", "09:00:60"},
        {"2026-11-23", "09:00"},
        {"2026-11-23", "9:00:00"},
        {"2026-11-23", "09:00:00."},
        {"2026-11-23", "09:00:00.12345x"},
        {"2026-11-23", "09-00-00.123456"},
        {"2026-11-23", "24:00:00.123456"},
        {"2026-11-23", "09:00:00.1234567890"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[400];
        size_t offset;
        assert_true(parse(fixture, SJ_CHANNEL_TICK_STK,
                          "{\"code\":\"2330\",\"date\":\"2026-11-23\",\"time\":\"09:00:00.123456\","
                          "\"volume\":2,\"close\":1}") > 0);
        snprintf(json, sizeof(json),
                 "{\"code\":\"2330\",\"date\":\"%s\",\"time\":\"%s\",\"volume\":2,\"close\":1}",
                 cases[i][0], cases[i][1]);
        assert_int_equal(parse(fixture, SJ_CHANNEL_TICK_STK, json), -SJ_E_MALFORMED);
        assert_int_equal(sj_parse_fault(fixture->parse, &offset), SJ_PARSE_TIME);
    }
}

static void unknown_instruments_are_told_by_code(void **state)
{
    struct fixture *fixture = *state;
    char json[400];
    for (int again = 0; again < 2; again++) {
        assert_true(parse(fixture, SJ_CHANNEL_TICK_FOP, tick) > 0);
        strcpy(json, tick);
        memcpy(strstr(json, "TXFD6"), "TXFA7", 5);
        assert_int_equal(parse(fixture, SJ_CHANNEL_TICK_FOP, json), -SJ_E_UNKNOWN);
        assert_string_equal(sj_parse_code(fixture->parse), "TXFA7");
    }
    struct sj_instrument definition = {.code = "TXFA7"};
    uint32_t id;
    assert_int_equal(sj_instruments_put(fixture->table, &definition, &id), 0);
    assert_true(parse(fixture, SJ_CHANNEL_TICK_FOP, json) > 0);
    assert_int_equal(((struct sj_frame *)fixture->frame)->instrument, id);
}

/* However short it is cut, also with the rest of it still behind. */
static void truncated_payloads_are_never_events(void **state)
{
    struct fixture *fixture = *state;
    char copy[sizeof(tick) + SJ_PARSE_PADDING] = {0};
    memcpy(copy, tick, sizeof(tick));
    assert_true(parse(fixture, SJ_CHANNEL_TICK_FOP, tick) > 0);
    for (size_t size = 0; size + 1 < sizeof(tick); size++) {
        size_t offset;
        sj_rc rc =
            sj_parse_event(fixture->parse, SJ_CHANNEL_TICK_FOP, copy, size, 1, fixture->frame);
        assert_int_equal(rc, -SJ_E_MALFORMED);
        assert_int_equal(sj_parse_fault(fixture->parse, &offset), SJ_PARSE_TRUNCATED);
        assert_true(offset <= size);
    }
}

static void oversized_payloads_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static char json[SJ_PARSE_SIZE_MAX + 2 * SJ_PARSE_PADDING];
    size_t offset;
    memset(json, ' ', sizeof(json));
    memcpy(json, tick, sizeof(tick) - 1);
    assert_int_equal(sj_parse_event(fixture->parse, SJ_CHANNEL_TICK_FOP, json, SJ_PARSE_SIZE_MAX, 1,
                                    fixture->frame),
                     sizeof(struct sj_trade));
    assert_int_equal(sj_parse_event(fixture->parse, SJ_CHANNEL_TICK_FOP, json,
                                    SJ_PARSE_SIZE_MAX + 1, 1, fixture->frame),
                     -SJ_E_MALFORMED);
    assert_int_equal(sj_parse_fault(fixture->parse, &offset), SJ_PARSE_OVERSIZED);
    char *at = json + sprintf(json, "{");
    for (int i = 0; i <= SJ_PARSE_FIELDS_MAX; i++)
        at += sprintf(at, "\"f%d\":1,", i);
    assert_int_equal(parse(fixture, SJ_CHANNEL_TICK_FOP, json), -SJ_E_MALFORMED);
    assert_int_equal(sj_parse_fault(fixture->parse, &offset), SJ_PARSE_OVERSIZED);
    assert_int_equal(parse(fixture, SJ_CHANNEL_TICK_FOP,
                           "{\"deep\":[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]}"),
                     -SJ_E_MALFORMED);
    assert_int_equal(sj_parse_fault(fixture->parse, &offset), SJ_PARSE_OVERSIZED);
    assert_int_equal(
        parse(fixture, SJ_CHANNEL_BIDASK_STK,
              "{\"code\":\"2330\",\"bid_price\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]}"),
        -SJ_E_MALFORMED);
    assert_int_equal(sj_parse_fault(fixture->parse, &offset), SJ_PARSE_LEVELS);
}

static void unknown_fields_are_skipped_and_counted(void **state)
{
    struct fixture *fixture = *state;
    char json[600];
    snprintf(json, sizeof(json), "{\"new\":[1,{\"a\":null}],\"newer\":\"x\",%s", tick + 1);
    assert_true(parse(fixture, SJ_CHANNEL_TICK_FOP, json) > 0);
    assert_int_equal(sj_parse_counts(fixture->parse)->unknown_fields, 2);
    snprintf(json, sizeof(json), "{\"newer\":\"x\",\"n\":-1.5e3,%s", tick + 1);
    for (int i = 0; i < 3; i++)
        assert_true(parse(fixture, SJ_CHANNEL_TICK_FOP, json) > 0);
    assert_int_equal(sj_parse_counts(fixture->parse)->unknown_fields, 8);
    assert_int_equal(sj_parse_counts(fixture->parse)->fast, 2);
}

static void payloads_that_are_no_market_event_are_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(sj_parse_channel("tick_stk", 8), SJ_CHANNEL_TICK_STK);
    assert_int_equal(sj_parse_channel("quote_idx", 9), SJ_CHANNEL_QUOTE_IDX);
    assert_int_equal(sj_parse_channel("order_event", 11), SJ_CHANNEL_ORDER);
    assert_int_equal(sj_parse_channel("heartbeat", 9), SJ_CHANNEL_NONE);
    assert_int_equal(sj_parse_channel("tick_st", 7), SJ_CHANNEL_NONE);
    assert_int_equal(parse(fixture, SJ_CHANNEL_ORDER, "{}"), -SJ_E_REFUSED);
    assert_int_equal(parse(fixture, SJ_CHANNEL_NONE, "{}"), -SJ_E_REFUSED);
    assert_int_equal(parse(fixture, SJ_CHANNEL_COUNT, "{}"), -SJ_E_REFUSED);
}

/* The golden payloads, where they are: each becomes an event, by both paths alike. */
static void golden_payloads_become_events(void **state)
{
    struct fixture *fixture = *state;
    static char bytes[1 << 16], first[16][SJ_EVENT_SIZE_MAX];
    FILE *file = fopen(GOLDEN_PAYLOADS, "rb");
    if (!file)
        skip();
    size_t size = fread(bytes, 1, sizeof(bytes) - SJ_PARSE_PADDING, file);
    fclose(file);
    for (int round = 0; round < 2; round++) {
        struct sj_sse sse;
        struct sj_sse_message message;
        size_t at = 0, consumed = 0;
        int count = 0;
        sj_sse_init(&sse);
        while (sj_sse_next(&sse, bytes + at, size - at, &message, &consumed)) {
            at += consumed;
            enum sj_channel channel = sj_parse_channel(message.event, message.event_size);
            if (channel == SJ_CHANNEL_NONE)
                continue;
            sj_rc rc = sj_parse_event(fixture->parse, channel, message.data, message.size, 42,
                                      fixture->frame);
            assert_true(rc > 0);
            if (round == 0)
                memcpy(first[count], fixture->frame, (size_t)rc);
            assert_memory_equal(first[count++], fixture->frame, (size_t)rc);
        }
        assert_int_equal(count, 7);
        assert_int_equal(sj_parse_counts(fixture->parse)->fast, round * 7);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int parse_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tick_becomes_a_trade_by_both_paths),
        TEST(old_names_mean_the_same),
        TEST(ragged_books_tell_their_levels),
        TEST(closing_fields_come_beside_when_one_is_set),
        TEST(decimals_are_exact_and_rounded_half_to_even),
        TEST(bad_values_are_told_apart),
        TEST(bad_times_are_refused),
        TEST(unknown_instruments_are_told_by_code),
        TEST(truncated_payloads_are_never_events),
        TEST(oversized_payloads_are_refused),
        TEST(unknown_fields_are_skipped_and_counted),
        TEST(payloads_that_are_no_market_event_are_refused),
        TEST(golden_payloads_become_events),
    };
    return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
