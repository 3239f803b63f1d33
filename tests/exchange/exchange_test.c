#include "exchange/exchange.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RUNGS 64

struct world {
    struct sj_exchange_engine *engine;
    struct sj_exchange_fill fills[256];
    uint32_t fill_count;
    uint64_t matched; /* all fills, both sides once */
};

static void on_fill(void *context, const struct sj_exchange_fill *fill)
{
    struct world *world = context;
    if (world->fill_count < 256)
        world->fills[world->fill_count++] = *fill;
    world->matched += fill->quantity;
}

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    *state = &world;
    if (sj_exchange_create(1, 4096, on_fill, &world, &world.engine) < 0 ||
        sj_exchange_open_book(world.engine, 0, RUNGS) < 0)
        return -1;
    return sj_exchange_set_phase(world.engine, 0, SJ_PHASE_CONTINUOUS, 32);
}

static int teardown(void **state)
{
    sj_exchange_close(((struct world *)*state)->engine);
    return 0;
}

static struct sj_exchange_result put(struct world *world, enum sj_side side, int32_t rung,
                                     uint32_t quantity, uint32_t owner, uint8_t tif)
{
    const struct sj_exchange_order order = {.rung = rung,
                                            .quantity = quantity,
                                            .owner = owner,
                                            .side = (uint8_t)side,
                                            .price_type = SJ_PRICE_LMT,
                                            .time_in_force = tif};
    struct sj_exchange_result result;
    assert_int_equal(sj_exchange_submit(world->engine, &order, &result), 0);
    assert_int_equal(result.filled + result.resting + result.cancelled, quantity);
    return result;
}

static void the_older_order_at_a_price_fills_first(void **state)
{
    struct world *world = *state;
    put(world, SJ_SIDE_SELL, 33, 5, 1, SJ_TIF_ROD);
    put(world, SJ_SIDE_SELL, 32, 5, 2, SJ_TIF_ROD);
    put(world, SJ_SIDE_SELL, 32, 5, 3, SJ_TIF_ROD);
    struct sj_exchange_result result = put(world, SJ_SIDE_BUY, 33, 12, 9, SJ_TIF_ROD);
    assert_int_equal(result.filled, 12);
    assert_int_equal(world->fill_count, 3);
    assert_int_equal(world->fills[0].maker_owner, 2); /* best price, oldest */
    assert_int_equal(world->fills[1].maker_owner, 3);
    assert_int_equal(world->fills[2].maker_owner, 1);
    assert_int_equal(world->fills[2].rung, 33);
    assert_int_equal(world->fills[2].maker_left, 3);
}

static void the_rest_of_a_partial_fill_stands_at_its_price(void **state)
{
    struct world *world = *state;
    put(world, SJ_SIDE_SELL, 30, 4, 1, SJ_TIF_ROD);
    struct sj_exchange_result result = put(world, SJ_SIDE_BUY, 31, 10, 2, SJ_TIF_ROD);
    assert_int_equal(result.filled, 4);
    assert_int_equal(result.resting, 6);
    assert_int_equal(sj_exchange_best(world->engine, 0, SJ_SIDE_BUY), 31);
    assert_int_equal(sj_exchange_left(world->engine, result.id), 6);
}

static void ioc_cancels_the_rest_and_fok_takes_all_or_nothing(void **state)
{
    struct world *world = *state;
    put(world, SJ_SIDE_SELL, 30, 4, 1, SJ_TIF_ROD);
    put(world, SJ_SIDE_SELL, 31, 4, 1, SJ_TIF_ROD);
    assert_int_equal(put(world, SJ_SIDE_BUY, 31, 9, 2, SJ_TIF_FOK).cancelled, 9);
    assert_int_equal(world->fill_count, 0);
    assert_int_equal(put(world, SJ_SIDE_BUY, 31, 7, 2, SJ_TIF_FOK).filled, 7);
    struct sj_exchange_result result = put(world, SJ_SIDE_BUY, 31, 7, 2, SJ_TIF_IOC);
    assert_int_equal(result.filled, 1);
    assert_int_equal(result.cancelled, 6);
    assert_int_equal(sj_exchange_best(world->engine, 0, SJ_SIDE_BUY), -1);
}

static void a_reduced_order_keeps_its_place_and_a_repriced_one_loses_it(void **state)
{
    struct world *world = *state;
    struct sj_exchange_result first = put(world, SJ_SIDE_BUY, 20, 5, 1, SJ_TIF_ROD);
    struct sj_exchange_result second = put(world, SJ_SIDE_BUY, 20, 5, 2, SJ_TIF_ROD), moved;
    assert_int_equal(sj_exchange_reduce(world->engine, first.id, 3), 0);
    put(world, SJ_SIDE_SELL, 20, 1, 9, SJ_TIF_ROD);
    assert_int_equal(world->fills[0].maker_owner, 1);
    assert_int_equal(sj_exchange_reprice(world->engine, first.id, 20, &moved), 0);
    put(world, SJ_SIDE_SELL, 20, 1, 9, SJ_TIF_ROD);
    assert_int_equal(world->fills[1].maker_owner, 2);
    assert_int_equal(sj_exchange_reduce(world->engine, second.id, 9), -SJ_E_REFUSED);
    uint32_t left;
    assert_int_equal(sj_exchange_cancel(world->engine, first.id, &left), -SJ_E_UNKNOWN);
}

