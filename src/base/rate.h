/*
 * rate.h: at most `limit` calls in any window, whoever makes them: a limiter for several threads
 * and processes, without a lock.
 *
 * A call is a slot with the time it was used. A slot is used again only when its last use lies more
 * than the window back, and only by the one whose compare-and-swap wins. So any two uses of one
 * slot are further apart than the window, and the uses within any window lie in different slots:
 * there are never more of them than slots, in whatever order or at whatever pace they come. (A
 * bucket of 250 refilled by 25 a second passes up to 500 in 10 s.)
 *
 * The last `reserve` slots are for urgent calls (cancels) alone: when ordinary ones find no slot,
 * these still do.
 *
 * Units    _ns of a clock that all users share and that does not step (sj_clock_mono_ns), > 0.
 * Errors   none: a take gives a slot or says how long until one may be free.
 * Threads  [init] one. sj_rate_take, sj_rate_count: any thread, any process that maps the struct.
 * Memory   the caller's, 2 KB, plain; may lie in shared memory. No allocation, no system call.
 */
#ifndef SJ_BASE_RATE_H
#define SJ_BASE_RATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"

#define SJ_RATE_SLOTS_MAX 1024

/* The broker's own limit: calls of an account (place, change, cancel, status) in 10 s. No
 * configuration passes it. */
#define SJ_ORDER_CALLS_MAX 250

struct sj_rate {
    uint32_t limit;    /* slots in all */
    uint32_t reserve;  /* of them, for urgent calls only */
    int64_t window_ns; /* uses of one slot are further apart than this */
    _Atomic uint32_t hint;
    _Atomic uint32_t hint_reserve;
    _Atomic int64_t used_ns[SJ_RATE_SLOTS_MAX]; /* 0: never */
};

/* Sets up an empty limiter. -SJ_E_RANGE: limit 0 or above SJ_RATE_SLOTS_MAX, reserve not below
 * limit, or a window below 1 ns. [init] */
SJ_MUST_USE sj_rc sj_rate_init(struct sj_rate *rate, uint32_t limit, uint32_t reserve,
                               int64_t window_ns);

/* Takes a slot for a call made at `now_ns`: 0; or, with nothing taken, in how many ns to ask
 * again (> 0; another caller may be faster then). */
SJ_MUST_USE int64_t sj_rate_take(struct sj_rate *rate, int64_t now_ns, bool urgent);

/* Asks for the lines that the next take will look at. */
void sj_rate_warm(const struct sj_rate *rate);

/* Notes a call that was made without asking, so that the window knows of it; false when every slot
 * is used and it could not be noted. */
bool sj_rate_note(struct sj_rate *rate, int64_t now_ns);

/* Calls in the window that ends at now_ns. */
uint32_t sj_rate_count(const struct sj_rate *rate, int64_t now_ns);

#endif
