/* Our side: src/decide, the clock it is fed by, and what becomes of the events it publishes. */
#include "backtest/run_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- what decide publishes --- */

static struct asked *asked_of(struct run *run, uint64_t intent)
{
    return &run->asked[intent % ASKED_COUNT];
}

static void tell_order(struct run *run, const struct sj_bt_order_row *row)
{
    if (run->options->sink.order)
        run->options->sink.order(run->options->sink.context, row);
}

static void note_intent(struct run *run, const struct sj_intent *intent)
{
    struct asked *asked = asked_of(run, intent->intent_id);
    bool place = intent->kind == SJ_INTENT_PLACE;
    run->result.orders += place;
    run->result.cancels += intent->kind == SJ_INTENT_CANCEL;
    run->result.changes += !place && intent->kind != SJ_INTENT_CANCEL;
    if (!place)
        return;
    asked->intent = intent->intent_id;
    asked->mid = intent->arrival_mid_e6 == SJ_NULL_E6 ? NAN : (double)intent->arrival_mid_e6 / 1e6;
    asked->row = (struct sj_bt_order_row){.time_ns = run->now_ns,
                                          .order = ++run->next_number,
                                          .intent = intent->intent_id,
                                          .price_e6 = intent->price_e6,
                                          .instrument = intent->instrument,
                                          .strategy = intent->strategy,
                                          .quantity = intent->quantity,
                                          .left = intent->quantity,
                                          .side = intent->side == SJ_SIDE_SELL,
                                          .time_in_force = intent->time_in_force,
                                          .what = SJ_BT_ASKED,
                                          .queue = NAN};
    tell_order(run, &asked->row);
}

/* Risk or the order room said no: what was asked goes nowhere. */
static void note_refusal(struct run *run, uint64_t intent)
{
    struct asked *asked = asked_of(run, intent);
    run->result.refused++;
    if (asked->intent != intent)
        return;
    struct sj_bt_order_row row = asked->row;
    row.what = SJ_BT_REFUSED;
    tell_order(run, &row);
}

static void note_fill(struct run *run, const struct sj_fill *fill)
{
    double lots = fill->side == SJ_SIDE_BUY ? fill->quantity : -(double)fill->quantity;
    bool odd = fill->order_lot == SJ_LOT_INTRADAY_ODD || fill->order_lot == SJ_LOT_ODD;
    run->known_lots += (int64_t)lots;
    run->known_position += lots * run->lot;
    run->known_balance -=
        (double)fill->price_e6 / 1e6 * lots * bt_side_unit(run, fill->instrument, odd);
    run->known_fee += (double)(fill->fee_e6 + fill->tax_e6) / 1e6;
}

static void note_control(const struct run *run, const struct sj_control *control)
{
    const struct sj_bt_sink *sink = &run->options->sink;
    char line[128];
    if (!sink->log || (control->kind != SJ_CONTROL_DISARM && control->kind != SJ_CONTROL_KILL))
        return;
    snprintf(line, sizeof line, "%s: %.64s",
             control->kind == SJ_CONTROL_KILL ? "trading is stopped" : "taken out", control->text);
    sink->log(sink->context, control->strategy, line);
}

static int64_t publish(void *context, struct sj_frame *event)
{
    struct run *run = context;
    event->seq = ++run->seq;
    if (run->options->sink.event)
        run->options->sink.event(run->options->sink.context, event);
    switch (event->template_id) {
    case SJ_EVENT_INTENT:
        note_intent(run, (const struct sj_intent *)event);
        break;
    case SJ_EVENT_VERDICT:
        if (!((const struct sj_verdict *)event)->accepted)
            note_refusal(run, ((const struct sj_verdict *)event)->intent_id);
        break;
    case SJ_EVENT_ORDER:
        if (((const struct sj_order_update *)event)->state_to == SJ_ORDER_REFUSED)
            note_refusal(run, ((const struct sj_order_update *)event)->intent_id);
        break;
    case SJ_EVENT_FILL:
        note_fill(run, (const struct sj_fill *)event);
        break;
    case SJ_EVENT_CONTROL:
        note_control(run, (const struct sj_control *)event);
        break;
    default:
        break;
    }
    return (int64_t)event->seq;
}

static void on_log(void *context, uint32_t strategy, const char *text)
{
    const struct sj_bt_sink *sink = &((struct run *)context)->options->sink;
    if (sink->log)
        sink->log(sink->context, strategy, text);
}

