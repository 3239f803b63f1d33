/*
 * builtin.h: the strategies that come with shijim. Each is a file of its own, written to be read.
 */
#ifndef SJ_STRATEGY_BUILTIN_H
#define SJ_STRATEGY_BUILTIN_H

#include "shijim/strategy.h"

extern const struct sj_strategy_plugin sj_strategy_market_maker;
extern const struct sj_strategy_plugin sj_strategy_micro_alpha;
extern const struct sj_strategy_plugin sj_strategy_smart_chasing;
extern const struct sj_strategy_plugin sj_strategy_touch_quoter;

#endif
