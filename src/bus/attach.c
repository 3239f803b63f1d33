/*
 * attach.c: taking and giving back a reader's slot.
 *
 * All of it happens under the directory's lock, so slots need no claiming protocol of their own.
 * Only the producer is not under it: see room.c for how a new gate and an advancing producer meet.
 */
#include "base/clock.h"
#include "base/rc.h"
#include "bus/process.h"
#include "bus/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_COUNT 8192 /* frames a lossy reader may hold between two releases */
#define TSAN_LOG_COUNT 64
#define ATTACH_TRIES_MAX 1000

static bool slot_alive(const struct reader_slot *slot)
{
    return process_alive((struct process_id){slot->pid, slot->start_time});
}

static bool is_gate(enum sj_bus_policy policy)
{
    return policy == SJ_BUS_GATE || policy == SJ_BUS_EVICT;
}

static void pack_name(uint64_t ret[SJ_BUS_NAME_MAX / 8], const char *name)
{
    memset(ret, 0, SJ_BUS_NAME_MAX);
    if (name)
        memcpy(ret, name, strnlen(name, SJ_BUS_NAME_MAX - 1));
}

static bool same_name(const struct reader_slot *slot, const uint64_t name[])
{
    for (int i = 0; i < SJ_BUS_NAME_MAX / 8; i++)
        if (slot->name[i] != name[i])
            return false;
    return name[0] != 0;
}

static void free_slot(struct ring_map *map, uint32_t index)
{
    atomic_fetch_and_explicit(&map->head->gates, ~(1ULL << index), memory_order_seq_cst);
    atomic_store_explicit(&map->slots[index].state, SLOT_FREE, memory_order_release);
}

/* The slot a gate of this name left behind when its process died: -1 none, -SJ_E_BUSY if it lives.
 */
static int find_left_gate(const struct ring_map *map, const uint64_t name[])
{
    for (int i = 0; i < SJ_BUS_READERS_MAX; i++) {
        const struct reader_slot *slot = &map->slots[i];
        if (slot->state == SLOT_USED && is_gate(slot->policy) && same_name(slot, name))
            return slot_alive(slot) ? -SJ_E_BUSY : i;
    }
    return -1;
}

/* A free slot. What dead readers left is freed on the way, except gates somebody may yet resume;
 * those go last. -SJ_E_LIMIT: all are in use. */
static int find_slot(struct ring_map *map)
{
    int found = -1;
    for (int pass = 0; pass < 2 && found < 0; pass++) {
        for (uint32_t i = 0; i < SJ_BUS_READERS_MAX; i++) {
            struct reader_slot *slot = &map->slots[i];
            bool left_gate = is_gate(slot->policy) && !slot->evicted;
            if (slot->state != SLOT_FREE && (pass == 1 || !left_gate) && !slot_alive(slot))
                free_slot(map, i);
            if (slot->state == SLOT_FREE && found < 0)
                found = (int)i;
        }
    }
    if (found >= 0) /* its last owner may have been killed while it attached as a gate */
        free_slot(map, (uint32_t)found);
    return found < 0 ? -SJ_E_LIMIT : found;
}

static sj_rc allocate(struct reader *reader)
{
    uint64_t log_count = SJ_BUS_TSAN ? TSAN_LOG_COUNT : LOG_COUNT;
    reader->counts = calloc(reader->map.g.topic_count, sizeof *reader->counts);
    if (!reader->counts)
        return -ENOMEM;
    reader->window = reader->map.g.size;
    if (!reader_is_lossy(reader))
        return 0;
    if (reader->window > log_count * SJ_FRAME_UNIT)
        reader->window = log_count * SJ_FRAME_UNIT;
    reader->log = calloc(log_count, sizeof *reader->log);
    if (SJ_BUS_TSAN)
        reader->bounce = calloc(TSAN_LOG_COUNT, SJ_EVENT_SIZE_MAX);
    if (!reader->log || (SJ_BUS_TSAN && !reader->bounce))
        return -ENOMEM;
    return reader->policy == SJ_BUS_CONFLATE ? conflate_create(reader) : 0;
}

static void take_slot(struct reader *reader, const struct sj_bus_reader_options *options,
                      bool resumed)
{
    struct reader_slot *slot = reader->slot;
    struct process_id self = process_self();
    uint64_t name[SJ_BUS_NAME_MAX / 8];
    pack_name(name, options->reader_name);
    slot->policy = options->policy;
    slot->pid = self.pid;
    slot->start_time = self.start_time;
    slot->evict_deadline_ns = options->evict_deadline_ns;
    for (int i = 0; i < SJ_BUS_NAME_MAX / 8; i++)
        slot->name[i] = name[i];
    slot->evicted = 0;
    if (!resumed) {
        slot->lost_count = 0;
        slot->lag_high_count = 0;
        for (uint32_t t = 0; t < reader->map.g.topic_count; t++) {
            reader->topics.lost[t] = 0;
            reader->topics.lag_high[t] = 0;
        }
    }
    reader->lost_count = slot->lost_count;
}

