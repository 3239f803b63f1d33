/*
 * Random payloads through the fast path, the general path and the reference: the same event, or
 * refused by all. Structures repeat (so that shapes are learned) with other values; one in six
 * payloads is damaged. SHIJIM_TEST_ROUNDS makes it longer.
 */
#include "parse_reference.h"
#include "parser_groups.h"

#include "gateway/parse.h"
#include "support/test.h"

#define ROUNDS 200000
#define REFERENCE_EVERY 6
#define PAYLOAD_MAX 8192

struct maker {
    uint64_t structure; /* random state that decides order, spaces and forms */
    uint64_t values;
    char *at;
};

static uint64_t pick(uint64_t *state, uint64_t bound)
{
    return sj_test_random(state) % bound;
}

static void put(struct maker *maker, const char *text)
{
    size_t size = strlen(text);
    memcpy(maker->at, text, size);
    maker->at += size;
}

static void space(struct maker *maker)
{
    static const char *const spaces[] = {"", "", "", "", " ", "  ", "\n\t", " \r\n"};
    put(maker, spaces[pick(&maker->structure, 8)]);
}

/* Text in quotes, now and then a letter of it as an escape. */
static void put_quoted(struct maker *maker, const char *text)
{
    put(maker, "\"");
    bool escape = pick(&maker->structure, 40) == 0;
    for (; *text; text++) {
        if (escape && pick(&maker->structure, 4) == 0)
            maker->at += sprintf(maker->at, "\\u%04x", *text);
        else
            *maker->at++ = *text;
    }
    put(maker, "\"");
}

static void decimal_text(struct maker *maker, char *text)
{
    static const uint64_t bounds[] = {10, 100, 1000, 100000, 10000000000ULL, 10000000000000ULL};
    int size = 0;
    if (pick(&maker->values, 6) == 0)
        text[size++] = '-';
    size += sprintf(text + size, "%llu",
                    (unsigned long long)pick(&maker->values, bounds[pick(&maker->values, 6)]));
    uint64_t form = pick(&maker->values, 40);
    if (form < 20)
        size += sprintf(text + size, ".%0*llu", 1 + (int)pick(&maker->values, 6),
                        (unsigned long long)pick(&maker->values, 10));
    else if (form == 20)
        size +=
            sprintf(text + size, ".%07llu%llu", (unsigned long long)pick(&maker->values, 10000000),
                    (unsigned long long)(pick(&maker->values, 3) * 5));
    else if (form == 21)
        size += sprintf(text + size, "%s%d", pick(&maker->values, 2) ? "e" : ".5E-",
                        (int)pick(&maker->values, 9));
}

static void put_decimal(struct maker *maker)
{
    char text[80];
    uint64_t form = pick(&maker->structure, 12);
    if (form == 0) {
        put(maker, "null");
    } else if (form == 1) {
        maker->at += sprintf(maker->at, "%d.%02d", (int)pick(&maker->values, 99999),
                             (int)pick(&maker->values, 100));
    } else {
        decimal_text(maker, text);
        put_quoted(maker, text);
    }
}

static void put_integer(struct maker *maker, bool sign)
{
    static const uint64_t bounds[] = {1, 10, 1000, 99999999, 4294967295ULL, 999999999999ULL};
    uint64_t form = pick(&maker->values, 60);
    if (pick(&maker->structure, 30) == 0) {
        put(maker, "null");
        return;
    }
    if (sign && pick(&maker->values, 3) == 0)
        put(maker, "-");
    maker->at += sprintf(
        maker->at, "%llu",
        (unsigned long long)pick(&maker->values, bounds[pick(&maker->values, form < 2 ? 6 : 4)]));
    if (form == 3)
        put(maker, pick(&maker->values, 2) ? ".0" : "e0");
}

static void put_array(struct maker *maker, bool prices, bool sign)
{
    uint64_t count = pick(&maker->structure, 12) == 0 ? pick(&maker->structure, 7) : 5;
    put(maker, "[");
    for (uint64_t i = 0; i < count; i++) {
        char text[80];
        if (i > 0)
            put(maker, ",");
        if (pick(&maker->structure, 30) == 0)
            space(maker);
        if (!prices) {
            put_integer(maker, sign);
        } else if (pick(&maker->structure, 40) == 0) {
            put(maker, "null");
        } else {
            decimal_text(maker, text);
            put_quoted(maker, text);
        }
    }
    put(maker, "]");
}

static void put_unknown(struct maker *maker)
{
    static const char *const values[] = {"12",  "\"text\"", "null",  "true", "{\"a\":[1,{}]}",
                                         "1.5", "[]",       "false", "\"\"", "\"\xe5\x8f\xb0\""};
    put(maker, values[pick(&maker->structure, 10)]);
}

