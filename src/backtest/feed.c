#include "backtest/feed_private.h"

#include <math.h>
#include <stdio.h>

/* Adding it leaves the nearest whole number in the low bits of a double. */
#define ROUNDER 6755399441055744.0
#define TICKS_MAX 1e12
/* A clock that jumps further is none: timers would run through all of it. */
#define JUMP_MAX_NS (INT64_C(31) * 86400 * 1000000000)

static inline int64_t to_bits(double ticks)
{
    double rounded = ticks + ROUNDER;
    int64_t bits;
    int64_t zero;
    double rounder = ROUNDER;
    memcpy(&bits, &rounded, sizeof bits);
    memcpy(&zero, &rounder, sizeof zero);
    return bits - zero;
}

static int64_t to_tick(const struct sj_bt_feed *feed, double price)
{
    return to_bits(price * feed->per_tick);
}

static bool is_price(const struct sj_bt_feed *feed, double price)
{
    return fabs(price * feed->per_tick) < TICKS_MAX; /* false for NaN */
}

sj_rc sj_bt_feed_open(struct sj_bt_feed *feed, const struct sj_bt_feed_options *options,
                      char error[256])
{
    *feed =
        (struct sj_bt_feed){.per_tick = 1 / options->tick,
                            .half_lot = options->lot / 2,
                            .strict = options->strict,
                            .by_order = options->by_order,
                            .prices = {.keys = SJ_BT_KEYS, .tick_e6 = llround(options->tick * 1e6)},
                            .last_ts = {INT64_MIN, INT64_MIN}};
    sj_bt_way_init(&feed->way, SJ_BT_FEED, options->latency, 0);
    if (options->latency && !(feed->delayed = malloc(SLICE_ROWS * sizeof *feed->delayed))) {
        snprintf(error, 256, "no memory for the feed");
        return -ENOMEM;
    }
    sj_rc rc = sj_rows_open(options->path, &feed->rows, error);
    if (rc < 0)
        free(feed->delayed);
    if (rc < 0)
        return rc;
    rc = sj_bt_feed_fill(feed, error);
    if (rc < 0)
        sj_bt_feed_close(feed);
    return rc;
}

void sj_bt_feed_close(struct sj_bt_feed *feed)
{
    sj_rows_close(feed->rows);
    sj_bt_steps_done(&feed->exchange);
    sj_bt_steps_done(&feed->local);
    sj_bt_live_done(&feed->live[0]);
    sj_bt_live_done(&feed->live[1]);
    free(feed->delayed);
    feed->delayed = NULL;
    feed->rows = NULL;
}

static sj_rc bad(struct sj_bt_feed *feed, uint64_t *count, const char *what, char error[256])
{
    ++*count;
    if (feed->counts.first_bad == 0)
        feed->counts.first_bad = feed->counts.rows;
    if (!feed->strict)
        return 0;
    snprintf(error, 256, "row %llu: %s", (unsigned long long)feed->counts.rows, what);
    return -SJ_E_MALFORMED;
}

/* Puts a step on the streams that take the row. Both have room. */
static inline void put(struct sj_bt_feed *feed, const struct sj_row *row, struct sj_bt_step *step)
{
    struct sj_bt_steps *exchange = &feed->exchange;
    struct sj_bt_steps *local = &feed->local;
    step->ts = row->exch_ts;
    exchange->entries[exchange->tail & exchange->mask] = *step;
    exchange->tail += (row->ev & SJ_ROW_EXCH) != 0;
    step->ts = row->local_ts;
    local->entries[local->tail & local->mask] = *step;
    local->tail += (row->ev & SJ_ROW_LOCAL) != 0;
}

