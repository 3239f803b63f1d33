#include "journal/cursor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "journal/io.h"

#define CURSOR_MAGIC 0x315255434a53a55aULL /* "Z\xa5SJCUR1" */
#define SLOT_SIZE 4096

/* A cursor's file is two of these, a page each, written in turn: the one being written may be torn,
 * the other is whole. So a save is one page and one fdatasync, and needs no rename. */
struct slot {
    uint64_t magic;
    uint64_t generation;
    struct sj_journal_cursor cursor;
    uint32_t reserved;
    uint32_t crc;
};

static sj_rc cursor_path(char *path, size_t size, const char *dir, const char *name,
                         const char *suffix)
{
    size_t length = strnlen(name, SJ_JOURNAL_CURSOR_NAME_MAX);
    if (length == 0 || length >= SJ_JOURNAL_CURSOR_NAME_MAX || name[0] == '.' ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != length)
        return -EINVAL;
    return snprintf(path, size, "%s/cursors/%s%s", dir, name, suffix) < (int)size ? 0
                                                                                  : -ENAMETOOLONG;
}

static bool slot_read(int fd, uint32_t which, struct slot *ret)
{
    return sj_io_read(fd, ret, sizeof(*ret), (uint64_t)which * SLOT_SIZE) == 0 &&
           ret->magic == CURSOR_MAGIC &&
           ret->crc == sj_crc32c(0, ret, offsetof(struct slot, crc)) &&
           ret->cursor.note_size <= sizeof(ret->cursor.note);
}

/* The newest whole slot and its place, or false. */
static bool slot_newest(int fd, struct slot *ret, uint32_t *ret_which)
{
    struct slot slots[2];
    bool whole[2] = {slot_read(fd, 0, &slots[0]), slot_read(fd, 1, &slots[1])};
    if (!whole[0] && !whole[1])
        return false;
    uint32_t which = whole[1] && (!whole[0] || slots[1].generation > slots[0].generation);
    *ret = slots[which];
    *ret_which = which;
    return true;
}

sj_rc sj_journal_cursor_load(const char *dir, const char *name, struct sj_journal_cursor *ret)
{
    char path[SJ_JOURNAL_PATH_MAX];
    struct slot slot;
    uint32_t which;
    sj_rc rc = cursor_path(path, sizeof(path), dir, name, "");
    if (rc < 0)
        return rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        *ret = (struct sj_journal_cursor){0};
        return 0;
    }
    if (fd < 0)
        return -errno;
    bool whole = slot_newest(fd, &slot, &which);
    sj_io_close(&fd);
    if (!whole)
        return -SJ_E_CORRUPT;
    *ret = slot.cursor;
    return 0;
}

static sj_rc slot_write(int fd, uint32_t which, uint64_t generation,
                        const struct sj_journal_cursor *cursor)
{
    const struct sj_journal_io *io = &sj_journal_io_system;
    struct slot slot;
    memset(&slot, 0, sizeof(slot));
    slot.magic = CURSOR_MAGIC;
    slot.generation = generation;
    slot.cursor = *cursor;
    slot.crc = sj_crc32c(0, &slot, offsetof(struct slot, crc));
    sj_rc rc = sj_io_write(io, fd, &slot, sizeof(slot), (uint64_t)which * SLOT_SIZE);
    return rc < 0 ? rc : io->sync(NULL, fd);
}

/* A new cursor gets its name only when it is whole and durable. */
static sj_rc cursor_create(const char *dir, const char *name, const char *path,
                           const struct sj_journal_cursor *cursor)
{
    const struct sj_journal_io *io = &sj_journal_io_system;
    char folder[SJ_JOURNAL_PATH_MAX];
    char draft[SJ_JOURNAL_PATH_MAX];
    snprintf(folder, sizeof(folder), "%s/cursors", dir);
    sj_rc rc = cursor_path(draft, sizeof(draft), dir, name, "~");
    if (rc < 0)
        return rc;
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return -errno;
    int fd = open(draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    rc = ftruncate(fd, 2 * SLOT_SIZE) == 0 ? 0 : -errno;
    if (rc == 0)
        rc = slot_write(fd, 0, 1, cursor);
    sj_io_close(&fd);
    if (rc == 0)
        rc = io->rename(NULL, draft, path);
    if (rc == 0)
        rc = io->sync_dir(NULL, folder);
    if (rc == 0)
        rc = io->sync_dir(NULL, dir);
    return rc;
}

sj_rc sj_journal_cursor_save(const char *dir, const char *name,
                             const struct sj_journal_cursor *cursor)
{
    char path[SJ_JOURNAL_PATH_MAX];
    struct slot slot;
    uint32_t which;
    if (cursor->note_size > sizeof(cursor->note))
        return -EINVAL;
    sj_rc rc = cursor_path(path, sizeof(path), dir, name, "");
    if (rc < 0)
        return rc;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? cursor_create(dir, name, path, cursor) : -errno;
    if (slot_newest(fd, &slot, &which))
        rc = slot_write(fd, 1 - which, slot.generation + 1, cursor);
    else
        rc = slot_write(fd, 0, 1, cursor);
    sj_io_close(&fd);
    return rc;
}

sj_rc sj_cursor_range(const char *dir, struct sj_cursor_range *ret)
{
    char folder[SJ_JOURNAL_PATH_MAX];
    struct sj_cursor_range range = {.lowest = UINT64_MAX};
    snprintf(folder, sizeof(folder), "%s/cursors", dir);
    DIR *stream = opendir(folder);
    if (stream == NULL && errno != ENOENT)
        return -errno;
    for (const struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;) {
        struct sj_journal_cursor cursor = {0};
        char path[SJ_JOURNAL_PATH_MAX];
        if (cursor_path(path, sizeof(path), dir, entry->d_name, "") < 0)
            continue;
        sj_rc rc = sj_journal_cursor_load(dir, entry->d_name, &cursor);
        uint64_t position = rc < 0 ? 0 : cursor.position;
        range.count++;
        if (position < range.lowest) {
            range.lowest = position;
            snprintf(range.lowest_name, sizeof(range.lowest_name), "%.*s",
                     SJ_JOURNAL_CURSOR_NAME_MAX - 1, entry->d_name);
        }
        if (position > range.highest)
            range.highest = position;
    }
    if (stream != NULL)
        closedir(stream);
    *ret = range;
    return 0;
}
