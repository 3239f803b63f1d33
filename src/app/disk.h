/*
 * disk.h: what the doctor asks of disks: room, speed of a sync, and whether two folders share one.
 *
 * A folder need not be there yet: the nearest one above it that is there is meant.
 *
 * Errors   negative errno of the call that failed.
 * Threads  main thread only.
 */
#ifndef SJ_APP_DISK_H
#define SJ_APP_DISK_H

#include "base/rc.h"

#include <stdbool.h>
#include <stdint.h>

/* Free bytes, where `dir` can be written. */
SJ_MUST_USE sj_rc sj_disk_free(const char *dir, uint64_t *ret_size);

/* Writes 64 KiB and fdatasync, SJ_DISK_SYNCS times, in a file without a name: how long the median
 * and the slowest took. -ENOTSUP: the folder is in memory or its disk cannot. */
#define SJ_DISK_SYNCS 32
SJ_MUST_USE sj_rc sj_disk_sync_times(const char *dir, int64_t *ret_median_ns, int64_t *ret_max_ns);

/* 1: both are on one disk (two partitions of it count); 0: not. */
SJ_MUST_USE sj_rc sj_disk_is_shared(const char *dir, const char *other);

#endif