/* CLEAR: of one side, or of both where the row names none. */
static void put_clear(struct sj_bt_feed *feed, const struct sj_row *row)
{
    unsigned named = (unsigned)(row->ev >> 28) & 3; /* bit 1 buy, bit 0 sell */
    feed->counts.clears++;
    for (unsigned side = 0; side < 2; side++) {
        struct sj_bt_step step = {.kind = SJ_BT_CLEAR, .side = (uint8_t)side};
        if (named && !(named & (side ? 1 : 2)))
            continue;
        if (is_price(feed, row->px) && named && feed->prices.placed) {
            int64_t at = to_tick(feed, row->px) - feed->prices.base_tick;
            at = at < 0 ? 0 : at >= SJ_BT_KEYS ? SJ_BT_KEYS - 1 : at;
            step.key = side ? SJ_BT_KEYS - 1 - (int32_t)at : (int32_t)at;
        }
        if (feed->by_order) {
            step.kind = SJ_BT_ORDER_WIPE;
            step.key = 0;
        }
        bt_feed_clear_orders(feed, row, side);
        put(feed, row, &step);
    }
}

static sj_rc put_order(struct sj_bt_feed *feed, const struct sj_row *row, char error[256])
{
    const char *what;
    uint64_t *count;
    sj_rc rc = bt_feed_order(feed, row, &what, &count);
    if (rc >= 0)
        return what ? bad(feed, count, what, error) : 0;
    snprintf(error, 256, "row %llu: %s", (unsigned long long)feed->counts.rows,
             rc == -SJ_E_LIMIT ? "more orders live, or wait to be seen, than there is room for"
                               : sj_rc_text(rc));
    return rc;
}

static sj_rc put_odd(struct sj_bt_feed *feed, const struct sj_row *row, char error[256])
{
    unsigned kind = sj_row_kind(row);
    if (kind == SJ_ROW_CLEAR) {
        put_clear(feed, row);
        return 0;
    }
    if (kind >= SJ_ROW_ADD && kind <= SJ_ROW_FILL)
        return put_order(feed, row, error);
    if (kind != SJ_ROW_DEPTH && kind != SJ_ROW_SNAPSHOT && kind != SJ_ROW_TRADE) {
        feed->counts.others++;
        return 0;
    }
    return bad(feed, &feed->counts.malformed, "not a price, a quantity or a side", error);
}

static sj_rc check_times(struct sj_bt_feed *feed, const struct sj_row *row, char error[256])
{
    bool back = false;
    if (row->ev & SJ_ROW_EXCH) {
        back = row->exch_ts < feed->last_ts[0];
        feed->last_ts[0] = back ? feed->last_ts[0] : row->exch_ts;
    }
    if (row->ev & SJ_ROW_LOCAL) {
        back |= row->local_ts < feed->last_ts[1];
        feed->last_ts[1] = row->local_ts < feed->last_ts[1] ? feed->last_ts[1] : row->local_ts;
    }
    return back ? bad(feed, &feed->counts.backwards, "its time is before the row before's", error)
                : 0;
}

static bool jumps(const struct sj_bt_feed *feed, const struct sj_row *row)
{
    const int64_t *last = feed->last_ts;
    return ((row->ev & SJ_ROW_EXCH) && last[0] != INT64_MIN && row->exch_ts > last[0] &&
            (uint64_t)row->exch_ts - (uint64_t)last[0] > JUMP_MAX_NS) ||
           ((row->ev & SJ_ROW_LOCAL) && last[1] != INT64_MIN && row->local_ts > last[1] &&
            (uint64_t)row->local_ts - (uint64_t)last[1] > JUMP_MAX_NS);
}

