/*
 * market_maker: quotes both sides of each of its instruments and leans against its own inventory.
 *
 * Price    Flat, it joins the touch (`offset` ticks behind it). Each `qty` it is long moves its bid
 *          `skew` ticks down, so that it buys less eagerly, and its ask one tick in front of the
 * others where the spread has room, so that it sells sooner; and the mirror when it is short. Cap
 * A side that could carry the position beyond `cap` lots is not quoted. Rate     It acts on its
 * timer only, every `interval`, and moves a quote only when that is off by at least `move` ticks: a
 * quote that stays keeps its place in the queue. Whatever the market does, it makes at most `calls`
 * requests in any 10 seconds (the broker allows 250 for the whole account, cancels included).
 * Requests that take a quote away come first and may use a reserve of a tenth that new quotes may
 * not.
 *
 * A book that is missing a side is no market to make: its quotes are taken away.
 */
#include "strategy/builtin.h"

#include <stdio.h>
#include <string.h>

#include "base/rate.h"
#include "event/event.h"
#include "strategy/slot.h"

#define INSTRUMENTS_MAX 32
#define CALLS_WINDOW_NS (INT64_C(10) * 1000000000)

enum {
    PARAM_QTY,
    PARAM_CAP,
    PARAM_OFFSET,
    PARAM_SKEW,
    PARAM_INTERVAL,
    PARAM_MOVE,
    PARAM_CALLS,
    PARAM_COUNT
};

static const struct sj_strategy_param_info params[PARAM_COUNT] = {
    [PARAM_QTY] = {"qty", "lots", "1", "quantity of each quote", SJ_PARAM_INTEGER, 0, 1, 100000},
    [PARAM_CAP] = {"cap", "lots", "5", "largest position, long or short", SJ_PARAM_INTEGER, 0, 1,
                   1000000},
    [PARAM_OFFSET] = {"offset", "ticks", "0", "how far behind the touch it quotes when flat",
                      SJ_PARAM_INTEGER, 0, 0, 1000},
    [PARAM_SKEW] = {"skew", "ticks", "1", "how far each qty of position moves a quote away",
                    SJ_PARAM_INTEGER, 0, 0, 1000},
    [PARAM_INTERVAL] = {"interval", "", "500ms", "how often it looks at its quotes",
                        SJ_PARAM_DURATION, 0, 0.001, 3600},
    [PARAM_MOVE] = {"move", "ticks", "1", "how far off a quote must be to be moved",
                    SJ_PARAM_INTEGER, 0, 1, 1000},
    [PARAM_CALLS] = {"calls", "", "120", "requests in any 10 s, at most", SJ_PARAM_INTEGER, 0, 4,
                     SJ_ORDER_CALLS_MAX},
};

/* Two quotes of one instrument. All of it outlives a restart. */
struct quotes {
    uint32_t instrument;
    uint32_t reserved;
    struct sj_slot side[2]; /* bid, ask */
};

struct market_maker {
    struct sj_strategy_host *host;
    const struct sj_strategy_api *api;
    int64_t quantity, cap;
    int32_t offset, skew, move;
    int64_t interval_ns, next_ns; /* next_ns 0: no event yet */
    uint32_t calls_max;
    uint32_t call_at;                    /* where the next call's time goes */
    int64_t call_ns[SJ_ORDER_CALLS_MAX]; /* of the last calls_max calls; 0: none yet */
    uint32_t count;
    uint32_t turn; /* who comes first, so that none starves when calls run out */
    struct quotes quotes[INSTRUMENTS_MAX];
};

