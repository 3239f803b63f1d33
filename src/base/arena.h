/*
 * arena.h: memory taken once, at start: a bounded bump allocator.
 *
 * The pages are mapped and touched when the arena is made, so the path that matters sees neither a
 * page fault nor an allocation that fails. Nothing is given back but the whole.
 *
 * Threads  One owner a struct.
 */
#ifndef SJ_BASE_ARENA_H
#define SJ_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

struct sj_arena {
    uint8_t *memory;
    size_t size, used;
};

/* Maps size_bytes (rounded up to pages), zeroed and present. -errno of mmap. */
SJ_MUST_USE sj_rc sj_arena_init(struct sj_arena *arena, size_t size_bytes);

/* Unmaps; everything taken from it is gone. Accepts an arena that is all zero. */
void sj_arena_done(struct sj_arena *arena);

/* `count` zeroed items of `item_size`, on a cache line of their own. NULL when the arena is spent,
 * which is the configuration's mistake or a bug; the caller says which limit it was. */
SJ_MUST_USE void *sj_arena_take(struct sj_arena *arena, size_t count, size_t item_size);

/* Zeroes and forgets what was taken. */
void sj_arena_reset(struct sj_arena *arena);

#endif
