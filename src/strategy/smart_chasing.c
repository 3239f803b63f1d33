/*
 * smart_chasing: works a parent order at its own side of the touch, and follows the price away only
 * when there is reason to believe that it will not come back by itself.
 *
 * A patient order earns the spread; one that runs after every flicker gives it away again, and
 * loses its place in the queue each time. So the working order is moved only when
 *   - the touch has left it behind by at least `threshold` ticks, and
 *   - the order flow of the last `window` pushes the same way (OFI at least `confirm` lots): a
 * touch that moved because somebody took away quotes, with no flow behind it, tends to return, and
 *   - fewer than `rounds` moves were made, and
 *   - the new price is not past `limit`, which no price it ever asks for is.
 *
 * It moves by changing the price, not by cancel and new: whatever gets lost on the way, there is
 * never more than one order, and never more than `qty` can be filled.
 *
 * An order that ends without being filled was ended by somebody with a reason (risk, the exchange,
 * the end of the day): the strategy then stops, and says so.
 */
#include "strategy/builtin.h"

#include <stdio.h>
#include <string.h>

#include "strategy/flow.h"
#include "strategy/slot.h"

enum {
    PARAM_SIDE,
    PARAM_QTY,
    PARAM_LIMIT,
    PARAM_SLICE,
    PARAM_THRESHOLD,
    PARAM_WINDOW,
    PARAM_CONFIRM,
    PARAM_ROUNDS,
    PARAM_COUNT
};

static const struct sj_strategy_param_info params[PARAM_COUNT] = {
    [PARAM_SIDE] = {"side", "", NULL, "buy or sell", SJ_PARAM_TEXT, 0, 0, 0},
    [PARAM_QTY] = {"qty", "lots", NULL, "the parent order's quantity", SJ_PARAM_INTEGER, 0, 1,
                   1000000},
    [PARAM_LIMIT] = {"limit", "", NULL, "the price it never goes past", SJ_PARAM_DECIMAL, 0,
                     -100000000, 100000000},
    [PARAM_SLICE] = {"slice", "lots", "0", "most that is shown at a time; 0: all of it",
                     SJ_PARAM_INTEGER, 0, 0, 1000000},
    [PARAM_THRESHOLD] = {"threshold", "ticks", "2", "how far the touch must have left it behind",
                         SJ_PARAM_INTEGER, 0, 1, 1000},
    [PARAM_WINDOW] = {"window", "", "5s", "over which order flow is summed", SJ_PARAM_DURATION, 0,
                      0.01, 3600},
    [PARAM_CONFIRM] = {"confirm", "lots", "10", "order flow that confirms a move", SJ_PARAM_INTEGER,
                       0, 0, 100000000},
    [PARAM_ROUNDS] = {"rounds", "", "5", "how often it follows, in all", SJ_PARAM_INTEGER, 0, 0,
                      1000},
};

/* What outlives a restart. */
struct progress {
    struct sj_slot order;
    uint32_t filled; /* of the parent */
    uint32_t rounds;
    uint32_t stopped;
    uint32_t reserved;
};

struct smart_chasing {
    struct sj_strategy_host *host;
    const struct sj_strategy_api *api;
    uint32_t instrument, quantity, slice, rounds_max;
    int32_t threshold;
    bool buys;
    int64_t limit_e6;
    double confirm;
    struct progress progress;
    struct flow flow;
};

static sj_rc smart_chasing_init(void *state, const struct sj_strategy_init *init,
                                char error[SJ_STRATEGY_ERROR_MAX])
{
    struct smart_chasing *self = state;
    const struct sj_strategy_param *given = init->params;
    const char *side = given[PARAM_SIDE].value;
    if (init->instrument_count != 1) {
        snprintf(error, SJ_STRATEGY_ERROR_MAX, "instruments: it works an order in one, not %u",
                 init->instrument_count);
        return -SJ_E_RANGE;
    }
    if (strcmp(side, "buy") != 0 && strcmp(side, "sell") != 0) {
        snprintf(error, SJ_STRATEGY_ERROR_MAX, "side is buy or sell, not \"%.20s\"", side);
        return -SJ_E_RANGE;
    }
    self->host = init->host;
    self->api = init->api;
    self->instrument = init->instruments[0];
    self->buys = side[0] == 'b';
    self->quantity = (uint32_t)given[PARAM_QTY].number;
    self->limit_e6 = given[PARAM_LIMIT].number;
    self->slice = (uint32_t)given[PARAM_SLICE].number;
    self->threshold = (int32_t)given[PARAM_THRESHOLD].number;
    self->confirm = (double)given[PARAM_CONFIRM].number;
    self->rounds_max = (uint32_t)given[PARAM_ROUNDS].number;
    if (self->slice == 0 || self->slice > self->quantity)
        self->slice = self->quantity;
    flow_init(&self->flow, FLOW_BOOK, given[PARAM_WINDOW].number);
    return 0;
}

/* Whether `price` is further along the way we do not want to pay than `other`. */
static bool is_worse(const struct smart_chasing *self, int64_t price_e6, int64_t other_e6)
{
    return self->buys ? price_e6 > other_e6 : price_e6 < other_e6;
}

