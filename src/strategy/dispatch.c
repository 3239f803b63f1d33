/* Into the strategies: events and timers; and out with those that misbehave. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/assert.h"
#include "strategy/host_private.h"

#define TOP_SKIPS (SJ_FLAG_SIMTRADE | SJ_FLAG_ODD_LOT | SJ_FLAG_BACKFILLED | SJ_FLAG_OUT_OF_ORDER)

/* --- calls --- */

void sj_host_doom(struct sj_strategy_host *host, enum sj_control_source source, int64_t value,
                  const char *reason)
{
    struct sj_strategies *s = host->owner;
    if (s->doomed & sj_host_bit(host))
        return; /* the first reason counts */
    s->doomed |= sj_host_bit(host);
    host->disarmed_by = source;
    host->disarm_value = value;
    snprintf(host->reason, sizeof host->reason, "%.63s", reason);
}

bool sj_host_guarded(struct sj_strategy_host *host, void (*call)(void *), void *context)
{
    struct sj_strategies *s = host->owner;
    char reason[64];
    enum sj_guard_end end = SJ_GUARD_RETURNED;
    s->calling = host;
    if (s->guard)
        end = sj_guard_call(s->guard, host->hard_budget_ns, call, context);
    else
        call(context);
    s->calling = NULL;
    if (SJ_LIKELY(end == SJ_GUARD_RETURNED))
        return true;
    if (end == SJ_GUARD_CRASHED)
        snprintf(reason, sizeof reason, "crashed (%s)", sj_guard_signal_name(s->guard));
    else
        snprintf(reason, sizeof reason, "did not return within %lld us",
                 (long long)(host->hard_budget_ns / 1000));
    sj_host_doom(host, end == SJ_GUARD_CRASHED ? SJ_CONTROL_BY_CRASH : SJ_CONTROL_BY_BUDGET,
                 host->hard_budget_ns, reason);
    return false;
}

/* Whether the thread was taken off its core since we last asked: then a long call proves nothing.
 */
static bool was_preempted(struct sj_strategy_host *host)
{
    struct rusage usage;
    if (getrusage(RUSAGE_THREAD, &usage) != 0)
        return false;
    bool preempted = usage.ru_nivcsw != host->preemptions;
    host->preemptions = usage.ru_nivcsw;
    return preempted;
}

__attribute__((noinline, cold)) void sj_host_note_overrun(struct sj_strategy_host *host)
{
    int64_t now_ns = host->owner->now_ns;
    host->overrun_count++;
    if (was_preempted(host) || host->overrun_max == UINT32_MAX)
        return;
    if (now_ns - host->overrun_window_ns >= OVERRUN_WINDOW_NS || now_ns < host->overrun_window_ns) {
        host->overrun_window_ns = now_ns;
        host->window_overruns = 0;
    }
    if (++host->window_overruns >= host->overrun_max)
        sj_host_doom(host, SJ_CONTROL_BY_BUDGET, host->window_overruns,
                     "overran its budget too often in a minute");
}

struct event_call {
    const struct sj_strategy_host *host;
    const struct sj_frame *event;
};

static void call_event(void *argument)
{
    const struct event_call *call = argument;
    call->host->plugin->on_event(call->host->state, call->event);
}

static void timed_event(struct sj_strategy_host *host, const struct sj_frame *event)
{
    struct event_call call = {host, event};
    uint64_t begin = sj_guard_cycles();
    if (!sj_host_guarded(host, call_event, &call))
        return;
    uint64_t cycles = sj_guard_cycles() - begin;
    sj_hist_record(host->hist, (int64_t)((double)cycles * host->owner->ns_per_cycle));
    if (SJ_UNLIKELY(cycles > host->budget_cycles))
        sj_host_note_overrun(host);
}

/* --- turns --- */

void sj_host_begin_turn(struct sj_strategies *s, int64_t now_ns)
{
    SJ_ASSERT(!s->busy);
    s->busy = true;
    s->now_ns = now_ns;
    s->turn++;
}

static void settle(struct sj_strategies *s);

static inline void settle_if_needed(struct sj_strategies *s)
{
    if (SJ_UNLIKELY(s->queue_count || s->doomed))
        settle(s);
}

void sj_host_end_turn(struct sj_strategies *s)
{
    settle_if_needed(s);
    s->busy = false;
}

