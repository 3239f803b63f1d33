/* Rows of orders (L3) as steps: what their level holds now, and for the exchange which order left
 * its queue, or was filled. */
#include "backtest/feed_private.h"

#include <math.h>
#include <stdio.h>

#define STEPS_MAX 4 /* of one row: an order that changes its price */

/* One stream's part in a row. */
struct part {
    struct sj_bt_steps *steps;
    struct sj_bt_live *live;
    int64_t ts, place;
    double lot;
    bool exchange;
};

static void push(struct part *part, unsigned kind, unsigned side, int32_t key, double quantity)
{
    struct sj_bt_steps *steps = part->steps;
    steps->entries[steps->tail++ & steps->mask] = (struct sj_bt_step){.ts = part->ts,
                                                                      .quantity = quantity,
                                                                      .key = key,
                                                                      .kind = (uint8_t)kind,
                                                                      .side = (uint8_t)side};
}

static void push_level(struct part *part, unsigned side, int32_t key)
{
    push(part, SJ_BT_DEPTH, side, key, part->live->sums.levels[side][key] * part->lot);
}

/* Something befell an order: first its place, then what. */
static void push_order(struct part *part, const struct sj_bt_live_order *order, unsigned kind,
                       int64_t lots)
{
    double place;
    if (!part->exchange)
        return;
    memcpy(&place, &order->place, sizeof place);
    push(part, SJ_BT_ORDER_PLACE, order->side, order->key, place);
    push(part, kind, order->side, order->key, (double)lots * part->lot);
}

static sj_rc add(struct part *part, uint64_t id, unsigned side, int32_t key, int64_t lots)
{
    const struct sj_bt_live_order order = {
        .id = id, .place = part->place, .lots = lots, .key = key, .side = (uint8_t)side};
    sj_rc rc = sj_bt_live_put(part->live, &order);
    if (rc >= 0)
        push_level(part, side, key);
    return rc;
}

static void drop(struct part *part, struct sj_bt_live_order *order, bool level)
{
    const struct sj_bt_live_order was = *order;
    push_order(part, order, SJ_BT_ORDER_LEFT, was.lots);
    sj_bt_live_drop(part->live, order);
    if (level)
        push_level(part, was.side, was.key);
}

/* Fewer lots at the same price keep the place; all else goes to the end. */
static sj_rc modify(struct part *part, struct sj_bt_live_order *order, int32_t key, int64_t lots)
{
    const struct sj_bt_live_order was = *order;
    if (key != was.key || lots > was.lots) {
        drop(part, order, key != was.key);
        return add(part, was.id, was.side, key, lots);
    }
    if (lots == was.lots)
        return 0;
    push_order(part, order, SJ_BT_ORDER_LEFT, was.lots - lots);
    order->lots = lots;
    part->live->sums.levels[was.side][key] -= (double)(was.lots - lots);
    push_level(part, was.side, key);
    return 0;
}

static sj_rc apply(struct part *part, const struct sj_row *row, int32_t at, int64_t lots)
{
    struct sj_bt_live_order *order = sj_bt_live_find(part->live, row->order_id);
    unsigned kind = sj_row_kind(row);
    unsigned side = order ? order->side : !(row->ev & SJ_ROW_BUY);
    int32_t key = side ? SJ_BT_KEYS - 1 - at : at;
    if (kind == SJ_ROW_ADD)
        return add(part, row->order_id, side, key, lots);
    if (!order)
        return 0; /* check has seen it live */
    if (kind == SJ_ROW_MODIFY)
        return modify(part, order, key, lots);
    if (kind == SJ_ROW_CANCEL)
        drop(part, order, true);
    else
        push_order(part, order, SJ_BT_ORDER_FILL, lots);
    return 0;
}

static const char *check(struct sj_bt_feed *feed, const struct sj_row *row, int64_t *ret_at,
                         int64_t *ret_lots)
{
    unsigned kind = sj_row_kind(row), side = (unsigned)(row->ev >> 28) & 3;
    double ticks = row->px * feed->per_tick, lots = row->qty / (feed->half_lot * 2);
    bool priced = kind == SJ_ROW_ADD || kind == SJ_ROW_MODIFY;
    if (kind == SJ_ROW_ADD && side != 1 && side != 2)
        return "an order without a side";
    if (priced && !(fabs(ticks) < 1e12))
        return "an order's price is none";
    if (kind != SJ_ROW_CANCEL && !(lots >= 0.5 && lots < 1e9))
        return "an order's quantity is none";
    for (unsigned i = 0; i < 2; i++) {
        if (!(row->ev & (i ? SJ_ROW_LOCAL : SJ_ROW_EXCH)))
            continue;
        bool lives = feed->live[i].slots && sj_bt_live_find(&feed->live[i], row->order_id);
        if (lives && kind == SJ_ROW_ADD)
            return "an order's id that lives already";
        if (!lives && kind != SJ_ROW_ADD)
            return "an order's id that is unknown";
    }
    if (priced && !feed->prices.placed) {
        feed->prices.placed = true;
        feed->prices.base_tick = llround(ticks) - SJ_BT_KEYS / 2;
    }
    *ret_at = priced ? llround(ticks) - feed->prices.base_tick : 0;
    *ret_lots = kind == SJ_ROW_CANCEL ? 0 : llround(lots);
    return NULL;
}

sj_rc bt_feed_order(struct sj_bt_feed *feed, const struct sj_row *row, const char **ret_bad,
                    uint64_t **ret_count)
{
    int64_t at = 0, lots = 0;
    *ret_count = &feed->counts.malformed;
    *ret_bad = check(feed, row, &at, &lots);
    if (!*ret_bad && (uint64_t)at >= SJ_BT_KEYS) {
        *ret_bad = "its price is too many ticks from the first";
        *ret_count = &feed->counts.far;
    }
    if (*ret_bad)
        return 0;
    feed->counts.orders++;
    for (unsigned i = 0; i < 2; i++) {
        struct part part = {.steps = i ? &feed->local : &feed->exchange,
                            .live = &feed->live[i],
                            .ts = i ? row->local_ts : row->exch_ts,
                            .place = feed->last_ts[i],
                            .lot = feed->half_lot * 2,
                            .exchange = i == 0};
        if (!(row->ev & (i ? SJ_ROW_LOCAL : SJ_ROW_EXCH)))
            continue;
        /* Beyond the room that the rest of the slice counts on. */
        sj_rc rc = sj_bt_steps_grow(part.steps, FEED_SLICE_STEPS + STEPS_MAX);
        if (rc >= 0 && !part.live->slots)
            rc = sj_bt_live_init(part.live);
        if (rc >= 0)
            rc = apply(&part, row, (int32_t)at, lots);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* The end of all orders of a side, ours too: nobody knows any more who stood before whom. */
void bt_feed_clear_orders(struct sj_bt_feed *feed, const struct sj_row *row, unsigned side)
{
    for (unsigned i = 0; i < 2; i++)
        if ((row->ev & (i ? SJ_ROW_LOCAL : SJ_ROW_EXCH)) && feed->live[i].slots)
            sj_bt_live_clear(&feed->live[i], side);
}