enum form { CODE, DATE, TIME, DECIMAL, INTEGER, DIGIT, FLAG, PRICES, VOLUMES, CHANGES, UNKNOWN };

static const struct wire_field {
    const char *name;
    enum form form;
    uint32_t in;     /* bits: 1 tick, 2 book, 4 index */
    uint32_t chance; /* of 8 */
} wire_fields[] = {
    {"code", CODE, 7, 8},
    {"date", DATE, 7, 8},
    {"time", TIME, 7, 8},
    {"open", DECIMAL, 5, 7},
    {"close", DECIMAL, 5, 8},
    {"high", DECIMAL, 1, 4},
    {"Low", DECIMAL, 4, 4},
    {"Reference", DECIMAL, 4, 4},
    {"avg_price", DECIMAL, 1, 4},
    {"amount", DECIMAL, 1, 4},
    {"total_amount", DECIMAL, 5, 4},
    {"volume", INTEGER, 1, 8},
    {"total_volume", INTEGER, 1, 6},
    {"vol_sum", INTEGER, 1, 1},
    {"tick_type", DIGIT, 1, 7},
    {"chg_type", DIGIT, 1, 4},
    {"price_chg", DECIMAL, 1, 6},
    {"pct_chg", DECIMAL, 1, 4},
    {"bid_side_total_vol", INTEGER, 1, 4},
    {"ask_side_total_cnt", INTEGER, 1, 4},
    {"closing_oddlot_shares", INTEGER, 1, 2},
    {"closing_oddlot_close", DECIMAL, 1, 2},
    {"fixed_trade_vol", INTEGER, 1, 2},
    {"target_kind_price", DECIMAL, 1, 2},
    {"bid_price", PRICES, 2, 8},
    {"bid_volume", VOLUMES, 2, 8},
    {"diff_bid_vol", CHANGES, 2, 5},
    {"ask_price", PRICES, 2, 8},
    {"ask_volume", VOLUMES, 2, 8},
    {"diff_ask_vol", CHANGES, 2, 5},
    {"bid_total_vol", INTEGER, 2, 3},
    {"first_derived_bid_price", DECIMAL, 2, 3},
    {"first_derived_ask_vol", INTEGER, 2, 3},
    {"underlying_price", DECIMAL, 2, 3},
    {"avail_borrowing", INTEGER, 2, 2},
    {"suspend", FLAG, 7, 4},
    {"simtrade", FLAG, 7, 6},
    {"intraday_odd", FLAG, 7, 3},
    {"exchange", UNKNOWN, 4, 4},
    {"brand_new", UNKNOWN, 7, 1},
};
#define WIRE_FIELDS (sizeof(wire_fields) / sizeof(wire_fields[0]))

static const char *const codes[] = {"2330",  "0050", "TXFL6", "TXO18000L6", "ABCDEFGHIJKLMNOP",
                                    "00632R"};

static void put_value(struct maker *maker, enum form form)
{
    char text[40];
    switch (form) {
    case CODE:
        put_quoted(maker, codes[pick(&maker->values, 6)]);
        break;
    case DATE:
        sprintf(text, "2026-%02d-%02d", 11 + (int)pick(&maker->values, 2),
                1 + (int)pick(&maker->values, 2));
        put_quoted(maker, text);
        break;
    case TIME:
        sprintf(text, "%02d:%02d:%02d", (int)pick(&maker->values, 24),
                (int)pick(&maker->values, 60), (int)pick(&maker->values, 60));
        if (pick(&maker->structure, 8) > 0)
            sprintf(text + 8, ".%06d", (int)pick(&maker->values, 1000000));
        put_quoted(maker, text);
        break;
    case DECIMAL:
        put_decimal(maker);
        break;
    case INTEGER:
        put_integer(maker, false);
        break;
    case DIGIT:
        maker->at += sprintf(maker->at, "%d", (int)pick(&maker->values, 3));
        break;
    case FLAG:
        put(maker, pick(&maker->structure, 20) == 0 ? "1"
                   : pick(&maker->values, 4)        ? "false"
                                                    : "true");
        break;
    case PRICES:
        put_array(maker, true, false);
        break;
    case VOLUMES:
        put_array(maker, false, false);
        break;
    case CHANGES:
        put_array(maker, false, true);
        break;
    default:
        put_unknown(maker);
    }
}

