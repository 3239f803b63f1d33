#include "brokersim/desk_private.h"
#include "brokersim/fault.h"
#include "brokersim/ledger.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const char *const ORDER_STATUS_NAMES[] = {"PendingSubmit", "Submitted", "PartFilled",
                                          "Filled",        "Cancelled", "Failed"};
const char *const PRICE_TYPE_NAMES[] = {"", "LMT", "MKT", "MKP"};
const char *const TIF_NAMES[] = {"", "ROD", "IOC", "FOK"};

/* Room for far more than most runs use: pages that are never written cost nothing. */
static void *reserve(size_t size)
{
    void *room = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return room == MAP_FAILED ? NULL : room;
}

static void release(void *room, size_t size)
{
    if (room)
        munmap(room, size);
}

sj_rc desk_create(struct sj_brokersim *sim, char error[SJ_SIM_MESSAGE_MAX])
{
    struct order_desk *desk = calloc(1, sizeof *desk);
    sim->desk = desk;
    if (!desk)
        return -ENOMEM;
    desk->orders = reserve(ORDERS_MAX * sizeof *desk->orders);
    desk->deals = reserve(DEALS_MAX * sizeof *desk->deals);
    desk->actions = calloc(ACTIONS_MAX, sizeof *desk->actions);
    desk->working = ORDER_NONE;
    if (!desk->orders || !desk->deals || !desk->actions)
        return -ENOMEM;
    return ledger_create(sim, error);
}

void desk_close(struct sj_brokersim *sim)
{
    struct order_desk *desk = sim->desk;
    if (!desk)
        return;
    release(desk->orders, ORDERS_MAX * sizeof *desk->orders);
    release(desk->deals, DEALS_MAX * sizeof *desk->deals);
    free(desk->actions);
    ledger_close(sim);
    for (uint32_t i = 0; i < SJ_SIM_SERVERS_MAX; i++)
        while (desk->late_count[i] > 0)
            free(desk->late[i][--desk->late_count[i]].text);
    free(desk);
    sim->desk = NULL;
}

void desk_forget(struct server *server)
{
    struct order_desk *desk = server->sim->desk;
    for (uint32_t i = 0; i < desk->order_count; i++)
        desk->orders[i].known &= ~(1u << server->index);
}

bool desk_queue(struct sj_brokersim *sim, enum action_kind kind, uint32_t order, int64_t value)
{
    struct order_desk *desk = sim->desk;
    if (desk->action_tail - desk->action_head == ACTIONS_MAX)
        return false;
    desk->actions[desk->action_tail++ % ACTIONS_MAX] = (struct action){
        kind, order, value, sim->now_ns + sim->options.order_latency_ms * SJ_NS_PER_MS};
    return true;
}

static bool working(const struct user_order *order)
{
    return order->exchange_id != 0 && order->status != ORDER_FILLED &&
           order->status != ORDER_CANCELLED && order->status != ORDER_FAILED;
}

/* Keeps the list of orders that rest at the exchange. */
static void track(struct order_desk *desk, struct user_order *order)
{
    uint32_t index = (uint32_t)(order - desk->orders);
    bool rests = working(order);
    if (rests && !order->listed) {
        order->prev = ORDER_NONE;
        order->next = desk->working;
        if (desk->working != ORDER_NONE)
            desk->orders[desk->working].prev = index;
        desk->working = index;
    } else if (!rests && order->listed) {
        if (order->prev != ORDER_NONE)
            desk->orders[order->prev].next = order->next;
        else
            desk->working = order->next;
        if (order->next != ORDER_NONE)
            desk->orders[order->next].prev = order->prev;
    }
    order->listed = rests;
}

