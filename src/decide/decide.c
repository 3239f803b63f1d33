#include "decide/inside.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATS_EVERY_NS (60 * SJ_NS_PER_S)

static void log_strategy(void *context, uint32_t strategy, const char *text)
{
    struct sj_decide *decide = context;
    if (decide->ops.log)
        decide->ops.log(decide->ops.context, strategy, text);
}

static sj_rc create_rooms(struct sj_decide *decide, const struct sj_decide_options *options,
                          char error[SJ_DECIDE_ERROR_MAX])
{
    const struct sj_strategies_ops strategies_ops = {
        decide, decide_take_intent, decide_on_strategy_control, log_strategy, decide_on_refused};
    const struct sj_strategies_options strategies = {
        .ops = &strategies_ops,
        .instruments = options->instruments,
        .rules = options->rules,
        .order_max = options->follow_max,
        .live = options->live,
        .guard = options->guard,
        .timing = options->timing,
    };
    const struct sj_risk_options risk = {
        .config = options->risk,
        .instruments = options->instruments,
        .rules = options->rules,
        .holidays = options->holidays,
        .instrument_max = options->instrument_max,
        .post_only = options->post_only,
        .ops = {decide, decide_on_risk_control},
    };
    struct sj_orders_config orders = *options->orders;
    const struct sj_order_ops order_ops = {decide, decide_on_order_event, decide_on_order_request};
    const struct sj_account_options account = {
        .config = options->account,
        .instruments = options->instruments,
        .rules = options->rules,
        .instrument_max = options->instrument_max,
        .ops = {decide, decide_on_account_event},
    };
    orders.post_only = options->post_only;
    sj_rc rc = sj_strategies_create(&strategies, &decide->strategies);
    if (rc >= 0)
        rc = sj_risk_create(&risk, error, &decide->risk);
    if (rc >= 0)
        rc = sj_orders_create(&orders, options->instruments, &order_ops, &decide->orders);
    return rc < 0 ? rc : sj_account_create(&account, &decide->account);
}

sj_rc sj_decide_create(const struct sj_decide_options *options, char error[SJ_DECIDE_ERROR_MAX],
                       struct sj_decide **ret_decide)
{
    struct sj_decide *decide = calloc(1, sizeof *decide);
    if (!decide)
        return -ENOMEM;
    *error = '\0';
    decide->ops = *options->ops;
    decide->instruments = options->instruments;
    decide->next_intent_id = options->first_intent_id ? options->first_intent_id : 1;
    decide->kill_cancels = options->kill_cancels;
    decide->stop_cancels = options->stop_cancels;
    decide->feed_loss_ns = options->feed_loss_ns;
    decide->feed_loss_kills = options->feed_loss_kills;
    for (uint32_t i = 0; i < SJ_ACCOUNTS; i++)
        if (options->account_ids[i])
            memcpy(decide->account_id[i], options->account_ids[i],
                   strnlen(options->account_ids[i], SJ_ACCOUNT_TEXT_MAX));
    sj_rc rc = create_rooms(decide, options, error);
    if (rc < 0) {
        if (!*error)
            snprintf(error, SJ_DECIDE_ERROR_MAX, "trading: %s", sj_rc_text(rc));
        sj_decide_close(decide);
        return rc;
    }
    *ret_decide = decide;
    return 0;
}

void sj_decide_close(struct sj_decide *decide)
{
    if (!decide)
        return;
    sj_strategies_close(decide->strategies);
    sj_orders_close(decide->orders);
    sj_risk_close(decide->risk);
    sj_account_close(decide->account);
    free(decide);
}

sj_rc sj_decide_add(struct sj_decide *decide, const struct sj_strategy_instance *instance,
                    char error[SJ_DECIDE_ERROR_MAX], uint32_t *ret_strategy)
{
    return sj_strategies_add(decide->strategies, instance, 0, error, ret_strategy);
}

sj_rc sj_decide_add_retired(struct sj_decide *decide, const char *name,
                            char error[SJ_DECIDE_ERROR_MAX], uint32_t *ret_strategy)
{
    return sj_strategies_add_retired(decide->strategies, name, error, ret_strategy);
}

/* Time never runs backwards here, whatever the clock does. */
static void set_now(struct sj_decide *decide, int64_t now_ns)
{
    if (now_ns > decide->now_ns)
        decide->now_ns = now_ns;
}

/* --- inputs --- */

/* The broker has not said yet which orders there are: no new ones until it has. */
static void not_ready(struct sj_decide *decide, const char *why)
{
    decide->ready = false;
    decide_emit_control(decide, SJ_CONTROL_FEED_LOST, SJ_CONTROL_BY_RECONCILE, why);
}

