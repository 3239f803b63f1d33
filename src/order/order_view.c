/* What others may see of the orders, and the one thing they may do to all of them. */
#include "order/order_private.h"

static void view(const struct order *order, struct sj_order_view *ret_view)
{
    *ret_view = (struct sj_order_view){.intent_id = order->intent_id,
                                       .instrument = order->instrument,
                                       .strategy = order->strategy,
                                       .quantity = order->quantity,
                                       .filled = order->filled,
                                       .left = order_left(order),
                                       .price_e6 = order->price_e6,
                                       .state = order->state,
                                       .side = order->side,
                                       .order_lot = order->order_lot,
                                       .account = order->account,
                                       .cancel_wanted = order->cancel_wanted};
    memcpy(ret_view->order_id, order->order_id, sizeof ret_view->order_id);
}

bool sj_orders_find(const struct sj_orders *orders, uint64_t intent_id,
                    struct sj_order_view *ret_view)
{
    const struct order *order = order_by_intent(orders, intent_id);
    if (order)
        view(order, ret_view);
    return order != NULL;
}

bool sj_orders_open_next(const struct sj_orders *orders, uint32_t *cursor,
                         struct sj_order_view *ret_view)
{
    /* 0 begins; else one more than the place to go on from; NIL ends. */
    uint32_t at = *cursor == 0 ? orders->open_first : *cursor == NIL ? NIL : *cursor - 1;
    if (at == NIL)
        return false;
    const struct order *order = &orders->order[at];
    *cursor = order->next == NIL ? NIL : order->next + 1;
    view(order, ret_view);
    return true;
}

uint32_t sj_orders_cancel_all(struct sj_orders *orders, uint32_t strategy, uint32_t instrument,
                              int64_t now_ns)
{
    uint32_t count = 0;
    /* A step may move an order to the end of the list, never what lies before the last of now. */
    uint32_t last = orders->open_last;
    for (uint32_t at = orders->open_first; at != NIL;) {
        struct order *order = &orders->order[at];
        uint32_t next = at == last ? NIL : order->next;
        if ((strategy == 0 || order->strategy == strategy) &&
            (instrument == 0 || order->instrument == instrument)) {
            order_want_cancel(orders, order, now_ns);
            count++;
        }
        at = next;
    }
    return count;
}

uint32_t sj_orders_tell(struct sj_orders *orders, uint32_t strategy, int64_t now_ns)
{
    uint32_t count = 0;
    for (uint32_t at = orders->open_first; at != NIL; at = orders->order[at].next) {
        const struct order *order = &orders->order[at];
        if (order->strategy != strategy)
            continue;
        order_emit_update(orders, order, (enum sj_order_state)order->state, SJ_INPUT_NONE, NULL,
                          now_ns);
        count++;
    }
    return count;
}

bool sj_orders_blocked(const struct sj_orders *orders, uint32_t instrument)
{
    return instrument <= SJ_INSTRUMENTS_MAX && orders->blocks[instrument] > 0;
}

void sj_orders_stats(const struct sj_orders *orders, struct sj_orders_stats *ret_stats)
{
    *ret_stats = orders->stats;
}
