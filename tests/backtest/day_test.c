/* Days in journals: what the exchange does with orders, hours, limits, auctions, and trades alone.
 */
#include "day_world.h"

#include "journal/journal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "suites.h"

static void a_resting_order_fills_in_parts_through_its_queue_and_costs_what_the_market_takes(
    void **state)
{
    struct world *world = *state;
    put_book(world, STOCK, AT(10, 0, 0), 100 * E6, 5, 100500000, 5, 0);
    act(limit_order(AT(10, 0, 1), STOCK, SJ_SIDE_BUY, 4, 100 * E6));
    put_trade(world, STOCK, AT(10, 0, 2), 100 * E6, 7, 0);             /* 5 before us: 2 of ours */
    put_book(world, STOCK, AT(10, 0, 3), 99500000, 5, 100 * E6, 5, 0); /* it falls to us */
    put_trade(world, STOCK, AT(10, 0, 4), 101 * E6, 1, 0);
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->fill_count, 2);
    assert_int_equal(world->fills[0].quantity, 2);
    assert_int_equal(world->fills[0].left, 2);
    assert_true(world->fills[0].maker && world->fills[0].queue == 5);
    assert_int_equal(world->fills[0].exch_ns, AT(10, 0, 2));
    assert_int_equal(world->fills[0].local_ns, AT(10, 0, 2) + MS);
    assert_int_equal(world->fills[1].quantity, 2);
    assert_int_equal(seen.position, 4);
    assert_true(world->result.position == 4 && world->result.value == 400000);
    /* 0.1425 % of 400,000 */
    assert_true(world->result.fee == 570);
    assert_true(fabs(world->result.equity - (4000 - 570)) < 1e-6); /* marked at 101 */
}

static void a_report_can_be_here_before_the_event_that_caused_it(void **state)
{
    struct world *world = *state;
    put_book(world, STOCK, AT(10, 0, 0), 100 * E6, 1, 100500000, 5, 0);
    act(limit_order(AT(10, 0, 1), STOCK, SJ_SIDE_BUY, 1, 100 * E6));
    put_trade(world, STOCK, AT(10, 0, 2), 100 * E6, 9, 0); /* seen 5 ms later, the report 1 ms */
    /* An order sent on the report's news comes before one sent on the event's. */
    act(limit_order(AT(10, 0, 2) + 2 * MS, STOCK, SJ_SIDE_SELL, 1, 100500000));
    put_trade(world, STOCK, AT(10, 0, 2) + 4 * MS, 100500000, 9, 0);
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->fill_count, 2);
    assert_int_equal(world->fills[1].exch_ns, AT(10, 0, 2) + 4 * MS);
    assert_int_equal(seen.position, 0);
}

static void prices_beyond_the_limits_and_hours_are_refused(void **state)
{
    struct world *world = *state;
    put_book(world, STOCK, AT(10, 0, 0), 100 * E6, 1, 100500000, 5, 0);
    act(limit_order(AT(10, 0, 1), STOCK, SJ_SIDE_BUY, 1, 111 * E6));
    act(limit_order(AT(10, 0, 2), STOCK, SJ_SIDE_BUY, 500, 100 * E6));
    put_trade(world, STOCK, AT(13, 30, 0), 100 * E6, 1, 0);
    act(limit_order(AT(14, 0, 0), STOCK, SJ_SIDE_BUY, 1, 100 * E6));
    put_trade(world, OTHER, AT(15, 0, 0), 100 * E6, 1, 0);
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->refused, 3);
    assert_int_equal(seen.rejected, 3);
    assert_string_equal(seen.reason, "the market is closed");
    assert_int_equal(world->fill_count, 0);
}

