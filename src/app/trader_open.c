/* The trader's beginning and end: its switch, its rings, the limiter, the link and the account. */
#include "app/trader_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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
    if (rc >= 0)
        rc = trader_make_processes(trader, error);
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
        .accounts = {settings->orders.account_stock, settings->orders.account_futures},
        .simulation = settings->trading.mode == SJ_TRADING_PAPER,
        .connections = (uint32_t)settings->orders.connections,
        .queue_max = (uint32_t)settings->orders.queue_requests,
        .answer_timeout_ns = settings->orders.answer_timeout_ms * SJ_NS_PER_MS,
        .instruments = trader->instruments,
        .rate = trader->rate,
        .context = trader,
        .report = trader_on_report,
        .note = trader_on_note,
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
        rc = trader_attach_processes(trader, error);
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
    trader_detach_processes(trader);
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
