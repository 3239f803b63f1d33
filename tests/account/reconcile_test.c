#include "groups.h"
#include "support.h"

#include "base/rng.h"

#include <stdlib.h>

static struct sj_account_totals totals_of(const struct desk *desk)
{
    struct sj_account_totals totals;
    sj_account_totals(desk->account, &totals);
    return totals;
}

static void what_was_there_before_us_is_adopted_without_profit(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    desk_start(&desk);
    desk_trade(&desk, STOCK, 610);
    desk_position(&desk, STOCK, 2, 600);
    assert_int_equal(desk_held(&desk, 0, STOCK).units, 0); /* not before the snapshot is whole */
    desk_snapshot(&desk, 1000);
    struct sj_account_position held = desk_held(&desk, 0, STOCK);
    assert_int_equal(held.units, 2000);
    assert_int_equal(held.avg_price_e6, 600 * E6);
    assert_int_equal(held.unrealized_e6, 2000 * 10 * E6);
    assert_int_equal(held.day_pnl_e6, 0);
    desk_trade(&desk, STOCK, 611);
    assert_int_equal(desk_held(&desk, 0, STOCK).day_pnl_e6, 2000 * E6);
    assert_int_equal(desk.kept_count, 0);
    assert_int_equal(totals_of(&desk).adopted_count, 1);
    desk_done(&desk);
}

static void a_difference_that_stays_is_told_and_blocks_until_it_goes(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    desk_start(&desk);
    desk_snapshot(&desk, 1000);
    desk_fill(&desk, 1, 1, FUTURE, SJ_SIDE_BUY, 3, 20000);
    desk_position(&desk, FUTURE, 2, 20000);
    desk_snapshot(&desk, 1000); /* may just be late */
    assert_int_equal(desk.kept_count, 0);
    desk_position(&desk, FUTURE, 2, 20000);
    desk_snapshot(&desk, 1000);
    assert_int_equal(desk.kept_count, 2);
    assert_int_equal(desk.kept[0].frame.template_id, SJ_EVENT_POSITION);
    assert_int_equal(desk.kept[0].position.quantity, 2);
    assert_int_equal(desk.kept[0].position.own_quantity, 3);
    assert_int_equal(desk.kept[1].control.kind, SJ_CONTROL_BLOCK);
    assert_int_equal(desk.kept[1].control.source, SJ_CONTROL_BY_RECONCILE);
    assert_int_equal(desk.kept[1].control.instrument, FUTURE);
    assert_int_equal(desk.kept[1].control.value, 1);
    assert_int_equal(totals_of(&desk).difference_count, 1);
    desk_position(&desk, FUTURE, 2, 20000);
    desk_snapshot(&desk, 1000);
    assert_int_equal(desk.kept_count, 2); /* said once */
    desk_position(&desk, FUTURE, 3, 20000);
    desk_snapshot(&desk, 1000);
    assert_int_equal(desk.kept_count, 4);
    assert_int_equal(desk.kept[3].control.kind, SJ_CONTROL_UNBLOCK);
    assert_int_equal(totals_of(&desk).difference_count, 0);
    desk_done(&desk);
}

static void fills_that_fell_into_a_hole_are_adopted_where_configured(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    desk.config.difference_adopts = true;
    desk_start(&desk);
    desk_snapshot(&desk, 1000);
    desk_fill(&desk, 1, 1, FUTURE, SJ_SIDE_BUY, 1, 20000);
    desk_position(&desk, FUTURE, 3, 20010);
    desk_snapshot(&desk, 1000);
    assert_int_equal(desk_held(&desk, SJ_ACCOUNT_ALL, FUTURE).units, 1);
    desk_position(&desk, FUTURE, 3, 20010);
    desk_snapshot(&desk, 1000);
    assert_int_equal(desk_held(&desk, SJ_ACCOUNT_ALL, FUTURE).units, 3);
    assert_int_equal(desk_held(&desk, 0, FUTURE).units, 2);
    assert_int_equal(desk_held(&desk, 1, FUTURE).units, 1);
    assert_int_equal(desk.kept_count, 1);
    assert_int_equal(desk.kept[0].position.own_quantity, 3);
    desk_done(&desk);
}

static void stocks_settle_two_trading_days_later(void **state)
{
    (void)state;
    struct desk desk;
    struct sj_account_settlement list[4];
    desk_init(&desk);
    desk.now_ns = sj_tw_to_utc_ns(20261127, 10 * 3600 * S); /* a Friday */
    desk_start(&desk);
    desk_fill(&desk, 1, 1, STOCK, SJ_SIDE_BUY, 1, 600);
    desk_snapshot(&desk, 1000000);
    assert_int_equal(sj_account_settlements(desk.account, list, 4), 1);
    assert_int_equal(list[0].date, 20261201); /* Tuesday */
    assert_int_equal(list[0].amount_e6, -600855 * E6);
    assert_int_equal(totals_of(&desk).cash_expected_e6, (1000000 - 600855) * E6);
    desk.now_ns = sj_tw_to_utc_ns(20261130, 10 * 3600 * S);
    desk_trade(&desk, STOCK, 600);
    assert_int_equal(sj_account_settlements(desk.account, list, 4), 1);
    desk.now_ns = sj_tw_to_utc_ns(20261201, 10 * 3600 * S);
    desk_trade(&desk, STOCK, 600);
    assert_int_equal(sj_account_settlements(desk.account, list, 4), 0);
    desk_done(&desk);
}

