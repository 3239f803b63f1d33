#include "app/live.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define INSTRUMENTS_MAX 16384
#define STOP_STEP_NS (5 * SJ_NS_PER_MS)
#define GATEWAY_STOP_NS (15 * SJ_NS_PER_S)
#define RECORDER_STOP_NS (30 * SJ_NS_PER_S)
#define TRADER_STOP_NS (5 * SJ_NS_PER_S)
#define STORE_STOP_NS (20 * SJ_NS_PER_S)
#define STORE_POLL_MS 5

__attribute__((format(printf, 3, 4))) static sj_rc fail(struct sj_live *live, sj_rc rc,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sj_rc_explain(live->error, sizeof live->error, rc, format, args);
    va_end(args);
    return rc;
}

static int put_definition(const struct sj_instrument *definition, void *context)
{
    uint32_t id;
    return sj_instruments_put(context, definition, &id);
}

static sj_rc open_journal(struct sj_live *live)
{
    const struct sj_journal_config *config = &live->settings->journal;
    struct sj_journal_options options = {
        .dir = config->dir,
        .segment_size = (uint64_t)config->segment_size,
        .flush_min_ns = config->flush_min_us * SJ_NS_PER_US,
        .flush_max_ns = config->flush_max_us * SJ_NS_PER_US,
        .reserve_size = (uint64_t)config->reserve_size,
        .keep_size = (uint64_t)config->keep_size,
        .keep_age_ns = config->keep_days * SJ_NS_PER_DAY,
        .compress_age_ns = config->compress_after_s * SJ_NS_PER_S,
    };
    sj_rc rc = sj_journal_open(&options, &live->recovery, &live->journal);
    if (rc < 0)
        return fail(live, rc, "journal.dir %s", config->dir);
    sj_log_info("journal", "%s: %s", config->dir, live->recovery.text);
    rc = sj_instruments_create(INSTRUMENTS_MAX, &live->instruments);
    if (rc >= 0)
        rc = sj_journal_definitions(live->journal, put_definition, live->instruments);
    return rc < 0 ? fail(live, rc, "instruments of the journal %s", config->dir) : 0;
}

/* The last sequence of a source that the journal holds. */
static uint64_t journal_seq(const struct sj_live *live, uint32_t src)
{
    for (uint32_t i = 0; i < live->recovery.source_count; i++)
        if (live->recovery.sources[i].src == src)
            return live->recovery.sources[i].last_seq;
    return 0;
}

const char *sj_live_bus_dir(const struct sj_live *live)
{
    return *live->settings->bus.dir ? live->settings->bus.dir : NULL;
}

void sj_live_ring_name(uint32_t connection, char ret_name[SJ_BUS_NAME_MAX])
{
    snprintf(ret_name, SJ_BUS_NAME_MAX, "gateway%u", connection + 1);
}

static sj_rc create_gateway(struct sj_live *live)
{
    struct sj_gateway_options options = {
        .config = &live->settings->broker,
        .bus_dir = sj_live_bus_dir(live),
        .instruments = live->instruments,
        .seed = (uint64_t)sj_clock_utc_ns(),
    };
    for (uint32_t i = 0; i < SJ_CONNECTIONS_MAX; i++)
        options.first_seq[i] = journal_seq(live, SJ_SRC_GATEWAY + i) + 1;
    return sj_gateway_create(&options, &live->gateway, live->error);
}

static sj_rc create_trader(struct sj_live *live)
{
    static char names[SJ_CONNECTIONS_MAX][SJ_BUS_NAME_MAX];
    struct sj_trader_options options = {
        .settings = live->settings,
        .bus_dir = sj_live_bus_dir(live),
        .ring_count = sj_gateway_count(live->gateway),
        .last_seq = journal_seq(live, SJ_SRC_STRATEGY),
        .account_last_seq = journal_seq(live, SJ_SRC_STRATEGY + 1),
    };
    if (live->settings->trading.mode == SJ_TRADING_OFF)
        return 0;
    for (uint32_t i = 0; i < SJ_USER_SOURCES; i++)
        options.user_last_seq[i] = journal_seq(live, SJ_SRC_USER + i);
    for (uint32_t i = 0; i < options.ring_count; i++) {
        sj_live_ring_name(i, names[i]);
        options.rings[i] = names[i];
    }
    sj_rc rc = sj_trader_create(&options, live->error, &live->trader);
    if (rc >= 0)
        live->trader_counters = sj_trader_counters(live->trader);
    return rc;
}

