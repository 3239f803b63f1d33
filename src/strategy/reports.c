/* What became of intents: verdicts, order updates and fills, made into reports. */
#include <string.h>

#include "base/warm.h"
#include "strategy/host_private.h"

struct report_call {
    const struct sj_strategy_host *host;
    const struct sj_strategy_report *report;
};

static void call_order(void *argument)
{
    const struct report_call *call = argument;
    call->host->plugin->on_order(call->host->state, call->report);
}

static void deliver(struct sj_strategy_host *host, const struct sj_strategy_report *report)
{
    struct report_call call = {host, report};
    if (!host->armed || (host->owner->doomed & sj_host_bit(host)))
        return;
    host->order_count += report->news != SJ_NEWS_FILL;
    uint64_t begin = host->owner->timed ? sj_guard_cycles() : 0;
    if (sj_host_guarded(host, call_order, &call) && host->owner->timed &&
        sj_guard_cycles() - begin > host->budget_cycles)
        sj_host_note_overrun(host);
}

static struct sj_strategy_report report_of(const struct sj_intent_entry *order,
                                           enum sj_order_news news, const char *reason)
{
    return (struct sj_strategy_report){.intent_id = order->intent_id,
                                       .instrument = order->instrument,
                                       .news = (uint8_t)news,
                                       .state = order->state,
                                       .side = order->side,
                                       .price_e6 = order->price_e6,
                                       .quantity = order->quantity,
                                       .filled = sj_intent_entry_filled(order),
                                       .left = sj_intent_entry_left(order),
                                       .fill_price_e6 = SJ_NULL_E6,
                                       .reason = reason};
}

/* A field of an event as a text; most are empty. */
static void text_of(char *ret_text, const char *field, size_t size)
{
    size_t length = *field ? strnlen(field, size) : 0;
    memcpy(ret_text, field, length);
    ret_text[length] = '\0';
}

static void take_verdict(struct sj_strategies *s, const struct sj_verdict *verdict)
{
    struct sj_intent_entry *entry = sj_intent_table_find(&s->intents, verdict->intent_id);
    char reason[sizeof verdict->check_name + 1];
    if (!entry || verdict->accepted)
        return;
    struct sj_strategy_host *host = sj_host_get(s, entry->strategy);
    text_of(reason, verdict->check_name, sizeof verdict->check_name);
    host->refused_count++;
    enum sj_order_news news = SJ_NEWS_DENIED;
    if (entry->kind == SJ_INTENT_PLACE) {
        sj_intent_table_set_state(&s->intents, entry, SJ_ORDER_REFUSED);
        news = SJ_NEWS_STATE;
    } else {
        entry = sj_intent_table_find(&s->intents, entry->target_id);
        if (!entry)
            return; /* the order has long ended, and was told of */
        if (entry->state == SJ_ORDER_CANCELLING)
            sj_intent_table_set_state(&s->intents, entry,
                                      sj_intent_entry_filled(entry) ? SJ_ORDER_PARTIAL
                                                                    : SJ_ORDER_WORKING);
    }
    struct sj_strategy_report report = report_of(entry, news, reason);
    deliver(host, &report);
}

/* What an update changed, for the strategy; 0: nothing it does not know. */
static enum sj_order_news news_of(const struct sj_intent_entry *was,
                                  const struct sj_intent_entry *is, uint8_t cause)
{
    switch (cause) {
    case SJ_CAUSE_CHANGE_DENIED:
    case SJ_CAUSE_CANCEL_DENIED:
        return SJ_NEWS_DENIED;
    case SJ_CAUSE_PRICED:
    case SJ_CAUSE_REDUCED:
        return SJ_NEWS_CHANGED;
    default:
        break;
    }
    if (is->state != was->state)
        return SJ_NEWS_STATE;
    bool changed = is->price_e6 != was->price_e6 || is->quantity != was->quantity ||
                   is->cancelled != was->cancelled;
    return changed ? SJ_NEWS_CHANGED : 0;
}

static void take_update(struct sj_strategies *s, const struct sj_order_update *update)
{
    struct sj_intent_entry *entry = sj_intent_table_find(&s->intents, update->intent_id);
    char reason[sizeof update->text + 1];
    if (!entry || entry->kind != SJ_INTENT_PLACE || update->state_to == SJ_ORDER_NONE ||
        update->state_to >= SJ_ORDER_STATE_COUNT)
        return;
    struct sj_intent_entry was = *entry;
    if (update->price_e6 != SJ_NULL_E6)
        entry->price_e6 = update->price_e6;
    if (update->quantity != 0 && update->quantity != SJ_NULL_U32)
        entry->quantity = update->quantity;
    if (update->filled != SJ_NULL_U32 && update->filled > entry->filled_told)
        entry->filled_told = update->filled;
    if (update->cancelled != SJ_NULL_U32)
        entry->cancelled = update->cancelled;
    sj_intent_table_set_state(&s->intents, entry, (enum sj_order_state)update->state_to);
    enum sj_order_news news = news_of(&was, entry, update->cause);
    if (!news)
        return;
    text_of(reason, update->text, sizeof update->text);
    struct sj_strategy_report report = report_of(entry, news, reason);
    deliver(sj_host_get(s, entry->strategy), &report);
}

/* The order's own account of a fill. It may come before, after or without an update that says so.
 */
static void book_fill(struct sj_strategies *s, struct sj_intent_entry *order, uint32_t quantity)
{
    order->filled_seen += quantity;
    if (order->state >= SJ_ORDER_FILLED)
        return;
    if (sj_intent_entry_filled(order) >= order->quantity)
        sj_intent_table_set_state(&s->intents, order, SJ_ORDER_FILLED);
    else if (order->state == SJ_ORDER_PENDING || order->state == SJ_ORDER_WORKING)
        sj_intent_table_set_state(&s->intents, order, SJ_ORDER_PARTIAL);
}

