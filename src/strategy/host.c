#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "market/rules.h"
#include "strategy/host_private.h"
#include "strategy/load.h"

#define ORDERS_DEFAULT 16384
#define STATE_ALIGN 64

static const struct sj_strategy_instance defaults = {
    .budget_ns = 50 * SJ_NS_PER_US,
    .hard_budget_ns = 100 * SJ_NS_PER_MS,
    .overrun_max = 1000,
    .nonsense_max = 10,
    .intents_max = 64,
    .quantity_max = 1000000,
};

const char *sj_nonsense_name(enum sj_nonsense nonsense)
{
    static const char *const names[] = {
#define X(name, text) text,
        SJ_NONSENSE_TABLE(X)
#undef X
    };
    return nonsense < SJ_NONSENSE_COUNT ? names[nonsense] : "";
}

static sj_rc reserve(struct sj_strategies *s, uint32_t order_max)
{
    size_t slots = s->instrument_max + 1u;
    s->takers = calloc(slots, sizeof *s->takers);
    s->tops = malloc(slots * sizeof *s->tops);
    s->bands = calloc(slots, sizeof *s->bands);
    s->queue = calloc(QUEUE_COUNT, sizeof *s->queue);
    if (!s->takers || !s->tops || !s->bands || !s->queue)
        return -ENOMEM;
    for (size_t i = 0; i < slots; i++)
        s->tops[i] =
            (struct sj_top){.bid_e6 = SJ_NULL_E6, .ask_e6 = SJ_NULL_E6, .last_e6 = SJ_NULL_E6};
    return sj_intent_table_init(&s->intents, order_max ? order_max : ORDERS_DEFAULT);
}

sj_rc sj_strategies_create(const struct sj_strategies_options *options,
                           struct sj_strategies **ret_strategies)
{
    SJ_ASSERT(options->ops && options->ops->intent && options->ops->control);
    struct sj_strategies *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    s->ops = *options->ops;
    s->api = sj_host_api();
    s->instruments = options->instruments;
    s->rules = options->rules;
    s->date = options->date;
    s->instrument_max = options->instrument_max ? options->instrument_max : SJ_INSTRUMENTS_MAX;
    s->live = options->live;
    s->timed = options->timing || options->guard;
    s->next_timer_ns = INT64_MAX;
    sj_rc rc = reserve(s, options->order_max);
    if (rc >= 0 && !s->rules) {
        char error[SJ_RULES_ERROR_MAX];
        rc = sj_market_rules_load(NULL, error, &s->own_rules);
        s->rules = s->own_rules;
    }
    if (rc >= 0 && options->guard)
        rc = sj_guard_create(defaults.hard_budget_ns, &s->guard);
    if (rc < 0) {
        sj_strategies_close(s);
        return rc;
    }
    s->ns_per_cycle = s->timed ? sj_guard_ns_per_cycle() : 1;
    *ret_strategies = s;
    return 0;
}

static void free_host(struct sj_strategy_host *host)
{
    if (!host)
        return;
    free(host->state);
    free(host->positions);
    free(host->hist);
    free(host->instruments);
    sj_strategy_unload(host->library);
    free(host);
}

void sj_strategies_close(struct sj_strategies *s)
{
    if (!s)
        return;
    sj_guard_close(s->guard);
    for (uint32_t i = 0; i < s->count; i++)
        free_host(s->hosts[i]);
    sj_intent_table_done(&s->intents);
    sj_market_rules_free(s->own_rules);
    free(s->takers);
    free(s->tops);
    free(s->bands);
    free(s->queue);
    free(s);
}

