#include "journal/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/pack.h"

#define READ_AHEAD (256u << 10)
#define MAP_DROP_SIZE (4u << 20)
#define ORDINAL_DIGITS 12

void sj_segment_path(char *path, size_t size, const char *dir, uint64_t ordinal, bool packed)
{
    snprintf(path, size, "%s/%0*" PRIu64 "%s", dir, ORDINAL_DIGITS, ordinal,
             packed ? ".segz" : ".seg");
}

static bool name_parse(const char *name, uint64_t *ret_ordinal, bool *ret_packed)
{
    char *end;
    if (name[0] < '0' || name[0] > '9')
        return false;
    errno = 0;
    uint64_t ordinal = strtoull(name, &end, 10);
    bool plain = strcmp(end, ".seg") == 0;
    bool packed = strcmp(end, ".segz") == 0;
    if (errno != 0 || end - name != ORDINAL_DIGITS || (!plain && !packed))
        return false;
    *ret_ordinal = ordinal;
    *ret_packed = packed;
    return true;
}

static int entry_compare(const void *a, const void *b)
{
    uint64_t x = ((const struct sj_segment_entry *)a)->ordinal;
    uint64_t y = ((const struct sj_segment_entry *)b)->ordinal;
    return (x > y) - (x < y);
}

/* Both forms of one segment (a crash between packing and removing) become one entry. */
static void list_merge(struct sj_segment_list *list)
{
    size_t kept = 0;
    if (list->count > 0)
        qsort(list->entries, list->count, sizeof(*list->entries), entry_compare);
    for (size_t i = 0; i < list->count; i++) {
        struct sj_segment_entry *last = kept > 0 ? &list->entries[kept - 1] : NULL;
        if (last != NULL && last->ordinal == list->entries[i].ordinal) {
            last->plain |= list->entries[i].plain;
            last->packed |= list->entries[i].packed;
        } else {
            list->entries[kept++] = list->entries[i];
        }
    }
    list->count = kept;
}

sj_rc sj_segment_list(const char *dir, struct sj_segment_list *ret_list)
{
    DIR *stream = opendir(dir);
    if (stream == NULL)
        return -errno;
    struct sj_segment_list list = {0};
    size_t capacity = 0;
    sj_rc rc = 0;
    for (const struct dirent *entry; rc == 0 && (entry = readdir(stream)) != NULL;) {
        uint64_t ordinal;
        bool packed;
        if (!name_parse(entry->d_name, &ordinal, &packed))
            continue;
        if (list.count == capacity) {
            capacity = capacity == 0 ? 64 : capacity * 2;
            void *bigger = realloc(list.entries, capacity * sizeof(*list.entries));
            if (bigger == NULL) {
                rc = -ENOMEM;
                break;
            }
            list.entries = bigger;
        }
        list.entries[list.count++] = (struct sj_segment_entry){ordinal, !packed, packed};
    }
    closedir(stream);
    if (rc < 0) {
        free(list.entries);
        return rc;
    }
    list_merge(&list);
    *ret_list = list;
    return 0;
}

void sj_segment_list_done(struct sj_segment_list *list)
{
    free(list->entries);
    *list = (struct sj_segment_list){0};
}

sj_rc sj_segment_open(const struct sj_journal_io *io, const char *path, bool direct, int *ret_fd)
{
    int fd = direct ? io->open(io->context, path, O_RDWR | O_DIRECT, 0) : -EINVAL;
    if (fd == -EINVAL) /* no direct writes on this file system (tmpfs): through the cache then */
        fd = io->open(io->context, path, O_RDWR, 0);
    if (fd < 0)
        return fd;
    *ret_fd = fd;
    return 0;
}

