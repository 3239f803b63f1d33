/*
 * params.h: an instance's parameters: what the user wrote against the plug-in's table.
 *
 * Errors   half a sentence in `why`, naming the parameter: the caller adds whose it is.
 */
#ifndef SJ_STRATEGY_PARAMS_H
#define SJ_STRATEGY_PARAMS_H

#include "shijim/rc.h"
#include "shijim/strategy.h"

#define SJ_PARAM_TEXT_MAX 256
#define SJ_PARAM_WHY_MAX 256

/* One value for each parameter of the table, in its order. */
struct sj_params {
    uint32_t count;
    struct sj_strategy_param list[SJ_STRATEGY_PARAMS_MAX]; /* value points into text */
    char text[SJ_STRATEGY_PARAMS_MAX][SJ_PARAM_TEXT_MAX];
};

/* Checks `given` (names and values) against the table and fills in the defaults. -SJ_E_UNKNOWN,
 * -SJ_E_MALFORMED, -SJ_E_RANGE, -SJ_E_LIMIT. `ret_params` is written in any case. */
SJ_MUST_USE sj_rc sj_params_check(const struct sj_strategy_plugin *plugin,
                                  const struct sj_strategy_param *given, uint32_t given_count,
                                  struct sj_params *ret_params, char why[SJ_PARAM_WHY_MAX]);

/* Parses one value. */
SJ_MUST_USE sj_rc sj_param_parse(const struct sj_strategy_param_info *info, const char *text,
                                 int64_t *ret_number, char why[SJ_PARAM_WHY_MAX]);

/* "whole number, 1 .. 100 lots" */
void sj_param_describe(const struct sj_strategy_param_info *info, char *ret_text, size_t size);

#endif
