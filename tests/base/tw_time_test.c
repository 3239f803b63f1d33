#include "base/tw_time.h"

#include <time.h>

#include "suites.h"
#include "support/test.h"

static int64_t at(const char *text)
{
    int64_t utc_ns = 0;
    assert_int_equal(sj_tw_parse(text, strlen(text), &utc_ns), 0);
    return utc_ns;
}

static void date_agrees_with_the_c_library_for_every_day(void **state)
{
    (void)state;
    for (int32_t day = -40000; day < 80000; day++) {
        time_t second = (time_t)day * 86400;
        struct tm tm;
        gmtime_r(&second, &tm);
        int32_t date = (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
        assert_int_equal(sj_date_from_day(day), date);
        assert_int_equal(sj_date_to_day(date), day);
        assert_int_equal(sj_date_weekday(date), tm.tm_wday);
        assert_true(sj_date_valid(date));
    }
}

static void date_knows_which_days_there_are(void **state)
{
    (void)state;
    assert_true(sj_date_valid(20240229));
    assert_false(sj_date_valid(20230229));
    assert_false(sj_date_valid(19000229));
    assert_true(sj_date_valid(20000229));
    assert_false(sj_date_valid(20240431));
    assert_false(sj_date_valid(20241301));
    assert_false(sj_date_valid(20240100));
    assert_false(sj_date_valid(-20240101));
}

static void date_parses_the_forms_in_use(void **state)
{
    (void)state;
    const char *texts[] = {"2021-07-26", "2021/07/26", "2021/7/26", "20210726"};
    for (size_t i = 0; i < 4; i++) {
        int32_t date = 0;
        assert_int_equal(sj_date_parse(texts[i], strlen(texts[i]), &date), 0);
        assert_int_equal(date, 20210726);
    }
    int32_t date = 7;
    assert_int_equal(sj_date_parse("2021-02-30", 10, &date), -SJ_E_RANGE);
    assert_int_equal(sj_date_parse("2021-07/26", 10, &date), -SJ_E_MALFORMED);
    assert_int_equal(sj_date_parse("2021072", 7, &date), -SJ_E_MALFORMED);
    assert_int_equal(sj_date_parse("2021-07-26 ", 11, &date), -SJ_E_MALFORMED);
    assert_int_equal(sj_date_parse("", 0, &date), -SJ_E_MALFORMED);
    assert_int_equal(date, 7);
}

static void tw_parse_turns_taipei_time_into_utc(void **state)
{
    (void)state;
    /* date -u -d '2021-07-26 00:45:00' +%s */
    assert_int_equal(at("2021-07-26 08:45:00.123456"), 1627260300123456000);
    assert_int_equal(at("2021/07/26T08:45"), 1627260300000000000);
    assert_int_equal(at("2021-07-26 08:45:00.123456789"), 1627260300123456789);
    assert_int_equal(at("1970-01-01 08:00:00"), 0);
}

static void tw_parse_refuses_other_forms(void **state)
{
    (void)state;
    int64_t utc_ns = 7;
    const char *malformed[] = {"2021-07-26",
                               "2021-07-26 8:45:00",
                               "2021-07-26 08:45:00.",
                               "2021-07-26  08:45:00",
                               "2021-07-26 08:45:00.1234567891",
                               "2021-07-26 08:45:00Z",
                               "2021-07-26 08:45:0"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        assert_int_equal(sj_tw_parse(malformed[i], strlen(malformed[i]), &utc_ns), -SJ_E_MALFORMED);
    const char *range[] = {"2021-07-26 24:00:00", "2021-07-26 08:60:00", "2021-07-26 08:45:60",
                           "9999-07-26 08:45:00"};
    for (size_t i = 0; i < sizeof range / sizeof *range; i++)
        assert_int_equal(sj_tw_parse(range[i], strlen(range[i]), &utc_ns), -SJ_E_RANGE);
    assert_int_equal(utc_ns, 7);
}

static void tw_format_is_what_tw_parse_reads(void **state)
{
    (void)state;
    char text[SJ_TIME_TEXT_MAX];
    uint32_t size = sj_tw_format(1627260300123456789, 9, text);
    assert_string_equal(text, "2021-07-26 08:45:00.123456789");
    assert_int_equal(size, strlen(text));
    sj_tw_format(1627260300123456789, 3, text);
    assert_string_equal(text, "2021-07-26 08:45:00.123");
    sj_tw_format(1627260300123456789, 0, text);
    assert_string_equal(text, "2021-07-26 08:45:00");
    size = sj_utc_format(1627260300123456789, 6, text);
    assert_string_equal(text, "2021-07-26T00:45:00.123456Z");
    assert_int_equal(size, strlen(text));
    sj_utc_format(-1, 9, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999999Z");
    uint64_t seed = sj_test_seed();
    for (int i = 0; i < 10000; i++) {
        int64_t utc_ns = (int64_t)sj_test_random(&seed) / 2;
        sj_tw_format(utc_ns, 9, text);
        assert_true(at(text) == utc_ns);
    }
}

static void trading_day_of_a_night_session_is_the_next(void **state)
{
    (void)state;
    /* 2021-07-26 is a Monday. */
    assert_int_equal(sj_tw_trading_day(at("2021-07-26 08:45"), NULL), 20210726);
    assert_int_equal(sj_tw_trading_day(at("2021-07-26 14:59:59.999999999"), NULL), 20210726);
    assert_int_equal(sj_tw_trading_day(at("2021-07-26 15:00"), NULL), 20210727);
    assert_int_equal(sj_tw_trading_day(at("2021-07-27 04:59"), NULL), 20210727);
    assert_int_equal(sj_tw_trading_day(at("2021-07-30 15:00"), NULL), 20210802);
    assert_int_equal(sj_tw_trading_day(at("2021-07-31 03:00"), NULL), 20210802);
    assert_int_equal(sj_tw_trading_day(at("2021-08-01 20:00"), NULL), 20210802);
}

static void trading_day_skips_holidays_and_takes_make_up_days(void **state)
{
    (void)state;
    static const int32_t closed[] = {20210209, 20210210, 20210211, 20210212, 20210215, 20210216};
    static const int32_t open[] = {20210220};
    struct sj_tw_holidays holidays = {closed, 6, open, 1};
    assert_int_equal(sj_tw_trading_day(at("2021-02-08 15:00"), &holidays), 20210217);
    assert_int_equal(sj_tw_trading_day(at("2021-02-11 09:00"), &holidays), 20210217);
    assert_int_equal(sj_tw_trading_day(at("2021-02-20 09:00"), &holidays), 20210220);
    assert_int_equal(sj_tw_trading_day(at("2021-02-19 15:00"), &holidays), 20210220);
    assert_int_equal(sj_tw_next_trading_day(20210220, &holidays), 20210222);
    assert_int_equal(sj_tw_previous_trading_day(20210217, &holidays), 20210208);
    assert_false(sj_tw_is_trading_day(20210215, &holidays));
}

int tw_time_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(date_agrees_with_the_c_library_for_every_day),
        cmocka_unit_test(date_knows_which_days_there_are),
        cmocka_unit_test(date_parses_the_forms_in_use),
        cmocka_unit_test(tw_parse_turns_taipei_time_into_utc),
        cmocka_unit_test(tw_parse_refuses_other_forms),
        cmocka_unit_test(tw_format_is_what_tw_parse_reads),
        cmocka_unit_test(trading_day_of_a_night_session_is_the_next),
        cmocka_unit_test(trading_day_skips_holidays_and_takes_make_up_days),
    };
    return cmocka_run_group_tests_name("tw_time", tests, NULL, NULL);
}
