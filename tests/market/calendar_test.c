#include "market/calendar.h"

#include "market_suites.h"

/* Taipei wall time, "2026-02-11 15:00", as UTC. */
static int64_t at(const char *text)
{
    int64_t utc_ns;
    assert_int_equal(sj_tw_parse(text, strlen(text), &utc_ns), 0);
    return utc_ns;
}

static void trading_days_are_counted_as_the_exchange_counted_them(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    /* The exchange's own count of trading days a year. */
    static const int counts[][2] = {{2021, 244}, {2022, 246}, {2023, 239}, {2024, 242}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int count = 0;
        for (int32_t d = counts[i][0] * 10000 + 101; d / 10000 == counts[i][0];
             d = sj_date_add(d, 1))
            count += sj_tw_is_trading_day(d, sj_market_holidays(rules, SJ_BOARD_STOCK));
        assert_int_equal(count, counts[i][1]);
    }
    sj_market_rules_free(rules);
}

static void the_calendar_says_what_it_spans(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    int32_t first, last;
    sj_market_calendar_span(rules, &first, &last);
    assert_int_equal(first, 20210101);
    assert_int_equal(last, 20271231);
    sj_market_rules_free(rules);
}

static void a_night_belongs_to_the_next_trading_day(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    static const struct {
        const char *time;
        int32_t futures, stock;
    } cases[] = {
        {"2026-11-24 10:00", 20261124, 20261124},
        {"2026-11-24 14:49:59", 20261124, 20261124},
        {"2026-11-24 14:50", 20261125, 20261124}, /* the night's orders gather */
        {"2026-11-25 04:59", 20261125, 20261125},
        {"2026-11-27 15:00", 20261130, 20261127}, /* Friday evening */
        {"2026-11-28 03:00", 20261130, 20261130},
        {"2026-02-11 15:00", 20260223, 20260211}, /* before the lunar new year */
        {"2026-02-12 04:00", 20260223, 20260223},
        {"2026-02-14 12:00", 20260223, 20260223},
        {"2024-10-31 10:00", 20241101, 20241101}, /* a typhoon */
        {"2026-10-08 20:00", 20261012, 20261008}, /* national day on a Friday */
        {"2026-12-31 16:00", 20270104, 20261231},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ns = at(cases[i].time);
        assert_int_equal(sj_market_trading_day(rules, SJ_BOARD_FUTURES, ns), cases[i].futures);
        assert_int_equal(sj_market_trading_day(rules, SJ_BOARD_STOCK, ns), cases[i].stock);
    }
    sj_market_rules_free(rules);
}

struct phase_case {
    const char *time;
    enum sj_session_phase phase;
    bool night;
    int32_t trading_day;
    const char *until;
};

static void check_phases(enum sj_board board, uint32_t last_day, bool night,
                         const struct phase_case *cases, size_t count)
{
    struct sj_market_rules *rules = load_rules();
    for (size_t i = 0; i < count; i++) {
        struct sj_market_moment moment;
        int64_t ns = at(cases[i].time);
        assert_int_equal(sj_market_moment(rules, board, last_day, night, ns, &moment), 0);
        int64_t until_ns = cases[i].until ? at(cases[i].until) : INT64_MAX;
        if (moment.phase != cases[i].phase || moment.night != cases[i].night ||
            moment.trading_day != cases[i].trading_day || moment.until_ns != until_ns)
            fail_msg("%s: phase %d, night %d, day %d", cases[i].time, (int)moment.phase,
                     moment.night, moment.trading_day);
        assert_true(moment.since_ns <= ns && ns < moment.until_ns);
    }
    sj_market_rules_free(rules);
}

#define CLOSED SJ_SESSION_PHASE_NONE
#define AUCTION SJ_SESSION_PHASE_AUCTION
#define CONTINUOUS SJ_SESSION_PHASE_CONTINUOUS
#define CLOSING SJ_SESSION_PHASE_CLOSING

static void stocks_go_through_their_day(void **state)
{
    (void)state;
    static const struct phase_case cases[] = {
        {"2026-11-24 08:29:59", CLOSED, false, 20261124, "2026-11-24 08:30"},
        {"2026-11-24 08:30", AUCTION, false, 20261124, "2026-11-24 09:00"},
        {"2026-11-24 09:00", CONTINUOUS, false, 20261124, "2026-11-24 13:25"},
        {"2026-11-24 13:25", CLOSING, false, 20261124, "2026-11-24 13:30"},
        {"2026-11-24 13:30", CLOSED, false, 20261125, "2026-11-25 08:30"},
        {"2026-11-27 20:00", CLOSED, false, 20261130, "2026-11-30 08:30"},
        {"2026-02-12 10:00", CLOSED, false, 20260223, "2026-02-23 08:30"},
    };
    check_phases(SJ_BOARD_STOCK, 0, true, cases, sizeof cases / sizeof *cases);
    static const struct phase_case odd[] = {
        {"2026-11-24 08:59", CLOSED, false, 20261124, "2026-11-24 09:00"},
        {"2026-11-24 13:29", AUCTION, false, 20261124, "2026-11-24 13:30"},
    };
    check_phases(SJ_BOARD_ODD, 0, true, odd, sizeof odd / sizeof *odd);
}

