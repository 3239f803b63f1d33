#include "app/status.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define FETCH_TIMEOUT_MS 2000

static uint64_t number(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value < 0 ? 0 : (uint64_t)value;
}

static void text(const json_t *object, const char *key, char *ret, size_t size)
{
    const char *value = json_string_value(json_object_get(object, key));
    snprintf(ret, size, "%s", value ? value : "");
}

static void read_latency(const json_t *object, struct sj_status_latency *ret)
{
    ret->count = number(object, "count");
    ret->p50_ns = (int64_t)number(object, "p50_ns");
    ret->p90_ns = (int64_t)number(object, "p90_ns");
    ret->p99_ns = (int64_t)number(object, "p99_ns");
    ret->p999_ns = (int64_t)number(object, "p999_ns");
    ret->max_ns = (int64_t)number(object, "max_ns");
}

static void read_account(const json_t *object, struct sj_live_account *ret)
{
    ret->received = number(object, "received");
    ret->beats = number(object, "heartbeats");
    ret->passed = number(object, "not_market_data");
    ret->malformed = number(object, "malformed");
    ret->dropped = number(object, "dropped");
    ret->events = number(object, "events");
    ret->own = number(object, "own_events");
    ret->taken_over = number(object, "taken_over");
    ret->accepted = number(object, "accepted");
    ret->journal_accepted = number(object, "journal_accepted");
    ret->durable = number(object, "durable");
    ret->journal_events = number(object, "journal_events");
    ret->acknowledged = number(object, "acknowledged");
    ret->waiting = number(object, "waiting");
    ret->dead = number(object, "dead");
}

static void read_strategies(const json_t *array, struct sj_status_trading *ret)
{
    size_t count = json_array_size(array);
    ret->strategy_count =
        (uint32_t)(count < SJ_STATUS_STRATEGIES_MAX ? count : SJ_STATUS_STRATEGIES_MAX);
    for (uint32_t i = 0; i < ret->strategy_count; i++) {
        const json_t *object = json_array_get(array, i);
        struct sj_status_strategy *strategy = &ret->strategies[i];
        text(object, "name", strategy->name, sizeof strategy->name);
        strategy->armed = json_is_true(json_object_get(object, "armed"));
        strategy->intents = number(object, "intents");
        strategy->refused = number(object, "refused");
        strategy->orders = number(object, "orders");
        strategy->fills = number(object, "fills");
        strategy->overruns = number(object, "overruns");
        strategy->p50_ns = (int64_t)number(object, "p50_ns");
        strategy->p99_ns = (int64_t)number(object, "p99_ns");
        strategy->pnl = json_number_value(json_object_get(object, "realized_pnl")) +
                        json_number_value(json_object_get(object, "unrealized_pnl"));
        strategy->fees = json_number_value(json_object_get(object, "fees"));
    }
}

static void read_trading(const json_t *object, struct sj_status_trading *ret)
{
    const json_t *news = json_object_get(object, "news");
    size_t count = json_array_size(news);
    text(object, "mode", ret->mode, sizeof ret->mode);
    text(object, "state_dir", ret->state_dir, sizeof ret->state_dir);
    text(object, "reason", ret->reason, sizeof ret->reason);
    ret->killed = json_is_true(json_object_get(object, "killed"));
    ret->panicking = json_is_true(json_object_get(object, "panicking"));
    ret->ready = json_is_true(json_object_get(object, "ready"));
    ret->open_orders = (uint32_t)number(object, "open_orders");
    ret->unknown_orders = (uint32_t)number(object, "unknown_orders");
    ret->blocked_instruments = (uint32_t)number(object, "blocked_instruments");
    ret->intents = number(object, "intents");
    ret->accepted = number(object, "accepted");
    ret->refused = number(object, "refused");
    ret->fills = number(object, "fills");
    ret->day_pnl = json_number_value(json_object_get(object, "day_pnl"));
    read_strategies(json_object_get(object, "strategies"), ret);
    ret->news_count = (uint32_t)(count < SJ_STATUS_NEWS_MAX ? count : SJ_STATUS_NEWS_MAX);
    for (uint32_t i = 0; i < ret->news_count; i++) {
        const char *line = json_string_value(json_array_get(news, count - ret->news_count + i));
        snprintf(ret->news[i], sizeof ret->news[i], "%s", line ? line : "");
    }
}

