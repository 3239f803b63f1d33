/* A line of JSON read by a shape and read the general way is the same record, or the same refusal.
 */
#include "convert/line.h"

#include "convert_tests.h"
#include "support/test.h"

#include <math.h>

#define TICK                                                                                       \
    "{\"ts_ns\":1627052624875000064,\"symbol\":\"TXFH1\",\"asset_type\":\"futures\",\"exchange\":" \
    "\"TAIFEX\",\"extras\":{\"open\":17409.0,\"avg_price\":17407.983683,\"volume\":1,"             \
    "\"tick_type\":2,\"suspend\":null,\"simtrade\":0},\"type\":\"MD_TICK\",\"price\":17402.0,"     \
    "\"size\":1,\"side\":\"sell\",\"total_volume\":429,\"pct_chg\":-0.040209}\n"
#define BOOK                                                                                       \
    "{\"ts_ns\":1627261200000000000,\"symbol\":\"TXF\",\"extras\":{\"diff_bid_vol\":[0,-3],"       \
    "\"simtrade\":0},\"type\":\"MD_BOOK\",\"bid_prices\":[17498.0,17497.5],\"bid_volumes\":"       \
    "[72,132],\"ask_prices\":[17499.0,17500.0],\"ask_volumes\":[86,57],\"bid_total_vol\":null}\n"
#define EVENT                                                                                      \
    "{\"event_id\":1,\"exch_ts\":1627052400013888000,\"local_ts\":1627052400014888000,"            \
    "\"side\":-1,\"price\":17411.5,\"quantity\":47}\n"
#define DEPTH                                                                                      \
    "1723161255030314667 {\"stream\":\"btcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\","       \
    "\"E\":1723161256299,\"T\":1723161256298,\"s\":\"BTCUSDT\",\"u\":12,\"pu\":11,\"b\":"          \
    "[[\"58710.20\",\"0.014\"],[\"61496.50\",\"0.010\"]],\"a\":[]}}\n"
#define TRADE                                                                                      \
    "1723161255088176367 {\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"T\":"           \
    "1723161256322,\"s\":\"BTCUSDT\",\"p\":\"61800.30\",\"q\":\"0.006\",\"X\":\"MARKET\","         \
    "\"m\":false}}\n"

struct pair {
    struct sj_line_parser *quick;
    struct sj_line_parser *general;
};

static void open_pair(struct pair *pair, enum sj_dialect dialect)
{
    assert_int_equal(sj_line_parser_create(dialect, SJ_SLOTS_ALL, false, &pair->quick), 0);
    assert_int_equal(sj_line_parser_create(dialect, SJ_SLOTS_ALL, true, &pair->general), 0);
}

static void close_pair(struct pair *pair)
{
    sj_line_parser_close(pair->quick);
    sj_line_parser_close(pair->general);
}

static bool numbers_equal(struct sj_number a, struct sj_number b)
{
    double x = sj_number_real(a);
    double y = sj_number_real(b);
    int64_t e6 = 0;
    int64_t other = 1;
    bool rounded = false;
    sj_rc rc = sj_number_scaled(a, 6, &e6, &rounded);
    return memcmp(&x, &y, sizeof x) == 0 && rc == sj_number_scaled(b, 6, &other, &rounded) &&
           (rc < 0 || e6 == other);
}

static void assert_equal(const struct sj_record *a, const struct sj_record *b)
{
    assert_int_equal(a->blank, b->blank);
    assert_int_equal(a->has_numbers, b->has_numbers);
    assert_int_equal(a->has_texts, b->has_texts);
    assert_int_equal(a->has_arrays, b->has_arrays);
    assert_int_equal(a->has_pairs, b->has_pairs);
    for (uint32_t i = 0; i < SJ_SLOT_COUNT; i++)
        if (a->has_numbers >> i & 1)
            assert_true(numbers_equal(a->numbers[i], b->numbers[i]));
    for (uint32_t i = 0; i < SJ_TEXT_COUNT; i++)
        if (a->has_texts >> i & 1) {
            assert_int_equal(a->texts[i].size, b->texts[i].size);
            assert_memory_equal(a->texts[i].begin, b->texts[i].begin, a->texts[i].size);
        }
    for (uint32_t i = 0; i < SJ_ARRAY_COUNT; i++)
        if (a->has_arrays >> i & 1) {
            assert_int_equal(a->array_count[i], b->array_count[i]);
            for (uint32_t k = 0; k < a->array_count[i]; k++)
                assert_true(numbers_equal(a->arrays[i][k], b->arrays[i][k]));
        }
    for (uint32_t i = 0; i < SJ_PAIRS_COUNT; i++)
        if (a->has_pairs >> i & 1) {
            assert_int_equal(a->pairs_count[i], b->pairs_count[i]);
            for (uint32_t k = 0; k < a->pairs_count[i]; k++) {
                assert_true(numbers_equal(a->pairs[i][k][0], b->pairs[i][k][0]));
                assert_true(numbers_equal(a->pairs[i][k][1], b->pairs[i][k][1]));
            }
        }
}

