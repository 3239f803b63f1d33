/*
 * From a market event to an order, over real sockets: one thread, as in `shared`, runs the gateway,
 * src/decide with a strategy and every check of risk, and the orders' link, against `shijim
 * broker-sim` (a thread of its own) over Unix sockets. `sse_to_order` is the time from the return
 * of the read that brought the event's last byte (the event's recv_ns) to the call of the write
 * that carries the order, under the load of a market: 100,000 events/s of 1,000 instruments on five
 * connections, sent as they happen. `sse_to_order_quiet` is the same at 1,000 events/s of 100
 * instruments on one. `decision_to_order` is the part behind the strategy's decision; `order_write`
 * is the write. Every order must have been taken by the simulator and stand in its list.
 */
#include "bench/bench.h"

#include "base/clock.h"
#include "base/rate.h"
#include "brokersim/brokersim.h"
#include "bus/bus.h"
#include "decide/decide.h"
#include "gateway/gateway.h"
#include "gateway/order_link.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ORDERS 2000     /* a run */
#define PACE_NS 1000000 /* between two orders: an order is a rare thing */
#define GIVE_UP_NS (60 * SJ_NS_PER_S)
#define SPAN_SIZE_MAX 32768
#define RING_WARM 1024 /* what an order writes on its ring */
#define LIST_ID UINT64_C(1000000000)
#define INSTRUMENTS_MAX 4096

int sj_bench_order(const struct sj_bench_options *options);

struct market {
    const char *name; /* behind each case's */
    double rate;
    uint32_t instruments, servers;
    bool spins; /* the simulator sends each event when it happens, not in turns of 1 ms */
};

struct way {
    const struct sj_bench_options *options;
    const struct market *market;
    char directory[64]; /* sockets */
    char bus_dir[64];   /* in memory, as the bus's own default is */
    struct sj_brokersim *sim;
    pthread_t thread;
    _Atomic bool sim_ends;
    struct sj_gateway_config broker;
    struct sj_gateway *gateway;
    struct sj_instruments *gateway_instruments;
    struct sj_bus_reader *reader[SJ_CONNECTIONS_MAX];
    uint64_t next_seq[SJ_CONNECTIONS_MAX];
    uint32_t traded[INSTRUMENTS_MAX], traded_count;

    struct sj_market_rules *rules;
    struct sj_risk_config risk;
    struct sj_orders_config orders;
    struct sj_instruments *instruments;
    struct sj_decide *decide;
    struct sj_bus *ring;
    struct sj_order_link *link;
    struct sj_rate rate;

    uint32_t wanted, placed, taken, foreign, listed;
    uint32_t refused;
    char refused_by[24]; /* the last check that did */
    bool list_ended;
    int64_t next_ns, recv_ns, decided_ns;
    struct sj_hist *way_hist, *part_hist, *write_hist;
};

/* --- the strategy: an order that does not cross, gone at once: it leaves nothing behind --- */

struct taker {
    struct way *way;
    const struct sj_strategy_api *api;
    struct sj_strategy_host *host;
};

static struct way *current; /* a plug-in has no other way to know where it is */

static sj_rc taker_init(void *state, const struct sj_strategy_init *init,
                        char error[SJ_STRATEGY_ERROR_MAX])
{
    (void)error;
    *(struct taker *)state = (struct taker){current, init->api, init->host};
    return 0;
}

