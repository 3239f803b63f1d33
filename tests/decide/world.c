#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void log_init(struct world_log *log)
{
    log->bytes = malloc(WORLD_LOG_SIZE);
    assert_non_null(log->bytes);
}

static void log_add(struct world_log *log, struct sj_frame *event)
{
    size_t size = sj_frame_size(event);
    assert_true(log->size + size <= WORLD_LOG_SIZE);
    event->seq = ++log->seq;
    memcpy(log->bytes + log->size, event, size);
    log->size += size;
}

const struct sj_frame *world_next(const struct world_log *log, size_t *at, uint16_t type)
{
    while (*at < log->size) {
        const struct sj_frame *event = (const struct sj_frame *)(log->bytes + *at);
        *at += sj_frame_size(event);
        if (event->template_id == type)
            return event;
    }
    return NULL;
}

uint32_t world_count(const struct world_log *log, uint16_t type)
{
    uint32_t count = 0;
    for (size_t at = 0; world_next(log, &at, type);)
        count++;
    return count;
}

static int64_t publish(void *context, struct sj_frame *event)
{
    struct world *world = context;
    if (world->ring_full)
        return -SJ_E_FULL;
    log_add(&world->own, event);
    return (int64_t)world->own.seq;
}

static sj_rc send_request(void *context, const struct sj_order_request *request)
{
    struct world *world = context;
    if (world->mute)
        return 0;
    if (world->pending_count == WORLD_ORDERS_MAX)
        return -SJ_E_FULL;
    world->pending[world->pending_count++] = *request;
    return 0;
}

static void trip(void *context, const struct sj_control *control)
{
    (void)control;
    ((struct world *)context)->trips++;
}

static void ask_account(void *context)
{
    ((struct world *)context)->account_asked++;
}

static void panic_done(void *context)
{
    ((struct world *)context)->panics_done++;
}

static void configure(struct world *world)
{
    struct sj_risk_config *risk = &world->risk;
    assert_int_equal(sj_risk_config_default(risk), 0);
    risk->session_check = risk->cash_check = risk->margin_check = false;
    risk->account_age_ms = risk->duplicate_ms = risk->reference_age_ms = 0;
    risk->daily_loss_max = risk->drawdown_max = risk->rate_side = risk->rate_strategy = 0;
    risk->order_value_max = risk->group_value_max = risk->gross_value_max = 0;
    risk->position_max = 0;
    risk->cancel_ratio_max = 0;
    risk->self_trade_check = false;
    sj_orders_config_default(&world->orders_config);
}

static void define(struct world *world)
{
    struct sj_instrument future = {
        .instrument = FUTURE,
        .code = "TXFL6",
        .root = "TXF",
        .exchange = SJ_EXCHANGE_TAIFEX,
        .security = SJ_SECURITY_FUT,
        .reference_e6 = 20000 * E6,
        .limit_up_e6 = 22000 * E6,
        .limit_down_e6 = 18000 * E6,
        .strike_e6 = SJ_NULL_E6,
        .multiplier_e6 = 200 * E6,
        .tick_e6 = E6,
        .unit = 1,
    };
    uint32_t id;
    sj_frame_head(&future, SJ_EVENT_INSTRUMENT, sizeof future);
    assert_int_equal(sj_instruments_create(16, &world->instruments), 0);
    assert_int_equal(sj_instruments_put(world->instruments, &future, &id), 0);
    assert_int_equal(id, FUTURE);
}

struct world *world_create(uint64_t seed)
{
    return world_watched(seed, 0, false);
}

struct world *world_watched(uint64_t seed, int64_t feed_loss_ns, bool kills)
{
    struct world *world = calloc(1, sizeof *world);
    char error[SJ_RULES_ERROR_MAX > SJ_DECIDE_ERROR_MAX ? SJ_RULES_ERROR_MAX : SJ_DECIDE_ERROR_MAX];
    assert_non_null(world);
    log_init(&world->own);
    log_init(&world->market);
    log_init(&world->asked);
    sj_rng_init(&world->rng, seed);
    world->now_ns = DAY_NS;
    world->mid_e6 = 20000 * E6;
    configure(world);
    define(world);
    assert_int_equal(sj_market_rules_load(NULL, error, &world->rules), 0);
    const struct sj_decide_ops ops = {world,       publish,    send_request, trip,
                                      ask_account, panic_done, NULL};
    const struct sj_decide_options options = {
        .ops = &ops,
        .instruments = world->instruments,
        .rules = world->rules,
        .risk = &world->risk,
        .orders = &world->orders_config,
        .instrument_max = 16,
        .feed_loss_ns = feed_loss_ns,
        .feed_loss_kills = kills,
        .kill_cancels = true,
        .stop_cancels = true,
    };
    if (sj_decide_create(&options, error, &world->decide) < 0)
        fail_msg("%s", error);
    return world;
}

