#include "decide/inside.h"

#include "order/tag.h"

#include <stdio.h>
#include <string.h>

/* The ring takes nothing: the journal has stopped, or is far behind. What cannot be written down
 * must not happen, so no new order is made; what comes from the broker is still followed. */
static void ring_is_full(struct sj_decide *decide)
{
    struct sj_control control = {
        .kind = SJ_CONTROL_KILL,
        .source = SJ_CONTROL_BY_PROCESS,
        .text = "the ring takes no more: the journal stopped or lags",
    };
    decide->status.unpublished_count++;
    if (decide->full)
        return;
    decide->full = true;
    sj_frame_head(&control, SJ_EVENT_CONTROL, sizeof control);
    control.exch_ns = control.recv_ns = decide->now_ns;
    sj_risk_control(decide->risk, &control);
    if (decide->ops.trip)
        decide->ops.trip(decide->ops.context, &control);
    decide_stop_begin(decide);
}

static int64_t put(struct sj_decide *decide, struct sj_frame *event)
{
    int64_t seq = decide->ops.publish(decide->ops.context, event);
    if (seq < 0) {
        ring_is_full(decide);
        return seq;
    }
    decide->own_seq = (uint64_t)seq;
    return seq;
}

static int64_t put_note(struct sj_decide *decide, const struct unnoted *inputs, uint64_t last_seq)
{
    struct sj_drained note = {.src = inputs->src, .count = inputs->count};
    sj_frame_head(&note, SJ_EVENT_DRAINED, sizeof note);
    note.exch_ns = note.recv_ns = inputs->now_ns;
    note.first_seq = inputs->first_seq;
    note.last_seq = last_seq;
    return put(decide, (struct sj_frame *)&note);
}

void decide_emit_note(struct sj_decide *decide, const struct unnoted *inputs, uint64_t last_seq)
{
    (void)put_note(decide, inputs, last_seq);
}

/* Writes what was taken and not noted. Where that fails, it stays to be written. */
int64_t decide_note(struct sj_decide *decide)
{
    struct unnoted *unnoted = &decide->unnoted;
    int64_t seq = put_note(decide, unnoted, unnoted->first_seq + unnoted->count - 1);
    if (seq >= 0)
        unnoted->count = 0;
    return seq;
}

/* Nothing is on the ring before the inputs it may follow from. */
int64_t decide_emit(struct sj_decide *decide, struct sj_frame *event)
{
    int64_t seq = decide->unnoted.count > 0 ? decide_note(decide) : 0;
    return seq < 0 ? seq : put(decide, event);
}

void decide_publish_control(struct sj_decide *decide, struct sj_control *control)
{
    sj_frame_head(control, SJ_EVENT_CONTROL, sizeof *control);
    control->exch_ns = control->recv_ns = decide->now_ns;
    decide_emit(decide, (struct sj_frame *)control);
}

void decide_emit_control(struct sj_decide *decide, enum sj_control_kind kind,
                         enum sj_control_source source, const char *text)
{
    struct sj_control control = {.kind = (uint8_t)kind, .source = (uint8_t)source};
    snprintf(control.text, sizeof control.text, "%s", text);
    decide_publish_control(decide, &control);
    decide_apply_control(decide, &control);
}

/* An order that never came to be, told to everybody who reserved or waits for something. */
static void reject(struct sj_decide *decide, const struct sj_intent *intent, const char *why)
{
    struct sj_order_update update = {
        .intent_id = intent->intent_id,
        .price_e6 = intent->price_e6,
        .quantity = intent->quantity,
        .cancelled = intent->quantity,
        .strategy = intent->strategy,
        .side = intent->side,
        .account = (uint8_t)intent->account,
        .state_from = SJ_ORDER_NONE,
        .state_to = SJ_ORDER_REJECTED,
    };
    sj_frame_head(&update, SJ_EVENT_ORDER, sizeof update);
    update.instrument = intent->instrument;
    update.exch_ns = update.recv_ns = decide->now_ns;
    snprintf(update.text, sizeof update.text, "%s", why);
    decide_on_order_event(decide, (struct sj_frame *)&update);
}

static bool judge(struct sj_decide *decide, const struct sj_intent *intent)
{
    struct sj_verdict verdict;
    bool accepted = sj_risk_check(decide->risk, intent, decide->now_ns, &verdict);
    verdict.origin_seq = intent->origin_seq;
    verdict.origin_src = intent->origin_src;
    int64_t seq = decide_emit(decide, (struct sj_frame *)&verdict);
    if (accepted && seq < 0) { /* an order without a written verdict is none */
        reject(decide, intent, "the ring takes no more");
        return false;
    }
    if (accepted)
        decide->status.accepted_count++;
    else
        decide->status.refused_count++;
    sj_strategies_order(decide->strategies, (const struct sj_frame *)&verdict, decide->now_ns);
    return accepted;
}

/* Whose money it is: stocks and derivatives lie in different accounts. */
static void put_account(const struct sj_decide *decide, struct sj_intent *intent)
{
    const struct sj_instrument *instrument =
        sj_instruments_get(decide->instruments, intent->instrument);
    intent->account =
        sj_account_of(instrument ? (enum sj_security)instrument->security : SJ_SECURITY_UNKNOWN);
}

