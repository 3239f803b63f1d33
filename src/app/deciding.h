/*
 * deciding.h: from the configuration to a decide with its strategies, the same for the live process
 * and for a day decided again.
 *
 * Errors   one line in `error`, naming the key. -SJ_E_UNKNOWN: no instrument of a selector.
 * Threads  [init].
 */
#ifndef SJ_APP_DECIDING_H
#define SJ_APP_DECIDING_H

#include "app/settings.h"
#include "decide/decide.h"
#include "strategy/names.h"

#define SJ_DECIDING_ERROR_MAX 400

/* Gives every enabled strategy that has none the next number. */
SJ_MUST_USE sj_rc sj_deciding_bind(const struct sj_strategies_config *config,
                                   struct sj_strategy_names *names,
                                   char error[SJ_DECIDING_ERROR_MAX]);

struct sj_deciding {
    const struct sj_settings *settings;
    const struct sj_market_rules *rules;
    bool guard; /* strategies are guarded, and timed */
    /* Which numbers they have; of those that are not configured `retired` is set. */
    struct sj_strategy_names *names;
};

SJ_MUST_USE sj_rc sj_deciding_create(const struct sj_deciding *deciding,
                                     const struct sj_decide_ops *ops,
                                     struct sj_instruments *instruments,
                                     char error[SJ_DECIDING_ERROR_MAX],
                                     struct sj_decide **ret_decide);

#endif
