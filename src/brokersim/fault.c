#include "brokersim/fault.h"

#include "base/clock.h"
#include "brokersim/desk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RESTART_MS_MAX 3600000u

static const char *const NAMES[FAULT_KINDS] = {
#define X(suffix, name, text) name,
    FAULT_TABLE(X)
#undef X
};

sj_rc fault_init(struct server *server, uint64_t seed)
{
    server->faults = calloc(1, sizeof *server->faults);
    if (!server->faults)
        return -ENOMEM;
    sj_rng_init(&server->faults->rng, seed);
    return 0;
}

void fault_done(struct server *server)
{
    free(server->faults);
    server->faults = NULL;
}

sj_rc fault_kind(const char *name)
{
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        if (strcmp(name, NAMES[kind]) == 0)
            return kind;
    return -SJ_E_UNKNOWN;
}

const char *fault_name(enum fault_kind kind)
{
    return NAMES[kind];
}

static void disarm(struct fault_set *set, enum fault_kind kind)
{
    set->fault[kind].active = false;
    set->active &= ~(1u << kind);
}

/* Faults that act on the streams open at this moment. */
static void act_on_streams(struct server *server, enum fault_kind kind, uint64_t value)
{
    for (uint32_t i = server->stream_count; i-- > 0;) {
        struct connection *conn = server->streams[i];
        if (kind == FAULT_CLOSE) {
            conn_close(conn);
        } else if (kind == FAULT_STALL) {
            conn->hold_until_ns = server->sim->now_ns + (int64_t)value * SJ_NS_PER_MS;
        } else {
            conn->slow_bytes_per_s = value;
            conn->slow_ns = server->sim->now_ns;
        }
    }
}

void fault_arm(struct server *server, enum fault_kind kind, const struct fault *fault)
{
    struct fault_set *set = server->faults;
    if (kind == FAULT_SILENT) {
        server_drop_subscriptions(server);
        server->last_maintenance_ns = server->sim->utc_ns;
    } else if (kind == FAULT_CLOSE || kind == FAULT_STALL || kind == FAULT_SLOW) {
        act_on_streams(server, kind, fault->value);
    } else if (kind == FAULT_FORGET) {
        desk_forget(server);
    } else if (kind == FAULT_RESTART) {
        server->restart_ms =
            fault->value < RESTART_MS_MAX ? (uint32_t)fault->value : RESTART_MS_MAX;
        server->restarts = true;
    } else {
        set->fault[kind] = *fault;
        set->fault[kind].active = true;
        set->active |= 1u << kind;
    }
}

void fault_disarm(struct server *server, enum fault_kind kind)
{
    disarm(server->faults, kind);
}

void fault_clear(struct server *server)
{
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        disarm(server->faults, (enum fault_kind)kind);
    for (uint32_t i = 0; i < server->stream_count; i++) {
        server->streams[i]->slow_bytes_per_s = 0;
        server->streams[i]->hold_until_ns = 0;
        conn_mark_dirty(server->streams[i]);
    }
}

bool fault_hits(struct server *server, enum fault_kind kind)
{
    struct fault_set *set = server->faults;
    struct fault *fault = &set->fault[kind];
    if (!(set->active & 1u << kind))
        return false;
    if (server->sim->now_ns >= fault->until_ns || fault->left == 0) {
        disarm(set, kind);
        return false;
    }
    if (fault->rate < 1 && sj_rng_real(&set->rng) >= fault->rate)
        return false;
    if (fault->left != UINT64_MAX)
        fault->left--;
    return true;
}

const char *fault_refuses(struct server *server)
{
    if (!fault_hits(server, FAULT_REFUSE))
        return NULL;
    const char *message = server->faults->fault[FAULT_REFUSE].message;
    return *message ? message : "Service Unavailable: the client is banned for a minute";
}

/* One "key=value". */
static bool set_value(struct fault *fault, const char *word, int64_t now_ns)
{
    const char *equal = strchr(word, '=');
    if (!equal)
        return false;
    char *end;
    double value = strtod(equal + 1, &end);
    if (end == equal + 1 || *end != 0 || !(value >= 0) || value > 1e12)
        return false;
    if (strncmp(word, "rate=", 5) == 0)
        fault->rate = value;
    else if (strncmp(word, "count=", 6) == 0)
        fault->left = (uint64_t)value;
    else if (strncmp(word, "ms=", 3) == 0 || strncmp(word, "bytes=", 6) == 0)
        fault->value = (uint64_t)value;
    else if (strncmp(word, "for_ms=", 7) == 0)
        fault->until_ns = now_ns + (int64_t)value * SJ_NS_PER_MS;
    else
        return false;
    return true;
}

static sj_rc parse_one(struct sj_brokersim *sim, char *text, char *error)
{
    struct fault fault = {.rate = 1, .left = UINT64_MAX, .until_ns = INT64_MAX};
    char *state;
    const char *name = strtok_r(text, ",", &state);
    sj_rc kind = name ? fault_kind(name) : -SJ_E_UNKNOWN;
    if (kind < 0) {
        snprintf(error, SJ_SIM_MESSAGE_MAX, "no fault is called `%.32s`; see --help",
                 name ? name : "");
        return kind;
    }
    for (char *word; (word = strtok_r(NULL, ",", &state));)
        if (!set_value(&fault, word, sim->now_ns)) {
            snprintf(error, SJ_SIM_MESSAGE_MAX,
                     "fault %s: `%.32s` is none of rate=, count=, ms=, bytes=, for_ms=", name,
                     word);
            return -SJ_E_MALFORMED;
        }
    for (uint32_t i = 0; i < sim->server_count; i++)
        fault_arm(&sim->servers[i], (enum fault_kind)kind, &fault);
    return 0;
}

sj_rc fault_parse(struct sj_brokersim *sim, const char *text, char error[SJ_SIM_MESSAGE_MAX])
{
    char *copy = strdup(text), *state;
    sj_rc rc = copy ? 0 : -ENOMEM;
    for (char *one = copy ? strtok_r(copy, ";", &state) : NULL; one && rc >= 0;
         one = strtok_r(NULL, ";", &state))
        rc = parse_one(sim, one, error);
    free(copy);
    return rc;
}
