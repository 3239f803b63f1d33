#include "gateway/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STOP_TIMEOUT_NS (5 * SJ_NS_PER_S)
#define BEAT_INTERVAL_NS (100 * SJ_NS_PER_MS)
#define RESULTS_A_WORK 64

static void set_phase(struct connection *conn, enum sj_gateway_phase phase)
{
    conn->phase = phase;
    GAUGE(conn->counters.phase, (uint32_t)phase);
}

/* --- loading and defining --- */

static void add_slot(struct connection *conn, const struct sj_instrument *definition)
{
    struct slot *slot = &conn->slot[++conn->slot_count];
    slot->instrument = definition->instrument;
    slot->market = sj_market_of((enum sj_security)definition->security);
    conn->slot_of[definition->instrument] = (uint16_t)conn->slot_count;
}

static void add_item(struct connection *conn, const struct sj_rest_subscription *subscription)
{
    const struct sj_rest_contract *contract = &subscription->contract;
    struct item *item = &conn->item[conn->item_count++];
    item->subscription = subscription;
    item->channel = sj_plan_channel(subscription);
    item->market = sj_market_of(contract->security);
    item->instrument = sj_instruments_find(conn->table, contract->code, strlen(contract->code));
    const char *codes[2] = {contract->code, contract->target_code};
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t id = sj_instruments_find(conn->table, codes[i], strlen(codes[i]));
        uint16_t *entry =
            &conn->slot[conn->slot_of[id]].item[subscription->quote_type][subscription->odd_lot];
        /* A month subscribed to by its own code keeps its item. */
        if (id != 0 && (i == 0 || *entry == 0))
            *entry = (uint16_t)conn->item_count;
    }
}

/* One stream of all, or one for each channel that the plan needs. */
static void choose_streams(struct connection *conn)
{
    bool wanted[SJ_CHANNEL_COUNT] = {false};
    conn->stream_count = 1;
    conn->stream_channel[0] = SJ_CHANNEL_NONE;
    if (!conn->gateway->config.per_channel_streams)
        return;
    conn->stream_count = 0;
    for (uint32_t i = 0; i < conn->item_count; i++)
        wanted[conn->item[i].channel] = true;
    for (uint32_t c = SJ_CHANNEL_TICK_STK; c <= SJ_CHANNEL_QUOTE_IDX; c++)
        if (wanted[c])
            conn->stream_channel[conn->stream_count++] = (enum sj_channel)c;
}

/* The clerk has the contracts: the tables are built once, before any event. */
static sj_rc take_definitions(struct connection *conn)
{
    const struct clerk *clerk = &conn->clerk;
    const struct sj_plan *plan = &conn->gateway->plan;
    conn->slot_count = conn->item_count = conn->defined = 0;
    for (uint32_t i = 0; i < clerk->definition_count; i++) {
        uint32_t id;
        sj_rc rc = sj_instruments_put(conn->table, &clerk->definition[i], &id);
        if (rc < 0)
            return rc;
        add_slot(conn, &clerk->definition[i]);
    }
    for (uint32_t i = 0; i < plan->count[conn->index]; i++)
        add_item(conn, &plan->item[conn->index][i]);
    choose_streams(conn);
    feeds_init(conn);
    GAUGE(conn->counters.planned, conn->item_count);
    return 0;
}

static void load_result(struct connection *conn, const struct clerk_result *result, int64_t mono_ns)
{
    conn->job_out = false;
    sj_rc rc = result->rc >= 0 ? take_definitions(conn) : result->rc;
    if (rc >= 0) {
        set_phase(conn, SJ_GATEWAY_DEFINING);
        return;
    }
    int64_t wait_ns = sj_backoff_next_ns(&conn->load_backoff);
    if (wait_ns < recovery_wait_ns(conn, result->refusal))
        wait_ns = recovery_wait_ns(conn, result->refusal);
    conn->retry_ns = mono_ns + wait_ns;
    if (conn->load_backoff.attempt_count == 1 || result->refusal)
        outbox_session(conn, SJ_SESSION_REFUSED, NULL, SJ_RUNG_NONE,
                       result->status ? result->status : rc, 0, result->text);
    clerk_note(&conn->clerk, SJ_LOG_WARN, "contracts could not be loaded from %s: %s",
               conn->endpoint.text, result->text[0] ? result->text : sj_rc_text(rc));
}

