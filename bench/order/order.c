/*
 * From a market event to an order, over real sockets: one thread runs the gateway, the bus, a
 * decision, the orders and their link against `shijim broker-sim` (a thread of its own) over a Unix
 * socket. `sse_to_order` is the time from the return of the read that brought the event's last byte
 * (the event's recv_ns) to the call of the write that carries the order; `decision_to_order` is the
 * part of it behind the decision; `order_write` is the write. The decision is a callback: here the
 * smallest there is, so that what is measured is the way, not a strategy. Every order must be known
 * to the simulator with its tag.
 */
#include "bench/bench.h"

#include "base/clock.h"
#include "brokersim/brokersim.h"
#include "bus/bus.h"
#include "gateway/gateway.h"
#include "gateway/order_link.h"
#include "order/order.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ORDERS 2000    /* a run */
#define PACE_NS 400000 /* between two orders: the simulator is to have answered */
#define GIVE_UP_NS (40 * SJ_NS_PER_S)

int sj_bench_order(const struct sj_bench_options *options);

struct way {
    const struct sj_bench_options *options;
    char directory[64];
    struct sj_brokersim *sim;
    pthread_t thread;
    struct sj_gateway_config broker;
    struct sj_gateway *gateway;
    struct sj_instruments *instruments;
    struct sj_bus_reader *reader;
    struct sj_orders *orders;
    struct sj_order_link *link;
    /* Whether an order follows from the event, and which. */
    bool (*decide)(struct way *way, const struct sj_frame *event, struct sj_intent *ret_intent);
    uint64_t intent_id;
    uint32_t wanted, placed, taken, foreign, listed;
    bool ready;
    int64_t next_ns, recv_ns, decided_ns;
    struct sj_hist *way_hist, *part_hist, *write_hist;
};

static void *serve(void *context)
{
    struct way *way = context;
    return sj_brokersim_run(way->sim) < 0 ? way : NULL;
}

static bool start_sim(struct way *way)
{
    struct sj_brokersim_options options;
    char error[SJ_SIM_MESSAGE_MAX];
    sj_brokersim_defaults(&options);
    options.port = 0;
    options.socket_dir = way->directory;
    options.instrument_count = 100;
    options.date = 20261123;
    options.always_open = true;
    options.wall_clock = true;
    options.rate = 1000; /* about one event a read: a read's events are shown together */
    options.no_quota = true;
    options.seed = way->options->seed;
    if (sj_brokersim_init(&options, &way->sim, error) < 0) {
        fprintf(stderr, "shijim bench: %s\n", error);
        return false;
    }
    return pthread_create(&way->thread, NULL, serve, way) == 0;
}

/* An order at the lower limit, gone at once where nothing matches: it leaves nothing behind. */
static bool decide_plainly(struct way *way, const struct sj_frame *event,
                           struct sj_intent *ret_intent)
{
    const struct sj_instrument *one = sj_instruments_get(way->instruments, event->instrument);
    if (!one || one->security != SJ_SECURITY_STK || one->limit_down_e6 <= 0)
        return false;
    *ret_intent = (struct sj_intent){.instrument = event->instrument,
                                     .price_e6 = one->limit_down_e6,
                                     .quantity = 1,
                                     .strategy = 1,
                                     .kind = SJ_INTENT_PLACE,
                                     .side = SJ_SIDE_BUY,
                                     .price_type = SJ_ORDER_LMT,
                                     .time_in_force = SJ_ORDER_IOC};
    return true;
}

static void emit(void *context, struct sj_frame *event)
{
    struct way *way = context;
    if (event->template_id != SJ_EVENT_ORDER)
        return;
    const struct sj_order_update *update = (const struct sj_order_update *)event;
    way->foreign += update->cause == SJ_INPUT_FOREIGN;
    way->taken += update->state_from == SJ_ORDER_PENDING && update->state_to == SJ_ORDER_WORKING;
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
    sj_order_link_stats(way->link, &stats);
    sj_hist_record(way->way_hist, utc_of(stats.last_send_ns) - way->recv_ns);
    sj_hist_record(way->part_hist, stats.last_send_ns - way->decided_ns);
    sj_hist_record(way->write_hist, stats.last_sent_ns - stats.last_send_ns);
    return rc;
}

