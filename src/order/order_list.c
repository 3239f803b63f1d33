/*
 * Reconciliation: the broker's list against what we hold. An order is found by its id, by its tag,
 * or (no tag on futures) by instrument, side, quantity, price and time where that is unique on both
 * sides. What is not there although it must be, and what could be several, is undecided: it blocks
 * its instrument. Nothing here ever sends an order again.
 */
#include "order/order_private.h"

#define MATCH_BEFORE_NS (10 * SJ_NS_PER_S) /* clocks differ */
#define MATCH_AFTER_NS (60 * SJ_NS_PER_S)

void order_list_want(struct sj_orders *orders, int64_t at_ns)
{
    if (at_ns < orders->list.retry_ns)
        orders->list.retry_ns = at_ns;
}

int64_t order_list_due_ns(const struct sj_orders *orders)
{
    const struct list_session *list = &orders->list;
    if (!orders->stats.link_up || list->request != 0 || list->retry_ns == INT64_MAX)
        return INT64_MAX;
    int64_t spaced =
        list->asked_ns == 0 ? INT64_MIN : list->asked_ns + orders->config.retry_ms * SJ_NS_PER_MS;
    return list->retry_ns > spaced ? list->retry_ns : spaced;
}

void order_list_time(struct sj_orders *orders, int64_t now_ns)
{
    if (order_list_due_ns(orders) <= now_ns)
        (void)sj_orders_reconcile(orders, now_ns);
}

sj_rc sj_orders_reconcile(struct sj_orders *orders, int64_t now_ns)
{
    struct list_session *list = &orders->list;
    if (list->request != 0)
        return 0;
    list->retry_ns = INT64_MAX;
    list->asked_ns = now_ns;
    list->request = order_request(orders, NULL, SJ_REQUEST_LIST, 0, SJ_NULL_E6);
    if (list->request == 0) {
        order_list_want(orders, now_ns + orders->config.retry_ms * SJ_NS_PER_MS);
        return -SJ_E_FULL;
    }
    return 0;
}

void order_list_failed(struct sj_orders *orders, int64_t now_ns)
{
    orders->list.request = 0;
    orders->list.running = false;
    orders->stats.lists_failed++;
    order_list_want(orders, now_ns + orders->config.retry_ms * SJ_NS_PER_MS);
}

/* The input that a listed order's status is. */
static enum sj_order_input listed_input(struct order *order, const struct sj_order_report *report)
{
    if (order->over)
        return SJ_INPUT_LATE;
    switch (report->broker_status) {
    case SJ_BROKER_SUBMITTED:
    case SJ_BROKER_PART_FILLED:
    case SJ_BROKER_FILLED:
        order->acked = true;
        return order->state == SJ_ORDER_CANCELLING ? SJ_INPUT_LATE : SJ_INPUT_ACK;
    case SJ_BROKER_CANCELLED:
        order->acked = order->over = true;
        return SJ_INPUT_GONE;
    case SJ_BROKER_FAILED:
        order->over = true;
        return order->filled > 0 || report->filled > 0 ? SJ_INPUT_GONE : SJ_INPUT_NACK;
    default:
        return order->acked ? SJ_INPUT_LATE : SJ_INPUT_HEARD;
    }
}

/* Takes over what the list says of an order, its deals being counted already. `whole`: it came with
 * its deals, so that the sum of them must be right. `named`: its id was not known before. */
