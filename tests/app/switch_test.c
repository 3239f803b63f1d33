#include "groups.h"

#include "app/switch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static struct sj_switch *open_switch(void)
{
    struct sj_switch *sw;
    assert_int_equal(sj_switch_open(dir, true, &sw), 0);
    return sw;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/shijim-switch-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/switch", dir);
    unlink(path);
    strcat(path, ".owner");
    unlink(path);
    return rmdir(dir);
}

static void a_new_switch_is_not_thrown_and_a_missing_one_is_an_error(void **state)
{
    (void)state;
    struct sj_switch *sw;
    struct sj_switch_view view;
    assert_int_equal(sj_switch_open(dir, false, &sw), -ENOENT);
    sw = open_switch();
    sj_switch_view(sw, &view);
    assert_false(view.killed);
    assert_false(view.alive);
    sj_switch_close(sw);
}

static void a_kill_outlives_the_process_and_keeps_its_first_reason(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct sj_switch *sw = open_switch();
        _exit(sj_switch_kill(sw, SJ_CONTROL_BY_COMMAND, "wrong numbers") < 0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    struct sj_switch *sw = open_switch();
    struct sj_switch_view view;
    assert_int_equal(sj_switch_kill(sw, SJ_CONTROL_BY_HTTP, "second"), 0);
    sj_switch_view(sw, &view);
    assert_true(view.killed);
    assert_string_equal(view.reason, "wrong numbers");
    assert_int_equal(view.source, SJ_CONTROL_BY_COMMAND);
    assert_int_equal(sj_switch_resume(sw), 0);
    sj_switch_view(sw, &view);
    assert_false(view.killed);
    sj_switch_close(sw);
}

static void only_one_process_owns_it_and_its_death_frees_it(void **state)
{
    (void)state;
    struct sj_switch *sw = open_switch();
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct sj_switch *own = open_switch();
        char ok = sj_switch_own(own) == 0;
        if (write(ready[1], &ok, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    char ok = 0;
    assert_int_equal(read(ready[0], &ok, 1), 1);
    assert_int_equal(ok, 1);
    assert_int_equal(sj_switch_own(sw), -SJ_E_BUSY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(sj_switch_own(sw), 0);
    sj_switch_close(sw);
    close(ready[0]);
    close(ready[1]);
}

static void a_change_is_seen_only_when_the_owner_says_so(void **state)
{
    (void)state;
    struct sj_switch *owner = open_switch();
    struct sj_switch *other = open_switch();
    struct sj_switch_view view;
    assert_int_equal(sj_switch_own(owner), 0);
    sj_switch_seen(owner, sj_switch_generation(owner), 0);
    assert_true(sj_switch_wait(other, 0));
    assert_int_equal(sj_switch_kill(other, SJ_CONTROL_BY_COMMAND, "stop"), 0);
    assert_false(sj_switch_wait(other, 0));
    sj_switch_seen(owner, sj_switch_generation(owner), 3);
    assert_true(sj_switch_wait(other, 0));
    sj_switch_view(other, &view);
    assert_int_equal(view.open_orders, 3);
    sj_switch_close(other);
    sj_switch_close(owner);
}

static void a_panic_kills_and_no_resume_interrupts_it(void **state)
{
    (void)state;
    struct sj_switch *sw = open_switch();
    struct sj_switch_view view;
    assert_int_equal(sj_switch_own(sw), 0);
    assert_int_equal(sj_switch_panic(sw, "out"), 0);
    sj_switch_view(sw, &view);
    assert_true(view.killed && view.panicking);
    assert_int_equal(view.panic_count, 1);
    assert_int_equal(sj_switch_panic(sw, "out"), 0); /* one at a time */
    sj_switch_view(sw, &view);
    assert_int_equal(view.panic_count, 1);
    assert_int_equal(sj_switch_resume(sw), -SJ_E_BUSY);
    assert_false(sj_switch_wait_panic(sw, 0));
    sj_switch_panic_done(sw, 1);
    assert_true(sj_switch_wait_panic(sw, 0));
    sj_switch_view(sw, &view);
    assert_true(view.killed);
    assert_int_equal(sj_switch_resume(sw), 0);
    sj_switch_close(sw);
}

static void a_file_that_is_no_switch_is_refused(void **state)
{
    (void)state;
    char path[128];
    char junk[4096] = "not a switch";
    struct sj_switch *sw;
    snprintf(path, sizeof path, "%s/switch", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, junk, 10), 10);
    assert_int_equal(sj_switch_open(dir, true, &sw), -SJ_E_MALFORMED);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 0), sizeof junk);
    assert_int_equal(sj_switch_open(dir, true, &sw), -SJ_E_MALFORMED);
    close(fd);
}

int sj_test_switch(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_switch_is_not_thrown_and_a_missing_one_is_an_error,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kill_outlives_the_process_and_keeps_its_first_reason,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_one_process_owns_it_and_its_death_frees_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_change_is_seen_only_when_the_owner_says_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_panic_kills_and_no_resume_interrupts_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_switch_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