static void futures_go_through_day_and_night(void **state)
{
    (void)state;
    static const struct phase_case cases[] = {
        {"2026-11-24 05:00", CLOSED, false, 20261124, "2026-11-24 08:30"},
        {"2026-11-24 08:30", AUCTION, false, 20261124, "2026-11-24 08:45"},
        {"2026-11-24 08:45", CONTINUOUS, false, 20261124, "2026-11-24 13:45"},
        {"2026-11-24 13:45", CLOSED, false, 20261125, "2026-11-24 14:50"},
        {"2026-11-24 14:50", AUCTION, true, 20261125, "2026-11-24 15:00"},
        {"2026-11-24 15:00", CONTINUOUS, true, 20261125, "2026-11-25 05:00"},
        {"2026-11-25 04:59:59", CONTINUOUS, true, 20261125, "2026-11-25 05:00"},
        {"2026-11-28 04:00", CONTINUOUS, true, 20261130, "2026-11-28 05:00"},
        {"2026-11-28 05:00", CLOSED, false, 20261130, "2026-11-30 08:30"},
        {"2026-02-12 03:00", CONTINUOUS, true, 20260223, "2026-02-12 05:00"},
        {"2026-02-12 16:00", CLOSED, false, 20260223, "2026-02-23 08:30"},
    };
    check_phases(SJ_BOARD_FUTURES, 0, true, cases, sizeof cases / sizeof *cases);
    static const struct phase_case day_only[] = {
        {"2026-11-24 15:00", CLOSED, false, 20261125, "2026-11-25 08:30"},
    };
    check_phases(SJ_BOARD_FUTURES, 0, false, day_only, 1);
}

static void a_contracts_last_day_ends_early_and_for_good(void **state)
{
    (void)state;
    static const struct phase_case cases[] = {
        {"2026-11-17 16:00", CONTINUOUS, true, 20261118, "2026-11-18 05:00"},
        {"2026-11-18 13:29", CONTINUOUS, false, 20261118, "2026-11-18 13:30"},
        {"2026-11-18 13:30", CLOSED, false, 0, NULL},
        {"2026-11-18 15:30", CLOSED, false, 0, NULL},
        {"2026-11-19 10:00", CLOSED, false, 0, NULL},
    };
    check_phases(SJ_BOARD_FUTURES, 20261118, true, cases, sizeof cases / sizeof *cases);
}

/* Whatever the instant, the phase lasts until `until_ns`, and something else begins there. */
static void moments_join_without_gap(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    for (enum sj_board board = 0; board < SJ_BOARD_COUNT; board++) {
        struct sj_market_moment moment = {0}, before;
        int64_t ns = at("2026-02-01 00:00"), end_ns = at("2026-03-10 00:00");
        for (unsigned steps = 0; ns < end_ns; steps++, ns = moment.until_ns) {
            before = moment;
            assert_int_equal(sj_market_moment(rules, board, 0, true, ns, &moment), 0);
            assert_true(moment.until_ns > ns);
            assert_true(steps == 0 || moment.phase != before.phase);
            if (moment.phase != CLOSED) {
                assert_int_equal(moment.since_ns, ns);
                assert_int_equal(sj_market_trading_day(rules, board, ns), moment.trading_day);
            }
            struct sj_market_moment last;
            assert_int_equal(sj_market_moment(rules, board, 0, true, moment.until_ns - 1, &last),
                             0);
            assert_int_equal(last.phase, moment.phase);
            assert_int_equal(last.trading_day, moment.trading_day);
        }
    }
    sj_market_rules_free(rules);
}

