/* /admin/...: the account, faults and the market's controls; from this machine only. */
#include "brokersim/body.h"
#include "brokersim/desk.h"
#include "brokersim/fault.h"
#include "brokersim/quota.h"
#include "brokersim/server.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void put_topic(struct sj_reply *json, const struct topic_account *account)
{
    sj_reply_int(json, "generated", (int64_t)account->generated);
    sj_reply_int(json, "unheard", (int64_t)account->unheard);
    sj_reply_int(json, "offered", (int64_t)account->offered);
    sj_reply_int(json, "written", (int64_t)account->written);
    sj_reply_int(json, "duplicated", (int64_t)account->duplicated);
    sj_reply_int(json, "damaged", (int64_t)account->damaged);
    sj_reply_int(json, "drop_fault", (int64_t)account->drop_fault);
    sj_reply_int(json, "drop_slow", (int64_t)account->drop_slow);
    sj_reply_int(json, "drop_closed", (int64_t)account->drop_closed);
}

static void add(struct topic_account *sum, const struct topic_account *one)
{
    sum->generated += one->generated;
    sum->unheard += one->unheard;
    sum->offered += one->offered;
    sum->written += one->written;
    sum->duplicated += one->duplicated;
    sum->damaged += one->damaged;
    sum->drop_fault += one->drop_fault;
    sum->drop_slow += one->drop_slow;
    sum->drop_closed += one->drop_closed;
}

/* One server's topics: its sum is returned, each topic listed when asked for. */
static struct topic_account put_topics(const struct sj_brokersim *sim, struct sj_reply *json,
                                       uint32_t server, bool topics)
{
    struct topic_account sum = {0};
    uint32_t count = sim->universe.count;
    if (topics)
        sj_reply_array(json, "topics");
    for (uint32_t feed = 0; feed < 2 * count; feed++) {
        const struct sj_sim_instrument *one =
            &sim->universe.list[feed < count ? feed : feed - count];
        for (int kind = 0; kind < TOPIC_KINDS; kind++) {
            const struct topic_account *account =
                &sim->accounts[topic_index(sim, server, feed, (enum topic_kind)kind)];
            add(&sum, account);
            if (!topics || account->generated == 0)
                continue;
            sj_reply_object(json, NULL);
            sj_reply_string(json, "code", one->code);
            sj_reply_string(json, "channel",
                            sj_sim_channel_name(stream_channel(one, (enum topic_kind)kind)));
            sj_reply_bool(json, "intraday_odd", feed >= count);
            put_topic(json, account);
            sj_reply_end_object(json);
        }
    }
    if (topics)
        sj_reply_end_array(json);
    return sum;
}

static void put_streams(struct sj_reply *json, const struct server *server)
{
    sj_reply_array(json, "streams");
    for (uint32_t i = 0; i < server->stream_count; i++) {
        const struct connection *conn = server->streams[i];
        sj_reply_object(json, NULL);
        sj_reply_format(json, "connection_id", "%llu", (unsigned long long)conn->id);
        sj_reply_int(json, "written", (int64_t)conn->written);
        sj_reply_int(json, "bytes", (int64_t)conn->bytes);
        sj_reply_int(json, "pending_events", conn->entry_tail - conn->entry_head);
        sj_reply_int(json, "pending_bytes", (int64_t)(conn->out_tail - conn->out_head));
        sj_reply_end_object(json);
    }
    sj_reply_end_array(json);
}

void account_json(const struct sj_brokersim *sim, struct sj_reply *json, bool topics)
{
    struct topic_account total = {0};
    sj_reply_object(json, NULL);
    sj_reply_array(json, "servers");
    for (uint32_t i = 0; i < sim->server_count; i++) {
        const struct server *server = &sim->servers[i];
        sj_reply_object(json, NULL);
        sj_reply_int(json, "server", i);
        sj_reply_int(json, "port", server->port);
        sj_reply_int(json, "requests", (int64_t)server->requests);
        sj_reply_int(json, "subscriptions", server->subscription_count);
        sj_reply_int(json, "order_events", (int64_t)server->order_generated);
        sj_reply_int(json, "order_events_lost", (int64_t)server->order_lost);
        put_streams(json, server);
        struct topic_account sum = put_topics(sim, json, i, topics);
        put_topic(json, &sum);
        add(&total, &sum);
        sj_reply_end_object(json);
    }
    sj_reply_end_array(json);
    sj_reply_object(json, "total");
    put_topic(json, &total);
    sj_reply_end_object(json);
    sj_reply_int(json, "market_events", (int64_t)sim->market_events);
    sj_reply_int(json, "market_unheard", (int64_t)sim->unheard_events);
    if (sim->options.replay_path) {
        sj_reply_int(json, "replay_skipped", (int64_t)sim->source->skipped);
        sj_reply_int(json, "replay_damaged_bytes", (int64_t)sim->source->damaged_size);
        sj_reply_text(json, "replay_error",
                      sim->source->failed < 0 ? sj_rc_text(sim->source->failed) : NULL);
    }
    sj_reply_int(json, "market_late_ms", (int64_t)(sim->late_ns / SJ_NS_PER_MS));
    sj_reply_bool(json, "market_ended", sim->source->ended || sim->halted);
    sj_reply_bool(json, "market_started", sim->market_started);
    sj_reply_int(json, "elapsed_ms", (sim->now_ns - sim->started_ns) / SJ_NS_PER_MS);
    sj_reply_end_object(json);
}

