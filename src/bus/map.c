#include "bus/map.h"

#include "base/assert.h"
#include "base/rc.h"
#include "bus/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A span may begin anywhere in the first copy of the data and be up to half a ring long; behind a
 * frame length read while it was overwritten, a walker may look 64 KiB further. */
#define GUARD_SIZE (128 << 10)

sj_rc ring_dir(const char *dir, bool create, char ret[RING_PATH_MAX])
{
    int length = dir ? snprintf(ret, RING_PATH_MAX, "%s", dir)
                     : snprintf(ret, RING_PATH_MAX, "/dev/shm/shijim-%u", (unsigned)geteuid());
    if (length <= 0 || length >= RING_PATH_MAX)
        return -EINVAL;
    if (!create)
        return 0;
    if (mkdir(ret, 0700) != 0 && errno != EEXIST)
        return -errno;
    struct stat st;
    if (lstat(ret, &st) != 0)
        return -errno;
    /* The default lies where anyone could have made it first. */
    if (!dir && (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022)))
        return -EPERM;
    return 0;
}

sj_rc ring_path(const char *dir, const char *name, char ret[RING_PATH_MAX])
{
    char folder[RING_PATH_MAX];
    sj_rc rc = ring_dir(dir, false, folder);
    if (rc < 0)
        return rc;
    if (!name || !*name || *name == '.' || strlen(name) >= SJ_BUS_NAME_MAX || strchr(name, '/'))
        return -EINVAL;
    int length = snprintf(ret, RING_PATH_MAX, "%s/%s", folder, name);
    return length < RING_PATH_MAX ? 0 : -EINVAL;
}

