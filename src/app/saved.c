#include "app/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x3164657661736a73) /* "sjsaved1" */
#define HEAD_SIZE 4096

struct head {
    uint64_t magic;
    uint64_t slot_size;
    uint64_t used[2];
    _Atomic uint64_t count; /* blobs written; the newest is in slot (count - 1) % 2 */
};

struct sj_saved {
    struct head *head;
    uint8_t *slots;
    size_t slot_size;
    size_t size;
};

static sj_rc map(struct sj_saved *saved, const char *path, bool *ret_fits)
{
    struct stat stat;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    sj_rc rc = fstat(fd, &stat) ? -errno : 0;
    bool is_new = rc >= 0 && stat.st_size == 0;
    *ret_fits = is_new || (rc >= 0 && (uint64_t)stat.st_size == saved->size);
    if (is_new && posix_fallocate(fd, 0, (off_t)saved->size))
        rc = -ENOSPC;
    void *memory = rc >= 0 && *ret_fits
                       ? mmap(NULL, saved->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                       : NULL;
    if (memory == MAP_FAILED)
        rc = -errno;
    close(fd);
    if (rc < 0 || !*ret_fits)
        return rc;
    saved->head = memory;
    saved->slots = (uint8_t *)memory + HEAD_SIZE;
    if (is_new) {
        saved->head->slot_size = saved->slot_size;
        saved->head->magic = MAGIC;
    }
    *ret_fits = saved->head->magic == MAGIC && saved->head->slot_size == saved->slot_size &&
                saved->head->used[0] <= saved->slot_size &&
                saved->head->used[1] <= saved->slot_size;
    return 0;
}

static sj_rc set_aside(const char *path)
{
    char old[PATH_MAX];
    if (snprintf(old, sizeof old, "%s.old", path) >= (int)sizeof old)
        return -ENAMETOOLONG;
    return rename(path, old) ? -errno : 0;
}

/* The file that was set aside, if it is one; to be unmapped. */
static const struct head *map_old(const char *path, size_t *ret_size)
{
    char old[PATH_MAX];
    struct stat stat;
    snprintf(old, sizeof old, "%s.old", path);
    int fd = open(old, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return NULL;
    bool has_head = fstat(fd, &stat) == 0 && stat.st_size > HEAD_SIZE;
    void *memory =
        has_head ? mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (memory == MAP_FAILED)
        return NULL;
    const struct head *head = memory;
    *ret_size = (size_t)stat.st_size;
    uint64_t slot_size = (*ret_size - HEAD_SIZE) / 2;
    if (head->magic == MAGIC && head->slot_size == slot_size && head->used[0] <= slot_size &&
        head->used[1] <= slot_size)
        return head;
    munmap(memory, *ret_size);
    return NULL;
}

static size_t in_pages(uint64_t size)
{
    return (size + HEAD_SIZE - 1) / HEAD_SIZE * HEAD_SIZE;
}

/* The older slot first, so that the newer stays the newer. */
static void carry_over(struct sj_saved *saved, const struct head *old)
{
    for (unsigned index = 2; index-- > 0;) {
        if (old->count <= index)
            continue;
        unsigned slot = (unsigned)((old->count - 1 - index) % 2);
        if (old->used[slot] == 0)
            continue;
        const uint8_t *bytes = (const uint8_t *)old + HEAD_SIZE + slot * old->slot_size;
        memcpy(sj_saved_begin(saved), bytes, old->used[slot]);
        sj_saved_commit(saved, old->used[slot]);
    }
}

/* What there is of another size makes way; what it holds fits into the new one. */
static sj_rc replace(struct sj_saved *saved, const char *path, bool *ret_fits)
{
    size_t old_size = 0;
    if (saved->head)
        munmap(saved->head, saved->size);
    saved->head = NULL;
    sj_rc rc = set_aside(path);
    if (rc < 0)
        return rc;
    const struct head *old = map_old(path, &old_size);
    for (unsigned slot = 0; old && slot < 2; slot++)
        if (in_pages(old->used[slot]) > saved->slot_size)
            saved->slot_size = in_pages(old->used[slot]);
    saved->size = HEAD_SIZE + 2 * saved->slot_size;
    rc = map(saved, path, ret_fits);
    if (rc >= 0 && !saved->head)
        rc = -EEXIST; /* somebody else made one meanwhile */
    if (rc >= 0 && old)
        carry_over(saved, old);
    if (old)
        munmap((void *)(uintptr_t)old, old_size);
    return rc;
}

sj_rc sj_saved_open(const char *path, size_t size, struct sj_saved **ret_saved)
{
    struct sj_saved *saved = calloc(1, sizeof *saved);
    bool fits = false;
    if (!saved)
        return -ENOMEM;
    saved->slot_size = in_pages(size);
    saved->size = HEAD_SIZE + 2 * saved->slot_size;
    sj_rc rc = map(saved, path, &fits);
    if (rc >= 0 && !fits)
        rc = replace(saved, path, &fits);
    if (rc < 0) {
        sj_saved_close(saved);
        return rc;
    }
    *ret_saved = saved;
    return 0;
}

void sj_saved_close(struct sj_saved *saved)
{
    if (!saved)
        return;
    if (saved->head)
        munmap(saved->head, saved->size);
    free(saved);
}

const void *sj_saved_slot(const struct sj_saved *saved, unsigned index, size_t *ret_size)
{
    uint64_t count = atomic_load_explicit(&saved->head->count, memory_order_acquire);
    *ret_size = 0;
    if (count <= index)
        return NULL;
    unsigned slot = (unsigned)((count - 1 - index) % 2);
    *ret_size = saved->head->used[slot];
    return saved->slots + slot * saved->slot_size;
}

void *sj_saved_begin(struct sj_saved *saved)
{
    uint64_t count = atomic_load_explicit(&saved->head->count, memory_order_relaxed);
    saved->head->used[count % 2] = 0;
    return saved->slots + (count % 2) * saved->slot_size;
}

void sj_saved_commit(struct sj_saved *saved, size_t used)
{
    uint64_t count = atomic_load_explicit(&saved->head->count, memory_order_relaxed);
    saved->head->used[count % 2] = used;
    atomic_store_explicit(&saved->head->count, count + 1, memory_order_release);
}

void sj_saved_sync(struct sj_saved *saved)
{
    (void)msync(saved->head, saved->size, MS_SYNC);
}
