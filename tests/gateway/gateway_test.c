/* One connection of the gateway against a scripted server: bytes in, frames on the bus out. */
#include "gateway_suites.h"

#include "fake_broker.h"
#include "gateway/gateway.h"
#include "gateway/ladder.h"

#include "base/clock.h"
#include "base/tw_time.h"

#include <unistd.h>

#define FRAMES_MAX 4096
#define PATIENCE_NS (20 * SJ_NS_PER_S)

struct bench {
    char dir[64];
    char budget[96];
    struct fake_broker *broker;
    struct sj_gateway_config config;
    struct sj_instruments *instruments;
    struct sj_gateway *gateway;
    struct sj_bus_reader *reader;
    uint32_t count; /* frames seen, in order */
    union {
        struct sj_frame head;
        struct sj_trade trade;
        struct sj_session session;
        struct sj_gap gap;
        struct sj_completeness completeness;
        struct sj_instrument instrument;
        uint8_t bytes[SJ_EVENT_SIZE_MAX];
    } frame[FRAMES_MAX];
};

static void configure(struct bench *bench)
{
    struct sj_config_section section;
    const struct sj_config_section *sections[] = {
        sj_gateway_config_section(&bench->config, &section)};
    struct sj_config config;
    assert_int_equal(sj_config_init(&config, sections, 1), 0);
    sj_config_done(&config);
    snprintf(bench->config.servers, sizeof(bench->config.servers), "%s",
             fake_broker_url(bench->broker));
    snprintf(bench->config.instruments, sizeof(bench->config.instruments), "2330,TXFR1");
    snprintf(bench->config.login_budget_file, sizeof(bench->config.login_budget_file), "%s",
             bench->budget);
    bench->config.calendar = SJ_CALENDAR_ALWAYS;
    bench->config.health_interval_ms = 20;
    bench->config.backoff_min_ms = 5;
    bench->config.backoff_max_ms = 20;
    bench->config.login_interval_ms = 0;
    bench->config.queue_events = 4096;
}

static void bench_open(struct bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    snprintf(bench->dir, sizeof(bench->dir), "/tmp/shijim-gateway-XXXXXX");
    assert_non_null(mkdtemp(bench->dir));
    snprintf(bench->budget, sizeof(bench->budget), "%s/logins", bench->dir);
    bench->broker = fake_broker_start();
    configure(bench);
    assert_int_equal(sj_instruments_create(100, &bench->instruments), 0);
}

static void bench_start(struct bench *bench, enum sj_bus_policy policy)
{
    char error[SJ_PLAN_ERROR_MAX];
    struct sj_gateway_options options = {.config = &bench->config,
                                         .bus_dir = bench->dir,
                                         .instruments = bench->instruments,
                                         .seed = 7};
    assert_int_equal(sj_gateway_create(&options, &bench->gateway, error), 0);
    struct sj_bus_reader_options reader = {.dir = bench->dir,
                                           .name = "gateway1",
                                           .reader_name = "test",
                                           .policy = policy,
                                           .from_seq = 1};
    assert_int_equal(sj_bus_attach(&reader, &bench->reader), 0);
}

static void drain(struct bench *bench)
{
    sj_rc size;
    while ((size = sj_bus_poll(bench->reader, bench->frame[bench->count].bytes)) > 0)
        assert_true(++bench->count < FRAMES_MAX);
    assert_true(size == 0 || size == -SJ_E_CLOSED);
}

static uint32_t count_type(const struct bench *bench, enum sj_event_type type)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < bench->count; i++)
        count += bench->frame[i].head.template_id == type;
    return count;
}

static const struct sj_session *find_session(const struct bench *bench, enum sj_session_kind kind)
{
    for (uint32_t i = 0; i < bench->count; i++)
        if (bench->frame[i].head.template_id == SJ_EVENT_SESSION &&
            bench->frame[i].session.kind == kind)
            return &bench->frame[i].session;
    return NULL;
}

static const struct sj_gap *find_gap(const struct bench *bench, enum sj_gap_kind kind)
{
    for (uint32_t i = 0; i < bench->count; i++)
        if (bench->frame[i].head.template_id == SJ_EVENT_GAP && bench->frame[i].gap.kind == kind)
            return &bench->frame[i].gap;
    return NULL;
}

