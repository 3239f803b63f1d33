/*
 * check_input.h: the checks of what an intent says: whether it can be understood, which instrument
 * and which order it means, and whether we send orders of its type. They fill in struct check for
 * all that follow. Part of check.c.
 */
#ifndef SJ_RISK_CHECK_INPUT_H
#define SJ_RISK_CHECK_INPUT_H

#include "risk/check_private.h"

static bool check_order_fields(struct check *c)
{
    const struct sj_intent *intent = c->intent;
    if (intent->side != SJ_SIDE_BUY && intent->side != SJ_SIDE_SELL)
        return fail(c, intent->side, SJ_RISK_FIELD_SIDE);
    if (intent->quantity == 0 || intent->quantity > QUANTITY_MAX)
        return fail(c, intent->quantity, SJ_RISK_FIELD_QUANTITY);
    if (intent->price_type < SJ_ORDER_LMT || intent->price_type > SJ_ORDER_MKP)
        return fail(c, intent->price_type, SJ_RISK_FIELD_PRICE_TYPE);
    if (intent->time_in_force < SJ_ORDER_ROD || intent->time_in_force > SJ_ORDER_GTX)
        return fail(c, intent->time_in_force, SJ_RISK_FIELD_TIME_IN_FORCE);
    if (intent->order_cond > SJ_COND_NETTING)
        return fail(c, intent->order_cond, SJ_RISK_FIELD_COND);
    if (intent->order_lot > SJ_LOT_INTRADAY_ODD)
        return fail(c, intent->order_lot, SJ_RISK_FIELD_LOT);
    if (intent->octype > SJ_OC_DAYTRADE)
        return fail(c, intent->octype, SJ_RISK_FIELD_OCTYPE);
    for (size_t i = 0; i < sizeof intent->custom_field; i++)
        if (intent->custom_field[i] != 0 &&
            (intent->custom_field[i] < ' ' || intent->custom_field[i] > '~'))
            return fail(c, (unsigned char)intent->custom_field[i], SJ_RISK_FIELD_CUSTOM);
    return true;
}

static bool price_understood(const struct sj_intent *intent)
{
    bool null = intent->price_e6 == SJ_NULL_E6;
    if (intent->kind == SJ_INTENT_PLACE && intent->price_type == SJ_ORDER_MKT)
        return null;
    if (intent->kind == SJ_INTENT_PLACE && intent->price_type == SJ_ORDER_MKP && null)
        return true;
    return price_sane(intent->price_e6);
}

static bool check_malformed(struct sj_risk *risk, struct check *c)
{
    const struct sj_intent *intent = c->intent;
    if (intent->kind < SJ_INTENT_PLACE || intent->kind > SJ_INTENT_QUANTITY)
        return fail(c, intent->kind, SJ_RISK_FIELD_KIND);
    if (intent->intent_id == 0)
        return fail(c, 0, SJ_RISK_FIELD_INTENT_ID);
    if (intent->account >= SJ_RISK_ACCOUNT_MAX)
        return fail(c, intent->account, SJ_RISK_FIELD_ACCOUNT);
    if (intent->strategy >= SJ_RISK_STRATEGY_MAX)
        return fail(c, intent->strategy, SJ_RISK_FIELD_STRATEGY);
    if ((intent->target_id == 0) != c->places)
        return fail(c, clip((sj_value)intent->target_id), SJ_RISK_FIELD_TARGET_ID);
    if (c->places && !check_order_fields(c))
        return false;
    if ((c->places || intent->kind == SJ_INTENT_PRICE) && !price_understood(intent))
        return fail(c, intent->price_e6, SJ_RISK_FIELD_PRICE);
    if (intent->kind == SJ_INTENT_QUANTITY &&
        (intent->quantity == 0 || intent->quantity > QUANTITY_MAX))
        return fail(c, intent->quantity, SJ_RISK_FIELD_QUANTITY);
    c->account = &risk->accounts[intent->account];
    c->strategy = &risk->strategies[intent->strategy];
    return true;
}

static bool check_instrument_known(struct sj_risk *risk, struct check *c)
{
    uint32_t id = c->intent->instrument;
    if (!c->places) {
        c->target = order_find(risk, c->intent->target_id);
        id = c->target && id == 0 ? c->target->instrument : id;
    }
    c->ins = instrument_of(risk, id);
    if (!c->ins)
        return fail(c, id, risk->instrument_max);
    if (c->places) {
        c->side = c->intent->side == SJ_SIDE_BUY ? BUY : SELL;
        c->lot = c->intent->order_lot;
        c->units = units_of(c->ins, c->intent->quantity, c->lot);
        c->price_e6 = c->intent->price_e6;
        c->priced = price_sane(c->price_e6);
        if (!c->priced)
            c->price_e6 = c->side == BUY ? c->ins->limit_up_e6 : c->ins->limit_down_e6;
    }
    return true;
}

static bool check_target(struct sj_risk *risk, struct check *c)
{
    const struct sj_intent *intent = c->intent;
    const struct order *target = c->target;
    int64_t asked =
        intent->kind == SJ_INTENT_QUANTITY ? (int64_t)intent->quantity : intent->price_e6;
    if (c->places)
        return true;
    if (!target || target->ended || &risk->instruments[target->instrument] != c->ins ||
        target->account != intent->account || (target->strategy != intent->strategy && !c->house))
        return fail(c, asked, SJ_NULL_I64);
    uint32_t gone = target->filled > target->reported ? target->filled : target->reported;
    uint32_t left = target->quantity - target->cancelled;
    left = left > gone ? left - gone : 0;
    if (left == 0 || (intent->kind == SJ_INTENT_QUANTITY &&
                      (intent->quantity >= gone + left || intent->quantity <= gone)))
        return fail(c, asked, left);
    c->side = target->side;
    c->lot = target->lot;
    c->units = order_left_units(risk, target);
    c->price_e6 = intent->price_e6;
    c->priced = intent->kind == SJ_INTENT_PRICE;
    return true;
}

static bool check_order_type(struct sj_risk *risk, struct check *c)
{
    const struct sj_intent *intent = c->intent;
    const struct instrument *ins = c->ins;
    int64_t what = intent->price_type * 100 + intent->time_in_force * 10 + intent->order_lot;
    if (ins->combination)
        return fail(c, what, SJ_RISK_TYPE_COMBINATION);
    if (!c->places)
        return true;
    if (intent->time_in_force == SJ_ORDER_GTX && !risk->limits.post_only)
        return fail(c, what, SJ_RISK_TYPE_GTX);
    bool market = intent->price_type != SJ_ORDER_LMT;
    if (market && !risk->limits.market_orders && !c->house)
        return fail(c, what, SJ_RISK_TYPE_MARKET);
    if (intent->order_lot == SJ_LOT_COMMON)
        return true;
    if (intent->order_lot != SJ_LOT_INTRADAY_ODD || ins->derivative)
        return fail(c, what, SJ_RISK_TYPE_LOT);
    if (market || intent->time_in_force != SJ_ORDER_ROD || intent->quantity >= ins->unit)
        return fail(c, what, SJ_RISK_TYPE_ODD_LOT);
    return true;
}

#endif
