/*
 * clock.h: the two clocks. Pure rooms are handed times; only app, gateway, journal, store, watch
 * and brokersim read them here.
 *
 * Units    _ns: int64 nanoseconds. UTC times count from 1970-01-01T00:00:00Z.
 * Threads  [any thread], no system call (vDSO).
 */
#ifndef SJ_BASE_CLOCK_H
#define SJ_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define SJ_NS_PER_US 1000LL
#define SJ_NS_PER_MS 1000000LL
#define SJ_NS_PER_S 1000000000LL
#define SJ_NS_PER_DAY (86400LL * SJ_NS_PER_S)

/* Taiwan is UTC+8 all year (no daylight saving since 1979). */
#define SJ_TAIPEI_OFFSET_NS (8LL * 3600 * SJ_NS_PER_S)

/* Wall clock, UTC. May step when the host's clock is set. */
static inline int64_t sj_clock_utc_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec * SJ_NS_PER_S + ts.tv_nsec;
}

/* Never steps; for intervals, shared by all processes of one boot. */
static inline int64_t sj_clock_mono_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * SJ_NS_PER_S + ts.tv_nsec;
}

#endif
