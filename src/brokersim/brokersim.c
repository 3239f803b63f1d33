/* The simulator as a whole: start, one duty cycle, stop. */
#include "brokersim/brokersim.h"

#include "base/clock.h"
#include "brokersim/desk.h"
#include "brokersim/fault.h"
#include "brokersim/history.h"
#include "brokersim/quota.h"
#include "brokersim/replay.h"
#include "brokersim/server.h"
#include "market/calendar.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_A_TURN 4096 /* market events before the sockets get their turn */
#define EVENTS_MAX 128     /* sockets a turn */
#define SPIN_NS 100000
#define LATE_MAX_NS 500000000LL
#define DRAIN_NS 5000000000LL
#define USER_ORDERS_MAX 65536
#define CASH_MAX 1000000000000ull
#define SECOND_STEP_NS 100000000LL

static void read_clocks(struct sj_brokersim *sim)
{
    sim->now_ns = sj_clock_mono_ns();
    sim->utc_ns = sj_clock_utc_ns();
}

void sim_restart_pace(struct sj_brokersim *sim)
{
    sim->pace_wall_ns = sim->now_ns;
    sim->pace_market_ns = sim->source->now_ns;
}

/* The trading day asked for, else today in Taipei, else the last one before it. */
static uint32_t trading_day(const struct sj_brokersim_options *options,
                            const struct sj_market_rules *rules)
{
    const struct sj_tw_holidays *holidays = sj_market_holidays(rules, SJ_BOARD_STOCK);
    if (options->date != 0)
        return options->date;
    int32_t date = sj_tw_date(sj_clock_utc_ns());
    if (!sj_tw_is_trading_day(date, holidays))
        date = sj_tw_previous_trading_day(date, holidays);
    return (uint32_t)date;
}

static sj_rc build_replay(struct sj_brokersim *sim, char *error)
{
    const struct sj_replay_options replay = {
        .dir = sim->options.replay_path,
        .rules = sim->rules,
        .sink = {.context = sim, .emit = stream_emit, .fill = desk_fill},
        .speed = sim->options.speed,
        .date = sim->options.date};
    sim->yields = sim->options.speed == 0;
    sim->renderer.nulls = true;
    return sj_replay_create(&replay, &sim->universe, &sim->source, error);
}

static sj_rc build_market(struct sj_brokersim *sim, char *error)
{
    const struct sj_brokersim_options *options = &sim->options;
    char text[SJ_RULES_ERROR_MAX];
    sj_rc rc = sj_market_rules_load(options->rules_path, text, &sim->rules);
    if (rc < 0) {
        snprintf(error, SJ_SIM_MESSAGE_MAX, "market rules: %s", text);
        return rc;
    }
    if (options->replay_path)
        return build_replay(sim, error);
    uint32_t date = trading_day(options, sim->rules);
    struct sj_sim_universe_options universe = {.rules = sim->rules,
                                               .path = options->universe_path,
                                               .date = date,
                                               .count = options->instrument_count,
                                               .seed = options->seed};
    rc = sj_sim_universe_build(&sim->universe, &universe, error);
    if (rc < 0)
        return rc;
    int64_t start = sj_synth_start_ns(sim->rules, date, options->start_second);
    struct sj_synth_options synth = {
        .rules = sim->rules,
        .universe = &sim->universe,
        .sink = {.context = sim, .emit = stream_emit, .fill = desk_fill},
        .seed = options->seed,
        .rate = options->rate,
        .speed = options->speed > 0 ? options->speed : 1,
        .start_ns = options->wall_clock ? sj_clock_utc_ns() : start,
        .always_open = options->always_open || options->wall_clock,
        .order_max = USER_ORDERS_MAX};
    rc = sj_synth_create(&synth, &sim->source);
    if (rc < 0)
        snprintf(error, SJ_SIM_MESSAGE_MAX, "building the market: %s", sj_rc_text(rc));
    return rc;
}

