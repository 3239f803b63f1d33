#include "backtest/venue.h"

#include "shijim/strategy.h"

#include <math.h>

sj_rc sj_bt_venue_init(struct sj_bt_venue *venue)
{
    sj_rc rc = sj_bt_book_init(&venue->book);
    for (unsigned side = 0; side < 2 && rc >= 0; side++) {
        venue->resting[side] = calloc(SJ_BT_ORDERS_MAX, sizeof *venue->resting[side]);
        if (!venue->resting[side])
            rc = -ENOMEM;
    }
    return rc;
}

void sj_bt_venue_done(struct sj_bt_venue *venue)
{
    sj_bt_book_done(&venue->book);
    free(venue->resting[0]);
    free(venue->resting[1]);
    sj_bt_reports_done(&venue->reports);
}

/* Reports arrive in the order they were sent. */
static sj_rc report(struct sj_bt_venue *venue, struct sj_bt_report *report)
{
    report->at_ns = sj_bt_way_arrival(&venue->way, report->exch_ns);
    if (venue->on_report)
        venue->on_report(venue->context, report);
    return sj_bt_reports_push(&venue->reports, report);
}

static void drop(struct sj_bt_venue *venue, unsigned side, uint32_t index)
{
    struct sj_bt_resting *orders = venue->resting[side];
    venue->count[side]--;
    memmove(orders + index, orders + index + 1, (venue->count[side] - index) * sizeof *orders);
}

/* A maker's fill of `quantity` lots at its own price; the order goes when nothing is left. Returns
 * 1 when it went. */
static sj_rc fill_resting(struct sj_bt_venue *venue, unsigned side, uint32_t index,
                          uint32_t quantity, int64_t exch_ns)
{
    struct sj_bt_resting *order = &venue->resting[side][index];
    order->left -= quantity;
    struct sj_bt_report fill = {.exch_ns = exch_ns,
                                .order = order->order,
                                .key = order->key,
                                .quantity = quantity,
                                .left = order->left,
                                .kind = SJ_BT_FILLED,
                                .side = (uint8_t)side,
                                .maker = true,
                                .queue = order->first_front,
                                .mid = order->mid};
    bool gone = order->left == 0;
    if (gone)
        drop(venue, side, index);
    sj_rc rc = report(venue, &fill);
    return rc < 0 ? rc : gone;
}

static sj_rc on_trade(struct sj_bt_venue *venue, const struct sj_bt_step *step)
{
    unsigned side = !step->side;
    struct sj_bt_resting *orders = venue->resting[side];
    for (uint32_t i = 0; i < venue->count[side] && orders[i].key >= step->key;) {
        uint32_t quantity = orders[i].left;
        if (sj_bt_meets(orders[i].key, venue->book.best[!side]))
            quantity = 0; /* filled already, were it to fill */
        else if (orders[i].key == step->key) {
            int64_t reached = sj_bt_queue_trade(&orders[i].queue, step->quantity, venue->lot);
            if (reached == 0)
                quantity = 0;
            else if (venue->partial && reached < quantity)
                quantity = (uint32_t)reached;
        }
        sj_rc rc = quantity ? fill_resting(venue, side, i, quantity, step->ts) : 0;
        if (rc < 0)
            return rc;
        i += rc == 0;
    }
    return 0;
}

static sj_rc on_depth(struct sj_bt_venue *venue, const struct sj_bt_step *step)
{
    unsigned side = step->side;
    int32_t best = venue->book.best[side];
    double was = sj_bt_book_set(&venue->book, side, step->key, step->quantity);
    struct sj_bt_resting *orders = venue->resting[side];
    for (uint32_t i = 0; i < venue->count[side] && orders[i].key >= step->key; i++)
        if (orders[i].key == step->key)
            sj_bt_queue_depth(&venue->model, &orders[i].queue, was, step->quantity);
    if (venue->book.best[side] <= best)
        return 0;
    while (venue->count[!side] &&
           sj_bt_meets(venue->resting[!side][0].key, venue->book.best[side])) {
        sj_rc rc = fill_resting(venue, !side, 0, venue->resting[!side][0].left, step->ts);
        if (rc < 0)
            return rc;
    }
    return 0;
}

sj_rc sj_bt_venue_step(struct sj_bt_venue *venue, const struct sj_bt_step *step)
{
    if (step->kind == SJ_BT_DEPTH)
        return on_depth(venue, step);
    if (step->kind == SJ_BT_TRADE)
        return on_trade(venue, step);
    sj_bt_book_clear(&venue->book, step->side, step->key);
    return 0;
}

/* --- requests --- */

static struct sj_bt_report answer_to(const struct sj_bt_request *request,
                                     enum sj_bt_report_kind kind, uint32_t left)
{
    return (struct sj_bt_report){.exch_ns = request->at_ns,
                                 .order = request->order,
                                 .key = request->key,
                                 .quantity = request->quantity,
                                 .left = left,
                                 .kind = (uint8_t)kind,
                                 .side = request->side,
                                 .request = request->kind,
                                 .queue = NAN,
                                 .mid = request->mid};
}

