/*
 * names.h: which number a strategy's name has. Events, orders and saved states know strategies by
 * number; the user knows them by name, and may reorder, add, rename and remove them between two
 * runs. So a number is given to a name once, and is never another one's.
 *
 * Threads  none of its own. Memory: the caller's.
 */
#ifndef SJ_STRATEGY_NAMES_H
#define SJ_STRATEGY_NAMES_H

#include "strategy/host.h"

struct sj_strategy_names {
    uint32_t count;
    char name[SJ_STRATEGIES_MAX][SJ_STRATEGY_NAME_MAX]; /* [number - 1] */
    uint64_t retired; /* bits, number - 1: not configured any more */
};

/* The name's number, or 0. */
uint32_t sj_strategy_names_find(const struct sj_strategy_names *names, const char *name);

/* The same, after giving it the next one if it has none. -SJ_E_LIMIT: there is none left, or the
 * name is empty or too long. */
SJ_MUST_USE sj_rc sj_strategy_names_bind(struct sj_strategy_names *names, const char *name);

#endif
