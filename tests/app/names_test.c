/* The file that keeps the numbers of strategies' names. */
#include "app/names.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "groups.h"

static char dir[64], path[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/shijim-names-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/strategies", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void what_was_stored_is_loaded(void **state)
{
    (void)state;
    struct sj_strategy_names names = {0}, again = {0};
    assert_int_equal(sj_names_load(path, &again), -ENOENT);
    assert_int_equal(sj_strategy_names_bind(&names, "quotes"), 1);
    assert_int_equal(sj_strategy_names_bind(&names, "a b"), 2);
    assert_int_equal(sj_names_store(path, &names), 0);
    assert_int_equal(sj_names_load(path, &again), 0);
    assert_memory_equal(&again, &names, sizeof names);
}

static void a_file_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "2 b\n", "1 a\n1 b\n", "1 a\n2 a\n",
        "1 a",   "a\n",        "1\n",
        "1 \n",  "1  \n2\n",   "1 a-name-that-is-far-too-long-for-a-strategy\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sj_strategy_names names = {.count = 9};
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(texts[i], file) >= 0);
        assert_int_equal(fclose(file), 0);
        if (sj_names_load(path, &names) != -SJ_E_MALFORMED || names.count != 9)
            fail_msg("taken: %s", texts[i]);
    }
}

int sj_test_names(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_stored_is_loaded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_none_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
