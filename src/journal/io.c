#include "journal/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PARTS_MAX 4

static int system_open(void *context, const char *path, int flags, mode_t mode)
{
    (void)context;
    int fd = open(path, flags | O_CLOEXEC, mode);
    return fd < 0 ? -errno : fd;
}

static sj_rc system_write(void *context, int fd, const struct iovec *parts, int count,
                          uint64_t offset)
{
    (void)context;
    struct iovec left[PARTS_MAX];
    memcpy(left, parts, sizeof(*parts) * (size_t)count);
    int first = 0;
    while (first < count) {
        ssize_t done = pwritev(fd, left + first, count - first, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        offset += (uint64_t)done;
        while (first < count && (size_t)done >= left[first].iov_len)
            done -= (ssize_t)left[first++].iov_len;
        if (first < count) {
            left[first].iov_base = (uint8_t *)left[first].iov_base + done;
            left[first].iov_len -= (size_t)done;
        }
    }
    return 0;
}

static sj_rc system_sync(void *context, int fd)
{
    (void)context;
    return fdatasync(fd) == 0 ? 0 : -errno;
}

static sj_rc system_allocate(void *context, int fd, uint64_t size)
{
    (void)context;
    return -posix_fallocate(fd, 0, (off_t)size);
}

static sj_rc system_truncate(void *context, int fd, uint64_t size)
{
    (void)context;
    return ftruncate(fd, (off_t)size) == 0 ? 0 : -errno;
}

static sj_rc system_sync_dir(void *context, const char *path)
{
    (void)context;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    sj_rc rc = fsync(fd) == 0 ? 0 : -errno;
    close(fd);
    return rc;
}

static sj_rc system_rename(void *context, const char *from, const char *to)
{
    (void)context;
    return rename(from, to) == 0 ? 0 : -errno;
}

static sj_rc system_remove(void *context, const char *path)
{
    (void)context;
    return unlink(path) == 0 ? 0 : -errno;
}

static sj_rc system_free_space(void *context, const char *path, uint64_t *ret_size)
{
    (void)context;
    struct statvfs fs;
    if (statvfs(path, &fs) != 0)
        return -errno;
    *ret_size = (uint64_t)fs.f_bavail * fs.f_frsize;
    return 0;
}

const struct sj_journal_io sj_journal_io_system = {
    .open = system_open,
    .write = system_write,
    .sync = system_sync,
    .allocate = system_allocate,
    .truncate = system_truncate,
    .sync_dir = system_sync_dir,
    .rename = system_rename,
    .remove = system_remove,
    .free_space = system_free_space,
};

sj_rc sj_io_write(const struct sj_journal_io *io, int fd, const void *data, size_t size,
                  uint64_t offset)
{
    struct iovec part = {(void *)(uintptr_t)data, size};
    return io->write(io->context, fd, &part, 1, offset);
}

sj_rc sj_io_read(int fd, void *data, size_t size, uint64_t offset)
{
    uint8_t *at = data;
    while (size > 0) {
        ssize_t got = pread(fd, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -ENODATA;
        at += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

void sj_io_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