void world_done(struct world *world)
{
    sj_decide_close(world->decide);
    sj_instruments_close(world->instruments);
    sj_market_rules_free(world->rules);
    free(world->own.bytes);
    free(world->market.bytes);
    free(world->asked.bytes);
    free(world);
}

/* Orders at the touch with every third event. */
struct taker {
    const struct sj_strategy_api *api;
    struct sj_strategy_host *host;
    uint64_t events;
};

static sj_rc taker_init(void *state, const struct sj_strategy_init *init,
                        char error[SJ_STRATEGY_ERROR_MAX])
{
    (void)error;
    *(struct taker *)state = (struct taker){init->api, init->host, 0};
    return 0;
}

static void taker_event(void *state, const struct sj_frame *event)
{
    struct taker *self = state;
    const struct sj_top *top = self->api->top(self->host, event->instrument);
    bool buys = self->events % 2 == 0;
    const struct sj_strategy_order order = {.instrument = event->instrument,
                                            .quantity = 1,
                                            .price_e6 = buys ? top->bid_e6 : top->ask_e6,
                                            .side = buys ? SJ_SIDE_BUY : SJ_SIDE_SELL,
                                            .price_type = SJ_ORDER_LMT,
                                            .time_in_force = SJ_ORDER_IOC};
    if (self->events++ % 3 == 0)
        self->api->place(self->host, &order);
}

static void taker_order(void *state, const struct sj_strategy_report *report)
{
    (void)state;
    (void)report;
}

static void taker_timer(void *state, int64_t now_ns)
{
    (void)state;
    (void)now_ns;
}

static void add_taker(struct world *world)
{
    static const uint32_t instruments[] = {FUTURE};
    static const struct sj_strategy_plugin plugin = {.abi = SJ_STRATEGY_ABI,
                                                     .size = sizeof plugin,
                                                     .name = "taker",
                                                     .text = "orders from within an event",
                                                     .state_version = 1,
                                                     .state_size = sizeof(struct taker),
                                                     .events = SJ_ON_MARKET,
                                                     .init = taker_init,
                                                     .on_event = taker_event,
                                                     .on_order = taker_order,
                                                     .on_timer = taker_timer};
    const struct sj_strategy_instance instance = {
        .name = "taker", .plugin = &plugin, .instruments = instruments, .instrument_count = 1};
    char error[SJ_DECIDE_ERROR_MAX];
    uint32_t number;
    if (world->taker && sj_decide_add(world->decide, &instance, error, &number) < 0)
        fail_msg("%s", error);
}

static void add_quoter(struct world *world, const char *step)
{
    static const uint32_t instruments[] = {FUTURE};
    const struct sj_strategy_param params[] = {{.name = "step", .value = step},
                                               {.name = "qty", .value = "2"}};
    const struct sj_strategy_instance instance = {
        .name = "touch",
        .use = "touch_quoter",
        .instruments = instruments,
        .instrument_count = 1,
        .params = params,
        .param_count = 2,
    };
    char error[SJ_DECIDE_ERROR_MAX];
    uint32_t number;
    if (sj_decide_add(world->decide, &instance, error, &number) < 0)
        fail_msg("%s", error);
}

void world_begin(struct world *world, const char *step)
{
    add_quoter(world, step);
    add_taker(world);
    world_ready(world);
}

uint32_t world_add_process(struct world *world, const char *on_end)
{
    static const uint32_t instruments[] = {FUTURE};
    const struct sj_strategy_param params[] = {{.name = "source", .value = "50"},
                                               {.name = "on_end", .value = on_end}};
    const struct sj_strategy_instance instance = {
        .name = "apart",
        .use = "process",
        .instruments = instruments,
        .instrument_count = 1,
        .params = params,
        .param_count = on_end ? 2 : 1,
    };
    char error[SJ_DECIDE_ERROR_MAX];
    uint32_t number;
    if (sj_decide_add(world->decide, &instance, error, &number) < 0)
        fail_msg("%s", error);
    return number;
}

void world_ready(struct world *world)
{
    sj_decide_start(world->decide, world->now_ns);
    world_report(world, SJ_REPORT_LINK_UP, SJ_REPORT_FROM_LOCAL);
    world_answer(world);
}

