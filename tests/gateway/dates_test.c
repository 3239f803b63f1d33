#include "gateway/gateway_config.h"

#include "gateway_suites.h"

static void configured_days_lie_on_top_of_the_calendars(void **state)
{
    (void)state;
    static const int32_t closed[] = {20260101, 20260212, 20261009}, open[] = {20261128};
    const struct sj_tw_holidays known = {closed, 3, open, 1};
    struct sj_gateway_config config = {.holidays = "2026-11-25, 2026-05-04",
                                       .extra_trading_days = "2026-10-09,2026-11-21"};
    struct sj_tw_holidays days;
    int32_t *dates;
    char error[SJ_PLAN_ERROR_MAX] = "";
    assert_int_equal(gateway_dates(&config, &known, &dates, &days, error), 0);
    static const struct {
        int32_t date;
        bool trades;
    } cases[] = {
        {20260101, false},
        {20260212, false},
        {20261125, false},
        {20260504, false},
        {20261009, true} /* closed by the calendar, but not here */,
        {20261121, true},
        {20261128, true},
        {20261122, false},
        {20261124, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sj_tw_is_trading_day(cases[i].date, &days), cases[i].trades);
    free(dates);
}

static void a_day_that_is_none_is_named(void **state)
{
    (void)state;
    const struct sj_tw_holidays known = {0};
    struct sj_gateway_config config = {.holidays = "2026-11-31"};
    struct sj_tw_holidays days;
    int32_t *dates;
    char error[SJ_PLAN_ERROR_MAX] = "";
    assert_true(gateway_dates(&config, &known, &dates, &days, error) < 0);
    assert_string_equal(error, "broker.holidays: '2026-11-31' is not a date: write YYYY-MM-DD");
}

int dates_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configured_days_lie_on_top_of_the_calendars),
        cmocka_unit_test(a_day_that_is_none_is_named),
    };
    return cmocka_run_group_tests_name("dates", tests, NULL, NULL);
}