sj_rc sj_segment_create(const struct sj_journal_io *io, const char *dir, uint64_t ordinal,
                        uint64_t size, int *ret_fd)
{
    char path[SJ_JOURNAL_PATH_MAX];
    sj_segment_path(path, sizeof(path), dir, ordinal, false);
    int fd = io->open(io->context, path, O_RDWR | O_CREAT | O_EXCL, 0644);
    if (fd < 0)
        return fd;
    sj_rc rc = io->allocate(io->context, fd, size);
    if (rc == 0)
        rc = io->sync(io->context, fd);
    if (rc == 0)
        rc = io->sync_dir(io->context, dir);
    sj_io_close(&fd);
    if (rc == 0)
        rc = sj_segment_open(io, path, true, &fd);
    if (rc < 0) {
        sj_rc removed = io->remove(io->context, path);
        (void)removed; /* the first failure is the one to tell */
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

static void window_read_trailer(struct sj_window *window, uint64_t file_size)
{
    struct sj_segment_trailer trailer;
    window->sealed = false;
    if (file_size < SJ_JOURNAL_PAGE + sizeof(trailer) ||
        sj_io_read(window->fd, &trailer, sizeof(trailer), file_size - sizeof(trailer)) < 0 ||
        sj_segment_trailer_check(&trailer) < 0)
        return;
    if (window->head_whole && window->head.nonce != trailer.nonce)
        return;
    if (trailer.index_offset + trailer.index_size + sizeof(trailer) > file_size)
        return;
    window->trailer = trailer;
    window->sealed = true;
}

sj_rc sj_window_open(struct sj_window *window, const char *dir, uint64_t ordinal, bool packed)
{
    char path[SJ_JOURNAL_PATH_MAX];
    struct stat stat;
    *window = (struct sj_window){.fd = -1};
    sj_segment_path(path, sizeof(path), dir, ordinal, packed);
    window->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (window->fd < 0)
        return -errno;
    sj_rc rc = fstat(window->fd, &stat) == 0 ? 0 : -errno;
    if (rc == 0 && !S_ISREG(stat.st_mode))
        rc = -EINVAL;
    if (rc < 0) {
        sj_window_done(window);
        return rc;
    }
    uint64_t file_size = (uint64_t)stat.st_size;
    if (sj_io_read(window->fd, &window->head, sizeof(window->head), 0) == 0 &&
        sj_segment_head_check(&window->head) == 0)
        window->head_whole = true;
    else
        window->head = (struct sj_segment_head){0};
    window_read_trailer(window, file_size);
    window->size = file_size;
    if (packed)
        rc = sj_unpacker_open(window->fd, file_size, window->sealed ? &window->trailer : NULL,
                              &window->unpacker, &window->size);
    if (packed && window->size == 0)
        window->sealed = false;
    if (rc < 0)
        sj_window_done(window);
    return rc;
}

void sj_window_done(struct sj_window *window)
{
    if (window->map != NULL)
        munmap((void *)(uintptr_t)window->map, window->size);
    free(window->buffer);
    sj_unpacker_close(window->unpacker);
    sj_io_close(&window->fd);
    *window = (struct sj_window){.fd = -1};
}

/* A sealed file never changes and is read in place. Pages far behind are given back, so that
 * reading a long journal does not look like holding it. */
static const uint8_t *get_mapped(struct sj_window *window, uint64_t offset)
{
    if (window->map == NULL) {
        void *map = mmap(NULL, window->size, PROT_READ, MAP_SHARED, window->fd, 0);
        if (map == MAP_FAILED)
            return NULL;
        window->map = map;
        window->dropped = sj_page_down(offset);
    }
    if (offset < window->dropped)
        window->dropped = sj_page_down(offset);
    if (offset > window->dropped + 2 * (uint64_t)MAP_DROP_SIZE) {
        madvise((void *)(uintptr_t)(window->map + window->dropped),
                sj_page_down(offset) - window->dropped - MAP_DROP_SIZE, MADV_DONTNEED);
        window->dropped = sj_page_down(offset) - MAP_DROP_SIZE;
    }
    return window->map + offset;
}

static const uint8_t *get_buffered(struct sj_window *window, uint64_t offset, size_t size)
{
    if (window->buffer == NULL) {
        window->buffer = malloc(READ_AHEAD);
        if (window->buffer == NULL)
            return NULL;
    }
    bool there = offset >= window->buffer_offset &&
                 offset + size <= window->buffer_offset + window->buffer_size;
    if (!there) {
        uint64_t end = window->filled > offset ? window->filled : window->size;
        end = end > window->size ? window->size : end;
        uint64_t want = end - offset > READ_AHEAD ? READ_AHEAD : end - offset;
        if (want < size)
            want = size;
        window->buffer_offset = offset;
        window->buffer_size = 0;
        if (sj_io_read(window->fd, window->buffer, want, offset) < 0)
            return NULL;
        window->buffer_size = want;
    }
    return window->buffer + (offset - window->buffer_offset);
}

const uint8_t *sj_window_get(struct sj_window *window, uint64_t offset, size_t size)
{
    if (offset > window->size || size > window->size - offset || size > SJ_JOURNAL_BLOCK_MAX)
        return NULL;
    if (window->unpacker != NULL)
        return sj_unpacker_get(window->unpacker, offset, size);
    return window->sealed ? get_mapped(window, offset) : get_buffered(window, offset, size);
}

uint64_t sj_window_contiguous(const struct sj_window *window, uint64_t offset)
{
    if (window->unpacker != NULL)
        return sj_unpacker_contiguous(window->unpacker, offset);
    return window->size - offset;
}

void sj_window_refresh(struct sj_window *window)
{
    struct stat stat;
    window->buffer_size = 0;
    if (window->sealed || window->unpacker != NULL || fstat(window->fd, &stat) < 0)
        return;
    window->size = (uint64_t)stat.st_size;
    if (!window->head_whole &&
        sj_io_read(window->fd, &window->head, sizeof(window->head), 0) == 0 &&
        sj_segment_head_check(&window->head) == 0)
        window->head_whole = true;
    window_read_trailer(window, window->size);
}

uint64_t sj_window_next_data(const struct sj_window *window, uint64_t offset)
{
    if (window->unpacker != NULL)
        return offset;
    off_t data = lseek(window->fd, (off_t)offset, SEEK_DATA);
    if (data < 0)
        return errno == ENXIO ? window->size : offset;
    return (uint64_t)data > offset ? (uint64_t)data : offset;
}
