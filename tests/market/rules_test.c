#include "market/ladder.h"

#include <unistd.h>

#include "market_suites.h"

static void stock_ticks_follow_the_bands(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    struct sj_tick_bands bands;
    assert_int_equal(sj_market_tick_bands(rules, "STK", 20261123, &bands), 0);
    assert_int_equal(sj_tick_at(&bands, 9990000), 10000);
    assert_int_equal(sj_tick_at(&bands, 10000000), 50000);
    assert_int_equal(sj_tick_at(&bands, 499500000), 500000);
    assert_int_equal(sj_tick_at(&bands, 1000000000), 5000000);
    assert_int_equal(sj_market_tick_bands(rules, "STK", 19990101, &bands), -SJ_E_UNKNOWN);
    sj_market_rules_free(rules);
}

static void limits_round_towards_the_reference(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    struct sj_tick_bands bands;
    int64_t down, up;
    assert_int_equal(sj_market_tick_bands(rules, "STK", 20261123, &bands), 0);
    sj_price_limits(&bands, 99900000, 100000, &down, &up);
    assert_int_equal(up, 109500000);  /* 109.89 in steps of 0.5 */
    assert_int_equal(down, 90000000); /* 89.91 in steps of 0.1 */
    sj_market_rules_free(rules);
}

static void a_ladder_numbers_every_valid_price_once(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    struct sj_tick_bands bands;
    struct sj_price_ladder ladder;
    assert_int_equal(sj_market_tick_bands(rules, "STK", 20261123, &bands), 0);
    assert_int_equal(sj_price_ladder_init(&ladder, &bands, 45000000, 55000000), 0);
    assert_int_equal(ladder.rung_count, 100 + 51); /* 45 to 49.95 by 0.05, 50 to 55 by 0.1 */
    for (int32_t rung = 0; rung < (int32_t)ladder.rung_count; rung++) {
        int64_t price = sj_price_ladder_price(&ladder, rung);
        assert_int_equal(sj_price_ladder_rung(&ladder, price), rung);
        assert_int_equal(price % sj_tick_at(&bands, price), 0);
        assert_true(rung == 0 || price > sj_price_ladder_price(&ladder, rung - 1));
    }
    assert_int_equal(sj_price_ladder_rung(&ladder, 50050000), -1);
    assert_int_equal(sj_price_ladder_rung(&ladder, 44950000), -1);
    assert_int_equal(sj_price_ladder_rung(&ladder, 55100000), -1);
    sj_market_rules_free(rules);
}

static void the_day_goes_through_its_phases(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    struct sj_session_plan plan;
    int64_t until;
    const int64_t minute = 60000000000;
    assert_int_equal(sj_market_session(rules, "STK", 20261123, &plan), 0);
    assert_int_equal(sj_session_at(&plan, 8 * 60 * minute, &until), SJ_SESSION_PHASE_NONE);
    assert_int_equal(until, (8 * 60 + 30) * minute);
    assert_int_equal(sj_session_at(&plan, until, &until), SJ_SESSION_PHASE_AUCTION);
    assert_int_equal(sj_session_at(&plan, until, &until), SJ_SESSION_PHASE_CONTINUOUS);
    assert_int_equal(sj_session_at(&plan, until, &until), SJ_SESSION_PHASE_CLOSING);
    assert_int_equal(until, (13 * 60 + 30) * minute);
    assert_int_equal(sj_session_at(&plan, until, &until), SJ_SESSION_PHASE_NONE);
    assert_int_equal(until, INT64_MAX);
    sj_market_rules_free(rules);
}

static void the_youngest_rule_that_holds_counts(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    int64_t seconds;
    assert_int_equal(sj_market_number(rules, "interval", "ODD", 20211219, &seconds), 0);
    assert_int_equal(seconds, 180000000);
    assert_int_equal(sj_market_number(rules, "interval", "ODD", 20261123, &seconds), 0);
    assert_int_equal(seconds, 5000000);
    sj_market_rules_free(rules);
}

