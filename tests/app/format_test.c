/* How numbers are shown. */
#include "app/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "groups.h"

static void numbers_are_shown_for_people(void **state)
{
    (void)state;
    assert_string_equal(SJ_COUNT(0), "0");
    assert_string_equal(SJ_COUNT(999), "999");
    assert_string_equal(SJ_COUNT(1234567), "1,234,567");
    assert_string_equal(SJ_DURATION(950), "950 ns");
    assert_string_equal(SJ_DURATION(1234567), "1.23 ms");
    assert_string_equal(SJ_BYTES(3 << 20), "3.00 MiB");
}

int sj_test_format(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_are_shown_for_people)};
    return cmocka_run_group_tests_name("app/format", tests, NULL, NULL);
}
