#include "base/rng.h"

#include <math.h>

#include "base/arena.h"
#include "base/backoff.h"
#include "suites.h"
#include "support/test.h"

#define DRAW_COUNT 100000

static void rng_repeats_with_the_same_seed_and_differs_with_another(void **state)
{
    (void)state;
    struct sj_rng a, b, c;
    sj_rng_init(&a, 1);
    sj_rng_init(&b, 1);
    sj_rng_init(&c, 2);
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t value = sj_rng_next(&a);
        assert_true(value == sj_rng_next(&b));
        same += value == sj_rng_next(&c);
    }
    assert_int_equal(same, 0);
    assert_true(sj_rng_fresh_seed() != sj_rng_fresh_seed());
}

static void rng_is_xoshiro256_starstar(void **state)
{
    (void)state;
    /* The first output is rotl(s1 * 5, 7) * 9 of the splitmix64 stream of 0. */
    struct sj_rng rng;
    uint64_t stream = 0, s[4];
    for (int i = 0; i < 4; i++)
        s[i] = sj_test_random(&stream);
    sj_rng_init(&rng, 0);
    uint64_t times_5 = s[1] * 5;
    assert_true(sj_rng_next(&rng) == (times_5 << 7 | times_5 >> 57) * 9);
}

static void rng_distributions_have_their_mean_and_bounds(void **state)
{
    (void)state;
    struct sj_rng rng;
    double uniform = 0, normal = 0, square = 0, exponential = 0;
    sj_rng_init(&rng, sj_test_seed());
    for (int i = 0; i < DRAW_COUNT; i++) {
        double real = sj_rng_real(&rng), gauss = sj_rng_normal(&rng);
        int64_t range = sj_rng_range(&rng, -3, 3);
        assert_true(real >= 0 && real < 1);
        assert_true(range >= -3 && range <= 3);
        assert_true(sj_rng_below(&rng, 1) == 0);
        uniform += real;
        normal += gauss;
        square += gauss * gauss;
        exponential += sj_rng_exponential(&rng, 5);
    }
    assert_true(fabs(uniform / DRAW_COUNT - 0.5) < 0.01);
    assert_true(fabs(normal / DRAW_COUNT) < 0.02);
    assert_true(fabs(square / DRAW_COUNT - 1) < 0.05);
    assert_true(fabs(exponential / DRAW_COUNT - 5) < 0.2);
}

static void backoff_doubles_its_bound_up_to_the_maximum(void **state)
{
    (void)state;
    struct sj_backoff backoff;
    const int64_t bounds[] = {100, 200, 400, 800, 1000, 1000};
    sj_backoff_init(&backoff, 100, 1000, sj_test_seed());
    for (int i = 0; i < 6; i++) {
        assert_int_equal(sj_backoff_bound_ns(&backoff), bounds[i]);
        int64_t wait_ns = sj_backoff_next_ns(&backoff);
        assert_true(wait_ns >= 0 && wait_ns <= bounds[i]);
    }
    sj_backoff_reset(&backoff);
    assert_int_equal(sj_backoff_bound_ns(&backoff), 100);
}

static void backoff_never_overflows(void **state)
{
    (void)state;
    struct sj_backoff backoff;
    sj_backoff_init(&backoff, INT64_MAX / 3, INT64_MAX, 1);
    for (int i = 0; i < 100; i++)
        assert_true(sj_backoff_next_ns(&backoff) >= 0);
    assert_true(sj_backoff_bound_ns(&backoff) == INT64_MAX);
}

static void backoff_uses_the_full_range(void **state)
{
    (void)state;
    struct sj_backoff backoff;
    int low = 0;
    sj_backoff_init(&backoff, 1000, 1000, sj_test_seed());
    for (int i = 0; i < 10000; i++)
        low += sj_backoff_next_ns(&backoff) < 500;
    assert_true(low > 4500 && low < 5500);
}

static void arena_gives_lines_until_it_is_spent(void **state)
{
    (void)state;
    struct sj_arena arena;
    assert_int_equal(sj_arena_init(&arena, 5000), 0);
    assert_int_equal(arena.size, 8192);
    uint8_t *first = sj_arena_take(&arena, 3, 5), *second = sj_arena_take(&arena, 1, 1);
    assert_non_null(first);
    assert_ptr_equal(second, first + 64);
    assert_int_equal((uintptr_t)first % 64, 0);
    first[0] = 1;
    assert_null(sj_arena_take(&arena, 1, 8192));
    assert_null(sj_arena_take(&arena, SIZE_MAX / 2, 3));
    assert_non_null(sj_arena_take(&arena, 1, 8192 - 128));
    assert_null(sj_arena_take(&arena, 1, 1));
    sj_arena_reset(&arena);
    first = sj_arena_take(&arena, 1, 8192);
    assert_non_null(first);
    assert_int_equal(first[0], 0);
    sj_arena_done(&arena);
    sj_arena_done(&arena);
    sj_arena_done(NULL);
    assert_int_equal(sj_arena_init(&arena, 0), -22);
}

int rng_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rng_repeats_with_the_same_seed_and_differs_with_another),
        cmocka_unit_test(rng_is_xoshiro256_starstar),
        cmocka_unit_test(rng_distributions_have_their_mean_and_bounds),
        cmocka_unit_test(backoff_doubles_its_bound_up_to_the_maximum),
        cmocka_unit_test(backoff_never_overflows),
        cmocka_unit_test(backoff_uses_the_full_range),
        cmocka_unit_test(arena_gives_lines_until_it_is_spent),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
