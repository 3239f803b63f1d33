/* /portfolio/...: positions, money and profit, all from the deals. */
#include "brokersim/ledger.h"
#include "brokersim/route.h"

#include "base/clock.h"
#include "market/calendar.h"

#include <stdlib.h>
#include <string.h>

#define E6 1000000

static bool is_stock(const struct sj_sim_instrument *one)
{
    return !sj_sim_is_fop((enum sj_security)one->security);
}

/* Units as the wire counts them: shares, or lots of them unless shares are asked for. */
static int64_t shown(const struct sj_sim_instrument *one, int64_t units, bool shares)
{
    return is_stock(one) && !shares ? units / one->unit : units;
}

static int64_t average_e6(int64_t cost_e6, int64_t units)
{
    return units > 0 ? (cost_e6 + units / 2) / units : 0;
}

static void put_date(struct sj_reply *json, const char *key, uint32_t date)
{
    sj_reply_format(json, key, "%04u-%02u-%02u", date / 10000, date / 100 % 100, date % 100);
}

static void put_position_fields(struct request *request, uint32_t instrument,
                                const struct position *position, bool shares)
{
    const struct sj_brokersim *sim = request->sim;
    struct sj_reply *json = &request->answer;
    const struct sj_sim_instrument *one = &sim->universe.list[instrument];
    int64_t held = llabs(position->quantity);
    sj_reply_string(json, "code", one->code);
    sj_reply_string(json, "direction", position->quantity > 0 ? "Buy" : "Sell");
    sj_reply_int(json, "quantity", shown(one, held, shares));
    sj_reply_e6(json, "price", average_e6(position->cost_e6, held));
    sj_reply_e6(json, "last_price", sim->source->states[instrument].last_e6);
    sj_reply_e6(json, "pnl", ledger_open_pnl_e6(sim, instrument, position));
    if (is_stock(one))
        sj_reply_string(json, "cond", "Cash");
}

static void put_position(struct request *request, uint32_t instrument,
                         const struct position *position, int64_t id, bool shares)
{
    struct sj_reply *json = &request->answer;
    const struct sj_sim_instrument *one = &request->sim->universe.list[instrument];
    sj_reply_object(json, NULL);
    sj_reply_int(json, "id", id);
    put_position_fields(request, instrument, position, shares);
    if (is_stock(one)) {
        sj_reply_int(json, "yd_quantity", shown(one, position->yd_quantity, shares));
        sj_reply_int(json, "margin_purchase_amount", 0);
        sj_reply_int(json, "collateral", 0);
        sj_reply_int(json, "short_sale_margin", 0);
        sj_reply_int(json, "interest", 0);
    }
    sj_reply_end_object(json);
}

/* What a position was made of is one line: it is kept at average cost. */
static void put_detail(struct request *request, uint32_t instrument,
                       const struct position *position)
{
    struct sj_reply *json = &request->answer;
    sj_reply_object(json, NULL);
    put_date(json, "date", request->sim->universe.date);
    sj_reply_string(json, "dseq", "");
    put_position_fields(request, instrument, position, false);
    sj_reply_string(json, "currency", "TWD");
    sj_reply_int(json, "fee", 0);
    sj_reply_int(json, "tax", 0);
    sj_reply_int(json, "ex_dividends", 0);
    sj_reply_int(json, "interest", 0);
    sj_reply_int(json, "margintrading_amt", 0);
    sj_reply_int(json, "collateral", 0);
    sj_reply_end_object(json);
}

/* The open positions, or the detail of the one with an id. */
static void list_positions(struct request *request, const json_t *body,
                           const struct account *account, bool detail)
{
    const struct sj_brokersim *sim = request->sim;
    bool shares = strcmp(body_text(body, "unit", "Common"), "Share") == 0;
    int64_t id = 0, wanted = 0;
    if (detail && !body_integer(body, "detail_id", &wanted)) {
        http_fail(request, 400, "detail_id must be the id of a position");
        return;
    }
    sj_reply_array(&request->answer, NULL);
    for (uint32_t i = 0; i < sim->universe.count; i++) {
        const struct position *position = ledger_position(sim, account, i);
        if (position->quantity == 0)
            continue;
        if (!detail)
            put_position(request, i, position, id, shares);
        else if (id == wanted)
            put_detail(request, i, position);
        id++;
    }
    sj_reply_end_array(&request->answer);
}

