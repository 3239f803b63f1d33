/*
 * io.h: every way the writer changes the disk, in one table, so that tests can refuse, tear or lose
 * each of them.
 *
 * Each returns >= 0 or -errno. `context` is the table's own. Calls come from the writer's thread
 * and from the journal's two threads at once.
 */
#ifndef SJ_JOURNAL_IO_H
#define SJ_JOURNAL_IO_H

#include <sys/types.h>
#include <sys/uio.h>

#include "base/rc.h"

struct sj_journal_io {
    void *context;
    int (*open)(void *context, const char *path, int flags, mode_t mode);
    /* All of it or an error: a short write is tried on until it is whole. */
    sj_rc (*write)(void *context, int fd, const struct iovec *parts, int count, uint64_t offset);
    sj_rc (*sync)(void *context, int fd); /* fdatasync */
    sj_rc (*allocate)(void *context, int fd, uint64_t size);
    sj_rc (*truncate)(void *context, int fd, uint64_t size);
    sj_rc (*sync_dir)(void *context, const char *path);
    sj_rc (*rename)(void *context, const char *from, const char *to);
    sj_rc (*remove)(void *context, const char *path);
    sj_rc (*free_space)(void *context, const char *path, uint64_t *ret_size);
};

extern const struct sj_journal_io sj_journal_io_system;

/* Writes one buffer. */
SJ_MUST_USE sj_rc sj_io_write(const struct sj_journal_io *io, int fd, const void *data, size_t size,
                              uint64_t offset);

/* Reads exactly `size` bytes; -ENODATA when the file ends before. */
SJ_MUST_USE sj_rc sj_io_read(int fd, void *data, size_t size, uint64_t offset);

/* Closes if it is open. */
void sj_io_close(int *fd);

#endif
