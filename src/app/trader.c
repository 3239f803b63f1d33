#include "app/trader_private.h"

#include "app/deciding.h"
#include "base/clock.h"
#include "base/log.h"
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPAN_SIZE_MAX 32768    /* a batch: what is decided on with one reading of the clock */
#define SJ_ORDER_CALLS_MAX 250 /* the broker's limit, whatever is configured */
#define BEAT_NS (100 * SJ_NS_PER_MS)
#define PICTURE_NS (200 * SJ_NS_PER_MS)
#define SAVE_NS (1 * SJ_NS_PER_S)

#define COUNT(field, n)                                                                            \
    atomic_store_explicit(&(field), atomic_load_explicit(&(field), memory_order_relaxed) + (n),    \
                          memory_order_relaxed)

/* --- what decide asks for --- */

static int64_t publish(void *context, struct sj_frame *event)
{
    struct sj_trader *trader = context;
    sj_rc rc = sj_bus_publish(trader->ring, event);
    if (rc < 0)
        return rc;
    COUNT(trader->counters.published, 1);
    event->seq = sj_bus_last_seq(trader->ring);
    trader_note(trader, event);
    return (int64_t)event->seq;
}

static sj_rc send_now(struct sj_trader *trader, const struct sj_order_request *request)
{
    sj_rc rc = sj_order_link_send(trader->link, request);
    if (rc >= 0 && trader->batch_ns && request->kind != SJ_REQUEST_LIST)
        sj_hist_record(&trader->counters.react_ns, sj_clock_utc_ns() - trader->batch_ns);
    return rc;
}

/* With orders.fsync_first a new order waits for the disk; cancels and changes never do. */
static sj_rc send_request(void *context, const struct sj_order_request *request)
{
    struct sj_trader *trader = context;
    if (!trader->settings->orders.fsync_first || request->kind != SJ_REQUEST_PLACE)
        return send_now(trader, request);
    if (trader->held_tail - trader->held_head == TRADER_HELD_MAX)
        return -SJ_E_FULL;
    trader->held[trader->held_tail++ % TRADER_HELD_MAX] =
        (struct trader_held){*request, sj_bus_last_seq(trader->ring)};
    return 0;
}

/* The link did not take what had been promised to go: an answer says that it was not sent. */
static void tell_unsent(struct sj_trader *trader, const struct sj_order_request *request, sj_rc rc)
{
    struct sj_order_report report = {
        .instrument = request->instrument,
        .request_id = request->request_id,
        .intent_id = request->intent_id,
        .price_e6 = SJ_NULL_E6,
        .kind = SJ_REPORT_NEW,
        .source = SJ_REPORT_FROM_ANSWER,
        .side = request->side,
        .status = rc,
    };
    sj_frame_head(&report, SJ_EVENT_ORDER_REPORT, sizeof report);
    report.instrument = request->instrument;
    report.exch_ns = sj_clock_utc_ns();
    sj_decide_report(trader->decide, &report, report.exch_ns);
}

static uint32_t send_held(struct sj_trader *trader)
{
    uint32_t count = 0;
    if (trader->held_head == trader->held_tail)
        return 0;
    uint64_t durable = sj_journal_durable_seq(trader->journal, SJ_SRC_STRATEGY);
    while (trader->held_head != trader->held_tail) {
        const struct trader_held held = trader->held[trader->held_head % TRADER_HELD_MAX];
        if (held.after_seq > durable)
            break;
        trader->held_head++;
        count++;
        sj_rc rc = send_now(trader, &held.request);
        if (rc < 0)
            tell_unsent(trader, &held.request, rc);
    }
    return count;
}

static void trip(void *context, const struct sj_control *control)
{
    struct sj_trader *trader = context;
    sj_switch_trip(trader->sw, (enum sj_control_source)control->source, control->text);
    trader->killed = true;
    trader->seen = sj_switch_generation(trader->sw);
}

static void ask_account(void *context)
{
    struct sj_trader *trader = context;
    sj_trader_account_now(trader->account);
}

static void panic_done(void *context)
{
    struct sj_trader *trader = context;
    sj_switch_panic_done(trader->sw, trader->panics);
}

static void log_line(void *context, uint32_t strategy, const char *text)
{
    (void)context;
    sj_log_info("strategy", "%u: %s", strategy, text);
}

/* --- inputs --- */

static void on_report(void *context, const struct sj_order_report *report)
{
    struct sj_trader *trader = context;
    struct sj_order_report copy = *report;
    sj_decide_report(trader->decide, &copy, sj_clock_utc_ns());
}