static sj_rc check_options(const struct sj_brokersim_options *options, char *error)
{
    const char *wrong = NULL;
    bool loopback = strncmp(options->bind_address, "127.", 4) == 0;
    if (options->replay_path && (options->universe_path || options->wall_clock))
        wrong = "--replay takes contracts and times from the journal: leave out --universe and "
                "--wall-clock";
    else if (options->server_count == 0 || options->server_count > SJ_SIM_SERVERS_MAX)
        wrong = "servers must be 1 to 16";
    else if (options->port + options->server_count > 65536)
        wrong = "the ports pass 65535";
    else if (options->instrument_count < 8 ||
             options->instrument_count > SJ_SIM_INSTRUMENTS_MAX - 100)
        wrong = "instruments must be 8 to 19900";
    else if (!(options->rate >= 0 && options->rate <= 1e8))
        wrong = "rate must be 0 to 100000000 events a second";
    else if (!(options->speed >= 0 && options->speed <= 1e6))
        wrong = "speed must be 0 (as fast as possible) to 1000000";
    else if (options->date != 0 && !sj_date_valid((int32_t)options->date))
        wrong = "date must be a day, YYYY-MM-DD";
    else if (options->heartbeat_ms < 10 || options->buffer_mb < 1 || options->buffer_mb > 1024)
        wrong = "heartbeat must be 10 ms or more, buffer 1 to 1024 MB";
    else if (options->cash > CASH_MAX)
        wrong = "cash must be at most 1000000000000 TWD";
    else if (!loopback && !(options->api_key && options->secret_key))
        wrong = "an address other than loopback needs SJ_API_KEY and SJ_SEC_KEY";
    if (!wrong)
        return 0;
    snprintf(error, SJ_SIM_MESSAGE_MAX, "%s", wrong);
    return -SJ_E_RANGE;
}

static sj_rc reserve(struct sj_brokersim *sim)
{
    size_t feeds = 2 * (size_t)sim->universe.count;
    sim->servers = calloc(sim->options.server_count, sizeof *sim->servers);
    sim->subscriptions = calloc(feeds, SJ_SIM_SERVERS_MAX);
    sim->accounts = calloc(feeds * sim->options.server_count * TOPIC_KINDS, sizeof *sim->accounts);
    sim->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (sim->epoll_fd < 0)
        return -errno;
    return sim->servers && sim->subscriptions && sim->accounts ? 0 : -ENOMEM;
}

static sj_rc start(struct sj_brokersim *sim, char *error)
{
    sj_rc rc = build_market(sim, error);
    if (rc >= 0)
        rc = reserve(sim);
    if (rc >= 0)
        rc = desk_create(sim, error);
    if (rc >= 0)
        rc = history_create(sim);
    if (rc >= 0)
        rc = quota_init(&sim->person);
    for (uint32_t i = 0; i < sim->options.server_count && rc >= 0; i++) {
        sim->server_count = i + 1;
        rc = server_open(sim, i, error);
    }
    if (rc >= 0 && sim->options.faults)
        rc = fault_parse(sim, sim->options.faults, error);
    if (rc >= 0)
        rc = server_write_ports(sim, error);
    if (rc < 0 && error[0] == 0)
        snprintf(error, SJ_SIM_MESSAGE_MAX, "starting: %s", sj_rc_text(rc));
    return rc;
}

sj_rc sj_brokersim_init(const struct sj_brokersim_options *options, struct sj_brokersim **ret_sim,
                        char error[SJ_SIM_MESSAGE_MAX])
{
    error[0] = 0;
    sj_rc rc = check_options(options, error);
    if (rc < 0)
        return rc;
    struct sj_brokersim *sim = calloc(1, sizeof *sim);
    if (!sim)
        return -ENOMEM;
    sim->options = *options;
    sim->epoll_fd = -1;
    sim->renderer.second = -1;
    read_clocks(sim);
    sim->started_ns = sim->now_ns;
    sim->next_second_ns = sim->now_ns;
    rc = start(sim, error);
    if (rc < 0) {
        sj_brokersim_close(sim);
        return rc;
    }
    *ret_sim = sim;
    return 0;
}

void sj_brokersim_close(struct sj_brokersim *sim)
{
    if (!sim)
        return;
    for (uint32_t i = 0; i < sim->connection_count; i++)
        conn_free(sim->connections[i]);
    for (uint32_t i = 0; i < sim->server_count; i++)
        server_close(&sim->servers[i]);
    desk_close(sim);
    history_close(sim);
    quota_done(&sim->person);
    if (sim->source)
        sim->source->ops->close(sim->source);
    sj_sim_universe_done(&sim->universe);
    sj_market_rules_free(sim->rules);
    if (sim->epoll_fd >= 0)
        close(sim->epoll_fd);
    free(sim->servers);
    free(sim->subscriptions);
    free(sim->accounts);
    free(sim);
}