static void a_new_day_begins_without_profit_and_day_trades(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    desk_start(&desk);
    desk_fill(&desk, 1, 1, STOCK, SJ_SIDE_BUY, 1, 600);
    desk_trade(&desk, STOCK, 610);
    assert_int_equal(desk_held(&desk, 1, STOCK).day_pnl_e6, (10000 - 855) * E6);
    desk.now_ns = sj_tw_to_utc_ns(20261125, 10 * 3600 * S);
    desk_trade(&desk, STOCK, 611);
    assert_int_equal(desk_held(&desk, 1, STOCK).day_pnl_e6, 1000 * E6);
    struct sj_fill sell = desk_fill(&desk, 2, 1, STOCK, SJ_SIDE_SELL, 1, 611);
    assert_int_equal(sell.tax_e6, 1833 * E6); /* bought yesterday: the whole tax */
    desk_done(&desk);
}

static void a_position_that_a_snapshot_does_not_name_is_gone(void **state)
{
    (void)state;
    struct desk desk;
    struct sj_account_holding list[2];
    desk_init(&desk);
    desk_start(&desk);
    desk_position(&desk, FUTURE, -2, 20000);
    desk_snapshot(&desk, 1);
    assert_int_equal(sj_account_holdings(desk.account, list, 2), 1);
    desk_snapshot(&desk, 1);
    assert_int_equal(sj_account_holdings(desk.account, list, 2), 0);
    desk_done(&desk);
}

static void fresh_wants_every_account_since_then(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    desk_start(&desk);
    assert_false(sj_account_fresh(desk.account, 0));
    desk_snapshot(&desk, 1);
    assert_true(sj_account_fresh(desk.account, desk.now_ns));
    assert_false(sj_account_fresh(desk.account, desk.now_ns + 1));
    desk_position(&desk, FUTURE, -2, 20000);
    struct sj_account_holding list[2];
    assert_int_equal(sj_account_holdings(desk.account, list, 2), 1);
    assert_int_equal(list[0].instrument, FUTURE);
    assert_int_equal(list[0].quantity, -2);
    desk_done(&desk);
}

/* Whatever is traded, profit is money received less money paid and what is left is worth. */
static void profit_is_the_money_that_moved_and_what_is_left(void **state)
{
    (void)state;
    struct desk desk;
    struct sj_rng rng;
    sj_rng_init(&rng, 11);
    desk_init(&desk);
    desk_start(&desk);
    int64_t money = 0, units = 0, mark = 0;
    for (uint64_t i = 1; i <= 20000; i++) {
        bool buys = sj_rng_below(&rng, 2) == 0;
        int64_t quantity = sj_rng_range(&rng, 1, 7), price = sj_rng_range(&rng, 19000, 21000);
        desk_fill(&desk, i, 1, FUTURE, buys ? SJ_SIDE_BUY : SJ_SIDE_SELL, (uint32_t)quantity,
                  price);
        units += buys ? quantity : -quantity;
        money += (buys ? -quantity : quantity) * price * 200;
        if (i % 3 == 0)
            desk_trade(&desk, FUTURE, mark = sj_rng_range(&rng, 19000, 21000));
        else if (i == 1)
            mark = price;
        struct sj_account_position held = desk_held(&desk, 1, FUTURE);
        assert_int_equal(held.units, units);
        assert_int_equal(held.realized_e6 + held.unrealized_e6, (money + units * mark * 200) * E6);
    }
    desk_done(&desk);
}

static void a_restored_account_goes_on_alike(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    desk_start(&desk);
    desk_snapshot(&desk, 1000);
    desk_fill(&desk, 1, 1, STOCK, SJ_SIDE_BUY, 1, 600);
    desk_fill(&desk, 2, 2, FUTURE, SJ_SIDE_SELL, 2, 20000);
    desk_trade(&desk, STOCK, 605);
    size_t room = sj_account_save_size(desk.account);
    uint8_t *blob = malloc(room), *again = malloc(room);
    assert_non_null(blob);
    assert_non_null(again);
    sj_rc size = sj_account_save(desk.account, blob, room);
    assert_true(size > 0);
    sj_account_close(desk.account);
    desk.account = desk_create(&desk);
    for (int i = 0; i < 200; i++) {
        size_t at = (size_t)i * 7919 % (size_t)size;
        blob[at] ^= 16;
        assert_true(sj_account_restore(desk.account, blob, (size_t)size) < 0);
        blob[at] ^= 16;
    }
    assert_int_equal(totals_of(&desk).fill_count, 0);
    assert_int_equal(sj_account_restore(desk.account, blob, (size_t)size), 0);
    assert_int_equal(sj_account_save(desk.account, again, room), size);
    assert_int_equal(desk_held(&desk, 2, FUTURE).units, -2);
    /* The order's fee goes on where it was: the least fee is taken once. */
    struct sj_fill more = desk_fill(&desk, 1, 1, STOCK, SJ_SIDE_BUY, 1, 600);
    assert_int_equal(more.fee_e6, 855 * E6);
    assert_int_equal(sj_account_restore(desk.account, blob, 10), -SJ_E_MALFORMED);
    free(blob);
    free(again);
    desk_done(&desk);
}

int account_reconcile(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_there_before_us_is_adopted_without_profit),
        cmocka_unit_test(a_difference_that_stays_is_told_and_blocks_until_it_goes),
        cmocka_unit_test(fills_that_fell_into_a_hole_are_adopted_where_configured),
        cmocka_unit_test(stocks_settle_two_trading_days_later),
        cmocka_unit_test(a_new_day_begins_without_profit_and_day_trades),
        cmocka_unit_test(a_position_that_a_snapshot_does_not_name_is_gone),
        cmocka_unit_test(fresh_wants_every_account_since_then),
        cmocka_unit_test(profit_is_the_money_that_moved_and_what_is_left),
        cmocka_unit_test(a_restored_account_goes_on_alike),
    };
    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