/* Our side of the touch, held back by the limit; null without a touch. */
static int64_t wanted_price(const struct smart_chasing *self)
{
    const struct sj_top *top = self->api->top(self->host, self->instrument);
    int64_t touch_e6 = self->buys ? top->bid_e6 : top->ask_e6;
    if (touch_e6 == SJ_NULL_E6 || !is_worse(self, touch_e6, self->limit_e6))
        return touch_e6;
    /* The limit itself need not lie on a tick: the nearest valid price on our side of it. */
    int64_t below_e6 = self->api->tick_step(self->host, self->instrument, self->limit_e6, 0);
    if (self->buys || below_e6 == self->limit_e6 || below_e6 == SJ_NULL_E6)
        return below_e6;
    return self->api->tick_step(self->host, self->instrument, below_e6, 1);
}

static void place(struct smart_chasing *self)
{
    uint32_t left = self->quantity - self->progress.filled;
    int64_t price_e6 = wanted_price(self);
    if (price_e6 == SJ_NULL_E6)
        return;
    struct sj_strategy_order order = {
        .instrument = self->instrument,
        .quantity = left < self->slice ? left : self->slice,
        .price_e6 = price_e6,
        .side = self->buys ? SJ_SIDE_BUY : SJ_SIDE_SELL,
        .price_type = SJ_ORDER_LMT,
        .time_in_force = SJ_ORDER_ROD,
    };
    uint64_t id = self->api->place(self->host, &order);
    sj_slot_placed(&self->progress.order, id, price_e6, order.quantity);
}

/* The touch has left the order behind, and the flow says that it will not be back. */
static bool should_follow(const struct smart_chasing *self, int64_t wanted_e6)
{
    const struct sj_slot *order = &self->progress.order;
    double flow = self->buys ? self->flow.sum : -self->flow.sum;
    if (self->progress.rounds >= self->rounds_max || wanted_e6 == SJ_NULL_E6 ||
        !is_worse(self, wanted_e6, order->price_e6) || flow < self->confirm)
        return false;
    /* Measured at the touch, not at the price wanted: near the limit that is held back. */
    const struct sj_top *top = self->api->top(self->host, self->instrument);
    int64_t touch_e6 = self->buys ? top->bid_e6 : top->ask_e6;
    int64_t past_e6 = self->api->tick_step(self->host, self->instrument, order->price_e6,
                                           self->buys ? self->threshold : -self->threshold);
    return past_e6 != SJ_NULL_E6 && !is_worse(self, past_e6, touch_e6);
}

static void follow(struct smart_chasing *self)
{
    int64_t wanted_e6 = wanted_price(self);
    if (!should_follow(self, wanted_e6))
        return;
    struct sj_slot *order = &self->progress.order;
    self->progress.rounds++; /* one that is denied counts too: it took its toll on the broker */
    order->asked = self->api->change_price(self->host, order->intent_id, wanted_e6) != 0;
}

static void smart_chasing_event(void *state, const struct sj_frame *event)
{
    struct smart_chasing *self = state;
    if (!flow_update(&self->flow, event, self->api->now_ns(self->host)))
        return;
    if (self->progress.stopped || self->progress.filled >= self->quantity)
        return;
    if (self->progress.order.intent_id == 0)
        place(self);
    else if (sj_slot_settled(&self->progress.order))
        follow(self);
}

static void smart_chasing_order(void *state, const struct sj_strategy_report *report)
{
    struct smart_chasing *self = state;
    struct progress *progress = &self->progress;
    char line[120];
    /* By fills, of whichever order: also one that a restart has forgotten counts to the parent. */
    if (report->news == SJ_NEWS_FILL)
        progress->filled += report->fill_quantity;
    if (!sj_slot_take(&progress->order, report)) {
        sj_slot_stranger(self->api, self->host, report);
        return;
    }
    if (!sj_slot_ended(&progress->order))
        return;
    progress->order = (struct sj_slot){0};
    if (report->state == SJ_ORDER_FILLED)
        return; /* the next slice follows with the next book */
    progress->stopped = 1;
    snprintf(line, sizeof line, "stopped at %u of %u: its order ended (%.60s)", progress->filled,
             self->quantity, report->reason);
    self->api->log(self->host, line);
}

static void smart_chasing_timer(void *state, int64_t now_ns)
{
    (void)state;
    (void)now_ns;
}

static sj_rc smart_chasing_save(const void *state, void *buffer, size_t size)
{
    const struct smart_chasing *self = state;
    if (size < sizeof self->progress)
        return -SJ_E_LIMIT;
    memcpy(buffer, &self->progress, sizeof self->progress);
    return (sj_rc)sizeof self->progress;
}

static sj_rc smart_chasing_restore(void *state, const void *buffer, size_t size)
{
    struct smart_chasing *self = state;
    struct progress progress;
    if (size != sizeof progress)
        return -SJ_E_MALFORMED;
    memcpy(&progress, buffer, size);
    if (!sj_slot_valid(&progress.order) || progress.filled > self->quantity)
        return -SJ_E_RANGE;
    self->progress = progress;
    return 0;
}

const struct sj_strategy_plugin sj_strategy_smart_chasing = {
    .abi = SJ_STRATEGY_ABI,
    .size = sizeof(struct sj_strategy_plugin),
    .name = "smart_chasing",
    .text = "works a parent order at the touch, follows only when price and order flow say so",
    .params = params,
    .param_count = PARAM_COUNT,
    .state_version = 1,
    .state_size = sizeof(struct smart_chasing),
    .events = SJ_ON(BOOK) | SJ_ON(QUOTE),
    .init = smart_chasing_init,
    .on_event = smart_chasing_event,
    .on_order = smart_chasing_order,
    .on_timer = smart_chasing_timer,
    .save = smart_chasing_save,
    .restore = smart_chasing_restore,
};
