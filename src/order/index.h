/*
 * index.h: a hash index from a 64-bit key to a small number. Private to the room.
 *
 * Open addressing with linear probing; removal shifts back, so there are no graves and a look-up
 * stays short for ever. Key 0 is none.
 *
 * Threads  [owner]. Memory: reserved at init, never grows.
 */
#ifndef SJ_ORDER_INDEX_H
#define SJ_ORDER_INDEX_H

#include "shijim/rc.h"

#include <stddef.h>
#include <stdint.h>

#define INDEX_NONE UINT32_MAX

struct index_slot {
    uint64_t key;
    uint32_t value;
};

struct index {
    struct index_slot *slots;
    uint32_t mask;
    uint32_t count, capacity;
};

/* Room for `capacity` keys. */
SJ_MUST_USE sj_rc index_init(struct index *index, uint32_t capacity);
void index_done(struct index *index);

/* The value of a key, or INDEX_NONE. */
uint32_t index_find(const struct index *index, uint64_t key);

/* Adds a key, or replaces its value. False: key 0, or full. */
bool index_put(struct index *index, uint64_t key, uint32_t value);

/* Removes the key if its value is `value` (another one may have taken the key over). */
void index_remove(struct index *index, uint64_t key, uint32_t value);
void index_clear(struct index *index);

/* The key of a text of at most `size` bytes; 0 for an empty one. */
uint64_t index_text_key(const char *text, size_t size);

#endif