static void a_wrong_line_is_named(void **state)
{
    (void)state;
    static const char *const wrong[] = {"2020-01-01 tick STK 10:0.01 5:0.05 *:1",
                                        "2020-01-01 tick STK 10:0.01",
                                        "2020-13-01 limit STK 0.1",
                                        "2020-01-01 frob STK 0.1",
                                        "2020-01-01 session STK auction@09:00:00-08:00:00",
                                        "2020-01-01 session STK auction@08:-1:00-09:00:00",
                                        "2020-01-01 session STK auction@08:00:00-09:60:00",
                                        "2020-01-01 session STK auction@08:00:00-09:00:00x",
                                        "2020-01-01 limit STK",
                                        "2020-02-30 limit STK 0.1",
                                        "2020-01-01 limit STK 1.5",
                                        "2020-01-01 limit STK 0.1 0.2 0.3",
                                        "2020-01-01 fee STK 0.001425 20",
                                        "2020-01-01 orders STK.auction LMT.GTC",
                                        "2020-01-01 closed NYSE holiday",
                                        "2020-01-01 limit ANAMEOFSIXTEENCH 0.1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char error[SJ_RULES_ERROR_MAX] = "", text[128];
        struct sj_market_rules *rules;
        snprintf(text, sizeof text, "# first\n%s", wrong[i]);
        assert_int_equal(sj_market_rules_parse(text, strlen(text), error, &rules), -SJ_E_MALFORMED);
        assert_memory_equal(error, "line 2:", 7);
    }
}

/* Writes a text to a new file and loads it on top of the rules built in. */
static sj_rc load_text(const char *text, char path[64], char error[SJ_RULES_ERROR_MAX],
                       struct sj_market_rules **ret_rules)
{
    snprintf(path, 64, "/tmp/shijim_rules_XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    sj_rc rc = sj_market_rules_load(path, error, ret_rules);
    unlink(path);
    return rc;
}

static void a_file_lies_on_top_of_what_is_built_in(void **state)
{
    (void)state;
    char path[64], error[SJ_RULES_ERROR_MAX] = "";
    struct sj_market_rules *rules;
    int64_t value;
    assert_int_equal(
        load_text("2015-06-01 limit STK 0.07\n2030-01-01 limit ETF 0.2\n", path, error, &rules), 0);
    assert_int_equal(sj_market_number(rules, "limit", "STK", 20261123, &value), 0);
    assert_int_equal(value, 70000);
    assert_int_equal(sj_market_number(rules, "limit", "ETF", 20261123, &value), 0);
    assert_int_equal(value, 100000);
    assert_int_equal(sj_market_number(rules, "limit", "ETF", 20300101, &value), 0);
    assert_int_equal(value, 200000);
    sj_market_rules_free(rules);
}

static void a_wrong_file_is_named_with_its_line(void **state)
{
    (void)state;
    char path[64], error[SJ_RULES_ERROR_MAX] = "", wanted[128];
    struct sj_market_rules *rules;
    assert_int_equal(load_text("# a\n\n2020-01-01 limit STK x\n", path, error, &rules),
                     -SJ_E_MALFORMED);
    snprintf(wanted, sizeof wanted, "%s, line 3: a value is malformed or out of order", path);
    assert_string_equal(error, wanted);
    assert_int_equal(sj_market_rules_load("/no/such/file", error, &rules), -2);
    assert_string_equal(error, "/no/such/file: No such file or directory");
}

int rules_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stock_ticks_follow_the_bands),
        cmocka_unit_test(limits_round_towards_the_reference),
        cmocka_unit_test(a_ladder_numbers_every_valid_price_once),
        cmocka_unit_test(the_day_goes_through_its_phases),
        cmocka_unit_test(the_youngest_rule_that_holds_counts),
        cmocka_unit_test(a_wrong_line_is_named),
        cmocka_unit_test(a_file_lies_on_top_of_what_is_built_in),
        cmocka_unit_test(a_wrong_file_is_named_with_its_line),
    };
    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
