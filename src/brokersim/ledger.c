#include "brokersim/ledger.h"

#include "base/assert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define E6 1000000
#define USED_MAX_E6 (INT64_MAX / 4) /* more than any limit */

__extension__ typedef __int128 wide;

static bool is_stock(const struct sj_sim_instrument *one)
{
    return !sj_sim_is_fop((enum sj_security)one->security);
}

int64_t ledger_value_e6(const struct sj_sim_instrument *one, int64_t price_e6, int64_t units)
{
    wide value = (wide)price_e6 * units;
    return (int64_t)(is_stock(one) ? value : value * one->multiplier_e6 / E6);
}

struct position *ledger_position(const struct sj_brokersim *sim, const struct account *account,
                                 uint32_t instrument)
{
    size_t row = (size_t)(account - ACCOUNT_LIST) * sim->universe.total;
    return &sim->desk->ledger.positions[row + instrument];
}

struct money *ledger_money(const struct sj_brokersim *sim, const struct account *account)
{
    return &sim->desk->ledger.money[account - ACCOUNT_LIST];
}

static sj_rc terms_of(const struct sj_brokersim *sim, const struct sj_sim_instrument *one, bool odd,
                      struct sj_fee_terms *ret_terms)
{
    const struct sj_fee_instrument what = {.security = (enum sj_security)one->security,
                                           .name = is_stock(one) ? one->tick_rule : one->root,
                                           .odd_lot = odd,
                                           .multiplier_e6 = one->multiplier_e6};
    return sj_fee_terms_load(sim->rules, &what, sim->universe.date, ret_terms);
}

