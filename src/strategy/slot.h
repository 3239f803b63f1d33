/*
 * slot.h: one order as its strategy knows it: what most strategies keep of each.
 */
#ifndef SJ_STRATEGY_SLOT_H
#define SJ_STRATEGY_SLOT_H

#include "shijim/strategy.h"

struct sj_slot {
    uint64_t intent_id; /* 0: no order */
    int64_t price_e6;
    uint32_t left;
    uint8_t state; /* enum sj_order_state */
    uint8_t asked; /* a cancel or change is under way: ask nothing more */
    uint8_t reserved[2];
};

/* An order that was just placed; id 0 (it was not) leaves the slot free. */
static inline void sj_slot_placed(struct sj_slot *slot, uint64_t intent_id, int64_t price_e6,
                                  uint32_t quantity)
{
    *slot = (struct sj_slot){0};
    if (intent_id)
        *slot = (struct sj_slot){intent_id, price_e6, quantity, SJ_ORDER_PENDING, 0, {0}};
}

/* Whether a change or cancel may be asked for. */
static inline bool sj_slot_settled(const struct sj_slot *slot)
{
    return slot->intent_id && !slot->asked &&
           (slot->state == SJ_ORDER_WORKING || slot->state == SJ_ORDER_PARTIAL);
}

/* Takes a report in; false when it is about another order. An order that has ended stays in the
 * slot with its state until it is freed by who asked for it. */
static inline bool sj_slot_take(struct sj_slot *slot, const struct sj_strategy_report *report)
{
    if (slot->intent_id == 0 || slot->intent_id != report->intent_id)
        return false;
    slot->state = report->state;
    slot->left = report->left;
    if (report->price_e6 != SJ_NULL_E6)
        slot->price_e6 = report->price_e6;
    /* A fill says nothing of the request under way; everything else but its beginning ends it. */
    if (report->news != SJ_NEWS_FILL && report->state != SJ_ORDER_CANCELLING &&
        report->state != SJ_ORDER_UNKNOWN)
        slot->asked = 0;
    return true;
}

static inline bool sj_slot_ended(const struct sj_slot *slot)
{
    return slot->state >= SJ_ORDER_FILLED;
}

/* An order that no slot knows (placed between the last save and a kill) works without anyone
 * minding it: it is cancelled. */
static inline void sj_slot_stranger(const struct sj_strategy_api *api,
                                    struct sj_strategy_host *host,
                                    const struct sj_strategy_report *report)
{
    bool works = report->state == SJ_ORDER_WORKING || report->state == SJ_ORDER_PARTIAL;
    if (works && report->news == SJ_NEWS_STATE)
        api->cancel(host, report->intent_id);
}

/* Whether a slot that was saved can be one (blobs may be hostile). */
static inline bool sj_slot_valid(const struct sj_slot *slot)
{
    return slot->state < SJ_ORDER_STATE_COUNT && slot->asked <= 1;
}

#endif