/* Begins the line of an error: whose it is. */
__attribute__((format(printf, 4, 5))) static sj_rc fail(char error[SJ_STRATEGIES_ERROR_MAX],
                                                        const char *name, sj_rc rc,
                                                        const char *format, ...)
{
    char what[SJ_STRATEGIES_ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(error, SJ_STRATEGIES_ERROR_MAX, "strategies.%.23s: %.280s", name, what);
    return rc;
}

static sj_rc check_instance(const struct sj_strategies *s,
                            const struct sj_strategy_instance *instance,
                            char error[SJ_STRATEGIES_ERROR_MAX])
{
    const char *name = instance->name ? instance->name : "";
    size_t length = strlen(name);
    if (length == 0 || length >= SJ_STRATEGY_NAME_MAX)
        return fail(error, name, -SJ_E_LIMIT, "a name has 1 .. %d bytes", SJ_STRATEGY_NAME_MAX - 1);
    if (sj_strategies_find(s, name))
        return fail(error, name, -SJ_E_MALFORMED, "there are two of that name; rename one");
    if (s->count == SJ_STRATEGIES_MAX)
        return fail(error, name, -SJ_E_LIMIT, "there are %d strategies already; no more fit",
                    SJ_STRATEGIES_MAX);
    if (!instance->plugin && (!instance->use || !*instance->use))
        return fail(error, name, -SJ_E_MALFORMED,
                    "use must name a built-in or the path of a shared object");
    if (instance->instrument_count > SJ_STRATEGY_INSTRUMENTS_MAX)
        return fail(error, name, -SJ_E_LIMIT, "%u instruments; at most %d are allowed",
                    instance->instrument_count, SJ_STRATEGY_INSTRUMENTS_MAX);
    for (uint32_t i = 0; i < instance->instrument_count; i++)
        if (instance->instruments[i] > s->instrument_max ||
            !sj_instruments_get(s->instruments, instance->instruments[i]))
            return fail(error, name, -SJ_E_UNKNOWN, "there is no instrument %u",
                        instance->instruments[i]);
    return 0;
}

static void set_limits(struct sj_strategy_host *host, const struct sj_strategy_instance *instance)
{
#define LIMIT(field) (instance->field ? instance->field : defaults.field)
    int64_t budget_ns = LIMIT(budget_ns);
    host->budget_cycles = (uint64_t)((double)budget_ns / host->owner->ns_per_cycle);
    host->hard_budget_ns = LIMIT(hard_budget_ns);
    host->overrun_max = LIMIT(overrun_max);
    host->nonsense_max = LIMIT(nonsense_max);
    host->intents_max = LIMIT(intents_max);
    host->quantity_max = LIMIT(quantity_max);
#undef LIMIT
    if (host->owner->guard)
        sj_guard_watch_closer(host->owner->guard, host->hard_budget_ns);
}

static sj_rc reserve_host(struct sj_strategy_host *host,
                          const struct sj_strategy_instance *instance)
{
    size_t state_size = (host->plugin->state_size + STATE_ALIGN - 1) & ~(size_t)(STATE_ALIGN - 1);
    uint32_t count = instance->instrument_count;
    host->state = aligned_alloc(STATE_ALIGN, state_size);
    host->positions = calloc(host->owner->instrument_max + 1u, sizeof *host->positions);
    host->hist = calloc(1, sizeof *host->hist);
    host->instruments = calloc(count ? count : 1, sizeof *host->instruments);
    if (!host->state || !host->positions || !host->hist || !host->instruments)
        return -ENOMEM;
    memset(host->state, 0, state_size); /* touched now, not in the first call */
    if (count)
        memcpy(host->instruments, instance->instruments, count * sizeof *host->instruments);
    host->instrument_count = count;
    return 0;
}

struct init_call {
    struct sj_strategy_host *host;
    const struct sj_strategy_init *init;
    char *why;
    sj_rc rc;
};

static void call_init(void *argument)
{
    struct init_call *call = argument;
    call->rc = call->host->plugin->init(call->host->state, call->init, call->why);
}

sj_rc sj_host_init_state(struct sj_strategy_host *host, char error[SJ_STRATEGIES_ERROR_MAX])
{
    struct sj_strategies *s = host->owner;
    char why[SJ_STRATEGY_ERROR_MAX] = "";
    struct sj_strategy_init init = {.host = host,
                                    .api = &s->api,
                                    .name = host->name,
                                    .strategy = host->number,
                                    .instrument_count = host->instrument_count,
                                    .instruments = host->instruments,
                                    .params = host->params.list,
                                    .param_count = host->params.count,
                                    .live = s->live};
    struct init_call call = {host, &init, why, 0};
    memset(host->state, 0, host->plugin->state_size);
    sj_host_set_timer(host, INT64_MAX);
    host->lot_class = LOT_ANY;
    host->in_init = true;
    bool returned = sj_host_guarded(host, call_init, &call);
    host->in_init = false;
    s->doomed &= ~sj_host_bit(host);
    why[sizeof why - 1] = 0;
    if (!returned)
        return fail(error, host->name, -SJ_E_REFUSED, "init: %s", host->reason);
    if (call.rc < 0)
        return fail(error, host->name, call.rc, "%s", why[0] ? why : sj_rc_text(call.rc));
    return 0;
}

static void subscribe(struct sj_strategies *s, struct sj_strategy_host *host)
{
    for (uint32_t type = 0; type < 64; type++)
        if (host->plugin->events >> type & 1)
            s->wants[type] |= sj_host_bit(host);
    for (uint32_t i = 0; i < host->instrument_count; i++)
        s->takers[host->instruments[i]] |= sj_host_bit(host);
    host->armed = true;
    s->armed |= sj_host_bit(host);
}

static sj_rc read_process(struct sj_strategy_host *host, char error[SJ_STRATEGIES_ERROR_MAX])
{
    char why[SJ_PARAM_WHY_MAX] = "";
    struct sj_strategy_process process;
    if (host->plugin != &sj_strategy_in_process)
        return 0;
    sj_rc rc = sj_strategy_process_read(&host->params, host->name, &process, why);
    if (rc < 0)
        return fail(error, host->name, rc, "%s", why);
    uint32_t other = sj_strategies_of_source(host->owner, process.src);
    if (other)
        return fail(error, host->name, -SJ_E_MALFORMED, "source %u is %s's already; choose another",
                    process.src, host->owner->hosts[other - 1]->name);
    host->process = process;
    return 0;
}

/* All that can fail once there is a plug-in. */
static sj_rc prepare(struct sj_strategy_host *host, const struct sj_strategy_instance *instance,
                     char error[SJ_STRATEGIES_ERROR_MAX])
{
    char why[SJ_PARAM_WHY_MAX] = "";
    sj_rc rc =
        sj_params_check(host->plugin, instance->params, instance->param_count, &host->params, why);
    if (rc < 0)
        return fail(error, host->name, rc, "%s", why);
    rc = read_process(host, error);
    if (rc < 0)
        return rc;
    rc = reserve_host(host, instance);
    if (rc < 0)
        return fail(error, host->name, rc, "no memory for its state of %zu bytes",
                    host->plugin->state_size);
    set_limits(host, instance);
    return sj_host_init_state(host, error);
}

sj_rc sj_strategies_add(struct sj_strategies *s, const struct sj_strategy_instance *instance,
                        int64_t now_ns, char error[SJ_STRATEGIES_ERROR_MAX], uint32_t *ret_strategy)
{
    char why[SJ_STRATEGIES_ERROR_MAX] = "";
    SJ_ASSERT(!s->busy);
    s->now_ns = now_ns;
    sj_rc rc = check_instance(s, instance, error);
    if (rc < 0)
        return rc;
    struct sj_strategy_host *host = calloc(1, sizeof *host);
    if (!host)
        return fail(error, instance->name, -ENOMEM, "no memory");
    host->owner = s;
    host->number = s->count + 1;
    host->timer_ns = INT64_MAX;
    snprintf(host->name, sizeof host->name, "%s", instance->name);
    host->plugin = instance->plugin;
    if (host->plugin)
        rc = sj_strategy_check(host->plugin, why, sizeof why);
    else
        rc = sj_strategy_load(instance->use, s->guard, &host->plugin, &host->library, why,
                              sizeof why);
    if (rc < 0) {
        free_host(host);
        return fail(error, instance->name, rc, "use: %s", why);
    }
    s->hosts[s->count++] = host;
    rc = prepare(host, instance, error);
    if (rc < 0) {
        s->count--;
        free_host(host);
        return rc;
    }
    subscribe(s, host);
    *ret_strategy = host->number;
    return 0;
}

bool sj_host_keep(struct sj_strategy_host *host, uint32_t instrument)
{
    if (host->owner->takers[instrument] & sj_host_bit(host))
        return true;
    for (uint32_t i = 0; i < host->kept_count; i++)
        if (host->kept[i] == instrument)
            return true;
    if (host->kept_count == KEPT_MAX)
        return false;
    host->kept[host->kept_count++] = instrument;
    return true;
}

uint32_t sj_strategies_count(const struct sj_strategies *s)
{
    return s->count;
}

uint32_t sj_strategies_find(const struct sj_strategies *s, const char *name)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (strcmp(s->hosts[i]->name, name) == 0)
            return i + 1;
    return 0;
}

