#include "gateway_suites.h"

#include "base/clock.h"
#include "base/tw_time.h"
#include "gateway/contract_check.h"

static struct sj_instrument stock(void)
{
    return (struct sj_instrument){.code = "2330",
                                  .name = "TSMC",
                                  .security = SJ_SECURITY_STK,
                                  .reference_e6 = 1080000000,
                                  .update_date = 20261123,
                                  .unit = 1000};
}

static void contract_what_a_day_brings_is_not_another_contract(void **state)
{
    (void)state;
    struct sj_instrument old = stock(), fresh = stock();
    fresh.recv_ns = fresh.exch_ns = 5;
    assert_int_equal(sj_contract_compare(&old, &fresh), SJ_CONTRACT_SAME);
    fresh.reference_e6 = 1100000000;
    fresh.update_date = 20261124;
    assert_int_equal(sj_contract_compare(&old, &fresh), SJ_CONTRACT_DAILY);
    fresh.reference_e6 = 540000000;
    assert_int_equal(sj_contract_compare(&old, &fresh), SJ_CONTRACT_OTHER);
    fresh = stock();
    memcpy(fresh.name, "Foxconn", 8);
    assert_int_equal(sj_contract_compare(&old, &fresh), SJ_CONTRACT_OTHER);
}

static void contract_a_continuous_one_may_pass_on_to_the_next_month(void **state)
{
    (void)state;
    struct sj_instrument old = {.code = "TXFR1",
                                .target_code = "TXFL6",
                                .delivery_month = "202612",
                                .security = SJ_SECURITY_FUT};
    struct sj_instrument fresh = {.code = "TXFR1",
                                  .target_code = "TXFA7",
                                  .delivery_month = "202701",
                                  .security = SJ_SECURITY_FUT};
    assert_int_equal(sj_contract_compare(&old, &fresh), SJ_CONTRACT_DAILY);
    memcpy(fresh.target_code, "TXFL6", 5);
    assert_int_equal(sj_contract_compare(&old, &fresh), SJ_CONTRACT_OTHER);
}

static void contract_more_than_so_many_others_are_too_many_but_one_never_is(void **state)
{
    (void)state;
    assert_false(sj_contract_too_many(0, 0, 10));
    assert_false(sj_contract_too_many(1, 2, 10));
    assert_false(sj_contract_too_many(10, 100, 10));
    assert_true(sj_contract_too_many(11, 100, 10));
    assert_true(sj_contract_too_many(2, 3, 10));
}

static void contract_times_are_read_and_come_one_after_the_other(void **state)
{
    (void)state;
    int64_t times[SJ_CONTRACT_TIMES_MAX];
    assert_int_equal(sj_contract_times("07:52, 14:47:30", times), 2);
    int64_t day_ns = sj_tw_to_utc_ns(20261124, 0);
    int64_t first_ns = day_ns + (7 * 60 + 52) * 60 * SJ_NS_PER_S;
    int64_t second_ns = day_ns + ((14 * 60 + 47) * 60 + 30) * SJ_NS_PER_S;
    assert_int_equal(sj_contract_next_ns(times, 2, day_ns), first_ns);
    assert_int_equal(sj_contract_next_ns(times, 2, first_ns), second_ns);
    assert_int_equal(sj_contract_next_ns(times, 2, second_ns), first_ns + SJ_NS_PER_DAY);
    assert_int_equal(sj_contract_next_ns(times, 0, day_ns), INT64_MAX);
    static const char *const bad[] = {"7:52", "24:00", "07:60", "07:52x", "07:52:61", "soon", "07"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(sj_contract_times(bad[i], times), -SJ_E_MALFORMED);
    assert_int_equal(sj_contract_times("01:00,01:00,01:00,01:00,01:00,01:00,01:00,01:00,01:00,"
                                       "01:00,01:00,01:00,01:00,01:00,01:00,01:00,01:00",
                                       times),
                     -SJ_E_LIMIT);
}

int contract_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contract_what_a_day_brings_is_not_another_contract),
        cmocka_unit_test(contract_a_continuous_one_may_pass_on_to_the_next_month),
        cmocka_unit_test(contract_more_than_so_many_others_are_too_many_but_one_never_is),
        cmocka_unit_test(contract_times_are_read_and_come_one_after_the_other),
    };
    return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}
