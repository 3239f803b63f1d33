/*
 * process.h: who a process is, over the reuse of pids, and whether it lives.
 */
#ifndef SJ_BUS_PROCESS_H
#define SJ_BUS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct process_id {
    int32_t pid;
    uint64_t start_time; /* field 22 of /proc/PID/stat: ticks since boot */
};

/* The calling process. Start time 0 where /proc is not mounted. [any] */
struct process_id process_self(void);

/* Whether that very process still runs. A zombie does not. [any] */
bool process_alive(struct process_id id);

/* 16 bytes that change with each boot; zeros where the kernel does not tell. [any] */
void process_boot_id(uint8_t ret[16]);

#endif
