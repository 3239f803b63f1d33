/*
 * fees.h: what a trade costs: the broker's fee and the transaction tax, by the rules of the day.
 *
 * Stocks: fee and tax are taken on an order's whole amount, each rounded down to a dollar, the fee
 * being fee_min at least. What a deal costs is by how much it lets them grow, so an order costs the
 * same however it is filled. Only sales are taxed; shares sold on the day they were bought (or sold
 * short for the day) pay day_tax.
 * Futures, options: a fee a lot, and on both sides a tax on the value of one lot, rounded to the
 * nearest dollar, times the lots.
 *
 * Units    _e6: TWD in millionths; rates as parts of the amount, in millionths.
 * Errors   -SJ_E_UNKNOWN: a rule is missing on that day.
 * Threads  [any thread], no state, no allocation.
 */
#ifndef SJ_MARKET_FEES_H
#define SJ_MARKET_FEES_H

#include "market/rules.h"

struct sj_fee_rates {
    int64_t fee_e6;     /* stocks */
    int64_t fee_min_e6; /* stocks, an order */
    int64_t lot_fee_e6; /* futures, options */
    int64_t tax_e6;
    int64_t day_tax_e6; /* stocks */
};

/* Rates of stocks: `name` is STK, ETF or WRT; intraday odd lots have a fee_min of their own. */
SJ_MUST_USE sj_rc sj_market_stock_fees(const struct sj_market_rules *rules, const char *name,
                                       bool odd_lot, uint32_t date, struct sj_fee_rates *ret_rates);

/* Rates of a future or option by its root (TXF), else by its kind (FUT, OPT). */
SJ_MUST_USE sj_rc sj_market_lot_fees(const struct sj_market_rules *rules, const char *root,
                                     const char *kind, uint32_t date,
                                     struct sj_fee_rates *ret_rates);

/* The fee on what an order of stocks has traded so far; 0 for nothing. */
int64_t sj_stock_fee_e6(const struct sj_fee_rates *rates, int64_t amount_e6);

/* The tax on what an order has sold so far; of it `day_amount_e6` is taxed as a day trade. */
int64_t sj_stock_tax_e6(const struct sj_fee_rates *rates, int64_t amount_e6, int64_t day_amount_e6);

int64_t sj_lot_fee_e6(const struct sj_fee_rates *rates, uint32_t lots);
int64_t sj_lot_tax_e6(const struct sj_fee_rates *rates, int64_t lot_value_e6, uint32_t lots);

#endif