static void positions(struct request *request, const json_t *body, const struct account *account)
{
    list_positions(request, body, account, false);
}

static void position_detail(struct request *request, const json_t *body,
                            const struct account *account)
{
    list_positions(request, body, account, true);
}

static void balance(struct request *request, const json_t *body, const struct account *account)
{
    (void)body;
    struct sj_reply *json = &request->answer;
    uint32_t date = request->sim->universe.date;
    sj_reply_object(json, NULL);
    sj_reply_e6(json, "acc_balance", ledger_cash_e6(request->sim, account));
    sj_reply_format(json, "date", "%04u-%02u-%02u 12:00:00", date / 10000, date / 100 % 100,
                    date % 100);
    sj_reply_string(json, "errmsg", "");
    sj_reply_end_object(json);
}

/* Equity over what the positions need, in per cent; 999 where they need nothing. */
static int64_t risk_indicator_e6(int64_t equity_e6, int64_t needed_e6)
{
    if (needed_e6 <= 0)
        return 999 * (int64_t)E6;
    return (int64_t)((double)equity_e6 / (double)needed_e6 * 1e4) * 10000;
}

static void margin(struct request *request, const json_t *body, const struct account *account)
{
    (void)body;
    const struct sj_brokersim *sim = request->sim;
    const struct money *money = ledger_money(sim, account);
    struct margin m = ledger_margin(sim, account);
    int64_t cash_e6 = ledger_cash_e6(sim, account), equity_e6 = cash_e6 + m.future_open_e6;
    bool called = equity_e6 < m.maintenance_e6;
    const struct {
        const char *name;
        int64_t value_e6;
    } fields[] = {{"yesterday_balance", money->opening_e6},
                  {"today_balance", cash_e6},
                  {"deposit_withdrawal", 0},
                  {"fee", money->fee_e6},
                  {"tax", money->tax_e6},
                  {"initial_margin", m.initial_e6},
                  {"maintenance_margin", m.maintenance_e6},
                  {"margin_call", called ? m.initial_e6 - equity_e6 : 0},
                  {"risk_indicator", risk_indicator_e6(equity_e6, m.initial_e6)},
                  {"royalty_revenue_expenditure", money->premium_e6},
                  {"equity", equity_e6},
                  {"equity_amount", equity_e6 + m.option_long_e6 - m.option_short_e6},
                  {"option_openbuy_market_value", m.option_long_e6},
                  {"option_opensell_market_value", m.option_short_e6},
                  {"option_open_position", m.option_open_e6},
                  {"option_settle_profitloss", money->option_pnl_e6},
                  {"future_open_position", m.future_open_e6},
                  {"today_future_open_position", m.future_open_e6},
                  {"future_settle_profitloss", money->future_pnl_e6},
                  {"available_margin", equity_e6 - m.initial_e6 - m.working_e6},
                  {"plus_margin", 0},
                  {"plus_margin_indicator", 0},
                  {"security_collateral_amount", 0},
                  {"order_margin_premium", m.working_e6},
                  {"collateral_amount", 0}};
    sj_reply_object(&request->answer, NULL);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        sj_reply_e6(&request->answer, fields[i].name, fields[i].value_e6);
    sj_reply_end_object(&request->answer);
}

