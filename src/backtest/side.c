/* Our side: what strategies see, ask for, and are told. */
#include "backtest/run_private.h"

#include "event/instruments.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CHANGE_IDS (UINT64_C(1) << 62) /* of cancels and changes; orders count from 1 */

static double price_of(const struct run *run, unsigned side)
{
    return (double)run_price_e6(run, side, run->book.best[side]) / 1e6;
}

double side_mid(const struct run *run)
{
    if (run->book.best[0] < 0 || run->book.best[1] < 0)
        return NAN;
    return (price_of(run, 0) + price_of(run, 1)) / 2;
}

static uint32_t lots_at(const struct run *run, unsigned side, int32_t key)
{
    double lots = round(run->book.levels[side][key] / run->options->lot);
    return lots < UINT32_MAX ? (uint32_t)lots : UINT32_MAX - 1;
}

static struct sj_top top_of(const struct run *run)
{
    const int32_t *best = run->book.best;
    struct sj_top top = {.bid_e6 = SJ_NULL_E6, .ask_e6 = SJ_NULL_E6, .time_ns = run->row_ns};
    top.last_e6 = sj_strategies_top(run->strategies, SJ_BT_INSTRUMENT)->last_e6;
    if (best[0] >= 0) {
        top.bid_e6 = run_price_e6(run, 0, best[0]);
        top.bid_volume = lots_at(run, 0, best[0]);
    }
    if (best[1] >= 0) {
        top.ask_e6 = run_price_e6(run, 1, best[1]);
        top.ask_volume = lots_at(run, 1, best[1]);
    }
    return top;
}

/* Before any call of a strategy: nobody looks in between. */
static void show_top(struct run *run)
{
    if (!run->book_is_new)
        return;
    struct sj_top top = top_of(run);
    sj_strategies_set_top(run->strategies, SJ_BT_INSTRUMENT, &top);
    run->book_is_new = false;
}

/* --- intents --- */

static void refuse(struct run *run, const struct sj_intent *intent, const char *why)
{
    struct sj_verdict verdict = {.exch_ns = run->now_ns,
                                 .recv_ns = run->now_ns,
                                 .intent_id = intent->intent_id,
                                 .strategy = intent->strategy,
                                 .instrument = SJ_BT_INSTRUMENT};
    snprintf(verdict.check_name, sizeof verdict.check_name, "%s", why);
    sj_frame_head(&verdict, SJ_EVENT_VERDICT, sizeof verdict);
    run->result.refused++;
    sj_strategies_order(run->strategies, (const struct sj_frame *)(const void *)&verdict,
                        run->now_ns);
}

static void tell(struct run *run, uint64_t order, enum sj_order_state state, uint8_t cause,
                 const struct sj_bt_report *report)
{
    struct sj_order_update update = {.exch_ns = report ? report->exch_ns : run->now_ns,
                                     .recv_ns = run->now_ns,
                                     .instrument = SJ_BT_INSTRUMENT,
                                     .intent_id = order,
                                     .price_e6 = SJ_NULL_E6,
                                     .filled = SJ_NULL_U32,
                                     .cancelled = SJ_NULL_U32,
                                     .state_to = (uint8_t)state,
                                     .cause = cause};
    if (report && state == SJ_ORDER_CANCELLED)
        update.cancelled = report->left;
    if (report && report->kind == SJ_BT_CHANGED) {
        update.price_e6 = run_price_e6(run, report->side, report->key);
        update.quantity = report->quantity;
    }
    sj_frame_head(&update, SJ_EVENT_ORDER, sizeof update);
    sj_strategies_order(run->strategies, (const struct sj_frame *)(const void *)&update,
                        run->now_ns);
}

static void note_order(struct run *run, const struct sj_intent *intent, enum sj_bt_order_what what)
{
    struct sj_bt_order_row row = {.time_ns = run->now_ns,
                                  .order = intent->intent_id,
                                  .price_e6 = intent->price_e6,
                                  .quantity = intent->quantity,
                                  .left = intent->quantity,
                                  .side = intent->side == SJ_SIDE_SELL,
                                  .time_in_force = intent->time_in_force,
                                  .what = (uint8_t)what,
                                  .queue = NAN};
    if (run->options->sink.order)
        run->options->sink.order(run->options->sink.context, &row);
}

