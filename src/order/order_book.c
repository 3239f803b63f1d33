/* Where orders are kept: places, lists of the open and the ended, deadlines, indices. */
#include "order/order_private.h"

#include "base/warm.h"

static void list_append(struct sj_orders *orders, struct order *order, uint32_t *first,
                        uint32_t *last)
{
    uint32_t at = order_index(orders, order);
    order->prev = *last;
    order->next = NIL;
    if (*last == NIL)
        *first = at;
    else
        orders->order[*last].next = at;
    *last = at;
}

static void list_remove(struct sj_orders *orders, struct order *order, uint32_t *first,
                        uint32_t *last)
{
    if (order->prev == NIL)
        *first = order->next;
    else
        orders->order[order->prev].next = order->next;
    if (order->next == NIL)
        *last = order->prev;
    else
        orders->order[order->next].prev = order->prev;
}

static bool is_open(uint8_t state)
{
    return state != SJ_ORDER_NONE && !sj_order_ended((enum sj_order_state)state);
}

void order_set_deadline(struct sj_orders *orders, struct order *order, int64_t deadline_ns)
{
    uint32_t at = order_index(orders, order);
    if (order->due) {
        if (order->due_prev == NIL)
            orders->due_first = order->due_next;
        else
            orders->order[order->due_prev].due_next = order->due_next;
        if (order->due_next == NIL)
            orders->due_last = order->due_prev;
        else
            orders->order[order->due_next].due_prev = order->due_prev;
    }
    order->deadline_ns = deadline_ns;
    order->due = deadline_ns != INT64_MAX;
    if (!order->due)
        return;
    /* Every deadline is as long after its now: the newest belongs to the end. */
    order->due_prev = orders->due_last;
    order->due_next = NIL;
    if (orders->due_last == NIL)
        orders->due_first = at;
    else
        orders->order[orders->due_last].due_next = at;
    orders->due_last = at;
}

/* Takes an order out of, or puts it into, the list and the counts of its state. */
static void account(struct sj_orders *orders, struct order *order, bool enters)
{
    bool open = is_open(order->state);
    uint32_t *first = open ? &orders->open_first : &orders->ended_first;
    uint32_t *last = open ? &orders->open_last : &orders->ended_last;
    uint32_t one = enters ? 1 : UINT32_MAX; /* modulo 2^32 */
    if (order->state == SJ_ORDER_NONE)
        return;
    if (enters)
        list_append(orders, order, first, last);
    else
        list_remove(orders, order, first, last);
    if (!open)
        return;
    orders->stats.open_count += one;
    orders->nameless_count += order->id_key == 0 ? one : 0;
    orders->wanted_count += order->cancel_wanted ? one : 0;
}

void order_set_state(struct sj_orders *orders, struct order *order, enum sj_order_state state)
{
    if (order->state == state)
        return;
    orders->stats.unknown_count -= order->state == SJ_ORDER_UNKNOWN;
    orders->stats.unknown_count += state == SJ_ORDER_UNKNOWN;
    bool moves = is_open(order->state) != is_open((uint8_t)state) || order->state == SJ_ORDER_NONE;
    if (moves)
        account(orders, order, false);
    order->state = (uint8_t)state;
    if (sj_order_ended(state)) {
        order->cancel_wanted = order->cancel_sent = false;
        order->change_kind = 0;
        order_set_deadline(orders, order, INT64_MAX);
    }
    if (state != SJ_ORDER_UNKNOWN && state != SJ_ORDER_PENDING)
        order->doubt_ns = 0;
    if (moves)
        account(orders, order, true);
}

struct order *order_reserve(struct sj_orders *orders, uint64_t intent_id)
{
    if (orders->free_order == NIL && orders->ended_first != NIL)
        order_forget(orders, &orders->order[orders->ended_first]);
    if (orders->free_order == NIL)
        return NULL;
    uint32_t at = orders->free_order;
    struct order *order = &orders->order[at];
    orders->free_order = order->next;
    *order = (struct order){.intent_id = intent_id,
                            .used = true,
                            .first_fill = NIL,
                            .deadline_ns = INT64_MAX,
                            .price_ns = SJ_NULL_I64};
    char tag[8];
    sj_order_tag(intent_id, tag);
    memcpy(&order->tag_key, tag, sizeof order->tag_key);
    bool kept = order_map_put(&orders->by_intent, intent_id, at);
    SJ_ASSERT(kept);
    order_map_put(&orders->by_tag, order->tag_key, at);
    return order;
}

void sj_orders_warm(const struct sj_orders *orders, uint64_t next_intent_id)
{
    uint32_t at = orders->free_order != NIL ? orders->free_order : orders->ended_first;
    union {
        char text[8];
        uint64_t key;
    } tag;
    if (at != NIL)
        sj_warm_write(&orders->order[at], sizeof orders->order[at]);
    if (orders->open_last != NIL)
        sj_warm_write(&orders->order[orders->open_last].next, sizeof orders->order->next);
    sj_order_tag(next_intent_id, tag.text);
    order_map_warm(&orders->by_intent, next_intent_id);
    order_map_warm(&orders->by_tag, tag.key);
    sj_warm_write(&orders->requests[(orders->request_id + 1) % REQUESTS_SIZE],
                  sizeof *orders->requests);
}