/* Lets the recorder take a ring. What lies in it that the journal does not hold, and that nobody of
 * ours has published (`own_count`), a killed process left. Before anybody works. */
static sj_rc record_ring(struct sj_live *live, const char *name, uint32_t src, uint64_t own_count)
{
    struct sj_bus_stat stat;
    sj_rc rc =
        sj_recorder_add(&live->recorder, sj_live_bus_dir(live), name, journal_seq(live, src));
    if (rc >= 0)
        rc = sj_bus_stat(sj_live_bus_dir(live), name, &stat);
    if (rc < 0)
        return rc;
    const struct sj_recorder_ring *ring = &live->recorder.rings[live->recorder.ring_count - 1];
    live->taken_over += stat.last_seq + 1 - sj_bus_reader_next_seq(ring->reader) - own_count;
    return 0;
}

/* What strategies in processes of their own ask for. */
static sj_rc record_users(struct sj_live *live)
{
    sj_rc rc = 0;
    uint32_t src;
    for (uint32_t i = 0; rc >= 0 && i < sj_trader_process_count(live->trader); i++) {
        const char *ring = sj_trader_process_ring(live->trader, i, &src);
        rc = sj_recorder_add_user(&live->recorder, sj_live_bus_dir(live), ring,
                                  journal_seq(live, src));
    }
    return rc;
}

static sj_rc create_recorder(struct sj_live *live)
{
    sj_rc rc = sj_recorder_init(&live->recorder, live->journal, journal_seq(live, SJ_SRC_JOURNAL));
    for (uint32_t i = 0; rc >= 0 && i < sj_gateway_count(live->gateway); i++) {
        const struct sj_gateway_counters *counters = sj_gateway_counters(live->gateway, i);
        char name[SJ_BUS_NAME_MAX];
        sj_live_ring_name(i, name);
        rc = record_ring(live, name, SJ_SRC_GATEWAY + i,
                         atomic_load_explicit(&counters->own, memory_order_relaxed));
    }
    if (rc >= 0 && live->trader)
        rc = record_ring(live, SJ_TRADER_RING, SJ_SRC_STRATEGY, 0);
    if (rc >= 0 && live->trader)
        rc = record_ring(live, SJ_TRADER_ACCOUNT_RING, SJ_SRC_STRATEGY + 1, 0);
    if (rc >= 0 && live->trader)
        rc = record_users(live);
    if (rc >= 0)
        rc = sj_recorder_note_recovery(&live->recorder, &live->recovery);
    if (rc >= 0)
        rc = sj_recorder_note_session(&live->recorder, SJ_SESSION_START, "recorder started");
    return rc < 0 ? fail(live, rc, "recorder") : 0;
}

static sj_rc create_store(struct sj_live *live)
{
    if (!*live->settings->store.url)
        return 0;
    struct sj_store_options options = {
        .config = &live->settings->store,
        .journal_dir = live->settings->journal.dir,
        .durable_only = true,
        .poll_wait_ms = STORE_POLL_MS,
    };
    sj_rc rc = sj_store_create(&options, &live->store);
    return rc < 0 ? fail(live, rc, "store.url or the journal %s", options.journal_dir) : 0;
}

