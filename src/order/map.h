/*
 * map.h: a hash index from a 64-bit key to a small number. Private to the room.
 *
 * Open addressing with linear probing; removal shifts back, so there are no graves and a look-up
 * stays short for ever. Key 0 is none.
 *
 * Threads  [owner]. Memory: reserved at init, never grows.
 */
#ifndef SJ_ORDER_MAP_H
#define SJ_ORDER_MAP_H

#include "shijim/rc.h"

#include <stddef.h>
#include <stdint.h>

#define ORDER_MAP_NONE UINT32_MAX

struct order_map_slot {
    uint64_t key;
    uint32_t value;
};

struct order_map {
    struct order_map_slot *slots;
    uint32_t mask;
    uint32_t count, capacity;
};

/* Room for `capacity` keys. */
SJ_MUST_USE sj_rc order_map_init(struct order_map *map, uint32_t capacity);
void order_map_done(struct order_map *map);

/* The value of a key, or ORDER_MAP_NONE. */
uint32_t order_map_find(const struct order_map *map, uint64_t key);

/* Adds a key, or replaces its value. False: key 0, or full. */
bool order_map_put(struct order_map *map, uint64_t key, uint32_t value);

/* Removes the key if its value is `value` (another one may have taken the key over). */
void order_map_remove(struct order_map *map, uint64_t key, uint32_t value);
void order_map_clear(struct order_map *map);
/* Asks for the line where the key is, or would go. */
void order_map_warm(const struct order_map *map, uint64_t key);

/* The key of a text of at most `size` bytes; 0 for an empty one. */
uint64_t order_map_text_key(const char *text, size_t size);

#endif
