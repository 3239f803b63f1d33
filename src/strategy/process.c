/* A strategy in its own process: its parameters, and what it asks for. Whoever writes its ring is
 * not trusted: nothing of an event is used before it was checked. */
#include "strategy/process.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "strategy/builtin.h"
#include "strategy/host_private.h"

/* A greeting is answered with all that is open; one that greets without end gets no more. */
#define GREET_EVERY_NS (100 * SJ_NS_PER_MS)

enum { PARAM_SOURCE, PARAM_RING, PARAM_SILENCE, PARAM_AGE, PARAM_ON_END, PARAM_COUNT };

static const struct sj_strategy_param_info params[PARAM_COUNT] = {
    [PARAM_SOURCE] = {"source", "", NULL, "number of its ring's events in the journal, its own",
                      SJ_PARAM_INTEGER, 0, SJ_SRC_USER, 63},
    [PARAM_RING] = {"ring", "", "", "the ring it writes; empty: the strategy's name", SJ_PARAM_TEXT,
                    0, 0, 0},
    [PARAM_SILENCE] = {"silence", "", "2s", "without a sign of life for so long it has ended",
                       SJ_PARAM_DURATION, 0, 0.1, 3600},
    [PARAM_AGE] = {"age", "", "1s", "a new order that waited longer in the ring is not sent",
                   SJ_PARAM_DURATION, 0, 0.001, 3600},
    [PARAM_ON_END] = {"on_end", "", "cancel", "its orders when it ends: cancel, or keep",
                      SJ_PARAM_TEXT, 0, 0, 0},
};

struct none {
    uint64_t unused;
};

static sj_rc none_init(void *state, const struct sj_strategy_init *init,
                       char error[SJ_STRATEGY_ERROR_MAX])
{
    (void)state;
    if (init->instrument_count > 0)
        return 0;
    snprintf(error, SJ_STRATEGY_ERROR_MAX, "instruments: it has none");
    return -SJ_E_RANGE;
}

const struct sj_strategy_plugin sj_strategy_in_process = {
    .abi = SJ_STRATEGY_ABI,
    .size = sizeof(struct sj_strategy_plugin),
    .name = "process",
    .text = "runs in a process of its own (Python: shijim.Strategy) and asks by its ring",
    .params = params,
    .param_count = PARAM_COUNT,
    .state_version = 1,
    .state_size = sizeof(struct none),
    .init = none_init,
    .on_event = sj_host_see_nothing,
    .on_order = sj_host_hear_nothing,
    .on_timer = sj_host_wait_for_nothing,
};

/* --- parameters --- */

static bool is_ring_name(const char *name)
{
    return *name && *name != '.' && strlen(name) < SJ_STRATEGY_RING_MAX && !strchr(name, '/') &&
           strcmp(name, "strategy") != 0 && strcmp(name, "account") != 0 &&
           strncmp(name, "gateway", 7) != 0;
}

sj_rc sj_strategy_process_read(const struct sj_params *given, const char *name,
                               struct sj_strategy_process *ret_process, char why[SJ_PARAM_WHY_MAX])
{
    const char *on_end = given->list[PARAM_ON_END].value;
    const char *ring = given->list[PARAM_RING].value;
    struct sj_strategy_process process = {
        .src = (uint32_t)given->list[PARAM_SOURCE].number,
        .silence_ns = given->list[PARAM_SILENCE].number,
        .age_ns = given->list[PARAM_AGE].number,
        .keeps = strcmp(on_end, "keep") == 0,
    };
    if (!process.keeps && strcmp(on_end, "cancel") != 0) {
        snprintf(why, SJ_PARAM_WHY_MAX, "on_end is cancel or keep, not \"%.20s\"", on_end);
        return -SJ_E_MALFORMED;
    }
    if (!*ring)
        ring = name;
    if (!is_ring_name(ring)) {
        snprintf(why, SJ_PARAM_WHY_MAX,
                 "ring: \"%.40s\" cannot be its own: 1 .. %d bytes without '/', and none of "
                 "shijim's (gateway*, strategy, account)",
                 ring, SJ_STRATEGY_RING_MAX - 1);
        return -SJ_E_MALFORMED;
    }
    snprintf(process.ring, sizeof process.ring, "%s", ring);
    *ret_process = process;
    return 0;
}

sj_rc sj_strategy_config_process(const struct sj_strategy_config *config,
                                 struct sj_strategy_process *ret_process,
                                 char why[SJ_PARAM_WHY_MAX])
{
    struct sj_strategy_param given[SJ_STRATEGY_PARAMS_MAX];
    struct sj_params checked;
    if (strcmp(config->use, sj_strategy_in_process.name) != 0) {
        *ret_process = (struct sj_strategy_process){0};
        return 0;
    }
    (void)sj_strategy_config_instance(config, given);
    sj_rc rc = sj_params_check(&sj_strategy_in_process, given, config->param_count, &checked, why);
    return rc < 0 ? rc : sj_strategy_process_read(&checked, config->name, ret_process, why);
}