static void a_phase_accepts_its_kinds_of_orders(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    const uint32_t limit_day = sj_order_bit(1, 1), day = 20261124;
    assert_int_equal(sj_market_orders(rules, SJ_BOARD_STOCK, AUCTION, day), limit_day);
    assert_int_equal(sj_market_orders(rules, SJ_BOARD_STOCK, CLOSING, day), limit_day);
    assert_int_equal(sj_market_orders(rules, SJ_BOARD_ODD, AUCTION, day), limit_day);
    assert_int_equal(sj_market_orders(rules, SJ_BOARD_STOCK, CLOSED, day), 0);
    assert_int_equal(sj_market_orders(rules, SJ_BOARD_INDEX, CONTINUOUS, day), 0);
    uint32_t stock = sj_market_orders(rules, SJ_BOARD_STOCK, CONTINUOUS, day);
    assert_true(stock & sj_order_bit(2, 2));
    assert_false(stock & sj_order_bit(3, 2)); /* no market orders with protection */
    uint32_t futures = sj_market_orders(rules, SJ_BOARD_FUTURES, CONTINUOUS, day);
    assert_true(futures & sj_order_bit(2, 2));
    assert_true(futures & sj_order_bit(3, 2));
    assert_false(futures & sj_order_bit(2, 1)); /* the exchange's 9938 */
    assert_int_equal(sj_order_bit(0, 1) | sj_order_bit(4, 1) | sj_order_bit(1, 0), 0);
    assert_int_equal(sj_order_bit(1, 4), 0);
    sj_market_rules_free(rules);
}

static void quantities_have_a_most(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    uint32_t most;
    assert_int_equal(sj_market_quantity_max(rules, SJ_BOARD_ODD, false, false, 1, 20261124, &most),
                     0);
    assert_int_equal(most, 999);
    assert_int_equal(
        sj_market_quantity_max(rules, SJ_BOARD_FUTURES, false, true, 2, 20261124, &most), 0);
    assert_int_equal(most, 5);
    assert_int_equal(
        sj_market_quantity_max(rules, SJ_BOARD_FUTURES, true, false, 1, 20261124, &most), 0);
    assert_int_equal(most, 200);
    assert_int_equal(
        sj_market_quantity_max(rules, SJ_BOARD_INDEX, false, false, 1, 20261124, &most),
        -SJ_E_UNKNOWN);
    assert_true(sj_market_has_night(rules, "TMF", 20261124));
    assert_false(sj_market_has_night(rules, "TMF", 20240101));
    assert_false(sj_market_has_night(rules, "CDF", 20261124));
    sj_market_rules_free(rules);
}

static void days_can_be_added_and_taken_back(void **state)
{
    (void)state;
    static const char text[] = "2015-06-01 session STK continuous@09:00:00-13:30:00\n"
                               "2015-06-01 session FUT continuous@08:45:00-13:45:00\n"
                               "2015-06-01 session FUT.NIGHT continuous@15:00:00-29:00:00\n"
                               "2026-11-25 closed TW typhoon\n"
                               "2026-11-26 closed TW holiday\n"
                               "2026-11-26 open TW no holiday after all\n"
                               "2026-11-28 open STK a Saturday\n"
                               "2026-11-27 closed FUT.NIGHT no night\n";
    char error[SJ_RULES_ERROR_MAX];
    struct sj_market_rules *rules;
    struct sj_market_moment moment;
    assert_int_equal(sj_market_rules_parse(text, sizeof text - 1, error, &rules), 0);
    const struct sj_tw_holidays *stock = sj_market_holidays(rules, SJ_BOARD_STOCK);
    assert_false(sj_tw_is_trading_day(20261125, stock));
    assert_true(sj_tw_is_trading_day(20261126, stock));
    assert_true(sj_tw_is_trading_day(20261128, stock));
    assert_false(sj_tw_is_trading_day(20261128, sj_market_holidays(rules, SJ_BOARD_FUTURES)));
    assert_int_equal(sj_market_trading_day(rules, SJ_BOARD_STOCK, at("2026-11-28 10:00")),
                     20261128);
    assert_int_equal(
        sj_market_moment(rules, SJ_BOARD_FUTURES, 0, true, at("2026-11-27 15:30"), &moment), 0);
    assert_int_equal(moment.phase, CLOSED);
    assert_int_equal(moment.until_ns, at("2026-11-30 08:45"));
    assert_int_equal(
        sj_market_moment(rules, SJ_BOARD_ODD, 0, true, at("2026-11-27 15:30"), &moment),
        -SJ_E_UNKNOWN);
    sj_market_rules_free(rules);
}

int calendar_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trading_days_are_counted_as_the_exchange_counted_them),
        cmocka_unit_test(the_calendar_says_what_it_spans),
        cmocka_unit_test(a_night_belongs_to_the_next_trading_day),
        cmocka_unit_test(stocks_go_through_their_day),
        cmocka_unit_test(futures_go_through_day_and_night),
        cmocka_unit_test(a_contracts_last_day_ends_early_and_for_good),
        cmocka_unit_test(moments_join_without_gap),
        cmocka_unit_test(a_phase_accepts_its_kinds_of_orders),
        cmocka_unit_test(quantities_have_a_most),
        cmocka_unit_test(days_can_be_added_and_taken_back),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
