/*
 * ladder.h: the recovery ladder of one connection: resubscribe, new stream, new login, restart of
 * the broker's server. One rung at a time; each gets time to show data before the next is tried.
 * Pure: time is handed in, actions come out; whoever asked carries them out and reports back.
 *
 *     IDLE --fault--> DUE --poll gives the action--> ACTING --done(ok)--> WATCHING --time--> DUE
 * (next) ^                                              `----done(failed)----------------^
 *       `---- data, from every state (RECOVERED)            hold delays DUE
 *
 * Above the highest rung it starts again at the new stream, each round later by exponential backoff
 * with full jitter. Rungs that are not there (no login endpoint, no restart command) are stepped
 * over.
 *
 * Units    _ns: any one clock that does not step.
 * Threads  the owner's. Memory: the struct.
 */
#ifndef SJ_GATEWAY_LADDER_H
#define SJ_GATEWAY_LADDER_H

#include "base/backoff.h"

#include <stdbool.h>
#include <stdint.h>

/* The numbers of sj_session.rung. */
enum sj_rung {
    SJ_RUNG_NONE,
    SJ_RUNG_RESUBSCRIBE,
    SJ_RUNG_STREAM,
    SJ_RUNG_LOGIN,
    SJ_RUNG_RESTART,
    SJ_RUNG_COUNT
};

struct sj_ladder_options {
    bool has_login;
    bool has_restart;
    int64_t watch_ns;       /* how long a rung has to show data */
    int64_t backoff_min_ns; /* the bound of the first round's delay; doubles each round */
    int64_t backoff_max_ns;
    uint64_t seed; /* of the jitter */
};

enum sj_ladder_state { SJ_LADDER_IDLE, SJ_LADDER_DUE, SJ_LADDER_ACTING, SJ_LADDER_WATCHING };

struct sj_ladder {
    struct sj_ladder_options options;
    enum sj_ladder_state state;
    enum sj_rung rung;    /* in force, or due next */
    enum sj_rung highest; /* not to be passed: a fault of single instruments stays at resubscribe */
    uint32_t attempts;    /* actions since the fault */
    int64_t fault_ns;
    int64_t due_ns;
    int64_t hold_ns;      /* nothing before this */
    int64_t recovered_ns; /* 0: never */
    struct sj_backoff backoff;
};

void sj_ladder_init(struct sj_ladder *ladder, const struct sj_ladder_options *options);

/* A fault whose cure begins at `from` and may go up to `highest`. While climbing: widens the range,
 * never goes down. A fault within watch_ns of the last recovery is the old one: the backoff goes
 * on. */
void sj_ladder_fault(struct sj_ladder *ladder, int64_t now_ns, enum sj_rung from,
                     enum sj_rung highest);

/* The rung to be tried now, or SJ_RUNG_NONE. After a rung: sj_ladder_done must follow. */
enum sj_rung sj_ladder_poll(struct sj_ladder *ladder, int64_t now_ns);

/* The action ended. */
void sj_ladder_done(struct sj_ladder *ladder, int64_t now_ns, bool ok);

/* Data flows: recovered. Returns the rung that was in force (NONE: it was idle). */
enum sj_rung sj_ladder_data(struct sj_ladder *ladder, int64_t now_ns);

/* No action before `until_ns` (a ban, a maintenance, an exhausted login budget). */
void sj_ladder_hold(struct sj_ladder *ladder, int64_t until_ns);

/* The next rung that exists above `rung`, or SJ_RUNG_NONE. */
enum sj_rung sj_ladder_above(const struct sj_ladder *ladder, enum sj_rung rung);

#endif
