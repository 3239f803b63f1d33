/*
 * order.h: the orders of one account: what is working, what became of each, and which request goes
 * to the broker next. Pure: time and the broker's words are handed in, requests and events go out
 * through `ops`; nothing waits, nothing is sent twice.
 *
 *     sj_orders_create(&config, instruments, &ops, &orders)
 *     sj_orders_restore(orders, event) for each journalled event, sj_orders_restored(orders, now)
 *     then, in the order in which things happen:
 *     sj_orders_intent(orders, &accepted, now)   sj_orders_report(orders, &report, now)
 *     sj_orders_time(orders, now)
 *
 * Units    _e6, _ns, quantities as in shijim/event.h.
 * Errors   -SJ_E_FULL: no room for another order (orders.max_open). -SJ_E_UNKNOWN: no such order.
 *          What the broker says is never an error of a call: it becomes an event.
 * Threads  [owner] one thread.
 * Memory   all reserved by create. Every call is O(1) but for lists and their ends.
 */
#ifndef SJ_ORDER_ORDER_H
#define SJ_ORDER_ORDER_H

#include "event/event.h"
#include "event/instruments.h"
#include "order/machine.h"
#include "order/orders_config.h"
#include "shijim/rc.h"
#include "shijim/strategy.h" /* enum sj_order_state */

enum sj_order_request_kind {
    SJ_REQUEST_PLACE = 1,
    SJ_REQUEST_CANCEL,
    SJ_REQUEST_PRICE,
    SJ_REQUEST_QUANTITY,
    SJ_REQUEST_LIST, /* /order/trades of all accounts: the broker's truth */
};

/* One call to the broker, everything in it. The link (src/gateway/order_link.h) renders and sends
 * it and answers with sj_order_report events that carry request_id: exactly one that closes it, an
 * answer or a TIMEOUT (for LIST: LIST_END or TIMEOUT). */
struct sj_order_request {
    uint64_t request_id; /* counts from 1 in a run; 0 is none */
    uint64_t intent_id;
    uint32_t instrument;
    uint8_t kind; /* enum sj_order_request_kind */
    uint8_t side;
    uint8_t price_type;
    uint8_t time_in_force;
    uint8_t order_cond;
    uint8_t order_lot;
    uint8_t octype;
    uint8_t account;
    uint8_t daytrade_short;
    uint32_t quantity; /* QUANTITY: what update_qty takes (orders.quantity_meaning) */
    int64_t price_e6;
    char order_id[24];    /* of the broker; for all but PLACE and LIST */
    char custom_field[8]; /* PLACE: our tag, at most 6 characters */
};

struct sj_order_ops {
    void *context;
    /* An event for the journal: sj_order_update, sj_fill, sj_control (BLOCK, UNBLOCK). Never fails.
     * A deal gives first the fill, then the update. Updates are given also when the state stays
     * (a change accepted or denied, a further fill); `cause` (enum sj_order_input) says which. */
    void (*emit)(void *context, struct sj_frame *event);
    /* Takes a request to send; never waits. Negative when it cannot be taken now: the order is then
     * REJECTED by us (PLACE) or the change DENIED, and nothing was sent; cancels are tried again.
     */
    sj_rc (*send)(void *context, const struct sj_order_request *request);
};

struct sj_orders;

/* `instruments` may be NULL (then combos cannot be told by their code); it must outlive the orders.
 * -ENOMEM. */
SJ_MUST_USE sj_rc sj_orders_create(const struct sj_orders_config *config,
                                   const struct sj_instruments *instruments,
                                   const struct sj_order_ops *ops, struct sj_orders **ret_orders);
void sj_orders_close(struct sj_orders *orders);

/* An intent that risk has accepted. PLACE: NONE -> PENDING is emitted, then the request is sent;
 * what is not supported (combos, GTX) is REFUSED by name. Others refer to target_id; one that does
 * not fit the order's state is answered with CHANGE_DENIED. -SJ_E_FULL: max_open. -EEXIST: the
 * intent was seen before; nothing is sent. -SJ_E_UNKNOWN: no order of target_id. -SJ_E_RANGE:
 * intent id 0 or an unknown kind. */
