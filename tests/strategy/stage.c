#include "stage.h"

static uint32_t seen_count; /* intents that stage_new_intents has told of */

static void send_verdict(struct stage *stage, uint64_t intent_id, const char *check)
{
    struct sj_verdict verdict = {.intent_id = intent_id, .accepted = !check};
    snprintf(verdict.check_name, sizeof verdict.check_name, "%s", check ? check : "");
    sj_frame_head(&verdict, SJ_EVENT_VERDICT, sizeof verdict);
    sj_strategies_order(stage->s, (const struct sj_frame *)(const void *)&verdict, stage->now_ns);
}

static uint64_t take_intent(void *context, struct sj_intent *intent)
{
    struct stage *stage = context;
    if (stage->no_room)
        return 0;
    intent->intent_id = ++stage->next_id;
    if (stage->intent_count < INTENTS_MAX)
        stage->intents[stage->intent_count++] = *intent;
    send_verdict(stage, intent->intent_id, stage->refuse);
    if (!stage->refuse && stage->work_at_once && intent->kind == SJ_INTENT_PLACE)
        stage_update(stage, intent->intent_id, SJ_ORDER_WORKING);
    if (!stage->refuse && stage->work_at_once && intent->kind == SJ_INTENT_CANCEL)
        stage_update(stage, intent->target_id, SJ_ORDER_CANCELLED);
    return intent->intent_id;
}

static void take_control(void *context, struct sj_control *control)
{
    struct stage *stage = context;
    if (stage->control_count < 16)
        stage->controls[stage->control_count++] = *control;
}

static void take_log(void *context, uint32_t strategy, const char *text)
{
    struct stage *stage = context;
    snprintf(stage->log, sizeof stage->log, "%u: %s", strategy, text);
    stage->log_count++;
}

static void define(struct stage *stage, const char *code, enum sj_security security, double tick,
                   double down, double up)
{
    struct sj_instrument one = {.security = (uint8_t)security,
                                .limit_up_e6 = E6(up),
                                .limit_down_e6 = E6(down),
                                .reference_e6 = E6((up + down) / 2),
                                .tick_e6 = tick > 0 ? E6(tick) : SJ_NULL_E6,
                                .multiplier_e6 = SJ_NULL_E6,
                                .unit = 1};
    uint32_t id;
    snprintf(one.code, sizeof one.code, "%s", code);
    if (down < 0)
        one.limit_down_e6 = -E6(-down);
    sj_frame_head(&one, SJ_EVENT_INSTRUMENT, sizeof one);
    assert_int_equal(sj_instruments_put(stage->instruments, &one, &id), 0);
}

struct stage *stage_open(bool guard)
{
    struct stage *stage = calloc(1, sizeof *stage);
    struct sj_strategies_ops ops = {stage, take_intent, take_control, take_log};
    struct sj_strategies_options options = {.ops = &ops, .guard = guard, .timing = guard};
    assert_non_null(stage);
    assert_int_equal(sj_instruments_create(16, &stage->instruments), 0);
    define(stage, "2330", SJ_SECURITY_STK, 0, 900, 1100);
    define(stage, "TXFR1", SJ_SECURITY_FUT, 1, 18000, 22000);
    define(stage, "TXFC4/TXFD4", SJ_SECURITY_FUT, 1, -500, 500);
    options.instruments = stage->instruments;
    assert_int_equal(sj_strategies_create(&options, &stage->s), 0);
    stage->guard = guard;
    stage->now_ns = START;
    seen_count = 0;
    return stage;
}

void stage_close(struct stage *stage)
{
    sj_strategies_close(stage->s);
    sj_instruments_close(stage->instruments);
    free(stage);
}

sj_rc stage_try(struct stage *stage, struct sj_strategy_instance *instance,
                const char *const *params, char error[SJ_STRATEGIES_ERROR_MAX])
{
    static char names[SJ_STRATEGY_PARAMS_MAX][64];
    struct sj_strategy_param list[SJ_STRATEGY_PARAMS_MAX];
    uint32_t count = 0, number;
    for (; params && params[count]; count++) {
        const char *equals = strchr(params[count], '=');
        snprintf(names[count], 64, "%.*s", (int)(equals - params[count]), params[count]);
        list[count] = (struct sj_strategy_param){names[count], equals + 1, 0};
    }
    instance->params = list;
    instance->param_count = count;
    error[0] = 0;
    sj_rc rc = sj_strategies_add(stage->s, instance, stage->now_ns, error, &number);
    return rc < 0 ? rc : (sj_rc)number;
}

uint32_t stage_add(struct stage *stage, const char *name, const char *use, uint32_t instrument,
                   const char *const *params)
{
    char error[SJ_STRATEGIES_ERROR_MAX];
    /* No test depends on how fast the machine is: overruns are counted and disarm nobody. */
    struct sj_strategy_instance instance = {.name = name,
                                            .use = use,
                                            .instruments = &instrument,
                                            .instrument_count = 1,
                                            .overrun_max = UINT32_MAX,
                                            .hard_budget_ns = 50 * MS};
    sj_rc rc = stage_try(stage, &instance, params, error);
    if (rc < 0)
        fail_msg("%s", error);
    return (uint32_t)rc;
}

