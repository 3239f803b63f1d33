#include "base/duty.h"

#include <sched.h>
#include <unistd.h>

#include "base/clock.h"
#include "suites.h"
#include "support/test.h"

struct counter {
    _Atomic int64_t todo, done;
    _Atomic bool closed;
    sj_rc fail_with;
};

static sj_rc count_down(void *context)
{
    struct counter *counter = context;
    if (counter->fail_with < 0)
        return counter->fail_with;
    if (atomic_load(&counter->todo) == 0)
        return 0;
    atomic_fetch_sub(&counter->todo, 1);
    atomic_fetch_add(&counter->done, 1);
    return 1;
}

static void close_counter(void *context)
{
    atomic_store(&((struct counter *)context)->closed, true);
}

static void add(struct sj_duty_runner *runner, struct counter *counter, bool essential)
{
    struct sj_duty duty = {"count", count_down, close_counter, counter, essential};
    assert_int_equal(sj_duty_add(runner, &duty), 0);
}

/* Waits without a bound on time: the test's own timeout is the bound. */
static void await(const _Atomic int64_t *value, int64_t wanted)
{
    while (atomic_load(value) != wanted)
        sched_yield();
}

static void duty_runs_several_duties_on_one_thread(void **state)
{
    (void)state;
    struct sj_duty_runner runner;
    struct counter first = {.todo = 1000}, second = {.todo = 10};
    sj_duty_init(&runner, "both");
    add(&runner, &first, false);
    add(&runner, &second, false);
    assert_int_equal(sj_duty_start(&runner), 0);
    await(&first.done, 1000);
    await(&second.done, 10);
    sj_duty_stop(&runner);
    assert_int_equal(sj_duty_join(&runner), 0);
    assert_true(first.closed && second.closed);
    assert_int_equal(runner.stats[0].work_count, 1000);
    assert_int_equal(runner.stats[1].work_count, 10);
}

static void duty_stop_drains_what_is_left(void **state)
{
    (void)state;
    struct sj_duty_runner runner;
    struct counter counter = {.todo = 5000};
    sj_duty_init(&runner, "drain");
    add(&runner, &counter, false);
    sj_duty_stop(&runner);
    assert_int_equal(sj_duty_run(&runner), 0);
    assert_int_equal(counter.done, 5000);
    assert_true(counter.closed);
}

static void duty_drain_ends_at_its_deadline(void **state)
{
    (void)state;
    struct sj_duty_runner runner;
    struct counter counter = {.todo = INT64_MAX};
    sj_duty_init(&runner, "endless");
    runner.drain_ns = SJ_NS_PER_MS;
    add(&runner, &counter, false);
    sj_duty_stop(&runner);
    assert_int_equal(sj_duty_run(&runner), 0);
    assert_true(counter.closed);
    assert_true(counter.todo > 0);
}

static void duty_that_fails_is_left_out_and_the_rest_goes_on(void **state)
{
    (void)state;
    struct sj_duty_runner runner;
    struct counter bad = {.fail_with = -SJ_E_CORRUPT}, good = {.todo = 10};
    sj_duty_init(&runner, "mixed");
    add(&runner, &bad, false);
    add(&runner, &good, false);
    assert_int_equal(sj_duty_start(&runner), 0);
    await(&good.done, 10);
    sj_duty_stop(&runner);
    assert_int_equal(sj_duty_join(&runner), 0);
    assert_int_equal(runner.stats[0].rc, -SJ_E_CORRUPT);
    assert_int_equal(runner.stats[0].round_count, 1);
}

static void duty_that_is_essential_ends_the_runner(void **state)
{
    (void)state;
    struct sj_duty_runner runner;
    struct counter bad = {.fail_with = -SJ_E_STOPPED}, good = {.todo = 10};
    sj_duty_init(&runner, "ends");
    add(&runner, &good, false);
    add(&runner, &bad, true);
    assert_int_equal(sj_duty_run(&runner), -SJ_E_STOPPED);
    assert_int_equal(good.done, 10);
    assert_true(good.closed);
}

