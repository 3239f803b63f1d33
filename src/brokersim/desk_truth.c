/* What is true of users' orders, at the exchange and at the broker, for tests to compare with. */
#include "brokersim/ledger.h"

static void put_order(struct sj_reply *json, const struct sj_brokersim *sim,
                      const struct user_order *order)
{
    sj_reply_object(json, NULL);
    put_trade_fields(json, sim, order);
    sj_reply_object(json, "exchange");
    sj_reply_bool(json, "arrived", order->arrived);
    sj_reply_int(json, "left", sim->source->ops->left(sim->source, order->exchange_id));
    sj_reply_end_object(json);
    sj_reply_array(json, "known_by");
    for (uint32_t i = 0; i < sim->server_count; i++)
        if (order->known & 1u << i)
            sj_reply_int(json, NULL, i);
    sj_reply_end_array(json);
    sj_reply_end_object(json);
}

static void put_deals(struct sj_reply *json, const struct sj_brokersim *sim)
{
    const struct order_desk *desk = sim->desk;
    sj_reply_array(json, "deals");
    for (uint32_t i = 0; i < desk->deal_count; i++) {
        const struct user_deal *deal = &desk->deals[i];
        const struct user_order *order = &desk->orders[deal->order];
        sj_reply_object(json, NULL);
        sj_reply_format(json, "seq", "%06u", deal->seq);
        sj_reply_string(json, "trade_id", order->id);
        sj_reply_string(json, "code", sim->universe.list[order->instrument].code);
        sj_reply_string(json, "action", order->side == SJ_SIDE_BUY ? "Buy" : "Sell");
        sj_reply_e6(json, "price", deal->price_e6);
        sj_reply_int(json, "quantity", deal->quantity);
        sj_reply_e6(json, "fee", deal->fee_e6);
        sj_reply_e6(json, "tax", deal->tax_e6);
        sj_reply_bool(json, "reported", i < desk->deals_reported);
        sj_reply_end_object(json);
    }
    sj_reply_end_array(json);
}

static void put_position(struct sj_reply *json, const struct sj_sim_instrument *one,
                         const struct position *position)
{
    sj_reply_object(json, NULL);
    sj_reply_string(json, "code", one->code);
    sj_reply_int(json, "quantity", position->quantity);
    sj_reply_e6(json, "cost", position->cost_e6);
    sj_reply_int(json, "yd_quantity", position->yd_quantity);
    sj_reply_int(json, "bought", position->bought);
    sj_reply_int(json, "sold", position->sold);
    sj_reply_e6(json, "realized", position->realized_e6);
    sj_reply_end_object(json);
}

static void put_ledger(struct sj_reply *json, const struct sj_brokersim *sim,
                       const struct account *account)
{
    const struct money *money = ledger_money(sim, account);
    sj_reply_object(json, NULL);
    put_account(json, "account", account);
    sj_reply_e6(json, "opening", money->opening_e6);
    sj_reply_e6(json, "cash", ledger_cash_e6(sim, account));
    sj_reply_e6(json, "unsettled", ledger_unsettled_e6(sim, account));
    sj_reply_e6(json, "fee", money->fee_e6);
    sj_reply_e6(json, "tax", money->tax_e6);
    sj_reply_array(json, "positions");
    for (uint32_t i = 0; i < sim->universe.count; i++) {
        const struct position *position = ledger_position(sim, account, i);
        if (position->quantity != 0 || position->bought != 0 || position->sold != 0)
            put_position(json, &sim->universe.list[i], position);
    }
    sj_reply_end_array(json);
    sj_reply_end_object(json);
}

static void put_calls(struct sj_reply *json, const struct order_desk *desk)
{
    sj_reply_object(json, "calls");
    sj_reply_int(json, "received", (int64_t)desk->calls.received);
    sj_reply_int(json, "refused", (int64_t)desk->calls.refused);
    sj_reply_int(json, "lost", (int64_t)desk->calls.lost);
    sj_reply_int(json, "unheard", (int64_t)desk->calls.unheard);
    sj_reply_end_object(json);
}

void desk_json(const struct sj_brokersim *sim, struct sj_reply *json)
{
    const struct order_desk *desk = sim->desk;
    uint32_t late = 0;
    for (uint32_t i = 0; i < sim->server_count; i++)
        late += desk->late_count[i];
    sj_reply_object(json, NULL);
    put_calls(json, desk);
    sj_reply_int(json, "actions_waiting", desk->action_tail - desk->action_head);
    sj_reply_int(json, "events_waiting", late);
    sj_reply_int(json, "deals_missing", (int64_t)desk->deals_missing);
    sj_reply_array(json, "accounts");
    for (uint32_t i = 0; i < sim->options.accounts; i++)
        put_ledger(json, sim, &ACCOUNT_LIST[i]);
    sj_reply_end_array(json);
    sj_reply_array(json, "orders");
    for (uint32_t i = 0; i < desk->order_count; i++)
        put_order(json, sim, &desk->orders[i]);
    sj_reply_end_array(json);
    put_deals(json, sim);
    sj_reply_end_object(json);
}