static sj_rc start_watch(struct sj_live *live)
{
    const struct sj_watch_config *config = &live->settings->watch;
    const struct sj_watch_page pages[] = {
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8", sj_live_metrics_page, live, NULL},
        {"/status", "application/json", sj_live_status_page, live, NULL},
        {"/health", "text/plain; charset=utf-8", sj_live_health_page, live, NULL},
        {"/kill", "text/plain; charset=utf-8", NULL, live, sj_live_kill_action},
        {"/panic", "text/plain; charset=utf-8", NULL, live, sj_live_panic_action},
    };
    if (!*config->listen)
        return 0;
    sj_rc rc = sj_watch_server_start(config->listen, pages, live->trader ? 5 : 3,
                                     live->settings->trading.token, &live->watch);
    if (rc < 0)
        return fail(live, rc,
                    "watch.listen '%s' must be a free loopback address such as "
                    "127.0.0.1:9464",
                    config->listen);
    sj_log_info("watch", "http://127.0.0.1:%u/metrics", sj_watch_server_port(live->watch));
    if (!*config->port_file)
        return 0;
    FILE *file = fopen(config->port_file, "we");
    if (!file)
        return fail(live, -errno, "watch.port_file %s", config->port_file);
    fprintf(file, "%u\n", sj_watch_server_port(live->watch));
    return fclose(file) ? fail(live, -errno, "watch.port_file %s", config->port_file) : 0;
}

/* Threads inherit the priority of the one that starts them: what lies between the socket and the
 * disk is started first, with priority where the system grants it; the store after that, without.
 */
static void set_nice(int nice)
{
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), nice))
        sj_log_debug("run", "priority stays as it is: %s", strerror(errno));
}

static sj_rc recorder_work(void *context)
{
    return sj_recorder_do_work(context);
}

static sj_rc store_work(void *context)
{
    struct sj_live *live = context;
    sj_rc rc = sj_store_do_work(live->store);
    atomic_store_explicit(&live->store_caught_up, sj_store_is_caught_up(live->store),
                          memory_order_release);
    return rc;
}

/* In `shared` the trader's turn comes right behind the connections', on the same thread, and each
 * event is decided on behind its message: no hop between a received byte and a sent order. */
static sj_rc share_trader(struct sj_live *live)
{
    struct sj_duty duty = {.name = "trade", .do_work = sj_trader_work, .context = live->trader};
    const struct sj_gateway_follower follower = {live->trader, sj_trader_event, sj_trader_read};
    if (!live->trader)
        return 0;
    sj_gateway_follow(live->gateway, &follower);
    return sj_duty_add(&live->gateway_runners[0], &duty);
}

/* One runner for all connections, or one each. */
static sj_rc start_gateway_runners(struct sj_live *live)
{
    bool shared = live->settings->threads.layout == SJ_THREADS_SHARED;
    uint32_t count = sj_gateway_count(live->gateway);
    for (uint32_t i = 0; i < count; i++) {
        struct sj_duty_runner *runner = &live->gateway_runners[shared ? 0 : i];
        struct sj_duty duty = {.name = "gateway",
                               .do_work = sj_gateway_duty_work,
                               .context = sj_gateway_duty(live->gateway, i),
                               .essential = true};
        if (!shared || i == 0) {
            char name[16];
            snprintf(name, sizeof name, shared ? "gateway" : "gateway%u", i + 1);
            sj_duty_init(runner, name);
            runner->idle =
                sj_duty_idle_default(live->settings->threads.layout == SJ_THREADS_DEDICATED);
            runner->idle.sleep_max_ns = 200 * SJ_NS_PER_US;
        }
        sj_rc rc = sj_duty_add(runner, &duty);
        if (rc < 0)
            return rc;
    }
    sj_rc added = shared ? share_trader(live) : 0;
    if (added < 0)
        return added;
    for (uint32_t i = 0; i < (shared ? 1 : count); i++) {
        sj_rc rc = sj_duty_start(&live->gateway_runners[i]);
        if (rc < 0)
            return rc;
        live->gateway_runner_count++;
    }
    return 0;
}

static sj_rc start_runner(struct sj_duty_runner *runner, const char *name, int64_t sleep_max_ns,
                          sj_rc (*work)(void *), void *context)
{
    struct sj_duty duty = {.name = name, .do_work = work, .context = context, .essential = true};
    sj_duty_init(runner, name);
    runner->idle.sleep_max_ns = sleep_max_ns;
    sj_rc rc = sj_duty_add(runner, &duty);
    return rc < 0 ? rc : sj_duty_start(runner);
}

