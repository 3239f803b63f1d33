/*
 * check_exposure.h: the checks of what an intent would add to: open orders, positions, the
 * account's money and margin, the day's loss. Part of check.c.
 */
#ifndef SJ_RISK_CHECK_EXPOSURE_H
#define SJ_RISK_CHECK_EXPOSURE_H

#include "risk/check_private.h"

static bool check_open_orders(struct sj_risk *risk, struct check *c)
{
    uint32_t count = risk->open_count + 1, most = risk->limits.open_orders;
    return (count <= most && risk->free_order != NONE) || fail(c, count, most);
}

static bool check_strategy_orders(struct sj_risk *risk, struct check *c)
{
    uint32_t count = c->strategy->open_count + 1, most = risk->limits.strategy_orders;
    return most == 0 || count <= most || fail(c, count, most);
}

/* Counts go over two buckets of time, so that a ratio that refuses is forgotten at last. */
static void ratio_roll(struct strategy *strategy, int64_t now_ns, int64_t window_ns)
{
    if (SJ_LIKELY(now_ns - strategy->bucket_ns < window_ns))
        return;
    bool next = now_ns - strategy->bucket_ns < 2 * window_ns;
    strategy->orders[1] = next ? strategy->orders[0] : 0;
    strategy->cancels[1] = next ? strategy->cancels[0] : 0;
    strategy->orders[0] = strategy->cancels[0] = 0;
    strategy->bucket_ns = now_ns;
}

static bool check_cancel_ratio(struct sj_risk *risk, struct check *c)
{
    const struct limits *limits = &risk->limits;
    if (limits->cancel_ratio_ppm == 0)
        return true;
    ratio_roll(c->strategy, c->now_ns, limits->ratio_window_ns);
    uint64_t orders = (uint64_t)c->strategy->orders[0] + c->strategy->orders[1];
    uint64_t cancels = (uint64_t)c->strategy->cancels[0] + c->strategy->cancels[1];
    if (orders < limits->ratio_orders ||
        cancels * 1000000 <= orders * (uint64_t)limits->cancel_ratio_ppm)
        return true;
    return fail(c, (int64_t)(cancels * 1000000 / orders), limits->cancel_ratio_ppm);
}

static bool check_position(struct sj_risk *risk, struct check *c)
{
    int64_t most = c->ins->position_max;
    int64_t after = c->side == BUY ? longest(c->ins) + c->units : c->units - shortest(c->ins);
    (void)risk;
    return most == 0 || after <= most || fail(c, c->side == BUY ? after : -after, most);
}

static bool check_group_position(struct sj_risk *risk, struct check *c)
{
    const struct group *group = &risk->groups[c->ins->group];
    int64_t most_e6 = risk->limits.group_value_e6;
    bool rises = (c->side == BUY) != c->ins->put;
    sj_value own = group->position_e6[OWN], broker = group->position_e6[BROKER];
    sj_value adds = (sj_value)c->units * c->ins->unit_value_e6, after;
    if (most_e6 == 0)
        return true;
    if (rises)
        after = (own > broker ? own : broker) + group->working_e6[BUY] + adds;
    else
        after = group->working_e6[SELL] + adds - (own < broker ? own : broker);
    return after <= most_e6 || fail(c, rises ? clip(after) : -clip(after), most_e6);
}

/* The instrument's own sum with this order in it; what it was is taken off. */
static bool check_gross_position(struct sj_risk *risk, struct check *c)
{
    const struct instrument *ins = c->ins;
    int64_t most_e6 = risk->limits.gross_value_e6;
    int64_t longs = longest(ins) + (c->side == BUY ? c->units : 0);
    int64_t shorts = shortest(ins) - (c->side == SELL ? c->units : 0);
    sj_value worst_e6 = (sj_value)max64(longs, -shorts) * ins->unit_value_e6;
    sj_value after = risk->gross_e6 - ins->worst_e6 + worst_e6;
    if (most_e6 == 0 || worst_e6 <= ins->worst_e6)
        return true;
    return after <= most_e6 || fail(c, clip(after), most_e6);
}

