#include "app/names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_SIZE 64

static sj_rc take_line(const char *line, struct sj_strategy_names *names)
{
    char *end;
    char name[LINE_MAX_SIZE];
    unsigned long number = strtoul(line, &end, 10);
    if (end == line || *end != ' ' || number != names->count + 1)
        return -SJ_E_MALFORMED;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(end + 1, "\n"), end + 1);
    sj_rc rc = sj_strategy_names_bind(names, name);
    return rc != (sj_rc)number ? -SJ_E_MALFORMED : 0;
}

sj_rc sj_names_load(const char *path, struct sj_strategy_names *ret_names)
{
    struct sj_strategy_names names = {0};
    char line[LINE_MAX_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    sj_rc rc = 0;
    if (!file)
        return -errno;
    while (rc >= 0 && fgets(line, sizeof line, file))
        rc = strchr(line, '\n') ? take_line(line, &names) : -SJ_E_MALFORMED;
    if (rc >= 0 && ferror(file))
        rc = -EIO;
    (void)fclose(file);
    if (rc >= 0)
        *ret_names = names;
    return rc;
}

static sj_rc write_file(const char *path, const struct sj_strategy_names *names)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    sj_rc rc = fd < 0 ? -errno : 0;
    for (uint32_t i = 0; rc >= 0 && i < names->count; i++)
        if (dprintf(fd, "%u %s\n", i + 1, names->name[i]) < 0)
            rc = -errno;
    if (rc >= 0 && fsync(fd))
        rc = -errno;
    if (fd >= 0 && close(fd) && rc >= 0)
        rc = -errno;
    return rc;
}

static sj_rc sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    sj_rc rc = fd < 0 || fsync(fd) ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return rc;
}

sj_rc sj_names_store(const char *path, const struct sj_strategy_names *names)
{
    char next[PATH_MAX];
    if (snprintf(next, sizeof next, "%s.new", path) >= (int)sizeof next)
        return -ENAMETOOLONG;
    sj_rc rc = write_file(next, names);
    if (rc >= 0 && rename(next, path))
        rc = -errno;
    return rc < 0 ? rc : sync_folder(path);
}