struct world *world_again(const struct world *world)
{
    struct world *again = world_create(0);
    again->mute = true;
    again->taker = world->taker;
    add_quoter(again, "1s");
    add_taker(again);
    return again;
}

static void feed(struct world *world, struct sj_frame *event)
{
    log_add(&world->market, event);
    if (world->singly) {
        sj_decide_next(world->decide, 1, event->seq, event, world->now_ns);
        return;
    }
    sj_decide_batch(world->decide, 1, event->seq, event->seq, 1, world->now_ns);
    sj_decide_event(world->decide, event);
}

void world_ask(struct world *world, struct sj_frame *event)
{
    log_add(&world->asked, event);
    sj_decide_batch(world->decide, USER, event->seq, event->seq, 1, world->now_ns);
    sj_decide_event(world->decide, event);
}

void world_feed_again(struct world *again, const struct world *world)
{
    size_t market_at = 0, asked_at = 0;
    for (size_t at = 0; at < world->own.size;) {
        const struct sj_frame *event = (const struct sj_frame *)(world->own.bytes + at);
        at += sj_frame_size(event);
        if (event->template_id != SJ_EVENT_DRAINED) {
            if (event->seq > again->own.seq) /* else it is what the run said itself */
                sj_decide_again(again->decide, event);
            continue;
        }
        const struct sj_drained *note = (const struct sj_drained *)event;
        bool user = note->src == USER;
        const struct world_log *log = user ? &world->asked : &world->market;
        size_t *log_at = user ? &asked_at : &market_at;
        sj_decide_batch(again->decide, note->src, note->first_seq, note->last_seq, note->count,
                        note->recv_ns);
        for (uint32_t i = 0; i < note->count; i++) {
            const struct sj_frame *one = (const struct sj_frame *)(log->bytes + *log_at);
            *log_at += sj_frame_size(one);
            sj_decide_event(again->decide, one);
        }
    }
}

void world_book(struct world *world, int64_t mid)
{
    struct sj_book book = {.instrument = FUTURE, .exch_ns = world->now_ns};
    sj_frame_head(&book, SJ_EVENT_BOOK, sizeof book);
    book.recv_ns = world->now_ns;
    for (int i = 0; i < SJ_LEVELS; i++) {
        book.bid_price_e6[i] = (mid - 1 - i) * E6;
        book.ask_price_e6[i] = (mid + 1 + i) * E6;
        book.bid_volume[i] = book.ask_volume[i] = 10;
    }
    world->mid_e6 = mid * E6;
    feed(world, (struct sj_frame *)&book);
}

void world_pass(struct world *world, int64_t ns)
{
    int64_t until_ns = world->now_ns + ns;
    while (sj_decide_due(world->decide) <= until_ns) {
        int64_t due_ns = sj_decide_due(world->decide);
        world->now_ns = due_ns > world->now_ns ? due_ns : world->now_ns;
        sj_decide_time(world->decide, world->now_ns);
    }
    world->now_ns = until_ns;
}

static void say(struct world *world, struct sj_order_report *report)
{
    sj_frame_head(report, SJ_EVENT_ORDER_REPORT, sizeof *report);
    report->exch_ns = world->now_ns;
    sj_decide_report(world->decide, report, world->now_ns);
}

void world_report(struct world *world, enum sj_report_kind kind, enum sj_report_source source)
{
    struct sj_order_report report = {.kind = (uint8_t)kind, .source = (uint8_t)source};
    say(world, &report);
}

static struct sj_order_report about(const struct world_order *order, enum sj_report_kind kind,
                                    enum sj_report_source source)
{
    struct sj_order_report report = {
        .instrument = order->request.instrument,
        .kind = (uint8_t)kind,
        .source = (uint8_t)source,
        .side = order->request.side,
        .price_e6 = order->price_e6,
        .quantity = order->request.quantity,
        .filled = order->filled,
        .op_code = "00",
        .status = 200,
    };
    memcpy(report.order_id, order->id, sizeof report.order_id);
    memcpy(report.custom_field, order->request.custom_field, sizeof report.custom_field);
    return report;
}

void world_deal(struct world *world, struct world_order *order, uint32_t quantity)
{
    struct sj_order_report report = about(order, SJ_REPORT_DEAL, SJ_REPORT_FROM_STREAM);
    report.quantity = quantity;
    snprintf(report.exchange_seq, sizeof report.exchange_seq, "%08u", ++world->deal_count);
    order->filled += quantity;
    order->open = order->filled < order->request.quantity;
    world->position += order->request.side == SJ_SIDE_BUY ? quantity : -(int64_t)quantity;
    say(world, &report);
}

