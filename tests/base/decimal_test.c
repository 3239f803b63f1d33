#include "base/decimal.h"

#include "suites.h"
#include "support/test.h"

static sj_rc parse(const char *text, int64_t *ret_value)
{
    return sj_decimal_parse_e6(text, strlen(text), ret_value);
}

static void assert_parses(const char *text, int64_t wanted)
{
    int64_t value = 0;
    assert_int_equal(parse(text, &value), 0);
    assert_true(value == wanted);
}

static void assert_refused(const char *text, sj_rc wanted)
{
    int64_t value = 77;
    assert_int_equal(parse(text, &value), wanted);
    assert_int_equal(value, 77);
}

static void decimal_parses_prices_exactly(void **state)
{
    (void)state;
    assert_parses("0", 0);
    assert_parses("18052.5", 18052500000);
    assert_parses("-0.25", -250000);
    assert_parses("000.000001", 1);
    assert_parses("1.50000000000000000000000000", 1500000);
    assert_parses("9223372036854.775807", INT64_MAX);
    assert_parses("-9223372036854.775808", INT64_MIN);
}

static void decimal_refuses_what_does_not_fit(void **state)
{
    (void)state;
    assert_refused("0.0000001", -SJ_E_RANGE);
    assert_refused("9223372036854.775808", -SJ_E_RANGE);
    assert_refused("-9223372036854.775809", -SJ_E_RANGE);
    assert_refused("9223372036855", -SJ_E_RANGE);
    assert_refused("99999999999999999999999999999999", -SJ_E_RANGE);
}

static void decimal_refuses_what_is_not_a_decimal(void **state)
{
    (void)state;
    const char *texts[] = {"",    "-",   ".",     ".5",  "5.",    "+1",  " 1", "1 ",
                           "1e3", "0x1", "1.2.3", "--1", "1,000", "nan", "1-"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_refused(texts[i], -SJ_E_MALFORMED);
}

static void decimal_parse_reads_no_byte_beyond_its_size(void **state)
{
    (void)state;
    int64_t value;
    assert_int_equal(sj_decimal_parse_e6("12.345", 4, &value), 0);
    assert_int_equal(value, 12300000);
}

static void decimal_formats_the_shortest_text(void **state)
{
    (void)state;
    char text[SJ_DECIMAL_TEXT_MAX];
    assert_int_equal(sj_decimal_format_e6(18052500000, text), 7);
    assert_string_equal(text, "18052.5");
    sj_decimal_format_e6(-250000, text);
    assert_string_equal(text, "-0.25");
    sj_decimal_format_e6(0, text);
    assert_string_equal(text, "0");
    sj_decimal_format_e6(INT64_MIN, text);
    assert_string_equal(text, "-9223372036854.775808");
    sj_decimal_format(INT64_MIN, 18, text);
    assert_string_equal(text, "-9.223372036854775808");
    sj_decimal_format(100, 0, text);
    assert_string_equal(text, "100");
}

static void decimal_text_round_trips(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    for (int i = 0; i < 100000; i++) {
        uint64_t random = sj_test_random(&seed);
        int64_t value = (int64_t)(sj_test_random(&seed)) >> (random & 63);
        uint32_t places = (uint32_t)(random >> 8) % (SJ_DECIMAL_PLACES_MAX + 1);
        char text[SJ_DECIMAL_TEXT_MAX];
        int64_t back;
        uint32_t size = sj_decimal_format(value, places, text);
        assert_int_equal(size, strlen(text));
        assert_int_equal(sj_decimal_parse(text, size, places, &back), 0);
        assert_true(back == value);
    }
}

int decimal_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_parses_prices_exactly),
        cmocka_unit_test(decimal_refuses_what_does_not_fit),
        cmocka_unit_test(decimal_refuses_what_is_not_a_decimal),
        cmocka_unit_test(decimal_parse_reads_no_byte_beyond_its_size),
        cmocka_unit_test(decimal_formats_the_shortest_text),
        cmocka_unit_test(decimal_text_round_trips),
    };
    return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
