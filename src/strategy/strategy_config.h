/*
 * strategy_config.h: section "strategies" of the configuration: a map of names to what each is.
 *
 *     strategies:
 *       mm:
 *         use: market_maker
 *         instruments: [TXFR1]
 *         budget_us: 20
 *         qty: 2               # a parameter of market_maker
 *
 * Threads  [init].
 */
#ifndef SJ_STRATEGY_STRATEGY_CONFIG_H
#define SJ_STRATEGY_STRATEGY_CONFIG_H

#include "base/config.h"
#include "strategy/host.h"

struct sj_strategy_config {
    char name[SJ_STRATEGY_NAME_MAX];
    char use[256];
    char
        instruments[SJ_CONFIG_VALUE_SIZE_MAX]; /* selectors, as broker.instruments; joined by ',' */
    bool enabled;
    int64_t budget_us;
    int64_t hard_budget_us;
    int64_t overrun_max; /* 0: never */
    int64_t nonsense_max;
    int64_t intents_max;
    int64_t quantity_max;
    uint32_t param_count;
    struct sj_config_extra params[SJ_STRATEGY_PARAMS_MAX];
};

struct sj_strategies_config {
    uint32_t count;
    struct sj_strategy_config list[SJ_STRATEGIES_MAX];
};

/* The section over `config`, which must outlive it. */
struct sj_config_section sj_strategies_config_section(struct sj_strategies_config *config);

/* What the tables cannot know: that each says what it uses, and that a built-in's parameters are
 * its own and in range. (A loaded one's are checked when it is loaded.) `loaded` is the
 * configuration the section is part of. -SJ_E_MALFORMED, -SJ_E_UNKNOWN, -SJ_E_RANGE. */
SJ_MUST_USE sj_rc sj_strategies_config_check(const struct sj_config *loaded,
                                             const struct sj_strategies_config *config,
                                             struct sj_config_error *ret_error);

/* The instance of one, but for its instruments, which the caller has resolved. `ret_params` (room
 * for SJ_STRATEGY_PARAMS_MAX) and `config` must live until it is added. */
struct sj_strategy_instance sj_strategy_config_instance(const struct sj_strategy_config *config,
                                                        struct sj_strategy_param *ret_params);

#endif
