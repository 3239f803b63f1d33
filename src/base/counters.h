/*
 * counters.h: named counters and gauges in memory other processes can read: `shijim stat`, `shijim
 * top` and /metrics look here and disturb nobody.
 *
 * The name is the Prometheus one with its labels: shijim_bus_lost_total{reader="store"}. Values lie
 * on a cache line each, so two writers never share one. Labels of things that come and go may be
 * removed; a reader sees an old or the new name, never a mix (a sequence guards it).
 *
 * Threads  [writer] the one thread that owns a counter: relaxed loads and stores, no locked
 *          instruction. [any] adding, removing (under a lock of this process) and reading.
 * Memory   One mapping of fixed capacity: 192 bytes a counter. The file is the creator's; a reader
 *          maps it read-only.
 * Failures A full table gives a shared spare that nobody reads, so callers need no check;
 *          sj_counters_overflowed tells how often.
 */
#ifndef SJ_BASE_COUNTERS_H
#define SJ_BASE_COUNTERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"

#define SJ_COUNTERS_NAME_SIZE 112
#define SJ_COUNTERS_CAPACITY_MAX 65536

enum sj_counter_kind {
    SJ_COUNTER_FREE,
    SJ_COUNTER_TOTAL, /* only rises; its name ends in _total */
    SJ_COUNTER_GAUGE, /* any value */
};

struct sj_counter {
    _Alignas(64) _Atomic int64_t value;
};

struct sj_counters_header;
struct sj_counters_label;

struct sj_counters {
    struct sj_counters_header *header;
    struct sj_counters_label *labels;
    struct sj_counter *values;
    uint32_t capacity;
    size_t mapped_size;
    bool writable;
    pthread_mutex_t lock;
    struct sj_counter spare;
    _Atomic uint64_t overflow_count;
};

/* Makes a registry of `capacity` counters: in this process only (path NULL), or in a new file that
 * others can open, replacing what was there. -EINVAL, -errno. [any] */
SJ_MUST_USE sj_rc sj_counters_create(struct sj_counters *counters, const char *path,
                                     uint32_t capacity);

/* Opens another process's registry to read. -SJ_E_LAYOUT: not one of this version. -errno. [any] */
SJ_MUST_USE sj_rc sj_counters_open(struct sj_counters *counters, const char *path);

/* Unmaps; the file stays for a last look. Accepts one that is all zero. */
void sj_counters_close(struct sj_counters *counters);

/* A counter of that name at 0, or the one there is. Never NULL: a full table or a name that is too
 * long gives a spare that nobody reads. [any] */
struct sj_counter *sj_counters_add(struct sj_counters *counters, enum sj_counter_kind kind,
                                   const char *name);

/* Takes it out; the pointer must no longer be used. [any] */
void sj_counters_remove(struct sj_counters *counters, struct sj_counter *counter);

/* How many counters found no room. [any] */
uint64_t sj_counters_overflowed(const struct sj_counters *counters);

/* The pid of the registry's creator. [any] */
int32_t sj_counters_pid(const struct sj_counters *counters);

typedef void sj_counters_visit(void *context, enum sj_counter_kind kind, const char *name,
                               int64_t value);

/* Calls `visit` for each, in order of their places. [any] */
void sj_counters_each(const struct sj_counters *counters, sj_counters_visit *visit, void *context);

/* Adds to a counter only this thread writes. [writer] */
static inline void sj_counter_add(struct sj_counter *counter, int64_t amount)
{
    int64_t value = atomic_load_explicit(&counter->value, memory_order_relaxed);
    atomic_store_explicit(&counter->value, value + amount, memory_order_relaxed);
}

/* Adds to a counter several threads write. [any] */
static inline void sj_counter_add_shared(struct sj_counter *counter, int64_t amount)
{
    atomic_fetch_add_explicit(&counter->value, amount, memory_order_relaxed);
}

/* [writer] */
static inline void sj_counter_set(struct sj_counter *counter, int64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_relaxed);
}

/* [any] */
static inline int64_t sj_counter_get(const struct sj_counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

#endif
