#include "strategy/strategy_config.h"

#include <stdio.h>
#include <string.h>

#include "strategy/params.h"
#include "strategy/process.h"

#define OWN struct sj_strategy_config

static const struct sj_config_key keys[] = {
    SJ_CONFIG_TEXT(OWN, use, "", "a built-in's name, or the path of a shared object (with a '/')"),
    SJ_CONFIG_LIST(OWN, instruments, "", "what it may trade: selectors as in broker.instruments"),
    SJ_CONFIG_BOOL(OWN, enabled, "true", "false: as if it were not here"),
    SJ_CONFIG_INT(OWN, budget_us, 1, 1000000, "50", "time of one call; a longer one is an overrun"),
    SJ_CONFIG_INT(OWN, hard_budget_us, 1000, 60000000, "100000",
                  "time after which a call is ended and the strategy disarmed"),
    SJ_CONFIG_INT(OWN, overrun_max, 0, 1000000000, "1000",
                  "overruns within a minute that disarm it; 0: never"),
    SJ_CONFIG_INT(OWN, nonsense_max, 1, 1000000, "10",
                  "orders that make no sense (no price, not its instrument) that disarm it"),
    SJ_CONFIG_INT(OWN, intents_max, 1, 1024, "64", "orders, changes and cancels in one call"),
    SJ_CONFIG_INT(OWN, quantity_max, 1, 100000000, "1000000", "lots of one order"),
};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

static void print_cell(const char *text, FILE *out)
{
    for (; *text; text++)
        fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
}

/* The parameters of each built-in, as tables of their own. */
static void print_builtins(FILE *out)
{
    const struct sj_strategy_plugin *plugin;
    for (uint32_t i = 0; (plugin = sj_strategy_builtin(i)); i++) {
        fprintf(out, "#### `use: %s`: %s\n\n", plugin->name, plugin->text);
        fprintf(out, "| parameter | value | default | what |\n|---|---|---|---|\n");
        for (uint32_t k = 0; k < plugin->param_count; k++) {
            const struct sj_strategy_param_info *info = &plugin->params[k];
            char wanted[160];
            sj_param_describe(info, wanted, sizeof wanted);
            fprintf(out, "| `%s` | ", info->name);
            print_cell(wanted, out);
            if (info->fallback)
                fprintf(out, " | `%s` | ", info->fallback);
            else
                fprintf(out, " | must be given | ");
            print_cell(info->text, out);
            fprintf(out, " |\n");
        }
        fputc('\n', out);
    }
}

struct sj_config_section sj_strategies_config_section(struct sj_strategies_config *config)
{
    return (struct sj_config_section){
        .name = "strategies",
        .text = "what decides: each a name, what it uses, and its parameters beside these keys",
        .keys = keys,
        .key_count = KEY_COUNT,
        .values = config->list,
        .max = SJ_STRATEGIES_MAX,
        .stride = sizeof config->list[0],
        .count = &config->count,
        .name_offset = offsetof(OWN, name),
        .name_size = sizeof config->list[0].name,
        .extra_offset = offsetof(OWN, params),
        .extra_count_offset = offsetof(OWN, param_count),
        .extra_max = SJ_STRATEGY_PARAMS_MAX,
        .print_more = print_builtins,
    };
}

/* A name that neither the section nor the strategy has. */
static sj_rc unknown_key(const struct sj_strategy_config *one,
                         const struct sj_strategy_plugin *plugin, const char *where,
                         const char *wrong, struct sj_config_error *ret_error)
{
    const char *names[KEY_COUNT + SJ_STRATEGY_PARAMS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < plugin->param_count; i++)
        names[count++] = plugin->params[i].name;
    for (uint32_t i = 0; i < KEY_COUNT; i++)
        names[count++] = keys[i].name;
    char hint[300] = "";
    const char *nearest = sj_config_nearest(wrong, names, count);
    size_t used = 0;
    if (nearest)
        snprintf(hint, sizeof hint, "did you mean \"%s\"?", nearest);
    else
        used = (size_t)snprintf(hint, sizeof hint, "there are:");
    for (uint32_t i = 0; !nearest && i < count && used < sizeof hint; i++)
        used += (size_t)snprintf(hint + used, sizeof hint - used, " %s", names[i]);
    sj_config_explain(ret_error, "%s: strategies.%s: no key or parameter of %s \"%s\": %s", where,
                      one->name, plugin->name, wrong, hint);
    return -SJ_E_UNKNOWN;
}

static sj_rc check_param(const struct sj_config *loaded, const struct sj_strategy_config *one,
                         const struct sj_strategy_plugin *plugin,
                         const struct sj_config_extra *given, struct sj_config_error *ret_error)
{
    char where[400], why[SJ_PARAM_WHY_MAX];
    int64_t number;
    sj_config_extra_where(loaded, given, where, sizeof where);
    for (uint32_t i = 0; i < plugin->param_count; i++) {
        if (strcmp(plugin->params[i].name, given->name) != 0)
            continue;
        sj_rc rc = sj_param_parse(&plugin->params[i], given->value, &number, why);
        if (rc < 0)
            sj_config_explain(ret_error, "%s: strategies.%s.%s", where, one->name, why);
        return rc;
    }
    return unknown_key(one, plugin, where, given->name, ret_error);
}