static void taker_event(void *state, const struct sj_frame *event)
{
    struct taker *self = state;
    struct way *way = self->way;
    int64_t now_ns = self->api->now_ns(self->host);
    if (now_ns < way->next_ns || way->placed == way->wanted)
        return;
    const struct sj_top *top = self->api->top(self->host, event->instrument);
    int64_t near_e6 = top->bid_e6 != SJ_NULL_E6 ? top->bid_e6 : top->last_e6;
    int64_t price_e6 = self->api->tick_step(self->host, event->instrument, near_e6, -3);
    if (price_e6 == SJ_NULL_E6 || top->time_ns == 0)
        return;
    const struct sj_strategy_order order = {.instrument = event->instrument,
                                            .quantity = 1 + way->placed % 10,
                                            .price_e6 = price_e6,
                                            .side = SJ_SIDE_BUY,
                                            .price_type = SJ_ORDER_LMT,
                                            .time_in_force = SJ_ORDER_IOC};
    /* Every other order tells of this part: reading the clock would be a part of the whole way. */
    way->decided_ns = way->placed % 2 ? sj_clock_mono_ns() : 0;
    way->next_ns = now_ns + PACE_NS;
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

static const struct sj_strategy_plugin taker = {.abi = SJ_STRATEGY_ABI,
                                                .size = sizeof taker,
                                                .name = "taker",
                                                .text = "an order now and then",
                                                .state_version = 1,
                                                .state_size = sizeof(struct taker),
                                                .events = SJ_ON_MARKET,
                                                .init = taker_init,
                                                .on_event = taker_event,
                                                .on_order = taker_order,
                                                .on_timer = taker_timer};

/* --- what decide asks for --- */

static int64_t publish(void *context, struct sj_frame *event)
{
    struct way *way = context;
    sj_rc rc = sj_bus_publish(way->ring, event);
    if (rc < 0)
        return rc;
    if (event->template_id == SJ_EVENT_ORDER) {
        const struct sj_order_update *update = (const struct sj_order_update *)event;
        way->foreign += update->cause == SJ_INPUT_FOREIGN;
        way->taken +=
            update->state_from == SJ_ORDER_PENDING && update->state_to == SJ_ORDER_WORKING;
    }
    if (event->template_id == SJ_EVENT_VERDICT && !((const struct sj_verdict *)event)->accepted) {
        way->refused++;
        memcpy(way->refused_by, ((const struct sj_verdict *)event)->check_name,
               sizeof way->refused_by);
    }
    event->seq = sj_bus_last_seq(way->ring);
    return (int64_t)event->seq;
}

/* The clock of the event's time and that of the write's, read together. */
static int64_t utc_of(int64_t mono_ns)
{
    int64_t before_ns = sj_clock_mono_ns(), utc_ns = sj_clock_utc_ns();
    int64_t after_ns = sj_clock_mono_ns();
    return utc_ns + mono_ns - (before_ns + after_ns) / 2;
}

static sj_rc send_request(void *context, const struct sj_order_request *request)
{
    struct way *way = context;
    struct sj_order_link_stats stats;
    sj_rc rc = sj_order_link_send(way->link, request);
    if (rc < 0 || request->kind != SJ_REQUEST_PLACE)
        return rc;
    way->placed++;
    sj_order_link_stats(way->link, &stats);
    if (way->decided_ns)
        sj_hist_record(way->part_hist, stats.last_send_ns - way->decided_ns);
    else
        sj_hist_record(way->way_hist, utc_of(stats.last_send_ns) - way->recv_ns);
    sj_hist_record(way->write_hist, stats.last_sent_ns - stats.last_send_ns);
    return rc;
}

static void expect(void *context, uint32_t instrument)
{
    sj_order_link_expect(((struct way *)context)->link, instrument);
}

static void trip(void *context, const struct sj_control *control)
{
    (void)context;
    fprintf(stderr, "shijim bench: trading stopped: %.64s\n", control->text);
}

/* The list at the end of a run is the bench's own, not decide's. */
static void take_report(void *context, const struct sj_order_report *report)
{
    struct way *way = context;
    struct sj_order_report copy = *report;
    if (report->request_id == LIST_ID) {
        way->listed += report->kind == SJ_REPORT_LISTED;
        way->list_ended = way->list_ended || report->kind == SJ_REPORT_LIST_END;
        return;
    }
    sj_decide_report(way->decide, &copy, sj_clock_utc_ns());
}

/* --- market data, as the trader takes it --- */

static void take_event(void *context, uint32_t connection, uint64_t seq,
                       const struct sj_frame *event)
{
    struct way *way = context;
    if (way->next_seq[connection] != seq)
        return;
    way->next_seq[connection] = seq + 1;
    way->recv_ns = ((const struct sj_trade *)event)->recv_ns;
    sj_decide_next(way->decide, SJ_SRC_GATEWAY + connection, seq, event, way->recv_ns);
}

static void take_span(struct way *way, uint32_t connection, struct sj_bus_span span)
{
    for (; span.count > 0 && span.first_seq < way->next_seq[connection];
         span.first_seq++, span.count--)
        span.begin += sj_frame_size(span.begin);
    if (span.count == 0)
        return;
    way->next_seq[connection] = span.first_seq + span.count;
    sj_decide_batch(way->decide, span.src, span.first_seq, span.first_seq + span.count - 1,
                    span.count, sj_clock_utc_ns());
    for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at)) {
        way->recv_ns = ((const struct sj_trade *)at)->recv_ns;
        sj_decide_event(way->decide, (const struct sj_frame *)at);
    }
}

