#include "backtest/venue_private.h"

#include "shijim/strategy.h"

#include <math.h>

sj_rc sj_bt_venue_init(struct sj_bt_venue *venue, int32_t keys)
{
    venue->ends.front[0] = venue->ends.front[1] = SJ_BT_NO_KEY;
    venue->ends.back[0] = venue->ends.back[1] = INT32_MAX;
    return sj_bt_book_init(&venue->book, keys);
}

void sj_bt_venue_done(struct sj_bt_venue *venue)
{
    sj_bt_book_done(&venue->book);
    free(venue->resting[0]);
    free(venue->resting[1]);
}

sj_rc bt_venue_report(struct sj_bt_venue *venue, struct sj_bt_report *report)
{
    report->instrument = venue->instrument;
    report->unit = venue->unit;
    report->queue = isinf(report->queue) ? NAN : report->queue;
    return venue->on_report(venue->context, report);
}

/* Where the orders of a side begin and end. */
static void set_ends(struct sj_bt_venue *venue, unsigned side)
{
    uint32_t count = venue->count[side];
    venue->ends.front[side] = count ? venue->resting[side][0].key : SJ_BT_NO_KEY;
    venue->ends.back[side] = count ? venue->resting[side][count - 1].key : INT32_MAX;
}

void bt_venue_drop(struct sj_bt_venue *venue, unsigned side, uint32_t index)
{
    struct sj_bt_resting *orders = venue->resting[side];
    venue->count[side]--;
    memmove(orders + index, orders + index + 1, (venue->count[side] - index) * sizeof *orders);
    set_ends(venue, side);
}

struct sj_bt_report bt_venue_word(const struct sj_bt_venue *venue, unsigned side,
                                  const struct sj_bt_resting *order, enum sj_bt_report_kind kind,
                                  int64_t exch_ns)
{
    int64_t price_e6 = sj_bt_price_e6(venue->prices, side, order->key);
    return (struct sj_bt_report){.exch_ns = exch_ns,
                                 .order = order->order,
                                 .number = order->number,
                                 .price_e6 = price_e6,
                                 .limit_e6 = price_e6,
                                 .strategy = order->strategy,
                                 .quantity = order->quantity,
                                 .left = order->left,
                                 .reduced = order->reduced,
                                 .kind = (uint8_t)kind,
                                 .side = (uint8_t)side,
                                 .queue = order->first_front,
                                 .mid = order->mid};
}

sj_rc bt_venue_fill(struct sj_bt_venue *venue, unsigned side, uint32_t index, uint32_t quantity,
                    const struct bt_fill *how)
{
    struct sj_bt_resting *order = &venue->resting[side][index];
    order->left -= quantity;
    struct sj_bt_report fill = bt_venue_word(venue, side, order, SJ_BT_FILLED, how->ts);
    fill.quantity = quantity;
    fill.price_e6 = sj_bt_price_e6(venue->prices, side, how->key);
    fill.maker = how->maker;
    bool gone = order->left == 0;
    if (gone)
        bt_venue_drop(venue, side, index);
    sj_rc rc = bt_venue_report(venue, &fill);
    return rc < 0 ? rc : gone;
}

/* A maker's, at its own price. */
static sj_rc fill_resting(struct sj_bt_venue *venue, unsigned side, uint32_t index,
                          uint32_t quantity, int64_t exch_ns)
{
    const struct bt_fill how = {exch_ns, venue->resting[side][index].key, true};
    return bt_venue_fill(venue, side, index, quantity, &how);
}