uint32_t stage_probe(struct stage *stage, const char *name, const struct probe_hooks *hooks)
{
    char text[64];
    snprintf(text, sizeof text, "hooks=%llu", (unsigned long long)(uintptr_t)hooks);
    return stage_add(stage, name, PROBE, STOCK, (const char *const[]){text, NULL});
}

void stage_book(struct stage *stage, uint32_t instrument, double bid, uint32_t bid_volume,
                double ask, uint32_t ask_volume)
{
    struct sj_book book = {.instrument = instrument,
                           .exch_ns = stage->now_ns,
                           .recv_ns = stage->now_ns,
                           .level_count = {1, 1}};
    for (int i = 0; i < SJ_LEVELS; i++)
        book.bid_price_e6[i] = book.ask_price_e6[i] = SJ_NULL_E6;
    if (bid_volume)
        book.bid_price_e6[0] = E6(bid);
    if (ask_volume)
        book.ask_price_e6[0] = E6(ask);
    book.bid_volume[0] = bid_volume;
    book.ask_volume[0] = ask_volume;
    sj_frame_head(&book, SJ_EVENT_BOOK, sizeof book);
    sj_strategies_event(stage->s, (const struct sj_frame *)(const void *)&book, stage->now_ns);
}

void stage_trade(struct stage *stage, uint32_t instrument, double price, uint32_t volume,
                 enum sj_tick_type side)
{
    struct sj_trade trade = {.instrument = instrument,
                             .exch_ns = stage->now_ns,
                             .recv_ns = stage->now_ns,
                             .price_e6 = E6(price),
                             .volume = volume,
                             .tick_type = (uint8_t)side};
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof trade);
    sj_strategies_event(stage->s, (const struct sj_frame *)(const void *)&trade, stage->now_ns);
}

static void send_update(struct stage *stage, uint64_t intent_id, enum sj_order_state state,
                        int64_t price_e6, uint32_t quantity, uint8_t cause)
{
    struct sj_order_update update = {.intent_id = intent_id,
                                     .cause = cause,
                                     .price_e6 = price_e6,
                                     .quantity = quantity,
                                     .filled = SJ_NULL_U32,
                                     .cancelled = SJ_NULL_U32,
                                     .state_to = (uint8_t)state};
    sj_frame_head(&update, SJ_EVENT_ORDER, sizeof update);
    sj_strategies_order(stage->s, (const struct sj_frame *)(const void *)&update, stage->now_ns);
}

void stage_update(struct stage *stage, uint64_t intent_id, enum sj_order_state state)
{
    send_update(stage, intent_id, state, SJ_NULL_E6, 0, 0);
}

void stage_changed(struct stage *stage, uint64_t intent_id, enum sj_order_state state,
                   int64_t price_e6, uint32_t quantity)
{
    send_update(stage, intent_id, state, price_e6, quantity, SJ_CAUSE_PRICED);
}

void stage_denied(struct stage *stage, uint64_t intent_id, enum sj_order_state state, bool cancel)
{
    send_update(stage, intent_id, state, SJ_NULL_E6, 0,
                cancel ? SJ_CAUSE_CANCEL_DENIED : SJ_CAUSE_CHANGE_DENIED);
}

const struct sj_intent *stage_intent(const struct stage *stage, uint64_t intent_id)
{
    for (uint32_t i = 0; i < stage->intent_count; i++)
        if (stage->intents[i].intent_id == intent_id)
            return &stage->intents[i];
    fail_msg("no intent %llu", (unsigned long long)intent_id);
    return NULL;
}

void stage_fill(struct stage *stage, uint64_t intent_id, uint32_t quantity)
{
    const struct sj_intent *order = stage_intent(stage, intent_id);
    struct sj_fill fill = {.instrument = order->instrument,
                           .intent_id = intent_id,
                           .price_e6 = order->price_e6,
                           .quantity = quantity,
                           .strategy = order->strategy,
                           .side = order->side};
    sj_frame_head(&fill, SJ_EVENT_FILL, sizeof fill);
    sj_strategies_order(stage->s, (const struct sj_frame *)(const void *)&fill, stage->now_ns);
}

void stage_verdict(struct stage *stage, uint64_t intent_id, const char *check)
{
    send_verdict(stage, intent_id, check);
}

void stage_wait(struct stage *stage, int64_t ns)
{
    int64_t until_ns = stage->now_ns + ns;
    for (int64_t at_ns; (at_ns = sj_strategies_next_timer(stage->s)) <= until_ns;) {
        stage->now_ns = at_ns > stage->now_ns ? at_ns : stage->now_ns;
        assert_true(sj_strategies_time(stage->s, stage->now_ns) > 0);
    }
    stage->now_ns = until_ns;
}

uint32_t stage_new_intents(struct stage *stage, const struct sj_intent **ret_first)
{
    uint32_t count = stage->intent_count - seen_count;
    if (ret_first)
        *ret_first = &stage->intents[seen_count];
    seen_count = stage->intent_count;
    return count;
}

bool stage_armed(const struct stage *stage, uint32_t strategy)
{
    struct sj_strategy_status status;
    assert_int_equal(sj_strategies_status(stage->s, strategy, &status), 0);
    return status.armed;
}