/* Numbers mean nothing without: another run may have other strategies. */
static void emit_names(struct sj_decide *decide)
{
    for (uint32_t i = 1; i <= sj_strategies_count(decide->strategies); i++) {
        struct sj_control control = {
            .kind = SJ_CONTROL_NAME, .source = SJ_CONTROL_BY_PROCESS, .strategy = i};
        struct sj_strategy_status status;
        if (sj_strategies_status(decide->strategies, i, &status) < 0)
            continue;
        control.value = !status.retired;
        snprintf(control.text, sizeof control.text, "%s", status.name);
        decide_publish_control(decide, &control);
    }
}

void sj_decide_start(struct sj_decide *decide, int64_t now_ns)
{
    struct sj_control start = {
        .kind = SJ_CONTROL_START,
        .source = SJ_CONTROL_BY_PROCESS,
        .value = (int64_t)decide->loaded_seq,
        .text = "trading begins (value: what the saved state knew)",
    };
    set_now(decide, now_ns);
    decide_publish_control(decide, &start);
    emit_names(decide);
    not_ready(decide, "the broker has not told its orders yet");
    sj_orders_restored(decide->orders, decide->now_ns);
    decide->started = true;
    decide->begun_seq = decide->own_seq;
    decide->next_stats_ns = decide->now_ns + STATS_EVERY_NS;
}

static void from_source(struct sj_decide *decide, uint32_t src)
{
    if (src == decide->batch_src)
        return;
    decide->batch_src = src;
    decide->batch_strategy =
        src >= SJ_SRC_USER ? sj_strategies_of_source(decide->strategies, src) : 0;
}

void sj_decide_batch(struct sj_decide *decide, uint32_t src, uint64_t first_seq, uint64_t last_seq,
                     uint32_t count, int64_t now_ns)
{
    sj_decide_note(decide);
    set_now(decide, now_ns);
    from_source(decide, src);
    decide_emit_note(decide, &(struct unnoted){first_seq, decide->now_ns, src, count}, last_seq);
}

void sj_decide_note(struct sj_decide *decide)
{
    if (decide->unnoted.count > 0)
        (void)decide_note(decide);
}

void sj_decide_next(struct sj_decide *decide, uint32_t src, uint64_t seq,
                    const struct sj_frame *event, int64_t now_ns)
{
    struct unnoted *unnoted = &decide->unnoted;
    bool goes_on = unnoted->count > 0 && unnoted->src == src && unnoted->now_ns >= now_ns &&
                   unnoted->now_ns == decide->now_ns && unnoted->first_seq + unnoted->count == seq;
    if (!goes_on) {
        sj_decide_note(decide);
        set_now(decide, now_ns);
        *unnoted = (struct unnoted){seq, decide->now_ns, src, 0};
    }
    unnoted->count++;
    from_source(decide, src);
    sj_decide_event(decide, event);
}

void sj_decide_warm(const struct sj_decide *decide)
{
    uint64_t next_intent_id = decide->next_intent_id;
    sj_orders_warm(decide->orders, next_intent_id);
    sj_risk_warm(decide->risk, next_intent_id);
    sj_strategies_warm(decide->strategies, next_intent_id);
}

static void feed_is_back(struct sj_decide *decide)
{
    decide->feed_lost = false;
    decide_emit_control(decide, SJ_CONTROL_FEED_BACK, SJ_CONTROL_BY_FEED,
                        "market data flows again");
}

void sj_decide_event(struct sj_decide *decide, const struct sj_frame *event)
{
    if (decide->batch_src >= SJ_SRC_USER) {
        decide_process_event(decide, event);
        return;
    }
    switch (event->template_id) {
    case SJ_EVENT_TRADE:
    case SJ_EVENT_BOOK:
    case SJ_EVENT_QUOTE:
    case SJ_EVENT_INDEX:
        decide->market_ns = decide->now_ns;
        if (decide->feed_lost)
            feed_is_back(decide);
        sj_risk_market(decide->risk, event, decide->now_ns);
        sj_account_market(decide->account, event);
        sj_strategies_event(decide->strategies, event, decide->now_ns);
        break;
    case SJ_EVENT_INSTRUMENT: {
        uint32_t id;
        if (sj_instruments_put(decide->instruments, (const struct sj_instrument *)event, &id) < 0)
            return;
        sj_risk_market(decide->risk, event, decide->now_ns);
        sj_account_market(decide->account, event);
        sj_strategies_event(decide->strategies, event, decide->now_ns);
        break;
    }
    case SJ_EVENT_SESSION:
    case SJ_EVENT_GAP:
        sj_strategies_event(decide->strategies, event, decide->now_ns);
        break;
    case SJ_EVENT_ACCOUNT:
    case SJ_EVENT_POSITION:
        sj_risk_account(decide->risk, event);
        sj_account_event(decide->account, event);
        decide_stop_account(decide, event);
        break;
    default:
        break;
    }
}

