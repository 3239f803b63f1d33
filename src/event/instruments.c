#include "event/instruments.h"

#include "event/code_key.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing, at most an eighth full: a code is nearly always in its first slot, and whether
 * it is can be foreseen by the processor. */
struct slot {
    struct sj_code_key key;
    uint64_t id; /* 0 = free */
};

/* Two copies of each definition take turns: a replacement is written beside the one that another
 * thread may be reading, and then named. */
struct entry {
    _Atomic(const struct sj_instrument *) current;
    struct sj_instrument copies[2];
};

struct sj_instruments {
    struct slot *slots;
    struct entry *entries; /* by id - 1 */
    uint32_t slot_shift;   /* 64 - log2(slots) */
    uint32_t slot_mask;
    uint32_t capacity;
    uint32_t count;
    uint32_t id_max;
    uint32_t id_next; /* every id below is taken */
};

sj_rc sj_instruments_create(uint32_t capacity, struct sj_instruments **ret_table)
{
    if (capacity == 0 || capacity > SJ_INSTRUMENTS_MAX)
        return -SJ_E_RANGE;
    uint32_t bits = 4;
    while ((1U << bits) < capacity * 8)
        bits++;
    struct sj_instruments *table = calloc(1, sizeof(*table));
    if (!table)
        return -ENOMEM;
    table->slots = calloc((size_t)1 << bits, sizeof(struct slot));
    table->entries = calloc(capacity, sizeof(struct entry));
    if (!table->slots || !table->entries) {
        sj_instruments_close(table);
        return -ENOMEM;
    }
    table->slot_shift = 64 - bits;
    table->slot_mask = (1U << bits) - 1;
    table->capacity = capacity;
    table->id_next = 1;
    *ret_table = table;
    return 0;
}

void sj_instruments_close(struct sj_instruments *table)
{
    if (!table)
        return;
    free(table->slots);
    free(table->entries);
    free(table);
}

/* The slot that holds `key`, or the free one where it belongs. */
static struct slot *slot_of(const struct sj_instruments *table, struct sj_code_key key)
{
    uint32_t at = (uint32_t)(sj_code_key_hash(key) >> table->slot_shift);
    for (;;) {
        struct slot *slot = &table->slots[at];
        if (slot->id == 0 || sj_code_key_equal(slot->key, key))
            return slot;
        at = (at + 1) & table->slot_mask;
    }
}

static bool id_taken(const struct sj_instruments *table, uint32_t id)
{
    return atomic_load_explicit(&table->entries[id - 1].current, memory_order_relaxed) != NULL;
}

static uint32_t next_id(struct sj_instruments *table)
{
    while (id_taken(table, table->id_next))
        table->id_next++;
    return table->id_next;
}

/* Writes the definition into the copy that nobody reads and lets readers see it. */
static void store(struct sj_instruments *table, uint32_t id, const struct sj_instrument *definition,
                  size_t code_size)
{
    struct entry *entry = &table->entries[id - 1];
    const struct sj_instrument *old = atomic_load_explicit(&entry->current, memory_order_relaxed);
    struct sj_instrument fresh = *definition;
    sj_frame_head(&fresh, SJ_EVENT_INSTRUMENT, sizeof(fresh));
    fresh.instrument = id;
    memset(fresh.code + code_size, 0, sizeof(fresh.code) - code_size);
    if (old && memcmp(old, &fresh, sizeof(fresh)) == 0)
        return;
    struct sj_instrument *copy = &entry->copies[old == &entry->copies[0]];
    *copy = fresh;
    atomic_store_explicit(&entry->current, copy, memory_order_release);
}

/* Printable ASCII without what JSON escapes: a code on the wire is then its bytes, and only these.
 */
static bool code_valid(const char *code, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (code[i] < ' ' || code[i] > '~' || code[i] == '"' || code[i] == '\\')
            return false;
    return size > 0;
}

sj_rc sj_instruments_put(struct sj_instruments *table, const struct sj_instrument *definition,
                         uint32_t *ret_id)
{
    size_t code_size = strnlen(definition->code, sizeof(definition->code));
    if (!code_valid(definition->code, code_size))
        return -SJ_E_MALFORMED;
    struct sj_code_key key = sj_code_key_of(definition->code, code_size);
    struct slot *slot = slot_of(table, key);
    uint32_t id = (uint32_t)slot->id;
    if (id == 0) {
        if (table->count == table->capacity)
            return -SJ_E_LIMIT;
        id = definition->instrument;
        if (id > table->capacity)
            return -SJ_E_LIMIT;
        if (id == 0 || id_taken(table, id))
            id = next_id(table);
        slot->key = key;
        slot->id = id;
        table->count++;
        if (id > table->id_max)
            table->id_max = id;
    }
    store(table, id, definition, code_size);
    *ret_id = id;
    return 0;
}

uint32_t sj_instruments_find(const struct sj_instruments *table, const char *code, size_t code_size)
{
    if (code_size == 0 || code_size > SJ_CODE_MAX || code[code_size - 1] == '\0')
        return 0;
    return sj_instruments_find_key(table, sj_code_key_of(code, code_size));
}

uint32_t sj_instruments_find_key(const struct sj_instruments *table, struct sj_code_key key)
{
    return (uint32_t)slot_of(table, key)->id;
}

uint32_t sj_instruments_traded(const struct sj_instruments *table, uint32_t id)
{
    const struct sj_instrument *definition = sj_instruments_get(table, id);
    size_t size = definition ? strnlen(definition->target_code, sizeof definition->target_code) : 0;
    uint32_t target = size ? sj_instruments_find(table, definition->target_code, size) : 0;
    return target ? target : id;
}

const struct sj_instrument *sj_instruments_get(const struct sj_instruments *table, uint32_t id)
{
    if (id == 0 || id > table->capacity)
        return NULL;
    return atomic_load_explicit(&table->entries[id - 1].current, memory_order_acquire);
}

uint32_t sj_instruments_count(const struct sj_instruments *table)
{
    return table->count;
}

uint32_t sj_instruments_id_max(const struct sj_instruments *table)
{
    return table->id_max;
}
