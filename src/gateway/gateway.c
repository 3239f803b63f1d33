#include "gateway/connection.h"

#include "gateway/gateway_config.h"
#include "market/calendar.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *sj_gateway_drop_name(enum sj_gateway_drop reason)
{
    static const char *const names[SJ_DROP_COUNT] = {"ring_full", "cut"};
    return names[reason];
}

static sj_rc load_hours(struct sj_gateway *gateway, struct sj_hours *hours,
                        char error[SJ_PLAN_ERROR_MAX])
{
    const struct sj_gateway_config *config = &gateway->config;
    struct sj_market_rules *rules;
    char why[SJ_RULES_ERROR_MAX];
    sj_rc rc = sj_market_rules_load(NULL, why, &rules);
    if (rc < 0) {
        snprintf(error, SJ_PLAN_ERROR_MAX, "market rules: %s", why);
        return rc;
    }
    rc = sj_hours_load(hours, rules, (uint32_t)sj_tw_date(sj_clock_utc_ns()));
    if (rc < 0)
        snprintf(error, SJ_PLAN_ERROR_MAX, "market rules: no session of today");
    hours->always = config->calendar == SJ_CALENDAR_ALWAYS;
    hours->silence_day_ns = config->silence_day_ms * SJ_NS_PER_MS;
    hours->silence_night_ns = config->silence_night_ms * SJ_NS_PER_MS;
    if (rc >= 0)
        rc = gateway_dates(config, sj_market_holidays(rules, SJ_BOARD_FUTURES), &gateway->holidays,
                           &hours->holidays, error);
    sj_market_rules_free(rules);
    return rc;
}

static sj_rc create_connections(struct sj_gateway *gateway,
                                const struct sj_gateway_options *options,
                                const struct sj_hours *hours, char error[SJ_PLAN_ERROR_MAX])
{
    char servers[sizeof(gateway->config.servers)];
    memcpy(servers, gateway->config.servers, sizeof(servers));
    char *rest = servers;
    char *server;
    while ((server = strsep(&rest, ", \t\n"))) {
        if (server[0] == '\0')
            continue;
        uint32_t index = gateway->count;
        sj_rc rc = connection_create(gateway, index, server, options, hours,
                                     &gateway->connection[index], error);
        if (rc < 0)
            return rc;
        gateway->count++;
    }
    return 0;
}

static sj_rc create(struct sj_gateway *gateway, const struct sj_gateway_options *options,
                    char error[SJ_PLAN_ERROR_MAX])
{
    struct sj_hours hours = {0};
    gateway->config = *options->config;
    gateway->instruments = options->instruments;
    sj_rc rc = gateway_check(&gateway->config, &gateway->plan_options, error);
    if (rc >= 0)
        rc = gateway_selectors(&gateway->config, &gateway->selectors, error);
    if (rc >= 0)
        rc = load_hours(gateway, &hours, error);
    if (rc >= 0)
        rc = create_connections(gateway, options, &hours, error);
    return rc;
}

sj_rc sj_gateway_create(const struct sj_gateway_options *options, struct sj_gateway **ret_gateway,
                        char error[SJ_PLAN_ERROR_MAX])
{
    struct sj_gateway *gateway = calloc(1, sizeof(*gateway));
    snprintf(error, SJ_PLAN_ERROR_MAX, "%s", "out of memory");
    if (!gateway)
        return -ENOMEM;
    pthread_mutex_init(&gateway->lock, NULL);
    sj_rc rc = create(gateway, options, error);
    if (rc < 0) {
        sj_gateway_close(gateway);
        return rc;
    }
    error[0] = '\0';
    *ret_gateway = gateway;
    return 0;
}

void sj_gateway_close(struct sj_gateway *gateway)
{
    if (!gateway)
        return;
    for (uint32_t i = 0; i < gateway->count; i++)
        connection_close(gateway->connection[i]);
    pthread_mutex_destroy(&gateway->lock);
    free(gateway->selectors);
    free(gateway->holidays);
    free(gateway);
}

void sj_gateway_end_rings(struct sj_gateway *gateway)
{
    for (uint32_t i = 0; gateway && i < gateway->count; i++) {
        struct connection *conn = gateway->connection[i];
        conn->phase = SJ_GATEWAY_STOPPED;
        sj_bus_close(conn->bus);
        conn->bus = NULL;
    }
}

void sj_gateway_follow(struct sj_gateway *gateway, const struct sj_gateway_follower *follower)
{
    gateway->follower = *follower;
}

uint32_t sj_gateway_count(const struct sj_gateway *gateway)
{
    return gateway->count;
}

sj_rc sj_gateway_work(struct sj_gateway *gateway, uint32_t connection)
{
    return connection_work(gateway->connection[connection]);
}

void *sj_gateway_duty(struct sj_gateway *gateway, uint32_t connection)
{
    return gateway->connection[connection];
}

sj_rc sj_gateway_duty_work(void *context)
{
    return connection_work(context);
}

void sj_gateway_wait(struct sj_gateway *gateway, uint32_t connection, int timeout_ms)
{
    const struct connection *conn = gateway->connection[connection];
    struct pollfd pollers[STREAMS_MAX];
    nfds_t count = 0;
    for (uint32_t i = 0; i < conn->stream_count; i++) {
        const struct sj_stream *stream = &conn->stream[i];
        if (stream->fd < 0)
            continue;
        bool writing = stream->state == SJ_STREAM_CONNECTING || stream->state == SJ_STREAM_SENDING;
        pollers[count++] = (struct pollfd){.fd = stream->fd, .events = writing ? POLLOUT : POLLIN};
    }
    (void)poll(pollers, count, timeout_ms);
}

void sj_gateway_stop(struct sj_gateway *gateway)
{
    atomic_store_explicit(&gateway->stop, true, memory_order_release);
}

bool sj_gateway_stopped(const struct sj_gateway *gateway)
{
    for (uint32_t i = 0; i < gateway->count; i++)
        if (READ(gateway->connection[i]->counters.phase) != SJ_GATEWAY_STOPPED)
            return false;
    return true;
}

const struct sj_gateway_counters *sj_gateway_counters(const struct sj_gateway *gateway,
                                                      uint32_t connection)
{
    return &gateway->connection[connection]->counters;
}

uint32_t sj_gateway_refused_count(const struct sj_gateway *gateway)
{
    return READ(gateway->refused);
}
