/*
 * process.h: strategies that run in a process of their own, in any language. Here such a strategy
 * is the built-in "process": what it wants comes as events of its ring (a source of users, 48 ..
 * 63), is checked as every strategy's calls are, and every answer is an event.
 *
 *     process -> its ring: CONTROL arm, INTENT .., CONTROL disarm
 *     process <- ring "strategy": CONTROL arm, VERDICT, ORDER, FILL, POSITION
 *
 * Errors   a line, or half of one in `why`, as strategy_config.h and params.h.
 * Threads  [init].
 */
#ifndef SJ_STRATEGY_PROCESS_H
#define SJ_STRATEGY_PROCESS_H

#include "strategy/params.h"
#include "strategy/strategy_config.h"

#define SJ_STRATEGY_RING_MAX 32

struct sj_strategy_process {
    char ring[SJ_STRATEGY_RING_MAX];
    uint32_t src;       /* of its events; 0: the strategy runs in this process */
    int64_t silence_ns; /* without a beat of its ring for so long it has ended */
    int64_t age_ns;     /* an order that waited longer is not sent */
    bool keeps;         /* its orders stay when it ends */
};

extern const struct sj_strategy_plugin sj_strategy_in_process;

/* The checked parameters of an instance `name` of sj_strategy_in_process. -SJ_E_MALFORMED. */
SJ_MUST_USE sj_rc sj_strategy_process_read(const struct sj_params *params, const char *name,
                                           struct sj_strategy_process *ret_process,
                                           char why[SJ_PARAM_WHY_MAX]);

/* The same from the configuration. src 0: it is another kind of strategy. */
SJ_MUST_USE sj_rc sj_strategy_config_process(const struct sj_strategy_config *config,
                                             struct sj_strategy_process *ret_process,
                                             char why[SJ_PARAM_WHY_MAX]);

#endif