static sj_rc answer(struct sj_bt_venue *venue, const struct sj_bt_request *request,
                    enum sj_bt_report_kind kind, uint32_t left)
{
    struct sj_bt_report reply = answer_to(request, kind, left);
    return report(venue, &reply);
}

static sj_rc take(struct sj_bt_venue *venue, const struct sj_bt_request *request, int32_t other_key,
                  uint32_t quantity, uint32_t *left)
{
    if (quantity == 0)
        return 0;
    *left -= quantity;
    struct sj_bt_report fill = answer_to(request, SJ_BT_FILLED, *left);
    fill.key = sj_bt_mirror(other_key);
    fill.quantity = quantity;
    return report(venue, &fill);
}

/* An order that meets the other side. What a walk leaves is taken to fill at the limit: a buy's
 * last level is beyond what it may see, a sell's is not. That is hftbacktest's rule. */
static sj_rc take_all(struct sj_bt_venue *venue, const struct sj_bt_request *request)
{
    unsigned other = !request->side;
    int32_t best = venue->book.best[other];
    int32_t limit = request->market ? venue->book.low[other] : sj_bt_mirror(request->key);
    uint32_t left = request->quantity;
    sj_rc rc = 0;
    if (!venue->partial)
        return take(venue, request, best, left, &left);
    bool through = request->side != 0 || request->market || request->time_in_force == SJ_ORDER_IOC;
    for (int32_t key = best; left && rc >= 0 && (through ? key >= limit : key > limit); key--) {
        double lots = round(venue->book.levels[other][key] / venue->lot);
        uint32_t here = lots < left ? (uint32_t)lots : left;
        rc = take(venue, request, key, here, &left);
    }
    if (rc < 0 || left == 0)
        return rc;
    if (request->market || request->time_in_force == SJ_ORDER_IOC)
        return answer(venue, request, SJ_BT_EXPIRED, left);
    return take(venue, request, limit, left, &left);
}

static sj_rc rest(struct sj_bt_venue *venue, const struct sj_bt_request *request, uint32_t left,
                  enum sj_bt_report_kind kind)
{
    unsigned side = request->side;
    struct sj_bt_resting *orders = venue->resting[side];
    uint32_t at = venue->count[side];
    if (at == SJ_BT_ORDERS_MAX)
        return -SJ_E_LIMIT;
    while (at > 0 && orders[at - 1].key < request->key)
        at--;
    memmove(orders + at + 1, orders + at, (venue->count[side] - at) * sizeof *orders);
    venue->count[side]++;
    double front = venue->book.levels[side][request->key];
    orders[at] = (struct sj_bt_resting){.order = request->order,
                                        .queue = {front, 0},
                                        .first_front = front,
                                        .mid = request->mid,
                                        .key = request->key,
                                        .quantity = request->quantity,
                                        .left = left};
    struct sj_bt_report reply = answer_to(request, kind, left);
    reply.queue = front;
    return report(venue, &reply);
}

static sj_rc place(struct sj_bt_venue *venue, const struct sj_bt_request *request)
{
    int32_t other = venue->book.best[!request->side];
    bool meets = request->market ? other >= 0 : sj_bt_meets(request->key, other);
    unsigned tif = request->time_in_force;
    if (meets && tif != SJ_ORDER_GTX)
        return take_all(venue, request);
    if (meets || request->market || tif == SJ_ORDER_IOC || tif == SJ_ORDER_FOK)
        return answer(venue, request, SJ_BT_EXPIRED, request->quantity);
    return rest(venue, request, request->quantity, SJ_BT_WORKING);
}

static sj_rc change(struct sj_bt_venue *venue, const struct sj_bt_request *request, uint32_t index)
{
    struct sj_bt_resting *order = &venue->resting[request->side][index];
    struct sj_bt_request of = *request;
    uint32_t filled = order->quantity - order->left;
    of.quantity = order->quantity;
    of.mid = order->mid;
    uint32_t left = order->left;
    if (request->kind == SJ_BT_REDUCE && request->quantity > filled) {
        if (request->quantity < order->quantity) {
            order->quantity = request->quantity;
            order->left = request->quantity - filled;
        }
        of.key = order->key;
        of.quantity = order->quantity;
        return answer(venue, &of, SJ_BT_CHANGED, order->left);
    }
    bool reprice = request->kind == SJ_BT_REPRICE;
    if (!reprice)
        of.key = order->key;
    drop(venue, request->side, index);
    if (!reprice)
        return answer(venue, &of, SJ_BT_CANCELLED, left);
    if (!sj_bt_meets(of.key, venue->book.best[!of.side]))
        return rest(venue, &of, left, SJ_BT_CHANGED);
    of.quantity = left;
    return take_all(venue, &of);
}

sj_rc sj_bt_venue_request(struct sj_bt_venue *venue, const struct sj_bt_request *request)
{
    unsigned side = request->side;
    if (request->kind == SJ_BT_PLACE)
        return place(venue, request);
    for (uint32_t i = 0; i < venue->count[side]; i++)
        if (venue->resting[side][i].order == request->order)
            return change(venue, request, i);
    return answer(venue, request, SJ_BT_DENIED, 0);
}
