#include "order/order_private.h"

#include <stdlib.h>

/* Takes the pages now: the first order must not wait for the kernel to find them. */
static void touch(void *memory, size_t size)
{
    for (size_t at = 0; at < size; at += 4096)
        ((volatile char *)memory)[at] = 0;
}

static void touch_all(struct sj_orders *orders)
{
    struct order_map *const maps[] = {&orders->by_intent, &orders->by_tag, &orders->by_id,
                                      &orders->by_seqno, &orders->foreign};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
        touch(maps[i]->slots, ((size_t)maps[i]->mask + 1) * sizeof *maps[i]->slots);
    touch(orders->requests, REQUESTS_SIZE * sizeof *orders->requests);
    touch(orders->blocks, (SJ_INSTRUMENTS_MAX + 1) * sizeof *orders->blocks);
}

static sj_rc reserve(struct sj_orders *orders)
{
    uint32_t order_max = orders->order_max, fill_max = 4 * order_max;
    orders->order = calloc(order_max, sizeof *orders->order);
    orders->fill = calloc(fill_max, sizeof *orders->fill);
    orders->requests = calloc(REQUESTS_SIZE, sizeof *orders->requests);
    orders->blocks = calloc(SJ_INSTRUMENTS_MAX + 1, sizeof *orders->blocks);
    orders->orphans = calloc(ORPHANS_MAX, sizeof *orders->orphans);
    orders->orphan_ns = calloc(ORPHANS_MAX, sizeof *orders->orphan_ns);
    orders->list.listed = calloc(LISTED_MAX, sizeof *orders->list.listed);
    orders->list.deals = calloc(LISTED_DEALS_MAX, sizeof *orders->list.deals);
    bool whole = orders->order && orders->fill && orders->requests && orders->blocks &&
                 orders->orphans && orders->orphan_ns && orders->list.listed && orders->list.deals;
    if (!whole || order_map_init(&orders->by_intent, order_max) < 0 ||
        order_map_init(&orders->by_tag, order_max) < 0 ||
        order_map_init(&orders->by_id, order_max) < 0 ||
        order_map_init(&orders->by_seqno, order_max) < 0 ||
        order_map_init(&orders->foreign, FOREIGN_MAX) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < order_max; i++)
        orders->order[i].next = i + 1 < order_max ? i + 1 : NIL;
    for (uint32_t i = 0; i < fill_max; i++)
        orders->fill[i].next = i + 1 < fill_max ? i + 1 : NIL;
    touch_all(orders);
    return 0;
}

sj_rc sj_orders_create(const struct sj_orders_config *config,
                       const struct sj_instruments *instruments, const struct sj_order_ops *ops,
                       struct sj_orders **ret_orders)
{
    struct sj_orders *orders = calloc(1, sizeof *orders);
    if (!orders)
        return -ENOMEM;
    orders->config = *config;
    orders->instruments = instruments;
    orders->ops = *ops;
    /* The open ones always find a place beside some that have ended. */
    int64_t least = config->max_open + 16;
    orders->order_max = (uint32_t)(config->max_kept > least ? config->max_kept : least);
    orders->open_first = orders->open_last = orders->ended_first = orders->ended_last = NIL;
    orders->due_first = orders->due_last = NIL;
    orders->list.retry_ns = INT64_MAX;
    sj_rc rc = reserve(orders);
    if (rc < 0) {
        sj_orders_close(orders);
        return rc;
    }
    *ret_orders = orders;
    return 0;
}

void sj_orders_close(struct sj_orders *orders)
{
    if (!orders)
        return;
    order_map_done(&orders->by_intent);
    order_map_done(&orders->by_tag);
    order_map_done(&orders->by_id);
    order_map_done(&orders->by_seqno);
    order_map_done(&orders->foreign);
    free(orders->order);
    free(orders->fill);
    free(orders->requests);
    free(orders->blocks);
    free(orders->orphans);
    free(orders->orphan_ns);
    free(orders->list.listed);
    free(orders->list.deals);
    free(orders);
}

/* What an update is worth telling for though the state stays. */
static bool is_news(enum sj_order_input input)
{
    return input == SJ_INPUT_HEARD || input == SJ_INPUT_PRICED || input == SJ_INPUT_REDUCED ||
           input == SJ_INPUT_CHANGE_DENIED || input == SJ_INPUT_CANCEL_DENIED ||
           input == SJ_INPUT_DEAL_PART || input == SJ_INPUT_DEAL_LAST ||
           input == SJ_INPUT_COMPLETE || input == SJ_INPUT_ALERT;
}