static sj_rc market_maker_init(void *state, const struct sj_strategy_init *init,
                               char error[SJ_STRATEGY_ERROR_MAX])
{
    struct market_maker *self = state;
    const struct sj_strategy_param *given = init->params;
    if (init->instrument_count == 0 || init->instrument_count > INSTRUMENTS_MAX) {
        snprintf(error, SJ_STRATEGY_ERROR_MAX, "instruments: it quotes 1 to %d, not %u",
                 INSTRUMENTS_MAX, init->instrument_count);
        return -SJ_E_RANGE;
    }
    if (given[PARAM_QTY].number > given[PARAM_CAP].number) {
        snprintf(error, SJ_STRATEGY_ERROR_MAX, "qty (%lld) is more than cap (%lld)",
                 (long long)given[PARAM_QTY].number, (long long)given[PARAM_CAP].number);
        return -SJ_E_RANGE;
    }
    self->host = init->host;
    self->api = init->api;
    self->quantity = given[PARAM_QTY].number;
    self->cap = given[PARAM_CAP].number;
    self->offset = (int32_t)given[PARAM_OFFSET].number;
    self->skew = (int32_t)given[PARAM_SKEW].number;
    self->move = (int32_t)given[PARAM_MOVE].number;
    self->interval_ns = given[PARAM_INTERVAL].number;
    self->calls_max = (uint32_t)given[PARAM_CALLS].number;
    self->count = init->instrument_count;
    for (uint32_t i = 0; i < self->count; i++)
        self->quotes[i].instrument = init->instruments[i];
    return 0;
}

/* Whether one more call keeps any 10 s within `most`: the call `most` calls ago must be older. */
static bool may_call(const struct market_maker *self, uint32_t most, int64_t now_ns)
{
    uint32_t at = (self->call_at + self->calls_max - most) % self->calls_max;
    int64_t then_ns = self->call_ns[at];
    return then_ns == 0 || now_ns - then_ns >= CALLS_WINDOW_NS;
}

static void note_call(struct market_maker *self, int64_t now_ns)
{
    self->call_ns[self->call_at] = now_ns;
    self->call_at = (self->call_at + 1) % self->calls_max;
}

static uint32_t calls_for_quotes(const struct market_maker *self)
{
    return self->calls_max - (self->calls_max + 9) / 10;
}

static void take_away(struct market_maker *self, struct sj_slot *quote, int64_t now_ns)
{
    if (!sj_slot_settled(quote) || !may_call(self, self->calls_max, now_ns))
        return;
    note_call(self, now_ns);
    quote->asked = self->api->cancel(self->host, quote->intent_id) != 0;
}

/* Where the side's quote belongs; null where it is not to be. `lean`: position in quotes'
 * quantities, positive where it speaks against this side. */
static int64_t wanted_price(const struct market_maker *self, const struct quotes *quotes, bool bids)
{
    const struct sj_top *top = self->api->top(self->host, quotes->instrument);
    int64_t position = self->api->position(self->host, quotes->instrument);
    int64_t toward = bids ? position : -position; /* what this side would add to */
    if (toward + self->quantity > self->cap || top->bid_e6 == SJ_NULL_E6 ||
        top->ask_e6 == SJ_NULL_E6 || top->bid_e6 >= top->ask_e6)
        return SJ_NULL_E6;
    int64_t touch_e6 = bids ? top->bid_e6 : top->ask_e6;
    int32_t away = self->offset;
    if (toward > 0) {
        int64_t lots = toward / self->quantity;
        away += self->skew * (int32_t)(lots < 1000 ? lots : 1000);
    }
    if (toward < 0) {
        /* The way out: a tick in front of the others, where that does not cross. */
        int64_t front_e6 =
            self->api->tick_step(self->host, quotes->instrument, touch_e6, bids ? 1 : -1);
        bool fits =
            front_e6 != SJ_NULL_E6 && (bids ? front_e6 < top->ask_e6 : front_e6 > top->bid_e6);
        return fits ? front_e6 : touch_e6;
    }
    return self->api->tick_step(self->host, quotes->instrument, touch_e6, bids ? -away : away);
}

static bool is_off(const struct market_maker *self, const struct quotes *quotes,
                   const struct sj_slot *quote, int64_t wanted_e6)
{
    int32_t steps = wanted_e6 > quote->price_e6 ? self->move : -self->move;
    int64_t edge_e6 = self->api->tick_step(self->host, quotes->instrument, quote->price_e6, steps);
    if (wanted_e6 == quote->price_e6)
        return false;
    return edge_e6 == SJ_NULL_E6 || (steps > 0 ? wanted_e6 >= edge_e6 : wanted_e6 <= edge_e6);
}

static void put_up(struct market_maker *self, struct quotes *quotes, bool bids, int64_t price_e6,
                   int64_t now_ns)
{
    struct sj_strategy_order order = {
        .instrument = quotes->instrument,
        .quantity = (uint32_t)self->quantity,
        .price_e6 = price_e6,
        .side = bids ? SJ_SIDE_BUY : SJ_SIDE_SELL,
        .price_type = SJ_ORDER_LMT,
        .time_in_force = SJ_ORDER_ROD,
    };
    note_call(self, now_ns);
    uint64_t id = self->api->place(self->host, &order);
    sj_slot_placed(&quotes->side[!bids], id, price_e6, order.quantity);
}

