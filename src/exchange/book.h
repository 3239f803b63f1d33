/*
 * book.h: the inside of one order book, shared by the files of this room only.
 *
 * A level is a FIFO of orders at one rung; a bitmap a side says which rungs are occupied, so the
 * next level is found by counting zeros. Orders live in one pool and link by index.
 */
#ifndef SJ_EXCHANGE_BOOK_H
#define SJ_EXCHANGE_BOOK_H

#include "exchange/exchange.h"

#define SLOT_NONE UINT32_MAX

struct order_slot {
    uint32_t next; /* towards younger; the free list while unused */
    uint32_t prev;
    int32_t rung;
    uint32_t quantity; /* 0 = unused */
    uint32_t owner;
    uint32_t generation;
    uint32_t book;
    uint8_t side_index;
};

struct book_level {
    uint32_t head; /* oldest */
    uint32_t tail;
    uint32_t count;
    uint64_t quantity;
};

struct book {
    struct book_level *levels[2]; /* by side index: 0 bids, 1 asks */
    uint64_t *bits[2];
    int32_t best[2]; /* -1 when empty */
    uint32_t rung_count;
    uint8_t phase;
};

struct sj_exchange_engine {
    struct order_slot *slots;
    struct book *books;
    sj_exchange_fill_fn on_fill;
    void *context;
    uint32_t slot_max;
    uint32_t free_head;
    uint32_t used;
    uint32_t book_count;
};

static inline uint32_t side_index(enum sj_side side)
{
    return side == SJ_SIDE_BUY ? 0 : 1;
}

/* Matches up to `quantity` against the head of a level and reports the fill. Returns how much. */
uint32_t sj_exchange_take_head_(struct sj_exchange_engine *exchange, struct book *book,
                                uint32_t side, uint32_t quantity, struct sj_exchange_fill *fill);

/* Takes a slot out of its level and frees it. */
void sj_exchange_remove_(struct sj_exchange_engine *exchange, uint32_t index);

/* The nearest occupied rung from `rung` on, outwards from the touch, or -1. */
int32_t sj_exchange_scan_(const struct book *book, uint32_t side, int32_t rung);

#endif