/* Of a file of rows: parts of the value. */
static void on_cost(void *context, struct sj_fill *fill)
{
    const struct run *run = context;
    const struct sj_bt_options *options = run->options;
    double rate = run->told && run->told->maker ? options->maker_fee : options->taker_fee;
    double value = (double)fill->price_e6 / 1e6 * fill->quantity * options->lot;
    fill->fee_e6 = llround(rate * value * 1e6);
    fill->tax_e6 = 0;
}

/* --- inputs --- */

static void set_now(struct run *run, int64_t now_ns)
{
    run->now_ns = now_ns > run->now_ns ? now_ns : run->now_ns;
}

void bt_side_event(struct run *run, const struct sj_frame *event, uint32_t src, uint64_t seq,
                   int64_t now_ns)
{
    set_now(run, now_ns);
    sj_decide_batch(run->decide, src, seq, seq, 1, run->now_ns);
    sj_decide_event(run->decide, event);
}

void bt_side_report(struct run *run, const struct sj_bt_report *report)
{
    set_now(run, report->at_ns);
    run->told = report;
    bt_link_report(run, report);
    run->told = NULL;
}

void bt_side_time(struct run *run, int64_t now_ns)
{
    set_now(run, now_ns);
    sj_decide_time(run->decide, run->now_ns);
}

/* Nothing was ordered yet, so the broker's list is empty, and known at once. */
void bt_side_begin(struct run *run, int64_t now_ns)
{
    struct sj_order_report up = {.exch_ns = now_ns,
                                 .price_e6 = SJ_NULL_E6,
                                 .kind = SJ_REPORT_LINK_UP,
                                 .source = SJ_REPORT_FROM_LOCAL};
    sj_frame_head(&up, SJ_EVENT_ORDER_REPORT, sizeof up);
    set_now(run, now_ns);
    run->starting = true;
    sj_decide_start(run->decide, now_ns);
    sj_decide_report(run->decide, &up, now_ns);
    bt_link_list_empty(run);
    run->starting = false;
}

/* --- making it --- */

/* Of the one instrument that a file of rows has. A lot is worth `lot` times its price, where that
 * can be said in millionths. */
static sj_rc define_rows(struct run *run)
{
    int64_t lot_e6 = llround(run->options->lot * 1e6);
    struct sj_instrument instrument = sj_instrument_blank();
    uint32_t id;
    instrument.instrument = SJ_BT_INSTRUMENT;
    memcpy(instrument.code, "DATA", 4);
    instrument.security = SJ_SECURITY_FUT;
    instrument.multiplier_e6 = lot_e6 > 0 ? lot_e6 : 1;
    instrument.tick_e6 = run->feed.prices.tick_e6;
    return sj_instruments_put(run->instruments, &instrument, &id);
}

static bool matches(const char *item, size_t size, const struct sj_instrument *definition)
{
    const char *code = definition->code;
    size_t length = strnlen(code, sizeof definition->code);
    if (size > 0 && item[size - 1] == '*')
        return size - 1 <= length && memcmp(item, code, size - 1) == 0;
    return size == length && memcmp(item, code, size) == 0;
}

/* A continuous contract is traded, and its events come, as the month it stands for. */
static uint32_t traded_id(const struct run *run, const struct sj_instrument *definition)
{
    size_t size = strnlen(definition->target_code, sizeof definition->target_code);
    uint32_t id = size ? sj_instruments_find(run->instruments, definition->target_code, size) : 0;
    return id ? id : definition->instrument;
}