/* The key of a limit price, or a reason why there is none. */
static const char *key_of(const struct run *run, int64_t price_e6, unsigned side, int32_t *ret_key)
{
    int64_t at = price_e6 / run->tick_e6 - run->feed.base_tick;
    if (price_e6 % run->tick_e6 != 0)
        return "price_off_tick";
    if (!run->feed.placed || at < 0 || at >= SJ_BT_KEYS)
        return "price_too_far";
    *ret_key = side ? sj_bt_mirror((int32_t)at) : (int32_t)at;
    return NULL;
}

static const char *make_request(const struct run *run, const struct sj_intent *intent,
                                struct sj_bt_request *request)
{
    static const uint8_t kinds[] = {[SJ_INTENT_PLACE] = SJ_BT_PLACE,
                                    [SJ_INTENT_CANCEL] = SJ_BT_CANCEL,
                                    [SJ_INTENT_PRICE] = SJ_BT_REPRICE,
                                    [SJ_INTENT_QUANTITY] = SJ_BT_REDUCE};
    unsigned side = intent->side == SJ_SIDE_SELL;
    *request =
        (struct sj_bt_request){.order = intent->target_id ? intent->target_id : intent->intent_id,
                               .quantity = intent->quantity,
                               .mid = side_mid(run),
                               .kind = kinds[intent->kind],
                               .side = (uint8_t)side,
                               .time_in_force = intent->time_in_force};
    if (intent->kind == SJ_INTENT_PLACE && intent->price_type != SJ_ORDER_LMT) {
        request->market = true;
        return NULL;
    }
    if (intent->kind == SJ_INTENT_PLACE && intent->time_in_force == SJ_ORDER_FOK)
        return "fok_in_backtest";
    if (intent->kind == SJ_INTENT_CANCEL || intent->kind == SJ_INTENT_QUANTITY)
        return NULL;
    return key_of(run, intent->price_e6, side, &request->key);
}

static uint64_t on_intent(void *context, struct sj_intent *intent)
{
    struct run *run = context;
    struct sj_bt_request request;
    bool place = intent->kind == SJ_INTENT_PLACE;
    intent->intent_id = place ? ++run->next_order : CHANGE_IDS + ++run->next_change;
    const char *why = make_request(run, intent, &request);
    run->result.orders += place;
    run->result.cancels += intent->kind == SJ_INTENT_CANCEL;
    run->result.changes += !place && intent->kind != SJ_INTENT_CANCEL;
    if (place)
        note_order(run, intent, why ? SJ_BT_REFUSED : SJ_BT_ASKED);
    if (why) {
        refuse(run, intent, why);
        return intent->intent_id;
    }
    request.at_ns = sj_bt_way_arrival(&run->requests_way, run->now_ns);
    sj_rc rc = sj_bt_requests_push(&run->requests, &request);
    if (rc < 0) {
        run->rc = rc;
        snprintf(run->error, SJ_BT_ERROR_MAX, "too many requests are on their way");
    }
    if (intent->kind == SJ_INTENT_CANCEL)
        tell(run, request.order, SJ_ORDER_CANCELLING, 0, NULL);
    return intent->intent_id;
}

/* --- reports --- */

static void take_fill(struct run *run, const struct sj_bt_report *report)
{
    const struct sj_bt_options *options = run->options;
    int64_t price_e6 = run_price_e6(run, report->side, report->key);
    double value = (double)price_e6 / 1e6 * report->quantity * options->lot;
    double fee = (report->maker ? options->maker_fee : options->taker_fee) * value;
    double sign = report->side ? -1 : 1;
    run->known_position += sign * report->quantity * options->lot;
    run->known_balance -= sign * value;
    run->known_fee += fee;
    struct sj_fill fill = {.exch_ns = report->exch_ns,
                           .recv_ns = run->now_ns,
                           .instrument = SJ_BT_INSTRUMENT,
                           .intent_id = report->order,
                           .price_e6 = price_e6,
                           .quantity = report->quantity,
                           .side = report->side ? SJ_SIDE_SELL : SJ_SIDE_BUY,
                           .fee_e6 = (int64_t)llround(fee * 1e6)};
    sj_frame_head(&fill, SJ_EVENT_FILL, sizeof fill);
    sj_strategies_order(run->strategies, (const struct sj_frame *)(const void *)&fill, run->now_ns);
}

