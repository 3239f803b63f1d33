/*
 * imbalance: a strategy in a file of its own. When one side of the touch is much thicker than the
 * other, the price tends to move away from it: it joins the thick side with one lot, and leaves at
 * the same distance on the other side. One position, one order at a time.
 *
 *     cc -std=gnu17 -O2 -fPIC -shared -I include -o imbalance.so examples/strategy/imbalance.c
 *
 *     strategies:
 *       mine:
 *         use: ./imbalance.so
 *         instruments: [TXFR1]
 *         ratio: 4
 */
#include "shijim/strategy.h"

#include <stdio.h>

enum { PARAM_RATIO, PARAM_QTY, PARAM_PATIENCE, PARAM_COUNT };

/* The host checks what the user writes against this table, fills in the defaults, and prints it. */
static const struct sj_strategy_param_info params[PARAM_COUNT] = {
    [PARAM_RATIO] = {"ratio", "", "3", "how many times thicker one side must be", SJ_PARAM_DECIMAL,
                     0, 1, 1000},
    [PARAM_QTY] = {"qty", "lots", "1", "quantity of an order", SJ_PARAM_INTEGER, 0, 1, 1000},
    [PARAM_PATIENCE] = {"patience", "", "2s", "how long an order may wait", SJ_PARAM_DURATION, 0,
                        0.001, 3600},
};

/* All there is to remember. The host reserves it, zeroed. */
struct imbalance {
    struct sj_strategy_host *host;
    const struct sj_strategy_api *api;
    uint32_t instrument, quantity;
    int64_t ratio_e6, patience_ns;
    uint64_t order; /* intent id; 0: none */
};

static sj_rc imbalance_init(void *state, const struct sj_strategy_init *init,
                            char error[SJ_STRATEGY_ERROR_MAX])
{
    struct imbalance *self = state;
    if (init->instrument_count != 1) {
        snprintf(error, SJ_STRATEGY_ERROR_MAX, "instruments: it trades one, not %u",
                 init->instrument_count);
        return -SJ_E_RANGE;
    }
    self->host = init->host;
    self->api = init->api;
    self->instrument = init->instruments[0];
    self->ratio_e6 = init->params[PARAM_RATIO].number;
    self->quantity = (uint32_t)init->params[PARAM_QTY].number;
    self->patience_ns = init->params[PARAM_PATIENCE].number;
    return 0;
}

static void place(struct imbalance *self, enum sj_side side, int64_t price_e6)
{
    struct sj_strategy_order order = {.instrument = self->instrument,
                                      .quantity = self->quantity,
                                      .price_e6 = price_e6,
                                      .side = (uint8_t)side,
                                      .price_type = SJ_ORDER_LMT,
                                      .time_in_force = SJ_ORDER_ROD};
    self->order = self->api->place(self->host, &order);
    if (self->order)
        self->api->timer(self->host, self->api->now_ns(self->host) + self->patience_ns);
}

static bool is_thick(const struct imbalance *self, uint32_t volume, uint32_t other)
{
    return (int64_t)volume * 1000000 >= self->ratio_e6 * other;
}

/* Only books arrive here (see `events` below), of the one instrument. */
static void imbalance_event(void *state, const struct sj_frame *event)
{
    struct imbalance *self = state;
    const struct sj_top *top = self->api->top(self->host, self->instrument);
    int64_t position = self->api->position(self->host, self->instrument);
    if (event->flags & SJ_FLAG_SIMTRADE)
        return; /* a trial match: nobody trades there */
    if (self->order || top->bid_e6 == SJ_NULL_E6 || top->ask_e6 == SJ_NULL_E6)
        return;
    if (position <= 0 && is_thick(self, top->bid_volume, top->ask_volume))
        place(self, SJ_SIDE_BUY, top->bid_e6);
    else if (position >= 0 && is_thick(self, top->ask_volume, top->bid_volume))
        place(self, SJ_SIDE_SELL, top->ask_e6);
}

/* States from FILLED on are ends. Until one comes, the order may still be filled: also in UNKNOWN.
 */
static void imbalance_order(void *state, const struct sj_strategy_report *report)
{
    struct imbalance *self = state;
    if (report->intent_id == self->order && report->state >= SJ_ORDER_FILLED)
        self->order = 0;
}

static void imbalance_timer(void *state, int64_t now_ns)
{
    struct imbalance *self = state;
    (void)now_ns;
    if (self->order)
        self->api->cancel(self->host, self->order);
}

static const struct sj_strategy_plugin imbalance = {
    .abi = SJ_STRATEGY_ABI,
    .size = sizeof(struct sj_strategy_plugin),
    .name = "imbalance",
    .text = "joins the thick side of the touch",
    .params = params,
    .param_count = PARAM_COUNT,
    .state_version = 1,
    .state_size = sizeof(struct imbalance),
    .events = SJ_ON(BOOK),
    .init = imbalance_init,
    .on_event = imbalance_event,
    .on_order = imbalance_order,
    .on_timer = imbalance_timer,
};

/* The one symbol that is looked for. */
SJ_API const struct sj_strategy_plugin *sj_strategy_plugin(void);

SJ_API const struct sj_strategy_plugin *sj_strategy_plugin(void)
{
    return &imbalance;
}