SJ_MUST_USE sj_rc sj_orders_intent(struct sj_orders *orders, const struct sj_intent *accepted,
                                   int64_t now_ns);

/* What the broker, or the link to it, said. */
void sj_orders_report(struct sj_orders *orders, const struct sj_order_report *report,
                      int64_t now_ns);

/* Looks for what is due: acknowledgements that did not come, lists to ask for again, cancels still
 * to be sent. Cheap when nothing is. */
void sj_orders_time(struct sj_orders *orders, int64_t now_ns);

/* Asks for the memory that an order of that intent, the next to come, will take. */
void sj_orders_warm(const struct sj_orders *orders, uint64_t next_intent_id);

/* When sj_orders_time has something to do next; INT64_MAX: never. */
int64_t sj_orders_due_ns(const struct sj_orders *orders);

/* Asks the broker for its list. -SJ_E_FULL and the like: the link cannot take it now; it is asked
 * again by sj_orders_time. Not needed after LINK_UP, which does the same. */
sj_rc sj_orders_reconcile(struct sj_orders *orders, int64_t now_ns);

/* One journalled event of earlier runs (INTENT, VERDICT, ORDER, FILL; others are ignored), oldest
 * first, before anything else. Nothing is emitted. */
void sj_orders_restore(struct sj_orders *orders, const struct sj_frame *event);

/* All were given: whatever is open is in doubt now (accepted intents, too, of which no request is
 * known), which is emitted; the list is asked for at the next LINK_UP. */
void sj_orders_restored(struct sj_orders *orders, int64_t now_ns);

/* Where an order stands. */
struct sj_order_view {
    uint64_t intent_id;
    uint32_t instrument;
    uint32_t strategy;
    uint32_t quantity;
    uint32_t filled;
    uint32_t left; /* may still be filled; 0 when it has ended */
    int64_t price_e6;
    uint8_t state; /* enum sj_order_state */
    uint8_t side;
    uint8_t order_lot;
    uint8_t account;
    bool cancel_wanted;
    char order_id[24];
};
bool sj_orders_find(const struct sj_orders *orders, uint64_t intent_id,
                    struct sj_order_view *ret_view);

/* The open orders one after the other: start with *cursor = 0; false at the end. No order may be
 * reported or placed between two calls. */
bool sj_orders_open_next(const struct sj_orders *orders, uint32_t *cursor,
                         struct sj_order_view *ret_view);

/* Cancels every open order (of a strategy, of an instrument; 0: of all). What cannot be cancelled
 * yet (no id, no room at the link, in doubt) is as soon as it can. Returns how many it concerns. */
uint32_t sj_orders_cancel_all(struct sj_orders *orders, uint32_t strategy, uint32_t instrument,
                              int64_t now_ns);

/* Tells again (cause 0, no change) where each open order of a strategy stands, for one that has
 * just come. Returns how many. */
uint32_t sj_orders_tell(struct sj_orders *orders, uint32_t strategy, int64_t now_ns);

/* Whether new orders of an instrument are blocked by something undecided. */
bool sj_orders_blocked(const struct sj_orders *orders, uint32_t instrument);

struct sj_orders_stats {
    uint32_t open_count;
    uint32_t unknown_count; /* of these, in doubt */
    uint32_t blocked_count; /* instruments */
    bool link_up;
    bool reconciled; /* a list was worked through since the last LINK_UP */
    uint64_t placed, filled, cancelled, rejected, refused;
    uint64_t late, odd; /* words repeated or overtaken; words that contradict */
    uint64_t duplicate_deals;
    uint64_t foreign; /* reports of orders that are none of ours */
    uint64_t timeouts;
    uint64_t lists, lists_failed;
    uint64_t adopted_deals;   /* from lists: their reports were missed */
    uint64_t orphans_dropped; /* early reports that found no room to wait */
};
void sj_orders_stats(const struct sj_orders *orders, struct sj_orders_stats *ret_stats);

#endif
