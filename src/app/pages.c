/* What the watch server shows of a live process. Names and units are those of docs/reference.md. */
#include "app/live.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_SIZE_MAX (256 * 1024)

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static const struct sj_gateway_counters *counters_of(const struct sj_live *live, uint32_t index)
{
    return sj_gateway_counters(live->gateway, index);
}

/* Calls `each` for every reader of every ring. */
static void for_each_reader(const struct sj_live *live, struct sj_text *text, const char *family,
                            uint64_t (*value)(const struct sj_bus_reader_stat *))
{
    struct sj_bus_stat stat;
    for (uint32_t i = 0; i < sj_gateway_count(live->gateway); i++) {
        char name[SJ_BUS_NAME_MAX];
        sj_live_ring_name(i, name);
        if (sj_bus_stat(sj_live_bus_dir(live), name, &stat) < 0)
            continue;
        for (uint32_t r = 0; r < stat.reader_count; r++) {
            char labels[256];
            char reader[SJ_LABEL_MAX];
            snprintf(labels, sizeof labels, "reader=\"%s\",topic=\"%s\"",
                     sj_text_label(stat.readers[r].name, reader), name);
            sj_prom_uint(text, family, labels, value(&stat.readers[r]));
        }
    }
}

static uint64_t reader_lag(const struct sj_bus_reader_stat *reader)
{
    return reader->lag_count;
}

static uint64_t reader_lag_high(const struct sj_bus_reader_stat *reader)
{
    return reader->lag_high_count;
}

static uint64_t reader_lost(const struct sj_bus_reader_stat *reader)
{
    return reader->lost_count;
}

static void write_bus(const struct sj_live *live, struct sj_text *text)
{
    sj_prom_family(text, "shijim_bus_lag_events", "gauge", "Events a reader is behind");
    for_each_reader(live, text, "shijim_bus_lag_events", reader_lag);
    sj_prom_family(text, "shijim_bus_lag_high_events", "gauge", "Most events a reader was behind");
    for_each_reader(live, text, "shijim_bus_lag_high_events", reader_lag_high);
    sj_prom_family(text, "shijim_bus_lost_total", "counter", "Events a reader lost");
    for_each_reader(live, text, "shijim_bus_lost_total", reader_lost);
}

static void write_drops(const struct sj_live *live, struct sj_text *text)
{
    static const char family[] = "shijim_ingestion_queue_dropped_total";
    char labels[128];
    sj_prom_family(text, family, "counter", "Events dropped, by queue and reason");
    for (uint32_t i = 0; i < sj_gateway_count(live->gateway); i++) {
        for (int reason = 0; reason < SJ_DROP_COUNT; reason++) {
            snprintf(labels, sizeof labels, "queue=\"gateway%u\",reason=\"%s\"", i + 1,
                     sj_gateway_drop_name((enum sj_gateway_drop)reason));
            sj_prom_uint(text, family, labels, get(&counters_of(live, i)->dropped[reason]));
        }
        for (int fault = 1; fault < SJ_PARSE_FAULT_COUNT; fault++) {
            snprintf(labels, sizeof labels, "queue=\"gateway%u\",reason=\"malformed_%s\"", i + 1,
                     sj_parse_fault_name((enum sj_parse_fault)fault));
            sj_prom_uint(text, family, labels, get(&counters_of(live, i)->malformed[fault]));
        }
    }
}

struct connection_family {
    const char *name;
    const char *type;
    const char *help;
    size_t offset; /* of an _Atomic uint64_t in sj_gateway_counters */
};

#define MEMBER(member) offsetof(struct sj_gateway_counters, member)

static const struct connection_family connection_families[] = {
    {"shijim_gateway_messages_total", "counter", "Messages received", MEMBER(messages)},
    {"shijim_gateway_events_total", "counter", "Market events published", MEMBER(events)},
    {"shijim_gateway_bytes_total", "counter", "Bytes received", MEMBER(bytes)},
    {"shijim_gateway_duplicates_total", "counter", "Events flagged as duplicates",
     MEMBER(duplicates)},
    {"shijim_broker_logins_total", "counter", "Logins made", MEMBER(logins)},
};

