/*
 * Each deal counts once. The stream numbers deals by the exchange; whether the broker's list
 * numbers them alike is not documented. As long as it was not seen to, a listed deal and a streamed
 * one are the same when price, quantity and time are (one for one).
 */
#include "order/order_private.h"

#define SAME_DEAL_NS SJ_NS_PER_S

static uint64_t seq_key_of(const struct sj_order_report *deal)
{
    return order_map_text_key(deal->exchange_seq, sizeof deal->exchange_seq);
}

static bool same_number(uint64_t key, const struct fill *fill, const struct sj_order_report *deal,
                        uint64_t seq_key)
{
    return seq_key != 0 && key == seq_key && fill->price_e6 == deal->price_e6 &&
           fill->quantity == deal->quantity;
}

/* How far apart a known deal and a told one of equal terms are; INT64_MAX: they are not equal. */
static int64_t distance_ns(const struct sj_orders *orders, const struct fill *fill,
                           const struct sj_order_report *deal, uint64_t seq_key)
{
    if (fill->price_e6 != deal->price_e6 || fill->quantity != deal->quantity)
        return INT64_MAX;
    if (orders->same_numbers && seq_key != 0 && (fill->stream_key | fill->list_key) != 0)
        return INT64_MAX;
    if (fill->exch_ns == SJ_NULL_I64 || deal->exch_ns == SJ_NULL_I64)
        return SAME_DEAL_NS;
    int64_t apart = fill->exch_ns - deal->exch_ns;
    if (apart > SAME_DEAL_NS || apart < -SAME_DEAL_NS)
        return INT64_MAX;
    return apart < 0 ? -apart : apart;
}

bool order_add_deal(struct sj_orders *orders, struct order *order,
                    const struct sj_order_report *deal, int64_t now_ns)
{
    uint64_t seq_key = seq_key_of(deal);
    struct fill *known = NULL;
    int64_t nearest_ns = INT64_MAX;
    for (uint32_t at = order->first_fill; at != NIL; at = orders->fill[at].next) {
        struct fill *fill = &orders->fill[at];
        if (same_number(fill->stream_key, fill, deal, seq_key) ||
            (!fill->streamed && same_number(fill->list_key, fill, deal, seq_key))) {
            known = fill;
            break;
        }
        int64_t apart_ns =
            fill->streamed && seq_key != 0 ? INT64_MAX : distance_ns(orders, fill, deal, seq_key);
        if (apart_ns < nearest_ns) {
            nearest_ns = apart_ns;
            known = fill;
        }
    }
    if (known) {
        known->streamed = true;
        known->stream_key = seq_key;
        orders->stats.duplicate_deals++;
        return false;
    }
    /* No exchange fills more than was ordered: one of these was counted under another number. */
    if (deal->quantity > order_rest(order)) {
        orders->stats.odd++;
        order_list_want(orders, now_ns);
        return false;
    }
    order_keep_deal(orders, order, deal, true);
    return true;
}

/* The fill that a listed deal is, marked as found in this list, or NULL. */
static struct fill *claim(struct sj_orders *orders, const struct order *order,
                          const struct sj_order_report *deal, bool by_number)
{
    uint64_t seq_key = seq_key_of(deal);
    struct fill *found = NULL;
    int64_t nearest_ns = INT64_MAX;
    for (uint32_t at = order->first_fill; at != NIL; at = orders->fill[at].next) {
        struct fill *fill = &orders->fill[at];
        if (fill->list_serial == orders->list.serial)
            continue;
        int64_t apart_ns = !by_number ? distance_ns(orders, fill, deal, seq_key)
                           : same_number(fill->list_key, fill, deal, seq_key) ||
                                   same_number(fill->stream_key, fill, deal, seq_key)
                               ? 0
                               : INT64_MAX;
        if (apart_ns < nearest_ns) {
            nearest_ns = apart_ns;
            found = fill;
        }
    }
    if (!found)
        return NULL;
    found->list_serial = orders->list.serial;
    if (by_number && same_number(found->stream_key, found, deal, seq_key))
        orders->same_numbers = true;
    found->list_key = seq_key;
    return found;
}

uint32_t order_unknown_deals(struct sj_orders *orders, struct order *order,
                             struct sj_order_report *deals, uint32_t count)
{
    for (int by_number = 1; by_number >= 0; by_number--) {
        uint32_t left = 0;
        for (uint32_t i = 0; i < count; i++)
            if (!claim(orders, order, &deals[i], by_number))
                deals[left++] = deals[i];
        count = left;
    }
    return count;
}

void order_keep_deal(struct sj_orders *orders, struct order *order,
                     const struct sj_order_report *deal, bool streamed)
{
    order->filled += deal->quantity;
    while (orders->free_fill == NIL && orders->ended_first != NIL &&
           orders->ended_first != order_index(orders, order))
        order_forget(orders, &orders->order[orders->ended_first]);
    if (orders->free_fill == NIL)
        return; /* counted, but a repetition of it would count again: see README */
    uint32_t at = orders->free_fill;
    orders->free_fill = orders->fill[at].next;
    orders->fill[at] = (struct fill){.stream_key = streamed ? seq_key_of(deal) : 0,
                                     .list_key = streamed ? 0 : seq_key_of(deal),
                                     .price_e6 = deal->price_e6,
                                     .exch_ns = deal->exch_ns,
                                     .quantity = deal->quantity,
                                     .next = order->first_fill,
                                     .list_serial = streamed ? 0 : orders->list.serial,
                                     .streamed = streamed};
    order->first_fill = at;
}
