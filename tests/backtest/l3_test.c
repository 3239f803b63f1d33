/* Files of orders by their ids, and the place that ours have among them. */
#include "backtest/run.h"
#include "backtest/venue.h"

#include "base/rng.h"
#include "convert/npz.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "suites.h"

#define BOTH (SJ_ROW_EXCH | SJ_ROW_LOCAL)
#define BUY (SJ_ROW_BUY | BOTH)
#define SELL (SJ_ROW_SELL | BOTH)

struct world {
    char path[64], error[SJ_BT_ERROR_MAX];
    struct sj_row *rows;
    uint32_t count, room;
    struct sj_bt_feed feed;
    struct sj_bt_venue venue;
    bool strict, open;
    struct sj_bt_report reports[32];
    uint32_t report_count;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    snprintf(world->path, sizeof world->path, "/tmp/shijim-l3-XXXXXX");
    int fd = mkstemp(world->path);
    if (fd < 0)
        return -1;
    close(fd);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    if (world->open) {
        sj_bt_feed_close(&world->feed);
        sj_bt_venue_done(&world->venue);
    }
    unlink(world->path);
    free(world->rows);
    free(world);
    return 0;
}

/* At one time a row, from 1 on. */
static void row(struct world *world, uint64_t ev, uint64_t id, double px, double qty)
{
    if (world->count == world->room) {
        world->room = world->room ? world->room * 2 : 64;
        world->rows = realloc(world->rows, world->room * sizeof *world->rows);
        assert_non_null(world->rows);
    }
    int64_t ts = world->count + 1;
    world->rows[world->count++] = (struct sj_row){
        .ev = ev, .exch_ts = ts * 10, .local_ts = ts * 10, .px = px, .qty = qty, .order_id = id};
}

static sj_rc keep(void *context, struct sj_bt_report *report)
{
    struct world *world = context;
    assert_true(world->report_count < 32);
    world->reports[world->report_count++] = *report;
    return 0;
}

static void write_rows(struct world *world)
{
    struct sj_npz_writer *writer;
    assert_true(sj_npz_create(world->path, SJ_NPZ_STORED, &writer) >= 0);
    assert_true(sj_npz_append(writer, world->rows, world->count) >= 0);
    assert_true(sj_npz_finish(writer) >= 0);
}

static sj_rc begin(struct world *world, enum sj_bt_queue_kind kind, bool partial)
{
    write_rows(world);
    const struct sj_bt_feed_options options = {.path = world->path,
                                               .tick = 0.5,
                                               .lot = 0.1,
                                               .strict = world->strict,
                                               .by_order = kind == SJ_BT_L3_FIFO};
    sj_rc rc = sj_bt_feed_open(&world->feed, &options, world->error);
    if (rc < 0)
        return rc;
    assert_true(sj_bt_venue_init(&world->venue, SJ_BT_KEYS) >= 0);
    world->open = true;
    world->venue.model = (struct sj_bt_queue_model){kind, 2};
    world->venue.partial = partial;
    world->venue.lot = world->venue.unit = 0.1;
    world->venue.prices = &world->feed.prices;
    world->venue.context = world;
    world->venue.on_report = keep;
    return 0;
}

/* The exchange up to the row with this number. */
static void upto(struct world *world, uint32_t number)
{
    for (;;) {
        struct sj_bt_steps *steps = &world->feed.exchange;
        world->feed.local.head = world->feed.local.tail;
        assert_true(sj_bt_feed_fill(&world->feed, world->error) >= 0);
        if (steps->head == steps->tail || sj_bt_steps_first(steps)->ts > (int64_t)number * 10)
            return;
        const struct sj_bt_step step = *sj_bt_steps_first(steps);
        steps->head++;
        if (sj_bt_touches(&world->venue.book, &world->venue.ends, &step))
            assert_true(sj_bt_venue_step(&world->venue, &step) >= 0);
        else
            sj_bt_book_step(&world->venue.book, &step);
    }
}

/* Just after that row. */
static void buy(struct world *world, uint32_t number, double price, uint32_t lots, uint64_t order)
{
    const struct sj_bt_request request = {.at_ns = (int64_t)number * 10 + 5,
                                          .order = order,
                                          .price_e6 = llround(price * 1e6),
                                          .quantity = lots,
                                          .kind = SJ_BT_PLACE};
    upto(world, number);
    assert_true(sj_bt_venue_request(&world->venue, &request) >= 0);
    assert_int_equal(world->reports[world->report_count - 1].kind, SJ_BT_WORKING);
}