/* Which servers a body means: `server` or all. */
static bool server_range(struct request *request, const json_t *body, uint32_t *ret_first,
                         uint32_t *ret_end)
{
    int64_t server;
    *ret_first = 0;
    *ret_end = request->sim->server_count;
    if (!json_object_get(body, "server"))
        return true;
    if (!body_integer(body, "server", &server) || server < 0 || server >= *ret_end) {
        http_fail(request, 400, "server must be the index of a server, from 0");
        return false;
    }
    *ret_first = (uint32_t)server;
    *ret_end = (uint32_t)server + 1;
    return true;
}

static void done(struct request *request)
{
    sj_reply_object(&request->answer, NULL);
    sj_reply_bool(&request->answer, "success", true);
    sj_reply_end_object(&request->answer);
}

static void arm(struct request *request, const json_t *body)
{
    struct fault fault = {.rate = 1, .left = UINT64_MAX, .until_ns = INT64_MAX};
    int64_t value;
    uint32_t first, end;
    const char *name = body_text(body, "kind", "");
    bool clear = strcmp(name, "clear") == 0;
    sj_rc kind = fault_kind(name);
    if (kind < 0 && !clear) {
        http_fail(request, 400, "no fault of that kind");
        return;
    }
    if (!server_range(request, body, &first, &end))
        return;
    if (json_is_number(json_object_get(body, "rate")))
        fault.rate = json_number_value(json_object_get(body, "rate"));
    if (body_integer(body, "count", &value) && value >= 0)
        fault.left = (uint64_t)value;
    if ((body_integer(body, "ms", &value) || body_integer(body, "bytes", &value)) && value >= 0)
        fault.value = (uint64_t)value;
    if (body_integer(body, "for_ms", &value) && value >= 0 && value < 1000000000)
        fault.until_ns = request->sim->now_ns + value * SJ_NS_PER_MS;
    snprintf(fault.message, sizeof fault.message, "%.95s", body_text(body, "message", ""));
    for (uint32_t i = first; i < end; i++) {
        if (clear)
            fault_clear(&request->sim->servers[i]);
        else
            fault_arm(&request->sim->servers[i], (enum fault_kind)kind, &fault);
    }
    done(request);
}

static void market(struct request *request, const json_t *body)
{
    struct sj_brokersim *sim = request->sim;
    const char *action = body_text(body, "action", "");
    const json_t *number = json_object_get(body, "value");
    double value = json_is_number(number) ? json_number_value(number) : -1;
    if (strcmp(action, "pause") == 0) {
        sim->paused = true;
    } else if (strcmp(action, "resume") == 0) {
        sim->paused = false;
        sim_restart_pace(sim);
    } else if (strcmp(action, "halt") == 0) {
        sim->halted = true;
    } else if (strcmp(action, "burst") == 0 && value >= 1 && value <= 1e9) {
        sim->source->ops->burst(sim->source, (uint64_t)value);
    } else if (strcmp(action, "rate") == 0 && value >= 0 && value <= 1e9) {
        sim->source->rate = value;
    } else {
        http_fail(request, 400,
                  "action must be pause, resume, halt, or burst or rate with a value");
        return;
    }
    done(request);
}

static void set_quota(struct request *request, const json_t *body)
{
    int64_t bytes;
    uint32_t first, end;
    if (!body_integer(body, "bytes", &bytes) || bytes < 0) {
        http_fail(request, 400, "bytes must be a whole number from 0");
        return;
    }
    if (!server_range(request, body, &first, &end))
        return;
    for (uint32_t i = first; i < end; i++)
        quota_set_bytes(&request->sim->servers[i], (uint64_t)bytes);
    done(request);
}

/* A new login of one server, as a restart of the broker's program does it. */
static void login(struct request *request, const json_t *body)
{
    uint32_t first, end;
    if (!server_range(request, body, &first, &end))
        return;
    for (uint32_t i = first; i < end; i++) {
        struct server *server = &request->sim->servers[i];
        if (!server_login(server)) {
            http_fail(request, 451, "Too many logins today");
            return;
        }
        fault_clear(server);
    }
    done(request);
}

static bool from_loopback(const struct request *request)
{
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof peer;
    if (request->connection->foreign_host ||
        getpeername(request->connection->fd, (struct sockaddr *)&peer, &size) < 0)
        return false;
    if (peer.ss_family != AF_INET)
        return peer.ss_family == AF_UNIX;
    const struct sockaddr_in *in = (const struct sockaddr_in *)&peer;
    return ntohl(in->sin_addr.s_addr) >> 24 == 127;
}

static void rest_admin_post(struct request *request, const char *what)
{
    json_t *body = body_parse(request);
    if (!body)
        return;
    if (strcmp(what, "fault") == 0)
        arm(request, body);
    else if (strcmp(what, "market") == 0)
        market(request, body);
    else if (strcmp(what, "quota") == 0)
        set_quota(request, body);
    else if (strcmp(what, "login") == 0)
        login(request, body);
    else
        http_fail(request, 404, "Not Found");
    json_decref(body);
}

void rest_admin(struct request *request)
{
    const char *what = request->path + strlen("/admin/");
    char topics[8] = "";
    if (!from_loopback(request)) {
        http_fail(request, 403, "admin calls are for this machine only");
    } else if (request->method == HTTP_GET && strcmp(what, "account") == 0) {
        http_query(request, "topics", topics, sizeof topics);
        account_json(request->sim, &request->answer, strcmp(topics, "0") != 0);
    } else if (request->method == HTTP_GET && strcmp(what, "trading") == 0) {
        desk_json(request->sim, &request->answer);
    } else if (request->method == HTTP_POST) {
        rest_admin_post(request, what);
    } else {
        http_fail(request, 404, "Not Found");
    }
}
