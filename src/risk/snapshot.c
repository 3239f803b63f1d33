/* What the broker says we have, and what somebody says we may do. */
#include "risk/risk_private.h"

static void take_account(struct sj_risk *risk, const struct sj_account_snapshot *snapshot)
{
    if (snapshot->account >= SJ_RISK_ACCOUNT_MAX)
        return;
    struct account *account = &risk->accounts[snapshot->account];
    account->snapshot_ns = risk->now_ns;
    account->cash_e6 = snapshot->cash_e6;
    account->margin_e6 = snapshot->margin_available_e6;
    /* The broker's figures may be from before the latest fills: those count until the next one. */
    for (uint32_t kind = 0; kind < 2; kind++) {
        account->filled_e6[kind][1] = account->filled_e6[kind][0];
        account->filled_e6[kind][0] = 0;
    }
    account->held_e6[1] = account->held_e6[0];
    account->held_e6[0] = risk->held_e6;
}

static void take_position(struct sj_risk *risk, const struct sj_position_snapshot *snapshot)
{
    struct instrument *ins = instrument_of(risk, snapshot->instrument);
    if (!ins || snapshot->account >= SJ_RISK_ACCOUNT_MAX || snapshot->strategy != 0 ||
        snapshot->quantity < -(int64_t)QUANTITY_MAX || snapshot->quantity > (int64_t)QUANTITY_MAX)
        return;
    int64_t unit = snapshot->flags & SJ_FLAG_ODD_LOT ? 1 : ins->unit;
    int64_t *held = risk->broker_units[snapshot->instrument];
    held[snapshot->account] = snapshot->quantity * unit;
    int64_t total = 0, others = 0;
    for (uint32_t i = 0; i < SJ_RISK_ACCOUNT_MAX; i++) {
        total += held[i];
        others += i == snapshot->account ? 0 : held[i];
    }
    if (ins->mark_e6 == 0 && price_sane(snapshot->last_price_e6))
        ins->mark_e6 = snapshot->last_price_e6;
    exposure_move(risk, ins, BROKER, total - ins->position[BROKER]);
    int64_t own = snapshot->own_quantity;
    if (own == SJ_NULL_I64 && !ins->own_known) /* what was there before our fills */
        exposure_move(risk, ins, OWN, total - ins->position[OWN]);
    ins->own_known = true;
    if (own >= -(int64_t)QUANTITY_MAX && own <= (int64_t)QUANTITY_MAX)
        exposure_move(risk, ins, OWN, own * unit + others - ins->position[OWN]);
}

void sj_risk_account(struct sj_risk *risk, const struct sj_frame *event)
{
    if (event->template_id == SJ_EVENT_ACCOUNT) {
        const struct sj_account_snapshot *snapshot = (const struct sj_account_snapshot *)event;
        clock_advance(risk, snapshot->recv_ns);
        take_account(risk, snapshot);
    } else if (event->template_id == SJ_EVENT_POSITION) {
        const struct sj_position_snapshot *snapshot = (const struct sj_position_snapshot *)event;
        clock_advance(risk, snapshot->recv_ns);
        take_position(risk, snapshot);
    }
}

static void take_feed(struct sj_risk *risk, uint32_t id, bool lost)
{
    struct instrument *ins = instrument_of(risk, id);
    bool *flag = id == 0 ? &risk->feed_lost : ins ? &ins->feed_lost : NULL;
    if (!flag || *flag == lost)
        return;
    *flag = lost;
    risk->feeds_lost += lost ? 1 : (uint32_t)-1;
}

static void take_block(struct sj_risk *risk, const struct sj_control *control, bool block)
{
    struct instrument *ins = instrument_of(risk, control->instrument);
    uint32_t *blocks = control->instrument == 0 ? &risk->blocks : ins ? &ins->blocks : NULL;
    if (!blocks)
        return;
    uint32_t bit = 1u << (control->source % 32);
    if (block)
        *blocks |= bit;
    else if (control->source == SJ_CONTROL_BY_COMMAND)
        *blocks = 0;
    else
        *blocks &= ~bit;
}

static void take_kill(struct sj_risk *risk, const struct sj_control *control)
{
    if (!risk->killed) {
        risk->kill_source = control->source;
        risk->killed_ns = risk->now_ns;
    }
    risk->killed = true;
    risk->panic = risk->panic || control->kind == SJ_CONTROL_PANIC;
}

void sj_risk_control(struct sj_risk *risk, const struct sj_control *control)
{
    bool arms = control->kind == SJ_CONTROL_ARM || control->kind == SJ_CONTROL_DISARM;
    clock_advance(risk, control->recv_ns);
    switch (control->kind) {
    case SJ_CONTROL_KILL:
    case SJ_CONTROL_PANIC:
        take_kill(risk, control);
        break;
    case SJ_CONTROL_PANIC_DONE:
        risk->panic = false;
        break;
    case SJ_CONTROL_RESUME:
        risk->killed = risk->panic = false;
        risk->pnl_peak_e6 = risk->pnl_e6;
        break;
    case SJ_CONTROL_FEED_LOST:
    case SJ_CONTROL_FEED_BACK:
        take_feed(risk, control->instrument, control->kind == SJ_CONTROL_FEED_LOST);
        break;
    case SJ_CONTROL_BLOCK:
    case SJ_CONTROL_UNBLOCK:
        take_block(risk, control, control->kind == SJ_CONTROL_BLOCK);
        break;
    default:
        if (arms && control->strategy < SJ_RISK_STRATEGY_MAX)
            risk->strategies[control->strategy].disarmed = control->kind == SJ_CONTROL_DISARM;
    }
}