static void expect(struct world *world, uint32_t index, enum sj_bt_report_kind kind, uint64_t order,
                   uint32_t number, uint32_t quantity)
{
    assert_true(index < world->report_count);
    const struct sj_bt_report *report = &world->reports[index];
    assert_int_equal(report->kind, kind);
    assert_int_equal(report->order, order);
    assert_int_equal(report->exch_ns, (int64_t)number * 10);
    assert_int_equal(report->quantity, quantity);
}

static double front(const struct world *world)
{
    return world->venue.resting[0][0].queue.front;
}

/* Two in front of ours, one behind. */
static void three(struct world *world)
{
    row(world, SJ_ROW_ADD | BUY, 1, 100, 0.3);
    row(world, SJ_ROW_ADD | BUY, 2, 100, 0.2);
    row(world, SJ_ROW_ADD | SELL, 9, 101, 1);
    row(world, SJ_ROW_ADD | BUY, 3, 100, 0.4);
}

static void an_order_fills_when_one_behind_it_is_filled(void **state)
{
    struct world *world = *state;
    three(world);
    row(world, SJ_ROW_FILL | BUY, 1, 100, 0.3); /* 5 */
    row(world, SJ_ROW_CANCEL | BUY, 1, 100, 0.3);
    row(world, SJ_ROW_FILL | BUY, 2, 100, 0.2);
    row(world, SJ_ROW_CANCEL | BUY, 2, 100, 0.2);
    row(world, SJ_ROW_FILL | BUY, 3, 100, 0.1); /* 9 */
    assert_true(begin(world, SJ_BT_L3_FIFO, false) >= 0);
    buy(world, 3, 100, 7, 70);
    assert_true(fabs(world->reports[0].queue - 0.5) < 1e-12);
    upto(world, 8);
    assert_int_equal(world->report_count, 1);
    assert_true(fabs(front(world)) < 1e-12);
    upto(world, 9);
    assert_int_equal(world->report_count, 2);
    expect(world, 1, SJ_BT_FILLED, 70, 9, 7);
    assert_true(world->reports[1].maker);
    assert_int_equal(world->reports[1].price_e6, 100000000);
}

static void in_parts_only_what_was_filled_behind_reaches_it_the_oldest_first(void **state)
{
    struct world *world = *state;
    three(world);
    row(world, SJ_ROW_FILL | BUY, 3, 100, 0.3); /* 5 */
    row(world, SJ_ROW_MODIFY | BUY, 3, 100, 0.1);
    row(world, SJ_ROW_FILL | BUY, 3, 100, 0.1); /* 7 */
    assert_true(begin(world, SJ_BT_L3_FIFO, true) >= 0);
    buy(world, 3, 100, 2, 70);
    buy(world, 3, 100, 3, 71);
    upto(world, 9);
    assert_int_equal(world->report_count, 5);
    expect(world, 2, SJ_BT_FILLED, 70, 5, 2);
    expect(world, 3, SJ_BT_FILLED, 71, 5, 1);
    expect(world, 4, SJ_BT_FILLED, 71, 7, 1);
    assert_int_equal(world->reports[4].left, 1);
}

static void what_leaves_in_front_brings_it_forward_and_what_leaves_behind_does_not(void **state)
{
    struct world *world = *state;
    three(world);
    row(world, SJ_ROW_CANCEL | BUY, 3, 0, 0);
    row(world, SJ_ROW_CANCEL | BUY, 1, 0, 0); /* 6 */
    assert_true(begin(world, SJ_BT_L3_FIFO, false) >= 0);
    buy(world, 3, 100, 7, 70);
    upto(world, 5);
    assert_true(fabs(front(world) - 0.5) < 1e-12);
    upto(world, 6);
    assert_true(fabs(front(world) - 0.2) < 1e-12);
    assert_int_equal(world->report_count, 1);
}

