#include "market/cost.h"

#define ONE_E6 1000000

__extension__ typedef __int128 wide;

/* Within these every product below fits 128 bits. */
#define PRICE_MAX_E6 (INT64_C(1000000000) * ONE_E6)
#define MULTIPLIER_MAX_E6 (INT64_C(1000000) * ONE_E6)

static sj_rc load_by_lot(const struct sj_market_rules *rules,
                         const struct sj_fee_instrument *instrument, uint32_t date,
                         struct sj_fee_terms *terms)
{
    const char *kind = instrument->security == SJ_SECURITY_OPT ? "OPT" : "FUT";
    const char *root = instrument->name ? instrument->name : kind;
    terms->by_lot = true;
    terms->multiplier_e6 = instrument->multiplier_e6;
    if (terms->multiplier_e6 <= 0) {
        sj_rc rc = sj_market_number(rules, "point", root, date, &terms->multiplier_e6);
        if (rc < 0)
            return rc;
    }
    return sj_market_lot_fees(rules, root, kind, date, &terms->rates);
}

sj_rc sj_fee_terms_load(const struct sj_market_rules *rules,
                        const struct sj_fee_instrument *instrument, uint32_t date,
                        struct sj_fee_terms *ret_terms)
{
    struct sj_fee_terms terms = {.discount_e6 = ONE_E6, .multiplier_e6 = ONE_E6};
    sj_rc rc;
    if (instrument->security == SJ_SECURITY_FUT || instrument->security == SJ_SECURITY_OPT) {
        rc = load_by_lot(rules, instrument, date, &terms);
    } else {
        const char *name = instrument->security == SJ_SECURITY_WRT ? "WRT" : "STK";
        rc = sj_market_stock_fees(rules, instrument->name ? instrument->name : name,
                                  instrument->odd_lot, date, &terms.rates);
    }
    if (rc < 0)
        return rc;
    *ret_terms = terms;
    return 0;
}

static bool fits(wide value)
{
    return value >= -(wide)INT64_MAX && value <= INT64_MAX;
}

/* Lot by lot. A spread's price may be negative; its tax is on its size. */
static void lot_costs(const struct sj_fee_terms *terms, const struct sj_fee_deal *deal,
                      wide *ret_fee_e6, wide *ret_tax_e6)
{
    wide price_e6 = deal->price_e6 < 0 ? -(wide)deal->price_e6 : deal->price_e6;
    /* Taken from the exact value of a lot, which may have more than 6 places. */
    wide tax_e18 = price_e6 * terms->multiplier_e6 * terms->rates.tax_e6;
    wide dollar_e18 = (wide)ONE_E6 * ONE_E6 * ONE_E6;
    *ret_tax_e6 = (tax_e18 + dollar_e18 / 2) / dollar_e18 * ONE_E6 * deal->quantity;
    *ret_fee_e6 = (wide)terms->rates.lot_fee_e6 * terms->discount_e6 / ONE_E6 * deal->quantity;
}

/* The fee of what an order of stocks traded so far: cut off after the discount. */
static wide stock_fee(const struct sj_fee_terms *terms, int64_t amount_e6)
{
    wide dollar_e18 = (wide)ONE_E6 * ONE_E6 * ONE_E6;
    wide fee_e18 = (wide)amount_e6 * terms->rates.fee_e6 * terms->discount_e6;
    wide fee_e6 = fee_e18 / dollar_e18 * ONE_E6;
    if (amount_e6 <= 0)
        return 0;
    return fee_e6 < terms->rates.fee_min_e6 ? terms->rates.fee_min_e6 : fee_e6;
}

static bool is_valid(const struct sj_fee_terms *terms, const struct sj_fee_deal *deal)
{
    int64_t lowest_e6 = terms->by_lot ? -PRICE_MAX_E6 : 0;
    return deal->quantity > 0 && deal->price_e6 >= lowest_e6 && deal->price_e6 <= PRICE_MAX_E6 &&
           terms->multiplier_e6 > 0 && terms->multiplier_e6 <= MULTIPLIER_MAX_E6 &&
           terms->discount_e6 >= 0 && terms->discount_e6 <= ONE_E6 &&
           (deal->side == SJ_SIDE_BUY || deal->side == SJ_SIDE_SELL);
}

/* What the deal adds to an order whose amounts now are `now`. */
static bool costs_of(const struct sj_fee_terms *terms, const struct sj_fee_order *order,
                     const struct sj_fee_order *now, const struct sj_fee_deal *deal,
                     struct sj_fees *added)
{
    wide fee_e6, tax_e6 = 0;
    if (terms->by_lot) {
        lot_costs(terms, deal, &fee_e6, &tax_e6);
    } else {
        fee_e6 = stock_fee(terms, now->sum.amount_e6) - order->sum.fee_e6;
        if (deal->side == SJ_SIDE_SELL)
            tax_e6 = (wide)sj_stock_tax_e6(&terms->rates, now->sum.amount_e6, now->day_amount_e6) -
                     order->sum.tax_e6;
    }
    added->fee_e6 = (int64_t)fee_e6;
    added->tax_e6 = (int64_t)tax_e6;
    return fits(fee_e6 + order->sum.fee_e6) && fits(tax_e6 + order->sum.tax_e6) && fits(fee_e6) &&
           fits(tax_e6);
}

sj_rc sj_fees_add(const struct sj_fee_terms *terms, struct sj_fee_order *order,
                  const struct sj_fee_deal *deal, struct sj_fees *ret_fees)
{
    if (!is_valid(terms, deal))
        return -SJ_E_RANGE;
    wide amount_e6 = (wide)deal->price_e6 * deal->quantity * terms->multiplier_e6 / ONE_E6;
    if (!fits(amount_e6) || !fits(amount_e6 + order->sum.amount_e6))
        return -SJ_E_RANGE;
    struct sj_fees added = {.amount_e6 = (int64_t)amount_e6};
    struct sj_fee_order now = *order;
    now.sum.amount_e6 += added.amount_e6;
    now.day_amount_e6 += deal->day_trade ? added.amount_e6 : 0;
    if (!costs_of(terms, order, &now, deal, &added))
        return -SJ_E_RANGE;
    now.sum.fee_e6 += added.fee_e6;
    now.sum.tax_e6 += added.tax_e6;
    *order = now;
    *ret_fees = added;
    return 0;
}

sj_rc sj_fees_of(const struct sj_fee_terms *terms, const struct sj_fee_deal *deal,
                 struct sj_fees *ret_fees)
{
    struct sj_fee_order order = {0};
    return sj_fees_add(terms, &order, deal, ret_fees);
}
