/* The room's events. While a journal is being restored nothing is emitted. */
#include "order/order_private.h"

#include <stdio.h>

static void copy_text(char *to, size_t size, const char *from)
{
    memset(to, 0, size);
    if (from)
        memcpy(to, from, strnlen(from, size));
}

static void emit(struct sj_orders *orders, void *event)
{
    if (!orders->restoring)
        orders->ops.emit(orders->ops.context, event);
}

void order_emit_update(struct sj_orders *orders, const struct order *order,
                       enum sj_order_state from, enum sj_order_input cause,
                       const struct order_word *word, int64_t now_ns)
{
    struct sj_order_update update = {
        .instrument = order->instrument,
        .exch_ns = word ? word->exch_ns : SJ_NULL_I64,
        .recv_ns = now_ns,
        .intent_id = order->intent_id,
        .price_e6 = order->price_e6,
        .quantity = order->quantity,
        .filled = order->filled,
        .cancelled = order->cancelled,
        .strategy = order->strategy,
        .state_from = (uint8_t)from,
        .state_to = order->state,
        .cause = (uint8_t)cause,
        .side = order->side,
        .account = order->account,
        .status = word ? word->status : 0,
    };
    sj_frame_head(&update, SJ_EVENT_ORDER, sizeof update);
    memcpy(update.order_id, order->order_id, sizeof update.order_id);
    memcpy(update.ordno, order->ordno, sizeof update.ordno);
    memcpy(update.seqno, order->seqno, sizeof update.seqno);
    copy_text(update.op_code, sizeof update.op_code, word ? word->op_code : NULL);
    copy_text(update.text, sizeof update.text, word ? word->text : NULL);
    emit(orders, &update);
}

void order_emit_fill(struct sj_orders *orders, const struct order *order,
                     const struct sj_order_report *deal, int64_t now_ns)
{
    struct sj_fill fill = {
        .instrument = order->instrument,
        .flags = order->order_lot == SJ_LOT_ODD || order->order_lot == SJ_LOT_INTRADAY_ODD
                     ? SJ_FLAG_ODD_LOT
                     : 0,
        .exch_ns = deal->exch_ns,
        .recv_ns = now_ns,
        .intent_id = order->intent_id,
        .price_e6 = deal->price_e6,
        .quantity = deal->quantity,
        .strategy = order->strategy,
        .side = order->side,
        .order_lot = order->order_lot,
        .account = order->account,
        .daytrade_short = order->daytrade_short,
        .fee_e6 = SJ_NULL_E6,
        .tax_e6 = SJ_NULL_E6,
    };
    sj_frame_head(&fill, SJ_EVENT_FILL, sizeof fill);
    memcpy(fill.order_id, order->order_id, sizeof fill.order_id);
    memcpy(fill.exchange_seq, deal->exchange_seq, sizeof fill.exchange_seq);
    memcpy(fill.ordno, order->ordno, sizeof fill.ordno);
    emit(orders, &fill);
}

void order_emit_block(struct sj_orders *orders, uint32_t instrument, bool block, const char *why,
                      int64_t now_ns)
{
    struct sj_control control = {
        .instrument = instrument,
        .exch_ns = SJ_NULL_I64,
        .recv_ns = now_ns,
        .kind = block ? SJ_CONTROL_BLOCK : SJ_CONTROL_UNBLOCK,
        .source = SJ_CONTROL_BY_RECONCILE,
        .value = SJ_NULL_I64,
    };
    sj_frame_head(&control, SJ_EVENT_CONTROL, sizeof control);
    copy_text(control.text, sizeof control.text, why);
    emit(orders, &control);
}

/* An order of somebody else at the same account: told once by its id. */
void order_emit_foreign(struct sj_orders *orders, const struct sj_order_report *report,
                        int64_t now_ns)
{
    orders->stats.foreign++;
    uint64_t key = order_map_text_key(report->order_id, sizeof report->order_id);
    if (key == 0 || order_map_find(&orders->foreign, key) != ORDER_MAP_NONE)
        return;
    if (!order_map_put(&orders->foreign, key, 0)) {
        order_map_clear(&orders->foreign);
        order_map_put(&orders->foreign, key, 0);
    }
    struct sj_order_update update = {
        .instrument = report->instrument,
        .exch_ns = report->exch_ns,
        .recv_ns = now_ns,
        .price_e6 = report->price_e6,
        .quantity = report->quantity,
        .filled = report->filled,
        .cancelled = report->cancelled,
        .cause = SJ_INPUT_FOREIGN,
        .side = report->side,
        .status = report->status,
    };
    sj_frame_head(&update, SJ_EVENT_ORDER, sizeof update);
    memcpy(update.order_id, report->order_id, sizeof update.order_id);
    memcpy(update.ordno, report->ordno, sizeof update.ordno);
    memcpy(update.seqno, report->seqno, sizeof update.seqno);
    snprintf(update.text, sizeof update.text, "%s",
             report->flags & SJ_FLAG_COMBO ? "a combo order, which is not supported"
                                           : "an order that is none of ours");
    emit(orders, &update);
}