static uint64_t lost_in_gaps(const struct bench *bench, enum sj_gap_kind kind)
{
    uint64_t lost = 0;
    for (uint32_t i = 0; i < bench->count; i++)
        if (bench->frame[i].head.template_id == SJ_EVENT_GAP && bench->frame[i].gap.kind == kind)
            lost += bench->frame[i].gap.lost_count;
    return lost;
}

/* Works and drains until `condition` holds; the wait is for an event, the bound only ends a
 * failure. */
#define WORK_UNTIL(bench, condition)                                                               \
    do {                                                                                           \
        int64_t deadline_ns = sj_clock_mono_ns() + PATIENCE_NS;                                    \
        for (;;) {                                                                                 \
            sj_rc work = sj_gateway_work((bench)->gateway, 0);                                     \
            assert_true(work >= 0);                                                                \
            drain(bench);                                                                          \
            if (condition)                                                                         \
                break;                                                                             \
            if (sj_clock_mono_ns() > deadline_ns)                                                  \
                fail_msg("never came: %s", #condition);                                            \
            if (work == 0)                                                                         \
                sj_gateway_wait((bench)->gateway, 0, 1);                                           \
        }                                                                                          \
    } while (0)

static const struct sj_gateway_counters *counters(const struct bench *bench)
{
    return sj_gateway_counters(bench->gateway, 0);
}

#define VALUE(field) atomic_load(&counters(bench)->field)

static void assert_account(const struct bench *bench)
{
    uint64_t accounted = VALUE(events) + VALUE(beats) + VALUE(passed);
    for (uint32_t i = 0; i < SJ_PARSE_FAULT_COUNT; i++)
        accounted += VALUE(malformed[i]);
    for (uint32_t i = 0; i < SJ_DROP_COUNT; i++)
        accounted += VALUE(dropped[i]);
    assert_int_equal(VALUE(messages), accounted);
    struct sj_bus_stat *stat = malloc(sizeof(*stat));
    assert_int_equal(sj_bus_stat(bench->dir, "gateway1", stat), 0);
    assert_int_equal(stat->last_seq, VALUE(events) + VALUE(closings) + VALUE(own));
    free(stat);
}

static void bench_stop(struct bench *bench)
{
    sj_gateway_stop(bench->gateway);
    WORK_UNTIL(bench, sj_gateway_stopped(bench->gateway));
    drain(bench);
    assert_account(bench);
}

static void bench_close(struct bench *bench)
{
    sj_bus_detach(bench->reader);
    sj_gateway_close(bench->gateway);
    sj_instruments_close(bench->instruments);
    fake_broker_stop(bench->broker);
    for (uint32_t i = 1; i <= SJ_CONNECTIONS_MAX; i++) {
        char name[32];
        snprintf(name, sizeof(name), "gateway%u", i);
        sj_rc rc = sj_bus_remove(bench->dir, name);
        (void)rc;
    }
    unlink(bench->budget);
    rmdir(bench->dir);
}

static size_t put_tick(char *text, const char *code, int second, int volume, int total)
{
    return (size_t)sprintf(
        text,
        "event: tick_fop\ndata: "
        "{\"code\":\"%s\",\"date\":\"2026-11-23\",\"time\":\"09:%02d:%02d.123456\","
        "\"open\":\"28105\",\"close\":\"28110.5\",\"volume\":%d,\"total_volume\":%d,\"tick_type\":"
        "1,"
        "\"price_chg\":\"62\",\"simtrade\":false}\n\n",
        code, second / 60 % 60, second % 60, volume, total);
}

static void send_ticks(struct bench *bench, int from, int count, size_t chunk, size_t piece)
{
    char *text = malloc((size_t)count * 512 + 1);
    size_t size = 0;
    for (int i = from; i < from + count; i++)
        size += put_tick(text + size, "TXFL6", i, 2, 2 * (i + 1));
    fake_broker_send(bench->broker, text, size, chunk, piece);
    free(text);
}

static struct bench *new_bench(void)
{
    struct bench *bench = malloc(sizeof(*bench));
    bench_open(bench);
    return bench;
}

static void gateway_publishes_definitions_first_and_then_every_event(void **state)
{
    (void)state;
    struct bench *bench = new_bench();
    bench_start(bench, SJ_BUS_GATE);
    WORK_UNTIL(bench, VALUE(subscribed) == 4);
    send_ticks(bench, 0, 200, 700, 333);
    WORK_UNTIL(bench, VALUE(events) == 200);
    assert_int_equal(count_type(bench, SJ_EVENT_INSTRUMENT), 3); /* 2330, TXFR1 and its month */
    assert_int_equal(count_type(bench, SJ_EVENT_TRADE), 200);
    bool defined[100] = {false};
    for (uint32_t i = 0; i < bench->count; i++) {
        if (bench->frame[i].head.template_id == SJ_EVENT_INSTRUMENT)
            defined[bench->frame[i].head.instrument] = true;
        else
            assert_true(bench->frame[i].head.instrument == 0 ||
                        defined[bench->frame[i].head.instrument]);
        assert_int_equal(bench->frame[i].head.seq, i + 1);
    }
    bench_stop(bench);
    assert_int_equal(fake_broker_counts(bench->broker).unsubscribes, 4);
    assert_int_equal(count_type(bench, SJ_EVENT_COMPLETENESS), 2); /* the month and silent 2330 */
    bench_close(bench);
    free(bench);
}

static void gateway_gives_the_same_events_however_the_bytes_are_cut(void **state)
{
    (void)state;
    static const size_t cuts[][2] = {{1, 1}, {7, 3}, {100, 1000}, {65536, 65536}, {333, 5}};
    for (uint32_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        struct bench *bench = new_bench();
        bench_start(bench, SJ_BUS_GATE);
        WORK_UNTIL(bench, VALUE(subscribed) == 4);
        send_ticks(bench, 0, 20, cuts[i][0], cuts[i][1]);
        WORK_UNTIL(bench, VALUE(events) == 20);
        int64_t price_e6 = 0;
        for (uint32_t f = 0; f < bench->count; f++)
            if (bench->frame[f].head.template_id == SJ_EVENT_TRADE)
                price_e6 = bench->frame[f].trade.price_e6;
        assert_int_equal(price_e6, 28110500000);
        bench_stop(bench);
        bench_close(bench);
        free(bench);
    }
}

/* A connection that runs, with ticks flowing once. */
static struct bench *running_bench(void)
{
    struct bench *bench = new_bench();
    bench_start(bench, SJ_BUS_GATE);
    WORK_UNTIL(bench, VALUE(subscribed) == 4);
    send_ticks(bench, 0, 10, 4096, 4096);
    WORK_UNTIL(bench, VALUE(events) == 10);
    return bench;
}

static void end_bench(struct bench *bench)
{
    bench_stop(bench);
    bench_close(bench);
    free(bench);
}

static void gateway_opens_a_new_stream_after_a_drop_and_writes_the_gap(void **state)
{
    (void)state;
    for (uint32_t in_order = 0; in_order < 2; in_order++) {
        struct bench *bench = running_bench();
        fake_broker_end_stream(bench->broker, in_order);
        WORK_UNTIL(bench, find_session(bench, SJ_SESSION_RECOVERED));
        assert_int_equal(find_session(bench, SJ_SESSION_RECOVERED)->rung, SJ_RUNG_STREAM);
        assert_non_null(find_session(bench, SJ_SESSION_DROP));
        const struct sj_gap *gap = find_gap(bench, SJ_GAP_STREAM);
        assert_non_null(gap);
        assert_true(gap->from_ns > 0 && gap->to_ns >= gap->from_ns);
        assert_int_equal(VALUE(drops), 1);
        assert_int_equal(fake_broker_counts(bench->broker).subscribes, 8); /* all of them again */
        send_ticks(bench, 10, 10, 4096, 4096);
        WORK_UNTIL(bench, VALUE(events) == 20);
        assert_int_equal(VALUE(gaps[SJ_GAP_VOLUME]), 0);
        end_bench(bench);
    }
}

static void gateway_counts_an_event_that_was_cut_in_half(void **state)
{
    (void)state;
    struct bench *bench = running_bench();
    char text[512];
    size_t size = put_tick(text, "TXFL6", 10, 2, 22);
    fake_broker_send(bench->broker, text, size / 2, 4096, 4096);
    fake_broker_end_stream(bench->broker, true);
    WORK_UNTIL(bench, find_gap(bench, SJ_GAP_PARSE) && find_session(bench, SJ_SESSION_RECOVERED));
    assert_int_equal(VALUE(dropped[SJ_DROP_CUT]), 1);
    assert_int_equal(find_gap(bench, SJ_GAP_PARSE)->lost_count, 1);
    end_bench(bench);
}

static void gateway_goes_on_after_malformed_input_and_counts_it_by_class(void **state)
{
    (void)state;
    struct bench *bench = running_bench();
    static const char bad[] =
        "event: tick_fop\ndata: {\"code\":\"TXFL6\",\n\n"
        "event: tick_fop\ndata: {\"code\":\"2330\x01\n\n"
        "event: tick_fop\ndata: not json\n\n"
        "event: tick_fop\ndata: {\"code\":\"UNKNOWN\",\"date\":\"2026-11-23\","
        "\"time\":\"09:00:00\",\"close\":\"1\",\"volume\":1,"
        "\"total_volume\":1}\n\n"
        "event: heartbeat\ndata: {\"type\":\"heartbeat\"}\n\n"
        "event: order_event\ndata: {}\n\n";
    fake_broker_send(bench->broker, bad, sizeof(bad) - 1, 50, 50);
    send_ticks(bench, 10, 10, 4096, 4096);
    WORK_UNTIL(bench, VALUE(events) == 20 && find_gap(bench, SJ_GAP_PARSE));
    uint64_t malformed = 0;
    for (uint32_t i = 0; i < SJ_PARSE_FAULT_COUNT; i++)
        malformed += VALUE(malformed[i]);
    assert_int_equal(malformed, 4);
    assert_int_equal(VALUE(malformed[SJ_PARSE_INSTRUMENT]), 1);
    assert_int_equal(VALUE(beats), 1);
    assert_int_equal(VALUE(passed), 1);
    end_bench(bench);
}

/* A gate reader that reads nothing: what has no room is dropped, counted, and written as a gap as
 * soon as there is room; the tape says which volume is missing. */
static void gateway_counts_what_a_full_ring_has_no_room_for(void **state)
{
    (void)state;
    struct bench *bench = new_bench();
    bench->config.queue_events = 256;
    bench_start(bench, SJ_BUS_GATE);
    WORK_UNTIL(bench, VALUE(subscribed) == 4);
    send_ticks(bench, 0, 1000, 4096, 65536);
    while (VALUE(events) + VALUE(dropped[SJ_DROP_RING_FULL]) < 1000)
        assert_true(sj_gateway_work(bench->gateway, 0) >= 0); /* and nobody drains */
    uint64_t dropped = VALUE(dropped[SJ_DROP_RING_FULL]);
    assert_true(dropped > 0);
    WORK_UNTIL(bench, find_gap(bench, SJ_GAP_BUS));
    send_ticks(bench, 1000, 10, 4096, 4096);
    WORK_UNTIL(bench, find_gap(bench, SJ_GAP_VOLUME) && VALUE(messages) == 1010 &&
                          lost_in_gaps(bench, SJ_GAP_BUS) == VALUE(dropped[SJ_DROP_RING_FULL]));
    uint64_t written = lost_in_gaps(bench, SJ_GAP_BUS);
    bench_stop(bench);
    uint64_t missing = 0;
    for (uint32_t i = 0; i < bench->count; i++)
        if (bench->frame[i].head.template_id == SJ_EVENT_COMPLETENESS &&
            bench->frame[i].completeness.trade_count > 0) {
            assert_int_equal(bench->frame[i].completeness.verdict, SJ_INCOMPLETE);
            missing = (uint64_t)bench->frame[i].completeness.volume_missing;
        }
    assert_int_equal(missing, 2 * written);
    bench_close(bench);
    free(bench);
}

/* Heartbeats go on, data does not: every rung in turn, and data ends it. */
static void gateway_climbs_to_a_login_when_only_heartbeats_come(void **state)
{
    (void)state;
    struct bench *bench = new_bench();
    snprintf(bench->config.instruments, sizeof(bench->config.instruments), "TXFR1");
    bench->config.silence_day_ms = 100;
    bench->config.watch_ms = 50;
    snprintf(bench->config.login_path, sizeof(bench->config.login_path), "/api/v1/login");
    bench_start(bench, SJ_BUS_GATE);
    WORK_UNTIL(bench, VALUE(subscribed) == 2);
    send_ticks(bench, 0, 5, 4096, 4096);
    WORK_UNTIL(bench, VALUE(events) == 5);
    WORK_UNTIL(bench,
               (fake_broker_beat(bench->broker), fake_broker_counts(bench->broker).logins == 1));
    assert_true(VALUE(beats) > 0);
    assert_true(VALUE(rungs[SJ_RUNG_RESUBSCRIBE]) == 1 && VALUE(rungs[SJ_RUNG_STREAM]) == 1 &&
                VALUE(rungs[SJ_RUNG_LOGIN]) == 1);
    WORK_UNTIL(bench, VALUE(connects) == 3 && VALUE(streams_open) == 1);
    send_ticks(bench, 100, 5, 4096, 4096);
    WORK_UNTIL(bench, find_session(bench, SJ_SESSION_RECOVERED));
    assert_int_equal(find_session(bench, SJ_SESSION_RECOVERED)->rung, SJ_RUNG_LOGIN);
    assert_non_null(find_session(bench, SJ_SESSION_SILENT));
    assert_non_null(find_gap(bench, SJ_GAP_SILENCE));
    end_bench(bench);
}

static void gateway_logs_in_no_more_often_than_its_budget_allows(void **state)
{
    (void)state;
    struct bench *bench = new_bench();
    bench->config.silence_day_ms = 60;
    bench->config.watch_ms = 20;
    bench->config.login_budget = 2;
    snprintf(bench->config.login_path, sizeof(bench->config.login_path), "/api/v1/login");
    bench_start(bench, SJ_BUS_GATE);
    WORK_UNTIL(bench, VALUE(logins_refused) > 0);
    assert_int_equal(fake_broker_counts(bench->broker).logins, 2);
    assert_int_equal(VALUE(logins), 2);
    assert_non_null(find_session(bench, SJ_SESSION_REFUSED));
    end_bench(bench);
}

/* No endpoint to log in by: the rung above is the configured command, within the same budget. */
static void gateway_restarts_the_server_by_its_command(void **state)
{
    (void)state;
    struct bench *bench = new_bench();
    char mark[96];
    snprintf(mark, sizeof(mark), "%s/restarted", bench->dir);
    snprintf(bench->config.instruments, sizeof(bench->config.instruments), "TXFR1");
    snprintf(bench->config.restart_command, sizeof(bench->config.restart_command), "echo x >> %s",
             mark);
    bench->config.silence_day_ms = 100;
    bench->config.watch_ms = 50;
    bench_start(bench, SJ_BUS_GATE);
    WORK_UNTIL(bench, VALUE(subscribed) == 2);
    WORK_UNTIL(bench, find_session(bench, SJ_SESSION_LOGIN) && VALUE(streams_open) == 1);
    assert_int_equal(find_session(bench, SJ_SESSION_LOGIN)->rung, SJ_RUNG_RESTART);
    assert_int_equal(access(mark, F_OK), 0);
    assert_int_equal(fake_broker_counts(bench->broker).logins, 0);
    assert_true(VALUE(logins) >= 1);
    WORK_UNTIL(bench, VALUE(connects) >= 3 && VALUE(streams_open) == 1);
    send_ticks(bench, 0, 5, 4096, 4096);
    WORK_UNTIL(bench, find_session(bench, SJ_SESSION_RECOVERED));
    unlink(mark);
    end_bench(bench);
}

static void gateway_subscribes_again_after_a_maintenance(void **state)
{
    (void)state;
    struct bench *bench = running_bench();
    uint64_t requests = VALUE(requests);
    WORK_UNTIL(bench, VALUE(requests) >= requests + 4); /* /health was seen as it is */
    fake_broker_maintain(bench->broker, "2026-11-24T00:22:17+00:00");
    WORK_UNTIL(bench, fake_broker_counts(bench->broker).subscribes == 8);
    send_ticks(bench, 10, 1, 4096, 4096);
    WORK_UNTIL(bench, find_session(bench, SJ_SESSION_RECOVERED));
    assert_int_equal(find_session(bench, SJ_SESSION_RECOVERED)->rung, SJ_RUNG_RESUBSCRIBE);
    const struct sj_session *seen = find_session(bench, SJ_SESSION_MAINTENANCE);
    assert_non_null(seen);
    assert_string_equal(seen->text, "2026-11-24T00:22:17+00:00");
    assert_int_equal(VALUE(drops), 0);
    end_bench(bench);
}

/* A ban answers everything with 503: nothing is asked again before its minute is over. */
static void gateway_leaves_a_banning_server_alone(void **state)
{
    (void)state;
    struct bench *bench = running_bench();
    fake_broker_refuse(bench->broker, "/stream/data", 503,
                       "{\"code\":503,\"message\":\"操作異常，請1分鐘後再重新登入\"}");
    fake_broker_end_stream(bench->broker, false);
    WORK_UNTIL(bench, find_session(bench, SJ_SESSION_REFUSED));
    assert_int_equal(find_session(bench, SJ_SESSION_REFUSED)->status, 503);
    uint64_t tries = VALUE(rungs[SJ_RUNG_STREAM]);
    uint64_t requests = VALUE(requests);
    WORK_UNTIL(bench, VALUE(requests) >= requests + 5); /* health goes on, and time passes */
    assert_int_equal(VALUE(rungs[SJ_RUNG_STREAM]), tries);
    end_bench(bench);
}

static void gateway_waits_for_a_server_that_is_not_there_yet(void **state)
{
    (void)state;
    struct bench *bench = new_bench();
    fake_broker_refuse(bench->broker, "/info", 502, "");
    bench_start(bench, SJ_BUS_GATE);
    WORK_UNTIL(bench, find_session(bench, SJ_SESSION_REFUSED));
    assert_int_equal(VALUE(phase), SJ_GATEWAY_LOADING);
    end_bench(bench); /* stops in order from there too */
}

static void gateway_refuses_bad_configuration_with_a_line(void **state)
{
    (void)state;
    struct bench *bench = new_bench();
    struct sj_gateway *gateway;
    char error[SJ_PLAN_ERROR_MAX];
    struct sj_gateway_options options = {
        .config = &bench->config, .bus_dir = bench->dir, .instruments = bench->instruments};
    struct sj_gateway_config good = bench->config;
    static const struct {
        const char *servers, *instruments, *part;
    } cases[] = {
        {"", "2330", "servers"},
        {"http://a,http://b,http://c,http://d,http://e,http://f", "2330", "1 to 5"},
        {"ftp://127.0.0.1", "2330", "http://HOST:PORT"},
        {"http://127.0.0.1:1", "", "broker.instruments"},
        {"http://127.0.0.1:1", "ETF:0050", "STK, FUT"},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(bench->config.servers, sizeof(good.servers), "%s", cases[i].servers);
        snprintf(bench->config.instruments, sizeof(good.instruments), "%s", cases[i].instruments);
        assert_true(sj_gateway_create(&options, &gateway, error) < 0);
        assert_non_null(strstr(error, cases[i].part));
        assert_null(strchr(error, '\n'));
    }
    bench->config = good;
    snprintf(bench->config.holidays, sizeof(good.holidays), "2026-02-30");
    assert_true(sj_gateway_create(&options, &gateway, error) < 0);
    assert_non_null(strstr(error, "2026-02-30"));
    bench_close(bench);
    free(bench);
}

/* Contracts are described anew in two seconds; the configuration knows whole ones only. */
static struct bench *bench_with_contract_time(const char *instruments)
{
    struct bench *bench = new_bench();
    snprintf(bench->config.instruments, sizeof(bench->config.instruments), "%s", instruments);
    int64_t at_s = sj_tw_time_of_day_ns(sj_clock_utc_ns() + 2 * SJ_NS_PER_S) / SJ_NS_PER_S;
    snprintf(bench->config.contract_times, sizeof(bench->config.contract_times), "%02d:%02d:%02d",
             (int)(at_s / 3600), (int)(at_s / 60 % 60), (int)(at_s % 60));
    bench_start(bench, SJ_BUS_GATE);
    WORK_UNTIL(bench, VALUE(subscribed) == VALUE(planned) && VALUE(planned) > 0);
    return bench;
}

#define STOCK_INFO(name, reference)                                                                \
    "{\"dataset\":\"TW/STK\",\"security_type\":\"STK\",\"region\":\"TW\",\"exchange\":\"TSE\","    \
    "\"code\":\"2330\",\"target_code\":null,\"name\":\"" name "\",\"reference\":" reference        \
    ",\"limit_up\":660.0,\"limit_down\":540.0,\"unit\":1000.0}"

static void gateway_publishes_a_contract_again_when_its_description_changed(void **state)
{
    (void)state;
    struct bench *bench = bench_with_contract_time("2330,TXFR1");
    uint32_t before = count_type(bench, SJ_EVENT_INSTRUMENT);
    fake_broker_refuse(bench->broker, "/data/contracts/2330/info", 200,
                       STOCK_INFO("name", "610.5"));
    WORK_UNTIL(bench, VALUE(contract_changes) > 0);
    WORK_UNTIL(bench, count_type(bench, SJ_EVENT_INSTRUMENT) > before);
    assert_int_equal(count_type(bench, SJ_EVENT_INSTRUMENT), before + 1);
    const struct sj_instrument *last = NULL;
    for (uint32_t i = 0; i < bench->count; i++)
        if (bench->frame[i].head.template_id == SJ_EVENT_INSTRUMENT)
            last = (const struct sj_instrument *)&bench->frame[i].head;
    assert_string_equal(last->code, "2330");
    assert_int_equal(last->reference_e6, 610500000);
    assert_int_equal(VALUE(contract_refused), 0);
    fake_broker_refuse(bench->broker, NULL, 0, NULL);
    end_bench(bench);
}

static void gateway_refuses_a_description_in_which_most_contracts_are_others(void **state)
{
    (void)state;
    struct bench *bench = bench_with_contract_time("2330,TXFR1");
    uint32_t before = count_type(bench, SJ_EVENT_INSTRUMENT);
    fake_broker_rename(bench->broker, "other");
    WORK_UNTIL(bench, VALUE(contract_refused) > 0);
    WORK_UNTIL(bench, find_session(bench, SJ_SESSION_REFUSED));
    assert_non_null(strstr(find_session(bench, SJ_SESSION_REFUSED)->text, "of 3 contracts"));
    assert_int_equal(count_type(bench, SJ_EVENT_INSTRUMENT), before);
    assert_int_equal(VALUE(contract_changes), 0);
    end_bench(bench);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(gateway_publishes_definitions_first_and_then_every_event),
    cmocka_unit_test(gateway_gives_the_same_events_however_the_bytes_are_cut),
    cmocka_unit_test(gateway_opens_a_new_stream_after_a_drop_and_writes_the_gap),
    cmocka_unit_test(gateway_counts_an_event_that_was_cut_in_half),
    cmocka_unit_test(gateway_goes_on_after_malformed_input_and_counts_it_by_class),
    cmocka_unit_test(gateway_counts_what_a_full_ring_has_no_room_for),
    cmocka_unit_test(gateway_climbs_to_a_login_when_only_heartbeats_come),
    cmocka_unit_test(gateway_logs_in_no_more_often_than_its_budget_allows),
    cmocka_unit_test(gateway_restarts_the_server_by_its_command),
    cmocka_unit_test(gateway_subscribes_again_after_a_maintenance),
    cmocka_unit_test(gateway_leaves_a_banning_server_alone),
    cmocka_unit_test(gateway_waits_for_a_server_that_is_not_there_yet),
    cmocka_unit_test(gateway_refuses_bad_configuration_with_a_line),
    cmocka_unit_test(gateway_publishes_a_contract_again_when_its_description_changed),
    cmocka_unit_test(gateway_refuses_a_description_in_which_most_contracts_are_others),
};

int gateway_live_tests(void)
{
    return cmocka_run_group_tests_name("gateway", tests, NULL, NULL);
}