static void take_listed(struct sj_orders *orders, struct order *order,
                        const struct sj_order_report *report, bool whole, bool named,
                        int64_t now_ns)
{
    enum sj_order_state before = (enum sj_order_state)order->state;
    struct order_word word = order_report_word(report);
    order->list_serial = orders->list.serial;
    if (report->cancelled != SJ_NULL_U32 && report->cancelled <= order->quantity &&
        report->cancelled > order->cancelled)
        order->cancelled = report->cancelled;
    if (before == SJ_ORDER_UNKNOWN && report->price_e6 != SJ_NULL_E6 && report->price_e6 != 0)
        order->price_e6 = report->price_e6;
    if (whole && order->listed_filled > order->filled) {
        word.text = "the list tells more filled than its deals";
        order_step(orders, order, SJ_INPUT_MISSING, &word, now_ns);
        order_block(orders, order, word.text, now_ns);
        return;
    }
    enum sj_order_input input = listed_input(order, report);
    if (order->over)
        order->cancelled = order_rest(order);
    if (input == SJ_INPUT_LATE && named)
        order_emit_update(orders, order, before, SJ_INPUT_HEARD, &word, now_ns);
    /* Only what moves is told: a list names every order of the day. */
    if (before == SJ_ORDER_UNKNOWN || before == SJ_ORDER_PENDING || order->over ||
        sj_order_ended(before))
        order_step(orders, order, input, &word, now_ns);
    if (order->state == SJ_ORDER_PENDING && !order->due)
        order_set_deadline(orders, order, now_ns + orders->config.ack_timeout_ms * SJ_NS_PER_MS);
    if (named)
        order_report_adopt_orphans(orders, order, now_ns);
    if (order->cancel_wanted && !order->cancel_sent &&
        !sj_order_ended((enum sj_order_state)order->state))
        order_want_cancel(orders, order, now_ns);
}

static void adopt_deals(struct sj_orders *orders, struct order *order, int64_t now_ns)
{
    struct list_session *list = &orders->list;
    uint32_t told = 0;
    for (uint32_t i = 0; i < list->deal_count; i++)
        told += list->deals[i].quantity <= order->quantity ? list->deals[i].quantity : 0;
    if (told > order->listed_filled)
        order->listed_filled = told;
    uint32_t count = order_unknown_deals(orders, order, list->deals, list->deal_count);
    for (uint32_t i = 0; i < count; i++) {
        const struct sj_order_report *deal = &list->deals[i];
        struct order_word word = order_report_word(deal);
        if (order->filled + deal->quantity > order->listed_filled ||
            deal->quantity > order_rest(order))
            continue; /* the list's own sum says that all are known: this is one of them */
        order_keep_deal(orders, order, deal, false);
        orders->stats.adopted_deals++;
        order_emit_fill(orders, order, deal, now_ns);
        order_step(orders, order, order_report_deal_input(order), &word, now_ns);
    }
}

static void keep_listed(struct list_session *list, const struct sj_order_report *report)
{
    if (list->count == LISTED_MAX) {
        list->overflowed = true;
        return;
    }
    list->listed[list->count++] = (struct listed){*report, 0};
}

/* The order named last is told whole: the deals first, so that its end is not before them. */
static void take_named(struct sj_orders *orders, int64_t now_ns)
{
    struct list_session *list = &orders->list;
    if (list->named.kind == 0)
        return;
    list->named.kind = 0;
    struct order *order = order_of_report(orders, &list->named);
    if (order) {
        bool named = order_learn(orders, order, &list->named); /* first: fills carry the id */
        order->listed_filled = list->named.filled == SJ_NULL_U32 ? 0 : list->named.filled;
        adopt_deals(orders, order, now_ns);
        take_listed(orders, order, &list->named, true, named, now_ns);
    } else {
        list->named.kind = SJ_REPORT_LISTED;
        keep_listed(list, &list->named);
    }
    list->named.kind = 0;
    list->deal_count = 0;
}

static void begin(struct sj_orders *orders)
{
    struct list_session *list = &orders->list;
    list->running = true;
    list->overflowed = false;
    list->count = list->deal_count = 0;
    list->named.kind = 0;
    list->serial++;
}

static bool could_be(const struct order *order, const struct sj_order_report *report)
{
    if (report->instrument != order->instrument || report->side != order->side ||
        report->quantity != order->quantity || report->custom_field[0] != '\0' ||
        report->flags & SJ_FLAG_COMBO)
        return false;
    if (order->price_type == SJ_ORDER_LMT && report->price_e6 != order->price_e6)
        return false;
    return report->exch_ns == SJ_NULL_I64 || (report->exch_ns >= order->sent_ns - MATCH_BEFORE_NS &&
                                              report->exch_ns <= order->sent_ns + MATCH_AFTER_NS);
}

