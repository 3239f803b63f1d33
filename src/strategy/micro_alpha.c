/*
 * micro_alpha: order flow at the touch moves the price a little, and a little later (Cont, Kukanov
 * and Stoikov 2014). It takes the touch when the flow of a window is strong, and gives the position
 * up when the reason for it is gone.
 *
 * Signal   ofi: what comes to and leaves the best levels of the book; tfi: lots bought less lots
 *          sold, for days that have trades only.
 * Enters   when the flow of the last `window` is at least `enter` lots, in its direction, `qty`
 * lots at a time, never beyond `cap` lots, and not within `cooldown` of the order before: one burst
 * of flow is one reason. Leaves   all of it, when
 *          - the flow has turned: at least `exit` lots against the position, or
 *          - the stop: the price it could leave at is `stop` ticks worse than its average entry, or
 *          - time is up: `hold` since it entered. A signal of seconds does not carry for minutes.
 *
 * Orders are immediate-or-cancel at the opposite touch (with tfi and no book: at the last trade's
 * price): what does not trade at once is not wanted any more, so nothing works while it looks away.
 * One order at a time an instrument; while one is in doubt (UNKNOWN) the instrument rests.
 */
#include "strategy/builtin.h"

#include <stdio.h>
#include <string.h>

#include "strategy/flow.h"
#include "strategy/slot.h"

#define INSTRUMENTS_MAX 64
/* How long the timer leaves a position alone that it could not give up: the answer to an order that
 * is under way, or the next book, usually comes first. */
#define LOOK_AGAIN_NS INT64_C(1000000000)

enum {
    PARAM_WINDOW,
    PARAM_ENTER,
    PARAM_EXIT,
    PARAM_QTY,
    PARAM_CAP,
    PARAM_STOP,
    PARAM_HOLD,
    PARAM_COOLDOWN,
    PARAM_SIGNAL,
    PARAM_COUNT
};

static const struct sj_strategy_param_info params[PARAM_COUNT] = {
    [PARAM_WINDOW] = {"window", "", "3s", "over which order flow is summed", SJ_PARAM_DURATION, 0,
                      0.01, 3600},
    [PARAM_ENTER] = {"enter", "lots", "100", "order flow that makes it enter", SJ_PARAM_INTEGER, 0,
                     1, 100000000},
    [PARAM_EXIT] = {"exit", "lots", "30", "opposite order flow that makes it leave",
                    SJ_PARAM_INTEGER, 0, 1, 100000000},
    [PARAM_QTY] = {"qty", "lots", "1", "quantity of an entry", SJ_PARAM_INTEGER, 0, 1, 100000},
    [PARAM_CAP] = {"cap", "lots", "2", "largest position, long or short", SJ_PARAM_INTEGER, 0, 1,
                   100000},
    [PARAM_STOP] = {"stop", "ticks", "6", "loss against the average entry that makes it leave",
                    SJ_PARAM_INTEGER, 0, 1, 10000},
    [PARAM_HOLD] = {"hold", "", "30s", "longest time in a position", SJ_PARAM_DURATION, 0, 0.01,
                    86400},
    [PARAM_COOLDOWN] = {"cooldown", "", "1s", "pause between two orders", SJ_PARAM_DURATION, 0, 0,
                        3600},
    [PARAM_SIGNAL] = {"signal", "", "ofi", "flow of the book (ofi) or of trades (tfi)",
                      SJ_PARAM_TEXT, 0, 0, 0},
};

/* What outlives a restart, for each instrument. */
struct holding {
    struct sj_slot order;
    int64_t entry_e6;   /* average price of the position */
    int64_t entered_ns; /* when it was last flat and then not */
};

struct market {
    struct holding holding;
    int64_t ready_ns; /* the end of the pause */
    int64_t look_ns;  /* the timer does not look before */
    struct flow flow;
};

struct micro_alpha {
    struct sj_strategy_host *host;
    const struct sj_strategy_api *api;
    enum flow_signal signal;
    double enter, exit;
    int64_t quantity, cap;
    int32_t stop;
    int64_t hold_ns, cooldown_ns;
    uint32_t count;
    uint32_t instruments[INSTRUMENTS_MAX];
    struct market markets[INSTRUMENTS_MAX];
};

static sj_rc check_params(const struct sj_strategy_init *init, char error[SJ_STRATEGY_ERROR_MAX])
{
    const struct sj_strategy_param *given = init->params;
    const char *signal = given[PARAM_SIGNAL].value;
    if (init->instrument_count == 0 || init->instrument_count > INSTRUMENTS_MAX)
        snprintf(error, SJ_STRATEGY_ERROR_MAX, "instruments: it trades 1 to %d, not %u",
                 INSTRUMENTS_MAX, init->instrument_count);
    else if (given[PARAM_QTY].number > given[PARAM_CAP].number)
        snprintf(error, SJ_STRATEGY_ERROR_MAX, "qty (%lld) is more than cap (%lld)",
                 (long long)given[PARAM_QTY].number, (long long)given[PARAM_CAP].number);
    else if (strcmp(signal, "ofi") != 0 && strcmp(signal, "tfi") != 0)
        snprintf(error, SJ_STRATEGY_ERROR_MAX, "signal is ofi or tfi, not \"%.20s\"", signal);
    else
        return 0;
    return -SJ_E_RANGE;
}

