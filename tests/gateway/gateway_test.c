/* One connection of the gateway against a scripted server: bytes in, frames on the bus out. */
#include "gateway_suites.h"

#include "fake_broker.h"
#include "gateway/gateway.h"

#include "base/clock.h"

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
    bench->config.ring_size = 1 << 20;
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

__attribute__((unused)) static const struct sj_session *find_session(const struct bench *bench, enum sj_session_kind kind)
{
    for (uint32_t i = 0; i < bench->count; i++)
        if (bench->frame[i].head.template_id == SJ_EVENT_SESSION &&
            bench->frame[i].session.kind == kind)
            return &bench->frame[i].session;
    return NULL;
}

__attribute__((unused)) static const struct sj_gap *find_gap(const struct bench *bench, enum sj_gap_kind kind)
{
    for (uint32_t i = 0; i < bench->count; i++)
        if (bench->frame[i].head.template_id == SJ_EVENT_GAP && bench->frame[i].gap.kind == kind)
            return &bench->frame[i].gap;
    return NULL;
}

/* Works and drains until `condition` holds; the wait is for an event, the bound only ends a failure. */
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
        "event: tick_fop\ndata: {\"code\":\"%s\",\"date\":\"2026-11-23\",\"time\":\"09:%02d:%02d.123456\","
        "\"open\":\"28105\",\"close\":\"28110.5\",\"volume\":%d,\"total_volume\":%d,\"tick_type\":1,"
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(gateway_publishes_definitions_first_and_then_every_event),
    cmocka_unit_test(gateway_gives_the_same_events_however_the_bytes_are_cut),
};

int gateway_live_tests(void)
{
    return cmocka_run_group_tests_name("gateway", tests, NULL, NULL);
}
