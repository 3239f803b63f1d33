/* Numbers that strategies' names keep. */
#include "strategy/names.h"

#include "stage.h"
#include "suites.h"

static void a_name_keeps_its_number_and_a_new_one_gets_the_next(void **state)
{
    (void)state;
    struct sj_strategy_names names = {0};
    assert_int_equal(sj_strategy_names_find(&names, "quotes"), 0);
    assert_int_equal(sj_strategy_names_bind(&names, "quotes"), 1);
    assert_int_equal(sj_strategy_names_bind(&names, "touch"), 2);
    assert_int_equal(sj_strategy_names_bind(&names, "quotes"), 1);
    assert_int_equal(sj_strategy_names_find(&names, "touch"), 2);
    assert_int_equal(names.count, 2);
}

static void what_is_no_name_and_what_finds_no_number_are_refused(void **state)
{
    (void)state;
    struct sj_strategy_names names = {0};
    assert_int_equal(sj_strategy_names_bind(&names, ""), -SJ_E_LIMIT);
    assert_int_equal(sj_strategy_names_bind(&names, "twenty-four-letters-long"), -SJ_E_LIMIT);
    assert_int_equal(sj_strategy_names_bind(&names, "twenty-three-letters-ok"), 1);
    for (uint32_t i = 2; i <= SJ_STRATEGIES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%u", i);
        assert_int_equal(sj_strategy_names_bind(&names, name), i);
    }
    assert_int_equal(sj_strategy_names_bind(&names, "one-more"), -SJ_E_LIMIT);
    assert_int_equal(sj_strategy_names_bind(&names, "s64"), 64);
}

int names_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_keeps_its_number_and_a_new_one_gets_the_next),
        cmocka_unit_test(what_is_no_name_and_what_finds_no_number_are_refused),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