static void take_read(void *context, uint32_t connection)
{
    struct way *way = context;
    struct sj_bus_span span;
    sj_decide_note(way->decide);
    while (sj_bus_drain(way->reader[connection], SPAN_SIZE_MAX, &span) > 0) {
        take_span(way, connection, span);
        if (sj_bus_release(way->reader[connection]) < 0)
            break;
    }
}

/* --- start --- */

static void *serve(void *context)
{
    struct way *way = context;
    if (!way->market->spins)
        return sj_brokersim_run(way->sim) < 0 ? way : NULL;
    while (!atomic_load_explicit(&way->sim_ends, memory_order_relaxed))
        if (sj_brokersim_do_work(way->sim, 0) < 0)
            break;
    return NULL;
}

static bool start_sim(struct way *way)
{
    struct sj_brokersim_options options;
    char error[SJ_SIM_MESSAGE_MAX];
    sj_brokersim_defaults(&options);
    options.port = 0;
    options.server_count = way->market->servers;
    options.socket_dir = way->directory;
    options.instrument_count = way->market->instruments;
    options.date = 20261123;
    options.always_open = true;
    options.wall_clock = true;
    options.rate = way->market->rate;
    options.no_quota = true;
    options.seed = way->options->seed;
    if (sj_brokersim_init(&options, &way->sim, error) < 0) {
        fprintf(stderr, "shijim bench: %s\n", error);
        return false;
    }
    return pthread_create(&way->thread, NULL, serve, way) == 0;
}

static void server_of(const struct way *way, uint32_t index, char *server, size_t size)
{
    snprintf(server, size, "%s/server-%u.sock", way->directory, sj_brokersim_port(way->sim, index));
}

static bool configure_gateway(struct way *way)
{
    struct sj_config_section section;
    const struct sj_config_section *sections[] = {
        sj_gateway_config_section(&way->broker, &section)};
    struct sj_config config;
    if (sj_config_init(&config, sections, 1) < 0)
        return false;
    sj_config_done(&config);
    size_t used = 0;
    way->broker.servers[0] = '\0';
    for (uint32_t i = 0; i < way->market->servers; i++) {
        char server[128];
        server_of(way, i, server, sizeof server);
        used += (size_t)snprintf(way->broker.servers + used, sizeof way->broker.servers - used,
                                 "%s%s", i ? "," : "", server);
    }
    /* One subscription an instrument: 1,000 fit five connections of 200. */
    snprintf(way->broker.instruments, sizeof way->broker.instruments,
             "IND:*,FUT:???[!R]?,OPT:*,STK:*");
    snprintf(way->broker.subscribe_stocks, sizeof way->broker.subscribe_stocks, "tick");
    snprintf(way->broker.subscribe_futures, sizeof way->broker.subscribe_futures, "bidask");
    snprintf(way->broker.login_budget_file, sizeof way->broker.login_budget_file, "%s/logins",
             way->directory);
    way->broker.calendar = SJ_CALENDAR_ALWAYS;
    return true;
}