static void on_note(void *context, const char *text)
{
    (void)context;
    sj_log_info("orders", "%s", text);
}

/* True: somebody has touched it. */
static bool take_switch(struct sj_trader *trader, int64_t now_ns)
{
    uint64_t generation = sj_switch_generation(trader->sw);
    struct sj_switch_view view;
    if (generation == trader->seen)
        return false;
    trader->seen = generation;
    sj_switch_view(trader->sw, &view);
    if (view.killed != trader->killed) {
        struct sj_control control = {
            .kind = view.killed ? SJ_CONTROL_KILL : SJ_CONTROL_RESUME,
            .source = view.killed && view.source ? view.source : SJ_CONTROL_BY_COMMAND,
        };
        snprintf(control.text, sizeof control.text, "%.63s", view.killed ? view.reason : "resumed");
        trader->killed = view.killed;
        sj_decide_control(trader->decide, &control, now_ns);
    }
    if (view.panicking && view.panic_count != trader->panics) {
        struct sj_control control = {.kind = SJ_CONTROL_PANIC, .source = SJ_CONTROL_BY_COMMAND};
        snprintf(control.text, sizeof control.text, "%.63s", view.reason);
        trader->panics = view.panic_count;
        sj_decide_control(trader->decide, &control, now_ns);
    }
    return true;
}

static void tell_lapped(struct sj_trader *trader, struct trader_ring *ring, int64_t now_ns)
{
    uint64_t lost = sj_bus_reader_lost(ring->reader);
    sj_decide_lost(trader->decide, ring->src, lost - ring->lost, now_ns);
    ring->lost = lost;
}

static uint32_t take_ring(struct sj_trader *trader, struct trader_ring *ring)
{
    struct sj_bus_span span;
    sj_rc rc = sj_bus_drain(ring->reader, SPAN_SIZE_MAX, &span);
    if (rc == -SJ_E_LAPPED)
        tell_lapped(trader, ring, sj_clock_utc_ns());
    if (rc == -SJ_E_CLOSED)
        ring->ended = true;
    if (rc <= 0)
        return 0;
    sj_decide_batch(trader->decide, span.src, span.first_seq, span.first_seq + span.count - 1,
                    span.count, sj_clock_utc_ns());
    for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at)) {
        const struct sj_session *event = (const struct sj_session *)at;
        trader->batch_ns = event->template_id == SJ_EVENT_TIMER ? 0 : event->recv_ns;
        if (event->template_id == SJ_EVENT_INSTRUMENT)
            sj_trader_account_define(trader->account, (const struct sj_instrument *)at);
        sj_decide_event(trader->decide, (const struct sj_frame *)at);
    }
    trader->batch_ns = 0;
    if (sj_bus_release(ring->reader) == -SJ_E_LAPPED)
        tell_lapped(trader, ring, sj_clock_utc_ns());
    return span.count;
}

/* --- a turn --- */

static void save(struct sj_trader *trader)
{
    void *room = sj_saved_begin(trader->saved);
    sj_rc rc = sj_decide_save(trader->decide, room, sj_decide_save_size(trader->decide));
    if (rc >= 0)
        sj_saved_commit(trader->saved, (size_t)rc);
}

/* What the turn has changed, for who looks from outside. */
static void show(struct sj_trader *trader)
{
    struct sj_decide_status status;
    sj_decide_status(trader->decide, &status);
    atomic_store_explicit(&trader->counters.open_orders, status.open_count, memory_order_relaxed);
    sj_switch_seen(trader->sw, trader->seen, status.open_count);
}

/* What can wait for a turn without work. */
static void idle(struct sj_trader *trader, int64_t now_ns)
{
    if (now_ns >= trader->next_beat_ns) {
        trader->next_beat_ns = now_ns + BEAT_NS;
        sj_bus_beat(trader->ring);
    }
    if (now_ns >= trader->next_picture_ns) {
        trader->next_picture_ns = now_ns + PICTURE_NS;
        trader_take_picture(trader);
    }
    if (now_ns >= trader->next_save_ns) {
        trader->next_save_ns = now_ns + SAVE_NS;
        save(trader);
    }
}

static void begin(struct sj_trader *trader, int64_t now_ns)
{
    trader->begun = true;
    sj_decide_start(trader->decide, now_ns);
}

static void begin_stop(struct sj_trader *trader, int64_t now_ns)
{
    struct sj_control control = {.kind = SJ_CONTROL_STOP, .source = SJ_CONTROL_BY_COMMAND};
    snprintf(control.text, sizeof control.text, "trading ends in order");
    trader->stop_deadline_ns = now_ns + trader->settings->trading.stop_ms * SJ_NS_PER_MS;
    sj_decide_control(trader->decide, &control, now_ns);
}