static uint32_t work_loading(struct connection *conn, int64_t mono_ns)
{
    if (conn->job_out || mono_ns < conn->retry_ns)
        return 0;
    conn->job_out = clerk_post(&conn->clerk, CLERK_LOAD, 0);
    return 1;
}

static uint32_t work_defining(struct connection *conn, int64_t utc_ns, int64_t mono_ns)
{
    uint32_t done = 0;
    while (conn->defined < conn->clerk.definition_count &&
           outbox_define(conn, &conn->clerk.definition[conn->defined])) {
        conn->defined++;
        done++;
    }
    if (conn->defined < conn->clerk.definition_count)
        return done;
    set_phase(conn, SJ_GATEWAY_RUNNING);
    refresh_init(conn, utc_ns);
    if (conn->item_count > 0)
        recovery_fault(conn, SJ_RUNG_STREAM, SJ_RUNG_RESTART, false, "", utc_ns, mono_ns);
    else
        clerk_note(&conn->clerk, SJ_LOG_WARN, "nothing is planned for this connection");
    return done + 1;
}

/* --- running --- */

static void probe(struct connection *conn, int64_t mono_ns)
{
    const struct sj_gateway_config *config = &conn->gateway->config;
    if (conn->probe_out || mono_ns < conn->next_probe_ns)
        return;
    bool usage = mono_ns >= conn->next_usage_ns;
    conn->probe_out = clerk_post(&conn->clerk, CLERK_PROBE, usage);
    conn->next_probe_ns = mono_ns + config->health_interval_ms * SJ_NS_PER_MS;
    if (usage)
        conn->next_usage_ns = mono_ns + config->usage_interval_ms * SJ_NS_PER_MS;
}

static void publish_parse_counts(struct connection *conn)
{
    const struct sj_parse_counts *counts = sj_parse_counts(conn->parse);
    GAUGE(conn->counters.fast_path, counts->fast);
    GAUGE(conn->counters.unknown_fields, counts->unknown_fields);
}

static uint32_t work_running(struct connection *conn, int64_t utc_ns, int64_t mono_ns)
{
    uint32_t done = receive_streams(conn, mono_ns);
    recovery_work(conn, utc_ns, mono_ns);
    feeds_judge(conn, utc_ns, mono_ns);
    probe(conn, mono_ns);
    return done + refresh_work(conn, utc_ns);
}

/* --- stopping --- */

static void begin_stop(struct connection *conn, int64_t mono_ns)
{
    bool subscribed = READ(conn->counters.subscribed) > 0;
    conn->stop_deadline_ns = mono_ns + STOP_TIMEOUT_NS;
    conn->job_out = subscribed && clerk_post(&conn->clerk, CLERK_UNSUBSCRIBE, CLERK_ALL);
    set_phase(conn, SJ_GATEWAY_STOPPING);
}

static void still_down(struct connection *conn, int64_t utc_ns)
{
    struct sj_gap gap = {.lost_count = UINT64_MAX, .to_ns = utc_ns};
    if (conn->down_ns != 0) {
        gap.kind = SJ_GAP_STREAM;
        gap.from_ns = conn->down_ns;
        outbox_gap(conn, &gap);
    }
    for (uint32_t m = 0; m < SJ_MARKET_COUNT; m++) {
        if (conn->market[m].state != SJ_FEED_SILENT)
            continue;
        gap.kind = SJ_GAP_SILENCE;
        gap.from_ns = conn->market[m].silent_from_ns;
        outbox_gap(conn, &gap);
    }
}

