#include "gateway_suites.h"

#include "gateway/hours.h"

#define S SJ_NS_PER_S

static struct sj_hours load(bool always)
{
    char error[SJ_RULES_ERROR_MAX];
    struct sj_market_rules *rules;
    struct sj_hours hours = {
        .always = always, .silence_day_ns = 60 * S, .silence_night_ns = 180 * S};
    assert_int_equal(sj_market_rules_load(NULL, error, &rules), 0);
    assert_int_equal(sj_hours_load(&hours, rules, 20261123), 0);
    sj_market_rules_free(rules);
    return hours;
}

static int64_t at(int32_t date, int hour, int minute)
{
    return sj_tw_to_utc_ns(date, (hour * 3600LL + minute * 60LL) * S);
}

/* 2026-11-23 is a Monday. */
static void hours_know_day_night_and_weekend(void **state)
{
    (void)state;
    struct sj_hours hours = load(false);
    struct sj_expectation e = sj_hours_expect(&hours, SJ_MARKET_STOCK, at(20261123, 10, 0));
    assert_true(e.expected);
    assert_int_equal(e.since_ns, at(20261123, 9, 0));
    assert_int_equal(e.threshold_ns, 60 * S);
    assert_false(sj_hours_expect(&hours, SJ_MARKET_STOCK, at(20261123, 8, 59)).expected);
    assert_false(sj_hours_expect(&hours, SJ_MARKET_STOCK, at(20261123, 13, 31)).expected);
    assert_false(sj_hours_expect(&hours, SJ_MARKET_STOCK, at(20261122, 10, 0)).expected);
    assert_true(sj_hours_expect(&hours, SJ_MARKET_FUTURES, at(20261123, 8, 46)).expected);
    assert_false(sj_hours_expect(&hours, SJ_MARKET_FUTURES, at(20261123, 14, 0)).expected);
    e = sj_hours_expect(&hours, SJ_MARKET_FUTURES, at(20261124, 2, 0));
    assert_true(e.expected);
    assert_int_equal(e.since_ns, at(20261123, 15, 0));
    assert_int_equal(e.threshold_ns, 180 * S);
    /* Friday's night goes on into Saturday; Sunday has none. */
    assert_true(sj_hours_expect(&hours, SJ_MARKET_FUTURES, at(20261128, 4, 59)).expected);
    assert_false(sj_hours_expect(&hours, SJ_MARKET_FUTURES, at(20261128, 5, 0)).expected);
    assert_false(sj_hours_expect(&hours, SJ_MARKET_FUTURES, at(20261129, 2, 0)).expected);
}

static void hours_keep_holidays(void **state)
{
    (void)state;
    struct sj_hours hours = load(false);
    static const int32_t closed[] = {20261123};
    hours.holidays = (struct sj_tw_holidays){.closed = closed, .closed_count = 1};
    assert_false(sj_hours_expect(&hours, SJ_MARKET_STOCK, at(20261123, 10, 0)).expected);
    assert_false(sj_hours_expect(&hours, SJ_MARKET_FUTURES, at(20261123, 20, 0)).expected);
    assert_true(sj_hours_expect(&hours, SJ_MARKET_STOCK, at(20261124, 10, 0)).expected);
}

static void hours_give_each_instant_its_session(void **state)
{
    (void)state;
    struct sj_hours hours = load(false);
    struct sj_hours_session session;
    sj_hours_session(&hours, SJ_MARKET_FUTURES, at(20261123, 13, 45), &session);
    assert_int_equal(session.trading_day, 20261123);
    assert_false(session.night);
    sj_hours_session(&hours, SJ_MARKET_FUTURES, at(20261123, 14, 55), &session); /* auction */
    assert_int_equal(session.trading_day, 20261124);
    assert_true(session.night);
    int64_t to_ns = session.to_ns;
    sj_hours_session(&hours, SJ_MARKET_FUTURES, at(20261124, 5, 0), &session);
    assert_int_equal(session.trading_day, 20261124);
    assert_true(session.night);
    assert_int_equal(session.to_ns, to_ns);
    sj_hours_session(&hours, SJ_MARKET_FUTURES, at(20261124, 8, 30), &session);
    assert_false(session.night);
    assert_int_equal(session.from_ns, to_ns);
    sj_hours_session(&hours, SJ_MARKET_FUTURES, at(20261127, 23, 0), &session);
    assert_int_equal(session.trading_day, 20261130); /* Friday night is Monday's */
    sj_hours_session(&hours, SJ_MARKET_STOCK, at(20261123, 9, 0), &session);
    assert_int_equal(session.trading_day, 20261123);
    assert_int_equal(session.to_ns - session.from_ns, SJ_NS_PER_DAY);
}

