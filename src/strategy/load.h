/*
 * load.h: finds the plug-in an instance uses, and checks that it is one.
 */
#ifndef SJ_STRATEGY_LOAD_H
#define SJ_STRATEGY_LOAD_H

#include "strategy/guard.h"
#include "strategy/host.h"

/* `use`: a built-in's name, or a path with a '/'. `guard` may be NULL. The library to unload goes
 * to ret_library (NULL for built-ins). Errors as sj_strategies_add; `why` is half a sentence. */
SJ_MUST_USE sj_rc sj_strategy_load(const char *use, struct sj_guard *guard,
                                   const struct sj_strategy_plugin **ret_plugin, void **ret_library,
                                   char *why, size_t why_size);
/* Whether a table is one: ABI, sizes, functions, parameters. */
SJ_MUST_USE sj_rc sj_strategy_check(const struct sj_strategy_plugin *plugin, char *why,
                                    size_t why_size);
void sj_strategy_unload(void *library);

#endif
