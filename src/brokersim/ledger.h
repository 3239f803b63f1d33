/*
 * ledger.h: the accounts' money and positions, moved by deals and by nothing else, exact to the
 * cent.
 *
 * A position is net, at average cost: what a deal closes takes its part of the cost out, rounded
 * down, so cost and closed profit together never lose a cent. Stocks settle two days later: cash is
 * what was there at the start, and what the day brings stands under settlements. Futures pay their
 * profit when they close, options their premium when they trade.
 *
 * Units    _e6: TWD in millionths; prices in millionths. Quantities: shares, or lots of the rest.
 * Threads  [owner]. Memory: reserved at create.
 */
#ifndef SJ_BROKERSIM_LEDGER_H
#define SJ_BROKERSIM_LEDGER_H

#include "brokersim/desk_private.h"

/* What open and working futures and options need and are worth at the last prices. */
struct margin {
    int64_t initial_e6, maintenance_e6, working_e6;
    int64_t future_open_e6, option_open_e6;
    int64_t option_long_e6, option_short_e6;
};

/* Opens the accounts with the options' cash and holdings. -SJ_E_MALFORMED or -SJ_E_UNKNOWN with a
 * line for the user. */
SJ_MUST_USE sj_rc ledger_create(struct sj_brokersim *sim, char error[SJ_SIM_MESSAGE_MAX]);
void ledger_close(struct sj_brokersim *sim);

struct position *ledger_position(const struct sj_brokersim *sim, const struct account *account,
                                 uint32_t instrument);
struct money *ledger_money(const struct sj_brokersim *sim, const struct account *account);

/* Moves position and money by a deal and notes in it what it cost and closed. */
void ledger_deal(struct sj_brokersim *sim, struct user_order *order, struct user_deal *deal);

/* Cash at hand: of the stock account what is settled, of the futures account all of it. */
int64_t ledger_cash_e6(const struct sj_brokersim *sim, const struct account *account);

/* What the stock account receives (or pays) two trading days later. */
int64_t ledger_unsettled_e6(const struct sj_brokersim *sim, const struct account *account);

/* Profit of the open part at the last price. */
int64_t ledger_open_pnl_e6(const struct sj_brokersim *sim, uint32_t instrument,
                           const struct position *position);

struct margin ledger_margin(const struct sj_brokersim *sim, const struct account *account);

/* Amounts traded today and value of what works: what counts against the trading limit. */
int64_t ledger_trading_used_e6(const struct sj_brokersim *sim, const struct account *account);

/* Why the broker does not take an order, or NULL: nothing to cover; with --strict also shares,
 * limit or margin that are not there. */
const char *ledger_refuses(const struct sj_brokersim *sim, const struct user_order *order);

/* Price times units times what a point is worth, in TWD. */
int64_t ledger_value_e6(const struct sj_sim_instrument *one, int64_t price_e6, int64_t units);

#endif