static void less_keeps_a_place_and_more_or_another_price_loses_it(void **state)
{
    struct world *world = *state;
    three(world);
    row(world, SJ_ROW_MODIFY | BUY, 1, 100, 0.1); /* 5: stays in front */
    row(world, SJ_ROW_FILL | BUY, 1, 100, 0.1);
    row(world, SJ_ROW_MODIFY | BUY, 2, 99.5, 0.2); /* 7: away, and back: behind ours */
    row(world, SJ_ROW_MODIFY | BUY, 2, 100, 0.2);
    row(world, SJ_ROW_MODIFY | BUY, 1, 100, 0.2); /* 9: more: behind ours */
    row(world, SJ_ROW_FILL | BUY, 2, 100, 0.1);
    row(world, SJ_ROW_FILL | BUY, 1, 100, 0.1); /* 11 */
    assert_true(begin(world, SJ_BT_L3_FIFO, true) >= 0);
    buy(world, 3, 100, 7, 70);
    upto(world, 5);
    assert_true(fabs(front(world) - 0.3) < 1e-12);
    upto(world, 8);
    assert_true(fabs(front(world) - 0.1) < 1e-12);
    upto(world, 9);
    assert_true(fabs(front(world)) < 1e-12);
    assert_int_equal(world->report_count, 1);
    upto(world, 11);
    assert_int_equal(world->report_count, 3);
    expect(world, 1, SJ_BT_FILLED, 70, 10, 1);
    expect(world, 2, SJ_BT_FILLED, 70, 11, 1);
}

static void an_order_that_comes_across_fills_it_whole_and_a_clear_ends_it(void **state)
{
    struct world *world = *state;
    three(world);
    row(world, SJ_ROW_ADD | SELL, 8, 100, 0.1); /* 5 */
    row(world, SJ_ROW_CLEAR | BUY, 0, NAN, 0);
    row(world, SJ_ROW_ADD | BUY, 1, 100, 0.5); /* 7: its id is free again */
    assert_true(begin(world, SJ_BT_L3_FIFO, true) >= 0);
    buy(world, 3, 100, 7, 70);
    buy(world, 3, 99.5, 6, 71);
    upto(world, 7);
    assert_int_equal(world->report_count, 4);
    expect(world, 2, SJ_BT_FILLED, 70, 5, 7);
    expect(world, 3, SJ_BT_EXPIRED, 71, 6, 6);
    assert_int_equal(world->feed.counts.malformed, 0);
    assert_int_equal(world->feed.counts.orders, 6);
}

static void unknown_repeated_and_nonsensical_orders_are_counted_and_left_out(void **state)
{
    struct world *world = *state;
    three(world);
    row(world, SJ_ROW_CANCEL | BUY, 77, 100, 1);
    row(world, SJ_ROW_MODIFY | BUY, 77, 100, 1);
    row(world, SJ_ROW_FILL | BUY, 77, 100, 1);
    row(world, SJ_ROW_ADD | BUY, 1, 100, 1);
    row(world, SJ_ROW_ADD | BUY, 5, 100, -1);
    row(world, SJ_ROW_ADD | BUY, 5, 100, NAN);
    row(world, SJ_ROW_ADD | BUY, 5, INFINITY, 1);
    row(world, SJ_ROW_ADD | BOTH, 5, 100, 1);
    row(world, SJ_ROW_MODIFY | BUY, 1, 100, 0);
    row(world, SJ_ROW_ADD | BUY, 5, 1e9, 1);
    assert_true(begin(world, SJ_BT_L3_FIFO, true) >= 0);
    buy(world, 20, 100, 7, 70);
    assert_true(fabs(front(world) - 0.9) < 1e-12);
    assert_int_equal(world->feed.counts.malformed, 9);
    assert_int_equal(world->feed.counts.far, 1);
    assert_int_equal(world->feed.counts.first_bad, 5);
    assert_int_equal(world->feed.counts.orders, 4);
}

static void strict_stops_at_the_first_of_them(void **state)
{
    struct world *world = *state;
    three(world);
    row(world, SJ_ROW_CANCEL | BUY, 77, 100, 1);
    world->strict = true;
    assert_int_equal(begin(world, SJ_BT_L3_FIFO, true), -SJ_E_MALFORMED);
    assert_string_equal(world->error, "row 5: an order's id that is unknown");
}

static void a_file_of_levels_has_no_place_to_tell(void **state)
{
    struct world *world = *state;
    row(world, SJ_ROW_DEPTH | BUY, 0, 100, 1);
    assert_int_equal(begin(world, SJ_BT_L3_FIFO, true), -SJ_E_MALFORMED);
    assert_non_null(strstr(world->error, "--queue l3_fifo needs a file of orders"));
    row(world, SJ_ROW_ADD | BUY, 1, 100, 1);
    assert_int_equal(begin(world, SJ_BT_LOG, true), -SJ_E_MALFORMED);
    assert_non_null(strstr(world->error, "not both"));
}

