/*
 * map.h: ring files: where they are, opening, checking, mapping, locking.
 *
 * What a file holds is another process's word. It is checked here once; after that its numbers are
 * used from the private `geometry`, never from the file again.
 */
#ifndef SJ_BUS_MAP_H
#define SJ_BUS_MAP_H

#include "bus/layout.h"

#define RING_PATH_MAX 512

struct ring_map {
    struct geometry g;
    struct ring_head *head;
    struct reader_slot *slots;
    uint8_t *data; /* twice back to back, then a guard that reads as zeros */
    size_t mapped_size;
    int fd; /* holds a shared lock as long as the ring is in use here; the kernel frees it */
    uint32_t src;
    uint8_t boot_id[16];
};

/* DIR/NAME. `dir` NULL: /dev/shm/shijim-UID. -EINVAL: a name that is empty, long, or no plain file
 * name. */
sj_rc ring_path(const char *dir, const char *name, char ret[RING_PATH_MAX]);

/* The directory itself; `create` makes it (0700) and refuses one that others may write. */
sj_rc ring_dir(const char *dir, bool create, char ret[RING_PATH_MAX]);

/* Opens and checks: its descriptor. -ENOENT: none, one still being made, or of an earlier boot.
 * -SJ_E_CORRUPT: no ring. -SJ_E_LAYOUT: of another version. */
sj_rc ring_open(const char *path, struct geometry *ret_geometry);

/* Makes a new ring file under a temporary name, maps it, and puts it in the place of `path`. */
sj_rc ring_make(const char *path, const struct sj_bus_options *options, struct ring_map *ret);

/* Maps an open, checked file, `writable` also its data, and keeps the descriptor, locked as in use.
 * On failure the descriptor stays the caller's. */
sj_rc ring_map(int fd, const struct geometry *g, bool writable, struct ring_map *ret);
void ring_unmap(struct ring_map *map);

/* Whether some process has the file mapped, of whatever version it is. */
bool ring_in_use(const char *path);

/* Memory for the topic tables of a slot, before they are touched. */
sj_rc ring_allocate_topics(const struct ring_map *map, uint32_t slot);

/* One at a time may create, attach, detach or remove in a directory. The kernel gives the lock back
 * when its holder dies. A descriptor to close, or -errno. */
sj_rc ring_lock(const char *dir);

_Atomic uint64_t *ring_published(const struct ring_map *map);
struct checkpoint *ring_checkpoint(const struct ring_map *map, uint64_t number);
struct topic_tables ring_topics(const struct ring_map *map, uint32_t slot);

#endif