static void an_auction_fills_at_its_print_and_through_the_queue_at_its_price(void **state)
{
    struct world *world = *state;
    put_book(world, STOCK, AT(8, 40, 0), 100 * E6, 3, 100500000, 5, SJ_FLAG_SIMTRADE);
    act(limit_order(AT(8, 45, 0), STOCK, SJ_SIDE_BUY, 2, 105 * E6));
    act(limit_order(AT(8, 45, 1), STOCK, SJ_SIDE_BUY, 2, 101 * E6));
    act(limit_order(AT(8, 45, 2), STOCK, SJ_SIDE_BUY, 2, 100 * E6));
    /* A trial match is no trade, whatever its price. */
    put_trade(world, STOCK, AT(8, 50, 0), 99 * E6, 100, SJ_FLAG_SIMTRADE);
    put_trade(world, STOCK, AT(9, 0, 1), 101 * E6, 50, 0);
    put_book(world, STOCK, AT(9, 0, 2), 100 * E6, 3, 101500000, 5, 0);
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->fill_count, 2);
    assert_int_equal(world->fills[0].price_e6, 101 * E6); /* not at its own 105 */
    assert_int_equal(world->fills[0].quantity, 2);
    assert_int_equal(world->fills[1].price_e6, 101 * E6);
    assert_int_equal(world->fills[1].exch_ns, AT(9, 0, 1));
    assert_int_equal(world->result.open, 1);
}

static void the_closing_auction_prints_late_and_then_the_day_of_orders_ends(void **state)
{
    struct world *world = *state;
    put_book(world, STOCK, AT(13, 20, 0), 100 * E6, 3, 100500000, 5, 0);
    act(limit_order(AT(13, 26, 0), STOCK, SJ_SIDE_BUY, 1, 101 * E6)); /* meets nothing now */
    act(limit_order(AT(13, 27, 0), STOCK, SJ_SIDE_BUY, 1, 95 * E6));
    put_trade(world, STOCK, AT(13, 30, 0) + 300 * MS, 100500000, 9, 0);
    put_trade(world, OTHER, AT(15, 0, 0), 100 * E6, 1, 0);
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->fill_count, 1);
    assert_int_equal(world->fills[0].price_e6, 100500000);
    assert_int_equal(world->fills[0].exch_ns, AT(13, 30, 0) + 300 * MS);
    assert_int_equal(world->expired, 1);
    assert_int_equal(world->result.open, 0);
}

static void with_trades_alone_a_price_must_be_passed(void **state)
{
    struct world *world = *state;
    put_trade(world, FUTURE, AT(10, 0, 0), 20000 * E6, 1, 0);
    act(limit_order(AT(10, 0, 1), FUTURE, SJ_SIDE_BUY, 2, 19990 * E6));  /* rests */
    act(limit_order(AT(10, 0, 2), FUTURE, SJ_SIDE_SELL, 1, 19995 * E6)); /* could trade */
    put_trade(world, FUTURE, AT(10, 0, 3), 20001 * E6, 5, 0);
    put_trade(world, FUTURE, AT(10, 0, 4), 19990 * E6, 500, 0); /* at the price: who knows */
    put_trade(world, FUTURE, AT(10, 0, 5), 19989 * E6, 1, 0);   /* passes it */
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->fill_count, 2);
    assert_int_equal(world->fills[0].price_e6, 20001 * E6); /* the next trade's price */
    assert_false(world->fills[0].maker);
    assert_int_equal(world->fills[1].price_e6, 19990 * E6);
    assert_int_equal(world->fills[1].exch_ns, AT(10, 0, 5));
    assert_true(isnan(world->fills[1].queue));
    /* 2 bought at 19990, 1 sold at 20001; TWD 200 a point */
    assert_true(world->result.balance == (20001 - 2 * 19990) * 200.0);
}

static void fok_is_whole_or_nothing_and_ioc_takes_what_is_there(void **state)
{
    struct world *world = *state;
    struct act fok = limit_order(AT(10, 0, 1), STOCK, SJ_SIDE_BUY, 6, 100500000);
    struct act fits = limit_order(AT(10, 0, 2), STOCK, SJ_SIDE_BUY, 5, 100500000);
    struct act ioc = limit_order(AT(10, 0, 3), STOCK, SJ_SIDE_BUY, 6, 100500000);
    fok.order.time_in_force = fits.order.time_in_force = SJ_ORDER_FOK;
    ioc.order.time_in_force = SJ_ORDER_IOC;
    put_book(world, STOCK, AT(10, 0, 0), 100 * E6, 5, 100500000, 5, 0);
    act(fok);
    act(fits);
    act(ioc);
    put_trade(world, OTHER, AT(10, 0, 5), 100 * E6, 1, 0);
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->fill_count, 2);
    assert_int_equal(world->fills[0].quantity, 5);
    assert_int_equal(world->fills[0].order, 2);
    assert_int_equal(world->fills[1].quantity, 5);
    assert_int_equal(world->expired, 2); /* the FOK, and the rest of the IOC */
}

