/*
 * budget.h: how many logins (and restarts, which log in) this machine still has today: one at a
 * time for all processes, apart by a least interval, at most so many a Taiwan day, remembered on
 * disk so that a restart of shijim does not start a login storm.
 *
 * The file holds "YYYYMMDD COUNT LAST_UTC_NS". Taking writes and syncs it before the login is
 * tried: a crash in between costs a login of the budget, never one too many.
 *
 * Errors   of take: -SJ_E_BUSY: another process or connection is logging in. -SJ_E_LIMIT: used up;
 *          *ret_retry_ns says when there is one again. -EAGAIN: too soon; likewise. -SJ_E_CORRUPT:
 *          the file holds something else (it counts as used up, for the file is the user's to
 * mend). -errno. Threads  any one at a time per struct; processes exclude each other by flock.
 * Memory   the struct.
 */
#ifndef SJ_GATEWAY_BUDGET_H
#define SJ_GATEWAY_BUDGET_H

#include "base/rc.h"

#include <stddef.h>

struct sj_budget_state {
    int32_t date; /* Taipei date the count is of */
    uint32_t count;
    int64_t last_ns; /* UTC of the last login */
};

struct sj_budget_limits {
    uint32_t per_day;
    int64_t interval_ns;
};

/* Pure: may a login be made now? Counts it in *state when so. Otherwise -SJ_E_LIMIT or -EAGAIN, and
 * when to ask again. */
SJ_MUST_USE sj_rc sj_budget_decide(struct sj_budget_state *state,
                                   const struct sj_budget_limits *limits, int64_t now_ns,
                                   int64_t *ret_retry_ns);

/* Reads and writes the file's one line. */
SJ_MUST_USE sj_rc sj_budget_parse(const char *text, size_t size, struct sj_budget_state *ret_state);

struct sj_budget {
    char path[256];
    struct sj_budget_limits limits;
    int fd; /* >= 0: the lock is held */
};

void sj_budget_init(struct sj_budget *budget, const char *path,
                    const struct sj_budget_limits *limits);

/* Takes one login and holds the lock until give. */
SJ_MUST_USE sj_rc sj_budget_take(struct sj_budget *budget, int64_t now_ns, int64_t *ret_retry_ns);

/* The login has ended, well or not. */
void sj_budget_give(struct sj_budget *budget);

#endif