static void duty_wake_ends_a_sleep(void **state)
{
    (void)state;
    struct sj_duty_runner runner;
    struct counter counter = {0};
    sj_duty_init(&runner, "sleeper");
    /* Would sleep for an hour; only the wake can make this test end. */
    runner.idle = (struct sj_duty_idle){.sleep_max_ns = 3600 * SJ_NS_PER_S};
    add(&runner, &counter, false);
    assert_int_equal(sj_duty_start(&runner), 0);
    for (int64_t i = 1; i <= 2000; i++) {
        atomic_fetch_add(&counter.todo, 1);
        sj_duty_wake(&runner);
        await(&counter.done, i);
    }
    while (!atomic_load(&runner.sleeping))
        sched_yield();
    sj_duty_stop(&runner);
    assert_int_equal(sj_duty_join(&runner), 0);
    assert_true(runner.sleep_count > 0);
}

static void duty_records_how_long_rounds_with_work_took(void **state)
{
    (void)state;
    static struct sj_hist hist;
    struct sj_duty_runner runner;
    struct counter counter = {.todo = 100};
    sj_duty_init(&runner, "timed");
    runner.round_hist = &hist;
    add(&runner, &counter, false);
    sj_duty_stop(&runner);
    assert_int_equal(sj_duty_run(&runner), 0);
    assert_int_equal(hist.count, 100);
}

static void duty_refuses_more_than_it_holds_and_a_core_that_is_not_there(void **state)
{
    (void)state;
    struct sj_duty_runner runner;
    struct counter counter = {0};
    sj_duty_init(&runner, "full");
    for (uint32_t i = 0; i < SJ_DUTY_MAX; i++)
        add(&runner, &counter, false);
    struct sj_duty duty = {"one more", count_down, NULL, &counter, false};
    assert_int_equal(sj_duty_add(&runner, &duty), -SJ_E_FULL);
    runner.cpu = CPU_SETSIZE - 1;
    assert_int_equal(sj_duty_start(&runner), -22);
    assert_int_equal(sj_duty_join(&runner), 0);
}

static void duty_names_its_thread_and_keeps_it_on_its_core(void **state)
{
    (void)state;
    struct sj_duty_runner runner;
    struct counter counter = {.todo = 1};
    char name[16];
    cpu_set_t set;
    sj_duty_init(&runner, "on core 0");
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    runner.cpu = 0;
    while (!CPU_ISSET((size_t)runner.cpu, &set))
        runner.cpu++;
    add(&runner, &counter, false);
    assert_int_equal(sj_duty_start(&runner), 0);
    assert_int_equal(pthread_getname_np(runner.thread, name, sizeof name), 0);
    assert_string_equal(name, "on core 0");
    assert_int_equal(pthread_getaffinity_np(runner.thread, sizeof set, &set), 0);
    assert_int_equal(CPU_COUNT(&set), 1);
    assert_true(CPU_ISSET((size_t)runner.cpu, &set));
    sj_duty_stop(&runner);
    assert_int_equal(sj_duty_join(&runner), 0);
}

int duty_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duty_runs_several_duties_on_one_thread),
        cmocka_unit_test(duty_stop_drains_what_is_left),
        cmocka_unit_test(duty_drain_ends_at_its_deadline),
        cmocka_unit_test(duty_that_fails_is_left_out_and_the_rest_goes_on),
        cmocka_unit_test(duty_that_is_essential_ends_the_runner),
        cmocka_unit_test(duty_wake_ends_a_sleep),
        cmocka_unit_test(duty_records_how_long_rounds_with_work_took),
        cmocka_unit_test(duty_refuses_more_than_it_holds_and_a_core_that_is_not_there),
        cmocka_unit_test(duty_names_its_thread_and_keeps_it_on_its_core),
    };
    return cmocka_run_group_tests_name("duty", tests, NULL, NULL);
}