/* Both ways; they must agree. The record is the quick one's. */
static enum sj_reject parse_both(struct pair *pair, const char *line, struct sj_record *record)
{
    static struct sj_record other;
    char text[4096 + SJ_TEXT_PAD] = {0};
    const char *next;
    const char *other_next;
    assert_true(strlen(line) < 4096);
    strcpy(text, line);
    enum sj_reject quick = sj_line_parse(pair->quick, text, &next, record);
    enum sj_reject general = sj_line_parse(pair->general, text, &other_next, &other);
    if (quick != general)
        fail_msg("%s by shape, %s in general: %s", sj_reject_name(quick), sj_reject_name(general),
                 line);
    assert_ptr_equal(next, other_next);
    if (!quick)
        assert_equal(record, &other);
    return quick;
}

static void each_kind_of_line_is_read_whole(void **state)
{
    static struct sj_record record;
    struct pair pair;
    (void)state;
    open_pair(&pair, SJ_DIALECT_ORIGINAL);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(parse_both(&pair, TICK, &record), 0);
        assert_true(SJ_TEXT_IS(record.texts[SJ_TEXT_SYMBOL], "TXFH1"));
        assert_true(SJ_TEXT_IS(record.texts[SJ_TEXT_KIND], "MD_TICK"));
        assert_true(SJ_TEXT_IS(record.texts[SJ_TEXT_SIDE], "sell"));
        assert_int_equal(record.numbers[SJ_SLOT_TS].digits, 1627052624875000064);
        assert_true(sj_number_real(record.numbers[SJ_SLOT_AVG_PRICE]) == 17407.983683);
        assert_false(sj_record_has(&record, SJ_SLOT_SUSPEND));
        assert_int_equal(parse_both(&pair, BOOK, &record), 0);
        assert_int_equal(record.array_count[SJ_ARRAY_BID_PRICES], 2);
        assert_true(sj_number_real(record.arrays[SJ_ARRAY_BID_PRICES][1]) == 17497.5);
        assert_int_equal(record.arrays[SJ_ARRAY_DIFF_BID][1].digits, -3);
        assert_int_equal(parse_both(&pair, EVENT, &record), 0);
        assert_int_equal(record.numbers[SJ_SLOT_SIDE].digits, -1);
    }
    assert_int_equal(sj_line_parser_learned_count(pair.quick), 3);
    assert_int_equal(sj_line_parser_quick_count(pair.quick), 6);
    close_pair(&pair);
}

static void binance_lines_are_read_whole(void **state)
{
    static struct sj_record record;
    struct pair pair;
    (void)state;
    open_pair(&pair, SJ_DIALECT_BINANCE);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(parse_both(&pair, DEPTH, &record), 0);
        assert_int_equal(record.pairs_count[SJ_PAIRS_BIDS], 2);
        assert_int_equal(record.pairs_count[SJ_PAIRS_ASKS], 0);
        assert_true(sj_number_real(record.pairs[SJ_PAIRS_BIDS][1][0]) == 61496.5);
        assert_int_equal(record.numbers[SJ_SLOT_LOCAL].digits, 1723161255030314667);
        assert_int_equal(parse_both(&pair, TRADE, &record), 0);
        assert_true(sj_number_real(record.numbers[SJ_SLOT_PRICE]) == 61800.3);
        assert_int_equal(record.numbers[SJ_SLOT_MAKER].digits, 0);
        assert_true(sj_record_has(&record, SJ_SLOT_MAKER));
    }
    assert_int_equal(sj_line_parser_quick_count(pair.quick), 2);
    close_pair(&pair);
}

