#include "market/fees.h"

#include "market_suites.h"

#define TWD 1000000LL

static void a_stock_order_costs_its_fee_and_a_sale_its_tax(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    struct sj_fee_rates rates;
    assert_int_equal(sj_market_stock_fees(rules, "STK", false, 20261123, &rates), 0);
    /* 1,080 x 1,000: 1,539.00 and 3,240; half of the tax as a day trade. */
    assert_int_equal(sj_stock_fee_e6(&rates, 1080000 * TWD), 1539 * TWD);
    assert_int_equal(sj_stock_tax_e6(&rates, 1080000 * TWD, 0), 3240 * TWD);
    assert_int_equal(sj_stock_tax_e6(&rates, 1080000 * TWD, 1080000 * TWD), 1620 * TWD);
    /* 8,330 x 0.1425 % = 11.87: the least is 20. 14,100: 20.09, down to 20. 14,750: 21.02. */
    assert_int_equal(sj_stock_fee_e6(&rates, 8330 * TWD), 20 * TWD);
    assert_int_equal(sj_stock_fee_e6(&rates, 14100 * TWD), 20 * TWD);
    assert_int_equal(sj_stock_fee_e6(&rates, 14750 * TWD), 21 * TWD);
    assert_int_equal(sj_stock_fee_e6(&rates, 0), 0);
    assert_int_equal(sj_market_stock_fees(rules, "STK", true, 20261123, &rates), 0);
    assert_int_equal(sj_stock_fee_e6(&rates, 100 * TWD), 1 * TWD);
    sj_market_rules_free(rules);
}

static void etfs_and_days_without_a_day_trade_rule_pay_their_own_tax(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    struct sj_fee_rates rates;
    assert_int_equal(sj_market_stock_fees(rules, "ETF", false, 20261123, &rates), 0);
    assert_int_equal(sj_stock_tax_e6(&rates, 100000 * TWD, 0), 100 * TWD);
    assert_int_equal(sj_stock_tax_e6(&rates, 100000 * TWD, 100000 * TWD), 100 * TWD);
    assert_int_equal(sj_market_stock_fees(rules, "STK", false, 20160104, &rates), 0);
    assert_int_equal(rates.day_tax_e6, 3000);
    assert_int_equal(sj_market_stock_fees(rules, "STK", false, 19900104, &rates), -SJ_E_UNKNOWN);
    sj_market_rules_free(rules);
}

static void a_lot_is_taxed_to_the_nearest_dollar(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    struct sj_fee_rates rates;
    assert_int_equal(sj_market_lot_fees(rules, "TXF", "FUT", 20261123, &rates), 0);
    /* 28,110 x 200 x 0.00002 = 112.44; 28,137.5 would be 112.55 */
    assert_int_equal(sj_lot_tax_e6(&rates, 28110 * 200 * TWD, 3), 3 * 112 * TWD);
    assert_int_equal(sj_lot_tax_e6(&rates, 28138 * 200 * TWD, 1), 113 * TWD);
    assert_int_equal(sj_lot_fee_e6(&rates, 3), 150 * TWD);
    assert_int_equal(sj_market_lot_fees(rules, "MXF", "FUT", 20261123, &rates), 0);
    assert_int_equal(sj_lot_fee_e6(&rates, 2), 50 * TWD);
    assert_int_equal(sj_market_lot_fees(rules, "TXO", "OPT", 20261123, &rates), 0);
    /* 150 x 50 x 0.001 = 7.5: up */
    assert_int_equal(sj_lot_tax_e6(&rates, 150 * 50 * TWD, 2), 16 * TWD);
    sj_market_rules_free(rules);
}

static void amounts_near_the_limit_of_64_bits_do_not_overflow(void **state)
{
    (void)state;
    const struct sj_fee_rates rates = {.fee_e6 = 1425, .tax_e6 = 3000};
    assert_int_equal(sj_stock_fee_e6(&rates, 8000000000000 * TWD), 11400000000 * TWD);
    assert_int_equal(sj_stock_tax_e6(&rates, 8000000000000 * TWD, 0), 24000000000 * TWD);
}

int fees_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stock_order_costs_its_fee_and_a_sale_its_tax),
        cmocka_unit_test(etfs_and_days_without_a_day_trade_rule_pay_their_own_tax),
        cmocka_unit_test(a_lot_is_taxed_to_the_nearest_dollar),
        cmocka_unit_test(amounts_near_the_limit_of_64_bits_do_not_overflow),
    };
    return cmocka_run_group_tests_name("fees", tests, NULL, NULL);
}
