/*
 * flow.h: order flow summed over a moving window: what the references decide by. Of the book (OFI:
 * what comes to and leaves the best levels), or of trades (TFI: lots bought less lots sold).
 *
 * Who took in a trade is what its event says; where it says nothing, the tick rule: a trade above
 * the one before was a buyer's, below it a seller's, at its price the same side's as before.
 *
 * The window moves in steps of a sixteenth of it, so that old flow leaves without each update being
 * kept. Volumes are whole numbers, so the sums are exact, whatever the order.
 */
#ifndef SJ_STRATEGY_FLOW_H
#define SJ_STRATEGY_FLOW_H

#include <string.h>

#include "event/event.h"
#include "shijim/indicator/ofi.h"

#define FLOW_STEPS 16

/* Not the continuous market of round lots, or not of now. */
#define FLOW_SKIPS                                                                                 \
    (SJ_FLAG_SIMTRADE | SJ_FLAG_SUSPEND | SJ_FLAG_ODD_LOT | SJ_FLAG_BACKFILLED |                   \
     SJ_FLAG_OUT_OF_ORDER)

enum flow_signal { FLOW_BOOK, FLOW_TRADES };

struct flow {
    struct sj_ofi ofi;
    enum flow_signal signal;
    int64_t last_e6; /* of trades */
    double last_side;
    int64_t step_ns;
    int64_t step; /* the number of the step now */
    double sum;
    double part[FLOW_STEPS];
};

static inline void flow_init(struct flow *flow, enum flow_signal signal, int64_t window_ns)
{
    memset(flow, 0, sizeof *flow);
    flow->signal = signal;
    sj_ofi_init(&flow->ofi);
    flow->step_ns = window_ns / FLOW_STEPS > 0 ? window_ns / FLOW_STEPS : 1;
}

/* Lets go of what has left the window. */
static inline void flow_move(struct flow *flow, int64_t now_ns)
{
    int64_t step = now_ns / flow->step_ns;
    if (step <= flow->step)
        return;
    if (step - flow->step >= FLOW_STEPS) {
        memset(flow->part, 0, sizeof flow->part);
        flow->sum = 0;
    } else {
        for (int64_t at = flow->step + 1; at <= step; at++) {
            flow->sum -= flow->part[at % FLOW_STEPS];
            flow->part[at % FLOW_STEPS] = 0;
        }
    }
    flow->step = step;
}

static inline void flow_add(struct flow *flow, double net, int64_t now_ns)
{
    flow_move(flow, now_ns);
    flow->sum += net;
    flow->part[flow->step % FLOW_STEPS] += net;
}

static inline bool flow_trade(struct flow *flow, const struct sj_frame *event, int64_t now_ns)
{
    const struct sj_trade *trade = (const struct sj_trade *)(const void *)event;
    if (event->template_id != SJ_EVENT_TRADE || (event->flags & SJ_FLAG_AUCTION) ||
        trade->price_e6 == SJ_NULL_E6)
        return false;
    double side = flow->last_side;
    if (trade->tick_type != SJ_TICK_NONE)
        side = trade->tick_type == SJ_TICK_BUY ? 1 : -1;
    else if (flow->last_e6 != 0 && trade->price_e6 != flow->last_e6)
        side = trade->price_e6 > flow->last_e6 ? 1 : -1;
    flow->last_e6 = trade->price_e6;
    flow->last_side = side;
    flow_add(flow, side * trade->volume, now_ns);
    return true;
}

/* Whether the event is one of the signal's in the continuous market; then it is taken in. */
static inline bool flow_update(struct flow *flow, const struct sj_frame *event, int64_t now_ns)
{
    const int64_t *bid_e6, *ask_e6;
    const uint32_t *bid_volume, *ask_volume;
    if (event->flags & FLOW_SKIPS)
        return false;
    if (flow->signal == FLOW_TRADES)
        return flow_trade(flow, event, now_ns);
    if (event->template_id == SJ_EVENT_BOOK) {
        const struct sj_book *book = (const struct sj_book *)(const void *)event;
        bid_e6 = book->bid_price_e6, ask_e6 = book->ask_price_e6;
        bid_volume = book->bid_volume, ask_volume = book->ask_volume;
    } else if (event->template_id == SJ_EVENT_QUOTE) {
        const struct sj_quote *quote = (const struct sj_quote *)(const void *)event;
        bid_e6 = quote->bid_price_e6, ask_e6 = quote->ask_price_e6;
        bid_volume = quote->bid_volume, ask_volume = quote->ask_volume;
    } else {
        return false;
    }
    /* A missing side has quantity 0, which the indicator takes for absent. */
    double net = sj_ofi_update(&flow->ofi, (double)bid_e6[0], bid_volume[0], (double)ask_e6[0],
                               ask_volume[0]);
    flow_add(flow, net, now_ns);
    return true;
}

#endif
