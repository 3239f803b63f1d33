/*
 * guard.h: runs foreign code and comes back, whatever it does: it may crash (SIGSEGV, SIGBUS,
 * SIGFPE, SIGILL, SIGTRAP, abort), overflow its stack, or never return.
 *
 * A crash is a signal on an alternate stack, and a jump back to where the call began. A loop is
 * seen by a thread that looks at the serial number of the call now and then: one that has used its
 * budget of processor time (or ten times as much by the clock: it waits for something) gets
 * SIGXCPU. Only the foreign code is ended so: while it calls back into the host (sj_guard_leave ..
 * sj_guard_enter) a crash is ours and goes the default way, and a loop's end waits until the host
 * is done.
 *
 * What a crash cannot be undone: what the code wrote into memory that is not its own, locks it
 * held, and exit().
 *
 * Threads  create and close: [init]. call, leave, enter: one thread at a time, which gets an
 *          alternate stack at its first call. The handlers are the process's, as long as there is a
 *          guard; signals that are not about guarded code go to the handlers there were before.
 * Memory   no allocation in a call but the first of a thread.
 */
#ifndef SJ_STRATEGY_GUARD_H
#define SJ_STRATEGY_GUARD_H

#include <time.h>

#include "base/rc.h"

struct sj_guard;

enum sj_guard_end { SJ_GUARD_RETURNED, SJ_GUARD_CRASHED, SJ_GUARD_LOOPED };

/* `least_budget_ns`: the shortest hard budget there will be; the watcher looks four times in it,
 * but not more than once a millisecond. */
SJ_MUST_USE sj_rc sj_guard_create(int64_t least_budget_ns, struct sj_guard **ret_guard);
void sj_guard_close(struct sj_guard *guard);

/* A shorter budget than any before. */
void sj_guard_watch_closer(struct sj_guard *guard, int64_t least_budget_ns);

/* Calls call(context), at most for budget_ns. */
enum sj_guard_end sj_guard_call(struct sj_guard *guard, int64_t budget_ns, void (*call)(void *),
                                void *context);

/* From the foreign code into the host and back. NULL: nothing happens. enter may not return: it
 * ends a call whose time ran out meanwhile. */
void sj_guard_leave(struct sj_guard *guard);
void sj_guard_enter(struct sj_guard *guard);

/* The name of the signal that ended the last call: "SIGSEGV". */
const char *sj_guard_signal_name(const struct sj_guard *guard);

/* The cheapest clock there is: the cycle counter, where the machine has one. */
static inline uint64_t sj_guard_cycles(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t cycles;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(cycles));
    return cycles;
#else
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
#endif
}

/* How long a cycle is, measured once a process (5 ms). */
double sj_guard_ns_per_cycle(void);

#endif
