/*
 * bus.h: one producer, many readers, one shared-memory ring of frames (event.h).
 *
 * A ring is a file (by default under /dev/shm) that any process of the machine may map. Its one
 * producer writes frames of all topics (a frame's `instrument`) in sequence; every reader sees all
 * of them, each at its own pace and under its own policy:
 *   gate      the producer never overwrites what this reader has not released; publishing then
 *             returns -SJ_E_FULL (and counts) instead of waiting for ever.
 *   lossy     may be lapped; learns exactly how many events it lost, in all and per topic.
 *   conflate  reads the latest event per (topic, type); what it skipped is counted.
 *   evict     a gate that loses its hold when it stalls past its deadline.
 *
 * Units    _size: bytes. _count: events. seq: counts from 1, never reused.
 * Errors   sj_rc >= 0 is success; else -errno or -SJ_E_*. ret_* set on success only.
 * Threads  [producer] the one publishing thread. [reader] the thread that owns the reader.
 *          [any] any thread of any process.
 * Memory   create/attach map memory; the rest make no allocation and, unless a reader is parked in
 *          sj_bus_wait, no system call.
 */
#ifndef SHIJIM_BUS_H
#define SHIJIM_BUS_H

#include "shijim/event.h"
#include "shijim/rc.h"

#include <stdbool.h>

#define SJ_BUS_NAME_MAX 32
#define SJ_BUS_READERS_MAX 64

struct sj_bus;        /* the producer's end (bus_fast.h) */
struct sj_bus_reader; /* one reader's end (bus_fast.h) */

enum sj_bus_policy { SJ_BUS_GATE, SJ_BUS_LOSSY, SJ_BUS_CONFLATE, SJ_BUS_EVICT };

struct sj_bus_options {
    const char *dir;      /* NULL: /dev/shm/shijim-UID */
    const char *name;     /* the ring's file name, e.g. "gateway1" */
    uint32_t src;         /* the source id its events carry in journal and store */
    uint64_t first_seq;   /* of a new ring; 0 = 1. An existing ring goes on where it was */
    uint64_t size;        /* of the ring, a power of two; 0 = 64 MiB */
    uint32_t topic_count; /* topics 0 .. topic_count-1 have counters; 0 = 1 */
};

/* Creates the ring, or takes over one whose producer died: what it had committed is there, what it
 * had not is gone, its readers stay. -SJ_E_BUSY: its producer lives. -SJ_E_LAYOUT: another version
 * and still in use. [producer] */
SJ_API SJ_MUST_USE sj_rc sj_bus_create(const struct sj_bus_options *options,
                                       struct sj_bus **ret_bus);

/* Marks the end, so that readers learn of it when they have read all. Accepts NULL. [producer] */
SJ_API void sj_bus_close(struct sj_bus *bus);

/* Copies one frame in (its size from its head; seq is assigned) and shows it to every reader.
 * -SJ_E_FULL: a gate reader holds the ring. -SJ_E_RANGE: not a whole frame of 32 .. 512 bytes in
 * units of 32, or a topic the ring does not have. [producer] */
SJ_API SJ_MUST_USE sj_rc sj_bus_publish(struct sj_bus *bus, const void *frame);

/* Copies `count` frames that lie back to back in `frames`. All are accepted or none. Up to 64 KiB
 * are shown together; more, in runs of that size, so that readers need not wait for the last one to
 * be copied. -SJ_E_RANGE also when they are more than half the ring, or do not fill `size`.
 * [producer] */
SJ_API SJ_MUST_USE sj_rc sj_bus_publish_many(struct sj_bus *bus, const void *frames, size_t size,
                                             uint32_t count);

/*
 * In place (inline, bus_fast.h):
 *   void *sj_bus_claim(bus, size)   Room for a frame of up to `size` bytes, or NULL when a gate
 *                       reader holds the ring or half of it is staged. One claim at a time; it ends
 *                       with stage, commit or abort. Write head and block; leave seq alone or zero.
 *   sj_rc sj_bus_stage(bus)   The claimed frame is finished but not yet visible; claim the next
 *                       one behind it. -SJ_E_RANGE (as publish, or longer than claimed): the claim
 *                       is given back and counted as refused.
 *   sj_rc sj_bus_commit(bus)  As stage, and shows everything staged, with one release store.
 *   void sj_bus_flush(bus)    Shows what is staged. Without anything staged it does nothing.
 *   void sj_bus_abort(bus)    Gives the claim back; staged frames before it stay.
 *   void sj_bus_warm(bus, size)   Asks for the cache lines of the next `size` bytes of the ring:
 * for a producer that publishes rarely, and then in haste. All [producer].
 */

/* The sequence of the last event shown (0: none), and how many publishes were refused. */
SJ_API uint64_t sj_bus_last_seq(const struct sj_bus *bus);
SJ_API uint64_t sj_bus_refused_count(const struct sj_bus *bus);

/* Renews the heartbeat that tells others the producer lives; call about every 100 ms. [producer] */
SJ_API void sj_bus_beat(struct sj_bus *bus);

struct sj_bus_reader_options {
    const char *dir;
    const char *name;        /* of the ring */
    const char *reader_name; /* shown in statistics; a gate reader of the same name resumes */
    enum sj_bus_policy policy;
    uint64_t from_seq; /* 0: the next one to come; 1 .. : that one, or the oldest there is */
    int64_t evict_deadline_ns; /* evict only */
};