static bool has(const uint32_t *ids, uint32_t count, uint32_t id)
{
    for (uint32_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* The instruments of options.instruments, those of a code that nobody has being an error. */
static sj_rc choose(const struct run *run, uint32_t ids[SJ_STRATEGY_INSTRUMENTS_MAX],
                    uint32_t *ret_count)
{
    static const char separators[] = ", ";
    *ret_count = 0;
    for (const char *text = run->options->instruments; text[strspn(text, separators)];) {
        const char *item = text + strspn(text, separators);
        size_t size = strcspn(item, separators);
        uint32_t before = *ret_count;
        bool any = false;
        for (uint32_t id = 1; id <= sj_instruments_id_max(run->instruments); id++) {
            const struct sj_instrument *one = sj_instruments_get(run->instruments, id);
            if (!one || !matches(item, size, one) || *ret_count == SJ_STRATEGY_INSTRUMENTS_MAX)
                continue;
            any = true;
            if (!has(ids, *ret_count, traded_id(run, one)))
                ids[(*ret_count)++] = traded_id(run, one);
        }
        if (!any && *ret_count == before) {
            snprintf(run->error, SJ_BT_ERROR_MAX, "instruments: no '%.*s' in the journal",
                     (int)(size < 40 ? size : 40), item);
            return -SJ_E_UNKNOWN;
        }
        text = item + size;
    }
    return 0;
}

static sj_rc add_strategy(struct run *run, const struct sj_strategy_instance *asked)
{
    static const uint32_t traded[] = {SJ_BT_INSTRUMENT};
    struct sj_strategy_instance instance = *asked;
    const struct sj_strategy_plugin *plugin =
        asked->plugin ? asked->plugin : sj_strategy_builtin_find(asked->use);
    uint32_t number;
    if (run->options->path) {
        instance.instruments = traded;
        instance.instrument_count = 1;
    }
    uint32_t *ids = NULL;
    if (!run->options->path && run->options->instruments) {
        ids = malloc(SJ_STRATEGY_INSTRUMENTS_MAX * sizeof *ids);
        sj_rc rc = ids ? choose(run, ids, &instance.instrument_count) : -ENOMEM;
        instance.instruments = ids;
        if (rc < 0) {
            free(ids);
            return rc;
        }
    }
    /* What a shared object wants is not known here: it is told everything. */
    uint64_t wants = plugin ? plugin->events : SJ_ON_MARKET;
    run->listening |= (wants & SJ_ON_MARKET) != 0 && !(wants & SJ_ON_FIRST);
    sj_rc rc = sj_decide_add(run->decide, &instance, run->error, &number);
    free(ids);
    return rc;
}

static sj_rc create_decide(struct run *run, const struct sj_decide_ops *ops)
{
    const struct sj_bt_options *options = run->options;
    struct sj_risk_config *risk = malloc(sizeof *risk);
    struct sj_orders_config orders;
    sj_rc rc = risk ? sj_bt_risk_default(risk) : -ENOMEM;
    sj_bt_orders_default(&orders);
    const struct sj_decide_options decide = {
        .ops = ops,
        .instruments = run->instruments,
        .rules = run->rules,
        .risk = options->risk ? options->risk : risk,
        .orders = options->orders ? options->orders : &orders,
        .account = options->account,
        .instrument_max = run->instrument_max,
        .follow_max = 2 * (uint32_t)(options->orders ? options->orders->max_open : orders.max_open),
        .post_only = true,
    };
    if (rc >= 0)
        rc = sj_decide_create(&decide, run->error, &run->decide);
    for (uint32_t i = 0; i < options->strategy_count && rc >= 0; i++)
        rc = add_strategy(run, &options->strategies[i]);
    free(risk);
    return rc;
}

static void tell_definitions(const struct run *run)
{
    const struct sj_bt_sink *sink = &run->options->sink;
    const struct sj_strategies *strategies = sj_decide_strategies(run->decide);
    for (uint32_t id = 1; sink->event && id <= sj_instruments_id_max(run->instruments); id++) {
        const struct sj_instrument *one = sj_instruments_get(run->instruments, id);
        if (one && sj_strategies_trades(strategies, id))
            sink->event(sink->context, (const struct sj_frame *)(const void *)one);
    }
}

sj_rc bt_side_open(struct run *run)
{
    const struct sj_bt_options *options = run->options;
    const struct sj_decide_ops ops = {.context = run,
                                      .publish = publish,
                                      .send = bt_link_send,
                                      .log = on_log,
                                      .cost = options->path ? on_cost : NULL};
    run->quantity_less =
        options->orders && options->orders->quantity_meaning == SJ_ORDER_QUANTITY_LESS;
    sj_rc rc = options->path ? define_rows(run) : 0;
    if (rc >= 0 && options->create && !options->path)
        rc = options->create(options->create_context, &ops, run->instruments, run->error,
                             &run->decide);
    else if (rc >= 0)
        rc = create_decide(run, &ops);
    if (rc >= 0 && !options->path)
        tell_definitions(run);
    if (rc < 0 && !*run->error)
        snprintf(run->error, SJ_BT_ERROR_MAX, "strategies, risk and orders: %s", sj_rc_text(rc));
    return rc;
}

double bt_side_unit(const struct run *run, uint32_t instrument, bool odd)
{
    const struct sj_instrument *definition = sj_instruments_get(run->instruments, instrument);
    if (run->options->path)
        return run->options->lot;
    return definition ? sj_bt_market_unit(definition, odd) : 0;
}

void bt_side_close(struct run *run)
{
    sj_decide_close(run->decide);
    sj_instruments_close(run->instruments);
    sj_market_rules_free(run->rules);
}