static void other_models_and_our_sight_take_the_sums_of_orders(void **state)
{
    struct world *world = *state;
    three(world);
    row(world, SJ_ROW_ADD | SJ_ROW_EXCH | SJ_ROW_BUY, 6, 100, 0.1); /* we do not see it */
    row(world, SJ_ROW_FILL | BUY, 3, 100, 0.4);
    row(world, SJ_ROW_TRADE | SELL, 0, 100, 1.2);
    assert_true(begin(world, SJ_BT_RISK_AVERSE, true) >= 0);
    struct sj_bt_book seen;
    assert_true(sj_bt_book_init(&seen, SJ_BT_KEYS) >= 0);
    for (uint32_t at = world->feed.local.head; at != world->feed.local.tail; at++)
        sj_bt_book_step(&seen, &world->feed.local.entries[at & world->feed.local.mask]);
    assert_true(fabs(seen.levels[0][seen.best[0]] - 0.9) < 1e-12);
    sj_bt_book_done(&seen);
    buy(world, 5, 100, 9, 70);
    assert_true(fabs(world->reports[0].queue - 1) < 1e-12);
    upto(world, 7);
    assert_int_equal(world->report_count, 2);
    expect(world, 1, SJ_BT_FILLED, 70, 7, 2);
}

/* Against a list that is searched from its beginning. */
static void live_orders_are_found_through_any_adding_and_dropping(void **state)
{
    (void)state;
    enum { IDS = 3000 };
    static int64_t lots[IDS];
    struct sj_bt_live live;
    struct sj_rng rng;
    const uint64_t seed = 20260911;
    print_message("seed %llu\n", (unsigned long long)seed);
    sj_rng_init(&rng, seed);
    assert_true(sj_bt_live_init(&live) >= 0);
    double sum = 0;
    for (unsigned turn = 0; turn < 60000; turn++) {
        uint64_t id = sj_rng_next(&rng) % IDS;
        struct sj_bt_live_order *order = sj_bt_live_find(&live, id);
        assert_int_equal(order ? order->lots : 0, lots[id]);
        sum -= (double)lots[id];
        lots[id] = order ? 0 : (int64_t)turn + 1;
        sum += (double)lots[id];
        const struct sj_bt_live_order fresh = {.id = id, .lots = lots[id], .key = 5};
        if (order)
            sj_bt_live_drop(&live, order);
        else
            assert_true(sj_bt_live_put(&live, &fresh) >= 0);
    }
    assert_true(live.sums.levels[0][5] == sum);
    sj_bt_live_clear(&live, 1);
    assert_true(live.count > 0);
    sj_bt_live_clear(&live, 0);
    assert_int_equal(live.count, 0);
    assert_true(live.sums.levels[0][5] == 0);
    sj_bt_live_done(&live);
}

static void more_orders_than_the_limit_end_the_run(void **state)
{
    (void)state;
    struct sj_bt_live live;
    assert_true(sj_bt_live_init(&live) >= 0);
    struct sj_bt_live_order order = {.lots = 1};
    sj_rc rc = 0;
    while (rc >= 0 && order.id <= SJ_BT_LIVE_MAX) {
        order.id++;
        rc = sj_bt_live_put(&live, &order);
    }
    assert_int_equal(rc, -SJ_E_LIMIT);
    assert_int_equal(order.id, SJ_BT_LIVE_MAX + 1);
    sj_bt_live_done(&live);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int l3_suite(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(an_order_fills_when_one_behind_it_is_filled),
        WORLD(in_parts_only_what_was_filled_behind_reaches_it_the_oldest_first),
        WORLD(what_leaves_in_front_brings_it_forward_and_what_leaves_behind_does_not),
        WORLD(less_keeps_a_place_and_more_or_another_price_loses_it),
        WORLD(an_order_that_comes_across_fills_it_whole_and_a_clear_ends_it),
        WORLD(unknown_repeated_and_nonsensical_orders_are_counted_and_left_out),
        WORLD(strict_stops_at_the_first_of_them),
        WORLD(a_file_of_levels_has_no_place_to_tell),
        WORLD(other_models_and_our_sight_take_the_sums_of_orders),
        cmocka_unit_test(live_orders_are_found_through_any_adding_and_dropping),
        cmocka_unit_test(more_orders_than_the_limit_end_the_run),
    };
    return cmocka_run_group_tests_name("l3", tests, NULL, NULL);
}
