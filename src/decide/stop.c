/* How trading stops: a kill cancels what works; a panic cancels, asks the broker what we hold, and
 * sells or buys it back past our own limits, until the broker says that nothing is left. Both go on
 * over refused cancels, lost answers and the broker's rate limit until they are done. */
#include "decide/inside.h"

#include "base/clock.h"

#include <string.h>

#define CANCEL_AGAIN_NS (250 * SJ_NS_PER_MS)
#define PANIC_ASK_AGAIN_NS (2 * SJ_NS_PER_S)
#define PANIC_SETTLE_NS (300 * SJ_NS_PER_MS) /* fills travel before the broker is asked again */
#define OPEN_MAX 512                         /* cancels begun in one turn */

void decide_cancel_begin(struct sj_decide *decide)
{
    decide->cancelling = true;
    decide->next_cancel_ns = decide->now_ns;
}

void decide_stop_begin(struct sj_decide *decide)
{
    if (decide->kill_cancels || decide->panic != PANIC_NONE)
        decide_cancel_begin(decide);
}

static void cancel(struct sj_decide *decide, uint64_t intent_id, uint32_t instrument)
{
    struct sj_intent intent = {
        .instrument = instrument,
        .target_id = intent_id,
        .kind = SJ_INTENT_CANCEL,
        .price_e6 = SJ_NULL_E6,
        .arrival_mid_e6 = SJ_NULL_E6,
    };
    decide_house_intent(decide, &intent);
}

/* Cancels what works and is not being cancelled; what the orders cannot send yet they send later by
 * themselves. Refused ones (the broker's window is full) are tried again in the next turn. */
static void cancel_all(struct sj_decide *decide)
{
    struct sj_order_view view;
    struct {
        uint64_t intent_id;
        uint32_t instrument;
    } wanted[OPEN_MAX];
    uint32_t cursor = 0;
    uint32_t count = 0;
    bool any = false;
    while (count < OPEN_MAX && sj_orders_open_next(decide->orders, &cursor, &view)) {
        any = true;
        if (view.cancel_wanted)
            continue;
        wanted[count].intent_id = view.intent_id;
        wanted[count++].instrument = view.instrument;
    }
    for (uint32_t i = 0; i < count; i++)
        cancel(decide, wanted[i].intent_id, wanted[i].instrument);
    decide->cancelling = any;
    decide->next_cancel_ns = decide->now_ns + CANCEL_AGAIN_NS;
}

/* --- panic --- */

void decide_stop_panic(struct sj_decide *decide)
{
    if (decide->panic != PANIC_NONE)
        return;
    decide->panic = PANIC_CANCELLING;
    decide->panic_ns = decide->now_ns;
    decide_stop_begin(decide);
}

static void ask(struct sj_decide *decide)
{
    decide->panic = PANIC_ASKING;
    decide->panic_ns = decide->now_ns;
    if (decide->ops.ask_account)
        decide->ops.ask_account(decide->ops.context);
}

/* The furthest price the exchange takes: what fills if anything does. */
static int64_t furthest_price(const struct sj_instrument *instrument, enum sj_side side)
{
    return side == SJ_SIDE_BUY ? instrument->limit_up_e6 : instrument->limit_down_e6;
}

/* An order that closes `quantity` (signed) at any price: whole lots at once or not at all; odd
 * shares rest, since their market takes nothing else. */
