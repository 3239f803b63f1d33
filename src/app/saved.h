/*
 * saved.h: a blob in a file that survives the kill of its writer: two slots of mapped memory,
 * written in turn. Writing is a copy and a store, no system call; a write that was interrupted
 * leaves the other slot, and the blob's own checksum judges both.
 *
 * Errors   -errno of the file. -ENOENT (load): nothing was saved.
 * Threads  [owner] one. Memory: the mapping.
 */
#ifndef SJ_APP_SAVED_H
#define SJ_APP_SAVED_H

#include "base/rc.h"

#include <stddef.h>

struct sj_saved;

/* Maps PATH with room for at least `size` bytes a slot. A file of another size is kept as PATH.old,
 * and what it held is carried over; what is no such file at all is kept likewise, and nothing of
 * it. */
SJ_MUST_USE sj_rc sj_saved_open(const char *path, size_t size, struct sj_saved **ret_saved);
void sj_saved_close(struct sj_saved *saved);

/* The slots, newest first (index 0, 1), and how much was saved in each; NULL and 0: nothing. */
const void *sj_saved_slot(const struct sj_saved *saved, unsigned index, size_t *ret_size);

/* Room to write the next blob into, `size` bytes as opened; then how much of it is used. */
void *sj_saved_begin(struct sj_saved *saved);
void sj_saved_commit(struct sj_saved *saved, size_t used);

/* To the disk: for an end in order. */
void sj_saved_sync(struct sj_saved *saved);

#endif
