/* order_private.h: the inside of the orders, shared by the room's files. */
#ifndef SJ_ORDER_ORDER_PRIVATE_H
#define SJ_ORDER_ORDER_PRIVATE_H

#include "order/machine.h"
#include "order/map.h"
#include "order/order.h"
#include "order/tag.h"

#include "base/assert.h"
#include "base/clock.h"

#include <string.h>

#define NIL UINT32_MAX
#define ORPHANS_MAX 256
#define FOREIGN_MAX 4096
#define FOREIGN_BLOCKS_MAX 64
#define REQUESTS_SIZE 16384 /* requests remembered; a power of two */
#define CANCEL_TRIES_MAX 5

/* A deal that was counted. */
struct fill {
    uint64_t stream_key; /* its number on the stream; 0: not told there */
    uint64_t list_key;   /* its number in a list, or in the journal; 0: not told there */
    int64_t price_e6;
    int64_t exch_ns;
    uint32_t quantity;
    uint32_t next;
    uint32_t list_serial; /* of the last list in which it was found */
    bool streamed;        /* the stream told it */
};

struct order {
    uint64_t intent_id;
    uint64_t tag_key, id_key, seqno_key;                    /* in the indices; 0: not there */
    uint64_t place_request, change_request, cancel_request; /* unanswered; 0: none */
    int64_t price_e6;
    int64_t price_ns;    /* exchange time of that price */
    int64_t sent_ns;     /* when it was placed */
    int64_t deadline_ns; /* INT64_MAX: none */
    int64_t doubt_ns;    /* since when its arrival is in doubt; 0: it is not */
    uint32_t instrument, strategy;
    uint32_t quantity, filled, cancelled;
    uint32_t listed_filled; /* as the last list had it */
    uint32_t list_serial;   /* of the last list that named it */
    uint32_t first_fill;
    uint32_t prev, next;         /* list of the open, or of the ended */
    uint32_t due_prev, due_next; /* list of deadlines */
    int64_t wish_price_e6;       /* of the change under way */
    uint32_t wish_quantity;
    uint8_t change_kind; /* enum sj_order_request_kind */
    uint8_t cancel_tries;
    uint8_t state, side, price_type, time_in_force, order_cond, order_lot, octype, account;
    uint8_t daytrade_short;
    bool used;
    bool accepted;      /* restoring: its verdict was seen */
    bool acked;         /* the exchange had it */
    bool over;          /* the broker said that nothing works any more */
    bool cancel_wanted; /* until it is cancelled, ended or refused */
    bool cancel_sent;   /* and nothing since says that it had no effect */
    bool blocks;        /* it blocks its instrument */
    bool due;           /* in the list of deadlines */
    char order_id[24];
    char ordno[8];
    char seqno[16];
};

struct request_slot {
    uint64_t request_id;
    uint64_t intent_id; /* of the order then in that place */
    uint32_t order;
    uint8_t kind;
};

/* A listed order that matched none of ours by id or tag. */
struct listed {
    struct sj_order_report report;
    uint32_t claims; /* orders of ours that it could be */
};
#define LISTED_MAX 4096

#define LISTED_DEALS_MAX 1024

struct list_session {
    bool running;     /* between LIST_BEGIN and LIST_END */
    uint64_t request; /* asked, no end yet; 0: none */
    int64_t asked_ns;
    int64_t retry_ns; /* ask (again) then; INT64_MAX: no need */
    uint32_t serial;
    uint32_t count; /* of `listed` */
    bool overflowed;
    struct listed *listed;
    struct sj_order_report named;  /* the order named last; its kind 0: none */
    struct sj_order_report *deals; /* and its deals */
    uint32_t deal_count;
    uint32_t
        foreign_block[FOREIGN_BLOCKS_MAX]; /* instruments blocked by orders with strange tags */
    uint32_t foreign_block_count;
};

struct sj_orders {
    struct sj_orders_config config;
    const struct sj_instruments *instruments;
    struct sj_order_ops ops;
    struct order *order;
    uint32_t order_max;
    uint32_t free_order;            /* through next */
    uint32_t open_first, open_last; /* through prev, next */
    uint32_t ended_first, ended_last;
    uint32_t due_first, due_last;
    struct fill *fill;
    uint32_t free_fill;
    struct order_map by_intent, by_tag, by_id, by_seqno, foreign;
    struct request_slot *requests;
    uint64_t request_id;
    uint16_t *blocks; /* by instrument: how much is undecided in it */
    struct sj_order_report *orphans;
    int64_t *orphan_ns;
    uint32_t orphan_count;
    uint32_t nameless_count; /* open orders whose id is not known */
    uint32_t wanted_count;   /* cancels that wait to be sent */
    int64_t wanted_retry_ns;
    struct list_session list;
    bool same_numbers; /* list and stream were seen to number deals alike */
    bool restoring;
    struct sj_orders_stats stats;
};

