/* The day's profit: what each change of a mark and each fill against the mark gives; so it is the
 * sum of realised and unrealised, and needs no average price. */
#include "risk/risk_private.h"

void profit_mark(struct sj_risk *risk, struct instrument *ins, int64_t mark_e6)
{
    if (ins->mark_e6 != 0 && ins->position[OWN] != 0)
        risk->pnl_e6 += (sj_value)ins->position[OWN] * (mark_e6 - ins->mark_e6) * ins->multiplier;
    ins->mark_e6 = mark_e6;
}

void profit_fill(struct sj_risk *risk, struct instrument *ins, int64_t units, int64_t price_e6,
                 int64_t cost_e6)
{
    if (ins->mark_e6 == 0)
        ins->mark_e6 = price_e6;
    risk->pnl_e6 += (sj_value)units * (ins->mark_e6 - price_e6) * ins->multiplier - cost_e6;
}

static void stop(struct sj_risk *risk, const char *what, sj_value value_e6)
{
    risk->killed = true;
    risk->kill_source = SJ_CONTROL_BY_LOSS_LIMIT;
    risk->killed_ns = risk->now_ns;
    if (!risk->ops.control)
        return;
    struct sj_control control = {
        .kind = SJ_CONTROL_KILL, .source = SJ_CONTROL_BY_LOSS_LIMIT, .value = clip(value_e6)};
    sj_frame_head(&control, SJ_EVENT_CONTROL, sizeof control);
    control.exch_ns = control.recv_ns = risk->now_ns;
    strncpy(control.text, what, sizeof control.text - 1);
    risk->ops.control(risk->ops.context, &control);
}

void profit_judge(struct sj_risk *risk)
{
    const struct limits *limits = &risk->limits;
    bool lost = limits->daily_loss_e6 != 0 && -risk->pnl_e6 > limits->daily_loss_e6;
    if (risk->pnl_e6 > risk->pnl_peak_e6)
        risk->pnl_peak_e6 = risk->pnl_e6;
    if (!lost)
        risk->loss_stopped = false;
    bool stops = lost && !risk->loss_stopped;
    risk->loss_stopped = lost;
    if (risk->killed)
        return;
    if (stops)
        stop(risk, "risk.daily_loss_max: the day's loss is beyond it", -risk->pnl_e6);
    else if (limits->drawdown_e6 != 0 && risk->pnl_peak_e6 - risk->pnl_e6 > limits->drawdown_e6)
        stop(risk, "risk.drawdown_max: the fall from the day's best is beyond it",
             risk->pnl_peak_e6 - risk->pnl_e6);
}
