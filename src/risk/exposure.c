/* Positions and what works, and the sums over them: every change goes through here, so that each
 * sum is at any time what adding up all instruments would give. */
#include "risk/risk_private.h"

int64_t opened_units(const struct instrument *ins, int64_t long_units, int64_t short_units)
{
    if (!ins->derivative)
        return 0;
    /* A bought option costs its premium and no more; that is counted as cash is. */
    int64_t shorted = max64(-short_units, 0);
    return ins->option ? shorted : max64(max64(long_units, 0), shorted);
}

static void add_group(struct sj_risk *risk, const struct instrument *ins, uint32_t slot, bool works,
                      int64_t units)
{
    struct group *group = &risk->groups[ins->group];
    sj_value value_e6 = (sj_value)units * ins->unit_value_e6;
    if (works)
        group->working_e6[ins->put ? SIDES - 1 - slot : slot] += value_e6;
    else
        group->position_e6[slot] += ins->put ? -value_e6 : value_e6;
}

/* Brings the instrument's own sums up to date, and the totals with them. */
static void refresh(struct sj_risk *risk, struct instrument *ins)
{
    int64_t longs = longest(ins), shorts = shortest(ins);
    sj_value worst_e6 = (sj_value)max64(longs, -shorts) * ins->unit_value_e6;
    risk->gross_e6 += worst_e6 - ins->worst_e6;
    ins->worst_e6 = worst_e6;
    if (!ins->derivative)
        return;
    sj_value opened_e6 = (sj_value)opened_units(ins, longs, shorts) * ins->margin_e6;
    risk->opened_e6 += opened_e6 - ins->opened_e6;
    ins->opened_e6 = opened_e6;
}

static void refresh_held(struct sj_risk *risk, struct instrument *ins)
{
    int64_t longs = longest(ins) - ins->working[BUY], shorts = shortest(ins) + ins->working[SELL];
    sj_value held_e6 = (sj_value)opened_units(ins, longs, shorts) * ins->margin_e6;
    risk->held_e6 += held_e6 - ins->held_e6;
    ins->held_e6 = held_e6;
}

void exposure_move(struct sj_risk *risk, struct instrument *ins, uint32_t view, int64_t units)
{
    int64_t before = ins->position[view];
    ins->position[view] = min64(max64(before + units, -UNITS_MAX), UNITS_MAX);
    add_group(risk, ins, view, false, ins->position[view] - before);
    refresh(risk, ins);
    refresh_held(risk, ins);
}

void exposure_work(struct sj_risk *risk, struct instrument *ins, uint32_t side, int64_t units)
{
    ins->working[side] += units;
    add_group(risk, ins, side, true, units);
    refresh(risk, ins);
}

void exposure_count(struct sj_risk *risk, struct instrument *ins, int factor)
{
    for (uint32_t view = 0; view < VIEWS; view++)
        add_group(risk, ins, view, false, factor * ins->position[view]);
    for (uint32_t side = 0; side < SIDES; side++)
        add_group(risk, ins, side, true, factor * ins->working[side]);
    if (factor < 0) {
        risk->gross_e6 -= ins->worst_e6;
        risk->opened_e6 -= ins->opened_e6;
        risk->held_e6 -= ins->held_e6;
        ins->worst_e6 = ins->opened_e6 = ins->held_e6 = 0;
    } else {
        refresh(risk, ins);
        refresh_held(risk, ins);
    }
}
