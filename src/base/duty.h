/*
 * duty.h: runs duty cycles. A room's work is a do_work() that does a little, never waits, and says
 * how much it did; waiting, timing, placing on cores and stopping are written once, here.
 *
 * One runner is one thread, which may host several duties in turn (gateway, strategy and order
 * without a hop). While nobody has work it climbs the idle ladder: spin, pause, yield, then sleep
 * on a futex, each sleep twice as long as the last up to sleep_max_ns, until work comes or
 * sj_duty_wake.
 *
 * Stopping loses nothing: the runner goes on until a whole round finds no work, or drain_ns have
 * passed, and then calls each duty's close() in the order they were added.
 *
 * Threads  [init] before start. [any] where it says so. do_work and close run on the runner's
 * thread. Memory   The caller's struct; nothing allocated but the thread itself.
 */
#ifndef SJ_BASE_DUTY_H
#define SJ_BASE_DUTY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hist.h"
#include "base/rc.h"

#define SJ_DUTY_MAX 16

struct sj_duty {
    const char *name;
    /* Returns how many things it did (0: nothing to do), or a negative rc, which ends this duty: it
     * is not called again, and the runner stops when `essential`. */
    sj_rc (*do_work)(void *context);
    void (*close)(void *context); /* may be NULL */
    void *context;
    bool essential;
};

/* How long each step of the ladder is climbed. All zero: sleep at once, for sleep_max_ns. */
struct sj_duty_idle {
    uint32_t spin_count;  /* rounds without any pause */
    uint32_t pause_count; /* rounds with a CPU pause */
    uint32_t yield_count; /* rounds with sched_yield */
    int64_t sleep_min_ns, sleep_max_ns;
};

/* What became of one duty; may be read by any thread. */
struct sj_duty_stats {
    _Atomic uint64_t round_count, work_count;
    _Atomic sj_rc rc; /* the negative code it ended with, or 0 */
};

struct sj_duty_runner {
    char name[16]; /* as `top -H` shows it */
    struct sj_duty_idle idle;
    int32_t cpu;                /* the core it stays on, or -1 */
    int64_t drain_ns;           /* how long stopping may go on working */
    struct sj_hist *round_hist; /* if set: how long each round with work took, ns */

    /* The rest is the runner's own. */
    struct sj_duty duties[SJ_DUTY_MAX];
    struct sj_duty_stats stats[SJ_DUTY_MAX];
    uint32_t duty_count;
    pthread_t thread;
    bool started;
    _Atomic bool stop_requested, finished;
    _Atomic uint32_t wake_count; /* the futex word */
    _Atomic uint32_t sleeping;
    _Atomic uint64_t sleep_count;
    _Atomic sj_rc rc;
};

/* The ladder for this machine: with two cores or fewer nothing spins. `spinning`: never sleeps
 * (a dedicated core). [any] */
struct sj_duty_idle sj_duty_idle_default(bool spinning);

/* [init] */
void sj_duty_init(struct sj_duty_runner *runner, const char *name);

/* -SJ_E_FULL beyond SJ_DUTY_MAX. [init] */
SJ_MUST_USE sj_rc sj_duty_add(struct sj_duty_runner *runner, const struct sj_duty *duty);

/* Starts the thread. -errno of pthread_create, or -EINVAL for a core that is not there. [init] */
SJ_MUST_USE sj_rc sj_duty_start(struct sj_duty_runner *runner);

/* The same on the calling thread, until stopped. Returns the code of the essential duty that ended
 * it, or 0. [any, instead of sj_duty_start] */
SJ_MUST_USE sj_rc sj_duty_run(struct sj_duty_runner *runner);

/* Asks the runner to drain and end; returns at once. Async-signal-safe. [any] */
void sj_duty_stop(struct sj_duty_runner *runner);

/* Waits for a started runner to end; returns as sj_duty_run does. [the starting thread] */
sj_rc sj_duty_join(struct sj_duty_runner *runner);

/* There is work: ends the runner's sleep. A load and no system call when it is awake.
 * Async-signal-safe. [any] */
void sj_duty_wake(struct sj_duty_runner *runner);

#endif