static void an_auction_matches_the_most_volume_at_one_price(void **state)
{
    struct world *world = *state;
    assert_int_equal(sj_exchange_set_phase(world->engine, 0, SJ_PHASE_AUCTION, 32), 0);
    put(world, SJ_SIDE_BUY, 35, 10, 1, SJ_TIF_ROD);
    put(world, SJ_SIDE_BUY, 33, 10, 2, SJ_TIF_ROD);
    put(world, SJ_SIDE_SELL, 31, 12, 3, SJ_TIF_ROD);
    put(world, SJ_SIDE_SELL, 34, 5, 4, SJ_TIF_ROD);
    int32_t rung;
    assert_int_equal(sj_exchange_indicative(world->engine, 0, 32, &rung), 12);
    assert_int_equal(rung, 32); /* 31 to 33 match 12 with 8 over; 32 is the reference */
    assert_int_equal(sj_exchange_uncross(world->engine, 0, 32, &rung), 12);
    assert_int_equal(world->fills[0].taker_side, SJ_SIDE_NONE);
    assert_int_equal(world->fills[0].rung, 32);
    assert_int_equal(world->fills[0].taker_owner, 1); /* the higher bid first */
    assert_int_equal(sj_exchange_best(world->engine, 0, SJ_SIDE_BUY), 33);
    assert_int_equal(sj_exchange_quantity(world->engine, 0, SJ_SIDE_BUY, 33), 8);
}

static void wrong_orders_are_refused(void **state)
{
    struct world *world = *state;
    struct sj_exchange_result result;
    struct sj_exchange_order order = {.rung = RUNGS,
                                      .quantity = 1,
                                      .side = SJ_SIDE_BUY,
                                      .price_type = SJ_PRICE_LMT,
                                      .time_in_force = SJ_TIF_ROD};
    assert_int_equal(sj_exchange_submit(world->engine, &order, &result), -SJ_E_RANGE);
    order.rung = 1;
    order.quantity = 0;
    assert_int_equal(sj_exchange_submit(world->engine, &order, &result), -SJ_E_RANGE);
    order.quantity = 1;
    assert_int_equal(sj_exchange_set_phase(world->engine, 0, SJ_PHASE_CLOSED, 32), 0);
    assert_int_equal(sj_exchange_submit(world->engine, &order, &result), -SJ_E_REFUSED);
}

static uint64_t resting(const struct sj_exchange_engine *engine, enum sj_side side)
{
    uint64_t sum = 0;
    for (int32_t rung = 0; rung < RUNGS; rung++)
        sum += sj_exchange_quantity(engine, 0, side, rung);
    return sum;
}

/* bought = matched + resting + cancelled, likewise sold; never crossed. */
static void a_million_random_orders_conserve_every_lot(void **state)
{
    struct world *world = *state;
    struct sj_rng rng;
    uint64_t in[3] = {0}, out[3] = {0}, ids[256] = {0};
    print_message("seed 7\n");
    sj_rng_init(&rng, 7);
    for (int i = 0; i < 1000000; i++) {
        uint32_t slot = (uint32_t)sj_rng_below(&rng, 256);
        if (ids[slot] && sj_rng_below(&rng, 2)) {
            uint32_t left;
            uint8_t side = ids[slot] >> 63 ? SJ_SIDE_BUY : SJ_SIDE_SELL;
            if (sj_exchange_cancel(world->engine, ids[slot] & INT64_MAX, &left) >= 0)
                out[side] += left;
            ids[slot] = 0;
            continue;
        }
        const struct sj_exchange_order order = {
            .rung = (int32_t)sj_rng_range(&rng, 20, 43),
            .quantity = (uint32_t)sj_rng_range(&rng, 1, 50),
            .side = (uint8_t)sj_rng_range(&rng, SJ_SIDE_BUY, SJ_SIDE_SELL),
            .price_type = (uint8_t)sj_rng_range(&rng, SJ_PRICE_LMT, SJ_PRICE_MKP),
            .time_in_force = (uint8_t)sj_rng_range(&rng, SJ_TIF_ROD, SJ_TIF_FOK),
            .protection_rungs = 3};
        struct sj_exchange_result result;
        sj_rc rc = sj_exchange_submit(world->engine, &order, &result);
        if (rc == -SJ_E_LIMIT)
            continue;
        assert_int_equal(rc, 0);
        in[order.side] += order.quantity;
        out[order.side] += result.cancelled;
        if (result.id)
            ids[slot] = result.id | (order.side == SJ_SIDE_BUY ? 1ull << 63 : 0);
        int32_t bid = sj_exchange_best(world->engine, 0, SJ_SIDE_BUY);
        int32_t ask = sj_exchange_best(world->engine, 0, SJ_SIDE_SELL);
        assert_true(bid < 0 || ask < 0 || bid < ask);
    }
    for (int side = SJ_SIDE_BUY; side <= SJ_SIDE_SELL; side++)
        assert_int_equal(in[side],
                         world->matched + out[side] + resting(world->engine, (enum sj_side)side));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_older_order_at_a_price_fills_first, setup, teardown),
        cmocka_unit_test_setup_teardown(the_rest_of_a_partial_fill_stands_at_its_price, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(ioc_cancels_the_rest_and_fok_takes_all_or_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_reduced_order_keeps_its_place_and_a_repriced_one_loses_it,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_auction_matches_the_most_volume_at_one_price, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(wrong_orders_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_million_random_orders_conserve_every_lot, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