static void write_connections(const struct sj_live *live, struct sj_text *text)
{
    size_t count = sizeof connection_families / sizeof connection_families[0];
    char labels[64];
    uint64_t open = 0;
    for (size_t f = 0; f < count; f++) {
        const struct connection_family *family = &connection_families[f];
        sj_prom_family(text, family->name, family->type, family->help);
        for (uint32_t i = 0; i < sj_gateway_count(live->gateway); i++) {
            const char *base = (const char *)counters_of(live, i);
            snprintf(labels, sizeof labels, "connection=\"%u\"", i + 1);
            sj_prom_uint(text, family->name, labels,
                         get((const _Atomic uint64_t *)(const void *)(base + family->offset)));
        }
    }
    sj_prom_family(text, "shijim_broker_requests_total", "counter", "REST requests");
    for (uint32_t i = 0; i < sj_gateway_count(live->gateway); i++) {
        snprintf(labels, sizeof labels, "class=\"control\",connection=\"%u\"", i + 1);
        sj_prom_uint(text, "shijim_broker_requests_total", labels,
                     get(&counters_of(live, i)->requests));
        open += atomic_load_explicit(&counters_of(live, i)->streams_open, memory_order_relaxed) > 0;
    }
    sj_prom_family(text, "shijim_broker_connections", "gauge", "Connections with an open stream");
    sj_prom_uint(text, "shijim_broker_connections", "", open);
}

static void write_gaps(const struct sj_live *live, struct sj_text *text)
{
    static const char *const kinds[] = {"",    "volume",  "silence", "stream",
                                        "bus", "journal", "parse"};
    char labels[64];
    sj_prom_family(text, "shijim_gap_events_total", "counter", "Gaps written into the tape");
    for (size_t kind = 1; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        uint64_t count = 0;
        for (uint32_t i = 0; i < sj_gateway_count(live->gateway); i++)
            count += get(&counters_of(live, i)->gaps[kind]);
        snprintf(labels, sizeof labels, "kind=\"%s\"", kinds[kind]);
        sj_prom_uint(text, "shijim_gap_events_total", labels, count);
    }
}

static void write_journal(const struct sj_live *live, struct sj_text *text)
{
    struct sj_journal_stat stat;
    sj_journal_stat(live->journal, &stat);
    sj_prom_family(text, "shijim_journal_accepted_total", "counter", "Events accepted");
    sj_prom_uint(text, "shijim_journal_accepted_total", "", stat.accepted_count);
    sj_prom_family(text, "shijim_journal_durable_total", "counter", "Events on the disk");
    sj_prom_uint(text, "shijim_journal_durable_total", "", stat.durable_count);
    sj_prom_family(text, "shijim_journal_size_bytes", "gauge", "Size on the disk");
    sj_prom_uint(text, "shijim_journal_size_bytes", "", stat.size);
    sj_prom_family(text, "shijim_journal_stopped", "gauge", "1: accepts nothing more");
    sj_prom_uint(text, "shijim_journal_stopped", "", stat.stopped < 0);
    sj_prom_family(text, "shijim_flush_interval_seconds", "gauge",
                   "Interval between commits, adapted to the rate");
    sj_prom_real(text, "shijim_flush_interval_seconds", "", (double)stat.flush_interval_ns / 1e9);
    sj_prom_family(text, "shijim_journal_rate_events", "gauge", "Events a second (EWMA)");
    sj_prom_real(text, "shijim_journal_rate_events", "", stat.rate_ewma);
}