static bool start_gateway(struct way *way)
{
    char error[SJ_PLAN_ERROR_MAX];
    struct sj_gateway_options options = {.config = &way->broker,
                                         .bus_dir = way->bus_dir,
                                         .instruments = way->gateway_instruments,
                                         .seed = 1};
    if (sj_gateway_create(&options, &way->gateway, error) < 0) {
        fprintf(stderr, "shijim bench: %s\n", error);
        return false;
    }
    for (uint32_t i = 0; i < way->market->servers; i++) {
        char name[SJ_BUS_NAME_MAX];
        snprintf(name, sizeof name, "gateway%u", i + 1);
        struct sj_bus_reader_options reader = {.dir = way->bus_dir,
                                               .name = name,
                                               .reader_name = "bench",
                                               .policy = SJ_BUS_LOSSY,
                                               .from_seq = 1};
        if (sj_bus_attach(&reader, &way->reader[i]) < 0)
            return false;
    }
    return true;
}

/* Works the connections until each has defined its instruments, and takes those definitions. */
static bool learn_instruments(struct way *way)
{
    int64_t until_ns = sj_clock_mono_ns() + GIVE_UP_NS;
    uint32_t running = 0;
    while (running < way->market->servers) {
        running = 0;
        for (uint32_t i = 0; i < way->market->servers; i++) {
            const struct sj_gateway_counters *counters = sj_gateway_counters(way->gateway, i);
            if (sj_gateway_work(way->gateway, i) < 0 || sj_clock_mono_ns() > until_ns)
                return false;
            running +=
                atomic_load_explicit(&counters->phase, memory_order_relaxed) == SJ_GATEWAY_RUNNING;
        }
    }
    for (uint32_t i = 0; i < way->market->servers; i++) {
        const struct sj_frame *event;
        while (sj_bus_next(way->reader[i], &event) > 0) {
            uint32_t id;
            if (event->template_id != SJ_EVENT_INSTRUMENT ||
                sj_instruments_put(way->instruments, (const struct sj_instrument *)event, &id) < 0)
                continue;
            uint8_t security = ((const struct sj_instrument *)event)->security;
            if (way->traded_count < INSTRUMENTS_MAX &&
                (security == SJ_SECURITY_STK || security == SJ_SECURITY_FUT))
                way->traded[way->traded_count++] = id;
        }
        if (sj_bus_release(way->reader[i]) < 0)
            return false;
    }
    return way->traded_count > 0;
}

/* Every check is on but the hours (the simulated market is always open) and those that want the
 * broker's money, as in the demo; limits wide enough for what a bench does in a minute. */
static bool configure_risk(struct way *way)
{
    struct sj_risk_config *risk = &way->risk;
    if (sj_risk_config_default(risk) < 0)
        return false;
    risk->session_check = risk->cash_check = risk->margin_check = false;
    risk->account_age_ms = 0;
    risk->duplicate_ms = 1; /* orders of one instrument may follow each other fast here */
    risk->rate_account = risk->rate_side = risk->rate_strategy = 0;
    risk->position_max = 1000000;
    risk->order_value_max = risk->group_value_max = risk->gross_value_max = 1000000000000;
    risk->daily_loss_max = risk->drawdown_max = 1000000000000;
    sj_orders_config_default(&way->orders);
    return true;
}

static bool start_decide(struct way *way)
{
    char error[SJ_DECIDE_ERROR_MAX];
    const struct sj_decide_ops ops = {
        .context = way, .publish = publish, .send = send_request, .expect = expect, .trip = trip};
    const struct sj_decide_options options = {.ops = &ops,
                                              .instruments = way->instruments,
                                              .rules = way->rules,
                                              .risk = &way->risk,
                                              .orders = &way->orders,
                                              .instrument_max = SJ_GATEWAY_TOPICS,
                                              .guard = true,
                                              .timing = true};
    const struct sj_strategy_instance instance = {.name = "taker",
                                                  .plugin = &taker,
                                                  .instruments = way->traded,
                                                  .instrument_count = way->traded_count,
                                                  .overrun_max = UINT32_MAX};
    uint32_t number;
    if (sj_decide_create(&options, error, &way->decide) < 0 ||
        sj_decide_add(way->decide, &instance, error, &number) < 0) {
        fprintf(stderr, "shijim bench: %s\n", error);
        return false;
    }
    return true;
}

