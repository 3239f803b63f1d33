#include "bus/producer.h"

#include "base/clock.h"
#include "base/rc.h"
#include "bus/park.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a long batch this much is shown at a time, so that readers work while the rest is copied: a
 * burst of 70,000 would else take the time of copying and reading one after the other. */
#define SHOW_SIZE (64u << 10)
#define COPY_AHEAD 1024 /* bytes: lines are asked for before they are needed */

/* Under the thread sanitizer in words, because lossy readers may look on; their result is thrown
 * away then, so elsewhere any copy will do. */
static inline void copy_frame(void *ring, const void *frame, size_t size)
{
#if SJ_BUS_TSAN
    _Atomic uint64_t *to = ring;
    const uint8_t *from = frame;
    for (size_t i = 1; i < size / 8; i++) {
        uint64_t word;
        memcpy(&word, from + 8 * i, 8);
        atomic_store_explicit(&to[i], word, memory_order_relaxed);
    }
#else
    uint8_t *to = ring;
    const uint8_t *from = frame;
    /* By units: a call of memcpy with a size not known costs more than these copies. */
    memcpy(to + 8, from + 8, SJ_FRAME_UNIT - 8);
    for (size_t at = SJ_FRAME_UNIT; at < size; at += SJ_FRAME_UNIT)
        memcpy(to + at, from + at, SJ_FRAME_UNIT);
#endif
}

void sj_bus_copy_in(void *ring, const void *frame, size_t size)
{
    copy_frame(ring, frame, size);
}

static sj_rc own(struct producer *producer)
{
    struct ring_head *head = producer->map.head;
    struct process_id self = process_self();
    head->start_time = self.start_time;
    head->beat_ns = sj_clock_mono_ns();
    atomic_store_explicit(&head->pid, self.pid, memory_order_release);
    sj_rc rc = producer_recover(producer);
    if (rc < 0)
        atomic_store_explicit(&head->pid, 0, memory_order_release);
    else
        atomic_store_explicit(&head->closed, 0, memory_order_release);
    return rc;
}

/* Whether the ring found is the one asked for; else whether it may be replaced. */
static bool same_shape(const struct geometry *g, const struct sj_bus_options *options)
{
    return g->size == (options->size ? options->size : RING_SIZE_DEFAULT) &&
           g->topic_count == (options->topic_count ? options->topic_count : 1);
}

/* Takes over the ring of `fd`, which becomes the map's. 1: it must be replaced by a new one, which
 * goes on after *ret_last_seq. */
static sj_rc take_over(struct producer *producer, int fd, const struct geometry *g,
                       const struct sj_bus_options *options, bool in_use, uint64_t *ret_last_seq)
{
    sj_rc rc = ring_map(fd, g, true, &producer->map);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    struct ring_head *head = producer->map.head;
    if (process_alive((struct process_id){head->pid, head->start_time})) {
        rc = -SJ_E_BUSY;
    } else if (same_shape(g, options) && producer->map.src == options->src) {
        rc = own(producer);
        if (rc == 0)
            return 0;
        rc = 1; /* damaged: no reader can go on in it either */
    } else if (in_use) {
        rc = -SJ_E_LAYOUT;
    } else {
        *ret_last_seq = producer_recover(producer) < 0 ? 0 : producer->fast.shown_seq - 1;
        rc = 1;
    }
    if (rc == 1) {
        atomic_store_explicit(&head->closed, 1, memory_order_release);
        park_wake(&head->parked);
    }
    ring_unmap(&producer->map);
    return rc;
}

static sj_rc open_or_make(struct producer *producer, const char *path,
                          const struct sj_bus_options *options)
{
    struct geometry g;
    struct sj_bus_options fresh = *options;
    sj_rc fd = ring_open(path, &g);
    if (fd >= 0) {
        uint64_t last_seq = 0;
        bool in_use = ring_in_use(path);
        sj_rc rc = take_over(producer, fd, &g, options, in_use, &last_seq);
        if (rc <= 0)
            return rc;
        if (last_seq >= fresh.first_seq)
            fresh.first_seq = last_seq + 1;
    } else if (fd != -ENOENT && fd != -SJ_E_CORRUPT && fd != -SJ_E_LAYOUT) {
        return fd;
    } else if (ring_in_use(path)) {
        return -SJ_E_LAYOUT;
    }
    sj_rc rc = ring_make(path, &fresh, &producer->map);
    return rc < 0 ? rc : own(producer);
}

sj_rc sj_bus_create(const struct sj_bus_options *options, struct sj_bus **ret_bus)
{
    char path[RING_PATH_MAX];
    char dir[RING_PATH_MAX];
    struct geometry g;
    sj_rc rc = ring_geometry(options->size ? options->size : RING_SIZE_DEFAULT,
                             options->topic_count ? options->topic_count : 1, &g);
    if (rc == 0)
        rc = ring_path(options->dir, options->name, path);
    if (rc == 0)
        rc = ring_dir(options->dir, true, dir);
    if (rc < 0)
        return rc;
    struct producer *producer =
        aligned_alloc(RING_LINE, (sizeof *producer + RING_LINE - 1) / RING_LINE * RING_LINE);
    int lock = producer ? ring_lock(options->dir) : -ENOMEM;
    if (lock < 0) {
        free(producer);
        return lock;
    }
    memset(producer, 0, sizeof *producer);
    if (SJ_BUS_TSAN && !(producer->fast.scratch = calloc(1, SJ_EVENT_SIZE_MAX)))
        rc = -ENOMEM;
    if (rc == 0)
        rc = open_or_make(producer, path, options);
    close(lock);
    if (rc < 0) {
        ring_unmap(&producer->map);
        free(producer->fast.scratch);
        free(producer);
        return rc;
    }
    park_register();
    *ret_bus = &producer->fast;
    return 0;
}