/* The stop waits until nothing works at the exchange any more, or for as long as it was given. */
static void stop_turn(struct sj_trader *trader, int64_t now_ns)
{
    if (!trader->stop_deadline_ns)
        begin_stop(trader, now_ns);
    struct sj_decide_status status;
    sj_decide_status(trader->decide, &status);
    if (status.open_count > 0 && now_ns < trader->stop_deadline_ns)
        return;
    if (status.open_count > 0)
        sj_log_warn("trading", "%u orders still work at the exchange", status.open_count);
    save(trader);
    sj_saved_sync(trader->saved);
    trader_take_picture(trader);
    atomic_store_explicit(&trader->stopped, true, memory_order_release);
}

sj_rc sj_trader_work(void *context)
{
    struct sj_trader *trader = context;
    uint32_t done = 0;
    if (!atomic_load_explicit(&trader->prepared, memory_order_acquire) ||
        atomic_load_explicit(&trader->stopped, memory_order_relaxed))
        return 0;
    int64_t now_ns = sj_clock_utc_ns();
    if (!trader->begun)
        begin(trader, now_ns);
    done += take_switch(trader, now_ns);
    done += sj_order_link_work(trader->link);
    done += send_held(trader);
    for (uint32_t i = 0; i < trader->ring_count; i++)
        done += take_ring(trader, &trader->rings[i]);
    if (sj_decide_due(trader->decide) <= now_ns) {
        sj_decide_time(trader->decide, now_ns);
        done++;
    }
    bool stopping = atomic_load_explicit(&trader->stop_asked, memory_order_acquire);
    if (stopping)
        stop_turn(trader, now_ns);
    if (done > 0 || stopping)
        show(trader);
    if (done == 0)
        idle(trader, now_ns);
    return (sj_rc)done;
}

void sj_trader_stop(struct sj_trader *trader)
{
    atomic_store_explicit(&trader->stop_asked, true, memory_order_release);
}

bool sj_trader_stopped(const struct sj_trader *trader)
{
    return !atomic_load_explicit(&trader->prepared, memory_order_acquire) ||
           atomic_load_explicit(&trader->stopped, memory_order_acquire);
}

/* --- the main thread's share --- */

static void look_at_dead_man(struct sj_trader *trader)
{
    const struct sj_trading_config *config = &trader->settings->trading;
    struct stat stat_of;
    struct sj_switch_view view;
    if (!*config->dead_man_file)
        return;
    sj_switch_view(trader->sw, &view);
    if (view.killed)
        return;
    bool is_there = stat(config->dead_man_file, &stat_of) == 0;
    int64_t touched_ns =
        is_there ? stat_of.st_mtim.tv_sec * SJ_NS_PER_S + stat_of.st_mtim.tv_nsec : 0;
    if (is_there && sj_clock_utc_ns() - touched_ns <= config->dead_man_ms * SJ_NS_PER_MS)
        return;
    sj_log_error("trading", "%s was not touched for %lld ms: killed", config->dead_man_file,
                 (long long)config->dead_man_ms);
    sj_rc rc = sj_switch_kill(trader->sw, SJ_CONTROL_BY_DEAD_MAN, "the dead man's file is old");
    if (rc < 0)
        sj_log_error("trading", "the kill switch: %s", sj_rc_text(rc));
}

void sj_trader_look(struct sj_trader *trader)
{
    sj_switch_sync(trader->sw);
    look_at_dead_man(trader);
}

/* --- create and close --- */

sj_rc trader_fail(char *error, sj_rc rc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sj_rc_explain(error, SJ_TRADER_ERROR_MAX, rc, format, args);
    va_end(args);
    return rc;
}

static sj_rc open_switch(struct sj_trader *trader, char *error)
{
    const char *dir = trader->settings->trading.state_dir;
    struct sj_switch_view view;
    sj_rc rc = sj_switch_open(dir, true, &trader->sw);
    if (rc < 0)
        return trader_fail(error, rc, "trading.state_dir %s", dir);
    rc = sj_switch_own(trader->sw);
    if (rc < 0)
        return trader_fail(error, rc, "another process trades with trading.state_dir %s", dir);
    /* Thrown before: the first turn says so. A panic that its process did not finish goes on. */
    sj_switch_view(trader->sw, &view);
    trader->panics = view.panicking ? view.panic_count - 1 : view.panic_count;
    trader->seen = sj_switch_generation(trader->sw) - 1;
    if (view.killed)
        sj_log_warn("trading", "killed (%s); shijim resume lifts it", view.reason);
    return 0;
}

