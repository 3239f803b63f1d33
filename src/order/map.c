#include "order/map.h"

#include "base/rc.h"
#include "base/warm.h"

#include <stdlib.h>
#include <string.h>

static uint32_t home(const struct order_map *map, uint64_t key)
{
    uint64_t mixed = (key ^ (key >> 32)) * 0x9e3779b97f4a7c15ULL;
    return (uint32_t)(mixed >> 32) & map->mask;
}

sj_rc order_map_init(struct order_map *map, uint32_t capacity)
{
    uint32_t size = 16;
    while (size < 2 * (uint64_t)capacity)
        size *= 2;
    *map = (struct order_map){
        .slots = calloc(size, sizeof *map->slots), .mask = size - 1, .capacity = capacity};
    return map->slots ? 0 : -ENOMEM;
}

void order_map_done(struct order_map *map)
{
    free(map->slots);
    map->slots = NULL;
}

/* The slot of the key, or the empty one where it would go. */
static struct order_map_slot *slot_of(const struct order_map *map, uint64_t key)
{
    uint32_t at = home(map, key);
    while (map->slots[at].key != 0 && map->slots[at].key != key)
        at = (at + 1) & map->mask;
    return &map->slots[at];
}

uint32_t order_map_find(const struct order_map *map, uint64_t key)
{
    if (key == 0)
        return ORDER_MAP_NONE;
    const struct order_map_slot *slot = slot_of(map, key);
    return slot->key == key ? slot->value : ORDER_MAP_NONE;
}

bool order_map_put(struct order_map *map, uint64_t key, uint32_t value)
{
    if (key == 0)
        return false;
    struct order_map_slot *slot = slot_of(map, key);
    if (slot->key == 0) {
        if (map->count == map->capacity)
            return false;
        map->count++;
    }
    *slot = (struct order_map_slot){key, value};
    return true;
}

void order_map_remove(struct order_map *map, uint64_t key, uint32_t value)
{
    if (key == 0)
        return;
    struct order_map_slot *slot = slot_of(map, key);
    if (slot->key != key || slot->value != value)
        return;
    uint32_t hole = (uint32_t)(slot - map->slots), at = hole;
    for (;;) {
        at = (at + 1) & map->mask;
        if (map->slots[at].key == 0)
            break;
        /* Those whose home lies behind the hole stay. */
        uint32_t wanted = home(map, map->slots[at].key);
        if (((at - wanted) & map->mask) < ((at - hole) & map->mask))
            continue;
        map->slots[hole] = map->slots[at];
        hole = at;
    }
    map->slots[hole] = (struct order_map_slot){0, 0};
    map->count--;
}

void order_map_clear(struct order_map *map)
{
    memset(map->slots, 0, ((size_t)map->mask + 1) * sizeof *map->slots);
    map->count = 0;
}

void order_map_warm(const struct order_map *map, uint64_t key)
{
    sj_warm_write(&map->slots[home(map, key)], sizeof *map->slots);
}

uint64_t order_map_text_key(const char *text, size_t size)
{
    uint64_t key = 0xcbf29ce484222325ULL;
    size_t i = 0;
    for (; i < size && text[i] != '\0'; i++)
        key = (key ^ (uint8_t)text[i]) * 0x100000001b3ULL;
    return i == 0 ? 0 : key == 0 ? 1 : key;
}