void sj_bus_close(struct sj_bus *bus)
{
    if (!bus)
        return;
    struct producer *producer = producer_of(bus);
    struct ring_head *head = producer->map.head;
    sj_bus_abort(bus);
    sj_bus_flush(bus);
    atomic_store_explicit(&head->closed, 1, memory_order_release);
    atomic_store_explicit(&head->pid, 0, memory_order_release);
    park_wake(&head->parked);
    ring_unmap(&producer->map);
    free(bus->scratch);
    free(producer);
}

sj_rc sj_bus_refuse(struct sj_bus *bus)
{
    sj_bus_count(&bus->shown->refused_count, 1);
    sj_bus_abort(bus);
    return -SJ_E_RANGE;
}

void sj_bus_wake(struct sj_bus *bus)
{
    park_wake(bus->parked);
}

sj_rc sj_bus_publish(struct sj_bus *bus, const void *frame)
{
    size_t size = sj_frame_size(frame);
    if (SJ_BUS_UNLIKELY(size > SJ_EVENT_SIZE_MAX || size % SJ_FRAME_UNIT))
        return sj_bus_refuse(bus);
    void *place = sj_bus_claim(bus, size);
    if (SJ_BUS_UNLIKELY(!place))
        return -SJ_E_FULL;
    /* The stamp stays what it is: zero where readers wait. */
    copy_frame(place, frame, size);
    return sj_bus_commit(bus);
}

/* A frame's size if it is one, lies within `left` bytes and has a topic of the ring; else 0. */
static inline uint32_t good_size(const struct sj_bus *bus, const uint8_t *frame, size_t left)
{
    if (left < SJ_FRAME_UNIT)
        return 0;
    const struct sj_frame *head = (const struct sj_frame *)(const void *)frame;
    uint32_t size = sj_frame_size(head);
    bool good = size % SJ_FRAME_UNIT == 0 && size <= SJ_EVENT_SIZE_MAX && size <= left &&
                head->instrument < bus->topic_count;
    return good ? size : 0;
}

static bool frames_good(const struct sj_bus *bus, const uint8_t *frames, size_t size,
                        uint32_t count)
{
    size_t at = 0;
    uint32_t guess = 0;
    for (uint32_t i = 0; i < count; i++) {
        __builtin_prefetch(frames + at + COPY_AHEAD);
        uint32_t frame_size = good_size(bus, frames + at, size - at);
        if (frame_size == 0)
            return false;
        at += sj_bus_guess(&guess, frame_size);
    }
    return at == size;
}

/* Stages frames known to be good, up to `size_max` bytes of them; returns their bytes. */
static size_t stage_frames(struct sj_bus *bus, const uint8_t *frames, size_t size, size_t size_max)
{
    uint8_t *place = bus->place;
    uint64_t seq = bus->seq;
    uint32_t guess = 0;
    size_t at = 0;
    while (at < size && at < size_max) {
        const struct sj_frame *head = (const struct sj_frame *)(const void *)(frames + at);
        uint32_t frame_size = sj_frame_size(head);
        __builtin_prefetch(place + at + COPY_AHEAD, 1);
        copy_frame(place + at, frames + at, frame_size);
        if (place + at != bus->shown_place)
            atomic_store_explicit(sj_bus_stamp(place + at), seq, memory_order_relaxed);
        sj_bus_count(&bus->published[head->instrument], 1);
        at += sj_bus_guess(&guess, frame_size);
        seq++;
    }
    bus->place += at;
    bus->seq = seq;
    return at;
}

sj_rc sj_bus_publish_many(struct sj_bus *bus, const void *frames, size_t size, uint32_t count)
{
    if (size > (bus->mask + 1) / 2 || !frames_good(bus, frames, size, count))
        return sj_bus_refuse(bus);
    if (bus->place + size + SJ_FRAME_UNIT > bus->room_end && !producer_make_room(bus, size))
        return -SJ_E_FULL;
    bus->zero_place = SJ_BUS_NOWHERE;
    for (size_t at = 0; at < size;) {
        at += stage_frames(bus, (const uint8_t *)frames + at, size - at, SHOW_SIZE);
        sj_bus_flush(bus);
        bus->zero_place = SJ_BUS_NOWHERE;
    }
    return 0;
}

uint64_t sj_bus_last_seq(const struct sj_bus *bus)
{
    return atomic_load_explicit(&bus->shown->last_seq, memory_order_relaxed);
}

uint64_t sj_bus_refused_count(const struct sj_bus *bus)
{
    return atomic_load_explicit(&bus->shown->refused_count, memory_order_relaxed);
}

void sj_bus_beat(struct sj_bus *bus)
{
    atomic_store_explicit(&producer_of(bus)->map.head->beat_ns, sj_clock_mono_ns(),
                          memory_order_relaxed);
}
