/* Strategies in processes of their own: what comes over their rings. Whoever writes those is not
 * trusted; kinds that a strategy has no say in are ignored. */
#include "decide/inside.h"

#include <stdio.h>

static void tell(struct sj_decide *decide, enum sj_control_kind kind, enum sj_control_source source,
                 uint32_t strategy, uint64_t value, const char *text)
{
    struct sj_control control = {.kind = (uint8_t)kind,
                                 .source = (uint8_t)source,
                                 .strategy = strategy,
                                 .value = (int64_t)value};
    snprintf(control.text, sizeof control.text, "%.63s", text);
    decide_publish_control(decide, &control);
    decide_apply_control(decide, &control);
}

static void tell_positions(struct sj_decide *decide, uint32_t strategy)
{
    for (uint32_t id = 1; id <= sj_instruments_id_max(decide->instruments); id++) {
        int64_t quantity = sj_strategies_position(decide->strategies, strategy, id);
        if (quantity == 0)
            continue;
        struct sj_position_snapshot position = {
            .strategy = strategy,
            .quantity = SJ_NULL_I64,
            .own_quantity = quantity,
            .avg_price_e6 = SJ_NULL_E6,
            .last_price_e6 = SJ_NULL_E6,
            .pnl_e6 = SJ_NULL_E6,
        };
        sj_frame_head(&position, SJ_EVENT_POSITION, sizeof position);
        position.instrument = id;
        position.exch_ns = position.recv_ns = decide->now_ns;
        decide_emit(decide, (struct sj_frame *)&position);
    }
}

/* The process learns its number from the first answer, and what it has from the ones behind it;
 * the statistics are the last. */
static void greet(struct sj_decide *decide, const struct sj_control *greeting)
{
    char error[SJ_STRATEGIES_ERROR_MAX];
    uint32_t strategy = decide->batch_strategy;
    struct sj_strategy_status status;
    struct sj_strategy_stats stats;
    sj_rc rc = sj_strategies_greet(decide->strategies, strategy, decide->now_ns, error);
    if (rc == -SJ_E_LIMIT)
        return;
    if (rc < 0) {
        tell(decide, SJ_CONTROL_DISARM, SJ_CONTROL_BY_PROCESS, strategy, greeting->seq, error);
        return;
    }
    if (sj_strategies_status(decide->strategies, strategy, &status) < 0 ||
        sj_strategies_stats(decide->strategies, strategy, decide->now_ns, &stats) < 0)
        return;
    tell(decide, SJ_CONTROL_ARM, SJ_CONTROL_BY_PROCESS, strategy, greeting->seq, status.name);
    sj_orders_tell(decide->orders, strategy, decide->now_ns);
    tell_positions(decide, strategy);
    sj_account_stats(decide->account, &stats);
    decide_emit(decide, (struct sj_frame *)&stats);
}

void decide_process_lost(struct sj_decide *decide, enum sj_control_source source, uint32_t strategy,
                         const char *text)
{
    tell(decide, SJ_CONTROL_DISARM, source, strategy, 0, text);
    sj_rc rc = sj_strategies_disarm(decide->strategies, strategy, source, text, decide->now_ns);
    (void)rc; /* there is one of that number */
}

void decide_process_event(struct sj_decide *decide, const struct sj_frame *event)
{
    const struct sj_control *control = (const struct sj_control *)event;
    uint32_t strategy = decide->batch_strategy;
    if (strategy == 0)
        return;
    if (event->template_id == SJ_EVENT_INTENT)
        sj_strategies_request(decide->strategies, strategy, (const struct sj_intent *)event,
                              decide->now_ns);
    else if (event->template_id == SJ_EVENT_CONTROL && control->kind == SJ_CONTROL_ARM)
        greet(decide, control);
    else if (event->template_id == SJ_EVENT_CONTROL && control->kind == SJ_CONTROL_DISARM)
        decide_process_lost(decide, SJ_CONTROL_BY_DEAD_MAN, strategy, "its process has ended");
}

void decide_on_refused(void *context, struct sj_verdict *verdict)
{
    struct sj_decide *decide = context;
    decide->status.refused_count++;
    decide_emit(decide, (struct sj_frame *)verdict);
}