/* A quote that is off is moved by a change of its price: one call instead of two, and never two
 * orders where one was meant. */
static void tend(struct market_maker *self, struct quotes *quotes, bool bids, int64_t now_ns)
{
    struct sj_slot *quote = &quotes->side[!bids];
    int64_t wanted_e6 = wanted_price(self, quotes, bids);
    if (wanted_e6 == SJ_NULL_E6) {
        take_away(self, quote, now_ns);
        return;
    }
    if (!may_call(self, calls_for_quotes(self), now_ns))
        return;
    if (quote->intent_id == 0) {
        put_up(self, quotes, bids, wanted_e6, now_ns);
    } else if (sj_slot_settled(quote) && is_off(self, quotes, quote, wanted_e6)) {
        note_call(self, now_ns);
        quote->asked = self->api->change_price(self->host, quote->intent_id, wanted_e6) != 0;
    }
}

/* The first event starts the clock; everything else happens on it. */
static void market_maker_event(void *state, const struct sj_frame *event)
{
    struct market_maker *self = state;
    (void)event;
    if (self->next_ns != 0)
        return;
    self->next_ns = self->api->now_ns(self->host);
    self->api->timer(self->host, self->next_ns);
}

static void market_maker_timer(void *state, int64_t now_ns)
{
    struct market_maker *self = state;
    self->next_ns = now_ns + self->interval_ns;
    self->api->timer(self->host, self->next_ns);
    for (uint32_t i = 0; i < self->count; i++) {
        struct quotes *quotes = &self->quotes[(self->turn + i) % self->count];
        tend(self, quotes, true, now_ns);
        tend(self, quotes, false, now_ns);
    }
    self->turn = self->turn + 1 < self->count ? self->turn + 1 : 0;
}

static void market_maker_order(void *state, const struct sj_strategy_report *report)
{
    struct market_maker *self = state;
    bool known = false;
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->quotes[i].instrument != report->instrument)
            continue;
        for (int side = 0; side < 2; side++) {
            struct sj_slot *quote = &self->quotes[i].side[side];
            if (!sj_slot_take(quote, report))
                continue;
            known = true;
            if (sj_slot_ended(quote))
                *quote = (struct sj_slot){0};
        }
    }
    if (!known)
        sj_slot_stranger(self->api, self->host, report);
}

static sj_rc market_maker_save(const void *state, void *buffer, size_t size)
{
    const struct market_maker *self = state;
    size_t used = self->count * sizeof self->quotes[0];
    if (size < used)
        return -SJ_E_LIMIT;
    memcpy(buffer, self->quotes, used);
    return (sj_rc)used;
}

static sj_rc market_maker_restore(void *state, const void *buffer, size_t size)
{
    struct market_maker *self = state;
    struct quotes saved;
    if (size % sizeof saved)
        return -SJ_E_MALFORMED;
    for (size_t at = 0; at < size; at += sizeof saved) {
        memcpy(&saved, (const char *)buffer + at, sizeof saved);
        if (!sj_slot_valid(&saved.side[0]) || !sj_slot_valid(&saved.side[1]))
            return -SJ_E_RANGE;
        for (uint32_t i = 0; i < self->count; i++)
            if (self->quotes[i].instrument == saved.instrument)
                self->quotes[i] = saved;
    }
    return 0;
}

const struct sj_strategy_plugin sj_strategy_market_maker = {
    .abi = SJ_STRATEGY_ABI,
    .size = sizeof(struct sj_strategy_plugin),
    .name = "market_maker",
    .text = "quotes both sides, leans against its inventory, within a budget of calls",
    .params = params,
    .param_count = PARAM_COUNT,
    .state_version = 1,
    .state_size = sizeof(struct market_maker),
    .events = SJ_ON(BOOK) | SJ_ON(QUOTE),
    .init = market_maker_init,
    .on_event = market_maker_event,
    .on_order = market_maker_order,
    .on_timer = market_maker_timer,
    .save = market_maker_save,
    .restore = market_maker_restore,
};