static sj_rc decode(struct sj_bt_feed *feed, const struct sj_row *row, char error[256])
{
    unsigned kind = sj_row_kind(row);
    unsigned side = (unsigned)(row->ev >> 28) & 3;
    feed->counts.rows++;
    if (__builtin_expect(jumps(feed, row), 0))
        return bad(feed, &feed->counts.malformed, "its time is a month after the row before's",
                   error);
    sj_rc rc = check_times(feed, row, error);
    if (__builtin_expect(rc < 0, 0))
        return rc;
    bool depth = kind == SJ_ROW_DEPTH || kind == SJ_ROW_SNAPSHOT;
    bool plain = (depth || kind == SJ_ROW_TRADE) && (side == 1 || side == 2) &&
                 is_price(feed, row->px) && row->qty >= 0 && row->qty < 1e15;
    if (__builtin_expect(!plain, 0))
        return put_odd(feed, row, error);
    int64_t tick = to_tick(feed, row->px);
    if (__builtin_expect(!feed->prices.placed, 0)) {
        feed->prices.placed = true;
        feed->prices.base_tick = tick - SJ_BT_KEYS / 2;
    }
    int64_t at = tick - feed->prices.base_tick;
    if (__builtin_expect((uint64_t)at >= SJ_BT_KEYS, 0))
        return bad(feed, &feed->counts.far, "its price is too many ticks from the first", error);
    unsigned sell = side == 1;
    struct sj_bt_step step = {.side = (uint8_t)sell};
    /* A trade's key is that of the side that rested. */
    step.key = (int32_t)(sell ^ !depth ? SJ_BT_KEYS - 1 - at : at);
    step.kind = depth ? SJ_BT_DEPTH : SJ_BT_TRADE;
    step.quantity = depth && row->qty < feed->half_lot ? 0 : row->qty;
    feed->counts.depth += depth;
    feed->counts.trades += !depth;
    put(feed, row, &step);
    return 0;
}

/* Field by field: a step made beside it and then copied costs the wait for its parts. */
static inline void write_step(struct sj_bt_step *step, int64_t ts, double quantity, int32_t key,
                              unsigned kind, unsigned side)
{
    step->ts = ts;
    step->quantity = quantity;
    step->key = key;
    step->kind = (uint8_t)kind;
    step->side = (uint8_t)side;
}

/* Rows up to `end` or the first that is not plain: a level or a trade within the window, its times
 * in order. The loop holds what it needs apart from the feed, into which its stores might go. */
static void decode_plain(struct sj_bt_feed *feed, const struct sj_row *end)
{
    const struct sj_row *row = feed->at;
    struct sj_bt_step *exchange = feed->exchange.entries, *local = feed->local.entries;
    uint32_t exchange_tail = feed->exchange.tail, exchange_mask = feed->exchange.mask;
    uint32_t local_tail = feed->local.tail, local_mask = feed->local.mask;
    int64_t exch_ns = feed->last_ts[0], local_ns = feed->last_ts[1], base = feed->prices.base_tick;
    double per_tick = feed->per_tick, half_lot = feed->half_lot;
    uint64_t trades = 0;
    for (; row < end && feed->prices.placed; row++) {
        unsigned kind = sj_row_kind(row);
        unsigned sides = (unsigned)(row->ev >> 28) & 3;
        unsigned trade = kind == SJ_ROW_TRADE, sell = sides & 1;
        double ticks = row->px * per_tick;
        int64_t at = to_bits(ticks) - base;
        bool known = ((kind == SJ_ROW_DEPTH) | trade | (kind == SJ_ROW_SNAPSHOT)) &
                     (sides == 1 || sides == 2);
        bool sound = (fabs(ticks) < TICKS_MAX) & (row->qty >= 0) & (row->qty < 1e15) &
                     ((uint64_t)at < SJ_BT_KEYS);
        /* Neither backwards nor far ahead; the first row is not plain. */
        bool ordered = ((uint64_t)row->exch_ts - (uint64_t)exch_ns <= JUMP_MAX_NS) &
                       ((uint64_t)row->local_ts - (uint64_t)local_ns <= JUMP_MAX_NS);
        if (__builtin_expect(!(known & sound & ordered), 0))
            break;
        uint32_t on_exchange = (row->ev & SJ_ROW_EXCH) != 0;
        uint32_t on_local = (row->ev & SJ_ROW_LOCAL) != 0;
        unsigned step_kind = trade ? SJ_BT_TRADE : SJ_BT_DEPTH;
        int32_t key = (int32_t)((sell ^ trade) ? SJ_BT_KEYS - 1 - at : at);
        double quantity = (!trade & (row->qty < half_lot)) ? 0 : row->qty;
        write_step(&exchange[exchange_tail & exchange_mask], row->exch_ts, quantity, key, step_kind,
                   sell);
        exchange_tail += on_exchange;
        exch_ns = on_exchange ? row->exch_ts : exch_ns;
        write_step(&local[local_tail & local_mask], row->local_ts, quantity, key, step_kind, sell);
        local_tail += on_local;
        local_ns = on_local ? row->local_ts : local_ns;
        trades += trade;
    }
    uint64_t count = (uint64_t)(row - feed->at);
    feed->counts.rows += count;
    feed->counts.trades += trades;
    feed->counts.depth += count - trades;
    feed->exchange.tail = exchange_tail;
    feed->local.tail = local_tail;
    feed->last_ts[0] = exch_ns;
    feed->last_ts[1] = local_ns;
    feed->at = row;
}