static sj_rc check_missing(const struct sj_strategy_config *one,
                           const struct sj_strategy_plugin *plugin,
                           struct sj_config_error *ret_error)
{
    for (uint32_t i = 0; i < plugin->param_count; i++) {
        const struct sj_strategy_param_info *info = &plugin->params[i];
        bool given = info->fallback != NULL;
        for (uint32_t k = 0; k < one->param_count; k++)
            given |= strcmp(one->params[k].name, info->name) == 0;
        if (given)
            continue;
        sj_config_explain(ret_error, "strategies.%s: %s must be given: %s", one->name, info->name,
                          info->text);
        return -SJ_E_MALFORMED;
    }
    return 0;
}

static sj_rc check_one(const struct sj_config *loaded, const struct sj_strategy_config *one,
                       struct sj_config_error *ret_error)
{
    const struct sj_strategy_plugin *plugin = sj_strategy_builtin_find(one->use);
    if (!one->use[0]) {
        sj_config_explain(ret_error,
                          "strategies.%s: use must name a built-in or a shared object, as in "
                          "\"use: market_maker\"",
                          one->name);
        return -SJ_E_MALFORMED;
    }
    if (!plugin && !strchr(one->use, '/')) {
        char names[200] = "";
        size_t used = 0;
        const struct sj_strategy_plugin *known;
        for (uint32_t i = 0; (known = sj_strategy_builtin(i)) && used < sizeof names; i++)
            used += (size_t)snprintf(names + used, sizeof names - used, " %s", known->name);
        sj_config_explain(
            ret_error, "strategies.%s.use: no built-in \"%.60s\"; there are:%s (a path has a '/')",
            one->name, one->use, names);
        return -SJ_E_UNKNOWN;
    }
    if (!plugin)
        return 0;
    sj_rc rc = 0;
    for (uint32_t i = 0; rc >= 0 && i < one->param_count; i++)
        rc = check_param(loaded, one, plugin, &one->params[i], ret_error);
    return rc < 0 ? rc : check_missing(one, plugin, ret_error);
}

/* Two processes cannot write one ring, nor under one source. */
static sj_rc check_process(const struct sj_strategies_config *config, uint32_t at,
                           struct sj_config_error *ret_error)
{
    const struct sj_strategy_config *one = &config->list[at];
    struct sj_strategy_process process, other;
    char why[SJ_PARAM_WHY_MAX];
    sj_rc rc = sj_strategy_config_process(one, &process, why);
    if (rc < 0)
        sj_config_explain(ret_error, "strategies.%s.%s", one->name, why);
    for (uint32_t i = 0; rc >= 0 && process.src && i < at; i++) {
        rc = sj_strategy_config_process(&config->list[i], &other, why);
        bool same_ring = strcmp(other.ring, process.ring) == 0;
        if (rc < 0 || other.src == 0 || (other.src != process.src && !same_ring))
            continue;
        sj_config_explain(ret_error, "strategies.%s.%s: %s has it already; choose another",
                          one->name, same_ring ? "ring" : "source", config->list[i].name);
        rc = -SJ_E_MALFORMED;
    }
    return rc;
}

sj_rc sj_strategies_config_check(const struct sj_config *loaded,
                                 const struct sj_strategies_config *config,
                                 struct sj_config_error *ret_error)
{
    sj_rc rc = 0;
    for (uint32_t i = 0; rc >= 0 && i < config->count; i++)
        rc = check_one(loaded, &config->list[i], ret_error);
    for (uint32_t i = 0; rc >= 0 && i < config->count; i++)
        rc = check_process(config, i, ret_error);
    return rc;
}

struct sj_strategy_instance sj_strategy_config_instance(const struct sj_strategy_config *config,
                                                        struct sj_strategy_param *ret_params)
{
    for (uint32_t i = 0; i < config->param_count; i++)
        ret_params[i] =
            (struct sj_strategy_param){config->params[i].name, config->params[i].value, 0};
    return (struct sj_strategy_instance){
        .name = config->name,
        .use = config->use,
        .params = ret_params,
        .param_count = config->param_count,
        .budget_ns = config->budget_us * 1000,
        .hard_budget_ns = config->hard_budget_us * 1000,
        .overrun_max = config->overrun_max ? (uint32_t)config->overrun_max : UINT32_MAX,
        .nonsense_max = (uint32_t)config->nonsense_max,
        .intents_max = (uint32_t)config->intents_max,
        .quantity_max = (uint32_t)config->quantity_max,
    };
}
