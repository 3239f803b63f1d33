#include "base/clock.h"
#include "base/rc.h"
#include "bus/park.h"
#include "bus/reader.h"

#include <sched.h>

/* The ladder: how often each rung looks before the next one is climbed. The clock is read between
 * blocks of looks only. */
#define SPIN_BLOCKS 64
#define SPIN_LOOKS 64
#define YIELD_LOOKS 4

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Whether drain or poll would have something to say, be it an error. */
static bool ready(struct reader *reader)
{
    const void *place = reader->fast.place;
    if (atomic_load_explicit((const _Atomic uint64_t *)place, memory_order_acquire) != 0)
        return true;
    if (reader->conflate && conflate_pending(reader->conflate))
        return true;
    const struct ring_head *head = reader->map.head;
    return atomic_load_explicit(&head->closed, memory_order_acquire) ||
           atomic_load_explicit(&reader->slot->evicted, memory_order_acquire) ||
           (reader_is_lossy(reader) && reader_overtaken(reader, reader_pos(reader)));
}

static bool spin_until(struct reader *reader, int64_t deadline_ns)
{
    for (int block = 0; block < SPIN_BLOCKS; block++) {
        for (int i = 0; i < SPIN_LOOKS; i++) {
            if (ready(reader))
                return true;
            if (block > 0)
                pause_cpu();
        }
        if (sj_clock_mono_ns() >= deadline_ns)
            return false;
    }
    return false;
}

static bool park_until(struct reader *reader, int64_t deadline_ns)
{
    _Atomic uint32_t *parked = &reader->map.head->parked;
    for (;;) {
        park_announce(parked);
        if (ready(reader))
            return true;
        int64_t left_ns = deadline_ns - sj_clock_mono_ns();
        if (left_ns <= 0)
            return false;
        park_sleep(parked, left_ns);
        if (ready(reader))
            return true;
    }
}

sj_rc sj_bus_wait(struct sj_bus_reader *fast, int64_t timeout_ns, bool spin)
{
    struct reader *reader = reader_of(fast);
    if (ready(reader))
        return 1;
    if (timeout_ns <= 0)
        return 0;
    int64_t now_ns = sj_clock_mono_ns();
    int64_t deadline_ns = timeout_ns < INT64_MAX - now_ns ? now_ns + timeout_ns : INT64_MAX;
    if (spin && spin_until(reader, deadline_ns))
        return 1;
    for (int i = 0; i < YIELD_LOOKS; i++) {
        sched_yield();
        if (ready(reader))
            return 1;
        if (sj_clock_mono_ns() >= deadline_ns)
            return 0;
    }
    bool found = park_until(reader, deadline_ns);
    /* Whoever slept may have fallen behind. */
    if (found)
        reader_sample_lag(reader);
    return found;
}
