/*
 * cost.h: what a deal costs: fees.h's rates, the account's discount and the contract's value put
 * together, so that account, simulator and backtest charge the same.
 *
 * Rounding as fees.h: stocks on the whole order, each cut off to a dollar, after the discount,
 *          with the least fee once; futures and options lot by lot.
 * Units    _e6: TWD, or a ratio, in millionths. Quantities: shares for stocks (lots times the
 *          lot's shares) and odd lots, contracts for futures and options.
 * Errors   -SJ_E_UNKNOWN: no rate on that day. -SJ_E_RANGE: a negative price of a stock, a price
 *          beyond 1e9, a quantity of 0, no side, a discount outside 0 .. 1000000, or an amount
 *          beyond 9.2e12 TWD.
 * Threads  any. No allocation.
 */
#ifndef SJ_MARKET_COST_H
#define SJ_MARKET_COST_H

#include "event/event.h"
#include "market/fees.h"

/* What an instrument's deals cost on a day. `discount_e6` is 1000000 (none) until the caller puts
 * the account's own there; so may he his own lot_fee_e6 or fee_min_e6. */
struct sj_fee_terms {
    struct sj_fee_rates rates;
    int64_t discount_e6;   /* part of the fee that is charged */
    int64_t multiplier_e6; /* TWD of one unit of price and quantity: 1 for shares, the point's */
    bool by_lot;           /* futures and options */
};

/* What the terms depend on. */
struct sj_fee_instrument {
    enum sj_security security;
    /* Stocks: NULL or "STK", "ETF", "BOND" (a fund of bonds only), "WRT". Futures and options: the
     * root. */
    const char *name;
    bool odd_lot; /* the fee of odd lots */
    int64_t
        multiplier_e6; /* futures and options: TWD a point; 0: by the rule "point" of the root */
};

SJ_MUST_USE sj_rc sj_fee_terms_load(const struct sj_market_rules *rules,
                                    const struct sj_fee_instrument *instrument, uint32_t date,
                                    struct sj_fee_terms *ret_terms);

struct sj_fee_deal {
    int64_t price_e6;
    uint32_t quantity; /* shares, or contracts */
    uint8_t side;      /* enum sj_side */
    bool day_trade;    /* a sale against a purchase of the same day */
};

struct sj_fees {
    int64_t amount_e6; /* price * quantity * multiplier */
    int64_t fee_e6;
    int64_t tax_e6;
};

/* What one order of a single deal costs. */
SJ_MUST_USE sj_rc sj_fees_of(const struct sj_fee_terms *terms, const struct sj_fee_deal *deal,
                             struct sj_fees *ret_fees);

/* An order of several deals: its sums. Starts with zeroes. */
struct sj_fee_order {
    struct sj_fees sum;
    int64_t day_amount_e6; /* of the amount: day trades */
};

/* What a deal adds to its order, which is moved on. The sums over all deals equal what the order
 * costs as a whole. All deals of an order have one side. */
SJ_MUST_USE sj_rc sj_fees_add(const struct sj_fee_terms *terms, struct sj_fee_order *order,
                              const struct sj_fee_deal *deal, struct sj_fees *ret_fees);

#endif