/* --- what it asks for --- */

void sj_host_answer(struct sj_strategy_host *host, const char *why, int64_t value)
{
    struct sj_strategies *s = host->owner;
    struct sj_verdict verdict = {
        .exch_ns = s->now_ns,
        .recv_ns = s->now_ns,
        .strategy = host->number,
        .value = value,
        .limit = SJ_NULL_I64,
        .origin_seq = host->origin_seq,
        .origin_src = host->process.src,
    };
    sj_frame_head(&verdict, SJ_EVENT_VERDICT, sizeof verdict);
    snprintf(verdict.check_name, sizeof verdict.check_name, "%s", why);
    host->answered = true;
    host->refused_count++;
    if (s->ops.refused)
        s->ops.refused(s->ops.context, &verdict);
}

static uint64_t place(struct sj_strategy_host *host, const struct sj_intent *request)
{
    const struct sj_strategy_order order = {.instrument = request->instrument,
                                            .quantity = request->quantity,
                                            .price_e6 = request->price_e6,
                                            .side = request->side,
                                            .price_type = request->price_type,
                                            .time_in_force = request->time_in_force,
                                            .cond = request->order_cond,
                                            .lot = request->order_lot,
                                            .octype = request->octype};
    int64_t now_ns = host->owner->now_ns;
    if (request->exch_ns < now_ns - host->process.age_ns) {
        sj_host_answer(host, "too_old", request->exch_ns);
        return 0;
    }
    return sj_host_place(host, &order);
}

static void take(struct sj_strategy_host *host, const struct sj_intent *request)
{
    uint64_t id = 0;
    if (!host->armed || !host->greeted) {
        sj_host_answer(host, host->armed ? "not_greeted" : "disarmed", 0);
        return;
    }
    if (request->strategy != 0 && request->strategy != host->number) {
        sj_host_refuse(host, SJ_NONSENSE_FOREIGN_STRATEGY, request->strategy);
        return;
    }
    switch (request->kind) {
    case SJ_INTENT_PLACE:
        id = place(host, request);
        break;
    case SJ_INTENT_CANCEL:
        id = sj_host_cancel(host, request->target_id);
        break;
    case SJ_INTENT_PRICE:
        id = sj_host_change_price(host, request->target_id, request->price_e6);
        break;
    case SJ_INTENT_QUANTITY:
        id = sj_host_change_quantity(host, request->target_id, request->quantity);
        break;
    default:
        sj_host_refuse(host, SJ_NONSENSE_BAD_KIND, request->kind);
        break;
    }
    if (id == 0 && !host->answered)
        sj_host_answer(host, request->kind == SJ_INTENT_PLACE ? "not_written" : "order_ended", 0);
}

void sj_strategies_request(struct sj_strategies *s, uint32_t strategy,
                           const struct sj_intent *request, int64_t now_ns)
{
    struct sj_strategy_host *host = sj_host_get(s, strategy);
    if (!host || host->process.src == 0)
        return;
    sj_host_begin_turn(s, now_ns);
    host->event_count++;
    host->origin_seq = request->seq;
    host->answered = false;
    s->calling = host;
    take(host, request);
    s->calling = NULL;
    host->origin_seq = 0; /* what follows by itself (cancels) was not asked for */
    sj_host_end_turn(s);
}

sj_rc sj_strategies_greet(struct sj_strategies *s, uint32_t strategy, int64_t now_ns,
                          char error[SJ_STRATEGIES_ERROR_MAX])
{
    struct sj_strategy_host *host = sj_host_get(s, strategy);
    if (!host || host->process.src == 0) {
        snprintf(error, SJ_STRATEGIES_ERROR_MAX, "no strategy of a process of its own");
        return -SJ_E_UNKNOWN;
    }
    if (host->greet_ns != 0 && now_ns < host->greet_ns + GREET_EVERY_NS) {
        snprintf(error, SJ_STRATEGIES_ERROR_MAX, "it greets too often");
        return -SJ_E_LIMIT;
    }
    host->greet_ns = now_ns;
    if (!host->armed && host->disarmed_by != SJ_CONTROL_BY_DEAD_MAN) {
        snprintf(error, SJ_STRATEGIES_ERROR_MAX, "it was disarmed: %s", host->reason);
        return -SJ_E_REFUSED;
    }
    sj_rc rc = sj_strategies_arm(s, strategy, now_ns, error);
    host->greeted = rc >= 0;
    return rc;
}

uint32_t sj_strategies_of_source(const struct sj_strategies *s, uint32_t src)
{
    for (uint32_t i = 0; src != 0 && i < s->count; i++)
        if (s->hosts[i]->process.src == src)
            return i + 1;
    return 0;
}
