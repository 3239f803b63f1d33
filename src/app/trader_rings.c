/* Market data on its way into decide: ring by ring and turn by turn, or behind each message of a
 * read where the connections' thread is the trader's too. */
#include "app/trader_private.h"

#include "base/clock.h"

#define SPAN_SIZE_MAX 32768 /* a batch: what is decided on with one reading of the clock */

static void tell_lapped(struct sj_trader *trader, struct trader_ring *ring)
{
    uint64_t lost = sj_bus_reader_lost(ring->reader);
    sj_decide_lost(trader->decide, ring->src, lost - ring->lost, sj_clock_utc_ns());
    ring->lost = lost;
}

/* What of a span sj_trader_event has not decided on already. */
static void take_span(struct sj_trader *trader, struct trader_ring *ring, struct sj_bus_span span)
{
    for (; span.count > 0 && span.first_seq < ring->next_seq; span.first_seq++, span.count--)
        span.begin += sj_frame_size(span.begin);
    if (span.count == 0)
        return;
    ring->next_seq = span.first_seq + span.count;
    sj_decide_batch(trader->decide, span.src, span.first_seq, ring->next_seq - 1, span.count,
                    sj_clock_utc_ns());
    for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at)) {
        const struct sj_session *event = (const struct sj_session *)at;
        trader->batch_ns = event->template_id == SJ_EVENT_TIMER ? 0 : event->recv_ns;
        if (event->template_id == SJ_EVENT_INSTRUMENT)
            sj_trader_account_define(trader->account, (const struct sj_instrument *)at);
        sj_decide_event(trader->decide, (const struct sj_frame *)at);
    }
    trader->batch_ns = 0;
}

uint32_t trader_take_ring(struct sj_trader *trader, struct trader_ring *ring)
{
    struct sj_bus_span span;
    sj_rc rc = sj_bus_drain(ring->reader, SPAN_SIZE_MAX, &span);
    if (rc == -SJ_E_LAPPED)
        tell_lapped(trader, ring);
    if (rc == -SJ_E_CLOSED)
        ring->ended = true;
    if (rc <= 0)
        return 0;
    take_span(trader, ring, span);
    if (sj_bus_release(ring->reader) == -SJ_E_LAPPED)
        tell_lapped(trader, ring);
    return span.count;
}

static bool works(const struct sj_trader *trader)
{
    return atomic_load_explicit(&trader->prepared, memory_order_acquire) && trader->begun &&
           !atomic_load_explicit(&trader->stopped, memory_order_relaxed);
}

void sj_trader_event(void *context, uint32_t connection, uint64_t seq, const struct sj_frame *event)
{
    struct sj_trader *trader = context;
    struct trader_ring *ring = &trader->rings[connection];
    int64_t recv_ns =
        ((const struct sj_trade *)event)->recv_ns; /* the same in every market event */
    if (!works(trader) || ring->next_seq != seq)   /* what is before it on the ring comes first */
        return;
    (void)trader_take_switch(trader, recv_ns);
    ring->next_seq = seq + 1;
    trader->batch_ns = recv_ns;
    sj_decide_next(trader->decide, ring->src, seq, event, recv_ns);
    trader->batch_ns = 0;
}

void sj_trader_read(void *context, uint32_t connection)
{
    struct sj_trader *trader = context;
    if (!works(trader))
        return;
    sj_decide_note(trader->decide);
    trader->followed += trader_take_ring(trader, &trader->rings[connection]);
}