static sj_rc open_ring(const struct sj_trader_options *options, const char *name, uint32_t src,
                       uint64_t last_seq, struct sj_bus **ret_bus, char *error)
{
    const struct sj_bus_options bus = {
        .dir = options->bus_dir,
        .name = name,
        .src = src,
        .first_seq = last_seq + 1,
        .topic_count = SJ_GATEWAY_TOPICS,
    };
    sj_rc rc = sj_bus_create(&bus, ret_bus);
    return rc < 0 ? trader_fail(error, rc, "the ring %s", name) : 0;
}

sj_rc sj_trader_create(const struct sj_trader_options *options, char error[SJ_TRADER_ERROR_MAX],
                       struct sj_trader **ret_trader)
{
    struct sj_trader *trader = calloc(1, sizeof *trader);
    if (!trader)
        return trader_fail(error, -ENOMEM, "trading");
    trader->options = *options;
    trader->settings = options->settings;
    pthread_mutex_init(&trader->lock, NULL);
    trader->shown = calloc(1, sizeof *trader->shown);
    trader->next = calloc(1, sizeof *trader->next);
    sj_rc rc = trader->shown && trader->next ? 0 : -ENOMEM;
    rc = rc < 0 ? trader_fail(error, rc, "trading") : open_switch(trader, error);
    if (rc >= 0)
        rc = open_ring(options, SJ_TRADER_RING, SJ_SRC_STRATEGY, options->last_seq, &trader->ring,
                       error);
    if (rc >= 0)
        rc = open_ring(options, SJ_TRADER_ACCOUNT_RING, SJ_SRC_STRATEGY + 1,
                       options->account_last_seq, &trader->account_ring, error);
    if (rc < 0) {
        sj_trader_close(trader);
        return rc;
    }
    *ret_trader = trader;
    return 0;
}

static sj_rc attach(struct sj_trader *trader, const char *name, char *error)
{
    const struct sj_bus_reader_options reader = {.dir = trader->options.bus_dir,
                                                 .name = name,
                                                 .reader_name = SJ_TRADER_RING,
                                                 .policy = SJ_BUS_LOSSY};
    struct trader_ring *ring = &trader->rings[trader->ring_count];
    if (trader->ring_count == SJ_TRADER_RINGS_MAX)
        return trader_fail(error, -SJ_E_LIMIT, "the ring %s", name);
    sj_rc rc = sj_bus_attach(&reader, &ring->reader);
    if (rc < 0)
        return trader_fail(error, rc, "the ring %s", name);
    ring->src = sj_bus_reader_src(ring->reader);
    trader->ring_count++;
    return 0;
}

static sj_rc attach_all(struct sj_trader *trader, char *error)
{
    sj_rc rc = 0;
    for (uint32_t i = 0; rc >= 0 && i < trader->options.ring_count; i++)
        rc = attach(trader, trader->options.rings[i], error);
    return rc < 0 ? rc : attach(trader, SJ_TRADER_ACCOUNT_RING, error);
}

sj_rc trader_create_decide(struct sj_trader *trader, char error[SJ_TRADER_ERROR_MAX])
{
    const struct sj_decide_ops ops = {
        .context = trader,
        .publish = publish,
        .send = send_request,
        .trip = trip,
        .ask_account = ask_account,
        .panic_done = panic_done,
        .log = log_line,
    };
    const struct sj_deciding deciding = {trader->settings, trader->rules, true};
    return sj_deciding_create(&deciding, &ops, trader->instruments, error, &trader->decide);
}

/* The broker counts calls over restarts of ours, so the limiter lies in a file. Its times are of
 * the clock since boot: after a reboot they mean nothing. */
static sj_rc open_rate(struct sj_trader *trader, char *error)
{
    const struct sj_risk_config *risk = &trader->settings->risk;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/rate", trader->settings->trading.state_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *trader->rate)) {
        sj_rc rc = trader_fail(error, -errno, "%s", path);
        if (fd >= 0)
            close(fd);
        return rc;
    }
    void *map = mmap(NULL, sizeof *trader->rate, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return trader_fail(error, -errno, "%s", path);
    trader->rate = map;
    uint32_t limit = (uint32_t)SJ_ORDER_CALLS_MAX;
    uint32_t reserve = (uint32_t)risk->rate_cancel_reserve;
    int64_t window_ns = risk->rate_window_ms * SJ_NS_PER_MS;
    bool as_it_was = trader->rate->limit == limit && trader->rate->reserve == reserve &&
                     trader->rate->window_ns == window_ns;
    for (uint32_t i = 0; as_it_was && i < limit; i++)
        as_it_was = atomic_load_explicit(&trader->rate->used_ns[i], memory_order_relaxed) <=
                    sj_clock_mono_ns();
    sj_rc rc = as_it_was ? 0 : sj_rate_init(trader->rate, limit, reserve, window_ns);
    return rc < 0 ? trader_fail(error, rc, "risk.rate_cancel_reserve or risk.rate_window_ms") : 0;
}