static void odd_lots_trade_in_their_own_book_at_their_prints(void **state)
{
    struct world *world = *state;
    struct act odd = limit_order(AT(10, 0, 1), STOCK, SJ_SIDE_BUY, 30, 100 * E6);
    odd.order.lot = SJ_LOT_INTRADAY_ODD;
    put_book(world, STOCK, AT(10, 0, 0), 100 * E6, 5, 100500000, 5, 0);
    act(odd);
    put_trade(world, STOCK, AT(10, 0, 2), 90 * E6, 99, 0); /* round lots: not its market */
    put_trade(world, STOCK, AT(10, 0, 3), 99900000, 99, SJ_FLAG_ODD_LOT);
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->fill_count, 1);
    assert_int_equal(world->fills[0].exch_ns, AT(10, 0, 3));
    assert_int_equal(world->fills[0].price_e6, 99900000);
    assert_true(world->result.value == 30 * 99.9);
}

static void gaps_and_what_is_left_out_are_told(void **state)
{
    struct world *world = *state;
    struct sj_gap gap = {.kind = SJ_GAP_STREAM, .instrument = STOCK, .lost_count = 3};
    sj_frame_head(&gap, SJ_EVENT_GAP, sizeof gap);
    put_book(world, STOCK, AT(10, 0, 0), 100 * E6, 5, 100500000, 5, 0);
    put(world, 1, &gap, AT(10, 0, 1), AT(10, 0, 1));
    put_trade(world, STOCK, AT(10, 0, 2), 100010000, 1, 0); /* off the tick */
    put_trade(world, STOCK, AT(10, 0, 1), 100 * E6, 1, 0);  /* late by more than a second */
    put_trade(world, 77, AT(10, 0, 3), 100 * E6, 1, 0);     /* not defined */
    put_trade(world, STOCK, AT(10, 0, 3), 100 * E6, 1, SJ_FLAG_DUPLICATE);
    assert_true(run_day(world) >= 0);
    assert_int_equal(seen.gaps, 1);
    assert_int_equal(world->result.events.gaps, 1);
    assert_int_equal(world->result.events.off_tick, 1);
    assert_int_equal(world->result.events.unknown, 1);
    assert_int_equal(world->result.events.repeated, 1);
    assert_non_null(strstr(world->result.events.first_bad, "source 1"));
    world->options.strict = true;
    assert_int_equal(run_day(world), -SJ_E_MALFORMED);
    assert_non_null(strstr(world->error, world->dir));
}

static void several_instruments_are_one_account_and_a_repeated_run_is_the_same(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 600; i++) {
        int64_t at_ns = AT(10, 0, 0) + i * 1000 * MS;
        int64_t up = (i * 7919) % 5;
        put_book(world, STOCK, at_ns, (100 + up) * E6, 5, (101 + up) * E6, 5, 0);
        put_book(world, FUTURE, at_ns + 300 * MS, (20000 + up) * E6, 3, (20001 + up) * E6, 3, 0);
        put_trade(world, i % 2 ? STOCK : FUTURE, at_ns + 500 * MS,
                  i % 2 ? (100 + up) * E6 : (20001 + up) * E6, 4, 0);
    }
    for (int i = 0; i < 10; i++) {
        int64_t at_ns = AT(10, 1, 0) + i * 20000 * MS;
        act(limit_order(at_ns, STOCK, i % 2 ? SJ_SIDE_SELL : SJ_SIDE_BUY, 2, 102 * E6));
        act(limit_order(at_ns, FUTURE, i % 2 ? SJ_SIDE_BUY : SJ_SIDE_SELL, 1, 20002 * E6));
    }
    assert_true(run_day(world) >= 0);
    assert_true(world->fill_count > 10);
    assert_int_equal(world->result.instrument_count, 2);
    uint64_t digest = world->digest;
    uint32_t fills = world->fill_count;
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->digest, digest);
    assert_int_equal(world->fill_count, fills);
    /* Another latency is another day. */
    world->options.order_latency_ns = 300 * MS;
    assert_true(run_day(world) >= 0);
    assert_int_not_equal(world->digest, digest);
}

