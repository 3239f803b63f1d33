/*
 * status.h: the status page of a live process, as another process reads it (/status).
 *
 * Errors   -ECONNREFUSED: nothing listens; -SJ_E_MALFORMED: not a status page.
 * Threads  one.
 */
#ifndef SJ_APP_STATUS_H
#define SJ_APP_STATUS_H

#include "app/live.h"
#include "base/http_client.h"

struct sj_status_latency {
    uint64_t count;
    int64_t p50_ns;
    int64_t p90_ns;
    int64_t p99_ns;
    int64_t p999_ns;
    int64_t max_ns;
};

struct sj_status_connection {
    char phase[24];
    uint32_t rung;
    uint32_t streams;
    uint32_t planned;
    uint32_t subscribed;
    uint32_t silent;
    uint64_t events;
};

struct sj_status_strategy {
    char name[32];
    bool armed;
    uint64_t intents, refused, orders, fills, overruns;
    int64_t p50_ns, p99_ns;
    double pnl, fees; /* TWD; pnl: realised and not, before fees */
};

#define SJ_STATUS_STRATEGIES_MAX 16
#define SJ_STATUS_NEWS_MAX 24

struct sj_status_trading {
    char mode[8]; /* "": this process does not trade */
    char state_dir[256];
    char reason[128];
    bool killed, panicking, ready;
    uint32_t open_orders, unknown_orders, blocked_instruments;
    uint64_t intents, accepted, refused, fills;
    double day_pnl; /* TWD, after fees and taxes */
    struct sj_status_strategy strategies[SJ_STATUS_STRATEGIES_MAX];
    uint32_t strategy_count;
    char news[SJ_STATUS_NEWS_MAX][160]; /* oldest first */
    uint32_t news_count;
};

struct sj_status {
    int64_t uptime_ns;
    int64_t flush_interval_ns;
    double rate;
    char bus_dir[256];
    char journal_dir[256];
    char journal_stopped[160];
    struct sj_live_account account;
    struct sj_status_latency ingest;
    struct sj_status_latency durable;
    struct sj_status_connection connections[SJ_CONNECTIONS_MAX];
    uint32_t connection_count;
    bool store_connected;
    char store_version[32];
    char store_error[256];
    uint64_t store_backlog_bytes;
    int64_t store_backlog_ns;
    struct sj_status_trading trading;
    char first_error[320]; /* the log's first distinct error, or "" */
    uint32_t error_count;
};

/* Reads the JSON of a status page or of `run --account`. */
SJ_MUST_USE sj_rc sj_status_parse(const char *json, size_t size, struct sj_status *ret_status);

/* Asks a live process on this machine for its page, which stays valid until the client's next
 * request. */
SJ_MUST_USE sj_rc sj_status_ask(struct sj_http_client *client, const char *address,
                                const char **ret_json, size_t *ret_size);

/* Asks and reads it. */
SJ_MUST_USE sj_rc sj_status_fetch(struct sj_http_client *client, const char *address,
                                  struct sj_status *ret_status);

#endif
