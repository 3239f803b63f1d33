/*
 * user_ring.h: rings that strategies in processes of their own write. shijim makes them before
 * their processes come, so that their sequences go on where the journal's end; a process takes over
 * what it finds. What lies in them is not trusted: it is copied first, then checked, then used.
 *
 * Errors   one line in `error`. -SJ_E_LAYOUT: the ring is another's.
 * Threads  make: [init]. take: each with its own frames.
 */
#ifndef SJ_APP_USER_RING_H
#define SJ_APP_USER_RING_H

#include "bus/bus.h"

#define SJ_USER_SPAN_MAX 32768
#define SJ_USER_RING_SIZE (8u << 20)

struct sj_user_frames {
    _Alignas(8) uint8_t bytes[SJ_USER_SPAN_MAX];
    size_t size;
    uint32_t count;
};

/* Makes sure that there is a ring `name` of source `src` whose next sequence is behind `last_seq`,
 * what the journal holds of it. */
SJ_MUST_USE sj_rc sj_user_ring_make(const char *dir, const char *name, uint32_t src,
                                    uint64_t last_seq, char *error, size_t error_size);

/* Copies a span. False: it holds something else than whole INTENT and CONTROL events of this
 * version in sequence, as their producer's end writes them. */
bool sj_user_frames_take(struct sj_user_frames *frames, const struct sj_bus_span *span);

/* Writes when they were read: their producer's word for it would lead astray who looks for a time.
 */
void sj_user_frames_stamp(struct sj_user_frames *frames, int64_t now_ns);

#endif