/* An open order without an id that the list did not name: it could be any of its terms. */
static bool is_nameless(const struct sj_orders *orders, const struct order *order)
{
    return order->id_key == 0 && order->list_serial != orders->list.serial &&
           !sj_order_ended((enum sj_order_state)order->state);
}

/* Of these, one whose arrival is in doubt; the others' own answers are still to come. */
static bool is_lost(const struct sj_orders *orders, const struct order *order)
{
    return order->used && order->id_key == 0 && order->doubt_ns != 0 && order->place_request == 0 &&
           order->list_serial != orders->list.serial &&
           !sj_order_ended((enum sj_order_state)order->state);
}

static uint32_t candidates(struct sj_orders *orders, const struct order *order,
                           struct listed **ret_one, uint32_t claim)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < orders->list.count; i++) {
        struct listed *listed = &orders->list.listed[i];
        if (!could_be(order, &listed->report))
            continue;
        listed->claims += claim;
        count++;
        *ret_one = listed;
    }
    return count;
}

/* Between two sessions every order's day ends: its validity, and the broker's list of it. */
static bool session_over(int64_t sent_ns, int64_t now_ns)
{
    static const int64_t ends_ns[] = {8 * 3600 * SJ_NS_PER_S + 20 * 60 * SJ_NS_PER_S,
                                      14 * 3600 * SJ_NS_PER_S + 55 * 60 * SJ_NS_PER_S};
    for (int i = 0; i < 2; i++) {
        int64_t shift = SJ_TAIPEI_OFFSET_NS - ends_ns[i];
        if ((sent_ns + shift) / SJ_NS_PER_DAY != (now_ns + shift) / SJ_NS_PER_DAY)
            return true;
    }
    return false;
}

/* The list is over and did not name this open order. */
static void decide_unnamed(struct sj_orders *orders, struct order *order, int64_t now_ns)
{
    const struct list_session *list = &orders->list;
    int64_t settle_ns = orders->config.settle_ms * SJ_NS_PER_MS;
    bool known = order->id_key != 0 || order->acked || order->filled > 0;
    int64_t since = order->doubt_ns != 0 ? order->doubt_ns : order->sent_ns;
    struct order_word word = {NULL, NULL, 0, SJ_NULL_I64};
    if (order->place_request != 0)
        return; /* its own answer is still to come */
    if (since + settle_ns > list->asked_ns) {
        order_list_want(orders, since + settle_ns);
        return;
    }
    if (session_over(order->sent_ns, now_ns)) {
        word.text = "its session is over and the broker lists it no more";
        order->over = true;
        order->cancelled = order_rest(order);
        order_step(orders, order, SJ_INPUT_GONE, &word, now_ns);
    } else if (known || list->overflowed) {
        word.text = "the broker's list lacks it";
        order_step(orders, order, SJ_INPUT_MISSING, &word, now_ns);
        order_block(orders, order, "the broker's list lacks an order that it had confirmed",
                    now_ns);
    } else if (order->doubt_ns != 0) {
        word.text = "it never arrived";
        order_step(orders, order, SJ_INPUT_ABSENT, &word, now_ns);
    }
}

static void decide(struct sj_orders *orders, struct order *order, int64_t now_ns)
{
    struct listed *one = NULL;
    if (order->list_serial == orders->list.serial)
        return;
    uint32_t count = is_lost(orders, order) ? candidates(orders, order, &one, 0) : 0;
    if (count == 0) {
        decide_unnamed(orders, order, now_ns);
    } else if (count == 1 && one->claims == 1) {
        one->claims = 0;
        take_listed(orders, order, &one->report, false, order_learn(orders, order, &one->report),
                    now_ns);
        order_list_want(orders, now_ns); /* once more, for its deals */
        one->report.instrument = 0;      /* it is nobody else's */
        one->report.kind = 0;
    } else {
        order_block(orders, order, "several orders of the broker could be one in doubt", now_ns);
    }
}