static void feed_is_judged_by_its_data_alone(void **state)
{
    (void)state;
    struct sj_feed feed = {0};
    struct sj_expectation e = {.expected = true, .since_ns = 1000 * S, .threshold_ns = 60 * S};
    sj_feed_judge(&feed, &e, 1000 * S);
    assert_int_equal(feed.state, SJ_FEED_OFF);
    sj_feed_subscribed(&feed, 1010 * S);
    assert_true(sj_feed_judge(&feed, &e, 1011 * S));
    assert_int_equal(feed.state, SJ_FEED_WAITING);
    assert_false(sj_feed_judge(&feed, &e, 1070 * S));
    assert_true(sj_feed_judge(&feed, &e, 1071 * S)); /* subscribed, but silent */
    assert_int_equal(feed.state, SJ_FEED_SILENT);
    assert_int_equal(feed.silent_from_ns, 1010 * S);
    sj_feed_subscribed(&feed, 1080 * S); /* subscribing again is no proof of life */
    assert_false(sj_feed_judge(&feed, &e, 1081 * S));
    sj_feed_data(&feed, 1082 * S);
    assert_true(sj_feed_judge(&feed, &e, 1083 * S));
    assert_int_equal(feed.state, SJ_FEED_LIVE);
    assert_int_equal(sj_feed_age_ns(&feed, &e, 1083 * S), 1 * S);
    assert_true(sj_feed_judge(&feed, &e, 1143 * S));
    assert_int_equal(feed.silent_from_ns, 1082 * S);
    assert_int_equal(feed.silence_max_ns, 71 * S); /* the first one, from 1010 to 1081 */
}

static void feed_silence_does_not_count_while_nothing_is_expected(void **state)
{
    (void)state;
    struct sj_feed feed = {0};
    struct sj_expectation closed = {.expected = false, .threshold_ns = 60 * S};
    struct sj_expectation open = {.expected = true, .since_ns = 5000 * S, .threshold_ns = 60 * S};
    sj_feed_subscribed(&feed, 1000 * S);
    sj_feed_data(&feed, 1001 * S);
    sj_feed_judge(&feed, &closed, 4000 * S);
    assert_int_equal(feed.state, SJ_FEED_CLOSED);
    assert_int_equal(sj_feed_age_ns(&feed, &closed, 4000 * S), 0);
    sj_feed_judge(&feed, &open, 5030 * S);
    assert_int_equal(feed.state, SJ_FEED_WAITING); /* yesterday's data proves nothing */
    sj_feed_judge(&feed, &open, 5061 * S);
    assert_int_equal(feed.state, SJ_FEED_SILENT);
    assert_int_equal(feed.silent_from_ns, 5000 * S);
}

static void feed_is_liquid_when_it_speaks_often_for_long_enough(void **state)
{
    (void)state;
    struct sj_feed burst = {0};
    struct sj_feed steady = {0};
    struct sj_feed slow = {0};
    for (int64_t i = 0; i < 30; i++) {
        sj_feed_data(&burst, 1000 * S + i);
        sj_feed_data(&steady, 1000 * S + i * S);
        sj_feed_data(&slow, 1000 * S + i * 20 * S);
    }
    assert_false(sj_feed_is_liquid(&burst, 60 * S));
    assert_true(sj_feed_is_liquid(&steady, 60 * S));
    assert_false(sj_feed_is_liquid(&slow, 60 * S));
}

int judge_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_know_day_night_and_weekend),
        cmocka_unit_test(hours_keep_holidays),
        cmocka_unit_test(hours_give_each_instant_its_session),
        cmocka_unit_test(feed_is_judged_by_its_data_alone),
        cmocka_unit_test(feed_silence_does_not_count_while_nothing_is_expected),
        cmocka_unit_test(feed_is_liquid_when_it_speaks_often_for_long_enough),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
