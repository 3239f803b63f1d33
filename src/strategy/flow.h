/*
 * flow.h: order flow imbalance summed over a moving window: what the references decide by.
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

struct flow {
    struct sj_ofi ofi;
    int64_t step_ns;
    int64_t step; /* the number of the step now */
    double sum;
    double part[FLOW_STEPS];
};

static inline void flow_init(struct flow *flow, int64_t window_ns)
{
    memset(flow, 0, sizeof *flow);
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

/* Whether the event has a book of the continuous market; then its best levels are taken in. */
static inline bool flow_update(struct flow *flow, const struct sj_frame *event, int64_t now_ns)
{
    const int64_t *bid_e6, *ask_e6;
    const uint32_t *bid_volume, *ask_volume;
    if (event->flags & FLOW_SKIPS)
        return false;
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
    flow_move(flow, now_ns);
    /* A missing side has quantity 0, which the indicator takes for absent. */
    double net = sj_ofi_update(&flow->ofi, (double)bid_e6[0], bid_volume[0], (double)ask_e6[0],
                               ask_volume[0]);
    flow->sum += net;
    flow->part[flow->step % FLOW_STEPS] += net;
    return true;
}

#endif