static bool start_link(struct way *way)
{
    char server[128], error[SJ_ENDPOINT_ERROR_MAX];
    const struct sj_bus_options bus = {.dir = way->bus_dir,
                                       .name = "strategy",
                                       .src = SJ_SRC_STRATEGY,
                                       .topic_count = SJ_GATEWAY_TOPICS};
    server_of(way, 0, server, sizeof server);
    const struct sj_order_link_options options = {.server = server,
                                                  .socket = "none",
                                                  .simulation = true,
                                                  .connections = 4,
                                                  .queue_max = 64,
                                                  .answer_timeout_ns = 5 * SJ_NS_PER_S,
                                                  .instruments = way->instruments,
                                                  .rate = &way->rate,
                                                  .context = way,
                                                  .report = take_report};
    /* The broker's limit is looked at, but would make a run last a minute. */
    return sj_rate_init(&way->rate, SJ_ORDER_CALLS_MAX, 60, 1000) >= 0 &&
           sj_bus_create(&bus, &way->ring) >= 0 &&
           sj_order_link_create(&options, &way->link, error) >= 0;
}

static bool start(struct way *way)
{
    char error[SJ_RULES_ERROR_MAX];
    const struct sj_gateway_follower follower = {way, take_event, take_read};
    snprintf(way->directory, sizeof way->directory, "/tmp/shijim-bench-XXXXXX");
    snprintf(way->bus_dir, sizeof way->bus_dir, "/dev/shm/shijim-bench-XXXXXX");
    current = way;
    if (!mkdtemp(way->directory) || !mkdtemp(way->bus_dir) || !start_sim(way) ||
        sj_instruments_create(INSTRUMENTS_MAX, &way->gateway_instruments) < 0 ||
        sj_instruments_create(SJ_GATEWAY_TOPICS, &way->instruments) < 0 ||
        sj_market_rules_load(NULL, error, &way->rules) < 0 || !configure_gateway(way) ||
        !configure_risk(way) || !start_gateway(way) || !learn_instruments(way) ||
        !start_decide(way) || !start_link(way))
        return false;
    sj_gateway_follow(way->gateway, &follower);
    sj_decide_start(way->decide, sj_clock_utc_ns());
    return true;
}

/* --- runs --- */

/* One turn of the thread `shared`: market data first, then what the broker says of orders. */
static bool turn(struct way *way)
{
    for (uint32_t i = 0; i < way->market->servers; i++) {
        if (sj_gateway_work(way->gateway, i) < 0)
            return false;
        take_read(way, i);
    }
    (void)sj_order_link_work(way->link);
    sj_decide_warm(way->decide);
    sj_order_link_warm(way->link);
    sj_bus_warm(way->ring, RING_WARM);
    int64_t now_ns = sj_clock_utc_ns();
    if (sj_decide_due(way->decide) <= now_ns)
        sj_decide_time(way->decide, now_ns);
    return true;
}

static bool all_answered(const struct way *way)
{
    struct sj_decide_status status;
    sj_decide_status(way->decide, &status);
    return way->placed == way->wanted && status.open_count == 0;
}

/* Places so many orders; then the broker's list must have each. */
static bool run(struct way *way, uint32_t count)
{
    const struct sj_order_request list = {.request_id = LIST_ID, .kind = SJ_REQUEST_LIST};
    struct sj_decide_status status;
    int64_t until_ns = sj_clock_mono_ns() + GIVE_UP_NS;
    do { /* until the broker has told its orders, none may leave */
        if (!turn(way) || sj_clock_mono_ns() > until_ns)
            return false;
        sj_decide_status(way->decide, &status);
    } while (!status.ready);
    way->wanted += count;
    while (!all_answered(way))
        if (!turn(way) || sj_clock_mono_ns() > until_ns)
            return false;
    way->listed = 0;
    way->list_ended = false;
    while (sj_order_link_send(way->link, &list) < 0)
        if (!turn(way) || sj_clock_mono_ns() > until_ns)
            return false;
    while (!way->list_ended)
        if (!turn(way) || sj_clock_mono_ns() > until_ns)
            return false;
    sj_decide_status(way->decide, &status);
    return way->listed == way->placed && way->foreign == 0 && way->taken == way->placed;
}