static void update_book(struct sj_top *top, const int64_t bid_e6, const int64_t ask_e6,
                        uint32_t bid_volume, uint32_t ask_volume, int64_t time_ns)
{
    top->bid_e6 = bid_volume ? bid_e6 : SJ_NULL_E6;
    top->ask_e6 = ask_volume ? ask_e6 : SJ_NULL_E6;
    top->bid_volume = bid_e6 == SJ_NULL_E6 ? 0 : bid_volume;
    top->ask_volume = ask_e6 == SJ_NULL_E6 ? 0 : ask_volume;
    top->time_ns = time_ns;
}

static inline void update_top(struct sj_strategies *s, const struct sj_frame *event)
{
    struct sj_top *top = &s->tops[event->instrument];
    if ((event->flags & TOP_SKIPS) || event->instrument == 0)
        return;
    if (event->template_id == SJ_EVENT_BOOK) {
        const struct sj_book *book = (const struct sj_book *)(const void *)event;
        update_book(top, book->bid_price_e6[0], book->ask_price_e6[0], book->bid_volume[0],
                    book->ask_volume[0], book->exch_ns);
    } else if (event->template_id == SJ_EVENT_TRADE) {
        const struct sj_trade *trade = (const struct sj_trade *)(const void *)event;
        top->last_e6 = trade->price_e6;
    } else if (event->template_id == SJ_EVENT_QUOTE) {
        const struct sj_quote *quote = (const struct sj_quote *)(const void *)event;
        update_book(top, quote->bid_price_e6[0], quote->ask_price_e6[0], quote->bid_volume[0],
                    quote->ask_volume[0], quote->exch_ns);
        if (quote->price_e6 != SJ_NULL_E6)
            top->last_e6 = quote->price_e6;
    }
}

void sj_strategies_event(struct sj_strategies *s, const struct sj_frame *event, int64_t now_ns)
{
    uint32_t type = event->template_id, instrument = event->instrument;
    if (type > SJ_EVENT_TYPE_MAX || instrument > s->instrument_max)
        return;
    update_top(s, event);
    uint64_t takers = s->wants[type] & s->armed;
    if (!((SJ_ON_SESSIONS >> type) & 1))
        takers &= s->takers[instrument];
    else if (type == SJ_EVENT_INSTRUMENT)
        s->bands[instrument].count = 0; /* its tick may be another */
    if (!takers)
        return;
    sj_host_begin_turn(s, now_ns);
    for (; takers; takers &= takers - 1) {
        struct sj_strategy_host *host = s->hosts[__builtin_ctzll(takers)];
        if (SJ_UNLIKELY(!host->armed))
            continue; /* disarmed by what another one of this turn caused */
        host->event_count++;
        if (s->timed) {
            timed_event(host, event);
        } else {
            s->calling = host;
            host->plugin->on_event(host->state, event);
            s->calling = NULL;
        }
        settle_if_needed(s);
    }
    sj_host_end_turn(s);
}

/* --- timers --- */

void sj_host_set_timer(struct sj_strategy_host *host, int64_t at_ns)
{
    struct sj_strategies *s = host->owner;
    host->timer_ns = at_ns;
    s->next_timer_ns = INT64_MAX;
    for (uint32_t i = 0; i < s->count; i++)
        if (s->hosts[i]->timer_ns < s->next_timer_ns)
            s->next_timer_ns = s->hosts[i]->timer_ns;
}

struct timer_call {
    const struct sj_strategy_host *host;
    int64_t now_ns;
};

static void call_timer(void *argument)
{
    const struct timer_call *call = argument;
    call->host->plugin->on_timer(call->host->state, call->now_ns);
}

/* The due one that comes first of those in `left`, or NULL. */
static struct sj_strategy_host *next_due(const struct sj_strategies *s, uint64_t left,
                                         int64_t now_ns)
{
    struct sj_strategy_host *first = NULL;
    for (; left; left &= left - 1) {
        struct sj_strategy_host *host = s->hosts[__builtin_ctzll(left)];
        if (host->timer_ns <= now_ns && (!first || host->timer_ns < first->timer_ns))
            first = host;
    }
    return first;
}

