#include "app/deciding.h"

#include "base/clock.h"

#include "base/log.h"
#include "gateway/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static sj_rc fail(char *error, sj_rc rc, const char *format,
                                                        ...)
{
    va_list args;
    va_start(args, format);
    sj_rc_explain(error, SJ_DECIDING_ERROR_MAX, rc, format, args);
    va_end(args);
    return rc;
}

struct chosen {
    uint32_t ids[SJ_STRATEGY_INSTRUMENTS_MAX];
    uint32_t count;
};

static struct sj_rest_contract contract_of(const struct sj_instrument *instrument)
{
    struct sj_rest_contract contract = {.security = (enum sj_security)instrument->security,
                                        .exchange = (enum sj_exchange)instrument->exchange};
    memcpy(contract.code, instrument->code, sizeof instrument->code);
    memcpy(contract.target_code, instrument->target_code, sizeof instrument->target_code);
    return contract;
}

static sj_rc choose(struct chosen *chosen, uint32_t id)
{
    for (uint32_t i = 0; i < chosen->count; i++)
        if (chosen->ids[i] == id)
            return 0;
    if (chosen->count == SJ_STRATEGY_INSTRUMENTS_MAX)
        return -SJ_E_LIMIT;
    chosen->ids[chosen->count++] = id;
    return 0;
}

static sj_rc choose_matching(const struct sj_instruments *instruments,
                             const struct sj_selector *selector, struct chosen *chosen,
                             bool *ret_any)
{
    sj_rc rc = 0;
    *ret_any = false;
    for (uint32_t id = 1; rc >= 0 && id <= sj_instruments_id_max(instruments); id++) {
        const struct sj_instrument *instrument = sj_instruments_get(instruments, id);
        if (!instrument)
            continue;
        const struct sj_rest_contract contract = contract_of(instrument);
        if (!sj_selector_matches(selector, &contract))
            continue;
        *ret_any = true;
        /* A continuous contract (TXFR1) is traded, and its events come, as its month. */
        rc = choose(chosen, sj_instruments_traded(instruments, id));
    }
    return rc;
}

static sj_rc resolve(const struct sj_instruments *instruments,
                     const struct sj_strategy_config *config, struct chosen *chosen, char *error)
{
    const char *text = config->instruments;
    struct sj_selector selector;
    sj_rc rc;
    chosen->count = 0;
    while ((rc = sj_selector_next(&text, &selector, error)) > 0) {
        bool any;
        rc = choose_matching(instruments, &selector, chosen, &any);
        if (rc < 0)
            return fail(error, rc, "strategies.%s.instruments", config->name);
        if (!any)
            sj_log_warn("strategy",
                        "%s: no instrument of the broker.instruments is '%s'; it is not traded",
                        config->name, selector.pattern);
    }
    if (rc >= 0 && chosen->count == 0)
        return fail(error, -SJ_E_UNKNOWN,
                    "strategies.%s.instruments: none of '%s' is among broker.instruments",
                    config->name, config->instruments);
    return rc;
}

static sj_rc add_one(struct sj_decide *decide, const struct sj_instruments *instruments,
                     const struct sj_strategy_config *config, struct chosen *chosen, char *error)
{
    struct sj_strategy_param params[SJ_STRATEGY_PARAMS_MAX];
    uint32_t number;
    sj_rc rc = resolve(instruments, config, chosen, error);
    if (rc < 0)
        return rc;
    struct sj_strategy_instance instance = sj_strategy_config_instance(config, params);
    instance.instruments = chosen->ids;
    instance.instrument_count = chosen->count;
    rc = sj_decide_add(decide, &instance, error, &number);
    if (rc >= 0)
        sj_log_info("strategy", "%s: %s on %u instruments", instance.name, instance.use,
                    instance.instrument_count);
    return rc;
}

static const struct sj_strategy_config *configured(const struct sj_strategies_config *config,
                                                   const char *name)
{
    for (uint32_t i = 0; i < config->count; i++)
        if (config->list[i].enabled && strcmp(config->list[i].name, name) == 0)
            return &config->list[i];
    return NULL;
}

/* The strategy of a number, or its place. */
static sj_rc add_number(struct sj_decide *decide, const struct sj_instruments *instruments,
                        const struct sj_deciding *deciding, uint32_t number, struct chosen *chosen,
                        char *error)
{
    const char *name = deciding->names->name[number - 1];
    const struct sj_strategy_config *config = configured(&deciding->settings->strategies, name);
    uint64_t bit = UINT64_C(1) << (number - 1);
    uint32_t given;
    if (config && !(deciding->names->retired & bit))
        return add_one(decide, instruments, config, chosen, error);
    deciding->names->retired |= bit;
    return sj_decide_add_retired(decide, name, error, &given);
}

static sj_rc add_all(struct sj_decide *decide, const struct sj_instruments *instruments,
                     const struct sj_deciding *deciding, char *error)
{
    struct chosen *chosen = malloc(sizeof *chosen);
    sj_rc rc = 0;
    if (!chosen)
        return fail(error, -ENOMEM, "strategies");
    for (uint32_t i = 1; rc >= 0 && i <= deciding->names->count; i++)
        rc = add_number(decide, instruments, deciding, i, chosen, error);
    free(chosen);
    return rc;
}

sj_rc sj_deciding_bind(const struct sj_strategies_config *config, struct sj_strategy_names *names,
                       char error[SJ_DECIDING_ERROR_MAX])
{
    for (uint32_t i = 0; i < config->count; i++) {
        if (!config->list[i].enabled)
            continue;
        sj_rc rc = sj_strategy_names_bind(names, config->list[i].name);
        if (rc < 0)
            return fail(error, rc,
                        "strategies.%s: no number is left; %d names have traded, see "
                        "trading.state_dir",
                        config->list[i].name, SJ_STRATEGIES_MAX);
    }
    return 0;
}

sj_rc sj_deciding_create(const struct sj_deciding *deciding, const struct sj_decide_ops *ops,
                         struct sj_instruments *instruments, char error[SJ_DECIDING_ERROR_MAX],
                         struct sj_decide **ret_decide)
{
    const struct sj_settings *settings = deciding->settings;
    const struct sj_decide_options options = {
        .ops = ops,
        .instruments = instruments,
        .rules = deciding->rules,
        .risk = &settings->risk,
        .orders = &settings->orders,
        .account = &settings->account,
        .instrument_max = SJ_GATEWAY_TOPICS,
        .feed_loss_ns = settings->trading.feed_loss_ms * SJ_NS_PER_MS,
        .feed_loss_kills = settings->trading.feed_loss_kills,
        .kill_cancels = settings->trading.kill_cancels,
        .stop_cancels = settings->trading.stop_cancels,
        .account_ids = {settings->orders.account_stock, settings->orders.account_futures},
        .live = settings->trading.mode == SJ_TRADING_LIVE,
        .guard = deciding->guard,
        .timing = deciding->guard,
    };
    struct sj_decide *decide = NULL;
    sj_rc rc = sj_decide_create(&options, error, &decide);
    if (rc >= 0)
        rc = add_all(decide, instruments, deciding, error);
    if (rc >= 0)
        *ret_decide = decide;
    else if (decide)
        sj_decide_close(decide);
    return rc;
}
