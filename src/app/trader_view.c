/* What people see of trading: a picture that the trading thread takes a few times a second, and the
 * last lines of what happened. */
#include "app/trader_private.h"

#include "base/clock.h"
#include "order/machine.h"

#include <stdio.h>
#include <string.h>

#define LINE_SIZE sizeof(((struct trader_picture *)0)->lines[0])

static const char *code_of(const struct sj_trader *trader, uint32_t instrument)
{
    const struct sj_instrument *definition = sj_instruments_get(trader->instruments, instrument);
    return definition ? definition->code : "?";
}

static const char *strategy_name(const struct sj_trader *trader, uint32_t strategy)
{
    struct sj_strategy_status status;
    if (sj_strategies_status(sj_decide_strategies(trader->decide), strategy, &status) < 0)
        return "house";
    return status.name;
}

static double real(int64_t value_e6)
{
    return value_e6 == SJ_NULL_E6 ? 0 : (double)value_e6 / 1e6;
}

static void write_verdict(const struct sj_trader *trader, char line[LINE_SIZE],
                          const struct sj_verdict *verdict)
{
    snprintf(line, LINE_SIZE, "%-12.12s %-10.16s refused by %.24s: %lld, limit %lld",
             strategy_name(trader, verdict->strategy), code_of(trader, verdict->instrument),
             verdict->check_name, (long long)verdict->value, (long long)verdict->limit);
}

static void write_order(const struct sj_trader *trader, char line[LINE_SIZE],
                        const struct sj_order_update *update)
{
    snprintf(line, LINE_SIZE, "%-12.12s %-10.16s %s at %.10g: %s%s%.48s",
             strategy_name(trader, update->strategy), code_of(trader, update->instrument),
             update->state_from == SJ_ORDER_NONE ? "order" : "now", real(update->price_e6),
             sj_order_state_name((enum sj_order_state)update->state_to), *update->text ? ", " : "",
             update->text);
}

static void write_fill(const struct sj_trader *trader, char line[LINE_SIZE],
                       const struct sj_fill *fill)
{
    snprintf(line, LINE_SIZE, "%-12.12s %-10.16s %s %u at %.10g",
             strategy_name(trader, fill->strategy), code_of(trader, fill->instrument),
             fill->side == SJ_SIDE_BUY ? "bought" : "sold", fill->quantity, real(fill->price_e6));
}

/* Whether people want a line about it. */
static bool is_news(const struct sj_frame *event)
{
    const struct sj_order_update *update = (const struct sj_order_update *)event;
    switch (event->template_id) {
    case SJ_EVENT_VERDICT:
        return !((const struct sj_verdict *)event)->accepted;
    case SJ_EVENT_ORDER:
        return update->state_from != update->state_to || update->cause == SJ_INPUT_FOREIGN;
    case SJ_EVENT_FILL:
    case SJ_EVENT_CONTROL:
        return true;
    default:
        return false;
    }
}

/* Between a decision and its request: a copy, no more. */
void trader_note(struct sj_trader *trader, const struct sj_frame *event)
{
    if (is_news(event))
        memcpy(trader->recent[trader->recent_count++ % TRADER_LINES_MAX], event,
               sj_frame_size(event));
}

static void write_line(const struct sj_trader *trader, char line[LINE_SIZE],
                       const struct sj_frame *event)
{
    switch (event->template_id) {
    case SJ_EVENT_VERDICT:
        write_verdict(trader, line, (const struct sj_verdict *)event);
        break;
    case SJ_EVENT_ORDER:
        write_order(trader, line, (const struct sj_order_update *)event);
        break;
    case SJ_EVENT_FILL:
        write_fill(trader, line, (const struct sj_fill *)event);
        break;
    default:
        snprintf(line, LINE_SIZE, "%.64s", ((const struct sj_control *)event)->text);
        break;
    }
}

void trader_take_picture(struct sj_trader *trader)
{
    struct trader_picture *next = trader->next;
    const struct sj_strategies *strategies = sj_decide_strategies(trader->decide);
    sj_decide_status(trader->decide, &next->decide);
    sj_risk_status(sj_decide_risk(trader->decide), &next->risk);
    sj_orders_stats(sj_decide_orders(trader->decide), &next->orders);
    sj_account_totals(sj_decide_account(trader->decide), &next->totals);
    next->strategy_count = sj_strategies_count(strategies);
    for (uint32_t i = 0; i < next->strategy_count; i++) {
        if (sj_strategies_stats(strategies, i + 1, sj_clock_utc_ns(), &next->strategies[i]) >= 0)
            sj_account_stats(sj_decide_account(trader->decide), &next->strategies[i]);
    }
    next->line_count =
        trader->recent_count < TRADER_LINES_MAX ? trader->recent_count : TRADER_LINES_MAX;
    for (uint32_t i = 0; i < next->line_count; i++) {
        uint32_t at = (trader->recent_count - next->line_count + i) % TRADER_LINES_MAX;
        write_line(trader, next->lines[i], (const struct sj_frame *)trader->recent[at]);
    }
    if (pthread_mutex_trylock(&trader->lock))
        return; /* somebody is looking: the next one will do */
    trader->next = trader->shown;
    trader->shown = next;
    trader->has_picture = true;
    pthread_mutex_unlock(&trader->lock);
}

