#include "order_suites.h"

#include "order/map.h"
#include "order/tag.h"

static void map_agrees_with_an_array_through_random_puts_and_removals(void **state)
{
    (void)state;
    enum { KEYS = 300, STEPS = 200000 };
    uint64_t seed = sj_test_seed();
    uint32_t model[KEYS + 1];
    uint32_t count = 0;
    struct order_map map;
    assert_int_equal(order_map_init(&map, 200), 0);
    memset(model, 0xff, sizeof model);
    for (int step = 0; step < STEPS; step++) {
        uint64_t dice = sj_test_random(&seed);
        uint64_t key = 1 + dice % KEYS;
        uint32_t value = (uint32_t)(dice >> 40);
        if (dice >> 20 & 1) {
            bool put = order_map_put(&map, key << 32 | key, value);
            assert_int_equal(put, model[key] != ORDER_MAP_NONE || count < 200);
            count += put && model[key] == ORDER_MAP_NONE;
            if (put)
                model[key] = value;
        } else {
            order_map_remove(&map, key << 32 | key, model[key]);
            count -= model[key] != ORDER_MAP_NONE;
            model[key] = ORDER_MAP_NONE;
        }
        uint64_t other = 1 + (dice >> 8) % KEYS;
        assert_int_equal(order_map_find(&map, other << 32 | other), model[other]);
    }
    assert_int_equal(map.count, count);
    order_map_done(&map);
}

static void map_knows_no_key_0_and_keeps_a_key_that_another_value_took(void **state)
{
    (void)state;
    struct order_map map;
    assert_int_equal(order_map_init(&map, 4), 0);
    assert_false(order_map_put(&map, 0, 1));
    assert_true(order_map_put(&map, 7, 1));
    assert_true(order_map_put(&map, 7, 2));
    order_map_remove(&map, 7, 1);
    assert_int_equal(order_map_find(&map, 7), 2);
    assert_int_equal(order_map_find(&map, 0), ORDER_MAP_NONE);
    order_map_done(&map);
}

static void tag_is_six_characters_and_differs_for_neighbours(void **state)
{
    (void)state;
    char one[8], other[8];
    sj_order_tag(1, one);
    assert_string_equal(one, "000001");
    sj_order_tag(61, one);
    assert_string_equal(one, "00000z");
    sj_order_tag(62, other);
    assert_string_equal(other, "000010");
    sj_order_tag(UINT64_MAX, one);
    assert_true(sj_order_tag_valid(one));
    assert_false(sj_order_tag_valid("abc\0\0\0\0"));
    assert_false(sj_order_tag_valid("abcdefg"));
    assert_false(sj_order_tag_valid("abc-ef\0"));
}

int map_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_agrees_with_an_array_through_random_puts_and_removals),
        cmocka_unit_test(map_knows_no_key_0_and_keeps_a_key_that_another_value_took),
        cmocka_unit_test(tag_is_six_characters_and_differs_for_neighbours),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