/* --- the account --- */

/* What an order, or a higher price of one, adds to the purchases under way. */
static sj_value purchase(const struct sj_risk *risk, const struct check *c)
{
    (void)risk;
    if (c->side == SELL || (c->ins->derivative && !c->ins->option))
        return 0;
    if (c->places)
        return c->value_e6;
    int64_t dearer_e6 = c->price_e6 - order_worst_e6(c->target);
    return dearer_e6 > 0 ? (sj_value)(c->units * c->ins->multiplier) * dearer_e6 : 0;
}

static sj_value opens(const struct check *c)
{
    const struct instrument *ins = c->ins;
    if (!ins->derivative || !c->places)
        return 0;
    int64_t longs = longest(ins) + (c->side == BUY ? c->units : 0);
    int64_t shorts = shortest(ins) - (c->side == SELL ? c->units : 0);
    return (sj_value)opened_units(ins, longs, shorts) * ins->margin_e6 - ins->opened_e6;
}

static bool check_account_stale(struct sj_risk *risk, struct check *c)
{
    const struct limits *limits = &risk->limits;
    bool looks = c->ins->derivative ? limits->margin : limits->cash;
    if (!looks || limits->account_age_ns == 0)
        return true;
    if (purchase(risk, c) == 0 && opens(c) <= 0)
        return true;
    if (c->account->snapshot_ns == 0)
        return fail(c, SJ_NULL_I64, limits->account_age_ns);
    int64_t age_ns = c->now_ns - c->account->snapshot_ns;
    return age_ns <= limits->account_age_ns || fail(c, age_ns, limits->account_age_ns);
}

static bool check_cash(struct sj_risk *risk, struct check *c)
{
    const struct account *account = c->account;
    if (!risk->limits.cash || c->ins->derivative)
        return true;
    sj_value needed = purchase(risk, c);
    if (needed == 0)
        return true;
    needed += account->working_e6[0] + account->filled_e6[0][0] + account->filled_e6[0][1];
    int64_t there = INT64_MAX;
    if (account->cash_e6 != SJ_NULL_E6)
        there = account->cash_e6;
    if (account->margin_e6 != SJ_NULL_E6)
        there = min64(there, account->margin_e6);
    sj_value most = (sj_value)there - risk->limits.cash_reserve_e6;
    return needed <= most || fail(c, clip(needed), clip(most));
}

static bool check_margin(struct sj_risk *risk, struct check *c)
{
    const struct account *account = c->account;
    const struct limits *limits = &risk->limits;
    if (!limits->margin || !c->ins->derivative)
        return true;
    sj_value adds = opens(c), premium = purchase(risk, c);
    if (adds <= 0 && premium == 0)
        return true;
    sj_value base =
        account->held_e6[0] < account->held_e6[1] ? account->held_e6[0] : account->held_e6[1];
    sj_value opened = risk->opened_e6 - base + (adds > 0 ? adds : 0);
    sj_value needed = (opened > 0 ? opened : 0) + premium + account->working_e6[1] +
                      account->filled_e6[1][0] + account->filled_e6[1][1];
    sj_value most = (sj_value)account->margin_e6 - limits->margin_reserve_e6;
    if (account->margin_e6 == SJ_NULL_E6)
        return fail(c, clip(needed), SJ_NULL_I64);
    return needed <= most || fail(c, clip(needed), clip(most));
}

static bool check_daily_loss(struct sj_risk *risk, struct check *c)
{
    int64_t most_e6 = risk->limits.daily_loss_e6;
    return most_e6 == 0 || -risk->pnl_e6 <= most_e6 || fail(c, clip(-risk->pnl_e6), most_e6);
}

static bool check_drawdown(struct sj_risk *risk, struct check *c)
{
    int64_t most_e6 = risk->limits.drawdown_e6;
    sj_value below = risk->pnl_peak_e6 - risk->pnl_e6;
    return most_e6 == 0 || below <= most_e6 || fail(c, clip(below), most_e6);
}

#endif
