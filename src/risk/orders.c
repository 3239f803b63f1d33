/* The table of orders that work or may: found by intent in a few ns, listed by instrument and side.
 */
#include "risk/risk_private.h"

#include "base/warm.h"

#include <stddef.h>

static uint32_t slot_of(uint64_t intent_id)
{
    return (uint32_t)((intent_id * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % ORDER_SLOTS;
}

struct order *order_find(const struct sj_risk *risk, uint64_t intent_id)
{
    for (uint32_t slot = slot_of(intent_id); risk->order_slots[slot];
         slot = (slot + 1) % ORDER_SLOTS) {
        const struct order *order = &risk->orders[risk->order_slots[slot] - 1];
        if (order->intent_id == intent_id)
            return (struct order *)order;
    }
    return NULL;
}

static void slot_take(struct sj_risk *risk, const struct order *order)
{
    uint32_t slot = slot_of(order->intent_id);
    while (risk->order_slots[slot])
        slot = (slot + 1) % ORDER_SLOTS;
    risk->order_slots[slot] = (uint32_t)(order - risk->orders) + 1;
}

/* Frees the slot and moves up those behind it that would no longer be found. */
static void slot_free(struct sj_risk *risk, const struct order *order)
{
    uint32_t number = (uint32_t)(order - risk->orders) + 1;
    uint32_t hole = slot_of(order->intent_id);
    while (risk->order_slots[hole] != number)
        hole = (hole + 1) % ORDER_SLOTS;
    for (uint32_t slot = (hole + 1) % ORDER_SLOTS; risk->order_slots[slot];
         slot = (slot + 1) % ORDER_SLOTS) {
        uint32_t home = slot_of(risk->orders[risk->order_slots[slot] - 1].intent_id);
        if ((slot - home) % ORDER_SLOTS >= (slot - hole) % ORDER_SLOTS) {
            risk->order_slots[hole] = risk->order_slots[slot];
            hole = slot;
        }
    }
    risk->order_slots[hole] = 0;
}

int64_t order_left_units(const struct sj_risk *risk, const struct order *order)
{
    /* Ended: what is still to come are the fills that were told of and not yet seen. */
    uint64_t used = (uint64_t)order->filled + (order->ended ? 0 : order->cancelled);
    uint32_t whole = order->ended ? order->reported : order->quantity;
    uint32_t left = whole > used ? (uint32_t)(whole - used) : 0;
    return units_of(&risk->instruments[order->instrument], left, order->lot);
}

int64_t order_worst_e6(const struct order *order)
{
    if (order->pending_e6 == 0)
        return order->price_e6;
    return order->side == BUY ? max64(order->price_e6, order->pending_e6)
                              : min64(order->price_e6, order->pending_e6);
}

static bool is_better(uint32_t side, int64_t price_e6, int64_t best_e6)
{
    return best_e6 == 0 || (side == BUY ? price_e6 > best_e6 : price_e6 < best_e6);
}

static void find_best(struct sj_risk *risk, struct instrument *ins, uint32_t side)
{
    ins->best_e6[side] = 0;
    for (uint32_t at = ins->first[side]; at != NONE; at = risk->orders[at].next) {
        int64_t price_e6 = order_worst_e6(&risk->orders[at]);
        if (!risk->orders[at].ended && is_better(side, price_e6, ins->best_e6[side]))
            ins->best_e6[side] = price_e6;
    }
}

/* Whether it buys what is paid for: a stock or an option. */
static bool is_purchase(const struct instrument *ins, const struct order *order)
{
    return order->side == BUY && (!ins->derivative || ins->option);
}

/* Adds (factor 1) or takes back (-1) all that an order counts for. */
static void count(struct sj_risk *risk, const struct order *order, int factor)
{
    struct instrument *ins = &risk->instruments[order->instrument];
    int64_t units = factor * order_left_units(risk, order);
    exposure_work(risk, ins, order->side, units);
    if (is_purchase(ins, order))
        risk->accounts[order->account].working_e6[ins->derivative] +=
            (sj_value)units * order_worst_e6(order) * ins->multiplier;
    if (!order->ended) {
        risk->open_count += (uint32_t)factor;
        risk->strategies[order->strategy].open_count += (uint32_t)factor;
    }
}

struct order *risk_order_take(struct sj_risk *risk)
{
    if (risk->free_order == NONE)
        return NULL;
    struct order *order = &risk->orders[risk->free_order];
    risk->free_order = order->next;
    return order;
}

void sj_risk_warm(const struct sj_risk *risk, uint64_t next_intent_id)
{
    const struct account *account = &risk->accounts[0];
    if (risk->free_order != NONE)
        sj_warm_write(&risk->orders[risk->free_order], sizeof risk->orders[0]);
    sj_warm_write(&risk->order_slots[slot_of(next_intent_id)], sizeof risk->order_slots[0]);
    recent_warm(risk, next_intent_id);
    window_warm(&account->calls);
    window_warm(&account->side[BUY]);
    window_warm(&account->side[SELL]);
    sj_warm_write(&account->snapshot_ns, sizeof *account - offsetof(struct account, snapshot_ns));
    sj_warm_read(risk, offsetof(struct sj_risk, accounts));
}

void sj_risk_expect(const struct sj_risk *risk, const struct sj_intent *intent)
{
    const struct instrument *ins = instrument_of(risk, intent->instrument);
    if (!ins || intent->strategy >= SJ_RISK_STRATEGY_MAX)
        return;
    const struct strategy *strategy = &risk->strategies[intent->strategy];
    window_warm(&strategy->calls);
    sj_warm_write(&strategy->open_count, sizeof *strategy - offsetof(struct strategy, open_count));
    sj_warm_write(&risk->groups[ins->group], sizeof risk->groups[0]);
    sj_warm_read(&risk->bands[ins->bands], sizeof risk->bands[0]);
    recent_expect(risk, intent);
}

void order_enter(struct sj_risk *risk, struct order *order)
{
    uint32_t index = (uint32_t)(order - risk->orders);
    struct instrument *ins = &risk->instruments[order->instrument];
    order->used = true;
    order->previous = NONE;
    order->next = ins->first[order->side];
    if (order->next != NONE)
        risk->orders[order->next].previous = index;
    ins->first[order->side] = index;
    if (!order->ended && is_better(order->side, order_worst_e6(order), ins->best_e6[order->side]))
        ins->best_e6[order->side] = order_worst_e6(order);
    risk->order_count++;
    slot_take(risk, order);
    count(risk, order, 1);
}

void order_remove(struct sj_risk *risk, struct order *order)
{
    uint32_t index = (uint32_t)(order - risk->orders);
    struct instrument *ins = &risk->instruments[order->instrument];
    count(risk, order, -1);
    slot_free(risk, order);
    if (order->previous == NONE)
        ins->first[order->side] = order->next;
    else
        risk->orders[order->previous].next = order->next;
    if (order->next != NONE)
        risk->orders[order->next].previous = order->previous;
    if (order_worst_e6(order) == ins->best_e6[order->side])
        find_best(risk, ins, order->side);
    risk->order_count--;
    order->used = false;
    order->next = risk->free_order;
    risk->free_order = index;
}

void order_reprice(struct sj_risk *risk, struct order *order, int64_t price_e6, int64_t pending_e6)
{
    struct instrument *ins = &risk->instruments[order->instrument];
    int64_t before_e6 = order_worst_e6(order);
    order->price_e6 = price_e6;
    order->pending_e6 = pending_e6;
    int64_t after_e6 = order_worst_e6(order);
    if (after_e6 == before_e6)
        return;
    if (is_purchase(ins, order))
        risk->accounts[order->account].working_e6[ins->derivative] +=
            (sj_value)(after_e6 - before_e6) * order_left_units(risk, order) * ins->multiplier;
    if (is_better(order->side, after_e6, ins->best_e6[order->side]) && !order->ended)
        ins->best_e6[order->side] = after_e6;
    else if (before_e6 == ins->best_e6[order->side])
        find_best(risk, ins, order->side);
}

static bool is_end(uint8_t state)
{
    return state >= SJ_ORDER_FILLED && state <= SJ_ORDER_REFUSED;
}

/* A price that the exchange confirmed ends the wait for it. */
static void take_price(struct sj_risk *risk, struct order *order, int64_t price_e6)
{
    if (!price_sane(price_e6) || price_e6 == order->price_e6)
        return;
    if (order->pending_e6 == price_e6)
        order_reprice(risk, order, price_e6, 0);
    else
        order_reprice(risk, order, price_e6, order->pending_e6);
}

void sj_risk_order(struct sj_risk *risk, const struct sj_order_update *update)
{
    clock_advance(risk, update->recv_ns);
    struct order *order = order_find(risk, update->intent_id);
    if (!order) {
        risk->stray_count += !is_end(update->state_to);
        return;
    }
    take_price(risk, order, update->price_e6);
    count(risk, order, -1);
    if (update->quantity > 0 && update->quantity <= QUANTITY_MAX)
        order->quantity = update->quantity;
    if (update->cancelled <= order->quantity)
        order->cancelled = update->cancelled;
    if (update->filled > order->reported && update->filled <= QUANTITY_MAX)
        order->reported = update->filled;
    order->ended = order->ended || is_end(update->state_to);
    count(risk, order, 1);
    if (!order->ended)
        return;
    find_best(risk, &risk->instruments[order->instrument], order->side);
    if (order_left_units(risk, order) == 0)
        order_remove(risk, order);
}

void sj_risk_fill(struct sj_risk *risk, const struct sj_fill *fill)
{
    clock_advance(risk, fill->recv_ns);
    struct order *order = order_find(risk, fill->intent_id);
    struct instrument *ins = instrument_of(risk, order ? order->instrument : fill->instrument);
    if (!ins || fill->quantity == 0 || fill->quantity > QUANTITY_MAX ||
        (fill->side != SJ_SIDE_BUY && fill->side != SJ_SIDE_SELL) || !price_sane(fill->price_e6))
        return;
    int64_t units = units_of(ins, fill->quantity, fill->order_lot);
    if (order) {
        count(risk, order, -1);
        order->filled += min64(fill->quantity, QUANTITY_MAX - order->filled);
        count(risk, order, 1);
        if (is_purchase(ins, order))
            risk->accounts[order->account].filled_e6[ins->derivative][0] +=
                (sj_value)units * fill->price_e6 * ins->multiplier;
        if (order->ended && order_left_units(risk, order) == 0)
            order_remove(risk, order);
    }
    units = fill->side == SJ_SIDE_BUY ? units : -units;
    int64_t cost_e6 = max64(fill->fee_e6, 0) + max64(fill->tax_e6, 0);
    profit_fill(risk, ins, units, fill->price_e6, cost_e6);
    exposure_move(risk, ins, OWN, units);
    exposure_move(risk, ins, BROKER, units);
    profit_judge(risk);
}

sj_rc sj_risk_adopt(struct sj_risk *risk, const struct sj_intent *intent,
                    const struct sj_order_update *update)
{
    struct instrument *ins = instrument_of(risk, intent->instrument);
    uint32_t quantity = update->quantity ? update->quantity : intent->quantity;
    int64_t price_e6 = price_sane(update->price_e6) ? update->price_e6 : intent->price_e6;
    if (!ins || intent->intent_id == 0 ||
        (intent->side != SJ_SIDE_BUY && intent->side != SJ_SIDE_SELL) ||
        intent->strategy >= SJ_RISK_STRATEGY_MAX || intent->account >= SJ_RISK_ACCOUNT_MAX ||
        quantity == 0 || quantity > QUANTITY_MAX || update->filled > quantity ||
        update->cancelled > quantity)
        return -SJ_E_RANGE;
    if (is_end(update->state_to) || order_find(risk, intent->intent_id))
        return 0;
    struct order *order = risk_order_take(risk);
    if (!order)
        return -SJ_E_FULL;
    *order =
        (struct order){.intent_id = intent->intent_id,
                       .price_e6 = price_sane(price_e6) ? price_e6 : max64(ins->limit_up_e6, 1),
                       .instrument = intent->instrument,
                       .quantity = quantity,
                       .cancelled = update->cancelled,
                       .reported = update->filled,
                       .filled = update->filled,
                       .strategy = (uint16_t)intent->strategy,
                       .account = (uint8_t)intent->account,
                       .side = intent->side == SJ_SIDE_BUY ? BUY : SELL,
                       .lot = intent->order_lot};
    order_enter(risk, order);
    return 0;
}

void sj_risk_forget_orders(struct sj_risk *risk)
{
    for (uint32_t i = 0; i < SJ_RISK_ORDER_MAX; i++)
        if (risk->orders[i].used)
            order_remove(risk, &risk->orders[i]);
}