static void serve(struct sj_brokersim *sim, const struct epoll_event *event)
{
    if (event->data.u64 & 1) {
        struct server *server = (struct server *)(uintptr_t)(event->data.u64 & ~1ull);
        server_accept(server);
        return;
    }
    struct connection *conn = event->data.ptr;
    if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        conn_readable(conn);
    if (event->events & EPOLLOUT)
        conn_flush(conn);
    if ((event->events & (EPOLLHUP | EPOLLERR)) && conn->close_after)
        conn_close(conn);
    (void)sim;
}

static uint32_t subscription_sum(const struct sj_brokersim *sim)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < sim->server_count; i++)
        sum += sim->servers[i].subscription_count;
    return sum;
}

/* Every subscribed topic has a stream that carries it: nothing would go unheard. */
static bool all_heard(const struct sj_brokersim *sim)
{
    uint32_t count = sim->universe.count;
    for (uint32_t feed = 0; feed < 2 * count; feed++) {
        const struct sj_sim_instrument *one = &sim->universe.list[feed % count];
        const uint8_t *masks = sim->subscriptions + (size_t)feed * SJ_SIM_SERVERS_MAX;
        for (uint32_t i = 0; i < sim->server_count; i++)
            for (int kind = 0; kind < TOPIC_KINDS; kind++)
                if ((masks[i] & 1 << kind) && !(sim->servers[i].channels_open &
                                                1u << stream_channel(one, (enum topic_kind)kind)))
                    return false;
    }
    return true;
}

/* A client of a market that yields has not taken half of what it may be behind. */
static bool is_pressed(const struct sj_brokersim *sim)
{
    for (uint32_t i = 0; sim->yields && i < sim->server_count; i++)
        for (uint32_t n = 0; n < sim->servers[i].stream_count; n++)
            if (stream_presses(sim->servers[i].streams[n], 0))
                return true;
    return false;
}

static bool market_runs(struct sj_brokersim *sim)
{
    if (sim->paused || sim->halted || sim->stop_ns != 0 || sim->source->ended)
        return false;
    if (!sim->market_started) {
        if (subscription_sum(sim) < sim->options.wait_subscriptions ||
            (sim->options.wait_subscriptions > 0 && !all_heard(sim)))
            return false;
        sim->market_started = true;
        sim_restart_pace(sim);
        sim->next_burst_ns = sim->now_ns + sim->options.burst_every_ms * SJ_NS_PER_MS;
    }
    return true;
}

static uint64_t run_market(struct sj_brokersim *sim)
{
    const struct sj_brokersim_options *options = &sim->options;
    if (!market_runs(sim))
        return 0;
    if (options->burst_every_ms > 0 && sim->now_ns >= sim->next_burst_ns) {
        sim->source->ops->burst(sim->source, options->burst_count);
        sim->next_burst_ns += options->burst_every_ms * SJ_NS_PER_MS;
    }
    uint64_t most = EVENTS_A_TURN;
    if (options->event_max > 0 && options->event_max - sim->market_events < most)
        most = options->event_max - sim->market_events;
    int64_t until = INT64_MAX;
    if (options->speed > 0)
        until = sim->pace_market_ns +
                (int64_t)((double)(sim->now_ns - sim->pace_wall_ns) * options->speed);
    sim->source->pressed = is_pressed(sim);
    uint64_t made = sim->source->ops->run(sim->source, until, most);
    if (options->event_max > 0 && sim->market_events >= options->event_max)
        sim->halted = true;
    int64_t late = options->speed > 0 ? until - sim->source->now_ns : 0;
    if (late > (int64_t)((double)LATE_MAX_NS * (options->speed > 1 ? options->speed : 1))) {
        sim->late_ns += (uint64_t)late;
        sim_restart_pace(sim);
    }
    return made;
}

static void flush_dirty(struct sj_brokersim *sim)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < sim->dirty_count; i++) {
        struct connection *conn = sim->dirty[i];
        conn_flush(conn);
        bool waits = conn->fd >= 0 && conn->out_head < conn->out_tail && !conn->wants_write;
        if (waits)
            sim->dirty[kept++] = conn; /* held or throttled: try again */
        else
            conn->dirty = false;
    }
    sim->dirty_count = kept;
}

static void check_timeouts(struct sj_brokersim *sim, struct connection *conn)
{
    int64_t now_ns = sim->now_ns;
    bool slow_request = conn->request_ns != 0 && now_ns - conn->request_ns > REQUEST_TIMEOUT_NS;
    bool idle = !conn->streaming && now_ns - conn->active_ns > IDLE_TIMEOUT_NS;
    if (conn->fd >= 0 && !conn->streaming && (slow_request || idle))
        conn_close(conn);
}