static void trading_limits(struct request *request, const json_t *body,
                           const struct account *account)
{
    (void)body;
    static const char *const others[] = {"margin_limit", "margin_used", "margin_available",
                                         "short_limit",  "short_used",  "short_available"};
    struct sj_reply *json = &request->answer;
    int64_t limit = ledger_money(request->sim, account)->opening_e6 / E6;
    int64_t used = ledger_trading_used_e6(request->sim, account) / E6;
    sj_reply_object(json, NULL);
    sj_reply_int(json, "trading_limit", limit);
    sj_reply_int(json, "trading_used", used);
    sj_reply_int(json, "trading_available", used < limit ? limit - used : 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        sj_reply_int(json, others[i], 0); /* neither margin trading nor short selling */
    sj_reply_end_object(json);
}

static void settlements(struct request *request, const json_t *body, const struct account *account)
{
    (void)body;
    struct sj_reply *json = &request->answer;
    int32_t date = (int32_t)request->sim->universe.date;
    const struct sj_tw_holidays *holidays = sj_market_holidays(request->sim->rules, SJ_BOARD_STOCK);
    sj_reply_array(json, NULL);
    for (int day = 0; day <= 2; day++) {
        sj_reply_object(json, NULL);
        put_date(json, "date", (uint32_t)date);
        sj_reply_e6(json, "amount", day == 2 ? ledger_unsettled_e6(request->sim, account) : 0);
        sj_reply_int(json, "T", day);
        sj_reply_end_object(json);
        date = sj_tw_next_trading_day(date, holidays);
    }
    sj_reply_end_array(json);
}

/* Whether today, the only day there are deals of, lies between the dates of a body. */
static bool today_asked(const struct request *request, const json_t *body)
{
    char today[16];
    uint32_t date = request->sim->universe.date;
    snprintf(today, sizeof today, "%04u-%02u-%02u", date / 10000 % 10000, date / 100 % 100,
             date % 100);
    return strcmp(body_text(body, "begin_date", today), today) <= 0 &&
           strcmp(body_text(body, "end_date", today), today) >= 0;
}

/* Profit over cost, in per cent with two decimals. */
static int64_t ratio_e6(int64_t pnl_e6, int64_t cost_e6)
{
    return cost_e6 > 0 ? (int64_t)((double)pnl_e6 / (double)cost_e6 * 1e4) * 10000 : 0;
}

static void put_profit(struct request *request, const struct user_deal *deal, int64_t id,
                       bool shares)
{
    const struct sj_brokersim *sim = request->sim;
    const struct user_order *order = &sim->desk->orders[deal->order];
    const struct sj_sim_instrument *one = &sim->universe.list[order->instrument];
    struct sj_reply *json = &request->answer;
    sj_reply_object(json, NULL);
    sj_reply_int(json, "id", id);
    sj_reply_string(json, "code", one->code);
    sj_reply_int(json, "quantity", shown(one, deal->closed, shares));
    sj_reply_e6(json, "pnl", deal->pnl_e6);
    sj_reply_int(json, "fee", deal->fee_e6 / E6); /* whole dollars, by the rules */
    sj_reply_int(json, "tax", deal->tax_e6 / E6);
    if (is_stock(one)) {
        sj_reply_string(json, "seqno", order->seqno);
        sj_reply_format(json, "dseq", "%06u", deal->seq);
        sj_reply_e6(json, "price", deal->price_e6);
        sj_reply_e6(json, "pr_ratio",
                    ratio_e6(deal->pnl_e6, ledger_value_e6(one, deal->entry_e6, 1)));
        sj_reply_string(json, "cond", "Cash");
    } else {
        sj_reply_e6(json, "entry_price", average_e6(deal->entry_e6, deal->closed));
        sj_reply_e6(json, "cover_price", deal->price_e6);
        sj_reply_string(json, "direction", order->side == SJ_SIDE_BUY ? "Sell" : "Buy");
    }
    put_date(json, "date", sim->universe.date);
    sj_reply_end_object(json);
}

/* Every deal that closed something; of `detail` only the one with that id. */
static void list_profits(struct request *request, const json_t *body, const struct account *account,
                         bool detail)
{
    const struct order_desk *desk = request->sim->desk;
    bool shares = strcmp(body_text(body, "unit", "Common"), "Share") == 0;
    bool asked = detail || today_asked(request, body);
    int64_t id = 0, wanted = 0;
    if (detail && !body_integer(body, "detail_id", &wanted)) {
        http_fail(request, 400, "detail_id must be the id of a profit or loss");
        return;
    }
    sj_reply_array(&request->answer, NULL);
    for (uint32_t i = 0; i < desk->deal_count && asked; i++) {
        const struct user_deal *deal = &desk->deals[i];
        if (deal->closed == 0 || desk->orders[deal->order].account != account)
            continue;
        if (!detail || id == wanted)
            put_profit(request, deal, id, shares);
        id++;
    }
    sj_reply_end_array(&request->answer);
}

static void profit_loss(struct request *request, const json_t *body, const struct account *account)
{
    list_profits(request, body, account, false);
}

static void profit_detail(struct request *request, const json_t *body,
                          const struct account *account)
{
    list_profits(request, body, account, true);
}

static void put_sum(struct request *request, const struct sj_sim_instrument *one,
                    const struct position *position)
{
    struct sj_reply *json = &request->answer;
    int64_t entry_e6 = ledger_value_e6(one, position->closed_entry_e6, 1);
    int64_t exit_e6 = ledger_value_e6(one, position->closed_exit_e6, 1);
    /* Bought and sold add up to entry and exit, and their difference is the profit. */
    int64_t buy_e6 = (entry_e6 + exit_e6 - position->realized_e6) / 2;
    sj_reply_object(json, NULL);
    sj_reply_string(json, "code", one->code);
    sj_reply_int(json, "quantity", shown(one, position->closed, false));
    sj_reply_e6(json, "entry_price", average_e6(position->closed_entry_e6, position->closed));
    sj_reply_e6(json, "cover_price", average_e6(position->closed_exit_e6, position->closed));
    sj_reply_e6(json, "pnl", position->realized_e6);
    sj_reply_string(json, "currency", "TWD");
    if (is_stock(one)) {
        sj_reply_int(json, "entry_cost", entry_e6 / E6);
        sj_reply_int(json, "cover_cost", exit_e6 / E6);
        sj_reply_int(json, "buy_cost", buy_e6 / E6);
        sj_reply_int(json, "sell_cost", (buy_e6 + position->realized_e6) / E6);
        sj_reply_e6(json, "pr_ratio", ratio_e6(position->realized_e6, entry_e6));
        sj_reply_string(json, "cond", "Cash");
    } else {
        sj_reply_string(json, "direction", buy_e6 == entry_e6 ? "Buy" : "Sell");
        sj_reply_int(json, "tax", position->tax_e6 / E6);
        sj_reply_int(json, "fee", position->fee_e6 / E6);
    }
    sj_reply_end_object(json);
}

static void profit_sum(struct request *request, const json_t *body, const struct account *account)
{
    const struct sj_brokersim *sim = request->sim;
    struct sj_reply *json = &request->answer;
    bool asked = today_asked(request, body);
    int64_t pnl_e6 = 0, entry_e6 = 0, exit_e6 = 0, quantity = 0;
    sj_reply_object(json, NULL);
    sj_reply_array(json, "profitloss_sum");
    for (uint32_t i = 0; i < sim->universe.count && asked; i++) {
        const struct sj_sim_instrument *one = &sim->universe.list[i];
        const struct position *position = ledger_position(sim, account, i);
        if (position->closed == 0)
            continue;
        put_sum(request, one, position);
        pnl_e6 += position->realized_e6;
        entry_e6 += ledger_value_e6(one, position->closed_entry_e6, 1);
        exit_e6 += ledger_value_e6(one, position->closed_exit_e6, 1);
        quantity += shown(one, position->closed, false);
    }
    sj_reply_end_array(json);
    sj_reply_object(json, "total");
    sj_reply_int(json, "quantity", quantity);
    sj_reply_e6(json, "entry_amount", entry_e6);
    sj_reply_e6(json, "cover_amount", exit_e6);
    sj_reply_e6(json, "buy_cost", (entry_e6 + exit_e6 - pnl_e6) / 2);
    sj_reply_e6(json, "sell_cost", (entry_e6 + exit_e6 + pnl_e6) / 2);
    sj_reply_e6(json, "pnl", pnl_e6);
    sj_reply_e6(json, "pr_ratio", ratio_e6(pnl_e6, entry_e6));
    sj_reply_end_object(json);
    sj_reply_end_object(json);
}

/* A query about the account that the body names. */
static void account_query(struct request *request,
                          void (*answer)(struct request *request, const json_t *body,
                                         const struct account *account))
{
    json_t *body = body_parse(request);
    const struct account *account = body ? body_account(request, body) : NULL;
    if (account)
        answer(request, body, account);
    json_decref(body);
}

#define QUERY(name)                                                                                \
    void rest_##name(struct request *request)                                                      \
    {                                                                                              \
        account_query(request, name);                                                              \
    }
QUERY(positions)
QUERY(position_detail)
QUERY(balance)
QUERY(margin)
QUERY(trading_limits)
QUERY(settlements)
QUERY(profit_loss)
QUERY(profit_detail)
QUERY(profit_sum)
