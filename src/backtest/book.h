/*
 * book.h: one side's view (the exchange's, or ours) of one instrument: an array of quantities by
 * tick, and the best prices.
 *
 * A level stands under a key: for bids the tick counted from the window's lowest, for asks from its
 * highest down. A greater key is a better price on both sides, so one code serves both. A buy at
 * key b and a sell at key a meet when b + a >= keys - 1.
 *
 * Crossed levels stay stored, unseen: a new best price moves the other side's best behind itself.
 *
 * Units    quantities: as the data has them. Keys: ticks. side: 0 buy, 1 sell.
 * Threads  one owner.
 * Memory   8 bytes of address space a key and side; only pages that hold levels are resident.
 */
#ifndef SJ_BACKTEST_BOOK_H
#define SJ_BACKTEST_BOOK_H

#include "base/rc.h"

#include <stdbool.h>
#include <stdint.h>

#define SJ_BT_KEYS (1 << 24) /* of a file of rows */
#define SJ_BT_NO_KEY (-1)

struct sj_bt_book {
    double *levels[2];
    int32_t best[2]; /* SJ_BT_NO_KEY: the side is empty */
    int32_t low[2];  /* no level lies below */
    int32_t keys;
};

SJ_MUST_USE sj_rc sj_bt_book_init(struct sj_bt_book *book, int32_t keys);
void sj_bt_book_done(struct sj_bt_book *book);

/* The first key below `key` that has a quantity, or SJ_BT_NO_KEY. */
int32_t sj_bt_book_below(const struct sj_bt_book *book, unsigned side, int32_t key);

/* Levels from the best to `key` are gone; everything for key 0. */
void sj_bt_book_clear(struct sj_bt_book *book, unsigned side, int32_t key);

/* A price's key on the other side. */
static inline int32_t sj_bt_mirror(const struct sj_bt_book *book, int32_t key)
{
    return book->keys - 1 - key;
}

/* Whether an order of one side and one of the other, each under its key, can trade. An empty side
 * (SJ_BT_NO_KEY) never does. */
static inline bool sj_bt_meets(const struct sj_bt_book *book, int32_t key, int32_t other_key)
{
    return other_key >= 0 && key + other_key >= book->keys - 1;
}

/* What a change of the best level, or of one beyond it, does to the best prices. */
static inline void sj_bt_book_touch(struct sj_bt_book *book, unsigned side, int32_t key,
                                    double quantity)
{
    if (quantity == 0) {
        if (key == book->best[side])
            book->best[side] = sj_bt_book_below(book, side, key);
    } else if (key > book->best[side]) {
        book->best[side] = key;
        if (sj_bt_meets(book, key, book->best[!side]))
            book->best[!side] = sj_bt_book_below(book, !side, sj_bt_mirror(book, key));
    }
}

/* A level's quantity is now `quantity`; 0: it is gone. Returns what it was. */
static inline double sj_bt_book_set(struct sj_bt_book *book, unsigned side, int32_t key,
                                    double quantity)
{
    double *level = &book->levels[side][key];
    double was = *level;
    *level = quantity;
    /* Most rows are of levels behind the best; whether they fill or empty one decides nothing. */
    if (key < book->low[side])
        book->low[side] = key;
    if (key >= book->best[side])
        sj_bt_book_touch(book, side, key, quantity);
    return was;
}

#endif
