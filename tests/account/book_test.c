#include "groups.h"
#include "support.h"

static void a_position_costs_its_average_and_closes_at_it(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    desk_start(&desk);
    desk_fill(&desk, 1, 1, FUTURE, SJ_SIDE_BUY, 1, 20000);
    desk_fill(&desk, 2, 1, FUTURE, SJ_SIDE_BUY, 2, 20003);
    struct sj_account_position held = desk_held(&desk, 1, FUTURE);
    assert_int_equal(held.units, 3);
    assert_int_equal(held.avg_price_e6, 20002 * E6);
    desk_trade(&desk, FUTURE, 20010);
    assert_int_equal(desk_held(&desk, 1, FUTURE).unrealized_e6, 3 * 8 * 200 * E6);
    desk_fill(&desk, 3, 1, FUTURE, SJ_SIDE_SELL, 2, 20012);
    held = desk_held(&desk, 1, FUTURE);
    assert_int_equal(held.units, 1);
    assert_int_equal(held.avg_price_e6, 20002 * E6);
    assert_int_equal(held.realized_e6, 2 * 10 * 200 * E6);
    assert_int_equal(held.unrealized_e6, 8 * 200 * E6);
    desk_done(&desk);
}

static void a_fill_past_flat_turns_the_position(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    desk_start(&desk);
    desk_fill(&desk, 1, 1, FUTURE, SJ_SIDE_SELL, 2, 20000);
    desk_fill(&desk, 2, 1, FUTURE, SJ_SIDE_BUY, 5, 19990);
    struct sj_account_position held = desk_held(&desk, 1, FUTURE);
    assert_int_equal(held.units, 3);
    assert_int_equal(held.avg_price_e6, 19990 * E6);
    assert_int_equal(held.realized_e6, 2 * 10 * 200 * E6);
    desk_done(&desk);
}

/* 2330 at 600: fee 0.1425 % of 600,000 = 855; tax on the sale 0.3 %, half of it for a day trade. */
static void fees_and_taxes_follow_the_rules_and_day_trades(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    desk_start(&desk);
    struct sj_fill buy = desk_fill(&desk, 1, 1, STOCK, SJ_SIDE_BUY, 1, 600);
    assert_int_equal(buy.fee_e6, 855 * E6);
    assert_int_equal(buy.tax_e6, 0);
    struct sj_fill sell = desk_fill(&desk, 2, 1, STOCK, SJ_SIDE_SELL, 2, 610);
    assert_int_equal(sell.fee_e6, 1738 * E6); /* 1,220,000 * 0.001425 = 1738.5 */
    /* One lot was bought today: 610,000 * 0.15 % + 610,000 * 0.3 % */
    assert_int_equal(sell.tax_e6, (915 + 1830) * E6);
    assert_int_equal(desk_held(&desk, 1, STOCK).day_trade_units, 1000);
    struct sj_account_totals totals;
    sj_account_totals(desk.account, &totals);
    assert_int_equal(totals.fees_e6, (855 + 1738) * E6);
    assert_int_equal(totals.taxes_e6, 2745 * E6);
    desk_done(&desk);
}

/* Sold before it is bought: only what was declared pays the day trade's tax. */
static void a_declared_day_trade_short_pays_half_the_tax(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    desk_start(&desk);
    struct sj_fill sell = desk_fill(&desk, 1, 1, STOCK, SJ_SIDE_SELL, 1, 600);
    assert_int_equal(sell.tax_e6, 1800 * E6);
    desk.declare_short = true;
    sell = desk_fill(&desk, 2, 1, STOCK, SJ_SIDE_SELL, 1, 600);
    assert_int_equal(sell.tax_e6, 900 * E6);
    desk.declare_short = false;
    struct sj_fill buy = desk_fill(&desk, 3, 1, STOCK, SJ_SIDE_BUY, 2, 590);
    assert_int_equal(buy.tax_e6, 0);
    desk_done(&desk);
}

int account_book(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_position_costs_its_average_and_closes_at_it),
        cmocka_unit_test(a_fill_past_flat_turns_the_position),
        cmocka_unit_test(fees_and_taxes_follow_the_rules_and_day_trades),
        cmocka_unit_test(a_declared_day_trade_short_pays_half_the_tax),
    };
    return cmocka_run_group_tests_name("book", tests, NULL, NULL);
}