static void write_strategy(struct sj_json *json, const struct sj_strategy_stats *stats)
{
    sj_json_begin_object(json);
    sj_json_key(json, "name");
    sj_json_text_n(json, stats->name, strnlen(stats->name, sizeof stats->name));
    sj_json_field_bool(json, "armed", stats->armed);
    sj_json_field_uint(json, "events", stats->event_count);
    sj_json_field_uint(json, "intents", stats->intent_count);
    sj_json_field_uint(json, "refused", stats->refused_count);
    sj_json_field_uint(json, "orders", stats->order_count);
    sj_json_field_uint(json, "fills", stats->fill_count);
    sj_json_field_uint(json, "overruns", stats->overrun_count);
    sj_json_field_int(json, "p50_ns", stats->p50_ns);
    sj_json_field_int(json, "p99_ns", stats->p99_ns);
    sj_json_field_int(json, "max_ns", stats->max_ns);
    sj_json_field_e6(json, "realized_pnl", stats->realized_pnl_e6);
    sj_json_field_e6(json, "unrealized_pnl", stats->unrealized_pnl_e6);
    sj_json_field_e6(json, "fees", stats->fees_e6);
    sj_json_end_object(json);
}

static void write_picture(struct sj_json *json, const struct trader_picture *picture)
{
    sj_json_field_bool(json, "ready", picture->decide.ready);
    sj_json_field_uint(json, "open_orders", picture->decide.open_count);
    sj_json_field_uint(json, "unknown_orders", picture->orders.unknown_count);
    sj_json_field_uint(json, "blocked_instruments", picture->orders.blocked_count);
    sj_json_field_uint(json, "intents", picture->decide.intent_count);
    sj_json_field_uint(json, "accepted", picture->decide.accepted_count);
    sj_json_field_uint(json, "refused", picture->decide.refused_count);
    sj_json_field_uint(json, "fills", picture->decide.fill_count);
    sj_json_field_e6(json, "day_pnl", picture->risk.pnl_e6);
    sj_json_key(json, "strategies");
    sj_json_begin_array(json);
    for (uint32_t i = 0; i < picture->strategy_count; i++)
        write_strategy(json, &picture->strategies[i]);
    sj_json_end_array(json);
    sj_json_key(json, "news");
    sj_json_begin_array(json);
    for (uint32_t i = 0; i < picture->line_count; i++)
        sj_json_text(json, picture->lines[i]);
    sj_json_end_array(json);
}

void sj_trader_write_status(struct sj_trader *trader, struct sj_json *json)
{
    static const char *const modes[] = {"off", "paper", "live"};
    struct sj_switch_view view;
    sj_switch_view(trader->sw, &view);
    sj_json_begin_object(json);
    sj_json_field_text(json, "mode", modes[trader->settings->trading.mode]);
    sj_json_field_text(json, "state_dir", trader->settings->trading.state_dir);
    sj_json_field_bool(json, "killed", view.killed);
    sj_json_field_bool(json, "panicking", view.panicking);
    sj_json_field_text(json, "reason", view.killed ? view.reason : "");
    pthread_mutex_lock(&trader->lock);
    if (trader->has_picture)
        write_picture(json, trader->shown);
    pthread_mutex_unlock(&trader->lock);
    sj_json_end_object(json);
}

/* --- metrics --- */

static void strategy_label(const struct sj_strategy_stats *stats, char labels[SJ_LABEL_MAX + 64],
                           const char *more)
{
    char name[sizeof stats->name + 1];
    char escaped[SJ_LABEL_MAX];
    snprintf(name, sizeof name, "%.*s", (int)sizeof stats->name, stats->name);
    snprintf(labels, SJ_LABEL_MAX + 64, "strategy=\"%s\"%s", sj_text_label(name, escaped), more);
}