/* "2330=5000,TXFL6=-2": shares or lots held since yesterday, at the reference price. */
static sj_rc read_holdings(struct sj_brokersim *sim, char *text, char *error)
{
    char *state;
    for (char *word = strtok_r(text, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
        char *equal = strchr(word, '='), *end = NULL;
        long long quantity = equal ? strtoll(equal + 1, &end, 10) : 0;
        if (equal)
            *equal = 0;
        uint32_t found = sj_sim_universe_find(&sim->universe, word);
        bool fine = end && *end == 0 && quantity != 0 && llabs(quantity) <= 1000000000;
        if (!fine || found >= sim->universe.count ||
            sim->universe.list[found].security == SJ_SECURITY_IND) {
            snprintf(error, SJ_SIM_MESSAGE_MAX,
                     "--holdings: `%.32s` is not CODE=QUANTITY of a listed contract", word);
            return -SJ_E_MALFORMED;
        }
        const struct sj_sim_instrument *one = &sim->universe.list[found];
        struct position *position =
            ledger_position(sim, &ACCOUNT_LIST[is_stock(one) ? 0 : 1], found);
        position->quantity = position->yd_quantity = quantity;
        position->cost_e6 = one->reference_e6 * llabs(quantity);
    }
    return 0;
}

/* Every contract that can trade has its fees, before anything does. */
static sj_rc check_fees(const struct sj_brokersim *sim, char *error)
{
    struct sj_fee_terms terms;
    for (uint32_t i = 0; i < sim->universe.count; i++) {
        const struct sj_sim_instrument *one = &sim->universe.list[i];
        if (one->security == SJ_SECURITY_IND || terms_of(sim, one, false, &terms) >= 0)
            continue;
        snprintf(error, SJ_SIM_MESSAGE_MAX, "market rules: no fee and tax for %s on %u", one->code,
                 sim->universe.date);
        return -SJ_E_UNKNOWN;
    }
    return 0;
}

sj_rc ledger_create(struct sj_brokersim *sim, char error[SJ_SIM_MESSAGE_MAX])
{
    struct ledger *ledger = &sim->desk->ledger;
    ledger->positions = calloc((size_t)ACCOUNTS * sim->universe.total, sizeof *ledger->positions);
    if (!ledger->positions)
        return -ENOMEM;
    for (int i = 0; i < ACCOUNTS; i++)
        ledger->money[i].opening_e6 = (int64_t)sim->options.cash * E6;
    if (sim->options.replay_path) /* what is past takes no orders */
        return 0;
    sj_rc rc = check_fees(sim, error);
    char *holdings = sim->options.holdings ? strdup(sim->options.holdings) : NULL;
    if (rc >= 0 && holdings)
        rc = read_holdings(sim, holdings, error);
    free(holdings);
    return rc;
}

void ledger_close(struct sj_brokersim *sim)
{
    free(sim->desk->ledger.positions);
}

/* Opens or closes; gives what the closed part cost and how much of the deal closed. */
static int64_t move_position(struct position *position, int64_t signed_units, int64_t price_e6,
                             int64_t *ret_closed)
{
    int64_t held = llabs(position->quantity), units = llabs(signed_units);
    bool opposite = position->quantity != 0 && (position->quantity > 0) != (signed_units > 0);
    int64_t closed = opposite ? (units < held ? units : held) : 0;
    int64_t entry_e6 = closed > 0 ? (int64_t)((wide)position->cost_e6 * closed / held) : 0;
    position->cost_e6 += price_e6 * (units - closed) - entry_e6;
    position->quantity += signed_units;
    *ret_closed = closed;
    return entry_e6;
}

/* How much of a sale is a day trade: what was bought and not sold yet today, or all of a declared
 * day-trade short. */
static int64_t day_units(const struct position *position, const struct user_order *order,
                         int64_t units)
{
    int64_t open = position->bought - position->sold;
    if (order->side == SJ_SIDE_BUY || open <= 0)
        open = 0;
    if (order->side == SJ_SIDE_SELL && order->daytrade_short)
        open = units;
    return open < units ? open : units;
}

/* Charges a part of a deal. The rates were looked up at the start and prices are within the day's
 * limits, so nothing is refused here. */
static void charge(const struct sj_fee_terms *terms, struct user_order *order,
                   struct user_deal *deal, int64_t units, bool day_trade)
{
    const struct sj_fee_deal part = {.price_e6 = deal->price_e6,
                                     .quantity = (uint32_t)units,
                                     .side = order->side,
                                     .day_trade = day_trade};
    struct sj_fees fees = {0};
    sj_rc rc = units > 0 ? sj_fees_add(terms, &order->costs, &part, &fees) : 0;
    SJ_ASSERT(rc >= 0);
    deal->fee_e6 += fees.fee_e6;
    deal->tax_e6 += fees.tax_e6;
}

static void move_money(struct money *money, const struct sj_sim_instrument *one, bool buy,
                       const struct user_deal *deal, int64_t amount_e6)
{
    money->fee_e6 += deal->fee_e6;
    money->tax_e6 += deal->tax_e6;
    if (is_stock(one)) {
        *(buy ? &money->bought_e6 : &money->sold_e6) += amount_e6;
    } else if (one->security == SJ_SECURITY_FUT) {
        money->future_pnl_e6 += deal->pnl_e6;
    } else {
        money->premium_e6 += buy ? -amount_e6 : amount_e6;
        money->option_pnl_e6 += deal->pnl_e6;
    }
}

void ledger_deal(struct sj_brokersim *sim, struct user_order *order, struct user_deal *deal)
{
    const struct sj_sim_instrument *one = &sim->universe.list[order->instrument];
    struct position *position = ledger_position(sim, order->account, order->instrument);
    bool odd = order->feed != order->instrument, buy = order->side == SJ_SIDE_BUY;
    int64_t units = (int64_t)deal->quantity * (odd ? 1 : one->unit);
    int64_t amount_e6 = ledger_value_e6(one, deal->price_e6, units);
    struct sj_fee_terms terms;
    sj_rc rc = terms_of(sim, one, odd, &terms);
    SJ_ASSERT(rc >= 0); /* ledger_create saw to it */
    int64_t day = is_stock(one) ? day_units(position, order, units) : 0;
    charge(&terms, order, deal, day, true);
    charge(&terms, order, deal, units - day, false);
    int64_t entry_e6 = move_position(position, buy ? units : -units, deal->price_e6, &deal->closed);
    *(buy ? &position->bought : &position->sold) += units;
    int64_t exit_e6 = deal->price_e6 * deal->closed;
    deal->entry_e6 = entry_e6;
    deal->pnl_e6 = ledger_value_e6(one, buy ? entry_e6 - exit_e6 : exit_e6 - entry_e6, 1);
    position->closed += deal->closed;
    position->closed_entry_e6 += entry_e6;
    position->closed_exit_e6 += exit_e6;
    position->realized_e6 += deal->pnl_e6;
    position->fee_e6 += deal->fee_e6;
    position->tax_e6 += deal->tax_e6;
    move_money(ledger_money(sim, order->account), one, buy, deal, amount_e6);
}

int64_t ledger_cash_e6(const struct sj_brokersim *sim, const struct account *account)
{
    const struct money *money = ledger_money(sim, account);
    if (account_of_stocks(account))
        return money->opening_e6;
    return money->opening_e6 + money->future_pnl_e6 + money->premium_e6 - money->fee_e6 -
           money->tax_e6;
}

int64_t ledger_unsettled_e6(const struct sj_brokersim *sim, const struct account *account)
{
    const struct money *money = ledger_money(sim, account);
    if (!account_of_stocks(account))
        return 0;
    return money->sold_e6 - money->bought_e6 - money->fee_e6 - money->tax_e6;
}

int64_t ledger_open_pnl_e6(const struct sj_brokersim *sim, uint32_t instrument,
                           const struct position *position)
{
    const struct sj_sim_instrument *one = &sim->universe.list[instrument];
    int64_t worth_e6 = sim->source->states[instrument].last_e6 * llabs(position->quantity);
    int64_t pnl_e6 = ledger_value_e6(one, worth_e6 - position->cost_e6, 1);
    return position->quantity < 0 ? -pnl_e6 : pnl_e6;
}

/* What one lot needs. A sold option: its premium and the A value less what it is out of the money,
 * but the B value at least. */
static int64_t lot_margin_e6(const struct sj_brokersim *sim, uint32_t instrument, const char *full,
                             const char *least)
{
    const struct sj_sim_instrument *one = &sim->universe.list[instrument];
    uint32_t date = sim->universe.date;
    int64_t full_e6 = 0, least_e6 = 0;
    if (sj_market_number(sim->rules, full, one->root, date, &full_e6) < 0 ||
        one->security == SJ_SECURITY_FUT)
        return full_e6;
    if (sj_market_number(sim->rules, least, one->root, date, &least_e6) < 0)
        least_e6 = full_e6;
    const struct sj_sim_state *state = &sim->source->states[instrument];
    int64_t spot_e6 = state->quote.underlying_price_e6;
    int64_t out_e6 = one->option_right == 'C' ? one->strike_e6 - spot_e6 : spot_e6 - one->strike_e6;
    int64_t needed_e6 = full_e6 - ledger_value_e6(one, out_e6 > 0 ? out_e6 : 0, 1);
    return ledger_value_e6(one, state->last_e6, 1) + (needed_e6 > least_e6 ? needed_e6 : least_e6);
}

static void add_position(const struct sj_brokersim *sim, uint32_t instrument,
                         const struct position *position, struct margin *margin)
{
    const struct sj_sim_instrument *one = &sim->universe.list[instrument];
    int64_t held = llabs(position->quantity);
    int64_t pnl_e6 = ledger_open_pnl_e6(sim, instrument, position);
    int64_t worth_e6 = ledger_value_e6(one, sim->source->states[instrument].last_e6, held);
    bool option = one->security == SJ_SECURITY_OPT;
    *(option ? &margin->option_open_e6 : &margin->future_open_e6) += pnl_e6;
    if (option)
        *(position->quantity > 0 ? &margin->option_long_e6 : &margin->option_short_e6) += worth_e6;
    if (option && position->quantity > 0)
        return;
    margin->initial_e6 += held * lot_margin_e6(sim, instrument, "margin", "margin_min");
    margin->maintenance_e6 += held * lot_margin_e6(sim, instrument, "maintenance", "maintain_min");
}

/* What an order of futures or options needs for `lots`: a margin, or the premium it may pay. */
static int64_t order_margin_e6(const struct sj_brokersim *sim, const struct user_order *order,
                               int64_t lots)
{
    const struct sj_sim_instrument *one = &sim->universe.list[order->instrument];
    if (one->security == SJ_SECURITY_OPT && order->side == SJ_SIDE_BUY) {
        int64_t price_e6 = order->price_type == SJ_PRICE_LMT
                               ? order->price_e6
                               : sim->source->states[order->instrument].last_e6;
        return ledger_value_e6(one, price_e6, lots);
    }
    return lots * lot_margin_e6(sim, order->instrument, "margin", "margin_min");
}

struct margin ledger_margin(const struct sj_brokersim *sim, const struct account *account)
{
    struct margin margin = {0};
    if (account_of_stocks(account))
        return margin;
    for (uint32_t i = 0; i < sim->universe.count; i++) {
        const struct position *position = ledger_position(sim, account, i);
        if (position->quantity != 0)
            add_position(sim, i, position, &margin);
    }
    for (uint32_t i = sim->desk->working; i != ORDER_NONE; i = sim->desk->orders[i].next) {
        const struct user_order *order = &sim->desk->orders[i];
        if (order->account == account)
            margin.working_e6 += order_margin_e6(
                sim, order, (int64_t)order->quantity - order->filled - order->cancelled);
    }
    return margin;
}

/* Units of an order that are left. */
static int64_t units_left(const struct sj_brokersim *sim, const struct user_order *order)
{
    int64_t left = (int64_t)order->quantity - order->filled - order->cancelled;
    bool odd = order->feed != order->instrument;
    return left * (odd ? 1 : sim->universe.list[order->instrument].unit);
}

static int64_t order_value_e6(const struct sj_brokersim *sim, const struct user_order *order)
{
    const struct sj_sim_instrument *one = &sim->universe.list[order->instrument];
    int64_t price_e6 = order->modified_price_e6 ? order->modified_price_e6 : order->price_e6;
    if (order->price_type != SJ_PRICE_LMT)
        price_e6 = order->side == SJ_SIDE_BUY ? one->limit_up_e6 : one->limit_down_e6;
    return ledger_value_e6(one, price_e6, units_left(sim, order));
}

int64_t ledger_trading_used_e6(const struct sj_brokersim *sim, const struct account *account)
{
    const struct money *money = ledger_money(sim, account);
    wide used_e6 = (wide)money->bought_e6 + money->sold_e6;
    for (uint32_t i = sim->desk->working; i != ORDER_NONE; i = sim->desk->orders[i].next)
        if (sim->desk->orders[i].account == account)
            used_e6 += order_value_e6(sim, &sim->desk->orders[i]);
    return used_e6 < USED_MAX_E6 ? (int64_t)used_e6 : USED_MAX_E6;
}

/* Units of the opposite side that an order may close and no working order closes already. */
static int64_t closable(const struct sj_brokersim *sim, const struct user_order *order)
{
    const struct position *position = ledger_position(sim, order->account, order->instrument);
    int64_t held = order->side == SJ_SIDE_SELL ? position->quantity : -position->quantity;
    for (uint32_t i = sim->desk->working; i != ORDER_NONE; i = sim->desk->orders[i].next) {
        const struct user_order *other = &sim->desk->orders[i];
        if (other->account == order->account && other->instrument == order->instrument &&
            other->side == order->side && other != order)
            held -= units_left(sim, other);
    }
    return held;
}

static const char *stock_refusal(const struct sj_brokersim *sim, const struct user_order *order)
{
    if (order->side == SJ_SIDE_SELL && !order->daytrade_short &&
        closable(sim, order) < units_left(sim, order))
        return "not enough shares to sell";
    int64_t used_e6 = ledger_trading_used_e6(sim, order->account) + order_value_e6(sim, order);
    return used_e6 > ledger_money(sim, order->account)->opening_e6 ? "over the trading limit"
                                                                   : NULL;
}

static const char *margin_refusal(const struct sj_brokersim *sim, const struct user_order *order)
{
    int64_t opening = units_left(sim, order), covered = closable(sim, order);
    opening -= covered > 0 ? (covered < opening ? covered : opening) : 0;
    struct margin margin = ledger_margin(sim, order->account);
    int64_t free_e6 = ledger_cash_e6(sim, order->account) + margin.future_open_e6 -
                      margin.initial_e6 - margin.working_e6;
    return order_margin_e6(sim, order, opening) > free_e6 ? "not enough margin" : NULL;
}

const char *ledger_refuses(const struct sj_brokersim *sim, const struct user_order *order)
{
    bool stock = is_stock(&sim->universe.list[order->instrument]);
    if (!stock && strcmp(order->octype, "Cover") == 0 &&
        closable(sim, order) < units_left(sim, order))
        return "nothing to cover";
    if (!sim->options.strict)
        return NULL;
    return stock ? stock_refusal(sim, order) : margin_refusal(sim, order);
}
