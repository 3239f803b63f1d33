/*
 * window.h: the events of a journal between being read and being done with: each is due twice, at
 * the exchange when it happened and here when it was received, in different orders.
 *
 * At the exchange the earliest is first, at one time the one read first. Here they come in the
 * order in which they were put, as `local_ns` says.
 *
 * Units    _ns: UTC.
 * Errors   -ENOMEM; -SJ_E_FULL: SJ_BT_WINDOW_MAX bytes are waiting.
 * Threads  one owner.
 * Memory   grows to SJ_BT_WINDOW_MAX.
 */
#ifndef SJ_BACKTEST_WINDOW_H
#define SJ_BACKTEST_WINDOW_H

#include "backtest/ring.h"
#include "event/event.h"

#include <stdbool.h>

#define SJ_BT_WINDOW_MAX (UINT64_C(32) << 20)

struct sj_bt_windowed {
    uint32_t size; /* of all of it; 0: `src` bytes are passed over */
    uint8_t left;  /* bits of enum sj_bt_side: not done with yet */
    uint8_t windowed_reserved[3];
    uint32_t src, windowed_reserved2;
    int64_t exch_ns, local_ns;
    _Alignas(8) uint8_t frame[]; /* struct sj_frame */
};

enum sj_bt_side { SJ_BT_THERE = 1, SJ_BT_HERE = 2 };

struct sj_bt_due {
    int64_t at_ns;
    uint64_t order; /* counts events */
    uint64_t at;    /* position */
};
SJ_BT_RING(sj_bt_dues, struct sj_bt_due);

struct sj_bt_window {
    uint8_t *bytes;
    uint64_t room, head, tail; /* room: a power of two */
    uint64_t count;            /* put so far */
    struct sj_bt_due *heap;    /* at the exchange */
    uint32_t heap_count, heap_room;
    struct sj_bt_dues here;
};

void sj_bt_window_done(struct sj_bt_window *window);

/* A copy of the event with `instrument` in it. `there`: it is due at the exchange. `here_ns`:
 * INT64_MIN when it is not known yet (sj_bt_window_here says so later). */
SJ_MUST_USE sj_rc sj_bt_window_put(struct sj_bt_window *window, const struct sj_frame *event,
                                   uint32_t instrument, uint32_t src, int64_t exch_ns,
                                   int64_t here_ns, bool there);

/* The next one there, or here; NULL: there is none. */
struct sj_bt_windowed *sj_bt_window_there(const struct sj_bt_window *window);
struct sj_bt_windowed *sj_bt_window_here(const struct sj_bt_window *window);

/* It is done with there (and, with `here_ns` other than INT64_MIN, due here then). */
SJ_MUST_USE sj_rc sj_bt_window_pass_there(struct sj_bt_window *window, int64_t here_ns);
void sj_bt_window_pass_here(struct sj_bt_window *window);

#endif