static size_t make_payload(struct maker *maker, enum sj_channel channel, char *json)
{
    static const uint32_t sets[SJ_CHANNEL_COUNT] = {0, 1, 2, 3, 1, 2, 3, 4};
    size_t order[WIRE_FIELDS], count = 0;
    for (size_t i = 0; i < WIRE_FIELDS; i++)
        if ((wire_fields[i].in & sets[channel]) &&
            pick(&maker->structure, 8) < wire_fields[i].chance)
            order[count++] = i;
    if (pick(&maker->structure, 3) == 0)
        for (size_t i = count - 1; i > 0; i--) {
            size_t other = pick(&maker->structure, i + 1), kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
    bool spaced = pick(&maker->structure, 3) == 0;
    maker->at = json;
    put(maker, "{");
    for (size_t i = 0; i < count; i++) {
        put(maker, i > 0 ? "," : "");
        if (spaced)
            space(maker);
        put_quoted(maker, wire_fields[order[i]].name);
        put(maker, ":");
        if (spaced)
            space(maker);
        put_value(maker, wire_fields[order[i]].form);
        if (spaced)
            space(maker);
    }
    put(maker, "}");
    return (size_t)(maker->at - json);
}

/* Cuts, or changes, drops or adds bytes. What was cut off stays behind the payload. */
static size_t damage(uint64_t *random, char *json, size_t size)
{
    static const char bytes[] = "{}[],:\"\\0123456789.-+eEtrufalsn \x01\x80";
    for (uint64_t i = 1 + pick(random, 2); i > 0; i--) {
        size_t at = pick(random, size);
        switch (pick(random, 4)) {
        case 0:
            size = at > 0 ? at : 1;
            break;
        case 1:
            memmove(json + at, json + at + 1, size - at);
            size -= size > 1;
            break;
        case 2:
            memmove(json + at + 1, json + at, size - at);
            json[at] = bytes[pick(random, sizeof(bytes) - 1)];
            size++;
            break;
        default:
            json[at] = bytes[pick(random, sizeof(bytes) - 1)];
        }
    }
    return size;
}

struct both {
    struct sj_instruments *table;
    struct sj_parse *fast;
    struct sj_parse *general;
};

static void check(struct both *both, enum sj_channel channel, const char *json, size_t size,
                  bool with_reference)
{
    _Alignas(32) char fast[SJ_EVENT_SIZE_MAX], general[SJ_EVENT_SIZE_MAX];
    struct sj_closing fast_closing, general_closing;
    sj_rc rc = sj_parse_event(both->fast, channel, json, size, 77, fast);
    sj_rc general_rc = sj_parse_event(both->general, channel, json, size, 77, general);
    bool same = rc == general_rc && (rc < 0 || memcmp(fast, general, (size_t)rc) == 0);
    if (rc >= 0 && same) {
        bool closing = sj_parse_closing(both->fast, &fast_closing);
        same = closing == sj_parse_closing(both->general, &general_closing) &&
               (!closing || memcmp(&fast_closing, &general_closing, sizeof(fast_closing)) == 0);
    }
    if (!same)
        fail_msg("fast %d and general %d differ on channel %d: %.*s", rc, general_rc, channel,
                 (int)size, json);
    if (!with_reference)
        return;
    struct reference reference;
    enum reference_answer answer = reference_parse(both->table, channel, json, size, &reference);
    if (answer == REFERENCE_UNSURE)
        return;
    if ((rc >= 0) != (answer == REFERENCE_EVENT)) {
        size_t offset;
        fail_msg("parser %d (%s), reference %s: %.*s", rc,
                 rc < 0 ? sj_parse_fault_name(sj_parse_fault(both->general, &offset)) : "",
                 answer == REFERENCE_EVENT ? "an event" : "refused", (int)size, json);
    }
    if (rc < 0)
        return;
    ((struct sj_trade *)reference.frame)->recv_ns = 77;
    if ((size_t)rc != reference.size || memcmp(fast, reference.frame, reference.size) != 0)
        fail_msg("another event than the reference's: %.*s", (int)size, json);
}

static void create(struct both *both, enum sj_parse_way way)
{
    assert_int_equal(sj_instruments_create(16, &both->table), 0);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct sj_instrument definition = {0};
        uint32_t id;
        memcpy(definition.code, codes[i], strlen(codes[i]));
        assert_int_equal(sj_instruments_put(both->table, &definition, &id), 0);
    }
    assert_int_equal(sj_parse_create(both->table, &both->fast), 0);
    assert_int_equal(sj_parse_create(both->table, &both->general), 0);
    sj_parse_set_way(both->fast, way);
    sj_parse_set_way(both->general, SJ_PARSE_GENERAL);
}

static void close_both(struct both *both)
{
    sj_parse_close(both->fast);
    sj_parse_close(both->general);
    sj_instruments_close(both->table);
}

