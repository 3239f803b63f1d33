#include "order_suites.h"

#include "broker_model.h"

/* SHIJIM_ORDER_SEEDS: more of them. */
static uint32_t seed_count(void)
{
    const char *text = getenv("SHIJIM_ORDER_SEEDS");
    return text ? (uint32_t)strtoul(text, NULL, 0) : 400;
}

static void both_sides_end_equal_whatever_is_lost_late_or_killed(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    uint64_t kills = 0, faults = 0, orders = 0, unknown = 0;
    for (uint32_t i = 0; i < seed_count(); i++) {
        struct model *model = model_create(seed + i);
        if (getenv("SHIJIM_ORDER_TALK"))
            print_message("# seed %#llx\n", (unsigned long long)(seed + i));
        for (int step = 0; step < 300; step++)
            model_step(model);
        model_settle(model);
        model_check(model);
        struct sj_orders_stats stats;
        sj_orders_stats(model->orders, &stats);
        kills += model->kills;
        faults += model->faults;
        orders += model->order_count;
        unknown += stats.unknown_count;
        model_close(model);
    }
    print_message("# %llu orders, %llu faults, %llu kills, %llu undecidable\n",
                  (unsigned long long)orders, (unsigned long long)faults, (unsigned long long)kills,
                  (unsigned long long)unknown);
    assert_true(kills > seed_count() && faults > 20ull * seed_count());
    assert_true(unknown * 100 < orders); /* and that is rare */
}

int property_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_end_equal_whatever_is_lost_late_or_killed),
    };
    return cmocka_run_group_tests_name("property", tests, NULL, NULL);
}
