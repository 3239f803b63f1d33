#include "order/index.h"

#include "base/rc.h"

#include <stdlib.h>
#include <string.h>

static uint32_t home(const struct index *index, uint64_t key)
{
    uint64_t mixed = (key ^ (key >> 32)) * 0x9e3779b97f4a7c15ULL;
    return (uint32_t)(mixed >> 32) & index->mask;
}

sj_rc index_init(struct index *index, uint32_t capacity)
{
    uint32_t size = 16;
    while (size < 2 * (uint64_t)capacity)
        size *= 2;
    *index = (struct index){
        .slots = calloc(size, sizeof *index->slots), .mask = size - 1, .capacity = capacity};
    return index->slots ? 0 : -ENOMEM;
}

void index_done(struct index *index)
{
    free(index->slots);
    index->slots = NULL;
}

/* The slot of the key, or the empty one where it would go. */
static struct index_slot *slot_of(const struct index *index, uint64_t key)
{
    uint32_t at = home(index, key);
    while (index->slots[at].key != 0 && index->slots[at].key != key)
        at = (at + 1) & index->mask;
    return &index->slots[at];
}

uint32_t index_find(const struct index *index, uint64_t key)
{
    if (key == 0)
        return INDEX_NONE;
    const struct index_slot *slot = slot_of(index, key);
    return slot->key == key ? slot->value : INDEX_NONE;
}

bool index_put(struct index *index, uint64_t key, uint32_t value)
{
    if (key == 0)
        return false;
    struct index_slot *slot = slot_of(index, key);
    if (slot->key == 0) {
        if (index->count == index->capacity)
            return false;
        index->count++;
    }
    *slot = (struct index_slot){key, value};
    return true;
}

void index_remove(struct index *index, uint64_t key, uint32_t value)
{
    if (key == 0)
        return;
    struct index_slot *slot = slot_of(index, key);
    if (slot->key != key || slot->value != value)
        return;
    uint32_t hole = (uint32_t)(slot - index->slots), at = hole;
    for (;;) {
        at = (at + 1) & index->mask;
        if (index->slots[at].key == 0)
            break;
        /* Those whose home lies behind the hole stay. */
        uint32_t wanted = home(index, index->slots[at].key);
        if (((at - wanted) & index->mask) < ((at - hole) & index->mask))
            continue;
        index->slots[hole] = index->slots[at];
        hole = at;
    }
    index->slots[hole] = (struct index_slot){0, 0};
    index->count--;
}

void index_clear(struct index *index)
{
    memset(index->slots, 0, ((size_t)index->mask + 1) * sizeof *index->slots);
    index->count = 0;
}

uint64_t index_text_key(const char *text, size_t size)
{
    uint64_t key = 0xcbf29ce484222325ULL;
    size_t i = 0;
    for (; i < size && text[i] != '\0'; i++)
        key = (key ^ (uint8_t)text[i]) * 0x100000001b3ULL;
    return i == 0 ? 0 : key == 0 ? 1 : key;
}