void desk_fill(void *context, uint32_t owner, int64_t price_e6, uint32_t quantity)
{
    struct sj_brokersim *sim = context;
    struct order_desk *desk = sim->desk;
    struct user_order *order = &desk->orders[owner - 1];
    struct user_deal deal = {.order = owner - 1,
                             .next = DEAL_NONE,
                             .seq = desk->deal_count + 1,
                             .quantity = quantity,
                             .price_e6 = price_e6,
                             .utc_ns = sim->utc_ns};
    ledger_deal(sim, order, &deal);
    order->filled += quantity;
    order->status =
        order->filled + order->cancelled >= order->quantity ? ORDER_FILLED : ORDER_PART_FILLED;
    order->modified_ns = sim->utc_ns;
    track(desk, order);
    if (desk->deal_count == DEALS_MAX) {
        desk->deals_missing++;
        return;
    }
    uint32_t index = desk->deal_count++;
    desk->deals[index] = deal;
    if (order->last_deal == DEAL_NONE)
        order->first_deal = index;
    else
        desk->deals[order->last_deal].next = index;
    order->last_deal = index;
    if (!desk->in_submit) {
        desk_report_deal(sim, index);
        desk->deals_reported = desk->deal_count;
    }
}

static void report_deals(struct sj_brokersim *sim)
{
    struct order_desk *desk = sim->desk;
    while (desk->deals_reported < desk->deal_count)
        desk_report_deal(sim, desk->deals_reported++);
}

static bool deals_come_first(struct sj_brokersim *sim)
{
    for (uint32_t i = 0; i < sim->server_count; i++)
        if (fault_hits(&sim->servers[i], FAULT_DEAL_FIRST))
            return true;
    return false;
}

/* Reports an operation and the deals it made, in order (or not, when a fault says so). */
static void report(struct sj_brokersim *sim, const struct user_order *order, const char *op_type,
                   const char *op_code)
{
    bool deals_first = deals_come_first(sim);
    if (deals_first)
        report_deals(sim);
    desk_report_order(sim, order, op_type, op_code, order->message);
    report_deals(sim);
}

static const char *refusal_text(sj_rc rc)
{
    if (rc == -SJ_E_RANGE)
        return "price outside the daily limits or not on a tick";
    return rc == -SJ_E_REFUSED ? "the market does not take orders now" : sj_rc_text(rc);
}

static void settle(struct user_order *order, const struct sj_exchange_result *result)
{
    order->exchange_id = result->id;
    order->cancelled += result->cancelled;
    if (result->cancelled > 0)
        order->status = ORDER_CANCELLED;
    else if (order->filled + order->cancelled >= order->quantity)
        order->status = ORDER_FILLED;
    else
        order->status = order->filled > 0 ? ORDER_PART_FILLED : ORDER_SUBMITTED;
}

static void carry_out_new(struct sj_brokersim *sim, uint32_t index)
{
    struct user_order *order = &sim->desk->orders[index];
    const struct sj_sim_order in = {.feed = order->feed,
                                    .owner = index + 1,
                                    .quantity = order->quantity,
                                    .price_e6 = order->price_e6,
                                    .side = order->side,
                                    .price_type = order->price_type,
                                    .time_in_force = order->time_in_force};
    struct sj_exchange_result result;
    bool fop = sj_sim_is_fop((enum sj_security)sim->universe.list[order->instrument].security);
    sj_rc rc = -SJ_E_REFUSED;
    const char *code = "88";
    const char *refusal = ledger_refuses(sim, order);
    if (refusal || fault_hits(&sim->servers[order->server], FAULT_REJECT))
        rc = -SJ_E_REFUSED;
    else if (fop && order->price_type == SJ_PRICE_MKT && order->time_in_force == SJ_TIF_ROD)
        code = "9938";
    else
        rc = sim->source->ops->submit(sim->source, &in, &result);
    if (rc < 0) {
        order->status = ORDER_FAILED;
        snprintf(order->message, sizeof order->message, "%s",
                 strcmp(code, "9938") == 0 ? "MKT orders must be IOC or FOK"
                 : refusal                 ? refusal
                                           : refusal_text(rc));
        report(sim, order, "New", code);
        return;
    }
    order->arrived = true;
    settle(order, &result);
    track(sim->desk, order);
    if (!fop && order->price_type == SJ_PRICE_MKT && result.filled == 0 && result.cancelled > 0) {
        snprintf(order->message, sizeof order->message, "the market order found no match");
        report(sim, order, "New", "48");
        return;
    }
    report(sim, order, "New", "00");
    if (result.cancelled > 0)
        report(sim, order, "Cancel", "00");
}

