/* Our orders among those of the market that the file tells by their ids: who stands before whom is
 * known. */
#include "backtest/venue_private.h"

#include <math.h>

static void leave(struct sj_bt_venue *venue, const struct sj_bt_step *step)
{
    struct sj_bt_resting *orders = venue->resting[step->side];
    for (uint32_t i = 0; i < venue->count[step->side] && orders[i].key >= step->key; i++)
        if (orders[i].key == step->key && venue->place <= orders[i].place)
            orders[i].queue.front = fmax(0, orders[i].queue.front - step->quantity);
}

/* What took an order of the market would first have taken ours that stand before it. */
static sj_rc fill(struct sj_bt_venue *venue, const struct sj_bt_step *step)
{
    unsigned side = step->side;
    struct sj_bt_resting *orders = venue->resting[side];
    double lots = round(step->quantity / venue->lot);
    for (uint32_t i = 0; i < venue->count[side] && orders[i].key >= step->key;) {
        uint32_t quantity = orders[i].left;
        if (orders[i].key != step->key || venue->place <= orders[i].place)
            quantity = 0;
        else if (venue->partial && lots < quantity)
            quantity = (uint32_t)lots;
        lots -= quantity;
        const struct bt_fill how = {step->ts, step->key, true};
        sj_rc rc = quantity ? bt_venue_fill(venue, side, i, quantity, &how) : 0;
        if (rc < 0)
            return rc;
        i += rc == 0;
    }
    return 0;
}

static sj_rc wipe(struct sj_bt_venue *venue, const struct sj_bt_step *step)
{
    sj_bt_book_clear(&venue->book, step->side, step->key);
    return bt_venue_expire_side(venue, step->side, step->ts);
}

sj_rc bt_venue_order(struct sj_bt_venue *venue, const struct sj_bt_step *step)
{
    if (step->kind == SJ_BT_ORDER_WIPE)
        return wipe(venue, step);
    if (venue->model.kind != SJ_BT_L3_FIFO)
        return 0;
    if (step->kind == SJ_BT_ORDER_PLACE)
        memcpy(&venue->place, &step->quantity, sizeof venue->place);
    else if (step->kind == SJ_BT_ORDER_LEFT)
        leave(venue, step);
    else
        return fill(venue, step);
    return 0;
}
