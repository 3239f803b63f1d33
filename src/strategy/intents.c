#include "strategy/intents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/warm.h"

sj_rc sj_intent_table_init(struct sj_intent_table *table, uint32_t capacity)
{
    uint32_t rounded = 4;
    while (rounded < capacity && rounded < (1u << 20))
        rounded <<= 1;
    struct sj_intent_entry *entries = calloc(rounded, sizeof *entries);
    uint32_t *index = calloc(2u * rounded, sizeof *index);
    if (!entries || !index) {
        free(entries);
        free(index);
        return -ENOMEM;
    }
    *table = (struct sj_intent_table){
        .entries = entries,
        .index = index,
        .capacity = rounded,
        .index_shift = 64 - (uint32_t)__builtin_ctz(2u * rounded),
    };
    return 0;
}

void sj_intent_table_done(struct sj_intent_table *table)
{
    free(table->entries);
    free(table->index);
    *table = (struct sj_intent_table){0};
}

void sj_intent_table_clear(struct sj_intent_table *table)
{
    memset(table->entries, 0, table->capacity * sizeof *table->entries);
    memset(table->index, 0, 2u * table->capacity * sizeof *table->index);
    table->hand = 0;
    table->open_count = 0;
}

/* Ids count up, so their product with 2^64 / golden ratio spreads evenly. */
static uint32_t home_of(const struct sj_intent_table *table, uint64_t intent_id)
{
    return (uint32_t)((intent_id * UINT64_C(0x9E3779B97F4A7C15)) >> table->index_shift);
}

static uint32_t index_mask(const struct sj_intent_table *table)
{
    return 2u * table->capacity - 1;
}

struct sj_intent_entry *sj_intent_table_find(const struct sj_intent_table *table,
                                             uint64_t intent_id)
{
    if (intent_id == 0)
        return NULL;
    for (uint32_t at = home_of(table, intent_id); table->index[at];
         at = (at + 1) & index_mask(table)) {
        struct sj_intent_entry *entry = &table->entries[table->index[at] - 1];
        if (entry->intent_id == intent_id)
            return entry;
    }
    return NULL;
}

/* Takes an id out of the index and moves up what was behind it, so that no search is cut short. */
static void unindex(struct sj_intent_table *table, uint64_t intent_id)
{
    uint32_t mask = index_mask(table), hole = home_of(table, intent_id);
    while (table->entries[table->index[hole] - 1].intent_id != intent_id)
        hole = (hole + 1) & mask;
    for (uint32_t at = (hole + 1) & mask; table->index[at]; at = (at + 1) & mask) {
        uint32_t home = home_of(table, table->entries[table->index[at] - 1].intent_id);
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        table->index[hole] = table->index[at];
        hole = at;
    }
    table->index[hole] = 0;
}

void sj_intent_table_warm(const struct sj_intent_table *table, uint64_t intent_id)
{
    sj_warm_write(&table->entries[table->hand], sizeof *table->entries);
    sj_warm_write(&table->index[home_of(table, intent_id)], sizeof *table->index);
    sj_warm_write(&table->index[home_of(table, table->entries[table->hand].intent_id)],
                  sizeof *table->index);
}

struct sj_intent_entry *sj_intent_table_add(struct sj_intent_table *table, uint64_t intent_id)
{
    SJ_ASSERT(intent_id != 0 && table->open_count < table->capacity);
    while (sj_intent_entry_open(&table->entries[table->hand]))
        table->hand = (table->hand + 1) & (table->capacity - 1);
    uint32_t place = table->hand;
    struct sj_intent_entry *entry = &table->entries[place];
    table->hand = (place + 1) & (table->capacity - 1);
    if (entry->intent_id)
        unindex(table, entry->intent_id);
    *entry = (struct sj_intent_entry){.intent_id = intent_id};
    uint32_t at = home_of(table, intent_id);
    while (table->index[at])
        at = (at + 1) & index_mask(table);
    table->index[at] = place + 1;
    return entry;
}

void sj_intent_table_set_state(struct sj_intent_table *table, struct sj_intent_entry *entry,
                               enum sj_order_state state)
{
    table->open_count -= sj_intent_entry_open(entry);
    entry->state = (uint8_t)state;
    table->open_count += sj_intent_entry_open(entry);
}