static void count_end(struct sj_orders *orders, enum sj_order_state state)
{
    orders->stats.filled += state == SJ_ORDER_FILLED;
    orders->stats.cancelled += state == SJ_ORDER_CANCELLED;
    orders->stats.rejected += state == SJ_ORDER_REJECTED;
    orders->stats.refused += state == SJ_ORDER_REFUSED;
}

void order_step(struct sj_orders *orders, struct order *order, enum sj_order_input input,
                const struct order_word *word, int64_t now_ns)
{
    enum sj_order_state from = (enum sj_order_state)order->state;
    struct sj_order_step step = sj_order_machine(from, input, order->filled > 0);
    orders->stats.odd += (step.flags & SJ_STEP_ODD) != 0;
    orders->stats.late += input == SJ_INPUT_LATE;
    order_set_state(orders, order, (enum sj_order_state)step.next);
    if (step.flags & SJ_STEP_ASK)
        order_list_want(orders, now_ns);
    if (step.next != from || is_news(input))
        order_emit_update(orders, order, from, input, word, now_ns);
    if (step.next != from)
        count_end(orders, (enum sj_order_state)step.next);
    if (step.next != SJ_ORDER_UNKNOWN)
        order_unblock(orders, order, now_ns);
}

uint64_t order_request(struct sj_orders *orders, struct order *order,
                       enum sj_order_request_kind kind, uint32_t quantity, int64_t price_e6)
{
    struct sj_order_request request = {.request_id = orders->request_id + 1,
                                       .kind = (uint8_t)kind,
                                       .quantity = quantity,
                                       .price_e6 = price_e6};
    if (order) {
        request.intent_id = order->intent_id;
        request.instrument = order->instrument;
        request.side = order->side;
        request.price_type = order->price_type;
        request.time_in_force = order->time_in_force;
        request.order_cond = order->order_cond;
        request.order_lot = order->order_lot;
        request.octype = order->octype;
        request.account = order->account;
        request.daytrade_short = order->daytrade_short;
        memcpy(request.order_id, order->order_id, sizeof request.order_id);
        memcpy(request.custom_field, &order->tag_key, sizeof request.custom_field);
    }
    struct request_slot *slot = &orders->requests[request.request_id % REQUESTS_SIZE];
    *slot = (struct request_slot){request.request_id, request.intent_id,
                                  order ? order_index(orders, order) : NIL, (uint8_t)kind};
    orders->request_id++;
    sj_rc rc = orders->ops.send(orders->ops.context, &request);
    if (rc >= 0)
        return request.request_id;
    slot->request_id = 0;
    return 0;
}

static void set_due(struct sj_orders *orders, struct order *order, int64_t now_ns)
{
    order_set_deadline(orders, order, now_ns + orders->config.ack_timeout_ms * SJ_NS_PER_MS);
}

/* Why an order is not taken at all, or NULL. */
static const char *unsupported(const struct sj_orders *orders, const struct sj_intent *intent)
{
    const struct sj_instrument *one =
        orders->instruments ? sj_instruments_get(orders->instruments, intent->instrument) : NULL;
    if (intent->time_in_force == SJ_ORDER_GTX && !orders->config.post_only)
        return "GTX is for backtests: no exchange here has it";
    if (orders->instruments && !one)
        return "no such instrument";
    if (one && memchr(one->code, '/', sizeof one->code))
        return "combo orders are not supported";
    if (one && one->security == SJ_SECURITY_IND)
        return "an index cannot be traded";
    if (intent->quantity == 0)
        return "quantity is 0";
    if (intent->side != SJ_SIDE_BUY && intent->side != SJ_SIDE_SELL)
        return "neither buy nor sell";
    return NULL;
}

