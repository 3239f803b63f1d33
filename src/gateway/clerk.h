/*
 * clerk.h: the thread of a connection that may wait: REST calls, the login budget's file, the
 * restart command, the log. The duty posts jobs and takes results; neither ever waits for the
 * other.
 *
 * Threads  [duty] post, result, note. [clerk] the thread itself.
 */
#ifndef SJ_GATEWAY_CLERK_H
#define SJ_GATEWAY_CLERK_H

#include "base/log.h"
#include "gateway/budget.h"
#include "gateway/gateway.h"
#include "gateway/spsc.h"

#include <pthread.h>
#include <semaphore.h>

#define CLERK_JOBS 64
#define CLERK_RESULTS 1024
#define CLERK_NOTES 64
#define CLERK_ALL UINT32_MAX
#define CLERK_DEFINITIONS_MAX (2 * SJ_SUBSCRIPTIONS_MAX)

enum clerk_kind {
    CLERK_LOAD,        /* plan, contracts, definitions */
    CLERK_SUBSCRIBE,   /* one item or all: a result for each, then one with index CLERK_ALL */
    CLERK_UNSUBSCRIBE, /* likewise */
    CLERK_REFRESH,     /* contracts described anew, checked: index says how many changed */
    CLERK_PROBE,       /* health, and usage when asked (index 1) */
    CLERK_LOGIN,
    CLERK_RESTART
};

struct clerk_job {
    enum clerk_kind kind;
    uint32_t index;
};

struct clerk_result {
    enum clerk_kind kind;
    uint32_t index;
    sj_rc rc;
    int status;
    enum sj_refusal refusal;
    int64_t retry_ns;            /* a login refused by the budget: UTC of the next try; else 0 */
    bool recovering;             /* PROBE: the server is mending its session itself */
    char instance_id[40];        /* PROBE */
    char last_maintenance[40];   /* PROBE */
    char text[SJ_REST_TEXT_MAX]; /* the server's words, or ours */
};

struct clerk_note {
    enum sj_log_level level;
    char text[384];
};

struct connection;

struct clerk {
    struct connection *connection;
    struct sj_rest *rest;
    struct sj_budget budget;
    pthread_t thread;
    bool started;
    sem_t work;
    _Atomic bool stop;
    struct sj_spsc jobs, results, notes;
    struct clerk_job job_items[CLERK_JOBS];
    struct clerk_result result_items[CLERK_RESULTS];
    struct clerk_note note_items[CLERK_NOTES];
    /* LOAD's yield: the clerk's until its result is taken, the duty's until it is RUNNING, then the
     * clerk's again. */
    uint32_t definition_count;
    struct sj_instrument definition[CLERK_DEFINITIONS_MAX];
    /* REFRESH's yield, those that changed; the duty's from its result until it posts the next. */
    uint32_t fresh_count; /* the clerk's, within REFRESH */
    struct sj_instrument fresh[CLERK_DEFINITIONS_MAX];
    uint32_t changed_count;
    struct sj_instrument changed[CLERK_DEFINITIONS_MAX];
};

SJ_MUST_USE sj_rc clerk_start(struct clerk *clerk, struct connection *connection);
void clerk_stop(struct clerk *clerk);

/* False: the queue is full; try again later. */
SJ_MUST_USE bool clerk_post(struct clerk *clerk, enum clerk_kind kind, uint32_t index);
bool clerk_result(struct clerk *clerk, struct clerk_result *ret_result);

/* [clerk] What its files share: counts a call of the broker; the result of a job; handing it over.
 */
sj_rc clerk_counted(struct clerk *clerk, sj_rc rc);
struct clerk_result clerk_result_of(const struct clerk *clerk, const struct clerk_job *job,
                                    sj_rc rc);
void clerk_put_result(struct clerk *clerk, const struct clerk_result *result);

/* clerk_refresh.c: REFRESH. [clerk] */
void clerk_refresh(struct clerk *clerk, const struct clerk_job *job);

/* A line for the log; one that finds no room is counted. */
__attribute__((format(printf, 3, 4))) void clerk_note(struct clerk *clerk, enum sj_log_level level,
                                                      const char *format, ...);

#endif
