#include "store/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static sj_rc write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        data += written;
        size -= (size_t)written;
    }
    return 0;
}

static sj_rc sync_dir_of(const char *path)
{
    char dir[SJ_STORE_PATH_MAX];
    const char *slash = strrchr(path, '/');
    int length = slash != NULL ? snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path)
                               : snprintf(dir, sizeof(dir), ".");
    if (length < 0 || (size_t)length >= sizeof(dir))
        return -ENAMETOOLONG;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    sj_rc rc = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return rc;
}

sj_rc sj_store_file_replace(const char *path, const void *data, size_t size)
{
    char temporary[SJ_STORE_PATH_MAX];
    int length = snprintf(temporary, sizeof(temporary), "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof(temporary))
        return -ENAMETOOLONG;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    sj_rc rc = write_all(fd, data, size);
    if (rc == 0 && fdatasync(fd) < 0)
        rc = -errno;
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && rename(temporary, path) < 0)
        rc = -errno;
    if (rc < 0) {
        unlink(temporary);
        return rc;
    }
    return sync_dir_of(path);
}

sj_rc sj_store_file_read(const char *path, size_t max, struct sj_store_bytes *out)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    sj_rc rc = fstat(fd, &stat) < 0 ? -errno : 0;
    if (rc == 0 && (!S_ISREG(stat.st_mode) || (uint64_t)stat.st_size > max))
        rc = -SJ_E_RANGE;
    if (rc == 0)
        rc = sj_store_bytes_reserve(out, (size_t)stat.st_size);
    size_t left = rc == 0 ? (size_t)stat.st_size : 0;
    while (rc == 0 && left > 0) {
        ssize_t got = read(fd, out->data + out->size, left);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            rc = got < 0 ? -errno : -SJ_E_CORRUPT;
            break;
        }
        out->size += (size_t)got;
        left -= (size_t)got;
    }
    close(fd);
    return rc;
}