static sj_rc start_threads(struct sj_live *live)
{
    sj_rc rc = start_runner(&live->recorder_runner, "journal", 200 * SJ_NS_PER_US, recorder_work,
                            &live->recorder);
    if (rc >= 0)
        rc = start_gateway_runners(live);
    if (rc >= 0 && live->trader && live->settings->threads.layout != SJ_THREADS_SHARED)
        rc = start_runner(&live->trader_runner, "trade", 200 * SJ_NS_PER_US, sj_trader_work,
                          live->trader);
    set_nice(0);
    if (rc >= 0 && live->store)
        rc = start_runner(&live->store_runner, "store", 5 * SJ_NS_PER_MS, store_work, live);
    return rc < 0 ? fail(live, rc, "starting threads") : 0;
}

sj_rc sj_live_start(struct sj_live *live, const struct sj_settings *settings)
{
    memset(live, 0, sizeof *live);
    live->settings = settings;
    live->started_ns = sj_clock_utc_ns();
    set_nice((int)settings->threads.nice);
    sj_rc rc = open_journal(live);
    if (rc >= 0)
        rc = create_gateway(live);
    if (rc >= 0)
        rc = create_trader(live);
    if (rc >= 0)
        rc = create_recorder(live);
    if (rc >= 0)
        rc = create_store(live);
    if (rc >= 0)
        rc = start_watch(live);
    if (rc >= 0)
        rc = start_threads(live);
    if (rc < 0) {
        char error[SJ_LIVE_ERROR_MAX];
        memcpy(error, live->error, sizeof error);
        sj_live_stop(live);
        sj_live_done(live);
        memcpy(live->error, error, sizeof error);
    }
    return rc;
}

sj_rc sj_live_check(struct sj_live *live)
{
    sj_rc rc = atomic_load_explicit(&live->recorder.stopped, memory_order_relaxed);
    if (rc >= 0)
        return 0;
    struct sj_journal_stat stat;
    sj_journal_stat(live->journal, &stat);
    snprintf(live->error, sizeof live->error, "the journal stopped: %s",
             *stat.stopped_text ? stat.stopped_text : sj_rc_text(rc));
    return rc;
}

/* Every connection has its instruments; and in paper mode, a server that says it is a simulation.
 */
static sj_rc market_is_known(struct sj_live *live)
{
    bool simulation = true;
    for (uint32_t i = 0; i < sj_gateway_count(live->gateway); i++) {
        const struct sj_gateway_counters *counters = sj_gateway_counters(live->gateway, i);
        if (atomic_load_explicit(&counters->phase, memory_order_acquire) != SJ_GATEWAY_RUNNING)
            return 0;
        simulation =
            simulation && atomic_load_explicit(&counters->simulation, memory_order_relaxed);
    }
    if (live->settings->trading.mode == SJ_TRADING_PAPER && !simulation)
        return fail(live, -SJ_E_REFUSED,
                    "trading.mode is paper, but a broker's server is not in simulation; nothing "
                    "was sent. Start it in simulation, or set trading.mode to live");
    return 1;
}

sj_rc sj_live_trade(struct sj_live *live)
{
    if (!live->trader)
        return 0;
    if (live->trades) {
        sj_trader_look(live->trader);
        return 0;
    }
    sj_rc rc = market_is_known(live);
    if (rc <= 0)
        return rc;
    rc = sj_trader_prepare(live->trader, live->journal, live->error);
    live->trades = rc >= 0;
    return rc < 0 ? rc : 1;
}

static bool wait_until(bool (*done)(struct sj_live *), struct sj_live *live, int64_t timeout_ns)
{
    int64_t deadline_ns = sj_clock_mono_ns() + timeout_ns;
    while (!done(live)) {
        if (sj_clock_mono_ns() > deadline_ns)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = STOP_STEP_NS}, NULL);
    }
    return true;
}

static bool gateway_is_done(struct sj_live *live)
{
    return sj_gateway_stopped(live->gateway);
}

static bool recorder_is_done(struct sj_live *live)
{
    return atomic_load_explicit(&live->recorder.finished, memory_order_acquire) ||
           sj_live_check(live) < 0;
}

static bool store_is_done(struct sj_live *live)
{
    return atomic_load_explicit(&live->store_caught_up, memory_order_acquire) ||
           atomic_load_explicit(&live->store_runner.finished, memory_order_acquire);
}