static void check_random(enum sj_parse_way way)
{
    static char json[PAYLOAD_MAX + SJ_PARSE_PADDING];
    uint64_t random = sj_test_seed();
    const char *wanted = getenv("SHIJIM_TEST_ROUNDS");
    uint64_t rounds = wanted ? strtoull(wanted, NULL, 0) : ROUNDS;
    struct both both;
    create(&both, way);
    for (uint64_t round = 0; round < rounds; round++) {
        enum sj_channel channel = (enum sj_channel)(1 + pick(&random, SJ_CHANNEL_QUOTE_IDX));
        /* A few structures that come again and again, and some that never do. */
        uint64_t structure =
            pick(&random, 5) ? pick(&random, 4 + (round / 20000) % 8) : pick(&random, UINT64_MAX);
        struct maker maker = {.structure = structure, .values = sj_test_random(&random)};
        size_t size = make_payload(&maker, channel, json);
        assert_true(size + 8 < PAYLOAD_MAX);
        if (pick(&random, 6) == 0)
            size = damage(&random, json, size);
        check(&both, channel, json, size, round % REFERENCE_EVERY == 0);
    }
    const struct sj_parse_counts *counts = sj_parse_counts(both.fast);
    print_message("%llu events, %llu of them fast, %llu rounded\n",
                  (unsigned long long)counts->events, (unsigned long long)counts->fast,
                  (unsigned long long)counts->rounded);
    assert_true(counts->fast > counts->events / 8);
    assert_true(counts->fast < counts->events);
    assert_int_equal(counts->events, sj_parse_counts(both.general)->events);
    assert_int_equal(counts->rounded, sj_parse_counts(both.general)->rounded);
    assert_int_equal(counts->unknown_fields, sj_parse_counts(both.general)->unknown_fields);
    assert_memory_equal(counts->faults, sj_parse_counts(both.general)->faults,
                        sizeof(counts->faults));
    close_both(&both);
}

static void parse_of_random_payloads_is_the_same_on_every_path(void **state)
{
    (void)state;
    check_random(SJ_PARSE_BEST);
}

static void parse_of_random_payloads_is_the_same_on_every_processor(void **state)
{
    (void)state;
    check_random(SJ_PARSE_COMMON);
}

/* Payloads with the text as one of their numbers: a decimal, and whole ones of 4, 8 and 1 bytes;
 * and a good one first, so that the fast path tries all. */
static void check_number(struct both *both, const char *text)
{
    for (int place = -1; place < 4; place++) {
        char json[512 + SJ_PARSE_PADDING] = {0};
        int size =
            snprintf(json, 512,
                     "{\"code\":\"2330\",\"date\":\"2026-11-23\",\"time\":\"09:00:01.123456\","
                     "\"close\":\"%s\","
                     "\"volume\":%s,\"total_volume\":%s,\"tick_type\":%s,\"simtrade\":false}",
                     place == 0 ? text : "1.5", place == 1 ? text : "1", place == 2 ? text : "2",
                     place == 3 ? text : "1");
        check(both, SJ_CHANNEL_TICK_FOP, json, (size_t)size, false);
    }
}

/* All texts of up to four of these letters alone, then behind digits up to and beyond a lane. */
static void parse_of_all_short_numbers_is_the_same_on_every_path(void **state)
{
    (void)state;
    static const char letters[] = "012.-9e \"";
    static const char *const fronts[] = {"", "1234", "12345", "123.4", "-1234", "1234567"};
    struct both both;
    for (enum sj_parse_way way = SJ_PARSE_BEST; way <= SJ_PARSE_COMMON; way++) {
        create(&both, way);
        check_number(&both, "7");
        for (size_t front = 0; front < sizeof(fronts) / sizeof(fronts[0]); front++)
            for (uint32_t n = 0; n < 9999; n++) {
                char text[32];
                size_t size = strlen(strcpy(text, fronts[front]));
                uint32_t rest = n;
                for (; rest > 0; rest /= 10)
                    if (rest % 10 != 0)
                        text[size++] = letters[rest % 10 - 1];
                text[size] = '\0';
                check_number(&both, text);
            }
        assert_true(sj_parse_counts(both.fast)->fast > 60000);
        close_both(&both);
    }
}

int parse_random_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_of_random_payloads_is_the_same_on_every_path),
        cmocka_unit_test(parse_of_random_payloads_is_the_same_on_every_processor),
        cmocka_unit_test(parse_of_all_short_numbers_is_the_same_on_every_path),
    };
    return cmocka_run_group_tests_name("parse_random", tests, NULL, NULL);
}
