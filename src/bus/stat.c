/*
 * stat.c: a ring seen from outside. Maps the file read-only and for a moment; what it reads are the
 * lines where producer and readers leave their place for others.
 */
#include "base/rc.h"
#include "bus/map.h"
#include "bus/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static sj_rc view_open(const char *dir, const char *name, struct ring_map *ret)
{
    char path[RING_PATH_MAX];
    struct geometry g;
    sj_rc rc = ring_path(dir, name, path);
    if (rc < 0)
        return rc;
    int fd = ring_open(path, &g);
    if (fd < 0)
        return fd;
    void *base = mmap(NULL, g.data_offset, PROT_READ, MAP_SHARED, fd, 0);
    rc = base == MAP_FAILED ? -errno : 0;
    close(fd);
    if (rc < 0)
        return rc;
    *ret = (struct ring_map){
        .g = g,
        .head = base,
        .slots = (struct reader_slot *)(void *)((uint8_t *)base + g.slots_offset),
        .mapped_size = g.data_offset,
    };
    return 0;
}

static void view_close(struct ring_map *view)
{
    munmap(view->head, view->mapped_size);
}

static uint64_t lag_of(uint64_t last_seq, uint64_t next_seq)
{
    return last_seq + 1 > next_seq ? last_seq + 1 - next_seq : 0;
}

/* False: free, or given back while we looked. */
static bool stat_reader(const struct reader_slot *slot, uint64_t last_seq,
                        struct sj_bus_reader_stat *ret)
{
    if (atomic_load_explicit(&slot->state, memory_order_acquire) == SLOT_FREE)
        return false;
    struct sj_bus_reader_stat stat = {
        .policy = (enum sj_bus_policy)(slot->policy & 3),
        .pid = slot->pid,
        .evicted = slot->evicted != 0,
        .next_seq = slot->next_seq,
        .lag_high_count = slot->lag_high_count,
        .lost_count = slot->lost_count,
    };
    for (size_t i = 0; i < SJ_BUS_NAME_MAX / 8; i++) {
        uint64_t word = slot->name[i];
        memcpy(stat.name + 8 * i, &word, 8);
    }
    stat.name[SJ_BUS_NAME_MAX - 1] = 0;
    stat.alive = process_alive((struct process_id){stat.pid, slot->start_time});
    stat.lag_count = lag_of(last_seq, stat.next_seq);
    if (stat.lag_count > stat.lag_high_count)
        stat.lag_high_count = stat.lag_count;
    *ret = stat;
    return true;
}

sj_rc sj_bus_stat(const char *dir, const char *name, struct sj_bus_stat *ret)
{
    struct ring_map view;
    sj_rc rc = view_open(dir, name, &view);
    if (rc < 0)
        return rc;
    const struct ring_head *head = view.head;
    memset(ret, 0, sizeof *ret);
    snprintf(ret->name, sizeof ret->name, "%s", name);
    ret->src = head->src;
    ret->producer_pid = head->pid;
    ret->producer_alive = process_alive((struct process_id){ret->producer_pid, head->start_time});
    ret->closed = head->closed != 0;
    ret->size = view.g.size;
    ret->topic_count = view.g.topic_count;
    ret->last_seq = head->shown.last_seq;
    ret->refused_count = head->shown.refused_count;
    ret->beat_ns = atomic_load_explicit(&head->beat_ns, memory_order_relaxed);
    /* By slot, so that a reader keeps its index as others come and go; reader_count is the number
     * of indexes to look at, and a free one among them has pid 0. */
    for (uint32_t i = 0; i < SJ_BUS_READERS_MAX; i++)
        if (stat_reader(&view.slots[i], ret->last_seq, &ret->readers[i]))
            ret->reader_count = i + 1;
    view_close(&view);
    return 0;
}

sj_rc sj_bus_topic_stat(const char *dir, const char *name, uint32_t reader, uint32_t topic,
                        struct sj_bus_topic_stat *ret)
{
    struct ring_map view;
    sj_rc rc = view_open(dir, name, &view);
    if (rc < 0)
        return rc;
    if (topic >= view.g.topic_count || reader >= SJ_BUS_READERS_MAX) {
        rc = -SJ_E_RANGE;
    } else if (view.slots[reader].state == SLOT_FREE) {
        rc = -SJ_E_UNKNOWN;
    } else {
        struct topic_tables topics = ring_topics(&view, reader);
        uint64_t passed = topics.passed[topic];
        uint64_t published = ring_published(&view)[topic];
        struct sj_bus_topic_stat stat = {.published_count = published,
                                         .lag_count = published > passed ? published - passed : 0,
                                         .lag_high_count = topics.lag_high[topic],
                                         .lost_count = topics.lost[topic]};
        if (stat.lag_count > stat.lag_high_count)
            stat.lag_high_count = stat.lag_count;
        *ret = stat;
    }
    view_close(&view);
    return rc;
}

sj_rc sj_bus_list(const char *dir, int (*each)(const char *name, void *context), void *context)
{
    char path[RING_PATH_MAX];
    sj_rc rc = ring_dir(dir, false, path);
    if (rc < 0)
        return rc;
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? 0 : -errno;
    struct dirent *entry;
    int stop = 0;
    while (!stop && (entry = readdir(folder))) {
        char file[RING_PATH_MAX];
        struct geometry g;
        if (ring_path(dir, entry->d_name, file) < 0)
            continue;
        int fd = ring_open(file, &g);
        if (fd < 0)
            continue;
        close(fd);
        stop = each(entry->d_name, context);
    }
    closedir(folder);
    return 0;
}

sj_rc sj_bus_remove(const char *dir, const char *name)
{
    char path[RING_PATH_MAX];
    sj_rc rc = ring_path(dir, name, path);
    if (rc < 0)
        return rc;
    sj_rc lock = ring_lock(dir);
    if (lock < 0)
        return lock;
    if (ring_in_use(path))
        rc = -SJ_E_BUSY;
    else if (unlink(path) != 0)
        rc = -errno;
    close(lock);
    return rc;
}
