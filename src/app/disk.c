#include "app/disk.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SYNC_SIZE (64u << 10)

static sj_rc nearest(const char *dir, char ret_path[PATH_MAX])
{
    struct stat stat_of;
    if (snprintf(ret_path, PATH_MAX, "%s", *dir ? dir : ".") >= PATH_MAX)
        return -ENAMETOOLONG;
    while (stat(ret_path, &stat_of)) {
        char *slash = strrchr(ret_path, '/');
        if (errno != ENOENT)
            return sj_rc_errno();
        if (!slash)
            snprintf(ret_path, PATH_MAX, ".");
        else if (slash == ret_path)
            ret_path[1] = 0;
        else
            *slash = 0;
    }
    return 0;
}

sj_rc sj_disk_free(const char *dir, uint64_t *ret_size)
{
    char path[PATH_MAX];
    struct statvfs stat_of;
    sj_rc rc = nearest(dir, path);
    if (rc >= 0 && (statvfs(path, &stat_of) || access(path, W_OK)))
        rc = sj_rc_errno();
    if (rc >= 0)
        *ret_size = (uint64_t)stat_of.f_bavail * stat_of.f_frsize;
    return rc;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static sj_rc time_syncs(int fd, int64_t times_ns[SJ_DISK_SYNCS])
{
    static const char block[SYNC_SIZE];
    /* As the journal does: room first, so that a sync has data to write and no sizes. */
    int code = posix_fallocate(fd, 0, (off_t)SYNC_SIZE * SJ_DISK_SYNCS);
    if (code || fsync(fd))
        return code ? -code : sj_rc_errno();
    for (int i = 0; i < SJ_DISK_SYNCS; i++) {
        int64_t begin_ns = sj_clock_mono_ns();
        if (pwrite(fd, block, sizeof block, (off_t)SYNC_SIZE * i) != (ssize_t)sizeof block ||
            fdatasync(fd))
            return sj_rc_errno();
        times_ns[i] = sj_clock_mono_ns() - begin_ns;
    }
    return 0;
}

sj_rc sj_disk_sync_times(const char *dir, int64_t *ret_median_ns, int64_t *ret_max_ns)
{
    char path[PATH_MAX];
    int64_t times_ns[SJ_DISK_SYNCS];
    sj_rc rc = nearest(dir, path);
    if (rc < 0)
        return rc;
    int fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return sj_rc_errno();
    rc = time_syncs(fd, times_ns);
    close(fd);
    if (rc < 0)
        return rc;
    qsort(times_ns, SJ_DISK_SYNCS, sizeof times_ns[0], compare);
    *ret_median_ns = times_ns[SJ_DISK_SYNCS / 2];
    *ret_max_ns = times_ns[SJ_DISK_SYNCS - 1];
    return 0;
}

/* The whole disk of a device, as /sys names it; for devices that are none, their number. */
static void disk_of(dev_t device, char ret_name[PATH_MAX])
{
    char link[64];
    char partition[PATH_MAX + 16];
    snprintf(link, sizeof link, "/sys/dev/block/%u:%u", major(device), minor(device));
    if (!realpath(link, ret_name)) {
        snprintf(ret_name, PATH_MAX, "%s", link);
        return;
    }
    snprintf(partition, sizeof partition, "%s/partition", ret_name);
    char *slash = strrchr(ret_name, '/');
    if (access(partition, F_OK) == 0 && slash)
        *slash = 0;
}

sj_rc sj_disk_is_shared(const char *dir, const char *other)
{
    char paths[2][PATH_MAX];
    char disks[2][PATH_MAX];
    const char *dirs[] = {dir, other};
    for (int i = 0; i < 2; i++) {
        struct stat stat_of;
        sj_rc rc = nearest(dirs[i], paths[i]);
        if (rc >= 0 && stat(paths[i], &stat_of))
            rc = sj_rc_errno();
        if (rc < 0)
            return rc;
        disk_of(stat_of.st_dev, disks[i]);
    }
    return strcmp(disks[0], disks[1]) == 0;
}
