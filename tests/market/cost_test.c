#include "market/cost.h"

#include "market_suites.h"

#define TWD INT64_C(1000000)

static struct sj_fee_terms terms_of(enum sj_security security, const char *name, bool odd_lot,
                                    uint32_t date)
{
    struct sj_market_rules *rules = load_rules();
    struct sj_fee_instrument instrument = {.security = security, .name = name, .odd_lot = odd_lot};
    struct sj_fee_terms terms;
    assert_int_equal(sj_fee_terms_load(rules, &instrument, date, &terms), 0);
    sj_market_rules_free(rules);
    return terms;
}

static struct sj_fees fees_of(const struct sj_fee_terms *terms, int64_t price_e6, uint32_t quantity,
                              enum sj_side side, bool day_trade)
{
    struct sj_fee_deal deal = {price_e6, quantity, (uint8_t)side, day_trade};
    struct sj_fees fees;
    assert_int_equal(sj_fees_of(terms, &deal, &fees), 0);
    return fees;
}

static void a_stock_pays_commission_both_ways_and_tax_when_sold(void **state)
{
    (void)state;
    struct sj_fee_terms terms = terms_of(SJ_SECURITY_STK, NULL, false, 20261124);
    struct sj_fees bought = fees_of(&terms, 583 * TWD, 1000, SJ_SIDE_BUY, false);
    assert_int_equal(bought.amount_e6, 583000 * TWD);
    assert_int_equal(bought.fee_e6, 830 * TWD); /* 830.775 */
    assert_int_equal(bought.tax_e6, 0);
    struct sj_fees sold = fees_of(&terms, 583 * TWD, 1000, SJ_SIDE_SELL, false);
    assert_int_equal(sold.tax_e6, 1749 * TWD);
    sold = fees_of(&terms, 583 * TWD, 1000, SJ_SIDE_SELL, true);
    assert_int_equal(sold.tax_e6, 874 * TWD); /* 874.5 */
}

static void a_discount_is_taken_before_whole_dollars_and_the_least(void **state)
{
    (void)state;
    struct sj_fee_terms terms = terms_of(SJ_SECURITY_STK, NULL, false, 20261124);
    terms.discount_e6 = 280000;
    assert_int_equal(fees_of(&terms, 583 * TWD, 1000, SJ_SIDE_BUY, false).fee_e6, 232 * TWD);
    assert_int_equal(fees_of(&terms, 10 * TWD, 1000, SJ_SIDE_BUY, false).fee_e6, 20 * TWD);
    terms = terms_of(SJ_SECURITY_STK, NULL, true, 20261124);
    assert_int_equal(fees_of(&terms, 583 * TWD, 1, SJ_SIDE_BUY, false).fee_e6, 1 * TWD);
}

static void kinds_of_stocks_have_their_own_tax(void **state)
{
    (void)state;
    struct sj_fee_terms terms = terms_of(SJ_SECURITY_STK, "ETF", false, 20261124);
    assert_int_equal(fees_of(&terms, 180 * TWD, 1000, SJ_SIDE_SELL, false).tax_e6, 180 * TWD);
    terms = terms_of(SJ_SECURITY_STK, "BOND", false, 20261124);
    assert_int_equal(fees_of(&terms, 180 * TWD, 1000, SJ_SIDE_SELL, false).tax_e6, 0);
    terms = terms_of(SJ_SECURITY_STK, "BOND", false, 20270104);
    assert_int_equal(fees_of(&terms, 180 * TWD, 1000, SJ_SIDE_SELL, false).tax_e6, 180 * TWD);
    terms = terms_of(SJ_SECURITY_WRT, NULL, false, 20261124);
    assert_int_equal(fees_of(&terms, 2 * TWD, 1000, SJ_SIDE_SELL, false).tax_e6, 2 * TWD);
}

static void terms_are_those_of_the_day(void **state)
{
    (void)state;
    assert_int_equal(terms_of(SJ_SECURITY_STK, NULL, false, 20170427).rates.day_tax_e6, 3000);
    assert_int_equal(terms_of(SJ_SECURITY_STK, NULL, false, 20170428).rates.day_tax_e6, 1500);
    assert_int_equal(terms_of(SJ_SECURITY_FUT, "TXF", false, 20120420).rates.tax_e6, 40);
    assert_int_equal(terms_of(SJ_SECURITY_FUT, "TXF", false, 20130401).rates.tax_e6, 20);
    struct sj_market_rules *rules = load_rules();
    struct sj_fee_instrument instrument = {.security = SJ_SECURITY_FUT, .name = "TXF"};
    struct sj_fee_terms terms;
    assert_int_equal(sj_fee_terms_load(rules, &instrument, 19900101, &terms), -SJ_E_UNKNOWN);
    sj_market_rules_free(rules);
}

static void a_futures_tax_is_rounded_contract_by_contract(void **state)
{
    (void)state;
    struct sj_fee_terms terms = terms_of(SJ_SECURITY_FUT, "TXF", false, 20261124);
    assert_int_equal(terms.multiplier_e6, 200 * TWD);
    struct sj_fees fees = fees_of(&terms, 8500 * TWD, 1, SJ_SIDE_BUY, false);
    assert_int_equal(fees.amount_e6, 1700000 * TWD);
    assert_int_equal(fees.tax_e6, 34 * TWD);
    assert_int_equal(fees.fee_e6, 50 * TWD);
    terms = terms_of(SJ_SECURITY_FUT, "MXF", false, 20261124);
    /* 8.5 is rounded to 9, three times */
    fees = fees_of(&terms, 8500 * TWD, 3, SJ_SIDE_SELL, false);
    assert_int_equal(fees.tax_e6, 27 * TWD);
    assert_int_equal(fees.fee_e6, 75 * TWD);
    assert_int_equal(fees_of(&terms, 8499 * TWD, 1, SJ_SIDE_SELL, false).tax_e6, 8 * TWD);
}

