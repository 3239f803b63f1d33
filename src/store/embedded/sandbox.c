#include "store/embedded/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* The first 13 rights came with version 1; later ones by version (kernel documentation). */
#define RIGHTS_V1 ((1ULL << 13) - 1)
#define RIGHT_REFER (1ULL << 13)      /* version 2 */
#define RIGHT_TRUNCATE (1ULL << 14)   /* version 3 */
#define RIGHT_CONNECT_TCP (1ULL << 1) /* version 4, network */
#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_OF_FILE                                                                             \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | RIGHT_TRUNCATE)

/* The kernel's struct of version 4; older kernels take its first member only. */
struct ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
};

static const char *const read_paths[] = {
    "/proc/self",
    "/proc/sys",
    "/proc/meminfo",
    "/proc/cpuinfo",
    "/proc/stat",
    "/proc/loadavg",
    "/proc/uptime",
    "/proc/diskstats",
    "/proc/vmstat",
    "/proc/net",
    "/sys",
    "/usr/share/zoneinfo",
    "/usr/lib",
    "/lib",
    "/lib64",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/dev/urandom",
    "/dev/random",
    "/etc/ld.so.cache",
};

static int allow(int ruleset, const char *path, uint64_t rights)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == EACCES ? 0 : -errno;
    struct stat status;
    if (fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode))
        rights &= RIGHTS_OF_FILE;
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    long rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int code = errno;
    close(fd);
    return rc == 0 ? 0 : -code;
}

static int allow_all(int ruleset, uint64_t rights, const char *engine_dir, const char *config_dir)
{
    /* Nothing may be executed, not even in the engine's own directory. */
    int rc = allow(ruleset, engine_dir, rights & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE);
    if (rc == 0)
        rc = allow(ruleset, config_dir, RIGHTS_READ & rights);
    if (rc == 0)
        rc = allow(ruleset, "/dev/null", rights);
    for (size_t i = 0; rc == 0 && i < sizeof(read_paths) / sizeof(read_paths[0]); i++)
        rc = allow(ruleset, read_paths[i], RIGHTS_READ & rights);
    return rc;
}

sj_rc sj_emb_sandbox_enter(const char *engine_dir, const char *config_dir)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return -ENOTSUP;
    struct ruleset attributes = {.handled_access_fs = RIGHTS_V1};
    attributes.handled_access_fs |= version >= 2 ? RIGHT_REFER : 0;
    attributes.handled_access_fs |= version >= 3 ? RIGHT_TRUNCATE : 0;
    attributes.handled_access_net = version >= 4 ? RIGHT_CONNECT_TCP : 0;
    size_t size = version >= 4 ? sizeof(attributes) : sizeof(attributes.handled_access_fs);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (ruleset < 0)
        return -errno;
    int rc = allow_all(ruleset, attributes.handled_access_fs, engine_dir, config_dir);
    if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        rc = -errno;
    if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        rc = -errno;
    close(ruleset);
    return rc;
}
