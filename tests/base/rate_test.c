#include "base/rate.h"

#include "suites.h"

#include "base/rng.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)
#define LIMIT 250
#define WINDOW_NS (10 * S)
#define THREADS 4
#define TRIES 60000

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* No more than `limit` of the times lie within any window; its ends count. */
static void assert_kept(int64_t *times, size_t count, size_t limit)
{
    qsort(times, count, sizeof *times, compare);
    for (size_t i = limit; i < count; i++)
        assert_true(times[i] - times[i - limit] > WINDOW_NS);
}

static void a_burst_is_cut_and_comes_back_a_window_later(void **state)
{
    (void)state;
    static struct sj_rate rate;
    assert_int_equal(sj_rate_init(&rate, LIMIT, 0, WINDOW_NS), 0);
    for (int i = 0; i < LIMIT; i++)
        assert_int_equal(sj_rate_take(&rate, S + i, false), 0);
    assert_int_equal(sj_rate_take(&rate, S + LIMIT, false), WINDOW_NS + 1 - LIMIT);
    assert_int_equal(sj_rate_count(&rate, S + LIMIT), LIMIT);
    assert_true(sj_rate_take(&rate, S + WINDOW_NS, false) > 0);
    assert_int_equal(sj_rate_take(&rate, S + WINDOW_NS + 1, false), 0);
    assert_true(sj_rate_take(&rate, S + WINDOW_NS + 1, false) > 0);
}

static void the_reserve_is_for_urgent_calls(void **state)
{
    (void)state;
    static struct sj_rate rate;
    assert_int_equal(sj_rate_init(&rate, 10, 4, WINDOW_NS), 0);
    for (int i = 0; i < 6; i++)
        assert_int_equal(sj_rate_take(&rate, S, false), 0);
    assert_true(sj_rate_take(&rate, S, false) > 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(sj_rate_take(&rate, S, true), 0);
    assert_true(sj_rate_take(&rate, S, true) > 0);
    assert_false(sj_rate_note(&rate, S));
}

static void limits_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static struct sj_rate rate;
    assert_int_equal(sj_rate_init(&rate, 0, 0, 1), -SJ_E_RANGE);
    assert_int_equal(sj_rate_init(&rate, SJ_RATE_SLOTS_MAX + 1, 0, 1), -SJ_E_RANGE);
    assert_int_equal(sj_rate_init(&rate, 5, 5, 1), -SJ_E_RANGE);
    assert_int_equal(sj_rate_init(&rate, 5, 0, 0), -SJ_E_RANGE);
}

/* Bursts, pauses, trickles and clocks that go back: what was taken never passes the limit, and a
 * caller that only waits as told gets the whole of it. */
static void no_window_is_passed_at_any_pace(void **state)
{
    (void)state;
    static struct sj_rate rate;
    static int64_t times[400000];
    struct sj_rng rng;
    size_t count = 0;
    int64_t now_ns = 5 * S;
    sj_rng_init(&rng, 42);
    assert_int_equal(sj_rate_init(&rate, LIMIT, 30, WINDOW_NS), 0);
    for (int i = 0; i < 400000; i++) {
        uint64_t dice = sj_rng_below(&rng, 1000);
        if (dice < 2)
            now_ns += (int64_t)sj_rng_below(&rng, 12 * S);
        else if (dice < 500)
            now_ns += (int64_t)sj_rng_below(&rng, S / 10);
        int64_t at_ns = now_ns - (dice > 980 ? (int64_t)sj_rng_below(&rng, S) : 0);
        if (sj_rate_take(&rate, at_ns, dice % 3 == 0) == 0)
            times[count++] = at_ns;
    }
    assert_true(count > 10000);
    assert_kept(times, count, LIMIT);
}

struct taker {
    struct sj_rate *rate;
    _Atomic int64_t *clock_ns;
    uint64_t seed;
    size_t count;
    int64_t times[TRIES];
};

static void *take_often(void *argument)
{
    struct taker *taker = argument;
    struct sj_rng rng;
    sj_rng_init(&rng, taker->seed);
    for (int i = 0; i < TRIES; i++) {
        int64_t step_ns = (int64_t)sj_rng_below(&rng, 2) * (int64_t)sj_rng_below(&rng, S / 200);
        int64_t now_ns =
            atomic_fetch_add_explicit(taker->clock_ns, step_ns, memory_order_relaxed) + 1;
        if (sj_rate_take(taker->rate, now_ns, sj_rng_below(&rng, 4) == 0) == 0)
            taker->times[taker->count++] = now_ns;
    }
    return NULL;
}

static void no_window_is_passed_by_threads_together(void **state)
{
    (void)state;
    static struct sj_rate rate;
    static struct taker takers[THREADS];
    static int64_t times[THREADS * TRIES];
    static _Atomic int64_t clock_ns = S;
    pthread_t threads[THREADS];
    size_t count = 0;
    assert_int_equal(sj_rate_init(&rate, LIMIT, 20, WINDOW_NS), 0);
    for (int i = 0; i < THREADS; i++) {
        takers[i].rate = &rate;
        takers[i].clock_ns = &clock_ns;
        takers[i].seed = (uint64_t)i;
        assert_int_equal(pthread_create(&threads[i], NULL, take_often, &takers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        memcpy(times + count, takers[i].times, takers[i].count * sizeof *times);
        count += takers[i].count;
    }
    assert_true(count > LIMIT);
    assert_kept(times, count, LIMIT);
}

int rate_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_cut_and_comes_back_a_window_later),
        cmocka_unit_test(the_reserve_is_for_urgent_calls),
        cmocka_unit_test(limits_that_make_no_sense_are_refused),
        cmocka_unit_test(no_window_is_passed_at_any_pace),
        cmocka_unit_test(no_window_is_passed_by_threads_together),
    };
    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