void side_report(struct run *run, const struct sj_bt_report *report)
{
    uint64_t *ended = &run->ended[report->order % ENDED_COUNT];
    bool priced = report->request == SJ_BT_REPRICE;
    show_top(run);
    switch (report->kind) {
    case SJ_BT_WORKING:
        tell(run, report->order, SJ_ORDER_WORKING, 0, report);
        break;
    case SJ_BT_FILLED:
        take_fill(run, report);
        break;
    case SJ_BT_EXPIRED:
    case SJ_BT_CANCELLED:
        *ended = report->order;
        tell(run, report->order, SJ_ORDER_CANCELLED, 0, report);
        break;
    case SJ_BT_CHANGED:
        tell(run, report->order,
             report->left < report->quantity ? SJ_ORDER_PARTIAL : SJ_ORDER_WORKING,
             priced ? SJ_CAUSE_PRICED : SJ_CAUSE_REDUCED, report);
        break;
    default:
        tell(run, report->order, *ended == report->order ? SJ_ORDER_CANCELLED : SJ_ORDER_FILLED,
             report->request == SJ_BT_CANCEL ? SJ_CAUSE_CANCEL_DENIED : SJ_CAUSE_CHANGE_DENIED,
             NULL);
    }
}

void side_time(struct run *run)
{
    show_top(run);
    (void)sj_strategies_time(run->strategies, run->now_ns);
}

/* --- what strategies that listen are told --- */

static void fill_levels(const struct run *run, struct sj_book *book)
{
    int64_t *prices[2] = {book->bid_price_e6, book->ask_price_e6};
    uint32_t *volumes[2] = {book->bid_volume, book->ask_volume};
    for (unsigned side = 0; side < 2; side++) {
        int32_t key = run->book.best[side];
        for (unsigned i = 0; i < SJ_LEVELS; i++) {
            prices[side][i] = key < 0 ? SJ_NULL_E6 : run_price_e6(run, side, key);
            volumes[side][i] = key < 0 ? 0 : lots_at(run, side, key);
            book->level_count[side] = (uint8_t)(book->level_count[side] + (key >= 0));
            key = key < 0 ? key : sj_bt_book_below(&run->book, side, key);
        }
    }
}

static void tell_book(struct run *run, int64_t exch_ns)
{
    struct sj_book book = {.exch_ns = exch_ns,
                           .recv_ns = run->now_ns,
                           .instrument = SJ_BT_INSTRUMENT,
                           .derived_bid_price_e6 = SJ_NULL_E6,
                           .derived_ask_price_e6 = SJ_NULL_E6,
                           .underlying_price_e6 = SJ_NULL_E6};
    fill_levels(run, &book);
    sj_frame_head(&book, SJ_EVENT_BOOK, sizeof book);
    run->book_is_new = false;
    sj_strategies_event(run->strategies, (const struct sj_frame *)(const void *)&book, run->now_ns);
}

static void tell_trade(struct run *run, const struct sj_bt_step *step)
{
    double lots = round(step->quantity / run->options->lot);
    struct sj_trade trade = {.exch_ns = step->ts,
                             .recv_ns = run->now_ns,
                             .instrument = SJ_BT_INSTRUMENT,
                             .price_e6 = run_price_e6(run, !step->side, step->key),
                             .volume = lots < UINT32_MAX ? (uint32_t)lots : UINT32_MAX - 1,
                             .tick_type = step->side ? SJ_TICK_SELL : SJ_TICK_BUY,
                             .open_e6 = SJ_NULL_E6,
                             .high_e6 = SJ_NULL_E6,
                             .low_e6 = SJ_NULL_E6,
                             .avg_price_e6 = SJ_NULL_E6,
                             .price_chg_e6 = SJ_NULL_E6,
                             .pct_chg_e6 = SJ_NULL_E6,
                             .underlying_price_e6 = SJ_NULL_E6};
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof trade);
    sj_strategies_event(run->strategies, (const struct sj_frame *)(const void *)&trade,
                        run->now_ns);
}

