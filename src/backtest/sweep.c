#include "backtest/sweep.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static sj_rc refuse(char error[256], sj_rc rc,
                                                          const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, 256, format, args);
    va_end(args);
    return rc;
}

static sj_rc add_value(struct sj_bt_axis *axis, const char *text, char error[256])
{
    if (axis->count == SJ_BT_AXIS_VALUES_MAX)
        return refuse(error, -SJ_E_LIMIT, "%s: more than %d values", axis->name,
                      SJ_BT_AXIS_VALUES_MAX);
    if (!*text || strlen(text) >= SJ_BT_VALUE_MAX)
        return refuse(error, -SJ_E_MALFORMED, "%s: a value is missing or too long", axis->name);
    snprintf(axis->values[axis->count], SJ_BT_VALUE_MAX, "%s", text);
    snprintf(axis->params[axis->count], SJ_BT_VALUE_MAX, "%s", text);
    axis->count++;
    return 0;
}

/* A number and the unit behind it, up to `:` or the end. */
static bool read_number(const char **at, double *ret_value, char unit[8])
{
    char *end;
    *ret_value = strtod(*at, &end);
    size_t size = strcspn(end, ":");
    if (end == *at || !isfinite(*ret_value) || size >= 8)
        return false;
    snprintf(unit, 8, "%.*s", (int)size, end);
    *at = end + size + (end[size] == ':');
    return true;
}

static sj_rc add_range(struct sj_bt_axis *axis, const char *text, char error[256])
{
    double from, to, step;
    char units[3][8];
    const char *at = text;
    if (!read_number(&at, &from, units[0]) || !read_number(&at, &to, units[1]) ||
        !read_number(&at, &step, units[2]) || *at)
        return refuse(error, -SJ_E_MALFORMED,
                      "%s=%s: want FIRST:LAST:STEP, as in 1:5:0.5, or values as in 1|2|5",
                      axis->name, text);
    if (strcmp(units[0], units[1]) != 0 || strcmp(units[0], units[2]) != 0)
        return refuse(error, -SJ_E_MALFORMED, "%s=%s: one unit for all three is needed", axis->name,
                      text);
    if (!(step > 0) || !(to >= from))
        return refuse(error, -SJ_E_MALFORMED, "%s=%s: the step must lead from first to last",
                      axis->name, text);
    double steps = floor((to - from) / step + 1e-9);
    if (steps >= SJ_BT_AXIS_VALUES_MAX)
        return refuse(error, -SJ_E_LIMIT, "%s=%s: more than %d values", axis->name, text,
                      SJ_BT_AXIS_VALUES_MAX);
    sj_rc rc = 0;
    for (double i = 0; i <= steps && rc >= 0; i++) {
        char value[SJ_BT_VALUE_MAX + 16];
        snprintf(value, sizeof value, "%.10g%s", from + i * step, units[0]);
        rc = add_value(axis, value, error);
    }
    return rc;
}

static sj_rc add_values(struct sj_bt_axis *axis, char *text, char error[256])
{
    sj_rc rc = 0;
    for (char *next = text; next && rc >= 0; text = next) {
        next = strchr(text, '|');
        if (next)
            *next++ = 0;
        rc = add_value(axis, text, error);
    }
    return rc;
}

static sj_rc add_axis(struct sj_bt_sweep *sweep, const char *text, size_t size, char error[256])
{
    char copy[4096];
    if (size >= sizeof copy)
        return refuse(error, -SJ_E_LIMIT, "too long a list");
    snprintf(copy, sizeof copy, "%.*s", (int)size, text);
    char *equals = strchr(copy, '=');
    if (!equals || equals == copy || equals - copy >= SJ_BT_VALUE_MAX)
        return refuse(error, -SJ_E_MALFORMED, "%s: want NAME=FIRST:LAST:STEP or NAME=V1|V2", copy);
    if (sweep->axis_count == SJ_BT_AXES_MAX)
        return refuse(error, -SJ_E_LIMIT, "more than %d parameters", SJ_BT_AXES_MAX);
    *equals = 0;
    struct sj_bt_axis *axis = &sweep->axes[sweep->axis_count];
    *axis = (struct sj_bt_axis){0};
    snprintf(axis->name, sizeof axis->name, "%.*s", SJ_BT_VALUE_MAX - 1, copy);
    for (uint32_t i = 0; i < sweep->axis_count; i++)
        if (strcmp(sweep->axes[i].name, axis->name) == 0)
            return refuse(error, -SJ_E_MALFORMED, "%s: said twice", axis->name);
    sj_rc rc = strchr(equals + 1, ':') ? add_range(axis, equals + 1, error)
                                       : add_values(axis, equals + 1, error);
    if (rc >= 0)
        sweep->axis_count++;
    return rc;
}

