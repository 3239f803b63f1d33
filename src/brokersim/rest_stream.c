/* /stream/...: subscriptions, stream opening, status. */
#include "brokersim/body.h"
#include "brokersim/fault.h"
#include "brokersim/route.h"
#include "brokersim/server.h"

#include <stdio.h>
#include <string.h>

#define CHANNELS_ALL ((1u << SJ_CHANNEL_COUNT) - 2)

static void answer_subscription(struct request *request, const json_t *body, bool subscribe)
{
    struct sj_reply *json = &request->answer;
    sj_reply_object(json, NULL);
    sj_reply_bool(json, "success", true);
    sj_reply_string(json, "message",
                    subscribe ? "Subscribed successfully" : "Unsubscribed successfully");
    char *echo = json_dumps(body, JSON_COMPACT);
    if (echo)
        sj_reply_raw(json, "subscription", echo, strlen(echo));
    free(echo);
    sj_reply_end_object(json);
}

/* The topic kind of a quote_type, or TOPIC_KINDS. */
static enum topic_kind topic_kind(const char *quote_type)
{
    static const char *const names[TOPIC_KINDS] = {"Tick", "BidAsk", "Quote"};
    for (int kind = 0; kind < TOPIC_KINDS; kind++)
        if (strcasecmp(quote_type, names[kind]) == 0)
            return (enum topic_kind)kind;
    return TOPIC_KINDS;
}

static void set_topic(struct request *request, uint32_t feed, enum topic_kind kind, bool subscribe)
{
    struct server *server = request->server;
    struct sj_brokersim *sim = request->sim;
    uint8_t *mask = &sim->subscriptions[(size_t)feed * SJ_SIM_SERVERS_MAX + server->index];
    uint8_t bit = (uint8_t)(1 << kind);
    if (subscribe && !(*mask & bit)) {
        *mask |= bit;
        server->subscription_count++;
        sim->source->ops->activate(sim->source, feed);
    } else if (!subscribe && (*mask & bit)) {
        *mask &= (uint8_t)~bit;
        server->subscription_count--;
    }
}

/* Subscribes or unsubscribes one contract. False: answered with an error. */
static bool apply_contract(struct request *request, const json_t *contract, enum topic_kind kind,
                           bool odd, bool subscribe)
{
    struct sj_brokersim *sim = request->sim;
    uint32_t limit = sim->options.subscription_max;
    uint32_t found = body_contract(request, contract);
    if (found == SJ_SIM_NONE)
        return false;
    const struct sj_sim_instrument *one = &sim->universe.list[found];
    if (one->target != SJ_SIM_NONE) {
        /* A continuous contract without the right target_code: accepted, and silent. */
        const char *target = body_text(contract, "target_code", "");
        if (strcmp(target, sim->universe.list[one->target].code) != 0)
            return true;
        found = one->target;
    }
    if (odd && one->security != SJ_SECURITY_STK) {
        http_fail(request, 400, "intraday_odd is for stocks only");
        return false;
    }
    uint32_t feed = odd ? found + sim->universe.count : found;
    uint8_t mask = sim->subscriptions[(size_t)feed * SJ_SIM_SERVERS_MAX + request->server->index];
    if (subscribe && !(mask & 1 << kind) && limit > 0 &&
        request->server->subscription_count >= limit) {
        char text[96];
        snprintf(text, sizeof text, "Subscription limit reached: at most %u subscriptions", limit);
        http_fail(request, 400, text);
        return false;
    }
    set_topic(request, feed, kind, subscribe);
    return true;
}

static void change_subscription(struct request *request, bool subscribe)
{
    json_t *body = body_parse(request);
    if (!body)
        return;
    const char *type = body_text(body, "quote_type", NULL);
    enum topic_kind kind = type ? topic_kind(type) : TOPIC_KINDS;
    bool odd = json_is_true(json_object_get(body, "intraday_odd"));
    const json_t *legs = json_object_get(json_object_get(body, "contract"), "legs");
    bool applied = true;
    if (kind == TOPIC_KINDS) {
        http_fail(request, 400, "quote_type must be Tick, BidAsk or Quote");
        applied = false;
    } else if (json_is_array(legs)) {
        for (size_t i = 0; i < json_array_size(legs) && i < 8 && applied; i++)
            applied = apply_contract(request, json_array_get(legs, i), kind, false, subscribe);
    } else {
        applied = apply_contract(request, body, kind, odd, subscribe);
    }
    if (applied)
        answer_subscription(request, body, subscribe);
    json_decref(body);
}

void server_drop_subscriptions(struct server *server)
{
    uint32_t feeds = 2 * server->sim->universe.count;
    for (uint32_t feed = 0; feed < feeds; feed++)
        server->sim->subscriptions[(size_t)feed * SJ_SIM_SERVERS_MAX + server->index] = 0;
    server->subscription_count = 0;
}

/* All channels, or the one the path names. */
void rest_stream_data(struct request *request)
{
    const char *name = request->parameter;
    uint32_t channels = 0;
    if (*name == 0)
        channels = CHANNELS_ALL;
    for (int i = SJ_CHANNEL_TICK_STK; i < SJ_CHANNEL_COUNT && *name; i++)
        if (strcmp(name, sj_sim_channel_name((enum sj_channel)i)) == 0)
            channels = 1u << i;
    if (channels == 0)
        http_fail(request, 404, "Not Found");
    else
        stream_begin(request, channels);
}

void rest_stream_status(struct request *request)
{
    struct sj_reply *json = &request->answer;
    sj_reply_object(json, NULL);
    sj_reply_int(json, "active_connections", request->server->stream_count);
    put_utc(json, "timestamp", request->sim->utc_ns);
    sj_reply_string(json, "status", "healthy");
    sj_reply_end_object(json);
}

void rest_subscribe(struct request *request)
{
    change_subscription(request, true);
}

void rest_unsubscribe(struct request *request)
{
    change_subscription(request, false);
}

void rest_receivers(struct request *request)
{
    sj_reply_string(&request->answer, NULL, "receivers available");
}
