/*
 * live.h: the orders of the market that a file tells one by one (L3), found by their ids, and what
 * each level holds of them.
 *
 * A place in a level's queue is the time at which it was taken: who came earlier stands before.
 *
 * Units    quantities: lots, so that sums are exact. Keys as in book.h.
 * Errors   -ENOMEM; -SJ_E_LIMIT: SJ_BT_LIVE_MAX orders live.
 * Threads  one owner.
 * Memory   32 bytes an order at half load, and a book's pages.
 */
#ifndef SJ_BACKTEST_LIVE_H
#define SJ_BACKTEST_LIVE_H

#include "backtest/book.h"

#define SJ_BT_LIVE_MAX (UINT32_C(1) << 20)

struct sj_bt_live_order {
    uint64_t id;
    int64_t place; /* ns: when it took its place */
    int64_t lots;
    int32_t key;
    uint8_t side;
    bool used;
};

struct sj_bt_live {
    struct sj_bt_live_order *slots;
    uint32_t count, mask;
    struct sj_bt_book sums; /* levels alone, in lots; no best prices */
};

SJ_MUST_USE sj_rc sj_bt_live_init(struct sj_bt_live *live);
void sj_bt_live_done(struct sj_bt_live *live);

/* NULL: no such order lives. Valid until the next put or drop. */
struct sj_bt_live_order *sj_bt_live_find(const struct sj_bt_live *live, uint64_t id);

/* `order` has an id that does not live. Its level grows by it. */
SJ_MUST_USE sj_rc sj_bt_live_put(struct sj_bt_live *live, const struct sj_bt_live_order *order);

/* Its level shrinks by what it still had. */
void sj_bt_live_drop(struct sj_bt_live *live, struct sj_bt_live_order *order);

/* A side's orders are all gone. */
void sj_bt_live_clear(struct sj_bt_live *live, unsigned side);

#endif
