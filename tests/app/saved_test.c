#include "groups.h"

#include "app/saved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];
static char path[96];

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/shijim-saved-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/blob", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char old[128];
    snprintf(old, sizeof old, "%s.old", path);
    unlink(old);
    unlink(path);
    return rmdir(dir);
}

static void write_text(struct sj_saved *saved, const char *text)
{
    strcpy(sj_saved_begin(saved), text);
    sj_saved_commit(saved, strlen(text) + 1);
}

static void expect_slot(const struct sj_saved *saved, unsigned index, const char *text)
{
    size_t size;
    const char *slot = sj_saved_slot(saved, index, &size);
    if (!text) {
        assert_true(!slot || size == 0);
        return;
    }
    assert_int_equal(size, strlen(text) + 1);
    assert_string_equal(slot, text);
}

static void the_newest_two_outlive_a_kill(void **state)
{
    (void)state;
    struct sj_saved *saved;
    pid_t child = fork();
    if (child == 0) {
        if (sj_saved_open(path, 100, &saved) < 0)
            _exit(1);
        write_text(saved, "one");
        write_text(saved, "two");
        write_text(saved, "three");
        strcpy(sj_saved_begin(saved), "torn"); /* killed while it writes */
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    assert_int_equal(sj_saved_open(path, 100, &saved), 0);
    expect_slot(saved, 0, "three");
    expect_slot(saved, 1, NULL);
    write_text(saved, "four");
    expect_slot(saved, 0, "four");
    expect_slot(saved, 1, "three");
    sj_saved_close(saved);
}

static void a_file_of_another_size_is_set_aside_and_carried_over(void **state)
{
    (void)state;
    struct sj_saved *saved;
    char old[128];
    assert_int_equal(sj_saved_open(path, 100, &saved), 0);
    expect_slot(saved, 0, NULL);
    write_text(saved, "first");
    write_text(saved, "second");
    sj_saved_close(saved);
    const size_t sizes[] = {100000, 1};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(sj_saved_open(path, sizes[i], &saved), 0);
        expect_slot(saved, 0, "second");
        expect_slot(saved, 1, "first");
        sj_saved_close(saved);
    }
    snprintf(old, sizeof old, "%s.old", path);
    assert_int_equal(access(old, F_OK), 0);
}

static void what_is_larger_than_the_new_size_still_fits(void **state)
{
    (void)state;
    struct sj_saved *saved;
    size_t size;
    assert_int_equal(sj_saved_open(path, 20000, &saved), 0);
    memset(sj_saved_begin(saved), 'x', 20000);
    sj_saved_commit(saved, 20000);
    sj_saved_close(saved);
    assert_int_equal(sj_saved_open(path, 100, &saved), 0);
    const char *slot = sj_saved_slot(saved, 0, &size);
    assert_int_equal(size, 20000);
    assert_int_equal(slot[19999], 'x');
    sj_saved_close(saved);
}

static void a_file_that_is_none_is_set_aside_and_nothing_of_it_taken(void **state)
{
    (void)state;
    struct sj_saved *saved;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 3 * 4096; i++)
        fputc(i * 7, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(sj_saved_open(path, 100, &saved), 0);
    expect_slot(saved, 0, NULL);
    sj_saved_close(saved);
}

int sj_test_saved(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_two_outlive_a_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_another_size_is_set_aside_and_carried_over,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_larger_than_the_new_size_still_fits, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_none_is_set_aside_and_nothing_of_it_taken,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
