/* How accounts are written. */
#include "order_suites.h"

#include "order/account_name.h"

static void a_broker_and_an_account_or_nothing(void **state)
{
    (void)state;
    struct sj_account_name name = {"x", "x"};
    assert_int_equal(sj_account_name_parse("", &name), 0);
    assert_string_equal(name.broker_id, "");
    assert_int_equal(sj_account_name_parse("F002000-7654321", &name), 0);
    assert_string_equal(name.broker_id, "F002000");
    assert_string_equal(name.account_id, "7654321");
}

static void what_is_no_account_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"-",          "9A95",   "9A95-", "-1234567",
                                      "9A95-12-34", "9A 5-1", "a\"-1", "9A95-123456789012",
                                      " 9A95-1"};
    struct sj_account_name name;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (sj_account_name_parse(bad[i], &name) != -SJ_E_MALFORMED)
            fail_msg("taken: %s", bad[i]);
}

static void derivatives_have_an_account_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(sj_account_of(SJ_SECURITY_STK), SJ_ACCOUNT_STOCK);
    assert_int_equal(sj_account_of(SJ_SECURITY_WRT), SJ_ACCOUNT_STOCK);
    assert_int_equal(sj_account_of(SJ_SECURITY_FUT), SJ_ACCOUNT_FUTURES);
    assert_int_equal(sj_account_of(SJ_SECURITY_OPT), SJ_ACCOUNT_FUTURES);
}

int account_name_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_and_an_account_or_nothing),
        cmocka_unit_test(what_is_no_account_is_refused),
        cmocka_unit_test(derivatives_have_an_account_of_their_own),
    };
    return cmocka_run_group_tests_name("account_name", tests, NULL, NULL);
}