/* orders_book.c: places, lists, indices. */
SJ_MUST_USE struct order *order_reserve(struct sj_orders *orders, uint64_t intent_id);
void order_forget(struct sj_orders *orders, struct order *order);
struct order *order_by_intent(const struct sj_orders *orders, uint64_t intent_id);
/* The order that a report speaks of, or NULL. */
struct order *order_of_report(const struct sj_orders *orders, const struct sj_order_report *report);
/* Takes over ids that the broker gave. True when order_id became known by it. */
bool order_learn(struct sj_orders *orders, struct order *order,
                 const struct sj_order_report *report);
void order_set_state(struct sj_orders *orders, struct order *order, enum sj_order_state state);
void order_set_deadline(struct sj_orders *orders, struct order *order, int64_t deadline_ns);
void order_block(struct sj_orders *orders, struct order *order, const char *why, int64_t now_ns);
void order_unblock(struct sj_orders *orders, struct order *order, int64_t now_ns);

/* order_fill.c: each deal counts once. False: it was counted before. */
bool order_add_deal(struct sj_orders *orders, struct order *order,
                    const struct sj_order_report *deal, int64_t now_ns);
/* Leaves of `deals` (those of one listed order) the unknown ones, in their order; their count. */
uint32_t order_unknown_deals(struct sj_orders *orders, struct order *order,
                             struct sj_order_report *deals, uint32_t count);
void order_keep_deal(struct sj_orders *orders, struct order *order,
                     const struct sj_order_report *deal, bool streamed);
static inline uint32_t order_index(const struct sj_orders *orders, const struct order *order)
{
    return (uint32_t)(order - orders->order);
}
/* What is not filled. */
static inline uint32_t order_rest(const struct order *order)
{
    return order->filled < order->quantity ? order->quantity - order->filled : 0;
}
static inline uint32_t order_left(const struct order *order)
{
    uint32_t gone = order->filled + order->cancelled;
    return order->over || sj_order_ended((enum sj_order_state)order->state) ||
                   gone >= order->quantity
               ? 0
               : order->quantity - gone;
}

/* order_emit.c */
struct order_word { /* what an update repeats of the broker's words */
    const char *text;
    const char *op_code;
    int32_t status;
    int64_t exch_ns;
};
void order_emit_update(struct sj_orders *orders, const struct order *order,
                       enum sj_order_state from, enum sj_order_input cause,
                       const struct order_word *word, int64_t now_ns);
void order_emit_fill(struct sj_orders *orders, const struct order *order,
                     const struct sj_order_report *deal, int64_t now_ns);
void order_emit_block(struct sj_orders *orders, uint32_t instrument, bool block, const char *why,
                      int64_t now_ns);
void order_emit_foreign(struct sj_orders *orders, const struct sj_order_report *report,
                        int64_t now_ns);

/* order.c */
/* One input to the machine, its event and what follows of it. */
void order_step(struct sj_orders *orders, struct order *order, enum sj_order_input input,
                const struct order_word *word, int64_t now_ns);
/* Sends the cancel of an order that wants it, when that is possible now. */
void order_send_cancel(struct sj_orders *orders, struct order *order, int64_t now_ns);
/* Cancels an open order, now or as soon as it can be. */
void order_want_cancel(struct sj_orders *orders, struct order *order, int64_t now_ns);
/* Hands a request to the link: its id, or 0 when the link does not take it. */
uint64_t order_request(struct sj_orders *orders, struct order *order,
                       enum sj_order_request_kind kind, uint32_t quantity, int64_t price_e6);
void order_describe(struct order *order, const struct sj_intent *intent, int64_t now_ns);

/* order_report.c */
void order_report_apply(struct sj_orders *orders, struct order *order,
                        const struct sj_order_report *report, int64_t now_ns);
void order_report_adopt_orphans(struct sj_orders *orders, struct order *order, int64_t now_ns);
void order_report_expire_orphans(struct sj_orders *orders, int64_t now_ns);
/* The input that a deal is, once counted. */
enum sj_order_input order_report_deal_input(struct order *order);
struct order_word order_report_word(const struct sj_order_report *report);

/* order_list.c */
void order_list_report(struct sj_orders *orders, const struct sj_order_report *report,
                       int64_t now_ns);
/* The list is asked for at `at_ns`, or before. */
void order_list_want(struct sj_orders *orders, int64_t at_ns);
void order_list_failed(struct sj_orders *orders, int64_t now_ns);
void order_list_time(struct sj_orders *orders, int64_t now_ns);
int64_t order_list_due_ns(const struct sj_orders *orders);

#endif
