#include "market/fees.h"

#define DOLLAR_E6 1000000

__extension__ typedef __int128 wide;

/* A part of an amount, in whole dollars: rounded down, or with `half` to the nearest. */
static int64_t part_e6(int64_t amount_e6, int64_t rate_e6, bool half)
{
    wide product = (wide)amount_e6 * rate_e6;
    wide dollar = (wide)DOLLAR_E6 * DOLLAR_E6;
    return (int64_t)((product + (half ? dollar / 2 : 0)) / dollar) * DOLLAR_E6;
}

sj_rc sj_market_stock_fees(const struct sj_market_rules *rules, const char *name, bool odd_lot,
                           uint32_t date, struct sj_fee_rates *ret_rates)
{
    struct sj_fee_rates rates = {0};
    sj_rc rc = sj_market_number(rules, "fee", "STK", date, &rates.fee_e6);
    if (rc >= 0)
        rc = sj_market_number(rules, "fee_min", odd_lot ? "ODD" : "STK", date, &rates.fee_min_e6);
    if (rc >= 0)
        rc = sj_market_number(rules, "tax", name, date, &rates.tax_e6);
    if (rc >= 0)
        rc = sj_market_number(rules, "day_tax", name, date, &rates.day_tax_e6);
    if (rc == -SJ_E_UNKNOWN && rates.tax_e6 > 0) { /* no reduction for day trades */
        rates.day_tax_e6 = rates.tax_e6;
        rc = 0;
    }
    if (rc >= 0)
        *ret_rates = rates;
    return rc;
}

/* A number by one name, else by another. */
static sj_rc number_of(const struct sj_market_rules *rules, const char *kind, const char *name,
                       const char *otherwise, uint32_t date, int64_t *ret_value_e6)
{
    sj_rc rc = sj_market_number(rules, kind, name, date, ret_value_e6);
    return rc >= 0 ? rc : sj_market_number(rules, kind, otherwise, date, ret_value_e6);
}

sj_rc sj_market_lot_fees(const struct sj_market_rules *rules, const char *root, const char *kind,
                         uint32_t date, struct sj_fee_rates *ret_rates)
{
    struct sj_fee_rates rates = {0};
    sj_rc rc = number_of(rules, "lot_fee", root, kind, date, &rates.lot_fee_e6);
    if (rc >= 0)
        rc = number_of(rules, "tax", root, kind, date, &rates.tax_e6);
    if (rc >= 0)
        *ret_rates = rates;
    return rc;
}

int64_t sj_stock_fee_e6(const struct sj_fee_rates *rates, int64_t amount_e6)
{
    if (amount_e6 <= 0)
        return 0;
    int64_t fee_e6 = part_e6(amount_e6, rates->fee_e6, false);
    return fee_e6 > rates->fee_min_e6 ? fee_e6 : rates->fee_min_e6;
}

int64_t sj_stock_tax_e6(const struct sj_fee_rates *rates, int64_t amount_e6, int64_t day_amount_e6)
{
    return part_e6(amount_e6 - day_amount_e6, rates->tax_e6, false) +
           part_e6(day_amount_e6, rates->day_tax_e6, false);
}

int64_t sj_lot_fee_e6(const struct sj_fee_rates *rates, uint32_t lots)
{
    return rates->lot_fee_e6 * lots;
}

int64_t sj_lot_tax_e6(const struct sj_fee_rates *rates, int64_t lot_value_e6, uint32_t lots)
{
    return part_e6(lot_value_e6, rates->tax_e6, true) * lots;
}
