/* Random walks through everything that can happen: no built-in ever leaves its limits. */
#include "suites.h"
#include "world.h"

#include "support/test.h"

#define RUNS 100
#define STEPS 4000

static const struct walk {
    const char *use;
    const char *const *params;
    struct world_rules rules;
} walks[] = {
    {"smart_chasing",
     (const char *const[]){"side=buy", "qty=500", "limit=20010.5", "slice=7", "threshold=1",
                           "confirm=5", "rounds=9", "window=1s", NULL},
     {.side = SJ_SIDE_BUY,
      .limit_e6 = 20010500000,
      .parent = 500,
      .slice = 7,
      .rounds = 9,
      .one_order = 1,
      .passive = true}},
    {"smart_chasing",
     (const char *const[]){"side=sell", "qty=50", "limit=19990.5", "slice=50", "threshold=2",
                           "confirm=0", "rounds=30", NULL},
     {.side = SJ_SIDE_SELL,
      .limit_e6 = 19990500000,
      .parent = 50,
      .slice = 50,
      .rounds = 30,
      .one_order = 1}},
    {"micro_alpha",
     (const char *const[]){"enter=60", "exit=20", "qty=2", "cap=5", "stop=3", "hold=5s",
                           "cooldown=100ms", NULL},
     {.one_order = 1, .cap = 5, .time_in_force = SJ_ORDER_IOC, .slice = 5}},
    {"micro_alpha",
     (const char *const[]){"enter=10", "exit=1", "cooldown=0", "window=200ms", NULL},
     {.one_order = 1, .cap = 2, .time_in_force = SJ_ORDER_IOC, .slice = 2}},
    {"market_maker",
     (const char *const[]){"qty=2", "cap=6", "interval=20ms", "calls=40", "skew=2", NULL},
     {.one_order = 2, .cap = 6, .calls_10s = 40, .slice = 2, .passive = true}},
    {"market_maker",
     (const char *const[]){"interval=1ms", "calls=250", "move=2", NULL},
     {.one_order = 2, .cap = 5, .calls_10s = 250, .slice = 1, .passive = true}},
    {"touch_quoter", (const char *const[]){"step=100ms", "qty=3", NULL}, {.slice = 3}},
};

static uint64_t next_random(void *context)
{
    return sj_test_random(context);
}

/* Returns the hash of all intents. */
static uint64_t run(const struct walk *walk, uint64_t seed, bool guard, struct world *world)
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
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        uint64_t intents = 0, fills = 0;
        for (int k = 0; k < RUNS; k++) {
            run(&walks[i], sj_test_random(&seed), false, &world);
            intents += world.intent_count;
            fills += world.fill_count;
        }
        printf("# %s: %llu intents, %llu fills\n", walks[i].use, (unsigned long long)intents,
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
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        uint64_t with = run(&walks[i], seed, true, &world);
        assert_true(with == run(&walks[i], seed, false, &world));
        assert_true(with != run(&walks[i], seed + 1, false, &world));
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