static sj_rc micro_alpha_init(void *state, const struct sj_strategy_init *init,
                              char error[SJ_STRATEGY_ERROR_MAX])
{
    struct micro_alpha *self = state;
    const struct sj_strategy_param *given = init->params;
    sj_rc rc = check_params(init, error);
    if (rc < 0)
        return rc;
    self->signal = strcmp(given[PARAM_SIGNAL].value, "tfi") == 0 ? FLOW_TRADES : FLOW_BOOK;
    self->host = init->host;
    self->api = init->api;
    self->enter = (double)given[PARAM_ENTER].number;
    self->exit = (double)given[PARAM_EXIT].number;
    self->quantity = given[PARAM_QTY].number;
    self->cap = given[PARAM_CAP].number;
    self->stop = (int32_t)given[PARAM_STOP].number;
    self->hold_ns = given[PARAM_HOLD].number;
    self->cooldown_ns = given[PARAM_COOLDOWN].number;
    self->count = init->instrument_count;
    for (uint32_t i = 0; i < self->count; i++) {
        self->instruments[i] = init->instruments[i];
        flow_init(&self->markets[i].flow, self->signal, given[PARAM_WINDOW].number);
    }
    return 0;
}

static struct market *find(struct micro_alpha *self, uint32_t instrument)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (self->instruments[i] == instrument)
            return &self->markets[i];
    return NULL;
}

static int64_t position_of(const struct micro_alpha *self, const struct market *market)
{
    return self->api->position(self->host, self->instruments[market - self->markets]);
}

/* What a buyer (or a seller) would pay (get) now; null: nobody to trade with. */
static int64_t touch_e6(const struct micro_alpha *self, const struct market *market, bool buys)
{
    const struct sj_top *top =
        self->api->top(self->host, self->instruments[market - self->markets]);
    bool no_book = top->bid_e6 == SJ_NULL_E6 && top->ask_e6 == SJ_NULL_E6;
    if (no_book && self->signal == FLOW_TRADES)
        return top->last_e6;
    return buys ? top->ask_e6 : top->bid_e6;
}

/* Takes the opposite touch. `quantity` is signed. */
static void take(struct micro_alpha *self, struct market *market, int64_t quantity)
{
    uint32_t instrument = self->instruments[market - self->markets];
    bool buys = quantity > 0;
    struct sj_strategy_order order = {
        .instrument = instrument,
        .quantity = (uint32_t)(buys ? quantity : -quantity),
        .price_e6 = touch_e6(self, market, buys),
        .side = buys ? SJ_SIDE_BUY : SJ_SIDE_SELL,
        .price_type = SJ_ORDER_LMT,
        .time_in_force = SJ_ORDER_IOC,
    };
    if (order.price_e6 == SJ_NULL_E6)
        return; /* nobody to trade with */
    uint64_t id = self->api->place(self->host, &order);
    sj_slot_placed(&market->holding.order, id, order.price_e6, order.quantity);
    market->ready_ns = self->api->now_ns(self->host) + self->cooldown_ns;
}

/* The price it could leave at is worse than the average entry by the stop. */
static bool is_stopped(const struct micro_alpha *self, const struct market *market,
                       int64_t position)
{
    uint32_t instrument = self->instruments[market - self->markets];
    int64_t out_e6 = touch_e6(self, market, position < 0);
    int64_t stop_e6 = self->api->tick_step(self->host, instrument, market->holding.entry_e6,
                                           position > 0 ? -self->stop : self->stop);
    if (out_e6 == SJ_NULL_E6 || stop_e6 == SJ_NULL_E6)
        return false;
    return position > 0 ? out_e6 <= stop_e6 : out_e6 >= stop_e6;
}

static bool should_leave(const struct micro_alpha *self, const struct market *market,
                         int64_t position, int64_t now_ns)
{
    double against = position > 0 ? -market->flow.sum : market->flow.sum;
    return against >= self->exit || now_ns - market->holding.entered_ns >= self->hold_ns ||
           is_stopped(self, market, position);
}

static void enter(struct micro_alpha *self, struct market *market, int64_t position)
{
    double flow = market->flow.sum;
    int64_t room;
    if (flow >= self->enter && position >= 0) {
        room = self->cap - position;
        take(self, market, room < self->quantity ? room : self->quantity);
    } else if (flow <= -self->enter && position <= 0) {
        room = self->cap + position;
        take(self, market, -(room < self->quantity ? room : self->quantity));
    }
}

static void decide(struct micro_alpha *self, struct market *market, int64_t now_ns)
{
    int64_t position = position_of(self, market);
    if (market->holding.order.intent_id || now_ns < market->ready_ns)
        return;
    if (position != 0 && should_leave(self, market, position, now_ns))
        take(self, market, -position);
    else if (position < self->cap && position > -self->cap)
        enter(self, market, position);
}