/* -ENOENT: no such ring. -SJ_E_LIMIT: SJ_BUS_READERS_MAX are attached. [reader] */
SJ_API SJ_MUST_USE sj_rc sj_bus_attach(const struct sj_bus_reader_options *options,
                                       struct sj_bus_reader **ret_reader);

/* Gives the slot (and a gate's hold) back. Accepts NULL. [reader] */
SJ_API void sj_bus_detach(struct sj_bus_reader *reader);

/* A run of whole frames, readable in place. */
struct sj_bus_span {
    const uint8_t *begin; /* walk: for (p = begin; p < end; p += sj_frame_size(p)) */
    const uint8_t *end;
    uint64_t first_seq;
    uint32_t count;
    uint32_t src;
};

/* The next frames, at most `size_max` bytes, in place and contiguous. Returns their count; 0 when
 * caught up; -SJ_E_CLOSED when caught up and the producer has closed. A lossy reader gets
 * -SJ_E_LAPPED once for each loss (lost counters are updated, call again); -SJ_E_EVICTED: attach
 * anew. Release each span before the next drain. [reader] */
SJ_API SJ_MUST_USE sj_rc sj_bus_drain(struct sj_bus_reader *reader, size_t size_max,
                                      struct sj_bus_span *ret_span);

/* Done with the span, or with what sj_bus_next gave. -SJ_E_LAPPED: a lossy reader was overtaken
 * while it read: what it took since the last release is not to be trusted, and is counted as lost.
 * -SJ_E_EVICTED: likewise, and attach anew. [reader] */
SJ_API SJ_MUST_USE sj_rc sj_bus_release(struct sj_bus_reader *reader);

/*
 * sj_rc sj_bus_next(reader, const struct sj_frame **ret)   (inline, bus_fast.h) The next frame, in
 * place: 1, or 0 when caught up, else as drain. The fastest way to read: drain without the second
 * walk. Valid until the release, which ends any number of them; release at the latest when it
 * returns 0. Not for conflate readers. [reader]
 */

/* Copies the next event to `buffer` (SJ_EVENT_SIZE_MAX bytes). Returns its size, 0 when caught up,
 * else as drain. The only way to read for conflate readers. [reader] */
SJ_API SJ_MUST_USE sj_rc sj_bus_poll(struct sj_bus_reader *reader, void *buffer);

/* Waits until there is something to read or `timeout_ns` is over, on the ladder spin, pause, yield,
 * futex (the first two only when `spin`). Returns 1 or 0. [reader] */
SJ_API sj_rc sj_bus_wait(struct sj_bus_reader *reader, int64_t timeout_ns, bool spin);

/* The sequence after the last one released; how many were lost, in all and of one topic. */
SJ_API uint64_t sj_bus_reader_next_seq(const struct sj_bus_reader *reader);
SJ_API uint64_t sj_bus_reader_lost(const struct sj_bus_reader *reader);
SJ_API uint64_t sj_bus_reader_lost_topic(const struct sj_bus_reader *reader, uint32_t topic);
SJ_API uint32_t sj_bus_reader_src(const struct sj_bus_reader *reader);

struct sj_bus_reader_stat {
    char name[SJ_BUS_NAME_MAX];
    enum sj_bus_policy policy;
    int32_t pid;
    bool alive;
    bool evicted;
    uint64_t next_seq;
    uint64_t lag_count;
    uint64_t lag_high_count; /* high-water mark */
    uint64_t lost_count;
};

struct sj_bus_stat {
    char name[SJ_BUS_NAME_MAX];
    uint32_t src;
    int32_t producer_pid;
    bool producer_alive;
    bool closed;
    uint64_t size;
    uint64_t last_seq;
    uint64_t refused_count;
    uint32_t topic_count;
    uint32_t reader_count;
    struct sj_bus_reader_stat readers[SJ_BUS_READERS_MAX];
    int64_t beat_ns; /* CLOCK_MONOTONIC: the producer's last heartbeat */
};

/* One look from outside, without touching the hot lines. [any] */
SJ_API SJ_MUST_USE sj_rc sj_bus_stat(const char *dir, const char *name, struct sj_bus_stat *ret);

/* Published, lag and lost of one topic for one reader (by its index in sj_bus_stat). [any] */
struct sj_bus_topic_stat {
    uint64_t published_count;
    uint64_t lag_count;
    uint64_t lag_high_count;
    uint64_t lost_count;
};
SJ_API SJ_MUST_USE sj_rc sj_bus_topic_stat(const char *dir, const char *name, uint32_t reader,
                                           uint32_t topic, struct sj_bus_topic_stat *ret);

/* Names of the rings in `dir`: calls `each` for each until it returns non-zero. [any] */
SJ_API SJ_MUST_USE sj_rc sj_bus_list(const char *dir, int (*each)(const char *name, void *context),
                                     void *context);

/* Removes a ring that no living process uses. -SJ_E_BUSY else. [any] */
SJ_API SJ_MUST_USE sj_rc sj_bus_remove(const char *dir, const char *name);

#include "shijim/bus_fast.h" /* the inline ones */

#endif