static bool is_reconciled(const struct sj_decide *decide)
{
    struct sj_orders_stats stats;
    sj_orders_stats(decide->orders, &stats);
    return stats.reconciled;
}

static void apply_report(struct sj_decide *decide, const struct sj_order_report *report)
{
    bool is_up = report->kind == SJ_REPORT_LINK_UP;
    if (decide->ready && (is_up || report->kind == SJ_REPORT_LINK_DOWN))
        not_ready(decide,
                  is_up ? "the link to the broker is new" : "the link to the broker is down");
    sj_orders_report(decide->orders, report, decide->now_ns);
    if (report->kind == SJ_REPORT_LIST_END && !decide->ready && !decide->stopping &&
        is_reconciled(decide)) {
        decide->ready = true;
        decide_emit_control(decide, SJ_CONTROL_FEED_BACK, SJ_CONTROL_BY_RECONCILE,
                            "orders are reconciled");
    }
}

void sj_decide_report(struct sj_decide *decide, struct sj_order_report *report, int64_t now_ns)
{
    set_now(decide, now_ns);
    report->recv_ns = decide->now_ns;
    decide_emit(decide, (struct sj_frame *)report);
    apply_report(decide, report);
}

void decide_apply_control(struct sj_decide *decide, const struct sj_control *control)
{
    sj_risk_control(decide->risk, control);
    switch (control->kind) {
    case SJ_CONTROL_KILL:
        decide->status.killed = true;
        decide_stop_begin(decide);
        break;
    case SJ_CONTROL_RESUME:
        decide->status.killed = false;
        decide->full = false;
        decide->cancelling = false;
        break;
    case SJ_CONTROL_STOP:
        decide->stopping = true;
        not_ready(decide, "trading ends");
        if (decide->stop_cancels)
            decide_cancel_begin(decide);
        decide_emit_stats(decide);
        break;
    case SJ_CONTROL_PANIC:
        decide->status.killed = true;
        decide_stop_panic(decide);
        break;
    default:
        break;
    }
}

static void arm(struct sj_decide *decide, const struct sj_control *control)
{
    char error[SJ_STRATEGIES_ERROR_MAX];
    sj_rc rc = control->kind == SJ_CONTROL_ARM
                   ? sj_strategies_arm(decide->strategies, control->strategy, decide->now_ns, error)
                   : sj_strategies_disarm(decide->strategies, control->strategy,
                                          (enum sj_control_source)control->source, control->text,
                                          decide->now_ns);
    if (rc < 0)
        log_strategy(decide, control->strategy, sj_rc_text(rc));
}

static void take_control(struct sj_decide *decide, const struct sj_control *control)
{
    decide_apply_control(decide, control);
    if (control->kind == SJ_CONTROL_ARM || control->kind == SJ_CONTROL_DISARM)
        arm(decide, control);
}

void sj_decide_control(struct sj_decide *decide, struct sj_control *control, int64_t now_ns)
{
    set_now(decide, now_ns);
    decide_publish_control(decide, control);
    take_control(decide, control);
}

void sj_decide_lost(struct sj_decide *decide, uint32_t src, uint64_t count, int64_t now_ns)
{
    struct sj_gap gap = {
        .kind = SJ_GAP_BUS,
        .src = src,
        .lost_count = count,
        .expected_volume = SJ_NULL_I64,
        .seen_volume = SJ_NULL_I64,
    };
    set_now(decide, now_ns);
    sj_frame_head(&gap, SJ_EVENT_GAP, sizeof gap);
    gap.exch_ns = gap.recv_ns = decide->now_ns;
    decide_emit(decide, (struct sj_frame *)&gap);
    uint32_t strategy = src >= SJ_SRC_USER ? sj_strategies_of_source(decide->strategies, src) : 0;
    if (strategy)
        decide_process_lost(decide, SJ_CONTROL_BY_PROCESS, strategy,
                            "it asked faster than it could be answered");
    sj_strategies_event(decide->strategies, (const struct sj_frame *)&gap, decide->now_ns);
}

/* --- time --- */

static int64_t feed_due(const struct sj_decide *decide)
{
    bool watched = decide->feed_loss_ns > 0 && decide->market_ns > 0 && !decide->feed_lost;
    return watched ? decide->market_ns + decide->feed_loss_ns : INT64_MAX;
}

