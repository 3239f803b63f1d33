#include "base/rc.h"

#include <errno.h>

#include "suites.h"
#include "support/test.h"

static void rc_names_and_texts_are_told_for_every_code(void **state)
{
    (void)state;
    for (int code = SJ_E_BASE_ + 1; code < SJ_E_END_; code++) {
        assert_true(strlen(sj_rc_text(-code)) > 5);
        assert_string_not_equal(sj_rc_name(-code), "EUNKNOWN");
    }
    assert_string_equal(sj_rc_name(-SJ_E_LAPPED), "LAPPED");
    assert_string_equal(sj_rc_name(-SJ_E_IDENTITY), "IDENTITY");
    assert_string_equal(sj_rc_name(-ENOSPC), "ENOSPC");
    assert_string_equal(sj_rc_text(7), "success");
}

static void rc_beyond_the_table_is_unknown_and_not_retryable(void **state)
{
    (void)state;
    assert_string_equal(sj_rc_name(-SJ_E_END_), "EUNKNOWN");
    assert_string_equal(sj_rc_name(-SJ_E_BASE_), "EUNKNOWN");
    assert_false(sj_rc_retryable(-SJ_E_END_));
}

static void rc_tells_what_is_worth_trying_again(void **state)
{
    (void)state;
    assert_true(sj_rc_retryable(-EAGAIN));
    assert_true(sj_rc_retryable(-SJ_E_TIMEOUT));
    assert_false(sj_rc_retryable(-EINVAL));
    assert_false(sj_rc_retryable(-SJ_E_CORRUPT));
}

int rc_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rc_names_and_texts_are_told_for_every_code),
        cmocka_unit_test(rc_beyond_the_table_is_unknown_and_not_retryable),
        cmocka_unit_test(rc_tells_what_is_worth_trying_again),
    };
    return cmocka_run_group_tests_name("rc", tests, NULL, NULL);
}
