#include "bus/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAT_FIELD_START_TIME 22

/* Reads a small file whole; its length, or -1. */
static ssize_t slurp(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, buffer, size - 1);
    close(fd);
    if (length >= 0)
        buffer[length] = 0;
    return length;
}

/* State letter and start time of a process. False: /proc does not show it. */
static bool read_stat(int32_t pid, char *ret_state, uint64_t *ret_start_time)
{
    char path[64];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (slurp(path, text, sizeof text) <= 0)
        return false;
    /* The name in parentheses may hold anything, so fields count from the last parenthesis. */
    char *field = strrchr(text, ')');
    if (!field || field[1] != ' ')
        return false;
    field += 2;
    *ret_state = *field;
    for (int i = 3; i < STAT_FIELD_START_TIME; i++) {
        field = strchr(field, ' ');
        if (!field)
            return false;
        field++;
    }
    *ret_start_time = strtoull(field, NULL, 10);
    return true;
}

struct process_id process_self(void)
{
    struct process_id id = {.pid = getpid()};
    char state;
    if (!read_stat(id.pid, &state, &id.start_time))
        id.start_time = 0;
    return id;
}

bool process_alive(struct process_id id)
{
    if (id.pid <= 0 || (kill(id.pid, 0) != 0 && errno == ESRCH))
        return false;
    char state;
    uint64_t start_time;
    if (!read_stat(id.pid, &state, &start_time))
        return access("/proc/self/stat", F_OK) != 0; /* gone since, or no /proc to ask */
    return state != 'Z' && state != 'X' && (id.start_time == 0 || id.start_time == start_time);
}

void process_boot_id(uint8_t ret[16])
{
    char text[64];
    memset(ret, 0, 16);
    if (slurp("/proc/sys/kernel/random/boot_id", text, sizeof text) <= 0)
        return;
    int digits = 0;
    for (const char *p = text; *p && digits < 32; p++) {
        int value = *p >= '0' && *p <= '9' ? *p - '0' : *p >= 'a' && *p <= 'f' ? *p - 'a' + 10 : -1;
        if (value < 0)
            continue;
        ret[digits / 2] = (uint8_t)(ret[digits / 2] << 4 | value);
        digits++;
    }
}