static void numbers_are_read_as_strtod_reads_them(void **state)
{
    static const char *const texts[] = {"0",
                                        "-0.5",
                                        "17520.0",
                                        "1e3",
                                        "1.5E-7",
                                        "123456789012345678",
                                        "0.1",
                                        "1234567.890123",
                                        "9007199254740993",
                                        "99999999999999.9",
                                        "4.35",
                                        "17407.983683000001",
                                        "1E22",
                                        "2.5e-323",
                                        "0.000000000000000123",
                                        "-1.0",
                                        "100"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[64 + SJ_TEXT_PAD] = {0};
        struct sj_number number;
        bool range;
        snprintf(text, 64, "%s,", texts[i]);
        assert_ptr_equal(sj_number_slow(text, &number, &range), text + strlen(texts[i]));
        assert_false(range);
        assert_true(sj_number_real(number) == strtod(texts[i], NULL));
        const char *end = sj_number_read(text, &number);
        if (end && *end == ',')
            assert_true(sj_number_real(number) == strtod(texts[i], NULL));
    }
}

static void decimals_are_scaled_exactly_or_rounded_half_to_even(void **state)
{
    int64_t e6;
    bool rounded = false;
    (void)state;
    assert_int_equal(sj_number_scaled((struct sj_number){175205, 1}, 6, &e6, NULL), 0);
    assert_int_equal(e6, 17520500000);
    assert_int_equal(sj_number_scaled((struct sj_number){25, 7}, 6, &e6, NULL), -SJ_E_RANGE);
    assert_int_equal(sj_number_scaled((struct sj_number){25, 7}, 6, &e6, &rounded), 0);
    assert_int_equal(e6, 2);
    assert_true(rounded);
    assert_int_equal(sj_number_scaled((struct sj_number){-35, 7}, 6, &e6, &rounded), 0);
    assert_int_equal(e6, -4);
    assert_int_equal(sj_number_scaled((struct sj_number){20, 7}, 6, &e6, NULL), 0);
    assert_int_equal(sj_number_scaled((struct sj_number){1, -13}, 6, &e6, NULL), -SJ_E_RANGE);
}

static void each_kind_of_bad_line_has_its_reason(void **state)
{
    static const struct {
        const char *line;
        enum sj_reject reject;
    } cases[] = {
        {"{\"ts_ns\":1627052\n", SJ_REJECT_TRUNCATED},
        {"{\"ts_ns\":\n", SJ_REJECT_TRUNCATED},
        {"{\"symbol\":\"TX\n", SJ_REJECT_TRUNCATED},
        {"{\"bid_prices\":[1,2\n", SJ_REJECT_TRUNCATED},
        {"nonsense\n", SJ_REJECT_SYNTAX},
        {"{\"ts_ns\":1}x\n", SJ_REJECT_SYNTAX},
        {"{\"ts_ns\":01}\n", SJ_REJECT_SYNTAX},
        {"{\"ts_ns\":1.}\n", SJ_REJECT_SYNTAX},
        {"{\"ts_ns\" 1}\n", SJ_REJECT_SYNTAX},
        {"{\"ts_ns\":\"1\"}\n", SJ_REJECT_TYPE},
        {"{\"price\":[1]}\n", SJ_REJECT_TYPE},
        {"{\"price\":{}}\n", SJ_REJECT_TYPE},
        {"{\"bid_prices\":[\"1\"]}\n", SJ_REJECT_TYPE},
        {"{\"bid_prices\":7}\n", SJ_REJECT_TYPE},
        {"{\"symbol\":7}\n", SJ_REJECT_TYPE},
        {"{\"symbol\":true}\n", SJ_REJECT_TYPE},
        {"{\"ts_ns\":12345678901234567890123}\n", SJ_REJECT_RANGE},
        {"{\"bid_prices\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}\n", SJ_REJECT_RANGE},
        {"{\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}\n", SJ_REJECT_RANGE},
        {"{\"unknown\":[1,{\"x\":\"\\u00e9\\n\"},null],\"price\":1}\n", SJ_REJECT_NONE},
        {"  {\"price\" : 1 , \"size\":2 } \r\n", SJ_REJECT_NONE},
        {"{}\n", SJ_REJECT_NONE},
    };
    static struct sj_record record;
    struct pair pair;
    (void)state;
    open_pair(&pair, SJ_DIALECT_ORIGINAL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum sj_reject got = parse_both(&pair, cases[i].line, &record);
        if (got != cases[i].reject)
            fail_msg("%s, not %s: %s", sj_reject_name(got), sj_reject_name(cases[i].reject),
                     cases[i].line);
    }
    assert_int_equal(parse_both(&pair, " \t\n", &record), 0);
    assert_true(record.blank);
    close_pair(&pair);
}

