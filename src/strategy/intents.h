/*
 * intents.h: the intents that the host follows: by id, in a fixed number of places.
 *
 * A place is given anew when its order has ended, the longest given first; so what comes late (a
 * fill after a cancel) usually still finds its order. Changes and cancels are kept only to be told
 * apart when risk refuses them.
 *
 * Threads  [owner].   Memory  all reserved by init.
 */
#ifndef SJ_STRATEGY_INTENTS_H
#define SJ_STRATEGY_INTENTS_H

#include "event/event.h"
#include "shijim/rc.h"
#include "shijim/strategy.h"

struct sj_intent_entry {
    uint64_t intent_id; /* 0: the place is free */
    uint64_t target_id; /* of a change or cancel: the order's */
    int64_t price_e6;
    uint32_t instrument;
    uint32_t quantity;
    uint32_t filled_told; /* as order updates have it */
    uint32_t filled_seen; /* as fills add up */
    uint32_t cancelled;
    uint8_t strategy;
    uint8_t kind; /* enum sj_intent_kind */
    uint8_t side;
    uint8_t state; /* enum sj_order_state; of a change: NONE */
};

struct sj_intent_table {
    struct sj_intent_entry *entries;
    uint32_t *index;   /* open addressing: place + 1, or 0 */
    uint32_t capacity; /* a power of two; the index is twice as large */
    uint32_t index_shift;
    uint32_t hand;       /* the place looked at next */
    uint32_t open_count; /* orders that have not ended */
};

/* `capacity` is rounded up to a power of two. -ENOMEM. */
SJ_MUST_USE sj_rc sj_intent_table_init(struct sj_intent_table *table, uint32_t capacity);
void sj_intent_table_done(struct sj_intent_table *table);

struct sj_intent_entry *sj_intent_table_find(const struct sj_intent_table *table,
                                             uint64_t intent_id);

/* Whether there is room for another order: below three quarters full of open ones, so that a search
 * for a place stays short. */
static inline bool sj_intent_table_has_room(const struct sj_intent_table *table)
{
    return table->open_count < table->capacity - table->capacity / 4;
}

/* A new entry of that id, zeroed but for it; the id must not be there. Only when there is room. */
struct sj_intent_entry *sj_intent_table_add(struct sj_intent_table *table, uint64_t intent_id);

/* The entry's state, with the count of open orders kept. */
void sj_intent_table_set_state(struct sj_intent_table *table, struct sj_intent_entry *entry,
                               enum sj_order_state state);

/* Asks for the lines that sj_intent_table_add of that id will write. */
void sj_intent_table_warm(const struct sj_intent_table *table, uint64_t intent_id);

/* Forgets all. */
void sj_intent_table_clear(struct sj_intent_table *table);

static inline bool sj_intent_entry_open(const struct sj_intent_entry *entry)
{
    return entry->intent_id != 0 && entry->state != SJ_ORDER_NONE && entry->state < SJ_ORDER_FILLED;
}

static inline uint32_t sj_intent_entry_filled(const struct sj_intent_entry *entry)
{
    return entry->filled_told > entry->filled_seen ? entry->filled_told : entry->filled_seen;
}

/* What still works. */
static inline uint32_t sj_intent_entry_left(const struct sj_intent_entry *entry)
{
    uint64_t gone = (uint64_t)sj_intent_entry_filled(entry) + entry->cancelled;
    if (entry->state >= SJ_ORDER_FILLED || gone >= entry->quantity)
        return 0;
    return (uint32_t)(entry->quantity - gone);
}

#endif
