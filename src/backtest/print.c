/* What fills without a book that could be met: auctions, and trades alone. */
#include "backtest/venue_private.h"

#include "shijim/strategy.h"

#include <math.h>

static bool ends_at_once(const struct sj_bt_resting *order)
{
    return order->time_in_force == SJ_ORDER_IOC || order->time_in_force == SJ_ORDER_FOK;
}

static sj_rc expire(struct sj_bt_venue *venue, unsigned side, uint32_t index, int64_t ts)
{
    struct sj_bt_report word =
        bt_venue_word(venue, side, &venue->resting[side][index], SJ_BT_EXPIRED, ts);
    bt_venue_drop(venue, side, index);
    return bt_venue_report(venue, &word);
}

/* At its very price: what the print brings beyond what stands before. */
static uint32_t through_queue(const struct sj_bt_venue *venue, struct sj_bt_resting *order,
                              double quantity)
{
    int64_t reached = sj_bt_queue_trade(&order->queue, quantity, venue->lot);
    if (reached <= 0)
        return 0;
    return venue->partial && reached < order->left ? (uint32_t)reached : order->left;
}

/* One that could trade as it came: with the print, at its price. */
static uint32_t with_print(const struct sj_bt_venue *venue, const struct sj_bt_resting *order,
                           double quantity)
{
    double lots = round(quantity / venue->lot);
    if (order->time_in_force == SJ_ORDER_FOK)
        return lots >= order->left ? order->left : 0;
    return venue->partial && lots < order->left ? (uint32_t)lots : order->left;
}

/* Returns 1 when the order went. */
static sj_rc print_one(struct sj_bt_venue *venue, unsigned side, uint32_t index, int64_t ts,
                       int32_t key, double quantity)
{
    struct sj_bt_resting *order = &venue->resting[side][index];
    struct bt_fill how = {ts, key, false};
    uint32_t lots = 0;
    if (venue->auction && (order->market || order->key > key)) {
        lots = order->left;
    } else if (order->eager && order->key >= key) {
        lots = with_print(venue, order, quantity);
    } else if (order->key == key) {
        lots = through_queue(venue, order, quantity);
        how.maker = true;
    } else if (order->key > key) {
        how = (struct bt_fill){ts, order->key, true};
        lots = order->left;
    }
    order->eager = false;
    sj_rc rc = lots ? bt_venue_fill(venue, side, index, lots, &how) : 0;
    if (rc == 0 && ends_at_once(&venue->resting[side][index])) {
        rc = expire(venue, side, index, ts);
        rc = rc < 0 ? rc : 1;
    }
    return rc;
}

sj_rc sj_bt_venue_print(struct sj_bt_venue *venue, int64_t ts, int32_t key, double quantity)
{
    for (unsigned side = 0; side < 2; side++) {
        int32_t at = side ? sj_bt_mirror(&venue->book, key) : key;
        for (uint32_t i = 0; i < venue->count[side];) {
            sj_rc rc = print_one(venue, side, i, ts, at, quantity);
            if (rc < 0)
                return rc;
            i += rc == 0;
        }
    }
    venue->print_key = key;
    venue->printed = true;
    return 0;
}

void sj_bt_venue_reveal(struct sj_bt_venue *venue)
{
    for (unsigned side = 0; side < 2; side++)
        for (uint32_t i = 0; i < venue->count[side]; i++) {
            struct sj_bt_resting *order = &venue->resting[side][i];
            if (isinf(order->queue.front) && order->key >= venue->seen_from[side])
                order->queue.front = venue->book.levels[side][order->key];
        }
}

sj_rc sj_bt_venue_open(struct sj_bt_venue *venue, int64_t ts)
{
    for (unsigned side = 0; side < 2; side++)
        for (uint32_t i = 0; i < venue->count[side];) {
            struct sj_bt_resting *order = &venue->resting[side][i];
            int32_t other = venue->book.best[!side];
            order->eager = false;
            sj_rc rc = 0;
            if (sj_bt_meets(&venue->book, order->key, other)) {
                const struct bt_fill how = {ts, sj_bt_mirror(&venue->book, other), false};
                rc = bt_venue_fill(venue, side, i, order->left, &how);
            } else if (ends_at_once(order) || order->market) {
                rc = expire(venue, side, i, ts);
                rc = rc < 0 ? rc : 1;
            }
            if (rc < 0)
                return rc;
            i += rc == 0;
        }
    return 0;
}

sj_rc bt_venue_expire_side(struct sj_bt_venue *venue, unsigned side, int64_t ts)
{
    sj_rc rc = 0;
    while (rc >= 0 && venue->count[side] > 0)
        rc = expire(venue, side, 0, ts);
    return rc;
}

sj_rc sj_bt_venue_expire(struct sj_bt_venue *venue, int64_t ts)
{
    sj_rc rc = 0;
    for (unsigned side = 0; side < 2 && rc >= 0; side++)
        rc = bt_venue_expire_side(venue, side, ts);
    return rc;
}
