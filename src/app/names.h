/*
 * names.h: the file in trading.state_dir that says which number each strategy's name has: a line
 * `NUMBER NAME` for each, counting from 1. It only grows.
 *
 * Errors   -ENOENT: there is none yet. -SJ_E_MALFORMED: not such a file. -errno.
 * Threads  [init].
 */
#ifndef SJ_APP_NAMES_H
#define SJ_APP_NAMES_H

#include "strategy/names.h"

SJ_MUST_USE sj_rc sj_names_load(const char *path, struct sj_strategy_names *ret_names);

/* Replaces the file at once, and for good. */
SJ_MUST_USE sj_rc sj_names_store(const char *path, const struct sj_strategy_names *names);

#endif