/* Heartbeats, timeouts, and the memory of closed connections. */
static void tidy(struct sj_brokersim *sim)
{
    if (sim->now_ns >= sim->next_second_ns) {
        sim->next_second_ns = sim->now_ns + SECOND_STEP_NS;
        stream_seconds(sim);
        desk_expire(sim);
        for (uint32_t i = 0; i < sim->connection_count; i++)
            check_timeouts(sim, sim->connections[i]);
    }
    for (uint32_t i = 0; i < sim->connection_count;) {
        struct connection *conn = sim->connections[i];
        if (conn->fd >= 0 || conn->dirty) {
            i++;
            continue;
        }
        sim->connections[i] = sim->connections[--sim->connection_count];
        sim->connections[i]->index = i;
        conn_free(conn);
    }
}

static bool drained(const struct sj_brokersim *sim)
{
    if (sim->now_ns - sim->stop_ns > DRAIN_NS)
        return true;
    for (uint32_t i = 0; i < sim->connection_count; i++)
        if (sim->connections[i]->fd >= 0 &&
            sim->connections[i]->out_head < sim->connections[i]->out_tail)
            return false;
    return true;
}

/* Waits for sockets. Behind an order call the next one is likely near: for a short while it is
 * looked for without sleeping, as waking up takes longer than the answer. */
static int wait_for(const struct sj_brokersim *sim, struct epoll_event *events, int timeout_ms)
{
    int64_t until_ns = sim->order_call_ns + SPIN_NS;
    int count = 0;
    while (timeout_ms > 0 && count == 0 && sj_clock_mono_ns() < until_ns) {
        count = epoll_wait(sim->epoll_fd, events, EVENTS_MAX, 0);
        if (count == 0)
            sched_yield();
    }
    return count != 0 ? count : epoll_wait(sim->epoll_fd, events, EVENTS_MAX, timeout_ms);
}

sj_rc sj_brokersim_do_work(struct sj_brokersim *sim, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = wait_for(sim, events, timeout_ms);
    read_clocks(sim);
    for (int i = 0; i < count; i++)
        serve(sim, &events[i]);
    uint64_t work = (uint64_t)(count > 0 ? count : 0);
    if (atomic_load_explicit(&sim->stopping, memory_order_acquire) && sim->stop_ns == 0)
        sim->stop_ns = sim->now_ns;
    work += desk_work(sim);
    flush_dirty(sim); /* an answer does not wait for the market's turn */
    work += run_market(sim);
    flush_dirty(sim);
    server_restarts(sim);
    tidy(sim);
    if (sim->stop_ns != 0 && drained(sim))
        return -SJ_E_STOPPED;
    return (sj_rc)(work < INT32_MAX ? work : INT32_MAX);
}

/* How long there is nothing to do unless a socket says so. A full turn of market events means the
 * market is behind: no waiting then. */
static int wait_ms(struct sj_brokersim *sim, uint64_t last)
{
    if (last >= EVENTS_A_TURN / 2)
        return 0;
    bool busy = sim->dirty_count > 0 || sim->stop_ns != 0 || desk_waits(sim) || market_runs(sim);
    return busy ? 1 : SECOND_STEP_NS / SJ_NS_PER_MS;
}

sj_rc sj_brokersim_run(struct sj_brokersim *sim)
{
    for (uint64_t last = 0;;) {
        sj_rc rc = sj_brokersim_do_work(sim, wait_ms(sim, last));
        if (rc == -SJ_E_STOPPED)
            return 0;
        if (rc < 0)
            return rc;
        last = (uint64_t)rc;
    }
}

void sj_brokersim_stop(struct sj_brokersim *sim)
{
    atomic_store_explicit(&sim->stopping, true, memory_order_release);
}

uint16_t sj_brokersim_port(const struct sj_brokersim *sim, uint32_t server)
{
    return server < sim->server_count ? sim->servers[server].port : 0;
}

sj_rc sj_brokersim_print_account(const struct sj_brokersim *sim, FILE *file)
{
    struct sj_reply json = {0};
    account_json(sim, &json, true);
    bool printed = !json.failed && fwrite(json.data, 1, json.size, file) == json.size &&
                   fputc('\n', file) != EOF && fflush(file) == 0;
    sj_reply_done(&json);
    return printed ? 0 : -EIO;
}