static void write_store_queues(const struct sj_store_stats *stats, struct sj_text *text)
{
    char labels[64];
    sj_prom_family(text, "shijim_store_queue_depth", "gauge", "Entries in a queue");
    for (int i = 0; i < SJ_STORE_QUEUE_COUNT; i++) {
        snprintf(labels, sizeof labels, "queue=\"%s\"",
                 sj_store_queue_name((enum sj_store_queue)i));
        sj_prom_uint(text, "shijim_store_queue_depth", labels, stats->queue_depth[i]);
    }
    sj_prom_family(text, "shijim_store_queue_timeouts_total", "counter",
                   "Waits at a full queue that ran out");
    for (int i = 0; i < SJ_STORE_QUEUE_COUNT; i++) {
        snprintf(labels, sizeof labels, "queue=\"%s\"",
                 sj_store_queue_name((enum sj_store_queue)i));
        sj_prom_uint(text, "shijim_store_queue_timeouts_total", labels,
                     stats->queue_timeout_count[i]);
    }
}

static void write_store(const struct sj_live *live, struct sj_text *text)
{
    struct sj_store_stats stats;
    char labels[128];
    if (!live->store)
        return;
    sj_store_stats_get(live->store, &stats);
    sj_prom_family(text, "shijim_store_backlog_bytes", "gauge", "Journal not acknowledged yet");
    sj_prom_uint(text, "shijim_store_backlog_bytes", "", stats.backlog_bytes);
    sj_prom_family(text, "shijim_store_backlog_seconds", "gauge",
                   "Age of the oldest event not acknowledged");
    sj_prom_real(text, "shijim_store_backlog_seconds", "", (double)stats.backlog_ns / 1e9);
    sj_prom_family(text, "shijim_store_connected", "gauge", "The server answered the last request");
    sj_prom_uint(text, "shijim_store_connected", "", stats.is_connected);
    sj_prom_family(text, "shijim_store_rows_total", "counter", "Rows acknowledged");
    for (int i = 0; i < SJ_STORE_TABLE_COUNT; i++) {
        snprintf(labels, sizeof labels, "table=\"%s\"", sj_store_table_at((uint32_t)i)->name);
        sj_prom_uint(text, "shijim_store_rows_total", labels, stats.rows_count[i]);
    }
    sj_prom_family(text, "shijim_store_retries_total", "counter", "Requests tried again");
    for (int i = 0; i < SJ_STORE_REASON_COUNT; i++) {
        snprintf(labels, sizeof labels, "reason=\"%s\"", sj_store_reason_name((uint32_t)i));
        sj_prom_uint(text, "shijim_store_retries_total", labels, stats.retry_count[i]);
    }
    sj_prom_family(text, "shijim_store_dead_total", "counter", "Rows in dead-letter files");
    sj_prom_uint(text, "shijim_store_dead_total", "", stats.dead_count);
    write_store_queues(&stats, text);
    sj_prom_summary(text, "shijim_store_insert_seconds", "A batch, from first byte to answer", "",
                    sj_store_insert_hist(live->store));
}

static void write_latencies(const struct sj_live *live, struct sj_text *text)
{
    struct sj_hist *all = calloc(1, sizeof *all);
    if (!all)
        return;
    for (uint32_t i = 0; i < sj_gateway_count(live->gateway); i++)
        sj_hist_merge(all, &counters_of(live, i)->latency);
    sj_prom_summary(text, "shijim_ingest_latency_seconds", "Received until on the bus", "", all);
    sj_prom_summary(text, "shijim_durable_latency_seconds", "Received until on the disk", "",
                    &live->recorder.durable_latency_ns);
    free(all);
}

void sj_live_metrics_page(void *context, struct sj_text *text)
{
    const struct sj_live *live = context;
    write_connections(live, text);
    write_drops(live, text);
    write_gaps(live, text);
    write_bus(live, text);
    write_latencies(live, text);
    write_journal(live, text);
    write_store(live, text);
    if (live->trader)
        sj_trader_write_metrics(live->trader, text);
}