static sj_rc place(struct sj_orders *orders, const struct sj_intent *intent, int64_t now_ns)
{
    if (order_by_intent(orders, intent->intent_id))
        return -EEXIST;
    if (orders->stats.open_count >= orders->config.max_open)
        return -SJ_E_FULL;
    struct order *order = order_reserve(orders, intent->intent_id);
    if (!order)
        return -SJ_E_FULL;
    order_describe(order, intent, now_ns);
    const char *why = unsupported(orders, intent);
    if (why) {
        order_step(orders, order, SJ_INPUT_REFUSE, &(struct order_word){why, NULL, 0, SJ_NULL_I64},
                   now_ns);
        return 0;
    }
    orders->stats.placed++;
    order_step(orders, order, SJ_INPUT_SUBMIT, NULL, now_ns);
    set_due(orders, order, now_ns);
    order->place_request =
        order_request(orders, order, SJ_REQUEST_PLACE, order->quantity, order->price_e6);
    if (order->place_request == 0)
        order_step(orders, order, SJ_INPUT_UNSENT,
                   &(struct order_word){"not sent: the link takes no request now", NULL, -SJ_E_FULL,
                                        SJ_NULL_I64},
                   now_ns);
    return 0;
}

void order_describe(struct order *order, const struct sj_intent *intent, int64_t now_ns)
{
    order->instrument = intent->instrument;
    order->strategy = intent->strategy;
    order->quantity = intent->quantity;
    order->price_e6 = intent->price_e6;
    order->side = intent->side;
    order->price_type = intent->price_type;
    order->time_in_force = intent->time_in_force;
    order->order_cond = intent->order_cond;
    order->order_lot = intent->order_lot;
    order->octype = intent->octype;
    order->account = (uint8_t)intent->account;
    order->daytrade_short = intent->daytrade_short;
    order->sent_ns = now_ns;
}

void order_send_cancel(struct sj_orders *orders, struct order *order, int64_t now_ns)
{
    if (!order->cancel_wanted || order->cancel_sent || order->id_key == 0 ||
        order->cancel_request != 0)
        return;
    if (order->cancel_tries == CANCEL_TRIES_MAX) {
        orders->wanted_count--;
        order->cancel_wanted = false;
        order_step(orders, order, SJ_INPUT_CANCEL_DENIED,
                   &(struct order_word){"cancelled several times without effect", NULL,
                                        -SJ_E_TIMEOUT, SJ_NULL_I64},
                   now_ns);
        return;
    }
    order->cancel_request = order_request(orders, order, SJ_REQUEST_CANCEL, 0, SJ_NULL_E6);
    if (order->cancel_request == 0) {
        orders->wanted_retry_ns = now_ns; /* sj_orders_time goes on trying */
        return;
    }
    order->cancel_tries++;
    order->cancel_sent = true;
    set_due(orders, order, now_ns);
}

void order_want_cancel(struct sj_orders *orders, struct order *order, int64_t now_ns)
{
    if (!order->cancel_wanted) {
        orders->wanted_count++;
        order->cancel_wanted = true;
        order->cancel_sent = false;
        order->cancel_tries = 0;
    }
    order_step(orders, order, SJ_INPUT_ASK_CANCEL, NULL, now_ns);
    order_send_cancel(orders, order, now_ns);
}

static void deny(struct sj_orders *orders, const struct order *order, enum sj_order_input cause,
                 const char *why, int64_t now_ns)
{
    struct order_word word = {why, NULL, -SJ_E_REFUSED, SJ_NULL_I64};
    order_emit_update(orders, order, (enum sj_order_state)order->state, cause, &word, now_ns);
}

/* Why the order cannot be changed now, or NULL. */
static const char *unchangeable(const struct order *order, const struct sj_intent *intent)
{
    if (sj_order_ended((enum sj_order_state)order->state))
        return "the order has ended";
    if (order->state != SJ_ORDER_WORKING && order->state != SJ_ORDER_PARTIAL)
        return "the order is not known to work now";
    if (order->id_key == 0)
        return "the broker's id of the order is not known yet";
    if (order->change_kind != 0)
        return "another change of it is under way";
    if (intent->kind == SJ_INTENT_PRICE && order->order_lot == SJ_LOT_INTRADAY_ODD)
        return "an intraday odd-lot order cannot change its price";
    if (intent->kind == SJ_INTENT_PRICE && order->price_type == SJ_ORDER_MKT)
        return "a market order has no price to change";
    uint32_t whole = order->quantity - order->cancelled;
    if (intent->kind == SJ_INTENT_QUANTITY &&
        (intent->quantity >= whole || intent->quantity <= order->filled))
        return "a quantity can only go down, and not to what is filled: cancel instead";
    return NULL;
}