static void micro_alpha_event(void *state, const struct sj_frame *event)
{
    struct micro_alpha *self = state;
    struct market *market = find(self, event->instrument);
    int64_t now_ns = self->api->now_ns(self->host);
    if (market && flow_update(&market->flow, event, now_ns))
        decide(self, market, now_ns);
}

/* When the timer has to give a position up. */
static int64_t due_ns(const struct micro_alpha *self, const struct market *market)
{
    int64_t due_ns = market->holding.entered_ns + self->hold_ns;
    due_ns = due_ns > market->ready_ns ? due_ns : market->ready_ns;
    return due_ns > market->look_ns ? due_ns : market->look_ns;
}

/* It serves the position whose time is up first. */
static void set_timer(struct micro_alpha *self)
{
    int64_t first_ns = INT64_MAX;
    for (uint32_t i = 0; i < self->count; i++) {
        const struct market *market = &self->markets[i];
        if (position_of(self, market) != 0 && due_ns(self, market) < first_ns)
            first_ns = due_ns(self, market);
    }
    self->api->timer(self->host, first_ns);
}

static void micro_alpha_timer(void *state, int64_t now_ns)
{
    struct micro_alpha *self = state;
    for (uint32_t i = 0; i < self->count; i++) {
        struct market *market = &self->markets[i];
        if (position_of(self, market) == 0 || due_ns(self, market) > now_ns)
            continue;
        decide(self, market, now_ns);
        market->look_ns = now_ns + LOOK_AGAIN_NS;
    }
    set_timer(self);
}

/* The average price of what is held after a fill; time counts from when it was flat. */
static void account(struct micro_alpha *self, struct market *market,
                    const struct sj_strategy_report *report)
{
    struct holding *holding = &market->holding;
    int64_t fill =
        report->side == SJ_SIDE_BUY ? report->fill_quantity : -(int64_t)report->fill_quantity;
    int64_t after = position_of(self, market), before = after - fill;
    if (after == 0)
        return;
    bool grows = (before >= 0 && fill > 0) || (before <= 0 && fill < 0);
    if (before == 0 || (before > 0) != (after > 0)) {
        holding->entry_e6 = report->fill_price_e6;
        holding->entered_ns = self->api->now_ns(self->host);
    } else if (grows) {
        __extension__ __int128 paid =
            (__int128)holding->entry_e6 * before + (__int128)report->fill_price_e6 * fill;
        holding->entry_e6 = (int64_t)(paid / after);
    }
}

static void micro_alpha_order(void *state, const struct sj_strategy_report *report)
{
    struct micro_alpha *self = state;
    struct market *market = find(self, report->instrument);
    if (!market)
        return;
    if (report->news == SJ_NEWS_FILL) {
        account(self, market, report);
        set_timer(self);
    }
    if (!sj_slot_take(&market->holding.order, report))
        sj_slot_stranger(self->api, self->host, report);
    else if (sj_slot_ended(&market->holding.order))
        market->holding.order = (struct sj_slot){0};
}

/* An id is saved with each holding: the instruments may be given in another order next time. */
struct saved {
    uint32_t instrument;
    uint32_t reserved;
    struct holding holding;
};

static sj_rc micro_alpha_save(const void *state, void *buffer, size_t size)
{
    const struct micro_alpha *self = state;
    struct saved *saved = buffer;
    if (size < self->count * sizeof *saved)
        return -SJ_E_LIMIT;
    for (uint32_t i = 0; i < self->count; i++)
        saved[i] = (struct saved){self->instruments[i], 0, self->markets[i].holding};
    return (sj_rc)(self->count * sizeof *saved);
}

static sj_rc micro_alpha_restore(void *state, const void *buffer, size_t size)
{
    struct micro_alpha *self = state;
    struct saved saved;
    if (size % sizeof saved)
        return -SJ_E_MALFORMED;
    for (size_t at = 0; at < size; at += sizeof saved) {
        memcpy(&saved, (const char *)buffer + at, sizeof saved);
        struct market *market = find(self, saved.instrument);
        if (!market)
            continue; /* without a position, or the host would have refused */
        if (!sj_slot_valid(&saved.holding.order) || saved.holding.entered_ns < 0 ||
            saved.holding.entered_ns > INT64_MAX / 2)
            return -SJ_E_RANGE;
        market->holding = saved.holding;
    }
    return 0;
}

const struct sj_strategy_plugin sj_strategy_micro_alpha = {
    .abi = SJ_STRATEGY_ABI,
    .size = sizeof(struct sj_strategy_plugin),
    .name = "micro_alpha",
    .text = "takes the touch on strong order flow, leaves on opposite flow, a stop, or time",
    .params = params,
    .param_count = PARAM_COUNT,
    .state_version = 1,
    .state_size = sizeof(struct micro_alpha),
    .events = SJ_ON(BOOK) | SJ_ON(QUOTE) | SJ_ON(TRADE),
    .init = micro_alpha_init,
    .on_event = micro_alpha_event,
    .on_order = micro_alpha_order,
    .on_timer = micro_alpha_timer,
    .save = micro_alpha_save,
    .restore = micro_alpha_restore,
};