static void read_connections(const json_t *array, struct sj_status *ret)
{
    size_t count = json_array_size(array);
    ret->connection_count = (uint32_t)(count < SJ_CONNECTIONS_MAX ? count : SJ_CONNECTIONS_MAX);
    for (uint32_t i = 0; i < ret->connection_count; i++) {
        const json_t *object = json_array_get(array, i);
        struct sj_status_connection *connection = &ret->connections[i];
        text(object, "phase", connection->phase, sizeof connection->phase);
        connection->rung = (uint32_t)number(object, "rung");
        connection->streams = (uint32_t)number(object, "streams");
        connection->planned = (uint32_t)number(object, "planned");
        connection->subscribed = (uint32_t)number(object, "subscribed");
        connection->silent = (uint32_t)number(object, "silent");
        connection->events = number(object, "events");
    }
}

static void read_store(const json_t *object, struct sj_status *ret)
{
    ret->account.has_store = object != NULL;
    ret->store_connected = json_is_true(json_object_get(object, "connected"));
    text(object, "version", ret->store_version, sizeof ret->store_version);
    text(object, "last_error", ret->store_error, sizeof ret->store_error);
    ret->store_backlog_bytes = number(object, "backlog_bytes");
    ret->store_backlog_ns = (int64_t)number(object, "backlog_ns");
}

sj_rc sj_status_parse(const char *json, size_t size, struct sj_status *ret_status)
{
    json_error_t error;
    json_t *root = json_loadb(json, size, 0, &error);
    if (!json_is_object(json_object_get(root, "account"))) {
        json_decref(root);
        return -SJ_E_MALFORMED;
    }
    *ret_status = (struct sj_status){0};
    ret_status->uptime_ns = (int64_t)number(root, "uptime_ns");
    ret_status->flush_interval_ns = (int64_t)number(root, "flush_interval_ns");
    ret_status->rate = json_number_value(json_object_get(root, "rate"));
    text(root, "bus_dir", ret_status->bus_dir, sizeof ret_status->bus_dir);
    text(root, "journal_dir", ret_status->journal_dir, sizeof ret_status->journal_dir);
    text(root, "journal_stopped", ret_status->journal_stopped, sizeof ret_status->journal_stopped);
    read_account(json_object_get(root, "account"), &ret_status->account);
    read_latency(json_object_get(root, "ingest_latency"), &ret_status->ingest);
    read_latency(json_object_get(root, "durable_latency"), &ret_status->durable);
    read_connections(json_object_get(root, "connections"), ret_status);
    read_store(json_object_get(root, "store"), ret_status);
    read_trading(json_object_get(root, "trading"), &ret_status->trading);
    const json_t *errors = json_object_get(root, "errors");
    ret_status->error_count = (uint32_t)json_array_size(errors);
    text(json_array_get(errors, 0), "text", ret_status->first_error,
         sizeof ret_status->first_error);
    json_decref(root);
    return 0;
}

sj_rc sj_status_ask(struct sj_http_client *client, const char *address, const char **ret_json,
                    size_t *ret_size)
{
    char url[128];
    struct sj_http_response response;
    struct sj_http_request request = {.url = url, .timeout_ms = FETCH_TIMEOUT_MS};
    snprintf(url, sizeof url, "http://%s/status", address);
    sj_rc rc = sj_http_perform(client, &request, &response);
    if (rc < 0)
        return rc;
    if (response.status != 200)
        return -SJ_E_REFUSED;
    while (response.body_size > 0 && response.body[response.body_size - 1] == '\n')
        response.body_size--;
    *ret_json = response.body;
    *ret_size = response.body_size;
    return 0;
}

sj_rc sj_status_fetch(struct sj_http_client *client, const char *address,
                      struct sj_status *ret_status)
{
    const char *json;
    size_t size;
    sj_rc rc = sj_status_ask(client, address, &json, &size);
    return rc < 0 ? rc : sj_status_parse(json, size, ret_status);
}