static void stop_gateway(struct way *way)
{
    if (!way->gateway)
        return;
    sj_gateway_follow(way->gateway, &(struct sj_gateway_follower){0});
    sj_gateway_stop(way->gateway);
    for (int i = 0; !sj_gateway_stopped(way->gateway) && i < 1000000; i++)
        for (uint32_t k = 0; k < way->market->servers; k++)
            if (sj_gateway_work(way->gateway, k) == 0)
                sj_gateway_wait(way->gateway, k, 1);
}

static void finish(struct way *way)
{
    char command[160];
    sj_order_link_close(way->link);
    stop_gateway(way);
    if (way->sim) {
        atomic_store_explicit(&way->sim_ends, true, memory_order_relaxed);
        sj_brokersim_stop(way->sim);
        pthread_join(way->thread, NULL);
    }
    sj_decide_close(way->decide);
    for (uint32_t i = 0; i < SJ_CONNECTIONS_MAX; i++)
        sj_bus_detach(way->reader[i]);
    sj_bus_close(way->ring);
    sj_gateway_close(way->gateway);
    sj_brokersim_close(way->sim);
    sj_instruments_close(way->gateway_instruments);
    sj_instruments_close(way->instruments);
    sj_market_rules_free(way->rules);
    snprintf(command, sizeof command, "rm -rf %s %s", way->directory, way->bus_dir);
    if (system(command) != 0)
        fprintf(stderr, "shijim bench: %s or %s is left behind\n", way->directory, way->bus_dir);
}

static void report(const struct way *way, const char *what, const struct sj_hist *hists)
{
    char name[64];
    struct sj_bench_figure figure = {.bench = "order", .name = name};
    snprintf(name, sizeof name, "%s%s", what, way->market->name);
    sj_bench_report_hists(way->options, &figure, hists, way->options->runs);
}

#define WHAT_IS_WRONG(way)                                                                         \
    "order: %u of %u placed, %u taken, %u listed, %u foreign, %u refused (%.24s)", (way)->placed,  \
        (way)->wanted, (way)->taken, (way)->listed, (way)->foreign, (way)->refused,                \
        (way)->refused_by

static int measure(struct way *way)
{
    static struct sj_hist way_hists[SJ_BENCH_RUNS_MAX], write_hists[SJ_BENCH_RUNS_MAX],
        part_hists[SJ_BENCH_RUNS_MAX];
    static struct sj_hist warm;
    const struct sj_bench_options *options = way->options;
    uint32_t count = (uint32_t)(ORDERS * options->scale);
    way->way_hist = way->part_hist = way->write_hist = &warm;
    SJ_BENCH_CHECK(run(way, count / 4 + 1), WHAT_IS_WRONG(way));
    memset(way_hists, 0, sizeof way_hists);
    memset(part_hists, 0, sizeof part_hists);
    memset(write_hists, 0, sizeof write_hists);
    for (uint32_t i = 0; i < options->runs; i++) {
        way->way_hist = &way_hists[i];
        way->part_hist = &part_hists[i];
        way->write_hist = &write_hists[i];
        SJ_BENCH_CHECK(run(way, count > 0 ? count : 1), WHAT_IS_WRONG(way));
    }
    report(way, "sse_to_order", way_hists);
    report(way, "decision_to_order", part_hists);
    report(way, "order_write", write_hists);
    return 0;
}

int sj_bench_order(const struct sj_bench_options *options)
{
    static const struct market markets[] = {{"", 100000, 1000, 5, true},
                                            {"_quiet", 1000, 100, 1, false}};
    static struct way way;
    int status = 0;
    for (size_t i = 0; i < sizeof markets / sizeof *markets && status == 0; i++) {
        char name[64];
        snprintf(name, sizeof name, "sse_to_order%s", markets[i].name);
        if (!sj_bench_wants(options, name))
            continue;
        way = (struct way){.options = options, .market = &markets[i]};
        status = start(&way) ? measure(&way) : 1;
        finish(&way);
    }
    return status;
}
SJ_BENCH(order, "from a market event's last byte to the write of an order");