sj_rc sj_bt_sweep_add(struct sj_bt_sweep *sweep, const char *text, char error[256])
{
    sj_rc rc = 0;
    do {
        size_t size = strcspn(text, ",");
        rc = add_axis(sweep, text, size, error);
        text += size + (text[size] == ',');
    } while (*text && rc >= 0);
    uint64_t count = 1;
    for (uint32_t i = 0; i < sweep->axis_count; i++)
        count *= sweep->axes[i].count;
    if (rc >= 0 && count > SJ_BT_COMBINATIONS_MAX)
        rc = refuse(error, -SJ_E_LIMIT, "%llu combinations: %d are the most",
                    (unsigned long long)count, SJ_BT_COMBINATIONS_MAX);
    return rc;
}

uint32_t sj_bt_sweep_count(const struct sj_bt_sweep *sweep)
{
    uint32_t count = 1;
    for (uint32_t i = 0; i < sweep->axis_count; i++)
        count *= sweep->axes[i].count;
    return count;
}

uint32_t sj_bt_sweep_value(const struct sj_bt_sweep *sweep, uint32_t combination, uint32_t axis)
{
    for (uint32_t i = sweep->axis_count - 1; i > axis; i--)
        combination /= sweep->axes[i].count;
    return combination % sweep->axes[axis].count;
}

sj_rc sj_bt_sweep_params(const struct sj_bt_sweep *sweep, uint32_t combination,
                         struct sj_strategy_instance *strategy, struct sj_strategy_param *params)
{
    uint32_t count = strategy->param_count;
    if (count > SJ_STRATEGY_PARAMS_MAX)
        return -SJ_E_LIMIT;
    memcpy(params, strategy->params, count * sizeof *params);
    for (uint32_t i = 0; i < sweep->axis_count; i++) {
        const struct sj_bt_axis *axis = &sweep->axes[i];
        uint32_t at = 0;
        while (at < count && strcmp(params[at].name, axis->name) != 0)
            at++;
        if (at == SJ_STRATEGY_PARAMS_MAX)
            return -SJ_E_LIMIT;
        params[at] = (struct sj_strategy_param){
            axis->name, axis->params[sj_bt_sweep_value(sweep, combination, i)], 0};
        count += at == count;
    }
    strategy->params = params;
    strategy->param_count = count;
    return 0;
}

void sj_bt_sweep_total(const struct sj_bt_meter *cells, uint32_t day_count, uint32_t combination,
                       uint32_t first, uint32_t count, struct sj_bt_meter *ret_meter)
{
    const struct sj_bt_meter *row = cells + (size_t)combination * day_count;
    *ret_meter = row[first];
    for (uint32_t i = 1; i < count; i++)
        sj_bt_meter_add(ret_meter, &row[first + i]);
}

uint32_t sj_bt_sweep_best(const struct sj_bt_sweep *sweep, const struct sj_bt_meter *cells,
                          uint32_t day_count, uint32_t first, uint32_t count,
                          enum sj_bt_metric metric)
{
    uint32_t best = 0;
    double best_value = NAN;
    for (uint32_t i = 0; i < sj_bt_sweep_count(sweep); i++) {
        struct sj_bt_meter total;
        sj_bt_sweep_total(cells, day_count, i, first, count, &total);
        double value = sj_bt_metric_of(&total, metric);
        if (isnan(best_value) || sj_bt_metric_better(metric, value, best_value)) {
            best = i;
            best_value = value;
        }
    }
    return best;
}

/* --- walking forward --- */

sj_rc sj_bt_walk_parse(const char *text, struct sj_bt_walk *ret_walk)
{
    unsigned train, test;
    char rest;
    if (sscanf(text, "%u:%u%c", &train, &test, &rest) != 2 || train < 1 || test < 1 ||
        train > 10000 || test > 10000)
        return -SJ_E_MALFORMED;
    *ret_walk = (struct sj_bt_walk){train, test};
    return 0;
}

uint32_t sj_bt_walk_count(const struct sj_bt_walk *walk, uint32_t day_count)
{
    return day_count <= walk->train ? 0 : (day_count - walk->train + walk->test - 1) / walk->test;
}

void sj_bt_walk_step(const struct sj_bt_walk *walk, const struct sj_bt_sweep *sweep,
                     const struct sj_bt_meter *cells, uint32_t day_count, uint32_t step,
                     enum sj_bt_metric metric, struct sj_bt_walk_step *ret_step)
{
    uint32_t first = step * walk->test, test_first = first + walk->train;
    uint32_t left = day_count - test_first;
    *ret_step = (struct sj_bt_walk_step){.first = first,
                                         .test_first = test_first,
                                         .test_count = left < walk->test ? left : walk->test};
    ret_step->combination = sj_bt_sweep_best(sweep, cells, day_count, first, walk->train, metric);
    sj_bt_sweep_total(cells, day_count, ret_step->combination, first, walk->train,
                      &ret_step->trained);
    sj_bt_sweep_total(cells, day_count, ret_step->combination, test_first, ret_step->test_count,
                      &ret_step->tested);
}