void order_forget(struct sj_orders *orders, struct order *order)
{
    uint32_t at = order_index(orders, order);
    order_set_deadline(orders, order, INT64_MAX);
    account(orders, order, false);
    orders->stats.unknown_count -= order->state == SJ_ORDER_UNKNOWN;
    while (order->first_fill != NIL) {
        uint32_t fill = order->first_fill;
        order->first_fill = orders->fill[fill].next;
        orders->fill[fill].next = orders->free_fill;
        orders->free_fill = fill;
    }
    order_map_remove(&orders->by_intent, order->intent_id, at);
    order_map_remove(&orders->by_tag, order->tag_key, at);
    order_map_remove(&orders->by_id, order->id_key, at);
    order_map_remove(&orders->by_seqno, order->seqno_key, at);
    order->used = false;
    order->next = orders->free_order;
    orders->free_order = at;
}

struct order *order_by_intent(const struct sj_orders *orders, uint64_t intent_id)
{
    uint32_t at = order_map_find(&orders->by_intent, intent_id);
    return at == ORDER_MAP_NONE ? NULL : &orders->order[at];
}

static struct order *order_by_request(const struct sj_orders *orders,
                                      const struct sj_order_report *report)
{
    const struct request_slot *slot = &orders->requests[report->request_id % REQUESTS_SIZE];
    if (report->request_id == 0 || slot->request_id != report->request_id || slot->order == NIL)
        return NULL;
    struct order *order = &orders->order[slot->order];
    return order->used && order->intent_id == slot->intent_id ? order : NULL;
}

/* Two orders may share a tag (5.7e10 apart) or a seqno (two accounts): what else is known of both
 * must agree. */
static bool agrees(const struct order *order, const struct sj_order_report *report)
{
    return (report->instrument == 0 || report->instrument == order->instrument) &&
           (report->side == SJ_SIDE_NONE || report->side == order->side);
}

struct order *order_of_report(const struct sj_orders *orders, const struct sj_order_report *report)
{
    struct order *order = order_by_request(orders, report);
    if (order || !orders->order)
        return order;
    uint64_t id_key = order_map_text_key(report->order_id, sizeof report->order_id);
    uint32_t at = order_map_find(&orders->by_id, id_key);
    if (at != ORDER_MAP_NONE &&
        strncmp(orders->order[at].order_id, report->order_id, sizeof report->order_id) == 0)
        return &orders->order[at];
    if (report->intent_id != 0 && (order = order_by_intent(orders, report->intent_id)))
        return order;
    if (sj_order_tag_valid(report->custom_field)) {
        uint64_t tag_key;
        memcpy(&tag_key, report->custom_field, sizeof tag_key);
        at = order_map_find(&orders->by_tag, tag_key);
        if (at != ORDER_MAP_NONE && agrees(&orders->order[at], report) &&
            (orders->order[at].id_key == 0 || id_key == 0))
            return &orders->order[at];
    }
    at = order_map_find(&orders->by_seqno, order_map_text_key(report->seqno, sizeof report->seqno));
    if (at != ORDER_MAP_NONE && id_key == 0 && agrees(&orders->order[at], report))
        return &orders->order[at];
    return NULL;
}

bool order_learn(struct sj_orders *orders, struct order *order,
                 const struct sj_order_report *report)
{
    uint32_t at = order_index(orders, order);
    bool named = false;
    if (order->ordno[0] == '\0')
        memcpy(order->ordno, report->ordno, sizeof order->ordno);
    if (order->seqno[0] == '\0' && report->seqno[0] != '\0') {
        memcpy(order->seqno, report->seqno, sizeof order->seqno);
        order->seqno_key = order_map_text_key(order->seqno, sizeof order->seqno);
        if (!order_map_put(&orders->by_seqno, order->seqno_key, at))
            order->seqno_key = 0;
    }
    if (order->id_key == 0 && report->order_id[0] != '\0') {
        uint64_t key = order_map_text_key(report->order_id, sizeof report->order_id);
        /* Another order with that id: the broker is wrong, or two ids share a hash. */
        if (order_map_find(&orders->by_id, key) != ORDER_MAP_NONE ||
            !order_map_put(&orders->by_id, key, at))
            return false;
        memcpy(order->order_id, report->order_id, sizeof order->order_id);
        orders->nameless_count -= is_open(order->state);
        order->id_key = key;
        named = true;
    }
    return named;
}

void order_block(struct sj_orders *orders, struct order *order, const char *why, int64_t now_ns)
{
    if (order->blocks || order->instrument > SJ_INSTRUMENTS_MAX)
        return;
    order->blocks = true;
    if (orders->blocks[order->instrument]++ == 0) {
        orders->stats.blocked_count++;
        order_emit_block(orders, order->instrument, true, why, now_ns);
    }
}

void order_unblock(struct sj_orders *orders, struct order *order, int64_t now_ns)
{
    if (!order->blocks)
        return;
    order->blocks = false;
    if (--orders->blocks[order->instrument] == 0) {
        orders->stats.blocked_count--;
        order_emit_block(orders, order->instrument, false, "all its orders are accounted for",
                         now_ns);
    }
}