sj_rc ring_lock(const char *dir)
{
    char folder[RING_PATH_MAX];
    char path[RING_PATH_MAX + sizeof "/.lock"];
    sj_rc rc = ring_dir(dir, false, folder);
    if (rc < 0)
        return rc;
    snprintf(path, sizeof path, "%s/.lock", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    while (flock(fd, LOCK_EX) != 0) {
        if (errno == EINTR)
            continue;
        rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

static sj_rc check_head(const struct ring_head *head, uint64_t file_size, struct geometry *ret)
{
    uint8_t boot_id[16];
    struct geometry g;
    if (head->magic == 0)
        return -ENOENT;
    if (head->magic != RING_MAGIC)
        return -SJ_E_CORRUPT;
    if (head->abi != RING_ABI || head->layout_hash != ring_layout_hash())
        return -SJ_E_LAYOUT;
    if (ring_geometry(head->size, head->topic_count, &g) < 0 || file_size < g.file_size)
        return -SJ_E_CORRUPT;
    process_boot_id(boot_id);
    if (memcmp(head->boot_id, boot_id, sizeof boot_id) != 0)
        return -ENOENT;
    *ret = g;
    return 0;
}

sj_rc ring_open(const char *path, struct geometry *ret_geometry)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENXIO || errno == ELOOP || errno == EISDIR ? -SJ_E_CORRUPT : -errno;
    struct stat st;
    struct ring_head head;
    sj_rc rc = -SJ_E_CORRUPT;
    /* A private copy: what was checked cannot change behind the check. */
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        pread(fd, &head, sizeof head, 0) == (ssize_t)sizeof head)
        rc = check_head(&head, (uint64_t)st.st_size, ret_geometry);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    return fd;
}

/* Page tables are filled now, so that no first touch costs a fault later. Best effort. */
static void populate(uint8_t *at, size_t size, bool writable)
{
    madvise(at, size, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
    madvise(at, size, writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
#else
    (void)writable;
#endif
}

sj_rc ring_map(int fd, const struct geometry *g, bool writable, struct ring_map *ret)
{
    size_t total = g->file_size + g->size + GUARD_SIZE;
    uint8_t *base =
        mmap(NULL, total, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return sj_rc_errno();
    int protection = PROT_READ | (writable ? PROT_WRITE : 0);
    uint8_t *data = base + g->data_offset;
    if (mmap(base, g->data_offset, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
            MAP_FAILED ||
        mmap(data, g->size, protection, MAP_SHARED | MAP_FIXED, fd, (off_t)g->data_offset) ==
            MAP_FAILED ||
        mmap(data + g->size, g->size, protection, MAP_SHARED | MAP_FIXED, fd,
             (off_t)g->data_offset) == MAP_FAILED) {
        sj_rc rc = -errno;
        munmap(base, total);
        return rc;
    }
    if (flock(fd, LOCK_SH) != 0) {
        sj_rc rc = -errno;
        munmap(base, total);
        return rc;
    }
    populate(data, 2 * g->size, writable);
    *ret = (struct ring_map){.g = *g,
                             .head = (struct ring_head *)(void *)base,
                             .slots = (struct reader_slot *)(void *)(base + g->slots_offset),
                             .data = data,
                             .mapped_size = total,
                             .fd = fd};
    ret->src = ret->head->src;
    memcpy(ret->boot_id, ret->head->boot_id, sizeof ret->boot_id);
    return 0;
}

void ring_unmap(struct ring_map *map)
{
    if (!map->head)
        return;
    munmap(map->head, map->mapped_size);
    close(map->fd);
    map->head = NULL;
}

bool ring_in_use(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool in_use = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return in_use;
}

sj_rc ring_allocate_topics(const struct ring_map *map, uint32_t slot)
{
    uint64_t size = 3 * map->g.table_size;
    return -posix_fallocate(map->fd, (off_t)(map->g.topics_offset + slot * size), (off_t)size);
}

static void write_head(struct ring_head *head, const struct geometry *g,
                       const struct sj_bus_options *options)
{
    head->abi = RING_ABI;
    head->topic_count = g->topic_count;
    head->layout_hash = ring_layout_hash();
    head->size = g->size;
    head->first_seq = options->first_seq ? options->first_seq : 1;
    head->src = options->src;
    process_boot_id(head->boot_id);
    head->shown.last_seq = head->first_seq - 1;
    atomic_store_explicit(&head->magic, RING_MAGIC, memory_order_release);
}

/* Allocated, not sparse: a full /dev/shm is an error here and not a SIGBUS later. The readers'
 * topic tables are left to those who attach. */
static sj_rc allocate(int fd, const struct geometry *g)
{
    if (ftruncate(fd, (off_t)g->file_size) != 0)
        return -errno;
    int rc = posix_fallocate(fd, 0, (off_t)g->topics_offset);
    if (rc == 0)
        rc = posix_fallocate(fd, (off_t)g->data_offset, (off_t)g->size);
    return -rc;
}

sj_rc ring_make(const char *path, const struct sj_bus_options *options, struct ring_map *ret)
{
    struct geometry g;
    char temporary[RING_PATH_MAX];
    sj_rc rc = ring_geometry(options->size ? options->size : RING_SIZE_DEFAULT,
                             options->topic_count ? options->topic_count : 1, &g);
    if (rc < 0)
        return rc;
    /* A dot keeps it out of lists; a fixed name lets the next one remove what a killed one left. */
    const char *slash = strrchr(path, '/');
    int length =
        snprintf(temporary, sizeof temporary, "%.*s/.%s.new", (int)(slash - path), path, slash + 1);
    if (length >= (int)sizeof temporary)
        return -EINVAL;
    unlink(temporary);
    int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    rc = allocate(fd, &g);
    struct ring_map map = {0};
    if (rc == 0)
        rc = ring_map(fd, &g, true, &map);
    if (rc == 0) {
        SJ_ASSERT(map.head);
        write_head(map.head, &g, options);
        map.src = options->src;
        memcpy(map.boot_id, map.head->boot_id, sizeof map.boot_id);
        if (rename(temporary, path) != 0) {
            rc = -errno;
            ring_unmap(&map);
            fd = -1;
        }
    }
    if (rc < 0) {
        if (fd >= 0)
            close(fd);
        unlink(temporary);
        return rc;
    }
    *ret = map;
    return 0;
}

static void *at(const struct ring_map *map, uint64_t offset)
{
    return (uint8_t *)map->head + offset;
}

_Atomic uint64_t *ring_published(const struct ring_map *map)
{
    return at(map, map->g.published_offset);
}

struct checkpoint *ring_checkpoint(const struct ring_map *map, uint64_t number)
{
    return at(map, map->g.checkpoints_offset + number % map->g.step_count * map->g.checkpoint_size);
}

struct topic_tables ring_topics(const struct ring_map *map, uint32_t slot)
{
    uint8_t *begin = at(map, map->g.topics_offset + slot * 3 * map->g.table_size);
    return (struct topic_tables){.passed = (_Atomic uint64_t *)(void *)begin,
                                 .lost = (_Atomic uint64_t *)(void *)(begin + map->g.table_size),
                                 .lag_high =
                                     (_Atomic uint64_t *)(void *)(begin + 2 * map->g.table_size)};
}