/* Armed; and the process of one that has its own has greeted. */
static bool is_there(const struct sj_strategy_host *host)
{
    return host->armed && (host->process.src == 0 || host->greeted);
}

sj_rc sj_strategies_status(const struct sj_strategies *s, uint32_t strategy,
                           struct sj_strategy_status *ret_status)
{
    const struct sj_strategy_host *host = sj_host_get(s, strategy);
    if (!host)
        return -SJ_E_UNKNOWN;
    *ret_status = (struct sj_strategy_status){.name = host->name,
                                              .plugin = host->plugin->name,
                                              .armed = is_there(host),
                                              .retired = host->retired,
                                              .disarmed_by = host->disarmed_by,
                                              .event_count = host->event_count,
                                              .intent_count = host->intent_count,
                                              .refused_count = host->refused_count,
                                              .order_count = host->order_count,
                                              .fill_count = host->fill_count,
                                              .overrun_count = host->overrun_count,
                                              .report_lost_count = host->report_lost_count,
                                              .event_hist = host->hist};
    memcpy(ret_status->reason, host->reason, sizeof ret_status->reason);
    memcpy(ret_status->nonsense_count, host->nonsense_count, sizeof host->nonsense_count);
    return 0;
}

sj_rc sj_strategies_stats(const struct sj_strategies *s, uint32_t strategy, int64_t now_ns,
                          struct sj_strategy_stats *ret_stats)
{
    const struct sj_strategy_host *host = sj_host_get(s, strategy);
    struct sj_hist_summary times;
    if (!host)
        return -SJ_E_UNKNOWN;
    sj_hist_summarise(host->hist, &times);
    *ret_stats = (struct sj_strategy_stats){.strategy = strategy,
                                            .exch_ns = now_ns,
                                            .recv_ns = now_ns,
                                            .armed = is_there(host),
                                            .event_count = host->event_count,
                                            .intent_count = host->intent_count,
                                            .refused_count = host->refused_count,
                                            .order_count = host->order_count,
                                            .fill_count = host->fill_count,
                                            .overrun_count = host->overrun_count,
                                            .p50_ns = times.p50,
                                            .p90_ns = times.p90,
                                            .p99_ns = times.p99,
                                            .p999_ns = times.p999,
                                            .max_ns = times.max};
    memcpy(ret_stats->name, host->name, strlen(host->name));
    sj_frame_head(ret_stats, SJ_EVENT_STATS, sizeof *ret_stats);
    return 0;
}

