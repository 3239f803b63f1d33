/* Random walks through everything that can happen: no built-in ever leaves its limits. */
#include "suites.h"
#include "world.h"

#include "support/test.h"

#define RUNS 100
#define STEPS 4000

static uint64_t next_random(void *context)
{
    return sj_test_random(context);
}

/* Returns the hash of all intents. */
static uint64_t run(const struct world_case *walk, uint64_t seed, bool guard, struct world *world)
{
    uint64_t state = seed;
    assert_true(
        world_open(world, walk->use, walk->params, guard, &walk->rules, next_random, &state) >= 0);
    for (int i = 0; i < STEPS; i++)
        if (!world_step(world))
            fail_msg("%s, seed %#llx, step %d: %s", walk->use, (unsigned long long)seed, i,
                     world->breach);
    if (world->disarm_count)
        fail_msg("%s, seed %#llx: disarmed", walk->use, (unsigned long long)seed);
    uint64_t trace = world->trace;
    world_close(world);
    return trace;
}

static void no_builtin_leaves_its_limits(void **state)
{
    (void)state;
    static struct world world;
    uint64_t seed = sj_test_seed();
    for (uint32_t i = 0; i < world_case_count; i++) {
        uint64_t intents = 0, fills = 0;
        for (int k = 0; k < RUNS; k++) {
            run(&world_cases[i], sj_test_random(&seed), false, &world);
            intents += world.intent_count;
            fills += world.fill_count;
        }
        printf("# %s: %llu intents, %llu fills\n", world_cases[i].use, (unsigned long long)intents,
               (unsigned long long)fills);
        /* A walk in which nothing happens proves nothing. */
        assert_true(intents > RUNS && fills > RUNS);
    }
}

static void the_guard_changes_no_intent(void **state)
{
    (void)state;
    static struct world world;
    uint64_t seed = sj_test_seed();
    for (uint32_t i = 0; i < world_case_count; i++) {
        uint64_t with = run(&world_cases[i], seed, true, &world);
        assert_true(with == run(&world_cases[i], seed, false, &world));
        assert_true(with != run(&world_cases[i], seed + 1, false, &world));
    }
}

int walk_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_builtin_leaves_its_limits),
        cmocka_unit_test(the_guard_changes_no_intent),
    };
    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
