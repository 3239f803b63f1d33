/* /portfolio/...: positions from the deals; the rest answers the simulation's defaults. */
#include "brokersim/desk_private.h"

#include <stdlib.h>
#include <string.h>

static const char *const MARGIN_FIELDS[] = {"yesterday_balance",
                                            "today_balance",
                                            "deposit_withdrawal",
                                            "fee",
                                            "tax",
                                            "initial_margin",
                                            "maintenance_margin",
                                            "margin_call",
                                            "risk_indicator",
                                            "royalty_revenue_expenditure",
                                            "equity",
                                            "equity_amount",
                                            "option_openbuy_market_value",
                                            "option_opensell_market_value",
                                            "option_open_position",
                                            "option_settle_profitloss",
                                            "future_open_position",
                                            "today_future_open_position",
                                            "future_settle_profitloss",
                                            "available_margin",
                                            "plus_margin",
                                            "plus_margin_indicator",
                                            "security_collateral_amount",
                                            "order_margin_premium",
                                            "collateral_amount"};

static const char *const LIMIT_FIELDS[] = {"trading_limit", "trading_used", "trading_available",
                                           "margin_limit",  "margin_used",  "margin_available",
                                           "short_limit",   "short_used",   "short_available"};

static void put_position(struct request *request, uint32_t instrument,
                         const struct position *position, int64_t id, bool shares)
{
    const struct sj_brokersim *sim = request->sim;
    struct sj_reply *json = &request->answer;
    const struct sj_sim_instrument *one = &sim->universe.list[instrument];
    bool stock = one->security == SJ_SECURITY_STK;
    int64_t last = sim->source->states[instrument].last_e6;
    int64_t held = llabs(position->quantity);
    int64_t points = (last - position->price_e6) / 1000 * position->quantity;
    int64_t pnl = stock ? points * 1000 : points * (one->multiplier_e6 / 1000);
    sj_reply_object(json, NULL);
    sj_reply_int(json, "id", id);
    sj_reply_string(json, "code", one->code);
    sj_reply_string(json, "direction", position->quantity > 0 ? "Buy" : "Sell");
    sj_reply_int(json, "quantity", stock && !shares ? held / one->unit : held);
    sj_reply_e6(json, "price", position->price_e6);
    sj_reply_e6(json, "last_price", last);
    sj_reply_e6(json, "pnl", pnl);
    if (stock) {
        sj_reply_int(json, "yd_quantity", 0);
        sj_reply_string(json, "cond", "Cash");
        sj_reply_int(json, "margin_purchase_amount", 0);
        sj_reply_int(json, "collateral", 0);
        sj_reply_int(json, "short_sale_margin", 0);
        sj_reply_int(json, "interest", 0);
    }
    sj_reply_end_object(json);
}

static void positions(struct request *request, const json_t *body, const struct account *account)
{
    const struct sj_brokersim *sim = request->sim;
    uint32_t row = (uint32_t)(account - ACCOUNT_LIST);
    bool shares = strcmp(body_text(body, "unit", "Common"), "Share") == 0;
    int64_t id = 0;
    sj_reply_array(&request->answer, NULL);
    for (uint32_t i = 0; i < sim->universe.count; i++) {
        const struct position *position = &sim->desk->positions[row * sim->universe.total + i];
        if (position->quantity != 0)
            put_position(request, i, position, id++, shares);
    }
    sj_reply_end_array(&request->answer);
}

static void balance(struct request *request)
{
    struct sj_reply *json = &request->answer;
    uint32_t date = request->sim->universe.date;
    sj_reply_object(json, NULL);
    sj_reply_e6(json, "acc_balance", 1000000000000);
    sj_reply_format(json, "date", "%04u-%02u-%02u 12:00:00", date / 10000, date / 100 % 100,
                    date % 100);
    sj_reply_string(json, "errmsg", "");
    sj_reply_end_object(json);
}

static void answer(struct request *request, const json_t *body, const struct account *account)
{
    const char *what = request->path + strlen("/portfolio/");
    struct sj_reply *json = &request->answer;
    if (strcmp(what, "position_unit") == 0) {
        positions(request, body, account);
    } else if (strcmp(what, "account_balance") == 0) {
        balance(request);
    } else if (strcmp(what, "margin") == 0) {
        sj_reply_object(json, NULL);
        for (size_t i = 0; i < sizeof MARGIN_FIELDS / sizeof *MARGIN_FIELDS; i++)
            sj_reply_e6(json, MARGIN_FIELDS[i], 0);
        sj_reply_end_object(json);
    } else if (strcmp(what, "trading_limits") == 0) {
        sj_reply_object(json, NULL);
        for (size_t i = 0; i < sizeof LIMIT_FIELDS / sizeof *LIMIT_FIELDS; i++)
            sj_reply_int(json, LIMIT_FIELDS[i], strstr(LIMIT_FIELDS[i], "used") ? 0 : 10000000);
        sj_reply_end_object(json);
    } else if (strcmp(what, "profitloss_sum") == 0) {
        sj_reply_object(json, NULL);
        sj_reply_array(json, "profitloss_sum");
        sj_reply_end_array(json);
        sj_reply_object(json, "total");
        sj_reply_end_object(json);
        sj_reply_end_object(json);
    } else if (strcmp(what, "settlements") == 0 || strcmp(what, "settlement") == 0 ||
               strcmp(what, "profit_loss") == 0 || strcmp(what, "profit_loss_detail") == 0 ||
               strcmp(what, "position_detail") == 0) {
        sj_reply_array(json, NULL);
        sj_reply_end_array(json);
    } else {
        http_fail(request, 404, "Not Found");
    }
}

void rest_portfolio(struct request *request)
{
    json_t *body = body_parse(request);
    const struct account *account = body ? body_account(request, body) : NULL;
    if (account)
        answer(request, body, account);
    json_decref(body);
}