bool sj_strategies_trades(const struct sj_strategies *s, uint32_t instrument)
{
    return instrument <= s->instrument_max && s->takers[instrument] != 0;
}

int64_t sj_strategies_position(const struct sj_strategies *s, uint32_t strategy,
                               uint32_t instrument)
{
    const struct sj_strategy_host *host = sj_host_get(s, strategy);
    return host && instrument <= s->instrument_max ? host->positions[instrument] : 0;
}

const struct sj_top *sj_strategies_top(const struct sj_strategies *s, uint32_t instrument)
{
    return &s->tops[instrument <= s->instrument_max ? instrument : 0];
}

void sj_strategies_set_top(struct sj_strategies *s, uint32_t instrument, const struct sj_top *top)
{
    if (instrument != 0 && instrument <= s->instrument_max)
        s->tops[instrument] = *top;
}

uint32_t sj_strategies_open_orders(const struct sj_strategies *s, uint32_t strategy,
                                   uint64_t *ret_intents, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->intents.capacity; i++) {
        const struct sj_intent_entry *entry = &s->intents.entries[i];
        if (entry->strategy != strategy || !sj_intent_entry_open(entry))
            continue;
        if (count < max)
            ret_intents[count] = entry->intent_id;
        count++;
    }
    return count;
}