static void answer_place(struct world *world, const struct sj_order_request *request)
{
    assert_true(world->order_count < WORLD_ORDERS_MAX);
    struct world_order *order = &world->orders[world->order_count++];
    *order = (struct world_order){.request = *request, .price_e6 = request->price_e6, .open = true};
    snprintf(order->id, sizeof order->id, "%08x", world->order_count);
    world->placed++;
    struct sj_order_report report = about(order, SJ_REPORT_NEW, SJ_REPORT_FROM_ANSWER);
    report.request_id = request->request_id;
    report.intent_id = request->intent_id;
    say(world, &report);
    report = about(order, SJ_REPORT_NEW, SJ_REPORT_FROM_STREAM);
    say(world, &report);
    if (request->time_in_force == SJ_ORDER_IOC) /* at any price: it fills */
        world_deal(world, order, request->quantity);
}

static void answer_cancel(struct world *world, const struct sj_order_request *request)
{
    for (uint32_t i = 0; i < world->order_count; i++) {
        struct world_order *order = &world->orders[i];
        if (memcmp(order->id, request->order_id, sizeof order->id) != 0)
            continue;
        struct sj_order_report report = about(order, SJ_REPORT_CANCEL, SJ_REPORT_FROM_ANSWER);
        report.request_id = request->request_id;
        report.intent_id = request->intent_id;
        say(world, &report);
        report = about(order, SJ_REPORT_CANCEL, SJ_REPORT_FROM_STREAM);
        report.cancelled = order->request.quantity - order->filled;
        if (!order->open)
            memcpy(report.op_code, "88", 3);
        order->open = false;
        world->cancels++;
        say(world, &report);
        return;
    }
    fail_msg("a cancel of the unknown order %.24s", request->order_id);
}

static void answer_list(struct world *world, const struct sj_order_request *request)
{
    struct sj_order_report report = {.kind = SJ_REPORT_LIST_BEGIN,
                                     .source = SJ_REPORT_FROM_LIST,
                                     .request_id = request->request_id};
    say(world, &report);
    for (uint32_t i = 0; i < world->order_count; i++) {
        const struct world_order *order = &world->orders[i];
        report = about(order, SJ_REPORT_LISTED, SJ_REPORT_FROM_LIST);
        report.request_id = request->request_id;
        report.broker_status = order->open     ? SJ_BROKER_SUBMITTED
                               : order->filled ? SJ_BROKER_FILLED
                                               : SJ_BROKER_CANCELLED;
        say(world, &report);
    }
    report = (struct sj_order_report){.kind = SJ_REPORT_LIST_END,
                                      .source = SJ_REPORT_FROM_LIST,
                                      .request_id = request->request_id};
    say(world, &report);
}

void world_answer(struct world *world)
{
    /* Answers may make new requests: those wait for the next call. */
    uint32_t count = world->pending_count;
    for (uint32_t i = 0; i < count; i++) {
        struct sj_order_request request = world->pending[i];
        if (request.kind == SJ_REQUEST_PLACE)
            answer_place(world, &request);
        else if (request.kind == SJ_REQUEST_CANCEL)
            answer_cancel(world, &request);
        else if (request.kind == SJ_REQUEST_LIST)
            answer_list(world, &request);
    }
    world->pending_count -= count;
    memmove(world->pending, world->pending + count,
            world->pending_count * sizeof world->pending[0]);
}

void world_control(struct world *world, enum sj_control_kind kind, enum sj_control_source source)
{
    struct sj_control control = {.kind = (uint8_t)kind, .source = (uint8_t)source};
    strcpy(control.text, "a test");
    sj_decide_control(world->decide, &control, world->now_ns);
}

void world_snapshot(struct world *world)
{
    struct sj_position_snapshot position = {.instrument = FUTURE,
                                            .quantity = world->position,
                                            .avg_price_e6 = world->mid_e6,
                                            .last_price_e6 = world->mid_e6};
    struct sj_account_snapshot account = {
        .cash_e6 = 1000000 * E6, .equity_e6 = 1000000 * E6, .margin_available_e6 = 1000000 * E6};
    sj_frame_head(&position, SJ_EVENT_POSITION, sizeof position);
    sj_frame_head(&account, SJ_EVENT_ACCOUNT, sizeof account);
    position.recv_ns = position.exch_ns = account.recv_ns = account.exch_ns = world->now_ns;
    if (world->position != 0)
        feed(world, (struct sj_frame *)&position);
    feed(world, (struct sj_frame *)&account);
}