/* Everything received is published by now: the streams go, then come the verdicts. */
static void end_streams(struct connection *conn, int64_t utc_ns)
{
    for (uint32_t i = 0; i < conn->stream_count; i++)
        receive_cut(conn, sj_stream_close(&conn->stream[i]), utc_ns);
    GAUGE(conn->counters.streams_open, 0);
    conn->parse_gap_due_ns = 0;
    still_down(conn, utc_ns);
    account_stop(conn);
    outbox_session(conn, SJ_SESSION_STOP, NULL, SJ_RUNG_NONE, 0, 0, "");
    conn->item_count = 0; /* done: what follows is only to flush */
    conn->slot_count = 0;
    conn->stream_count = 0;
}

static uint32_t work_stopping(struct connection *conn, int64_t utc_ns, int64_t mono_ns)
{
    bool late = mono_ns > conn->stop_deadline_ns;
    uint32_t done = 0;
    if (conn->stop_deadline_ns != INT64_MAX) {
        done = receive_streams(conn, mono_ns);
        if ((conn->job_out || done > 0) && !late)
            return done;
        end_streams(conn, utc_ns);
        conn->stop_deadline_ns = INT64_MAX;
        conn->retry_ns = mono_ns + STOP_TIMEOUT_NS;
    }
    bool flushed =
        conn->out_head == conn->out_tail && conn->ring_gap.count == 0 && conn->parse_gap.count == 0;
    if (!flushed && mono_ns < conn->retry_ns)
        return done;
    sj_bus_flush(conn->bus);
    set_phase(conn, SJ_GATEWAY_STOPPED);
    return 1;
}

/* --- one work --- */

static uint32_t take_results(struct connection *conn, int64_t utc_ns, int64_t mono_ns)
{
    struct clerk_result result;
    uint32_t done = 0;
    while (done < RESULTS_A_WORK && clerk_result(&conn->clerk, &result)) {
        done++;
        if (result.kind == CLERK_LOAD && conn->phase == SJ_GATEWAY_LOADING)
            load_result(conn, &result, mono_ns);
        else if (result.kind == CLERK_UNSUBSCRIBE && result.index == CLERK_ALL)
            conn->job_out = false;
        else if (result.kind == CLERK_REFRESH)
            refresh_result(conn, &result, utc_ns);
        else if (conn->phase == SJ_GATEWAY_RUNNING)
            recovery_result(conn, &result, utc_ns, mono_ns);
    }
    return done;
}

sj_rc connection_work(struct connection *conn)
{
    if (conn->phase == SJ_GATEWAY_STOPPED) /* its ring may be closed */
        return 0;
    int64_t mono_ns = sj_clock_mono_ns();
    int64_t utc_ns = sj_clock_utc_ns();
    bool stop = atomic_load_explicit(&conn->gateway->stop, memory_order_acquire);
    if (stop && conn->phase < SJ_GATEWAY_STOPPING)
        begin_stop(conn, mono_ns);
    uint32_t done = take_results(conn, utc_ns, mono_ns);
    switch (conn->phase) {
    case SJ_GATEWAY_LOADING:
        done += work_loading(conn, mono_ns);
        break;
    case SJ_GATEWAY_DEFINING:
        done += work_defining(conn, utc_ns, mono_ns);
        break;
    case SJ_GATEWAY_RUNNING:
        done += work_running(conn, utc_ns, mono_ns);
        break;
    default:
        done += work_stopping(conn, utc_ns, mono_ns);
        break;
    }
    receive_gaps(conn, mono_ns);
    done += outbox_flush(conn);
    if (mono_ns >= conn->next_beat_ns) {
        sj_bus_beat(conn->bus);
        publish_parse_counts(conn);
        conn->next_beat_ns = mono_ns + BEAT_INTERVAL_NS;
    }
    return (sj_rc)done;
}

/* --- life --- */

/* A ring's size is a power of two; a book, the most frequent event, has 256 bytes. */
static uint64_t ring_size(int64_t queue_events)
{
    uint64_t size = 1;
    while (size < (uint64_t)queue_events * sizeof(struct sj_book))
        size <<= 1;
    return size;
}

