/*
 * window.h: an exact sliding window over the times of calls; risk's own.
 *
 * Two calls exactly a window apart count as within one: the broker's end of 10 s is his.
 * Times given to window_roll and window_add never fall (risk's clock sees to it).
 */
#ifndef SJ_RISK_WINDOW_H
#define SJ_RISK_WINDOW_H

#include "base/rate.h"
#include "base/warm.h"

#include <stdint.h>

#define WINDOW_SLOTS 256
_Static_assert(WINDOW_SLOTS > SJ_ORDER_CALLS_MAX, "a window holds more than any limit");

struct window {
    uint32_t head, tail; /* count up; head - tail calls are within */
    int64_t call_ns[WINDOW_SLOTS];
};

/* Lets go of what is older than the window; returns how many calls are left in it. */
static inline uint32_t window_roll(struct window *window, int64_t now_ns, int64_t span_ns)
{
    uint32_t head = window->head, tail = window->tail;
    while (tail != head && now_ns - window->call_ns[tail % WINDOW_SLOTS] > span_ns)
        tail++;
    window->tail = tail;
    return head - tail;
}

/* Notes a call. A window that is full forgets its oldest (only calls that nobody asked for can fill
 * one beyond its limit). */
static inline void window_add(struct window *window, int64_t now_ns)
{
    if (window->head - window->tail == WINDOW_SLOTS)
        window->tail++;
    window->call_ns[window->head++ % WINDOW_SLOTS] = now_ns;
}

static inline void window_warm(const struct window *window)
{
    sj_warm_write(&window->head, sizeof window->head);
    sj_warm_write(&window->call_ns[window->head % WINDOW_SLOTS], sizeof window->call_ns[0]);
    sj_warm_read(&window->call_ns[window->tail % WINDOW_SLOTS], sizeof window->call_ns[0]);
}

#endif