static void block_foreign(struct sj_orders *orders, uint32_t instrument, int64_t now_ns)
{
    struct list_session *list = &orders->list;
    for (uint32_t i = 0; i < list->foreign_block_count; i++)
        if (list->foreign_block[i] == instrument)
            return;
    if (list->foreign_block_count == FOREIGN_BLOCKS_MAX || instrument > SJ_INSTRUMENTS_MAX)
        return;
    list->foreign_block[list->foreign_block_count++] = instrument;
    if (orders->blocks[instrument]++ == 0) {
        orders->stats.blocked_count++;
        order_emit_block(orders, instrument, true,
                         "an order with a tag like ours that no intent explains", now_ns);
    }
}

static bool works(const struct sj_order_report *report)
{
    return report->broker_status != SJ_BROKER_FILLED &&
           report->broker_status != SJ_BROKER_CANCELLED &&
           report->broker_status != SJ_BROKER_FAILED;
}

/* Orders of the list that are none of ours are told; those with a tag of our form are ours all the
 * same (a journal that lost its end), and nobody can say of what. */
static void tell_foreign(struct sj_orders *orders, int64_t now_ns)
{
    struct list_session *list = &orders->list;
    uint32_t old_count = list->foreign_block_count;
    uint32_t old[FOREIGN_BLOCKS_MAX];
    memcpy(old, list->foreign_block, sizeof old);
    list->foreign_block_count = 0;
    /* The new blocks first, so that what stays blocked is not lifted in between. */
    for (uint32_t i = 0; i < list->count; i++) {
        const struct sj_order_report *report = &list->listed[i].report;
        if (report->kind == 0 || list->listed[i].claims > 0)
            continue;
        order_emit_foreign(orders, report, now_ns);
        if (orders->config.block_unknown_tags && report->instrument != 0 && works(report) &&
            sj_order_tag_valid(report->custom_field))
            block_foreign(orders, report->instrument, now_ns);
    }
    for (uint32_t i = 0; i < old_count; i++) {
        if (--orders->blocks[old[i]] > 0)
            continue;
        orders->stats.blocked_count--;
        order_emit_block(orders, old[i], false, "the order with a tag like ours has ended", now_ns);
    }
}

static void end(struct sj_orders *orders, int64_t now_ns)
{
    struct list_session *list = &orders->list;
    struct listed *one;
    list->running = false;
    list->request = 0;
    orders->stats.lists++;
    for (uint32_t at = orders->open_first; at != NIL; at = orders->order[at].next)
        if (is_nameless(orders, &orders->order[at]))
            (void)candidates(orders, &orders->order[at], &one, 1);
    for (uint32_t at = orders->open_first, next; at != NIL; at = next) {
        next = orders->order[at].next;
        decide(orders, &orders->order[at], now_ns);
    }
    tell_foreign(orders, now_ns);
    orders->stats.reconciled = true;
    if (orders->stats.unknown_count > 0)
        order_list_want(orders, now_ns + orders->config.retry_ms * SJ_NS_PER_MS);
}

static void link_changed(struct sj_orders *orders, bool up, int64_t now_ns)
{
    struct list_session *list = &orders->list;
    orders->stats.link_up = up;
    orders->stats.reconciled = false;
    list->running = false;
    list->request = 0;
    if (up) {
        list->asked_ns = 0;
        order_list_want(orders, now_ns);
        order_list_time(orders, now_ns);
    }
}

void order_list_report(struct sj_orders *orders, const struct sj_order_report *report,
                       int64_t now_ns)
{
    struct list_session *list = &orders->list;
    if (report->kind == SJ_REPORT_LINK_UP || report->kind == SJ_REPORT_LINK_DOWN) {
        link_changed(orders, report->kind == SJ_REPORT_LINK_UP, now_ns);
        return;
    }
    bool ours = list->request != 0 && report->request_id == list->request;
    if (report->kind == SJ_REPORT_LIST_BEGIN && ours) {
        begin(orders);
        return;
    }
    if (!list->running || !ours)
        return;
    if (report->kind == SJ_REPORT_DEAL) {
        if (list->deal_count < LISTED_DEALS_MAX && report->quantity > 0 &&
            report->quantity != SJ_NULL_U32)
            list->deals[list->deal_count++] = *report;
        return;
    }
    take_named(orders, now_ns);
    if (report->kind == SJ_REPORT_LIST_END)
        end(orders, now_ns);
    else if (report->kind == SJ_REPORT_LISTED)
        list->named = *report;
}
