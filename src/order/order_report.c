/* The broker's words about one order: which input of the machine each is. */
#include "order/order_private.h"

#define ANSWER_OK(status) ((status) >= 200 && (status) < 300)

struct order_word order_report_word(const struct sj_order_report *report)
{
    return (struct order_word){report->text, report->op_code, report->status, report->exch_ns};
}

/* An operation of the stream succeeded. */
static bool succeeded(const struct sj_order_report *report)
{
    return strncmp(report->op_code, "00", sizeof report->op_code) == 0;
}

static enum sj_order_input refused(struct order *order)
{
    order->over = true;
    order->cancelled = order_rest(order);
    return order->filled > 0 ? SJ_INPUT_GONE : SJ_INPUT_NACK;
}

static enum sj_order_input acknowledged(struct order *order)
{
    if (order->over || order->acked)
        return SJ_INPUT_LATE;
    order->acked = true;
    return SJ_INPUT_ACK;
}

static enum sj_order_input input_new(struct order *order, const struct sj_order_report *report)
{
    bool answer = report->source == SJ_REPORT_FROM_ANSWER;
    if (answer)
        order->place_request = 0;
    if (answer ? !ANSWER_OK(report->status) || report->broker_status == SJ_BROKER_FAILED
               : !succeeded(report)) {
        /* A refusal can't follow life: then it is about something else, or wrong. */
        if (order->over || order->acked || order->filled > 0)
            return SJ_INPUT_LATE;
        return refused(order);
    }
    if (!answer || report->broker_status == SJ_BROKER_SUBMITTED ||
        report->broker_status == SJ_BROKER_PART_FILLED)
        return acknowledged(order);
    return order->over || order->acked ? SJ_INPUT_LATE : SJ_INPUT_HEARD;
}

static enum sj_order_input input_cancel(struct sj_orders *orders, struct order *order,
                                        const struct sj_order_report *report)
{
    bool answer = report->source == SJ_REPORT_FROM_ANSWER;
    if (answer)
        order->cancel_request = 0;
    if (answer && ANSWER_OK(report->status))
        return SJ_INPUT_LATE; /* taken up; the stream tells what came of it */
    if (order->over)
        return SJ_INPUT_LATE;
    if (!answer && succeeded(report)) {
        order->acked = order->over = true;
        return SJ_INPUT_GONE;
    }
    order->cancel_sent = false;
    /* A server that was restarted knows no ids until its list was asked for: that is no answer. */
    bool forgotten = answer && report->status == 404;
    if (!forgotten && order->cancel_wanted) {
        orders->wanted_count--;
        order->cancel_wanted = false;
    }
    order_set_deadline(orders, order, INT64_MAX);
    return forgotten ? SJ_INPUT_TIMEOUT : SJ_INPUT_CANCEL_DENIED;
}

static void change_over(struct sj_orders *orders, struct order *order)
{
    order->change_kind = 0;
    if (!order->cancel_sent)
        order_set_deadline(orders, order, INT64_MAX);
}

static enum sj_order_input input_change(struct sj_orders *orders, struct order *order,
                                        const struct sj_order_report *report)
{
    bool answer = report->source == SJ_REPORT_FROM_ANSWER;
    bool price = report->kind == SJ_REPORT_PRICE;
    if (answer)
        order->change_request = 0;
    if (answer && ANSWER_OK(report->status))
        return SJ_INPUT_LATE;
    if (answer || !succeeded(report)) {
        if (order->change_kind == 0)
            return SJ_INPUT_LATE;
        change_over(orders, order);
        return answer && report->status == 404 ? SJ_INPUT_TIMEOUT : SJ_INPUT_CHANGE_DENIED;
    }
    if (order->over)
        return SJ_INPUT_LATE;
    if (order->change_kind == (price ? SJ_REQUEST_PRICE : SJ_REQUEST_QUANTITY))
        change_over(orders, order);
    order->acked = true;
    if (price) {
        if (report->price_e6 == SJ_NULL_E6 ||
            (order->price_ns != SJ_NULL_I64 && report->exch_ns <= order->price_ns))
            return SJ_INPUT_LATE;
        order->price_e6 = report->price_e6;
        order->price_ns = report->exch_ns;
        return SJ_INPUT_PRICED;
    }
    if (report->cancelled <= order->cancelled || report->cancelled == SJ_NULL_U32 ||
        report->cancelled > order->quantity)
        return SJ_INPUT_LATE;
    order->cancelled = report->cancelled;
    if (order->filled + order->cancelled < order->quantity)
        return SJ_INPUT_REDUCED;
    return order->filled > 0 ? SJ_INPUT_COMPLETE : SJ_INPUT_GONE;
}

/* What is cancelled follows from what is filled, once nothing works any more. */
static void settle(struct order *order)
{
    if (order->over)
        order->cancelled = order_rest(order);
}

enum sj_order_input order_report_deal_input(struct order *order)
{
    order->acked = true;
    settle(order);
    if (order->filled >= order->quantity)
        return SJ_INPUT_COMPLETE;
    if (order->over)
        return SJ_INPUT_DEAL_LAST;
    return order->filled + order->cancelled >= order->quantity ? SJ_INPUT_COMPLETE
                                                               : SJ_INPUT_DEAL_PART;
}

