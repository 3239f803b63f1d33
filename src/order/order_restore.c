/* Orders of earlier runs, from the journal. */
#include "order/order_private.h"

static void restore_intent(struct sj_orders *orders, const struct sj_intent *intent)
{
    if (intent->kind != SJ_INTENT_PLACE || intent->intent_id == 0 ||
        order_by_intent(orders, intent->intent_id))
        return;
    struct order *order = order_reserve(orders, intent->intent_id);
    if (order)
        order_describe(order, intent, intent->recv_ns);
}

static void restore_verdict(struct sj_orders *orders, const struct sj_verdict *verdict)
{
    struct order *order = order_by_intent(orders, verdict->intent_id);
    if (!order || order->state != SJ_ORDER_NONE)
        return;
    order->accepted = verdict->accepted == 1;
    if (!order->accepted)
        order_forget(orders, order); /* it never left; nothing can come of it */
}

static void restore_update(struct sj_orders *orders, const struct sj_order_update *update)
{
    struct order *order = order_by_intent(orders, update->intent_id);
    if (!order || update->state_to >= SJ_ORDER_STATE_COUNT)
        return;
    struct sj_order_report ids = {0};
    memcpy(ids.order_id, update->order_id, sizeof ids.order_id);
    memcpy(ids.ordno, update->ordno, sizeof ids.ordno);
    memcpy(ids.seqno, update->seqno, sizeof ids.seqno);
    (void)order_learn(orders, order, &ids);
    order->price_e6 = update->price_e6;
    order->cancelled = update->cancelled;
    if (update->cause == SJ_INPUT_PRICED)
        order->price_ns = update->exch_ns;
    uint8_t state = update->state_to;
    order->acked |= state == SJ_ORDER_WORKING || state == SJ_ORDER_PARTIAL;
    order->over = state == SJ_ORDER_CANCELLED ||
                  (state == SJ_ORDER_REJECTED && update->cause == SJ_INPUT_NACK);
    bool wanted =
        state == SJ_ORDER_CANCELLING || (state == SJ_ORDER_UNKNOWN && order->cancel_wanted);
    order_set_state(orders, order, (enum sj_order_state)state);
    if (wanted && !order->cancel_wanted) {
        order->cancel_wanted = true;
        orders->wanted_count++;
    }
}

static void restore_fill(struct sj_orders *orders, const struct sj_fill *fill)
{
    struct order *order = order_by_intent(orders, fill->intent_id);
    if (!order)
        return;
    struct sj_order_report deal = {
        .exch_ns = fill->exch_ns, .price_e6 = fill->price_e6, .quantity = fill->quantity};
    memcpy(deal.exchange_seq, fill->exchange_seq, sizeof deal.exchange_seq);
    order->acked = true;
    order_keep_deal(orders, order, &deal, false);
}

void sj_orders_restore(struct sj_orders *orders, const struct sj_frame *event)
{
    orders->restoring = true;
    if (event->template_id == SJ_EVENT_INTENT)
        restore_intent(orders, (const struct sj_intent *)event);
    else if (event->template_id == SJ_EVENT_VERDICT)
        restore_verdict(orders, (const struct sj_verdict *)event);
    else if (event->template_id == SJ_EVENT_ORDER)
        restore_update(orders, (const struct sj_order_update *)event);
    else if (event->template_id == SJ_EVENT_FILL)
        restore_fill(orders, (const struct sj_fill *)event);
    orders->restoring = false;
}

/* Fills stand in the journal before the update that tells of them: a kill may lie between. */
static void doubt(struct sj_orders *orders, struct order *order, int64_t now_ns)
{
    struct order_word word = {"we were restarted", NULL, 0, SJ_NULL_I64};
    if (order->filled > 0 && order->state != SJ_ORDER_FILLED)
        order_step(orders, order, order_report_deal_input(order), &word, now_ns);
    if (sj_order_ended((enum sj_order_state)order->state))
        return;
    if (!order->acked && order->id_key == 0)
        order->doubt_ns = now_ns;
    order_step(orders, order, SJ_INPUT_TIMEOUT, &word, now_ns);
}

void sj_orders_restored(struct sj_orders *orders, int64_t now_ns)
{
    for (uint32_t at = 0; at < orders->order_max; at++) {
        struct order *order = &orders->order[at];
        if (!order->used)
            continue;
        if (order->state == SJ_ORDER_NONE && !order->accepted && order->filled == 0) {
            order_forget(orders, order); /* no verdict: it was not sent */
            continue;
        }
        if (order->state == SJ_ORDER_NONE)
            order_step(orders, order, SJ_INPUT_SUBMIT, NULL, now_ns);
        doubt(orders, order, now_ns);
    }
    order_list_want(orders, now_ns);
}