static void take_fill(struct sj_strategies *s, const struct sj_fill *fill, bool tell)
{
    struct sj_intent_entry *order = sj_intent_table_find(&s->intents, fill->intent_id);
    struct sj_strategy_host *host = sj_host_get(s, order ? order->strategy : fill->strategy);
    if (!host || fill->instrument > s->instrument_max || fill->quantity == 0)
        return;
    int64_t signed_quantity = fill->side == SJ_SIDE_BUY ? fill->quantity : -(int64_t)fill->quantity;
    host->positions[fill->instrument] += signed_quantity;
    if (!sj_host_keep(host, fill->instrument))
        sj_host_log(host, "too many instruments that it is not given: a position is not saved");
    host->fill_count++;
    struct sj_strategy_report report;
    if (order) {
        book_fill(s, order, fill->quantity);
        report = report_of(order, SJ_NEWS_FILL, "");
    } else {
        /* From before a restart that kept nothing: what is known is the fill. */
        report = (struct sj_strategy_report){.intent_id = fill->intent_id,
                                             .instrument = fill->instrument,
                                             .news = SJ_NEWS_FILL,
                                             .state = SJ_ORDER_UNKNOWN,
                                             .side = fill->side,
                                             .price_e6 = SJ_NULL_E6,
                                             .quantity = fill->quantity,
                                             .filled = fill->quantity,
                                             .reason = ""};
    }
    report.fill_quantity = fill->quantity;
    report.fill_price_e6 = fill->price_e6;
    if (tell)
        deliver(host, &report);
}

void sj_host_take_report(struct sj_strategies *s, const void *frame)
{
    switch (((const struct sj_frame *)frame)->template_id) {
    case SJ_EVENT_VERDICT:
        take_verdict(s, frame);
        break;
    case SJ_EVENT_ORDER:
        take_update(s, frame);
        break;
    case SJ_EVENT_FILL:
        take_fill(s, frame, true);
        break;
    default:
        break;
    }
}

static uint32_t report_size(const struct sj_frame *event)
{
    switch (event->template_id) {
    case SJ_EVENT_VERDICT:
        return sizeof(struct sj_verdict);
    case SJ_EVENT_ORDER:
        return sizeof(struct sj_order_update);
    case SJ_EVENT_FILL:
        return sizeof(struct sj_fill);
    default:
        return 0;
    }
}

/* More answers than the queue holds: positions stay right, but a strategy that misses one knows its
 * orders no longer. */
static void lose_report(struct sj_strategies *s, const struct sj_frame *event)
{
    const struct sj_fill *fill = (const struct sj_fill *)(const void *)event;
    /* Verdict, update and fill have the intent at the same place (asserted below). */
    const struct sj_intent_entry *entry = sj_intent_table_find(&s->intents, fill->intent_id);
    struct sj_strategy_host *host = entry ? sj_host_get(s, entry->strategy) : s->calling;
    if (event->template_id == SJ_EVENT_FILL)
        take_fill(s, fill, false);
    if (!host)
        return;
    host->report_lost_count++;
    sj_host_doom(host, SJ_CONTROL_BY_PROCESS, QUEUE_COUNT, "more answers at once than can wait");
}

_Static_assert(offsetof(struct sj_fill, intent_id) == offsetof(struct sj_order_update, intent_id) &&
                   offsetof(struct sj_fill, intent_id) == offsetof(struct sj_verdict, intent_id),
               "one place for the intent's id");

void sj_strategies_order(struct sj_strategies *s, const struct sj_frame *event, int64_t now_ns)
{
    uint32_t size = report_size(event);
    if (size == 0)
        return;
    if (!s->busy) {
        sj_host_begin_turn(s, now_ns);
        sj_host_take_report(s, event);
        sj_host_end_turn(s);
        return;
    }
    if (s->queue_count == QUEUE_COUNT) {
        lose_report(s, event);
        return;
    }
    memcpy(s->queue[(s->queue_head + s->queue_count++) % QUEUE_COUNT], event, size);
}

void sj_strategies_warm(const struct sj_strategies *s, uint64_t next_intent_id)
{
    sj_intent_table_warm(&s->intents, next_intent_id);
    /* A verdict and an order's first update wait while the strategy's call lasts. */
    sj_warm_write(s->queue[s->queue_head], sizeof s->queue[0]);
    sj_warm_write(s->queue[(s->queue_head + 1) % QUEUE_COUNT], sizeof s->queue[0]);
}

/* An order of which only the intent is known is not open yet: whether it ever left is told by what
 * follows, or by nothing. */
static void adopt(struct sj_strategies *s, const struct sj_intent *intent)
{
    struct sj_strategy_host *host = sj_host_get(s, intent->strategy);
    if (!host || intent->intent_id == 0 || intent->instrument > s->instrument_max ||
        !sj_instruments_get(s->instruments, intent->instrument) ||
        !sj_host_keep(host, intent->instrument) || !sj_intent_table_has_room(&s->intents) ||
        sj_intent_table_find(&s->intents, intent->intent_id))
        return;
    sj_host_follow(host, intent, intent->intent_id);
}

void sj_strategies_restore_event(struct sj_strategies *s, const struct sj_frame *event,
                                 int64_t now_ns)
{
    if (event->template_id == SJ_EVENT_INTENT) {
        adopt(s, (const struct sj_intent *)(const void *)event);
        return;
    }
    s->restoring = true;
    sj_strategies_order(s, event, now_ns);
    s->restoring = false;
}