static sj_rc create_ring(struct connection *conn, const struct sj_gateway_options *options,
                         char error[SJ_PLAN_ERROR_MAX])
{
    char name[SJ_BUS_NAME_MAX];
    snprintf(name, sizeof(name), "gateway%u", conn->index + 1);
    struct sj_bus_options bus = {.dir = options->bus_dir,
                                 .name = name,
                                 .src = SJ_SRC_GATEWAY + conn->index,
                                 .first_seq = options->first_seq[conn->index],
                                 .size = ring_size(options->config->queue_events),
                                 .topic_count = SJ_GATEWAY_TOPICS};
    sj_rc rc = sj_bus_create(&bus, &conn->bus);
    if (rc < 0)
        snprintf(error, SJ_PLAN_ERROR_MAX, "ring '%s' cannot be created: %s", name, sj_rc_text(rc));
    return rc;
}

static sj_rc create_parts(struct connection *conn, const struct sj_gateway_options *options,
                          char error[SJ_PLAN_ERROR_MAX])
{
    conn->slot_of = calloc(SJ_GATEWAY_TOPICS, sizeof(*conn->slot_of));
    if (!conn->slot_of)
        return -ENOMEM;
    sj_rc rc = sj_instruments_create(SJ_GATEWAY_TOPICS - 1, &conn->table);
    if (rc >= 0)
        rc = sj_parse_create(conn->table, &conn->parse);
    for (uint32_t i = 0; rc >= 0 && i < STREAMS_MAX; i++)
        rc = sj_stream_init(&conn->stream[i]);
    if (rc >= 0)
        rc = create_ring(conn, options, error);
    if (rc >= 0)
        rc = clerk_start(&conn->clerk, conn);
    return rc;
}

sj_rc connection_create(struct sj_gateway *gateway, uint32_t index, const char *server,
                        const struct sj_gateway_options *options, const struct sj_hours *hours,
                        struct connection **ret_conn, char error[SJ_PLAN_ERROR_MAX])
{
    const struct sj_gateway_config *config = &gateway->config;
    struct connection *conn = calloc(1, sizeof(*conn));
    if (!conn)
        return -ENOMEM;
    conn->gateway = gateway;
    conn->index = index;
    conn->hours = *hours;
    conn->first_open = true;
    for (uint32_t i = 0; i < STREAMS_MAX; i++)
        conn->stream[i].fd = -1;
    GAUGE(conn->counters.traffic_remaining_bytes, -1);
    struct sj_ladder_options ladder = {
        .has_login = config->login_path[0] != '\0',
        .has_restart = config->restart_command[0] != '\0',
        .watch_ns = config->watch_ms * SJ_NS_PER_MS,
        .backoff_min_ns = config->backoff_min_ms * SJ_NS_PER_MS,
        .backoff_max_ns = config->backoff_max_ms * SJ_NS_PER_MS,
        .seed = options->seed + index,
    };
    sj_ladder_init(&conn->ladder, &ladder);
    sj_backoff_init(&conn->load_backoff, ladder.backoff_min_ns, ladder.backoff_max_ns,
                    ladder.seed + SJ_CONNECTIONS_MAX);
    sj_rc rc = sj_endpoint_parse(server, &conn->endpoint, error);
    if (rc >= 0)
        rc = create_parts(conn, options, error);
    if (rc < 0) {
        connection_close(conn);
        return rc;
    }
    outbox_session(conn, SJ_SESSION_START, NULL, SJ_RUNG_NONE, 0, 0, conn->endpoint.text);
    *ret_conn = conn;
    return 0;
}

void connection_close(struct connection *conn)
{
    if (!conn)
        return;
    clerk_stop(&conn->clerk);
    for (uint32_t i = 0; i < STREAMS_MAX; i++)
        sj_stream_done(&conn->stream[i]);
    sj_bus_close(conn->bus);
    sj_parse_close(conn->parse);
    sj_instruments_close(conn->table);
    free(conn->slot_of);
    free(conn);
}
