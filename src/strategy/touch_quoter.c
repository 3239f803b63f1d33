/*
 * touch_quoter: at each step cancels what it has working and quotes the touch anew, a buy at the
 * best bid and a sell at the best ask. No view and no care for its position: it exists so that two
 * engines can be compared fill by fill (the golden backtests), and as the shortest strategy to
 * read.
 *
 * The steps lie on a grid that begins at the first event. All events up to a step have been seen
 * when its timer fires, and the strategy acts on what it saw of book and orders only.
 */
#include "strategy/builtin.h"

#include <stdio.h>
#include <string.h>

#include "event/event.h"

#define ORDERS_MAX 64

enum { PARAM_STEP, PARAM_QTY, PARAM_TIF, PARAM_COUNT };

static const struct sj_strategy_param_info params[PARAM_COUNT] = {
    [PARAM_STEP] = {"step", "", "1s", "how often it quotes anew", SJ_PARAM_DURATION, 0, 0.001,
                    3600},
    [PARAM_QTY] = {"qty", "lots", "1", "quantity of each quote", SJ_PARAM_INTEGER, 0, 1, 1000000},
    [PARAM_TIF] = {"tif", "", "ROD", "time in force of the quotes: ROD, or GTX in backtests",
                   SJ_PARAM_TEXT, 0, 0, 0},
};

struct live_order {
    uint64_t intent_id;
    uint8_t state;     /* enum sj_order_state */
    uint8_t in_flight; /* a request whose answer has not come */
};

struct touch_quoter {
    struct sj_strategy_host *host;
    const struct sj_strategy_api *api;
    int64_t step_ns, next_ns; /* next_ns 0: no event yet */
    uint32_t instrument, quantity;
    uint8_t time_in_force;
    uint32_t order_count;
    struct live_order orders[ORDERS_MAX]; /* in the order they were placed */
};

static sj_rc touch_quoter_init(void *state, const struct sj_strategy_init *init,
                               char error[SJ_STRATEGY_ERROR_MAX])
{
    struct touch_quoter *self = state;
    const char *tif = init->params[PARAM_TIF].value;
    if (init->instrument_count != 1) {
        snprintf(error, SJ_STRATEGY_ERROR_MAX, "instruments: it quotes one, not %u",
                 init->instrument_count);
        return -SJ_E_RANGE;
    }
    if (strcmp(tif, "ROD") != 0 && strcmp(tif, "GTX") != 0) {
        snprintf(error, SJ_STRATEGY_ERROR_MAX, "tif is ROD or GTX, not \"%.20s\"", tif);
        return -SJ_E_RANGE;
    }
    self->host = init->host;
    self->api = init->api;
    self->instrument = init->instruments[0];
    self->step_ns = init->params[PARAM_STEP].number;
    self->quantity = (uint32_t)init->params[PARAM_QTY].number;
    self->time_in_force = tif[0] == 'G' ? SJ_ORDER_GTX : SJ_ORDER_ROD;
    return 0;
}

static void touch_quoter_event(void *state, const struct sj_frame *event)
{
    struct touch_quoter *self = state;
    (void)event; /* the host keeps the touch */
    if (self->next_ns != 0)
        return;
    self->next_ns = self->api->now_ns(self->host) + self->step_ns;
    self->api->timer(self->host, self->next_ns);
}

static struct live_order *find(struct touch_quoter *self, uint64_t intent_id)
{
    for (uint32_t i = 0; i < self->order_count; i++)
        if (self->orders[i].intent_id == intent_id)
            return &self->orders[i];
    return NULL;
}

static void touch_quoter_order(void *state, const struct sj_strategy_report *report)
{
    struct touch_quoter *self = state;
    struct live_order *order = find(self, report->intent_id);
    if (!order)
        return;
    order->state = report->state;
    /* A fill says nothing of the request under way, everything else answers it. */
    if (report->news != SJ_NEWS_FILL)
        order->in_flight =
            report->state == SJ_ORDER_PENDING || report->state == SJ_ORDER_CANCELLING;
}

static void forget_ended(struct touch_quoter *self)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->order_count; i++)
        if (self->orders[i].state < SJ_ORDER_FILLED)
            self->orders[kept++] = self->orders[i];
    self->order_count = kept;
}

static void quote(struct touch_quoter *self, enum sj_side side, int64_t price_e6)
{
    struct sj_strategy_order order = {.instrument = self->instrument,
                                      .quantity = self->quantity,
                                      .price_e6 = price_e6,
                                      .side = (uint8_t)side,
                                      .price_type = SJ_ORDER_LMT,
                                      .time_in_force = self->time_in_force};
    if (self->order_count == ORDERS_MAX)
        return; /* answers are missing: more orders would not help */
    uint64_t id = self->api->place(self->host, &order);
    if (id)
        self->orders[self->order_count++] = (struct live_order){id, SJ_ORDER_PENDING, true};
}

static void touch_quoter_timer(void *state, int64_t now_ns)
{
    struct touch_quoter *self = state;
    const struct sj_top *top = self->api->top(self->host, self->instrument);
    (void)now_ns;
    self->next_ns += self->step_ns; /* the grid, however late the timer was */
    self->api->timer(self->host, self->next_ns);
    forget_ended(self);
    for (uint32_t i = 0; i < self->order_count; i++) {
        struct live_order *order = &self->orders[i];
        if ((order->state == SJ_ORDER_WORKING || order->state == SJ_ORDER_PARTIAL) &&
            !order->in_flight)
            order->in_flight = self->api->cancel(self->host, order->intent_id) != 0;
    }
    if (top->bid_e6 == SJ_NULL_E6 || top->ask_e6 == SJ_NULL_E6)
        return;
    quote(self, SJ_SIDE_BUY, top->bid_e6);
    quote(self, SJ_SIDE_SELL, top->ask_e6);
}

const struct sj_strategy_plugin sj_strategy_touch_quoter = {
    .abi = SJ_STRATEGY_ABI,
    .size = sizeof(struct sj_strategy_plugin),
    .name = "touch_quoter",
    .text = "quotes the best bid and ask of one instrument, anew at each step",
    .params = params,
    .param_count = PARAM_COUNT,
    .state_version = 1,
    .state_size = sizeof(struct touch_quoter),
    .events = SJ_ON_MARKET | SJ_ON_FIRST,
    .init = touch_quoter_init,
    .on_event = touch_quoter_event,
    .on_order = touch_quoter_order,
    .on_timer = touch_quoter_timer,
};