static void close_out(struct sj_decide *decide, const struct sj_instrument *instrument,
                      int64_t quantity, enum sj_order_lot lot)
{
    enum sj_side side = quantity > 0 ? SJ_SIDE_SELL : SJ_SIDE_BUY;
    uint64_t size = (uint64_t)(quantity > 0 ? quantity : -quantity);
    int64_t price_e6 = furthest_price(instrument, side);
    bool has_limits = price_e6 != SJ_NULL_E6 && price_e6 > 0;
    struct sj_intent intent = {
        .instrument = instrument->instrument,
        .kind = SJ_INTENT_PLACE,
        .side = (uint8_t)side,
        .quantity = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
        .price_type = has_limits ? SJ_ORDER_LMT : SJ_ORDER_MKT,
        .time_in_force = lot == SJ_LOT_COMMON ? SJ_ORDER_IOC : SJ_ORDER_ROD,
        .order_lot = (uint8_t)lot,
        .price_e6 = has_limits ? price_e6 : SJ_NULL_E6,
        .arrival_mid_e6 = SJ_NULL_E6,
    };
    const struct sj_top *top = sj_strategies_top(decide->strategies, instrument->instrument);
    if (top->bid_e6 > 0 && top->ask_e6 > 0)
        intent.arrival_mid_e6 = (top->bid_e6 + top->ask_e6) / 2;
    decide_house_intent(decide, &intent);
}

/* Orders for each position that the broker says we hold. True: there was none. */
static bool flatten(struct sj_decide *decide)
{
    struct sj_account_holding held[OPEN_MAX];
    uint32_t count = sj_account_holdings(decide->account, held, OPEN_MAX);
    for (uint32_t i = 0; i < count && i < OPEN_MAX; i++) {
        const struct sj_instrument *instrument =
            sj_instruments_get(decide->instruments, held[i].instrument);
        if (instrument && held[i].quantity != 0)
            close_out(decide, instrument, held[i].quantity, SJ_LOT_COMMON);
        if (instrument && held[i].odd_shares != 0)
            close_out(decide, instrument, held[i].odd_shares, SJ_LOT_INTRADAY_ODD);
    }
    return count == 0;
}

static void finish(struct sj_decide *decide)
{
    decide->panic = PANIC_NONE;
    decide_emit_control(decide, SJ_CONTROL_PANIC_DONE, SJ_CONTROL_BY_PROCESS,
                        "cancelled and flat, as the broker says");
    if (decide->ops.panic_done)
        decide->ops.panic_done(decide->ops.context);
}

/* An ACCOUNT event ends a snapshot of the broker's positions. */
void decide_stop_account(struct sj_decide *decide, const struct sj_frame *event)
{
    if (decide->panic != PANIC_ASKING || event->template_id != SJ_EVENT_ACCOUNT ||
        !sj_account_fresh(decide->account, decide->panic_ns))
        return;
    if (flatten(decide)) {
        finish(decide);
        return;
    }
    decide->panic = PANIC_FLATTENING;
    decide->panic_ns = decide->now_ns;
}

static void panic_time(struct sj_decide *decide)
{
    int64_t age_ns = decide->now_ns - decide->panic_ns;
    bool cancelled = decide->panic == PANIC_CANCELLING && !decide->cancelling;
    bool unanswered = decide->panic == PANIC_ASKING && age_ns >= PANIC_ASK_AGAIN_NS;
    if (cancelled || unanswered)
        ask(decide);
    else if (decide->panic == PANIC_FLATTENING && age_ns >= PANIC_SETTLE_NS) {
        decide->panic = PANIC_CANCELLING; /* what of it still rests */
        decide_cancel_begin(decide);
        decide->panic_ns = decide->now_ns;
    }
}

int64_t decide_stop_due(const struct sj_decide *decide)
{
    int64_t due_ns = decide->cancelling ? decide->next_cancel_ns : INT64_MAX;
    int64_t panic_ns = INT64_MAX;
    if (decide->panic == PANIC_CANCELLING && !decide->cancelling)
        panic_ns = decide->now_ns;
    else if (decide->panic == PANIC_ASKING)
        panic_ns = decide->panic_ns + PANIC_ASK_AGAIN_NS;
    else if (decide->panic == PANIC_FLATTENING)
        panic_ns = decide->panic_ns + PANIC_SETTLE_NS;
    return panic_ns < due_ns ? panic_ns : due_ns;
}

void decide_stop_time(struct sj_decide *decide)
{
    if (decide->cancelling && decide->now_ns >= decide->next_cancel_ns)
        cancel_all(decide);
    panic_time(decide);
}