static void add_summary(struct sj_json *json, const char *key, const struct sj_hist *hist)
{
    struct sj_hist_summary summary;
    sj_hist_summarise(hist, &summary);
    sj_json_key(json, key);
    sj_json_begin_object(json);
    sj_json_field_uint(json, "count", summary.count);
    sj_json_field_int(json, "p50_ns", summary.p50);
    sj_json_field_int(json, "p90_ns", summary.p90);
    sj_json_field_int(json, "p99_ns", summary.p99);
    sj_json_field_int(json, "p999_ns", summary.p999);
    sj_json_field_int(json, "max_ns", summary.max);
    sj_json_end_object(json);
}

static void add_account(struct sj_json *json, const struct sj_live *live)
{
    struct sj_live_account account;
    sj_live_account(live, &account);
    sj_json_key(json, "account");
    sj_json_begin_object(json);
    sj_json_field_uint(json, "received", account.received);
    sj_json_field_uint(json, "heartbeats", account.beats);
    sj_json_field_uint(json, "not_market_data", account.passed);
    sj_json_field_uint(json, "malformed", account.malformed);
    sj_json_field_uint(json, "dropped", account.dropped);
    sj_json_field_uint(json, "events", account.events);
    sj_json_field_uint(json, "own_events", account.own);
    sj_json_field_uint(json, "taken_over", account.taken_over);
    sj_json_field_uint(json, "accepted", account.accepted);
    sj_json_field_uint(json, "journal_accepted", account.journal_accepted);
    sj_json_field_uint(json, "durable", account.durable);
    sj_json_field_uint(json, "journal_events", account.journal_events);
    sj_json_field_uint(json, "acknowledged", account.acknowledged);
    sj_json_field_uint(json, "waiting", account.waiting);
    sj_json_field_uint(json, "dead", account.dead);
    sj_json_end_object(json);
}

static void add_connections(struct sj_json *json, const struct sj_live *live)
{
    static const char *const phases[] = {"loading contracts", "defining", "running", "stopping",
                                         "stopped"};
    sj_json_key(json, "connections");
    sj_json_begin_array(json);
    for (uint32_t i = 0; i < sj_gateway_count(live->gateway); i++) {
        const struct sj_gateway_counters *counters = counters_of(live, i);
        uint32_t phase = atomic_load_explicit(&counters->phase, memory_order_relaxed);
        sj_json_begin_object(json);
        sj_json_field_uint(json, "connection", i + 1);
        sj_json_field_text(json, "phase", phases[phase < 5 ? phase : 4]);
        sj_json_field_uint(json, "rung",
                           atomic_load_explicit(&counters->rung, memory_order_relaxed));
        sj_json_field_uint(json, "streams",
                           atomic_load_explicit(&counters->streams_open, memory_order_relaxed));
        sj_json_field_uint(json, "planned",
                           atomic_load_explicit(&counters->planned, memory_order_relaxed));
        sj_json_field_uint(json, "subscribed",
                           atomic_load_explicit(&counters->subscribed, memory_order_relaxed));
        sj_json_field_uint(json, "silent",
                           atomic_load_explicit(&counters->silent, memory_order_relaxed));
        sj_json_field_uint(json, "events", get(&counters->events));
        sj_json_field_uint(json, "fast_path", get(&counters->fast_path));
        sj_json_field_uint(json, "unknown_fields", get(&counters->unknown_fields));
        sj_json_end_object(json);
    }
    sj_json_end_array(json);
}

static void add_errors(struct sj_json *json)
{
    static struct sj_log_entry entries[SJ_LOG_DISTINCT_MAX]; /* one server thread */
    uint32_t count = sj_log_distinct(entries, SJ_LOG_DISTINCT_MAX);
    sj_json_key(json, "errors");
    sj_json_begin_array(json);
    for (uint32_t i = 0; i < count; i++) {
        sj_json_begin_object(json);
        sj_json_field_text(json, "level", sj_log_level_name(entries[i].level));
        sj_json_field_text(json, "room", entries[i].room);
        sj_json_field_text(json, "text", entries[i].text);
        sj_json_field_uint(json, "count", entries[i].count);
        sj_json_field_int(json, "first_ns", entries[i].first_ns);
        sj_json_field_int(json, "last_ns", entries[i].last_ns);
        sj_json_end_object(json);
    }
    sj_json_end_array(json);
}