static bool trader_is_done(struct sj_live *live)
{
    return sj_trader_stopped(live->trader);
}

/* While the connections still run: what works is cancelled and its answers are waited for. */
static void stop_trader(struct sj_live *live)
{
    if (!live->trades)
        return;
    sj_trader_stop(live->trader);
    int64_t wait_ns = live->settings->trading.stop_ms * SJ_NS_PER_MS + TRADER_STOP_NS;
    if (!wait_until(trader_is_done, live, wait_ns))
        sj_log_error("trading", "it did not stop in order; look at the orders with the broker");
    if (live->trader_runner.started) {
        sj_duty_stop(&live->trader_runner);
        sj_duty_join(&live->trader_runner);
    }
}

static void stop_gateway(struct sj_live *live)
{
    if (!live->gateway)
        return;
    sj_gateway_stop(live->gateway);
    if (live->gateway_runner_count && !wait_until(gateway_is_done, live, GATEWAY_STOP_NS))
        sj_log_warn("run", "the gateway did not stop in order within %d s",
                    (int)(GATEWAY_STOP_NS / SJ_NS_PER_S));
    for (uint32_t i = 0; i < live->gateway_runner_count; i++) {
        sj_duty_stop(&live->gateway_runners[i]);
        sj_duty_join(&live->gateway_runners[i]);
    }
    live->gateway_runner_count = 0;
    /* The rings are marked as ended only when nobody writes them any more. */
    sj_gateway_end_rings(live->gateway);
    if (live->trader)
        sj_trader_end_rings(live->trader);
}

static void stop_recorder(struct sj_live *live)
{
    if (!live->recorder_runner.started)
        return;
    if (!wait_until(recorder_is_done, live, RECORDER_STOP_NS))
        sj_log_error("run", "the journal did not take everything from the rings within %d s",
                     (int)(RECORDER_STOP_NS / SJ_NS_PER_S));
    sj_duty_stop(&live->recorder_runner);
    sj_duty_join(&live->recorder_runner);
    sj_rc rc = sj_recorder_note_session(&live->recorder, SJ_SESSION_STOP, "recorder stopped");
    if (rc >= 0)
        rc = sj_journal_sync(live->journal);
    if (rc < 0)
        sj_log_error("journal", "at the end: %s", sj_rc_text(rc));
}

static void stop_store(struct sj_live *live)
{
    if (!live->store || !live->store_runner.started)
        return;
    /* The journal is complete by now: a "caught up" from before it was does not count. */
    atomic_store_explicit(&live->store_caught_up, false, memory_order_release);
    sj_store_flush(live->store);
    if (!wait_until(store_is_done, live, STORE_STOP_NS))
        sj_log_warn("store", "not caught up within %d s; the rest waits in the journal",
                    (int)(STORE_STOP_NS / SJ_NS_PER_S));
    sj_duty_stop(&live->store_runner);
    sj_duty_join(&live->store_runner);
}

static sj_rc check_identities(struct sj_live *live)
{
    struct sj_live_account account;
    if (!live->journal || !live->gateway)
        return 0;
    sj_live_account(live, &account);
    return sj_live_account_holds(&account, live->error, sizeof live->error) ? 0 : -SJ_E_IDENTITY;
}

sj_rc sj_live_stop(struct sj_live *live)
{
    stop_trader(live);
    stop_gateway(live);
    stop_recorder(live);
    stop_store(live);
    sj_watch_server_stop(live->watch);
    live->watch = NULL;
    return check_identities(live);
}

void sj_live_done(struct sj_live *live)
{
    sj_store_close(live->store);
    sj_recorder_done(&live->recorder);
    sj_trader_close(live->trader);
    sj_gateway_close(live->gateway);
    sj_rc rc = sj_journal_close(live->journal);
    if (rc < 0)
        sj_log_error("journal", "closing: %s", sj_rc_text(rc));
    sj_instruments_close(live->instruments);
}

bool sj_live_is_user_mistake(sj_rc rc)
{
    return rc == -SJ_E_RANGE || rc == -SJ_E_UNKNOWN || rc == -SJ_E_MALFORMED || rc == -EINVAL;
}
