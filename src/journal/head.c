#include "journal/head.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "journal/io.h"

#define HEAD_SIZE                                                                                  \
    ((sizeof(struct sj_head) + SJ_JOURNAL_PAGE - 1) / SJ_JOURNAL_PAGE * SJ_JOURNAL_PAGE)

static sj_rc head_path(char *path, size_t size, const char *dir, const char *name)
{
    return snprintf(path, size, "%s/%s", dir, name) < (int)size ? 0 : -ENAMETOOLONG;
}

uint64_t sj_head_boot_id(void)
{
    char text[64];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
    sj_io_close(&fd);
    if (size < 36)
        return 0;
    return (uint64_t)sj_crc32c(0, text, 18) << 32 | sj_crc32c(0, text + 18, 18);
}

sj_rc sj_head_create(const char *dir, struct sj_head *ret_before, struct sj_head **ret_head)
{
    char path[SJ_JOURNAL_PATH_MAX];
    struct sj_head before = {0};
    sj_rc rc = head_path(path, sizeof(path), dir, "head");
    if (rc < 0)
        return rc;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    if (sj_io_read(fd, &before, sizeof(before), 0) < 0 || before.magic != SJ_HEAD_MAGIC ||
        before.version != SJ_JOURNAL_VERSION)
        memset(&before, 0, sizeof(before));
    /* Allocated, so that a full disk shows now and not as a signal at the first store. */
    rc = -posix_fallocate(fd, 0, HEAD_SIZE);
    void *map = rc == 0 ? mmap(NULL, HEAD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : NULL;
    if (map == MAP_FAILED)
        rc = -errno;
    sj_io_close(&fd);
    if (rc < 0)
        return rc;
    memcpy(ret_before, &before, sizeof(before));
    *ret_head = map;
    return 0;
}

sj_rc sj_head_map(const char *dir, const struct sj_head **ret_head)
{
    char path[SJ_JOURNAL_PATH_MAX];
    struct stat stat;
    sj_rc rc = head_path(path, sizeof(path), dir, "head");
    if (rc < 0)
        return rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    void *map = MAP_FAILED;
    if (fstat(fd, &stat) == 0 && (uint64_t)stat.st_size >= HEAD_SIZE)
        map = mmap(NULL, HEAD_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    sj_io_close(&fd);
    if (map == MAP_FAILED)
        return -SJ_E_LAYOUT;
    const struct sj_head *head = map;
    if (head->magic != SJ_HEAD_MAGIC || head->version != SJ_JOURNAL_VERSION) {
        munmap(map, HEAD_SIZE);
        return -SJ_E_LAYOUT;
    }
    *ret_head = head;
    return 0;
}

void sj_head_unmap(const struct sj_head *head)
{
    if (head != NULL)
        munmap((void *)(uintptr_t)head, HEAD_SIZE);
}

/* Locks of the open file description: they can be asked about without being taken. */
sj_rc sj_head_lock(const char *dir, int *ret_fd)
{
    char path[SJ_JOURNAL_PATH_MAX];
    sj_rc rc = head_path(path, sizeof(path), dir, "lock");
    if (rc < 0)
        return rc;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        rc = errno == EAGAIN || errno == EACCES ? -SJ_E_BUSY : -errno;
        sj_io_close(&fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

bool sj_head_writer_lives(const char *dir)
{
    char path[SJ_JOURNAL_PATH_MAX];
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (head_path(path, sizeof(path), dir, "lock") < 0)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool lives = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    sj_io_close(&fd);
    return lives;
}