static void take_report(void *context, const struct sj_order_report *report)
{
    struct way *way = context;
    way->listed += report->kind == SJ_REPORT_LISTED;
    sj_orders_report(way->orders, report, sj_clock_utc_ns());
}

static bool start_gateway(struct way *way, const char *server)
{
    struct sj_config_section section;
    const struct sj_config_section *sections[] = {
        sj_gateway_config_section(&way->broker, &section)};
    struct sj_config config;
    char error[SJ_PLAN_ERROR_MAX];
    if (sj_config_init(&config, sections, 1) < 0)
        return false;
    sj_config_done(&config);
    snprintf(way->broker.servers, sizeof way->broker.servers, "%s", server);
    snprintf(way->broker.instruments, sizeof way->broker.instruments, "STK:*");
    snprintf(way->broker.login_budget_file, sizeof way->broker.login_budget_file, "%s/logins",
             way->directory);
    way->broker.calendar = SJ_CALENDAR_ALWAYS;
    struct sj_gateway_options options = {.config = &way->broker,
                                         .bus_dir = way->directory,
                                         .instruments = way->instruments,
                                         .seed = 1};
    if (sj_gateway_create(&options, &way->gateway, error) < 0) {
        fprintf(stderr, "shijim bench: %s\n", error);
        return false;
    }
    struct sj_bus_reader_options reader = {.dir = way->directory,
                                           .name = "gateway1",
                                           .reader_name = "bench",
                                           .policy = SJ_BUS_GATE,
                                           .from_seq = 1};
    return sj_bus_attach(&reader, &way->reader) >= 0;
}

static bool start(struct way *way)
{
    char server[128], error[SJ_ENDPOINT_ERROR_MAX];
    struct sj_orders_config config;
    const struct sj_order_ops ops = {way, emit, send_request};
    snprintf(way->directory, sizeof way->directory, "/tmp/shijim-bench-XXXXXX");
    if (!mkdtemp(way->directory) || !start_sim(way) ||
        sj_instruments_create(4096, &way->instruments) < 0)
        return false;
    snprintf(server, sizeof server, "%s/server-%u.sock", way->directory,
             sj_brokersim_port(way->sim, 0));
    sj_orders_config_default(&config);
    const struct sj_order_link_options options = {.server = server,
                                                  .socket = "none",
                                                  .simulation = true,
                                                  .connections = 4,
                                                  .queue_max = 64,
                                                  .answer_timeout_ns = 5 * SJ_NS_PER_S,
                                                  .instruments = way->instruments,
                                                  .context = way,
                                                  .report = take_report};
    return start_gateway(way, server) &&
           sj_orders_create(&config, way->instruments, &ops, &way->orders) >= 0 &&
           sj_order_link_create(&options, &way->link, error) >= 0;
}

static void look_at(struct way *way, const struct sj_frame *event)
{
    struct sj_intent intent;
    if (event->template_id == SJ_EVENT_INSTRUMENT) {
        (void)sj_order_link_define(way->link, event->instrument);
        return;
    }
    if (event->template_id > SJ_EVENT_QUOTE || !way->ready || way->placed == way->wanted)
        return;
    int64_t now_ns = ((const struct sj_trade *)event)->recv_ns; /* the time that drives all */
    if (now_ns < way->next_ns || !way->decide(way, event, &intent))
        return;
    way->recv_ns = now_ns;
    way->decided_ns = sj_clock_mono_ns();
    intent.intent_id = ++way->intent_id;
    if (sj_orders_intent(way->orders, &intent, now_ns) == 0)
        way->placed++;
    way->next_ns = now_ns + PACE_NS;
}

static bool drain(struct way *way)
{
    struct sj_bus_span span;
    while (sj_bus_drain(way->reader, 1 << 16, &span) > 0) {
        for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at))
            look_at(way, (const struct sj_frame *)at);
        if (sj_bus_release(way->reader) < 0)
            return false;
    }
    return true;
}