static sj_rc change(struct sj_brokersim *sim, struct user_order *order, const struct action *action)
{
    const struct sj_market_source_ops *ops = sim->source->ops;
    uint32_t left = 0;
    struct sj_exchange_result result = {0};
    sj_rc rc;
    if (!working(order))
        return -SJ_E_UNKNOWN;
    if (action->kind == ACTION_CANCEL) {
        rc = ops->cancel(sim->source, order->exchange_id, &left);
        if (rc >= 0) {
            order->cancelled += left;
            order->status = ORDER_CANCELLED;
        }
    } else if (action->kind == ACTION_QUANTITY) {
        left = order->quantity - order->filled - order->cancelled;
        if (action->value >= left)
            return -SJ_E_REFUSED;
        rc = ops->reduce(sim->source, order->exchange_id, left - (uint32_t)action->value);
        if (rc >= 0)
            order->cancelled += left - (uint32_t)action->value;
    } else {
        rc = ops->reprice(sim->source, order->feed, order->exchange_id, action->value, &result);
        if (rc >= 0) {
            order->modified_price_e6 = action->value;
            settle(order, &result);
        }
    }
    return rc;
}

static void carry_out(struct sj_brokersim *sim, const struct action *action)
{
    static const char *const names[] = {"New", "Cancel", "UpdatePrice", "UpdateQty"};
    struct user_order *order = &sim->desk->orders[action->order];
    order->modified_ns = sim->utc_ns;
    if (action->kind == ACTION_NEW) {
        carry_out_new(sim, action->order);
        return;
    }
    sj_rc rc = change(sim, order, action);
    track(sim->desk, order);
    snprintf(order->message, sizeof order->message, "%s",
             rc >= 0               ? ""
             : rc == -SJ_E_UNKNOWN ? "the order is not working"
             : rc == -SJ_E_REFUSED ? "a quantity can only be lowered"
                                   : refusal_text(rc));
    report(sim, order, names[action->kind], rc >= 0 ? "00" : "99");
}

bool desk_waits(const struct sj_brokersim *sim)
{
    uint32_t late = 0;
    for (uint32_t i = 0; i < sim->server_count; i++)
        late += sim->desk->late_count[i];
    return late > 0 || sim->desk->action_head != sim->desk->action_tail;
}

uint64_t desk_work(struct sj_brokersim *sim)
{
    struct order_desk *desk = sim->desk;
    uint64_t done = 0;
    while (desk->action_head != desk->action_tail) {
        struct action action = desk->actions[desk->action_head % ACTIONS_MAX];
        if (action.due_ns > sim->now_ns)
            break;
        desk->action_head++;
        desk->in_submit = true;
        carry_out(sim, &action);
        desk->in_submit = false;
        done++;
    }
    return done + desk_report_late(sim);
}

void desk_expire(struct sj_brokersim *sim)
{
    struct order_desk *desk = sim->desk;
    for (uint32_t i = desk->working, next; i != ORDER_NONE; i = next) {
        struct user_order *order = &desk->orders[i];
        uint32_t left = 0;
        next = order->next;
        if (sim->source->states[order->instrument].phase != SJ_PHASE_CLOSED ||
            sim->source->ops->cancel(sim->source, order->exchange_id, &left) < 0)
            continue;
        order->cancelled += left;
        order->status = ORDER_CANCELLED;
        order->modified_ns = sim->utc_ns;
        snprintf(order->message, sizeof order->message, "the session is over");
        track(desk, order);
        report(sim, order, "Cancel", "00");
    }
}
