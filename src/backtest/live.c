#include "backtest/live.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS_MIN 1024u

static uint32_t home_of(const struct sj_bt_live *live, uint64_t id)
{
    /* Ids count up, or hold a price in their high bits: every bit has to reach the low ones. */
    id = (id ^ (id >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    id = (id ^ (id >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(id ^ (id >> 31)) & live->mask;
}

sj_rc sj_bt_live_init(struct sj_bt_live *live)
{
    *live = (struct sj_bt_live){.mask = SLOTS_MIN - 1};
    live->slots = calloc(SLOTS_MIN, sizeof *live->slots);
    sj_rc rc = live->slots ? sj_bt_book_init(&live->sums, SJ_BT_KEYS) : -ENOMEM;
    if (rc < 0)
        sj_bt_live_done(live);
    return rc;
}

void sj_bt_live_done(struct sj_bt_live *live)
{
    free(live->slots);
    live->slots = NULL;
    sj_bt_book_done(&live->sums);
}

/* The slot of an id, or the free one where it would stand. At most half of them are used. */
static uint32_t slot_of(const struct sj_bt_live *live, uint64_t id)
{
    uint32_t at = home_of(live, id);
    while (live->slots[at].used && live->slots[at].id != id)
        at = (at + 1) & live->mask;
    return at;
}

struct sj_bt_live_order *sj_bt_live_find(const struct sj_bt_live *live, uint64_t id)
{
    struct sj_bt_live_order *order = &live->slots[slot_of(live, id)];
    return order->used ? order : NULL;
}

static sj_rc grow(struct sj_bt_live *live)
{
    struct sj_bt_live_order *old = live->slots;
    uint32_t size = live->mask + 1;
    if (live->count == SJ_BT_LIVE_MAX)
        return -SJ_E_LIMIT;
    live->slots = calloc((size_t)size * 2, sizeof *live->slots);
    if (!live->slots) {
        live->slots = old;
        return -ENOMEM;
    }
    live->mask = size * 2 - 1;
    for (uint32_t i = 0; i < size; i++)
        if (old[i].used)
            live->slots[slot_of(live, old[i].id)] = old[i];
    free(old);
    return 0;
}

sj_rc sj_bt_live_put(struct sj_bt_live *live, const struct sj_bt_live_order *order)
{
    sj_rc rc = live->count * 2 > live->mask ? grow(live) : 0;
    if (rc < 0)
        return rc;
    struct sj_bt_live_order *slot = &live->slots[slot_of(live, order->id)];
    *slot = *order;
    slot->used = true;
    live->count++;
    live->sums.levels[order->side][order->key] += (double)order->lots;
    return 0;
}

void sj_bt_live_drop(struct sj_bt_live *live, struct sj_bt_live_order *order)
{
    struct sj_bt_live_order *slots = live->slots;
    uint32_t mask = live->mask, hole = (uint32_t)(order - slots);
    live->sums.levels[order->side][order->key] -= (double)order->lots;
    live->count--;
    /* What stands behind moves up, unless it would come before its home. */
    for (uint32_t at = (hole + 1) & mask; slots[at].used; at = (at + 1) & mask) {
        uint32_t home = home_of(live, slots[at].id);
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        slots[hole] = slots[at];
        hole = at;
    }
    slots[hole].used = false;
}

void sj_bt_live_clear(struct sj_bt_live *live, unsigned side)
{
    /* A drop may move another order into the slot: it is looked at again. */
    for (uint32_t at = 0; at <= live->mask;)
        if (live->slots[at].used && live->slots[at].side == side)
            sj_bt_live_drop(live, &live->slots[at]);
        else
            at++;
}