static void change(struct sj_orders *orders, struct order *order, const struct sj_intent *intent,
                   int64_t now_ns)
{
    const char *why = unchangeable(order, intent);
    bool price = intent->kind == SJ_INTENT_PRICE;
    uint32_t quantity = 0;
    if (!why) {
        uint32_t left = intent->quantity - order->filled;
        quantity = price ? 0
                   : orders->config.quantity_meaning == SJ_ORDER_QUANTITY_LEFT
                       ? left
                       : order_left(order) - left;
        order->change_request =
            order_request(orders, order, price ? SJ_REQUEST_PRICE : SJ_REQUEST_QUANTITY, quantity,
                          price ? intent->price_e6 : order->price_e6);
        if (order->change_request == 0)
            why = "not sent: the link takes no request now";
    }
    if (why) {
        deny(orders, order, SJ_INPUT_CHANGE_DENIED, why, now_ns);
        return;
    }
    order->change_kind = price ? SJ_REQUEST_PRICE : SJ_REQUEST_QUANTITY;
    order->wish_price_e6 = intent->price_e6;
    order->wish_quantity = intent->quantity;
    set_due(orders, order, now_ns);
}

sj_rc sj_orders_intent(struct sj_orders *orders, const struct sj_intent *accepted, int64_t now_ns)
{
    if (accepted->intent_id == 0 || accepted->kind < SJ_INTENT_PLACE ||
        accepted->kind > SJ_INTENT_QUANTITY)
        return -SJ_E_RANGE;
    if (accepted->kind == SJ_INTENT_PLACE)
        return place(orders, accepted, now_ns);
    struct order *order = order_by_intent(orders, accepted->target_id);
    if (!order)
        return -SJ_E_UNKNOWN;
    if (accepted->kind != SJ_INTENT_CANCEL)
        change(orders, order, accepted, now_ns);
    else if (sj_order_ended((enum sj_order_state)order->state))
        deny(orders, order, SJ_INPUT_CANCEL_DENIED, "the order has ended", now_ns);
    else
        order_want_cancel(orders, order, now_ns);
    return 0;
}

static void expire(struct sj_orders *orders, struct order *order, int64_t now_ns)
{
    order_set_deadline(orders, order, INT64_MAX);
    orders->stats.timeouts++;
    struct order_word word = {"no acknowledgement in time", NULL, -SJ_E_TIMEOUT, SJ_NULL_I64};
    if (orders->config.timeout_policy == SJ_ORDER_TIMEOUT_ALERT) {
        order_step(orders, order, SJ_INPUT_ALERT, &word, now_ns);
        return;
    }
    if (!order->acked && order->doubt_ns == 0)
        order->doubt_ns = now_ns;
    if (order->cancel_request == 0)
        order->cancel_sent = false;
    order_step(orders, order, SJ_INPUT_TIMEOUT, &word, now_ns);
    if (orders->config.timeout_policy == SJ_ORDER_TIMEOUT_CANCEL && !order->acked &&
        !sj_order_ended((enum sj_order_state)order->state))
        order_want_cancel(orders, order, now_ns);
}

static void send_wanted(struct sj_orders *orders, int64_t now_ns)
{
    orders->wanted_retry_ns = now_ns + orders->config.retry_ms * SJ_NS_PER_MS;
    for (uint32_t at = orders->open_first; at != NIL;) {
        struct order *order = &orders->order[at];
        at = order->next;
        if (order->state == SJ_ORDER_CANCELLING)
            order_send_cancel(orders, order, now_ns);
    }
}

void sj_orders_time(struct sj_orders *orders, int64_t now_ns)
{
    while (orders->due_first != NIL && orders->order[orders->due_first].deadline_ns <= now_ns)
        expire(orders, &orders->order[orders->due_first], now_ns);
    if (orders->wanted_count > 0 && orders->wanted_retry_ns <= now_ns)
        send_wanted(orders, now_ns);
    if (orders->orphan_count > 0)
        order_report_expire_orphans(orders, now_ns);
    order_list_time(orders, now_ns);
}

int64_t sj_orders_due_ns(const struct sj_orders *orders)
{
    int64_t due = order_list_due_ns(orders);
    if (orders->due_first != NIL && orders->order[orders->due_first].deadline_ns < due)
        due = orders->order[orders->due_first].deadline_ns;
    if (orders->wanted_count > 0 && orders->wanted_retry_ns < due)
        due = orders->wanted_retry_ns;
    if (orders->orphan_count > 0 && orders->orphan_ns[0] < due)
        due = orders->orphan_ns[0];
    return due;
}