static sj_rc on_trade(struct sj_bt_venue *venue, const struct sj_bt_step *step)
{
    unsigned side = !step->side;
    struct sj_bt_resting *orders = venue->resting[side];
    for (uint32_t i = 0; i < venue->count[side] && orders[i].key >= step->key;) {
        uint32_t quantity = orders[i].left;
        if (sj_bt_meets(&venue->book, orders[i].key, venue->book.best[!side]))
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
    if (venue->book.best[side] <= best || venue->auction)
        return 0;
    while (venue->count[!side] &&
           sj_bt_meets(&venue->book, venue->resting[!side][0].key, venue->book.best[side])) {
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
    if (step->kind == SJ_BT_TRADE && (venue->auction || venue->blind))
        return sj_bt_venue_print(venue, step->ts,
                                 step->side ? step->key : sj_bt_mirror(&venue->book, step->key),
                                 step->quantity);
    if (step->kind >= SJ_BT_ORDER_WIPE)
        return bt_venue_order(venue, step);
    if (step->kind == SJ_BT_TRADE && venue->model.kind == SJ_BT_L3_FIFO)
        return 0; /* fills are told of orders */
    if (step->kind == SJ_BT_TRADE)
        return on_trade(venue, step);
    sj_bt_book_clear(&venue->book, step->side, step->key);
    return 0;
}

sj_rc sj_bt_venue_list(struct sj_bt_venue *venue, int64_t now_ns)
{
    sj_rc rc = 0;
    for (unsigned side = 0; side < 2; side++)
        for (uint32_t i = 0; i < venue->count[side] && rc >= 0; i++) {
            struct sj_bt_report word =
                bt_venue_word(venue, side, &venue->resting[side][i], SJ_BT_LISTED, now_ns);
            rc = bt_venue_report(venue, &word);
        }
    return rc;
}

/* --- requests --- */

/* A request on its way through. `answers` is told with its first report. */
struct work {
    const struct sj_bt_request *request;
    uint64_t answers, number;
    uint32_t strategy;
    int32_t key; /* of its limit */
    uint32_t quantity, left, reduced;
    bool eager;
    double mid;
};

static struct sj_bt_report answer_of(const struct work *work, enum sj_bt_report_kind kind)
{
    const struct sj_bt_request *request = work->request;
    return (struct sj_bt_report){.exch_ns = request->at_ns,
                                 .order = request->order,
                                 .number = work->number,
                                 .answers = work->answers,
                                 .price_e6 = request->price_e6,
                                 .limit_e6 = request->price_e6,
                                 .strategy = work->strategy,
                                 .quantity = work->quantity,
                                 .left = work->left,
                                 .reduced = work->reduced,
                                 .kind = (uint8_t)kind,
                                 .side = request->side,
                                 .request = request->kind,
                                 .queue = NAN,
                                 .mid = work->mid};
}

static sj_rc say(struct sj_bt_venue *venue, struct work *work, struct sj_bt_report *word)
{
    work->answers = 0;
    return bt_venue_report(venue, word);
}

static sj_rc answer(struct sj_bt_venue *venue, struct work *work, enum sj_bt_report_kind kind)
{
    struct sj_bt_report word = answer_of(work, kind);
    return say(venue, work, &word);
}

static sj_rc reject(struct sj_bt_venue *venue, struct work *work, const char *why)
{
    struct sj_bt_report word = answer_of(work, SJ_BT_REJECTED);
    word.why = why;
    return say(venue, work, &word);
}

static sj_rc take(struct sj_bt_venue *venue, struct work *work, int32_t other_key,
                  uint32_t quantity)
{
    if (quantity == 0)
        return 0;
    work->left -= quantity;
    struct sj_bt_report word = answer_of(work, SJ_BT_FILLED);
    word.price_e6 = sj_bt_price_e6(venue->prices, !work->request->side, other_key);
    word.quantity = quantity;
    return say(venue, work, &word);
}

static double lots_at(const struct sj_bt_venue *venue, unsigned side, int32_t key)
{
    return round(venue->book.levels[side][key] / venue->lot);
}

/* The last of the other side's keys that a request may reach. */
static int32_t reach(const struct sj_bt_venue *venue, const struct work *work)
{
    unsigned other = !work->request->side;
    return work->request->market ? venue->book.low[other] : sj_bt_mirror(&venue->book, work->key);
}

/* Whether the other side shows all that a FOK order wants. */
static bool is_there(const struct sj_bt_venue *venue, const struct work *work)
{
    unsigned other = !work->request->side;
    int32_t limit = reach(venue, work);
    double lots = 0;
    for (int32_t key = venue->book.best[other]; key >= limit && key >= venue->book.low[other];
         key--)
        lots += lots_at(venue, other, key);
    return lots >= work->left;
}

/* An order that meets the other side. What a walk leaves is taken to fill at the limit: a buy's
 * last level is beyond what it may see, a sell's is not. That is hftbacktest's rule. */
static sj_rc take_all(struct sj_bt_venue *venue, struct work *work)
{
    const struct sj_bt_request *request = work->request;
    unsigned other = !request->side, tif = request->time_in_force;
    int32_t best = venue->book.best[other], limit = reach(venue, work);
    sj_rc rc = 0;
    if (!venue->partial)
        return take(venue, work, best, work->left);
    bool ends = request->market || tif == SJ_ORDER_IOC || tif == SJ_ORDER_FOK;
    bool through = request->side != 0 || ends;
    for (int32_t key = best; work->left && rc >= 0 && (through ? key >= limit : key > limit);
         key--) {
        double lots = lots_at(venue, other, key);
        rc = take(venue, work, key, lots < work->left ? (uint32_t)lots : work->left);
    }
    if (rc < 0 || work->left == 0)
        return rc;
    if (ends)
        return answer(venue, work, SJ_BT_EXPIRED);
    return take(venue, work, limit, work->left);
}

static sj_rc grow(struct sj_bt_venue *venue, unsigned side)
{
    uint32_t room = venue->room[side] ? venue->room[side] * 2 : 8;
    if (room > SJ_BT_ORDERS_MAX)
        return -SJ_E_LIMIT;
    void *resting = realloc(venue->resting[side], room * sizeof *venue->resting[side]);
    if (!resting)
        return -ENOMEM;
    venue->resting[side] = resting;
    venue->room[side] = room;
    return 0;
}

static sj_rc rest(struct sj_bt_venue *venue, struct work *work, enum sj_bt_report_kind kind)
{
    const struct sj_bt_request *request = work->request;
    unsigned side = request->side;
    uint32_t at = venue->count[side];
    sj_rc rc = at == venue->room[side] ? grow(venue, side) : 0;
    if (rc < 0)
        return rc;
    struct sj_bt_resting *orders = venue->resting[side];
    while (at > 0 && orders[at - 1].key < work->key)
        at--;
    memmove(orders + at + 1, orders + at, (venue->count[side] - at) * sizeof *orders);
    venue->count[side]++;
    bool seen = work->key >= venue->seen_from[side];
    double front = seen ? venue->book.levels[side][work->key] : INFINITY;
    orders[at] = (struct sj_bt_resting){.order = request->order,
                                        .number = work->number,
                                        .queue = {front, 0},
                                        .place = request->at_ns,
                                        .first_front = front,
                                        .mid = work->mid,
                                        .strategy = work->strategy,
                                        .key = work->key,
                                        .quantity = work->quantity,
                                        .left = work->left,
                                        .reduced = work->reduced,
                                        .time_in_force = request->time_in_force,
                                        .market = request->market,
                                        .eager = work->eager};
    set_ends(venue, side);
    struct sj_bt_report word = answer_of(work, kind);
    word.queue = front;
    return say(venue, work, &word);
}

/* Where nothing meets now: it waits for a print. */
static sj_rc wait(struct sj_bt_venue *venue, struct work *work, enum sj_bt_report_kind kind)
{
    unsigned side = work->request->side, tif = work->request->time_in_force;
    int32_t last = side ? sj_bt_mirror(&venue->book, venue->print_key) : venue->print_key;
    bool at_once = tif == SJ_ORDER_IOC || tif == SJ_ORDER_FOK;
    work->eager = !venue->auction && tif != SJ_ORDER_GTX &&
                  (work->request->market || !venue->printed || work->key >= last);
    if (at_once && !work->eager)
        return answer(venue, work, SJ_BT_EXPIRED);
    return rest(venue, work, kind);
}

static sj_rc place(struct sj_bt_venue *venue, struct work *work)
{
    const struct sj_bt_request *request = work->request;
    int32_t other = venue->book.best[!request->side];
    unsigned tif = request->time_in_force;
    if (venue->closed)
        return reject(venue, work, "the market is closed");
    work->key = venue->book.keys - 1;
    if (!request->market &&
        !sj_bt_price_key(venue->prices, request->side, request->price_e6, &work->key))
        return reject(venue, work, "off the tick, or beyond the day's limits");
    if (venue->auction || venue->blind)
        return wait(venue, work, SJ_BT_WORKING);
    bool meets = request->market ? other >= 0 : sj_bt_meets(&venue->book, work->key, other);
    if (meets && tif != SJ_ORDER_GTX && (tif != SJ_ORDER_FOK || is_there(venue, work)))
        return take_all(venue, work);
    if (meets || request->market || tif == SJ_ORDER_IOC || tif == SJ_ORDER_FOK)
        return answer(venue, work, SJ_BT_EXPIRED);
    return rest(venue, work, SJ_BT_WORKING);
}

/* Takes off all but what shall still work. */
static sj_rc reduce(struct sj_bt_venue *venue, struct work *work, uint32_t index)
{
    struct sj_bt_resting *order = &venue->resting[work->request->side][index];
    uint32_t wanted = work->request->quantity;
    if (work->request->less)
        wanted = order->left > wanted ? order->left - wanted : 0;
    if (wanted < order->left) {
        order->quantity -= order->left - wanted;
        order->reduced += order->left - wanted;
        order->left = wanted;
    }
    work->quantity = order->quantity;
    work->left = order->left;
    work->reduced = order->reduced;
    struct sj_bt_report word = answer_of(work, SJ_BT_CHANGED);
    word.price_e6 = sj_bt_price_e6(venue->prices, work->request->side, order->key);
    word.queue = order->queue.front;
    return say(venue, work, &word);
}

static sj_rc change(struct sj_bt_venue *venue, struct work *work, uint32_t index)
{
    const struct sj_bt_request *request = work->request;
    unsigned side = request->side;
    const struct sj_bt_resting *order = &venue->resting[side][index];
    struct sj_bt_report gone = bt_venue_word(venue, side, order, SJ_BT_CANCELLED, request->at_ns);
    work->number = order->number;
    work->strategy = order->strategy;
    work->quantity = order->quantity;
    work->left = order->left;
    work->reduced = order->reduced;
    work->mid = order->mid;
    if (request->kind == SJ_BT_REDUCE && request->quantity > 0)
        return reduce(venue, work, index);
    bool reprice = request->kind == SJ_BT_REPRICE;
    if (reprice && !sj_bt_price_key(venue->prices, side, request->price_e6, &work->key))
        return answer(venue, work, SJ_BT_DENIED);
    gone.answers = work->answers;
    gone.request = request->kind;
    bt_venue_drop(venue, side, index);
    if (!reprice)
        return say(venue, work, &gone);
    if (venue->auction || venue->blind)
        return wait(venue, work, SJ_BT_CHANGED);
    if (!sj_bt_meets(&venue->book, work->key, venue->book.best[!side]))
        return rest(venue, work, SJ_BT_CHANGED);
    return take_all(venue, work);
}

sj_rc sj_bt_venue_request(struct sj_bt_venue *venue, const struct sj_bt_request *request)
{
    unsigned side = request->side;
    struct work work = {.request = request,
                        .answers = request->request_id,
                        .number = request->number,
                        .strategy = request->strategy,
                        .quantity = request->quantity,
                        .left = request->quantity,
                        .mid = request->mid};
    if (request->kind == SJ_BT_PLACE)
        return place(venue, &work);
    for (uint32_t i = 0; i < venue->count[side]; i++)
        if (venue->resting[side][i].order == request->order)
            return change(venue, &work, i);
    work.left = 0;
    return answer(venue, &work, SJ_BT_DENIED);
}