/* Finds the starting place; for gates, makes the producer respect it. */
static sj_rc enter_stream(struct reader *reader, uint64_t from_seq)
{
    uint64_t bit = 1ULL << reader->slot_index;
    for (int i = 0; i < ATTACH_TRIES_MAX; i++) {
        sj_rc rc = reader_find_start(reader, from_seq);
        if (rc < 0 || !is_gate(reader->policy))
            return rc;
        atomic_fetch_or_explicit(&reader->map.head->gates, bit, memory_order_seq_cst);
        atomic_thread_fence(memory_order_seq_cst);
        if (!reader_overtaken(reader, reader->base_pos))
            return 0;
    }
    return -SJ_E_TIMEOUT;
}

/* A gate that resumes goes on at the sequence after the last one it released. If that is gone (its
 * hold was dropped meanwhile) the difference is counted as lost. */
static sj_rc resume(struct reader *reader, const struct sj_bus_reader_options *options)
{
    uint64_t next_seq = reader->slot->next_seq;
    uint64_t lost_seq = options->from_seq ? options->from_seq : next_seq;
    sj_rc rc = enter_stream(reader, lost_seq);
    if (rc == 0 && reader->base_seq > lost_seq) {
        reader->lost_count += reader->base_seq - lost_seq;
        reader_publish_place(reader);
    }
    return rc;
}

static sj_rc attach_locked(struct reader *reader, const struct sj_bus_reader_options *options)
{
    uint64_t name[SJ_BUS_NAME_MAX / 8];
    pack_name(name, options->reader_name);
    int left = is_gate(options->policy) ? find_left_gate(&reader->map, name) : -1;
    int index = left == -1 ? find_slot(&reader->map) : left;
    if (index < 0)
        return index;
    reader->slot_index = (uint32_t)index;
    reader->slot = &reader->map.slots[index];
    reader->topics = ring_topics(&reader->map, reader->slot_index);
    reader->fast.passed = reader->topics.passed;
    sj_rc rc = ring_allocate_topics(&reader->map, reader->slot_index);
    if (rc == 0)
        rc = allocate(reader);
    if (rc < 0)
        return rc;
    take_slot(reader, options, left >= 0);
    rc = left >= 0 ? resume(reader, options) : enter_stream(reader, options->from_seq);
    if (rc < 0)
        free_slot(&reader->map, reader->slot_index);
    else
        atomic_store_explicit(&reader->slot->state, SLOT_USED, memory_order_release);
    return rc;
}

static void destroy(struct reader *reader)
{
    conflate_destroy(reader->conflate);
    ring_unmap(&reader->map);
    free(reader->counts);
    free(reader->log);
    free(reader->bounce);
    free(reader);
}

static sj_rc open_ring(struct reader *reader, const char *path)
{
    struct geometry g;
    sj_rc fd = ring_open(path, &g);
    if (fd < 0)
        return fd;
    sj_rc rc = ring_map(fd, &g, false, &reader->map);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    reader->fast.topic_count = g.topic_count;
    return 0;
}

sj_rc sj_bus_attach(const struct sj_bus_reader_options *options, struct sj_bus_reader **ret_reader)
{
    char path[RING_PATH_MAX];
    sj_rc rc = ring_path(options->dir, options->name, path);
    if (rc < 0)
        return rc;
    if ((unsigned)options->policy > SJ_BUS_EVICT ||
        (options->policy == SJ_BUS_EVICT && options->evict_deadline_ns <= 0))
        return -EINVAL;
    struct reader *reader = calloc(1, sizeof *reader);
    sj_rc lock = reader ? ring_lock(options->dir) : -ENOMEM;
    if (lock < 0) {
        free(reader);
        return lock;
    }
    reader->policy = options->policy;
    rc = open_ring(reader, path);
    if (rc == 0)
        rc = attach_locked(reader, options);
    close(lock);
    if (rc < 0) {
        destroy(reader);
        return rc;
    }
    *ret_reader = &reader->fast;
    return 0;
}

void sj_bus_detach(struct sj_bus_reader *fast)
{
    if (!fast)
        return;
    struct reader *reader = reader_of(fast);
    /* Without the lock: the slot is ours until its state says free. */
    free_slot(&reader->map, reader->slot_index);
    destroy(reader);
}
