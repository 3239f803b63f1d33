/*
 * order.h: the orders of one account: what is working, what became of each, and which request goes to
 * the broker next. Pure: time and the broker's words are handed in, requests and events go out
 * through `ops`; nothing waits, nothing is sent twice.
 *
 * Units    _e6, _ns, quantities as in shijim/event.h.
 * Errors   -SJ_E_FULL: no room for another order (orders.max_open). -SJ_E_UNKNOWN: no such order.
 *          What the broker says is never an error of a call: it becomes an event.
 * Threads  [owner] one thread.
 * Memory   all reserved by create.
 */
#ifndef SJ_ORDER_ORDER_H
#define SJ_ORDER_ORDER_H

#include "event/event.h"
#include "shijim/rc.h"
#include "shijim/strategy.h" /* enum sj_order_state */

enum sj_order_request_kind {
    SJ_REQUEST_PLACE = 1,
    SJ_REQUEST_CANCEL,
    SJ_REQUEST_PRICE,
    SJ_REQUEST_QUANTITY,
    SJ_REQUEST_LIST, /* /order/trades of all accounts: the broker's truth */
};

/* One call to the broker, everything in it. The link (src/gateway/order_link.h) renders and sends it
 * and answers with sj_order_report events that carry request_id. */
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
    uint32_t quantity;
    int64_t price_e6;
    char order_id[24];    /* of the broker; for all but PLACE and LIST */
    char custom_field[8]; /* PLACE: our tag, at most 6 characters */
};

struct sj_order_ops {
    void *context;
    /* An event for the journal: sj_order_update, sj_fill, sj_control (BLOCK, UNBLOCK). Never fails. */
    void (*emit)(void *context, struct sj_frame *event);
    /* Takes a request to send; never waits. Negative when it cannot be taken now: the order is then
     * REJECTED by us (PLACE) or the change DENIED, and nothing was sent. */
    sj_rc (*send)(void *context, const struct sj_order_request *request);
};

#endif