static enum sj_order_input input_timeout(const struct sj_orders *orders, struct order *order,
                                         uint64_t request_id, int64_t now_ns)
{
    uint8_t kind = orders->requests[request_id % REQUESTS_SIZE].kind;
    if (kind == SJ_REQUEST_PLACE) {
        order->place_request = 0;
        if (order->acked || order->over)
            return SJ_INPUT_LATE;
        order->doubt_ns = now_ns;
    } else if (kind == SJ_REQUEST_CANCEL) {
        order->cancel_request = 0;
        order->cancel_sent = false;
    } else {
        order->change_request = 0;
        order->change_kind = 0;
    }
    return SJ_INPUT_TIMEOUT;
}

static enum sj_order_input input_of(struct sj_orders *orders, struct order *order,
                                    const struct sj_order_report *report, int64_t now_ns)
{
    switch (report->kind) {
    case SJ_REPORT_NEW:
        return input_new(order, report);
    case SJ_REPORT_CANCEL:
        return input_cancel(orders, order, report);
    case SJ_REPORT_PRICE:
    case SJ_REPORT_QUANTITY:
        return input_change(orders, order, report);
    case SJ_REPORT_REJECT:
        return order->over ? SJ_INPUT_LATE : refused(order);
    case SJ_REPORT_DEAL:
        return order_report_deal_input(order);
    case SJ_REPORT_TIMEOUT:
        return input_timeout(orders, order, report->request_id, now_ns);
    default:
        return SJ_INPUT_LATE;
    }
}

void order_report_apply(struct sj_orders *orders, struct order *order,
                        const struct sj_order_report *report, int64_t now_ns)
{
    bool named = order_learn(orders, order, report);
    struct order_word word = order_report_word(report);
    bool deal = report->kind == SJ_REPORT_DEAL;
    if (deal && (report->quantity == 0 || report->quantity == SJ_NULL_U32 ||
                 !order_add_deal(orders, order, report, now_ns))) {
        orders->stats.late++;
    } else {
        if (deal)
            order_emit_fill(orders, order, report, now_ns);
        enum sj_order_input input = input_of(orders, order, report, now_ns);
        settle(order);
        if (input == SJ_INPUT_LATE && named)
            order_emit_update(orders, order, (enum sj_order_state)order->state, SJ_INPUT_HEARD,
                              &word, now_ns);
        if (input == SJ_INPUT_ACK || input == SJ_INPUT_NACK)
            order_set_deadline(orders, order, INT64_MAX);
        order_step(orders, order, input, &word, now_ns);
    }
    if (named) {
        order_report_adopt_orphans(orders, order, now_ns);
        order_send_cancel(orders, order, now_ns);
    }
}

/* A word about an order that is not known. It may be ours: the stream can be quicker than the
 * answer that brings the id. It waits as long as an order of ours has no id. */
static void keep_orphan(struct sj_orders *orders, const struct sj_order_report *report,
                        int64_t now_ns)
{
    if (orders->nameless_count == 0) {
        order_emit_foreign(orders, report, now_ns);
        return;
    }
    if (orders->orphan_count == ORPHANS_MAX) {
        orders->stats.orphans_dropped++;
        order_list_want(orders, now_ns); /* the list has what it said */
        return;
    }
    orders->orphans[orders->orphan_count] = *report;
    orders->orphan_ns[orders->orphan_count++] =
        now_ns + (orders->config.ack_timeout_ms + orders->config.answer_timeout_ms) * SJ_NS_PER_MS;
}

static void orphan_remove(struct sj_orders *orders, uint32_t at)
{
    uint32_t behind = --orders->orphan_count - at;
    memmove(&orders->orphans[at], &orders->orphans[at + 1], behind * sizeof *orders->orphans);
    memmove(&orders->orphan_ns[at], &orders->orphan_ns[at + 1], behind * sizeof *orders->orphan_ns);
}

void order_report_adopt_orphans(struct sj_orders *orders, struct order *order, int64_t now_ns)
{
    for (uint32_t i = 0; i < orders->orphan_count;) {
        if (order_of_report(orders, &orders->orphans[i]) != order) {
            i++;
            continue;
        }
        struct sj_order_report report = orders->orphans[i];
        orphan_remove(orders, i);
        order_report_apply(orders, order, &report, now_ns);
    }
}

void order_report_expire_orphans(struct sj_orders *orders, int64_t now_ns)
{
    while (orders->orphan_count > 0 &&
           (orders->orphan_ns[0] <= now_ns || orders->nameless_count == 0)) {
        struct sj_order_report report = orders->orphans[0];
        orphan_remove(orders, 0);
        order_emit_foreign(orders, &report, now_ns);
    }
}

void sj_orders_report(struct sj_orders *orders, const struct sj_order_report *report,
                      int64_t now_ns)
{
    bool of_list = report->source == SJ_REPORT_FROM_LIST || report->kind >= SJ_REPORT_LINK_UP ||
                   (report->kind >= SJ_REPORT_LISTED && report->kind <= SJ_REPORT_LIST_END);
    if (of_list) {
        order_list_report(orders, report, now_ns);
        return;
    }
    const struct request_slot *slot = &orders->requests[report->request_id % REQUESTS_SIZE];
    if (report->kind == SJ_REPORT_TIMEOUT &&
        (report->request_id == 0 || slot->request_id != report->request_id))
        return;
    if (report->kind == SJ_REPORT_TIMEOUT && slot->kind == SJ_REQUEST_LIST) {
        order_list_failed(orders, now_ns);
        return;
    }
    struct order *order = order_of_report(orders, report);
    if (order && order->used)
        order_report_apply(orders, order, report, now_ns);
    else
        keep_orphan(orders, report, now_ns);
}