static void an_option_pays_on_its_premium(void **state)
{
    (void)state;
    struct sj_fee_terms terms = terms_of(SJ_SECURITY_OPT, "TXO", false, 20261124);
    struct sj_fees fees = fees_of(&terms, 150 * TWD, 2, SJ_SIDE_BUY, false);
    assert_int_equal(fees.amount_e6, 15000 * TWD);
    assert_int_equal(fees.tax_e6, 16 * TWD); /* 7.5 each */
    assert_int_equal(fees.fee_e6, 50 * TWD);
}

static void an_unlisted_root_pays_as_the_family_does(void **state)
{
    (void)state;
    struct sj_market_rules *rules = load_rules();
    struct sj_fee_instrument cdf = {
        .security = SJ_SECURITY_FUT, .name = "CDF", .multiplier_e6 = 2000 * TWD};
    struct sj_fee_terms terms;
    assert_int_equal(sj_fee_terms_load(rules, &cdf, 20261124, &terms), 0);
    assert_int_equal(terms.rates.lot_fee_e6, 50 * TWD);
    assert_int_equal(fees_of(&terms, 1000 * TWD, 1, SJ_SIDE_BUY, false).tax_e6, 40 * TWD);
    cdf.multiplier_e6 = 0; /* and no rule says what a point is worth */
    assert_int_equal(sj_fee_terms_load(rules, &cdf, 20261124, &terms), -SJ_E_UNKNOWN);
    sj_market_rules_free(rules);
}

/* However an order's quantity is split over deals at one price, it costs the same. */
static void deals_of_an_order_sum_to_what_it_costs_whole(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    struct sj_fee_terms terms = terms_of(SJ_SECURITY_STK, NULL, false, 20261124);
    for (int round = 0; round < 1000; round++) {
        struct sj_fee_order order = {0};
        struct sj_fees added = {0}, sum = {0};
        int64_t price_e6 = (int64_t)(sj_test_random(&seed) % 100000 + 1) * 10000;
        uint32_t quantity = 0;
        enum sj_side side = round % 2 ? SJ_SIDE_SELL : SJ_SIDE_BUY;
        for (int i = 0; i < 5; i++) {
            struct sj_fee_deal deal = {price_e6, (uint32_t)(sj_test_random(&seed) % 5000 + 1),
                                       (uint8_t)side, false};
            assert_int_equal(sj_fees_add(&terms, &order, &deal, &added), 0);
            sum.amount_e6 += added.amount_e6;
            sum.fee_e6 += added.fee_e6;
            sum.tax_e6 += added.tax_e6;
            quantity += deal.quantity;
        }
        struct sj_fees whole = fees_of(&terms, price_e6, quantity, side, false);
        assert_memory_equal(&whole, &order.sum, sizeof whole);
        assert_memory_equal(&whole, &sum, sizeof whole);
    }
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct sj_fee_terms stock = terms_of(SJ_SECURITY_STK, NULL, false, 20261124);
    struct sj_fee_terms futures = terms_of(SJ_SECURITY_FUT, "TXF", false, 20261124);
    struct sj_fees fees = {1, 2, 3};
    const struct sj_fee_deal wrong[] = {{100 * TWD, 0, SJ_SIDE_BUY, false},
                                        {-1, 1, SJ_SIDE_BUY, false},
                                        {SJ_NULL_E6, 1, SJ_SIDE_BUY, false},
                                        {INT64_MAX, 1, SJ_SIDE_BUY, false},
                                        {1000000000 * TWD, UINT32_MAX, SJ_SIDE_BUY, false},
                                        {100 * TWD, 1, SJ_SIDE_NONE, false}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(sj_fees_of(&stock, &wrong[i], &fees), -SJ_E_RANGE);
    assert_int_equal(fees.amount_e6, 1);
    stock.discount_e6 = -1;
    const struct sj_fee_deal good = {100 * TWD, 1, SJ_SIDE_BUY, false};
    assert_int_equal(sj_fees_of(&stock, &good, &fees), -SJ_E_RANGE);
    /* a spread's price may be below zero */
    const struct sj_fee_deal spread = {-25 * TWD, 1, SJ_SIDE_BUY, false};
    assert_int_equal(sj_fees_of(&futures, &spread, &fees), 0);
    assert_int_equal(fees.amount_e6, -5000 * TWD);
    assert_int_equal(fees.tax_e6, 0);
}

int cost_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stock_pays_commission_both_ways_and_tax_when_sold),
        cmocka_unit_test(a_discount_is_taken_before_whole_dollars_and_the_least),
        cmocka_unit_test(kinds_of_stocks_have_their_own_tax),
        cmocka_unit_test(terms_are_those_of_the_day),
        cmocka_unit_test(a_futures_tax_is_rounded_contract_by_contract),
        cmocka_unit_test(an_option_pays_on_its_premium),
        cmocka_unit_test(an_unlisted_root_pays_as_the_family_does),
        cmocka_unit_test(deals_of_an_order_sum_to_what_it_costs_whole),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
