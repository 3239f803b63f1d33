/* From the section `strategies` to running strategies: which instruments each selector means. */
#include "app/trader_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A continuous contract (TXFR1) is traded, and its events come, as the month it stands for. */
static uint32_t traded_id(const struct sj_trader *trader, const struct sj_instrument *instrument)
{
    size_t size = strnlen(instrument->target_code, sizeof instrument->target_code);
    uint32_t id =
        size ? sj_instruments_find(trader->instruments, instrument->target_code, size) : 0;
    return id ? id : instrument->instrument;
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

static sj_rc choose_matching(const struct sj_trader *trader, const struct sj_selector *selector,
                             struct chosen *chosen, bool *ret_any)
{
    sj_rc rc = 0;
    *ret_any = false;
    for (uint32_t id = 1; rc >= 0 && id <= sj_instruments_id_max(trader->instruments); id++) {
        const struct sj_instrument *instrument = sj_instruments_get(trader->instruments, id);
        if (!instrument)
            continue;
        const struct sj_rest_contract contract = contract_of(instrument);
        if (!sj_selector_matches(selector, &contract))
            continue;
        *ret_any = true;
        rc = choose(chosen, traded_id(trader, instrument));
    }
    return rc;
}

static sj_rc resolve(const struct sj_trader *trader, const struct sj_strategy_config *config,
                     struct chosen *chosen, char *error)
{
    const char *text = config->instruments;
    struct sj_selector selector;
    sj_rc rc;
    chosen->count = 0;
    while ((rc = sj_selector_next(&text, &selector, error)) > 0) {
        bool any;
        rc = choose_matching(trader, &selector, chosen, &any);
        if (rc < 0)
            return trader_fail(error, rc, "strategies.%s.instruments", config->name);
        if (!any)
            sj_log_warn("strategy",
                        "%s: no instrument of the broker.instruments is '%s'; it is not traded",
                        config->name, selector.pattern);
    }
    if (rc >= 0 && chosen->count == 0)
        return trader_fail(error, -SJ_E_UNKNOWN,
                           "strategies.%s.instruments: none of '%s' is among broker.instruments",
                           config->name, config->instruments);
    return rc;
}

sj_rc trader_add_strategies(struct sj_trader *trader, char error[SJ_TRADER_ERROR_MAX])
{
    const struct sj_strategies_config *config = &trader->settings->strategies;
    struct chosen *chosen = malloc(sizeof *chosen);
    sj_rc rc = chosen ? 0 : trader_fail(error, -ENOMEM, "strategies");
    for (uint32_t i = 0; rc >= 0 && i < config->count; i++) {
        struct sj_strategy_param params[SJ_STRATEGY_PARAMS_MAX];
        uint32_t number;
        if (!config->list[i].enabled)
            continue;
        rc = resolve(trader, &config->list[i], chosen, error);
        if (rc < 0)
            break;
        struct sj_strategy_instance instance =
            sj_strategy_config_instance(&config->list[i], params);
        instance.instruments = chosen->ids;
        instance.instrument_count = chosen->count;
        rc = sj_decide_add(trader->decide, &instance, sj_clock_utc_ns(), error, &number);
        if (rc >= 0)
            sj_log_info("strategy", "%s: %s on %u instruments", instance.name, instance.use,
                        instance.instrument_count);
    }
    free(chosen);
    return rc;
}
