#include "gateway_suites.h"

#include "base/tw_time.h"
#include "gateway/budget.h"
#include "gateway/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define S SJ_NS_PER_S
#define NOON (sj_tw_to_utc_ns(20261123, 12 * 3600 * S))

static const struct sj_budget_limits limits = {.per_day = 3, .interval_ns = 60 * S};

static void budget_allows_so_many_a_day_and_says_when_again(void **state)
{
    (void)state;
    struct sj_budget_state budget = {0};
    int64_t retry_ns = 0;
    int64_t now = NOON;
    assert_int_equal(sj_budget_decide(&budget, &limits, now, &retry_ns), 0);
    assert_int_equal(sj_budget_decide(&budget, &limits, now + 10 * S, &retry_ns), -EAGAIN);
    assert_int_equal(retry_ns, now + 60 * S);
    assert_int_equal(sj_budget_decide(&budget, &limits, now + 60 * S, &retry_ns), 0);
    assert_int_equal(sj_budget_decide(&budget, &limits, now + 120 * S, &retry_ns), 0);
    assert_int_equal(sj_budget_decide(&budget, &limits, now + 180 * S, &retry_ns), -SJ_E_LIMIT);
    assert_int_equal(retry_ns, sj_tw_to_utc_ns(20261124, 0));
    assert_int_equal(sj_budget_decide(&budget, &limits, retry_ns, &retry_ns), 0);
    assert_int_equal(budget.count, 1);
}

static void budget_is_not_refilled_by_a_clock_set_back(void **state)
{
    (void)state;
    struct sj_budget_state budget = {.date = 20261124, .count = 3};
    int64_t retry_ns = 0;
    assert_int_equal(sj_budget_decide(&budget, &limits, NOON, &retry_ns), -SJ_E_LIMIT);
}

static void budget_survives_in_its_file_and_locks_others_out(void **state)
{
    (void)state;
    char path[] = "/tmp/shijim-budget-XXXXXX";
    int fd = mkstemp(path);
    int64_t retry_ns = 0;
    struct sj_budget one;
    struct sj_budget other;
    assert_true(fd >= 0);
    close(fd);
    sj_budget_init(&one, path, &limits);
    sj_budget_init(&other, path, &limits);
    assert_int_equal(sj_budget_take(&one, NOON, &retry_ns), 0);
    assert_int_equal(sj_budget_take(&other, NOON + 100 * S, &retry_ns), -SJ_E_BUSY);
    sj_budget_give(&one);
    assert_int_equal(sj_budget_take(&other, NOON + 10 * S, &retry_ns), -EAGAIN);
    assert_int_equal(sj_budget_take(&other, NOON + 100 * S, &retry_ns), 0);
    sj_budget_give(&other);
    assert_int_equal(sj_budget_take(&one, NOON + 200 * S, &retry_ns), 0);
    sj_budget_give(&one);
    assert_int_equal(sj_budget_take(&one, NOON + 300 * S, &retry_ns), -SJ_E_LIMIT);
    unlink(path);
}

static void budget_file_of_other_content_allows_nothing(void **state)
{
    (void)state;
    struct sj_budget_state budget;
    static const char *const bad[] = {"x",
                                      "20261123",
                                      "20261123 1 2",
                                      "20261123 1 2 3\n",
                                      "20261399 1 2\n",
                                      "20261123 -1 2\n",
                                      "20261123 1 -2\n",
                                      "20261123 1 2\n\n"};
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(sj_budget_parse(bad[i], strlen(bad[i]), &budget), -SJ_E_CORRUPT);
    assert_int_equal(sj_budget_parse("20261123 7 99\n", 14, &budget), 0);
    assert_int_equal(budget.count, 7);
    assert_int_equal(sj_budget_parse("", 0, &budget), 0);
    assert_int_equal(budget.count, 0);
}

static void refusal_reads_the_words_of_a_503(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *message;
        enum sj_refusal refusal;
    } cases[] = {
        {503, "操作異常，請1分鐘後再重新登入", SJ_REFUSAL_BANNED},
        {503, "Please update the version of shioaji to at least 1.8.0", SJ_REFUSAL_VERSION},
        {503, "登入密碼錯誤3次，請進行密碼重置", SJ_REFUSAL_LOCKED},
        {503, "系統維護中", SJ_REFUSAL_MAINTENANCE},
        {503, "Service is unavailable, Please try again later.", SJ_REFUSAL_UNAVAILABLE},
        {401, "Token is expired", SJ_REFUSAL_SESSION},
        {401, "Invalid API credentials", SJ_REFUSAL_CREDENTIALS},
        {401, "ip: 10.0.0.1 not allow.", SJ_REFUSAL_CREDENTIALS},
        {451, "Too Many Connections.", SJ_REFUSAL_CONNECTIONS},
        {404, "contract not found", SJ_REFUSAL_UNKNOWN},
        {400, "Incorrect parameter", SJ_REFUSAL_OTHER},
        {200, "", SJ_REFUSAL_NONE},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(sj_refusal_name(sj_refusal_of(cases[i].status, cases[i].message)),
                            sj_refusal_name(cases[i].refusal));
    assert_true(sj_refusal_wait_ns(SJ_REFUSAL_BANNED) > 60 * S);
    assert_true(sj_refusal_wait_ns(SJ_REFUSAL_VERSION) > sj_refusal_wait_ns(SJ_REFUSAL_BANNED));
}

int budget_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_allows_so_many_a_day_and_says_when_again),
        cmocka_unit_test(budget_is_not_refilled_by_a_clock_set_back),
        cmocka_unit_test(budget_survives_in_its_file_and_locks_others_out),
        cmocka_unit_test(budget_file_of_other_content_allows_nothing),
        cmocka_unit_test(refusal_reads_the_words_of_a_503),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