static sj_rc decode_up_to(struct sj_bt_feed *feed, const struct sj_row *end, char error[256])
{
    sj_rc rc = 0;
    while (feed->at < end && rc >= 0) {
        decode_plain(feed, end);
        if (feed->at < end)
            rc = decode(feed, feed->at++, error);
    }
    return rc;
}

/* As decode_up_to, with the model's time of arrival in place of the recorded one. */
static sj_rc decode_delayed(struct sj_bt_feed *feed, size_t count, char error[256])
{
    const struct sj_row *next = feed->at + count;
    memcpy(feed->delayed, feed->at, count * sizeof *feed->delayed);
    for (size_t i = 0; i < count; i++)
        if (feed->delayed[i].ev & SJ_ROW_LOCAL)
            feed->delayed[i].local_ts = sj_bt_way_arrival(&feed->way, feed->delayed[i].exch_ts);
    feed->at = feed->delayed;
    sj_rc rc = decode_up_to(feed, feed->delayed + count, error);
    feed->at = next;
    return rc;
}

/* A level's quantity is told, or is the sum of its orders. */
static sj_rc check_kinds(const struct sj_bt_feed *feed, char error[256])
{
    if (feed->counts.depth == 0 || !(feed->by_order || feed->counts.orders))
        return 0;
    snprintf(error, 256, "within its first %llu rows: levels without orders; %s",
             (unsigned long long)feed->counts.rows,
             feed->by_order ? "--queue l3_fifo needs a file of orders alone (ADD, MODIFY, ...)"
                            : "a file holds levels or orders, not both");
    return -SJ_E_MALFORMED;
}

static sj_rc decode_slice(struct sj_bt_feed *feed, char error[256])
{
    size_t left = (size_t)(feed->end - feed->at);
    size_t count = left < SLICE_ROWS ? left : SLICE_ROWS;
    sj_rc rc = sj_bt_steps_grow(&feed->exchange, FEED_SLICE_STEPS);
    if (rc >= 0)
        rc = sj_bt_steps_grow(&feed->local, FEED_SLICE_STEPS);
    if (rc < 0) {
        snprintf(error, 256, "row %llu: %s", (unsigned long long)feed->counts.rows,
                 rc == -SJ_E_LIMIT ? "one side's rows run too far ahead of the other's"
                                   : sj_rc_text(rc));
        return rc;
    }
    rc = feed->delayed ? decode_delayed(feed, count, error)
                       : decode_up_to(feed, feed->at + count, error);
    return rc < 0 ? rc : check_kinds(feed, error);
}

static bool one_is_empty(const struct sj_bt_feed *feed)
{
    return feed->exchange.head == feed->exchange.tail || feed->local.head == feed->local.tail;
}

sj_rc sj_bt_feed_fill(struct sj_bt_feed *feed, char error[256])
{
    while (!feed->ended && one_is_empty(feed)) {
        sj_rc rc = 0;
        if (feed->at == feed->end) {
            rc = sj_rows_next(feed->rows, &feed->at);
            if (rc < 0)
                snprintf(error, 256, "%s", sj_rows_error(feed->rows));
            if (rc <= 0)
                feed->at = NULL;
            feed->end = feed->at ? feed->at + rc : NULL;
            feed->ended = rc == 0;
            if (feed->at && feed->counts.rows == 0)
                feed->first_ts =
                    feed->at->ev & SJ_ROW_EXCH ? feed->at->exch_ts : feed->at->local_ts;
        }
        if (rc >= 0 && !feed->ended)
            rc = decode_slice(feed, error);
        if (rc < 0)
            return rc;
    }
    return 0;
}