static void add_store(struct sj_json *json, const struct sj_live *live)
{
    struct sj_store_stats stats;
    if (!live->store)
        return;
    sj_store_stats_get(live->store, &stats);
    sj_json_key(json, "store");
    sj_json_begin_object(json);
    sj_json_field_bool(json, "connected", stats.is_connected);
    sj_json_field_text(json, "version", stats.server_version);
    sj_json_field_text(json, "last_error", stats.last_error);
    sj_json_field_uint(json, "backlog_bytes", stats.backlog_bytes);
    sj_json_field_int(json, "backlog_ns", stats.backlog_ns);
    sj_json_end_object(json);
}

void sj_live_write_status(const struct sj_live *live, struct sj_json *json)
{
    struct sj_hist *ingest = calloc(1, sizeof *ingest);
    struct sj_journal_stat journal;
    sj_journal_stat(live->journal, &journal);
    sj_json_begin_object(json);
    sj_json_field_text(json, "version", SJ_VERSION);
    sj_json_field_int(json, "uptime_ns", sj_clock_utc_ns() - live->started_ns);
    sj_json_field_text(json, "bus_dir", live->settings->bus.dir);
    sj_json_field_text(json, "journal_dir", live->settings->journal.dir);
    sj_json_field_text(json, "journal_stopped", journal.stopped_text);
    sj_json_field_int(json, "flush_interval_ns", journal.flush_interval_ns);
    sj_json_field_real(json, "rate", journal.rate_ewma);
    add_account(json, live);
    add_connections(json, live);
    for (uint32_t i = 0; ingest && i < sj_gateway_count(live->gateway); i++)
        sj_hist_merge(ingest, &counters_of(live, i)->latency);
    if (ingest)
        add_summary(json, "ingest_latency", ingest);
    add_summary(json, "durable_latency", &live->recorder.durable_latency_ns);
    add_store(json, live);
    if (live->trader) {
        sj_json_key(json, "trading");
        sj_trader_write_status(live->trader, json);
    }
    add_errors(json);
    sj_json_end_object(json);
    free(ingest);
}

void sj_live_status_page(void *context, struct sj_text *text)
{
    char *buffer = malloc(STATUS_SIZE_MAX);
    struct sj_json json;
    if (!buffer) {
        text->failed = true;
        return;
    }
    sj_json_init(&json, buffer, STATUS_SIZE_MAX);
    sj_live_write_status(context, &json);
    if (sj_json_finish(&json) < 0)
        text->failed = true;
    else
        sj_text_add(text, "%s\n", buffer);
    free(buffer);
}

void sj_live_health_page(void *context, struct sj_text *text)
{
    const struct sj_live *live = context;
    struct sj_journal_stat journal;
    sj_journal_stat(live->journal, &journal);
    sj_text_add(text, journal.stopped < 0 ? "journal stopped: %s\n" : "ok%s\n",
                journal.stopped_text);
}

static sj_rc answer_action(sj_rc rc, const char *done, struct sj_text *text)
{
    sj_text_add(text, "%s\n", rc < 0 ? sj_rc_text(rc) : done);
    return rc;
}

sj_rc sj_live_kill_action(void *context, const char *reason, struct sj_text *text)
{
    struct sj_live *live = context;
    sj_rc rc = sj_switch_kill(sj_trader_switch(live->trader), SJ_CONTROL_BY_HTTP,
                              *reason ? reason : "POST /kill");
    return answer_action(rc, "killed; shijim resume lifts it", text);
}

sj_rc sj_live_panic_action(void *context, const char *reason, struct sj_text *text)
{
    struct sj_live *live = context;
    sj_rc rc = sj_switch_panic(sj_trader_switch(live->trader), *reason ? reason : "POST /panic");
    return answer_action(rc, "cancelling and flattening; /status tells when it is done", text);
}