/* The first of broker.servers, unless another one is named for orders. */
static void order_server(const struct sj_settings *settings, char server[256])
{
    const char *from =
        *settings->orders.server ? settings->orders.server : settings->broker.servers;
    snprintf(server, 256, "%.*s", (int)strcspn(from, ", "), from);
}

static sj_rc open_link(struct sj_trader *trader, const char *server, char *error)
{
    const struct sj_settings *settings = trader->settings;
    const struct sj_order_link_options options = {
        .server = server,
        .socket = settings->orders.socket,
        .token = settings->broker.token,
        .simulation = settings->trading.mode == SJ_TRADING_PAPER,
        .connections = (uint32_t)settings->orders.connections,
        .queue_max = (uint32_t)settings->orders.queue_requests,
        .answer_timeout_ns = settings->orders.answer_timeout_ms * SJ_NS_PER_MS,
        .instruments = trader->instruments,
        .rate = trader->rate,
        .context = trader,
        .report = on_report,
        .note = on_note,
    };
    char line[SJ_ENDPOINT_ERROR_MAX] = "";
    sj_rc rc = sj_order_link_create(&options, &trader->link, line);
    return rc < 0 ? trader_fail(error, rc, "orders: %s", line) : 0;
}

static sj_rc open_account(struct sj_trader *trader, const char *server, char *error)
{
    const struct sj_trader_account_options options = {
        .settings = trader->settings,
        .server = server,
        .ring = trader->account_ring,
        .instruments = trader->instruments,
        .published = &trader->counters.account_published,
    };
    return sj_trader_account_create(&options, &trader->account, error, SJ_TRADER_ERROR_MAX);
}

static sj_rc trader_open_link(struct sj_trader *trader, char error[SJ_TRADER_ERROR_MAX])
{
    char server[256];
    order_server(trader->settings, server);
    sj_rc rc = open_rate(trader, error);
    if (rc >= 0)
        rc = open_link(trader, server, error);
    if (rc >= 0)
        rc = open_account(trader, server, error);
    return rc;
}

sj_rc sj_trader_prepare(struct sj_trader *trader, const struct sj_journal *journal,
                        char error[SJ_TRADER_ERROR_MAX])
{
    char line[SJ_RULES_ERROR_MAX];
    trader->journal = journal;
    sj_rc rc = sj_market_rules_load(NULL, line, &trader->rules);
    if (rc < 0)
        return trader_fail(error, rc, "market rules: %s", line);
    rc = attach_all(trader, error);
    if (rc >= 0)
        rc = trader_prepare(trader, journal, error);
    if (rc >= 0)
        rc = trader_open_link(trader, error);
    if (rc >= 0)
        atomic_store_explicit(&trader->prepared, true, memory_order_release);
    return rc;
}

void sj_trader_end_rings(struct sj_trader *trader)
{
    sj_trader_account_close(trader->account);
    trader->account = NULL;
    sj_bus_close(trader->ring);
    sj_bus_close(trader->account_ring);
    trader->ring = trader->account_ring = NULL;
}

void sj_trader_close(struct sj_trader *trader)
{
    if (!trader)
        return;
    sj_trader_end_rings(trader);
    sj_order_link_close(trader->link);
    for (uint32_t i = 0; i < trader->ring_count; i++)
        sj_bus_detach(trader->rings[i].reader);
    sj_decide_close(trader->decide);
    sj_saved_close(trader->saved);
    if (trader->rate)
        munmap(trader->rate, sizeof *trader->rate);
    sj_switch_close(trader->sw);
    sj_instruments_close(trader->instruments);
    sj_market_rules_free(trader->rules);
    pthread_mutex_destroy(&trader->lock);
    free(trader->shown);
    free(trader->next);
    free(trader);
}

const struct sj_trader_counters *sj_trader_counters(const struct sj_trader *trader)
{
    return &trader->counters;
}

struct sj_switch *sj_trader_switch(struct sj_trader *trader)
{
    return trader->sw;
}

const struct sj_hist *sj_trader_ack_hist(const struct sj_trader *trader)
{
    bool prepared = atomic_load_explicit(&trader->prepared, memory_order_acquire);
    return prepared ? sj_order_link_ack_hist(trader->link) : NULL;
}