int64_t sj_decide_due(const struct sj_decide *decide)
{
    const int64_t dues[] = {
        sj_strategies_next_timer(decide->strategies),
        sj_orders_due_ns(decide->orders),
        decide_stop_due(decide),
        feed_due(decide),
        decide->started ? decide->next_stats_ns : INT64_MAX,
    };
    int64_t due_ns = INT64_MAX;
    for (size_t i = 0; i < sizeof dues / sizeof dues[0]; i++)
        if (dues[i] < due_ns)
            due_ns = dues[i];
    return due_ns;
}

/* Between sessions nothing is missing: the watch begins anew. */
static void feed_is_late(struct sj_decide *decide)
{
    if (!sj_risk_is_open(decide->risk, decide->now_ns)) {
        decide->market_ns = decide->now_ns;
        return;
    }
    decide->feed_lost = true;
    decide_emit_control(decide, SJ_CONTROL_FEED_LOST, SJ_CONTROL_BY_FEED, "no market data");
    if (decide->feed_loss_kills && !decide->status.killed)
        decide_kill(decide, SJ_CONTROL_BY_FEED, "no market data");
}

static void pass_time(struct sj_decide *decide)
{
    if (decide->now_ns >= feed_due(decide))
        feed_is_late(decide);
    sj_orders_time(decide->orders, decide->now_ns);
    decide_stop_time(decide);
    sj_strategies_time(decide->strategies, decide->now_ns);
    if (decide->started && decide->now_ns >= decide->next_stats_ns) {
        decide->next_stats_ns = decide->now_ns + STATS_EVERY_NS;
        decide_emit_stats(decide);
    }
}

void sj_decide_time(struct sj_decide *decide, int64_t now_ns)
{
    struct sj_timer timer = {0};
    set_now(decide, now_ns);
    sj_frame_head(&timer, SJ_EVENT_TIMER, sizeof timer);
    timer.time_ns = decide->now_ns;
    decide_emit(decide, (struct sj_frame *)&timer);
    pass_time(decide);
}

/* --- a run again --- */

/* What the room itself said is not an input of it. */
static bool is_input(const struct sj_decide *decide, const struct sj_control *control)
{
    /* A switch that an earlier run threw, whatever for: the first that a new one sees. */
    if (control->kind == SJ_CONTROL_KILL && decide->own_seq == decide->begun_seq)
        return true;
    switch (control->source) {
    case SJ_CONTROL_BY_COMMAND:
    case SJ_CONTROL_BY_SIGNAL:
    case SJ_CONTROL_BY_HTTP:
    case SJ_CONTROL_BY_DEAD_MAN:
    case SJ_CONTROL_BY_BUDGET: /* a matter of the machine's speed: replayed, not repeated */
    case SJ_CONTROL_BY_CRASH:
        return true;
    default:
        return false;
    }
}

void sj_decide_again(struct sj_decide *decide, const struct sj_frame *event)
{
    switch (event->template_id) {
    case SJ_EVENT_TIMER: {
        struct sj_timer timer;
        memcpy(&timer, event, sizeof timer);
        sj_decide_time(decide, timer.time_ns);
        break;
    }
    case SJ_EVENT_ORDER_REPORT: {
        struct sj_order_report report;
        memcpy(&report, event, sizeof report);
        sj_decide_report(decide, &report, report.recv_ns);
        break;
    }
    case SJ_EVENT_CONTROL: {
        struct sj_control control;
        memcpy(&control, event, sizeof control);
        if (control.kind == SJ_CONTROL_START)
            sj_decide_start(decide, control.recv_ns);
        else if (is_input(decide, &control))
            sj_decide_control(decide, &control, control.recv_ns);
        break;
    }
    case SJ_EVENT_GAP: {
        struct sj_gap gap;
        memcpy(&gap, event, sizeof gap);
        sj_decide_lost(decide, gap.src, gap.lost_count, gap.recv_ns);
        break;
    }
    default:
        break;
    }
}

/* --- looking at it --- */

void sj_decide_status(const struct sj_decide *decide, struct sj_decide_status *ret_status)
{
    *ret_status = decide->status;
    ret_status->panicking = decide->panic != PANIC_NONE;
    ret_status->ready = decide->ready;
    struct sj_orders_stats orders;
    sj_orders_stats(decide->orders, &orders);
    ret_status->open_count = orders.open_count;
}

const struct sj_strategies *sj_decide_strategies(const struct sj_decide *decide)
{
    return decide->strategies;
}

const struct sj_risk *sj_decide_risk(const struct sj_decide *decide)
{
    return decide->risk;
}

const struct sj_orders *sj_decide_orders(const struct sj_decide *decide)
{
    return decide->orders;
}

const struct sj_account *sj_decide_account(const struct sj_decide *decide)
{
    return decide->account;
}