static void write_ticks(const struct trader_picture *picture, struct sj_text *text)
{
    static const char family[] = "shijim_strategy_tick_seconds";
    static const char *const quantiles[] = {"0.5", "0.9", "0.99", "0.999", "1"};
    char labels[SJ_LABEL_MAX + 64];
    sj_prom_family(text, family, "summary", "How long a strategy takes for an event");
    for (uint32_t i = 0; i < picture->strategy_count; i++) {
        const struct sj_strategy_stats *stats = &picture->strategies[i];
        const int64_t ns[] = {stats->p50_ns, stats->p90_ns, stats->p99_ns, stats->p999_ns,
                              stats->max_ns};
        for (size_t k = 0; k < sizeof ns / sizeof ns[0]; k++) {
            char more[32];
            snprintf(more, sizeof more, ",quantile=\"%s\"", quantiles[k]);
            strategy_label(stats, labels, more);
            sj_prom_real(text, family, labels, (double)ns[k] / 1e9);
        }
        strategy_label(stats, labels, "");
        sj_prom_uint(text, "shijim_strategy_tick_seconds_count", labels, stats->event_count);
    }
}

static void write_per_strategy(const struct trader_picture *picture, struct sj_text *text)
{
    char labels[SJ_LABEL_MAX + 64];
    sj_prom_family(text, "shijim_strategy_armed", "gauge", "1: called; 0: disarmed");
    for (uint32_t i = 0; i < picture->strategy_count; i++) {
        strategy_label(&picture->strategies[i], labels, "");
        sj_prom_uint(text, "shijim_strategy_armed", labels, picture->strategies[i].armed);
    }
    sj_prom_family(text, "shijim_strategy_overruns_total", "counter",
                   "Calls of a strategy beyond its budget of time");
    for (uint32_t i = 0; i < picture->strategy_count; i++) {
        strategy_label(&picture->strategies[i], labels, "");
        sj_prom_uint(text, "shijim_strategy_overruns_total", labels,
                     picture->strategies[i].overrun_count);
    }
    sj_prom_family(text, "shijim_strategy_pnl_twd", "gauge",
                   "Profit and loss, realised and not, before fees");
    for (uint32_t i = 0; i < picture->strategy_count; i++) {
        const struct sj_strategy_stats *stats = &picture->strategies[i];
        strategy_label(stats, labels, "");
        sj_prom_real(text, "shijim_strategy_pnl_twd", labels,
                     real(stats->realized_pnl_e6) + real(stats->unrealized_pnl_e6));
    }
}

static void write_verdicts(const struct trader_picture *picture, struct sj_text *text)
{
    static const char family[] = "shijim_risk_verdicts_total";
    char labels[128];
    sj_prom_family(text, family, "counter", "Verdicts on intents, by the check that decided");
    sj_prom_uint(text, family, "check=\"\",verdict=\"accepted\"", picture->risk.accepted_count);
    for (uint32_t check = 1; check <= SJ_RISK_CHECK_MAX; check++) {
        snprintf(labels, sizeof labels, "check=\"%s\",verdict=\"refused\"",
                 sj_risk_check_name(check));
        sj_prom_uint(text, family, labels, picture->risk.refused_by[check]);
    }
}

static void write_gauge(struct sj_text *text, const char *name, const char *help, double value)
{
    sj_prom_family(text, name, "gauge", help);
    sj_prom_real(text, name, "", value);
}

void sj_trader_write_metrics(struct sj_trader *trader, struct sj_text *text)
{
    struct sj_switch_view view;
    const struct sj_hist *ack = sj_trader_ack_hist(trader);
    sj_switch_view(trader->sw, &view);
    write_gauge(text, "shijim_kill_switch", "1: no new orders", view.killed);
    write_gauge(text, "shijim_orders_open", "Orders that work at the exchange, or may",
                atomic_load_explicit(&trader->counters.open_orders, memory_order_relaxed));
    if (ack)
        sj_prom_summary(text, "shijim_order_ack_seconds", "From a request to its answer", "", ack);
    sj_prom_summary(text, "shijim_order_react_seconds",
                    "From the receipt of an event to the request it led to", "",
                    &trader->counters.react_ns);
    pthread_mutex_lock(&trader->lock);
    if (trader->has_picture) {
        const struct trader_picture *picture = trader->shown;
        write_ticks(picture, text);
        write_per_strategy(picture, text);
        write_verdicts(picture, text);
        write_gauge(text, "shijim_orders_in_doubt", "Orders whose answer is missing",
                    picture->orders.unknown_count);
        write_gauge(text, "shijim_instruments_blocked",
                    "Instruments that something undecided blocks", picture->orders.blocked_count);
        write_gauge(text, "shijim_day_pnl_twd", "Profit and loss of the day, after fees and taxes",
                    real(picture->risk.pnl_e6));
    }
    pthread_mutex_unlock(&trader->lock);
}
