/*
 * runs.h: the rows of a file in the order of one of their times, equal times in the order of the
 * file: sorted in runs, and merged. Used by order.c, which has the contract.
 */
#ifndef SJ_CONVERT_RUNS_H
#define SJ_CONVERT_RUNS_H

#include "convert/order.h"

enum sj_runs_key { SJ_RUNS_EXCH, SJ_RUNS_LOCAL };

struct sj_runs;

/* Sorts where need be. */
SJ_MUST_USE sj_rc sj_runs_create(const struct sj_order_options *options, enum sj_runs_key key,
                                 struct sj_runs **ret_runs);
void sj_runs_close(struct sj_runs *runs);

/* The first row, or (next) the one after it; valid until the next call. NULL: there is no more. */
SJ_MUST_USE sj_rc sj_runs_head(struct sj_runs *runs, const struct sj_row **ret);
SJ_MUST_USE sj_rc sj_runs_next(struct sj_runs *runs, const struct sj_row **ret);

#endif