uint32_t sj_strategies_time(struct sj_strategies *s, int64_t now_ns)
{
    uint32_t fired = 0;
    if (now_ns < s->next_timer_ns)
        return 0;
    sj_host_begin_turn(s, now_ns);
    uint64_t left = s->armed;
    for (struct sj_strategy_host *host; (host = next_due(s, left & s->armed, now_ns)); fired++) {
        struct timer_call call = {host, now_ns};
        left &= ~sj_host_bit(host);
        sj_host_set_timer(host, INT64_MAX);
        uint64_t begin = s->timed ? sj_guard_cycles() : 0;
        if (sj_host_guarded(host, call_timer, &call) && s->timed &&
            sj_guard_cycles() - begin > host->budget_cycles)
            sj_host_note_overrun(host);
        settle_if_needed(s);
    }
    sj_host_end_turn(s);
    return fired;
}

int64_t sj_strategies_next_timer(const struct sj_strategies *s)
{
    return s->next_timer_ns;
}

/* --- arming and disarming --- */

static void disarm_now(struct sj_strategies *s, struct sj_strategy_host *host)
{
    s->doomed &= ~sj_host_bit(host);
    if (!host->armed)
        return;
    host->armed = host->greeted = false;
    s->armed &= ~sj_host_bit(host);
    sj_host_set_timer(host, INT64_MAX);
    struct sj_control control = {.exch_ns = s->now_ns,
                                 .recv_ns = s->now_ns,
                                 .kind = SJ_CONTROL_DISARM,
                                 .source = (uint8_t)host->disarmed_by,
                                 .strategy = host->number,
                                 .value = host->disarm_value};
    snprintf(control.text, sizeof control.text, "%s", host->reason);
    sj_frame_head(&control, SJ_EVENT_CONTROL, sizeof control);
    s->ops.control(s->ops.context, &control);
    for (uint32_t i = 0; i < s->intents.capacity; i++) {
        const struct sj_intent_entry order = s->intents.entries[i];
        if (order.strategy == host->number && order.kind == SJ_INTENT_PLACE &&
            sj_intent_entry_open(&order) && order.state != SJ_ORDER_CANCELLING)
            (void)sj_host_send_cancel(host, &order);
    }
}

/* Bounded: a strategy may write intents_max intents a turn, and each has a few answers. */
static void settle(struct sj_strategies *s)
{
    while (s->queue_count || s->doomed) {
        if (s->doomed) {
            disarm_now(s, s->hosts[__builtin_ctzll(s->doomed)]);
            continue;
        }
        _Alignas(8) uint8_t frame[QUEUE_FRAME_SIZE];
        memcpy(frame, s->queue[s->queue_head], sizeof frame);
        s->queue_head = (s->queue_head + 1) % QUEUE_COUNT;
        s->queue_count--;
        sj_host_take_report(s, frame);
    }
}

sj_rc sj_strategies_disarm(struct sj_strategies *s, uint32_t strategy,
                           enum sj_control_source source, const char *reason, int64_t now_ns)
{
    struct sj_strategy_host *host = sj_host_get(s, strategy);
    if (!host)
        return -SJ_E_UNKNOWN;
    host->greeted = false;
    if (source == SJ_CONTROL_BY_DEAD_MAN && host->process.keeps)
        return 0;
    sj_host_begin_turn(s, now_ns);
    if (host->armed)
        sj_host_doom(host, source, 0, reason);
    sj_host_end_turn(s);
    return 0;
}

sj_rc sj_strategies_arm(struct sj_strategies *s, uint32_t strategy, int64_t now_ns,
                        char error[SJ_STRATEGIES_ERROR_MAX])
{
    struct sj_strategy_host *host = sj_host_get(s, strategy);
    if (!host) {
        snprintf(error, SJ_STRATEGIES_ERROR_MAX, "there is no strategy %u", strategy);
        return -SJ_E_UNKNOWN;
    }
    if (host->armed)
        return 0;
    if (host->retired) {
        snprintf(error, SJ_STRATEGIES_ERROR_MAX, "strategies.%s is not configured any more",
                 host->name);
        return -SJ_E_REFUSED;
    }
    sj_host_begin_turn(s, now_ns);
    sj_rc rc = sj_host_init_state(host, error);
    if (rc >= 0) {
        host->armed = true;
        s->armed |= sj_host_bit(host);
        host->nonsense_sum = 0;
        host->window_overruns = 0;
        host->reason[0] = 0;
    }
    sj_host_end_turn(s);
    return rc;
}