/* One turn of the thread `shared`: market data first, then what the broker says of orders. */
static bool turn(struct way *way)
{
    struct sj_orders_stats stats;
    if (sj_gateway_work(way->gateway, 0) < 0 || !drain(way))
        return false;
    (void)sj_order_link_work(way->link);
    sj_orders_time(way->orders, sj_clock_utc_ns());
    sj_orders_stats(way->orders, &stats);
    way->ready = stats.link_up && stats.reconciled;
    return true;
}

static bool all_answered(const struct way *way)
{
    struct sj_orders_stats stats;
    sj_orders_stats(way->orders, &stats);
    return way->placed == way->wanted && stats.open_count == 0;
}

/* Places so many orders; then the broker's list must have each. */
static bool run(struct way *way, uint32_t count)
{
    struct sj_orders_stats stats, before;
    int64_t until_ns = sj_clock_mono_ns() + GIVE_UP_NS;
    way->wanted += count;
    while (!all_answered(way))
        if (!turn(way) || sj_clock_mono_ns() > until_ns)
            return false;
    sj_orders_stats(way->orders, &before);
    way->listed = 0;
    if (sj_orders_reconcile(way->orders, sj_clock_utc_ns()) < 0)
        return false;
    do {
        if (!turn(way) || sj_clock_mono_ns() > until_ns)
            return false;
        sj_orders_stats(way->orders, &stats);
    } while (stats.lists == before.lists);
    return way->listed == way->placed && way->foreign == 0 && stats.unknown_count == 0 &&
           stats.rejected == 0 && way->taken == way->placed;
}

static void finish(struct way *way)
{
    char command[96];
    sj_order_link_close(way->link);
    sj_orders_close(way->orders);
    if (way->gateway)
        sj_gateway_stop(way->gateway);
    for (int i = 0; way->gateway && !sj_gateway_stopped(way->gateway) && i < 1000000; i++) {
        if (sj_gateway_work(way->gateway, 0) < 0 || !drain(way))
            break;
        sj_gateway_wait(way->gateway, 0, 1);
    }
    if (way->sim) {
        sj_brokersim_stop(way->sim);
        pthread_join(way->thread, NULL);
    }
    sj_bus_detach(way->reader);
    sj_gateway_close(way->gateway);
    sj_brokersim_close(way->sim);
    sj_instruments_close(way->instruments);
    snprintf(command, sizeof command, "rm -rf %s", way->directory);
    if (system(command) != 0)
        fprintf(stderr, "shijim bench: %s is left behind\n", way->directory);
}

static int measure(struct way *way)
{
    static struct sj_hist way_hists[SJ_BENCH_RUNS_MAX], write_hists[SJ_BENCH_RUNS_MAX],
        part_hists[SJ_BENCH_RUNS_MAX];
    static struct sj_hist warm;
    const struct sj_bench_options *options = way->options;
    struct sj_bench_figure way_figure = {.bench = "order", .name = "sse_to_order"};
    struct sj_bench_figure part_figure = {.bench = "order", .name = "decision_to_order"};
    struct sj_bench_figure write_figure = {.bench = "order", .name = "order_write"};
    uint32_t count = (uint32_t)(ORDERS * options->scale);
    way->way_hist = way->part_hist = way->write_hist = &warm;
    SJ_BENCH_CHECK(run(way, count / 4 + 1), "order: the way does not open");
    for (uint32_t i = 0; i < options->runs; i++) {
        way->way_hist = &way_hists[i];
        way->part_hist = &part_hists[i];
        way->write_hist = &write_hists[i];
        SJ_BENCH_CHECK(run(way, count > 0 ? count : 1),
                       "order: %u placed, %u taken, %u listed, %u foreign", way->placed, way->taken,
                       way->listed, way->foreign);
    }
    sj_bench_report_hists(options, &way_figure, way_hists, options->runs);
    sj_bench_report_hists(options, &part_figure, part_hists, options->runs);
    sj_bench_report_hists(options, &write_figure, write_hists, options->runs);
    return 0;
}

int sj_bench_order(const struct sj_bench_options *options)
{
    static struct way way;
    way = (struct way){.options = options, .decide = decide_plainly};
    int status = start(&way) ? measure(&way) : 1;
    finish(&way);
    return status;
}
SJ_BENCH(order, "from a market event's last byte to the write of an order");