uint64_t decide_take_intent(void *context, struct sj_intent *intent)
{
    struct sj_decide *decide = context;
    if (decide->full && intent->kind == SJ_INTENT_PLACE)
        return 0;
    sj_risk_expect(decide->risk, intent);
    if (decide->ops.expect && intent->kind == SJ_INTENT_PLACE)
        decide->ops.expect(decide->ops.context, intent->instrument);
    intent->intent_id = decide->next_intent_id;
    intent->exch_ns = intent->recv_ns = decide->now_ns;
    sj_order_tag(intent->intent_id, intent->custom_field);
    put_account(decide, intent);
    if (decide_emit(decide, (struct sj_frame *)intent) < 0)
        return 0;
    decide->next_intent_id++;
    decide->status.intent_count++;
    if (judge(decide, intent)) {
        sj_rc rc = sj_orders_intent(decide->orders, intent, decide->now_ns);
        if (rc < 0)
            reject(decide, intent, sj_rc_text(rc));
    }
    return intent->intent_id;
}

uint64_t decide_house_intent(struct sj_decide *decide, struct sj_intent *intent)
{
    sj_frame_head(intent, SJ_EVENT_INTENT, sizeof *intent);
    intent->strategy = HOUSE;
    return decide_take_intent(decide, intent);
}

void decide_on_order_event(void *context, struct sj_frame *event)
{
    struct sj_decide *decide = context;
    switch (event->template_id) {
    case SJ_EVENT_FILL: {
        struct sj_fill *fill = (struct sj_fill *)event;
        if (fill->account < SJ_ACCOUNTS)
            memcpy(fill->broker_account, decide->account_id[fill->account],
                   sizeof fill->broker_account);
        if (decide->ops.cost)
            decide->ops.cost(decide->ops.context, fill);
        sj_account_fill(decide->account, fill);
        decide_emit(decide, event);
        sj_risk_fill(decide->risk, fill);
        decide->status.fill_count++;
        break;
    }
    case SJ_EVENT_ORDER:
        decide_emit(decide, event);
        sj_risk_order(decide->risk, (const struct sj_order_update *)event);
        break;
    case SJ_EVENT_CONTROL:
        decide_emit(decide, event);
        decide_apply_control(decide, (const struct sj_control *)event);
        return;
    default:
        return;
    }
    sj_strategies_order(decide->strategies, event, decide->now_ns);
}

/* What the link could not take is written down: decided again, the same request must fail again. */
sj_rc decide_on_order_request(void *context, const struct sj_order_request *request)
{
    struct sj_decide *decide = context;
    sj_rc rc = decide->ops.send(decide->ops.context, request);
    if (rc >= 0)
        return rc;
    struct sj_order_report report = {
        .request_id = request->request_id,
        .intent_id = request->intent_id,
        .price_e6 = SJ_NULL_E6,
        .kind = SJ_REPORT_UNSENT,
        .source = SJ_REPORT_FROM_LOCAL,
        .status = rc,
    };
    sj_frame_head(&report, SJ_EVENT_ORDER_REPORT, sizeof report);
    report.instrument = request->instrument;
    report.exch_ns = report.recv_ns = decide->now_ns;
    decide_emit(decide, (struct sj_frame *)&report);
    return rc;
}

/* Broker and we differ, or agree again; an instrument is blocked by that. */
void decide_on_account_event(void *context, struct sj_frame *event)
{
    struct sj_decide *decide = context;
    decide_emit(decide, event);
    if (event->template_id == SJ_EVENT_CONTROL)
        decide_apply_control(decide, (const struct sj_control *)event);
    else
        sj_risk_account(decide->risk, event);
}

void decide_kill(struct sj_decide *decide, enum sj_control_source source, const char *reason)
{
    struct sj_control control = {.kind = SJ_CONTROL_KILL, .source = (uint8_t)source};
    snprintf(control.text, sizeof control.text, "%s", reason);
    decide_publish_control(decide, &control);
    if (decide->ops.trip)
        decide->ops.trip(decide->ops.context, &control);
    decide_apply_control(decide, &control);
}

/* Risk stopped trading itself. */
void decide_on_risk_control(void *context, const struct sj_control *control)
{
    struct sj_decide *decide = context;
    struct sj_control copy = *control;
    if (decide->started) /* found again by a restart: the switch tells it, after START */
        decide_emit(decide, (struct sj_frame *)&copy);
    if (decide->ops.trip)
        decide->ops.trip(decide->ops.context, &copy);
    if (decide->started)
        decide_stop_begin(decide);
}

void decide_on_strategy_control(void *context, struct sj_control *control)
{
    struct sj_decide *decide = context;
    decide_emit(decide, (struct sj_frame *)control);
    sj_risk_control(decide->risk, control);
}

void decide_emit_stats(struct sj_decide *decide)
{
    for (uint32_t i = 1; i <= sj_strategies_count(decide->strategies); i++) {
        struct sj_strategy_stats stats;
        if (sj_strategies_stats(decide->strategies, i, decide->now_ns, &stats) < 0)
            continue;
        sj_account_stats(decide->account, &stats);
        decide_emit(decide, (struct sj_frame *)&stats);
    }
}