/* Around the 64 bytes of an array that are looked at together, and around what ends them. */
static void arrays_of_every_length_are_read_alike_both_ways(void **state)
{
    static const char *const odd[] = {"",    "1,",   "1, 2", "1 ,2",  "-1,2",   "1,-2",    "1,,2",
                                      ",1",  "1,01", "1,2.", "1,.5",  "1.5",    "1e3",     "1,2e1",
                                      "1,x", "1]",   "1 ",   "1,  2", "1,null", "1,\"2\"", "1,2}"};
    static struct sj_record record;
    struct pair pair;
    char line[2048];
    (void)state;
    open_pair(&pair, SJ_DIALECT_ORIGINAL);
    for (int digits = 1; digits <= 20; digits++)
        for (int count = 0; count <= 18; count++)
            for (int tail = 0; tail < (int)(sizeof odd / sizeof odd[0]); tail++) {
                size_t used = (size_t)sprintf(line, "{\"ts_ns\":1,\"ask_prices\":[");
                for (int key = 0; key < 2; key++) {
                    for (int i = 0; i < count; i++)
                        used += (size_t)sprintf(line + used, "%s%.*s", i ? "," : "", digits,
                                                "12345678901234567890");
                    used += (size_t)sprintf(line + used, "%s%s", count && *odd[tail] ? "," : "",
                                            odd[tail]);
                    used += (size_t)sprintf(line + used, key ? "]}\n" : "],\"bid_prices\":[");
                }
                enum sj_reject reject = parse_both(&pair, line, &record);
                if (!reject && !*odd[tail])
                    assert_int_equal(record.array_count[SJ_ARRAY_BID_PRICES], count);
            }
    assert_true(sj_line_parser_quick_count(pair.quick) > 1000);
    close_pair(&pair);
}

/* Bytes changed, dropped and doubled in good lines, a shape for which is known. */
static void changed_lines_are_read_alike_both_ways(void **state)
{
    static const char *const lines[2][3] = {{TICK, BOOK, EVENT}, {DEPTH, TRADE, TRADE}};
    static const char put[] = "\"{}[],:.0123459-+eE tfn\\\x01\xc3";
    static struct sj_record record;
    uint64_t seed = sj_test_seed();
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++) {
        struct pair pair;
        uint64_t taken = 0;
        open_pair(&pair, (enum sj_dialect)dialect);
        for (int i = 0; i < 60000; i++) {
            char line[1024];
            strcpy(line, lines[dialect][sj_test_random(&seed) % 3]);
            size_t size = strlen(line) - 1;
            int changes = (int)(sj_test_random(&seed) % 3);
            for (int k = 0; k < changes; k++) {
                size_t at = sj_test_random(&seed) % size;
                char c = put[sj_test_random(&seed) % (sizeof put - 1)];
                if (sj_test_random(&seed) % 3 == 0)
                    memmove(line + at, line + at + 1, size-- - at + 1);
                else
                    line[at] = c;
            }
            taken += !parse_both(&pair, line, &record);
        }
        assert_true(taken > 20000);
        assert_true(sj_line_parser_quick_count(pair.quick) > 10000);
        close_pair(&pair);
    }
}

int line_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_line_is_read_whole),
        cmocka_unit_test(binance_lines_are_read_whole),
        cmocka_unit_test(numbers_are_read_as_strtod_reads_them),
        cmocka_unit_test(decimals_are_scaled_exactly_or_rounded_half_to_even),
        cmocka_unit_test(each_kind_of_bad_line_has_its_reason),
        cmocka_unit_test(arrays_of_every_length_are_read_alike_both_ways),
        cmocka_unit_test(changed_lines_are_read_alike_both_ways),
    };
    return cmocka_run_group_tests_name("convert/line", tests, NULL, NULL);
}
