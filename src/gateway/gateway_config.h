/*
 * gateway_config.h: the section `broker` checked and taken apart; gateway.c's helper.
 *
 * Errors   the user's mistakes, one line in `error`. Threads  [init].
 */
#ifndef SJ_GATEWAY_GATEWAY_CONFIG_H
#define SJ_GATEWAY_GATEWAY_CONFIG_H

#include "base/tw_time.h"
#include "gateway/gateway.h"

/* What single values cannot say: servers, subscriptions, ranges against each other. */
SJ_MUST_USE sj_rc gateway_check(const struct sj_gateway_config *config,
                                struct sj_plan_options *ret_options, char error[SJ_PLAN_ERROR_MAX]);

/* The selectors of the list and of the file, checked, in one text (free it). */
SJ_MUST_USE sj_rc gateway_selectors(const struct sj_gateway_config *config, char **ret_text,
                                    char error[SJ_PLAN_ERROR_MAX]);

/* Holidays and extra trading days as sorted dates: those the market's calendar knows, and those
 * configured, which count where the two differ; *ret_dates holds them (free it). */
SJ_MUST_USE sj_rc gateway_dates(const struct sj_gateway_config *config,
                                const struct sj_tw_holidays *known, int32_t **ret_dates,
                                struct sj_tw_holidays *ret_holidays, char error[SJ_PLAN_ERROR_MAX]);

#endif