void side_row(struct run *run, const struct sj_bt_step *step, bool last_of_its_time)
{
    sj_bt_book_step(&run->book, step);
    if (step->kind == SJ_BT_TRADE) {
        show_top(run);
        tell_trade(run, step);
    } else {
        run->book_is_new = true;
    }
    if (last_of_its_time && run->book_is_new)
        tell_book(run, step->ts);
}

void side_begin(struct run *run)
{
    tell_book(run, run->now_ns);
}

void side_sample(struct run *run)
{
    double mid = side_mid(run);
    double worth = run->known_position != 0 ? run->known_position * mid : 0;
    struct sj_bt_sample_row row = {.time_ns = run->next_sample_ns,
                                   .equity = run->known_balance + worth - run->known_fee,
                                   .balance = run->known_balance,
                                   .fee = run->known_fee,
                                   .mid = mid,
                                   .position = llround(run->known_position / run->options->lot)};
    if (run->options->sink.sample)
        run->options->sink.sample(run->options->sink.context, &row);
}

/* --- making it --- */

static void on_control(void *context, struct sj_control *control)
{
    struct run *run = context;
    char line[128];
    snprintf(line, sizeof line, "taken out: %.63s", control->text);
    if (run->options->sink.log)
        run->options->sink.log(run->options->sink.context, control->strategy, line);
}

static void on_log(void *context, uint32_t strategy, const char *text)
{
    const struct sj_bt_sink *sink = &((struct run *)context)->options->sink;
    if (sink->log)
        sink->log(sink->context, strategy, text);
}

static sj_rc define_instrument(struct run *run)
{
    struct sj_instrument instrument = {.instrument = SJ_BT_INSTRUMENT,
                                       .code = "DATA",
                                       .security = SJ_SECURITY_FUT,
                                       .reference_e6 = SJ_NULL_E6,
                                       .limit_up_e6 = SJ_NULL_E6,
                                       .limit_down_e6 = SJ_NULL_E6,
                                       .strike_e6 = SJ_NULL_E6,
                                       .multiplier_e6 = 1000000,
                                       .tick_e6 = run->tick_e6,
                                       .unit = 1};
    uint32_t id;
    sj_frame_head(&instrument, SJ_EVENT_INSTRUMENT, sizeof instrument);
    sj_rc rc = sj_instruments_create(4, &run->instruments);
    return rc < 0 ? rc : sj_instruments_put(run->instruments, &instrument, &id);
}

static sj_rc add_strategy(struct run *run, const struct sj_strategy_instance *asked)
{
    static const uint32_t traded[] = {SJ_BT_INSTRUMENT};
    struct sj_strategy_instance instance = *asked;
    const struct sj_strategy_plugin *plugin =
        asked->plugin ? asked->plugin : sj_strategy_builtin_find(asked->use);
    uint32_t number;
    instance.instruments = traded;
    instance.instrument_count = 1;
    /* What a shared object wants is not known here: it is told everything. */
    uint64_t wants = plugin ? plugin->events : SJ_ON_MARKET;
    run->listening |= (wants & SJ_ON_MARKET) != 0 && !(wants & SJ_ON_FIRST);
    return sj_strategies_add(run->strategies, &instance, 0, run->error, &number);
}

sj_rc side_open(struct run *run)
{
    const struct sj_strategies_ops ops = {run, on_intent, on_control, on_log, NULL};
    sj_rc rc = define_instrument(run);
    const struct sj_strategies_options options = {
        .ops = &ops, .instruments = run->instruments, .instrument_max = SJ_BT_INSTRUMENT};
    if (rc >= 0)
        rc = sj_strategies_create(&options, &run->strategies);
    if (rc < 0)
        snprintf(run->error, SJ_BT_ERROR_MAX, "no strategies' host: %s", sj_rc_text(rc));
    for (uint32_t i = 0; i < run->options->strategy_count && rc >= 0; i++)
        rc = add_strategy(run, &run->options->strategies[i]);
    return rc;
}

void side_close(struct run *run)
{
    sj_strategies_close(run->strategies);
    sj_instruments_close(run->instruments);
}