static void a_modelled_feed_comes_that_much_later(void **state)
{
    struct world *world = *state;
    put_book(world, STOCK, AT(10, 0, 0), 100 * E6, 5, 100500000, 5, 0);
    put_trade(world, STOCK, AT(10, 0, 1), 100 * E6, 1, 0);
    world->options.feed_latency_ns = 40 * MS;
    assert_true(run_day(world) >= 0);
    assert_int_equal(seen.last_ns, AT(10, 0, 1) + 40 * MS);
    assert_int_equal(world->result.latency[SJ_BT_FEED].max, 40 * MS);
}

static void only_the_day_that_was_asked_for_is_run(void **state)
{
    struct world *world = *state;
    put_trade(world, FUTURE, AT(10, 0, 0), 20000 * E6, 1, 0);
    put_trade(world, FUTURE, AT(15, 30, 0), 20000 * E6, 1, 0); /* the night: tomorrow's day */
    put_trade(world, FUTURE, AT(33, 0, 0), 20000 * E6, 1, 0);
    world->options.day = 20261125;
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->result.events.market, 2);
    world->options.day = 20261124;
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->result.events.market, 4); /* with the definitions */
    world->options.day = 20250102;
    assert_int_equal(run_day(world), -SJ_E_UNKNOWN);
    assert_non_null(strstr(world->error, "20250102"));
}

static void a_journal_without_its_end_is_read_to_the_last_whole_block(void **state)
{
    struct world *world = *state;
    char command[200];
    put_book(world, STOCK, AT(10, 0, 0), 100 * E6, 5, 100500000, 5, 0);
    assert_true(sj_journal_sync(world->journal) >= 0);
    put_trade(world, STOCK, AT(10, 0, 1), 100 * E6, 1, 0);
    assert_true(sj_journal_sync(world->journal) >= 0);
    /* As a crash leaves it: the files as they are, without the end. */
    snprintf(command, sizeof command, "cp -r %s %s.cut", world->dir, world->dir);
    assert_int_equal(system(command), 0);
    char cut[80];
    const char *const dirs[] = {cut};
    snprintf(cut, sizeof cut, "%s.cut", world->dir);
    world->options.journals = dirs;
    assert_true(run_day(world) >= 0);
    assert_int_equal(world->result.events.market, 5);
    assert_non_null(strstr(world->result.events.ended, "was not closed"));
    snprintf(command, sizeof command, "rm -rf %s", cut);
    assert_int_equal(system(command), 0);
}

int day_suite(void)
{
#define DAY_TEST(name) cmocka_unit_test_setup_teardown(name, day_setup, day_teardown)
    const struct CMUnitTest tests[] = {
        DAY_TEST(a_resting_order_fills_in_parts_through_its_queue_and_costs_what_the_market_takes),
        DAY_TEST(a_report_can_be_here_before_the_event_that_caused_it),
        DAY_TEST(prices_beyond_the_limits_and_hours_are_refused),
        DAY_TEST(an_auction_fills_at_its_print_and_through_the_queue_at_its_price),
        DAY_TEST(the_closing_auction_prints_late_and_then_the_day_of_orders_ends),
        DAY_TEST(with_trades_alone_a_price_must_be_passed),
        DAY_TEST(fok_is_whole_or_nothing_and_ioc_takes_what_is_there),
        DAY_TEST(odd_lots_trade_in_their_own_book_at_their_prints),
        DAY_TEST(gaps_and_what_is_left_out_are_told),
        DAY_TEST(several_instruments_are_one_account_and_a_repeated_run_is_the_same),
        DAY_TEST(a_modelled_feed_comes_that_much_later),
        DAY_TEST(only_the_day_that_was_asked_for_is_run),
        DAY_TEST(a_journal_without_its_end_is_read_to_the_last_whole_block),
    };
    return cmocka_run_group_tests_name("day", tests, NULL, NULL);
}
