/* /health, /info, /auth/... */
#include "brokersim/body.h"
#include "brokersim/desk.h"
#include "brokersim/quota.h"
#include "brokersim/route.h"
#include "brokersim/server.h"

#include "base/clock.h"

#include <time.h>

#define VERSION "1.7.9"

void put_utc(struct sj_reply *json, const char *key, int64_t utc_ns)
{
    char text[40];
    time_t seconds = (time_t)(utc_ns / SJ_NS_PER_S);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    sj_reply_string(json, key, text);
}

/* The maintenance of the broker comes about 08:22 Taipei time, 00:22 UTC. */
static int64_t next_maintenance(int64_t utc_ns)
{
    int64_t at = utc_ns / SJ_NS_PER_DAY * SJ_NS_PER_DAY + 22 * 60 * SJ_NS_PER_S;
    return at > utc_ns ? at : at + SJ_NS_PER_DAY;
}

void rest_health(struct request *request)
{
    struct sj_reply *json = &request->answer;
    const struct sj_brokersim *sim = request->sim;
    struct server *server = request->server;
    sj_reply_object(json, NULL);
    sj_reply_string(json, "status", "healthy");
    sj_reply_string(json, "version", VERSION);
    put_utc(json, "timestamp", sim->utc_ns);
    sj_reply_int(json, "token_expires_in_seconds",
                 86400 - (sim->utc_ns - server->login_ns) / SJ_NS_PER_S % 86400);
    sj_reply_bool(json, "token_stale", false);
    sj_reply_int(json, "contract_count", sim->universe.total);
    put_utc(json, "next_maintenance", next_maintenance(sim->utc_ns));
    if (server->last_maintenance_ns != 0)
        put_utc(json, "last_maintenance", server->last_maintenance_ns);
    else
        sj_reply_null(json, "last_maintenance");
    sj_reply_null(json, "ca_expires_in_days");
    sj_reply_null(json, "ca_expired");
    sj_reply_bool(json, "session_recovering", false);
    sj_reply_int(json, "session_recovery_attempts", 0);
    sj_reply_object(json, "agent_harness");
    sj_reply_bool(json, "enabled", false);
    sj_reply_string(json, "mode", "off");
    sj_reply_int(json, "capability_version", 1);
    sj_reply_string(json, "capability_header", "X-Shioaji-Agent-Capability");
    sj_reply_string(json, "digest_scheme", "compact_keyed_blake3");
    sj_reply_int(json, "max_ttl_seconds", 60);
    sj_reply_end_object(json);
    sj_reply_null(json, "last_maintenance_error");
    sj_reply_null(json, "last_session_recovery_error");
    sj_reply_format(json, "instance_id", "sim-%u-%lld", server->index,
                    (long long)(server->login_ns / SJ_NS_PER_MS));
    sj_reply_end_object(json);
}

void rest_info(struct request *request)
{
    struct sj_reply *json = &request->answer;
    sj_reply_object(json, NULL);
    sj_reply_string(json, "name", "Shioaji API Server");
    sj_reply_string(json, "version", VERSION);
    sj_reply_string(json, "description", "shijim broker-sim");
    sj_reply_array(json, "protocols");
    sj_reply_string(json, NULL, "HTTP");
    sj_reply_end_array(json);
    sj_reply_bool(json, "simulation", !request->sim->options.live);
    sj_reply_end_object(json);
}

void rest_usage(struct request *request)
{
    struct sj_reply *json = &request->answer;
    uint64_t bytes, limit;
    quota_usage(request->server, &bytes, &limit);
    sj_reply_object(json, NULL);
    sj_reply_int(json, "connections", request->sim->server_count);
    sj_reply_int(json, "bytes", (int64_t)bytes);
    sj_reply_int(json, "limit_bytes", (int64_t)limit);
    sj_reply_int(json, "remaining_bytes", bytes < limit ? (int64_t)(limit - bytes) : 0);
    sj_reply_end_object(json);
}

static void subscribe_trade(struct request *request, bool subscribe)
{
    struct sj_reply *json = &request->answer;
    json_t *body = body_parse(request);
    if (!body)
        return;
    const struct account *account = body_account(request, body);
    json_decref(body);
    if (!account)
        return;
    uint32_t bit = 1u << (account - ACCOUNT_LIST);
    if (subscribe)
        request->server->trade_accounts |= bit;
    else
        request->server->trade_accounts &= ~bit;
    sj_reply_object(json, NULL);
    put_account(json, "account", account);
    sj_reply_bool(json, "subscribe_trade", subscribe);
    sj_reply_int(json, "ts", request->sim->utc_ns / SJ_NS_PER_S);
    sj_reply_end_object(json);
}

void rest_subscribe_trade(struct request *request)
{
    subscribe_trade(request, true);
}

void rest_unsubscribe_trade(struct request *request)
{
    subscribe_trade(request, false);
}

void rest_accounts(struct request *request)
{
    sj_reply_array(&request->answer, NULL);
    for (uint32_t i = 0; i < request->sim->options.accounts; i++)
        put_account(&request->answer, NULL, &ACCOUNT_LIST[i]);
    sj_reply_end_array(&request->answer);
}

void rest_ca_expiry(struct request *request)
{
    struct sj_reply *json = &request->answer;
    char person[32];
    if (!http_query(request, "person_id", person, sizeof person)) {
        http_fail(request, 400, "missing query parameter person_id");
        return;
    }
    sj_reply_object(json, NULL);
    sj_reply_string(json, "person_id", person);
    sj_reply_format(json, "expire_time", "%u-12-31T23:59:59",
                    request->sim->universe.date / 10000 + 1);
    sj_reply_end_object(json);
}
