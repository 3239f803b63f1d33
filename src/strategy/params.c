#include "strategy/params.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"

static const struct {
    const char *unit;
    int64_t ns;
} duration_units[] = {{"ns", 1},          {"us", SJ_NS_PER_US},    {"ms", SJ_NS_PER_MS},
                      {"s", SJ_NS_PER_S}, {"m", 60 * SJ_NS_PER_S}, {"h", 3600 * SJ_NS_PER_S},
                      {"", SJ_NS_PER_S}};
#define UNIT_COUNT (sizeof duration_units / sizeof duration_units[0])

static sj_rc parse_duration(const char *text, int64_t *ret_ns)
{
    size_t digits = strspn(text, "0123456789.");
    int64_t value_e6;
    sj_rc rc = sj_decimal_parse_e6(text, digits, &value_e6);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(text + digits, duration_units[i].unit) != 0)
            continue;
        __extension__ __int128 ns = (__int128)value_e6 * duration_units[i].ns;
        if (ns % SJ_DECIMAL_E6 != 0 || ns / SJ_DECIMAL_E6 > 366 * SJ_NS_PER_DAY)
            return -SJ_E_RANGE;
        *ret_ns = (int64_t)(ns / SJ_DECIMAL_E6);
        return 0;
    }
    return -SJ_E_MALFORMED;
}

static const char *kind_text(int32_t kind)
{
    switch (kind) {
    case SJ_PARAM_INTEGER:
        return "whole number";
    case SJ_PARAM_DECIMAL:
        return "number with at most 6 places";
    case SJ_PARAM_DURATION:
        return "duration (250us, 5ms, 1.5s, 2m)";
    default:
        return "text";
    }
}

void sj_param_describe(const struct sj_strategy_param_info *info, char *ret_text, size_t size)
{
    bool bounded = info->kind != SJ_PARAM_TEXT && (info->min != 0 || info->max != 0);
    const char *unit = info->kind == SJ_PARAM_DURATION ? "s" : info->unit ? info->unit : "";
    int used = snprintf(ret_text, size, "%s", kind_text(info->kind));
    if (bounded && used > 0 && (size_t)used < size)
        snprintf(ret_text + used, size - (size_t)used, ", %.15g .. %.15g%s%s", info->min, info->max,
                 *unit ? " " : "", unit);
}

sj_rc sj_param_parse(const struct sj_strategy_param_info *info, const char *text,
                     int64_t *ret_number, char why[SJ_PARAM_WHY_MAX])
{
    int64_t number = 0;
    double value = 0;
    sj_rc rc = 0;
    char wanted[160];
    switch (info->kind) {
    case SJ_PARAM_INTEGER:
        rc = sj_decimal_parse(text, strlen(text), 0, &number);
        value = (double)number;
        break;
    case SJ_PARAM_DECIMAL:
        rc = sj_decimal_parse_e6(text, strlen(text), &number);
        value = (double)number / 1e6;
        break;
    case SJ_PARAM_DURATION:
        rc = parse_duration(text, &number);
        value = (double)number / 1e9;
        break;
    default:
        break;
    }
    bool bounded = info->kind != SJ_PARAM_TEXT && (info->min != 0 || info->max != 0);
    if (rc >= 0 && bounded && (value < info->min || value > info->max))
        rc = -SJ_E_RANGE;
    if (rc < 0) {
        sj_param_describe(info, wanted, sizeof wanted);
        snprintf(why, SJ_PARAM_WHY_MAX, "%s is \"%.40s\"; it takes a %s", info->name, text, wanted);
        return rc;
    }
    *ret_number = number;
    return 0;
}

/* The place of a parameter in the table, or -1. */
static int place_of(const struct sj_strategy_plugin *plugin, const char *name)
{
    for (uint32_t i = 0; i < plugin->param_count; i++)
        if (strcmp(plugin->params[i].name, name) == 0)
            return (int)i;
    return -1;
}

static sj_rc unknown_param(const struct sj_strategy_plugin *plugin, const char *name,
                           char why[SJ_PARAM_WHY_MAX])
{
    int used = snprintf(why, SJ_PARAM_WHY_MAX,
                        "%s has no parameter \"%.40s\"; it has:", plugin->name, name);
    for (uint32_t i = 0; i < plugin->param_count && used < SJ_PARAM_WHY_MAX; i++)
        used +=
            snprintf(why + used, SJ_PARAM_WHY_MAX - (size_t)used, " %s", plugin->params[i].name);
    return -SJ_E_UNKNOWN;
}

static sj_rc take_given(const struct sj_strategy_plugin *plugin,
                        const struct sj_strategy_param *given, struct sj_params *params,
                        char why[SJ_PARAM_WHY_MAX])
{
    int place = place_of(plugin, given->name);
    if (place < 0)
        return unknown_param(plugin, given->name, why);
    if (params->list[place].value) {
        snprintf(why, SJ_PARAM_WHY_MAX, "%s is given twice; keep one", given->name);
        return -SJ_E_MALFORMED;
    }
    if (strlen(given->value) >= SJ_PARAM_TEXT_MAX) {
        snprintf(why, SJ_PARAM_WHY_MAX, "%s is longer than %d bytes", given->name,
                 SJ_PARAM_TEXT_MAX - 1);
        return -SJ_E_LIMIT;
    }
    memcpy(params->text[place], given->value, strlen(given->value) + 1);
    params->list[place].value = params->text[place];
    return 0;
}

sj_rc sj_params_check(const struct sj_strategy_plugin *plugin,
                      const struct sj_strategy_param *given, uint32_t given_count,
                      struct sj_params *ret_params, char why[SJ_PARAM_WHY_MAX])
{
    memset(ret_params, 0, sizeof *ret_params);
    ret_params->count = plugin->param_count;
    for (uint32_t i = 0; i < given_count; i++) {
        sj_rc rc = take_given(plugin, &given[i], ret_params, why);
        if (rc < 0)
            return rc;
    }
    for (uint32_t i = 0; i < plugin->param_count; i++) {
        const struct sj_strategy_param_info *info = &plugin->params[i];
        struct sj_strategy_param *param = &ret_params->list[i];
        param->name = info->name;
        if (!param->value && info->fallback) {
            snprintf(ret_params->text[i], SJ_PARAM_TEXT_MAX, "%s", info->fallback);
            param->value = ret_params->text[i];
        }
        if (!param->value) {
            snprintf(why, SJ_PARAM_WHY_MAX, "%s must be given: %s", info->name, info->text);
            return -SJ_E_MALFORMED;
        }
        sj_rc rc = sj_param_parse(info, param->value, &param->number, why);
        if (rc < 0)
            return rc;
    }
    return 0;
}
