/*
 * venue.h: the exchange of a backtest: its book, our orders in it, and what comes of them.
 *
 * Our orders move nothing: the recorded market goes on as it did. A resting order fills when trades
 * pass its price, or reach it through its queue, or when the other side's best price comes to it.
 *
 * Units    quantity of orders: lots. Keys as in book.h. at_ns: ns UTC.
 * Errors   -ENOMEM, -SJ_E_LIMIT: more of something than there is room for.
 * Threads  one owner.
 */
#ifndef SJ_BACKTEST_VENUE_H
#define SJ_BACKTEST_VENUE_H

#include "backtest/feed.h"
#include "backtest/latency.h"
#include "backtest/queue.h"

#define SJ_BT_ORDERS_MAX 4096

enum sj_bt_request_kind { SJ_BT_PLACE, SJ_BT_CANCEL, SJ_BT_REPRICE, SJ_BT_REDUCE };

struct sj_bt_request {
    int64_t at_ns; /* at the exchange */
    uint64_t order;
    int32_t key;
    uint32_t quantity; /* REDUCE: of the whole order, fills included */
    double mid;        /* when it was decided, as we saw it; NaN: no book */
    uint8_t kind, side, time_in_force;
    bool market; /* at any price */
};
SJ_BT_RING(sj_bt_requests, struct sj_bt_request);

enum sj_bt_report_kind {
    SJ_BT_WORKING,
    SJ_BT_FILLED, /* some or all of it */
    SJ_BT_EXPIRED,
    SJ_BT_CANCELLED,
    SJ_BT_CHANGED,
    SJ_BT_DENIED /* there is no such order any more */
};

struct sj_bt_report {
    int64_t exch_ns; /* when it happened */
    int64_t at_ns;   /* when we know */
    uint64_t order;
    int32_t key;       /* of the fill; of the order else */
    uint32_t quantity; /* of the fill; of the order else */
    uint32_t left;
    uint8_t kind, side;
    uint8_t request; /* DENIED, CHANGED: enum sj_bt_request_kind */
    bool maker;
    double queue; /* what stood before it in its level when it came to rest */
    double mid;   /* of its request */
};
SJ_BT_RING(sj_bt_reports, struct sj_bt_report);

struct sj_bt_resting {
    uint64_t order;
    struct sj_bt_queue queue;
    double first_front, mid;
    int32_t key;
    uint32_t quantity, left;
};

struct sj_bt_venue {
    struct sj_bt_book book;
    struct sj_bt_queue_model model;
    bool partial;
    double lot;
    struct sj_bt_way way; /* of reports to us */
    /* By side, the best first, at one price the oldest. */
    struct sj_bt_resting *resting[2];
    uint32_t count[2];
    struct sj_bt_reports reports;
    void *context;
    void (*on_report)(void *context, const struct sj_bt_report *report);
};

SJ_MUST_USE sj_rc sj_bt_venue_init(struct sj_bt_venue *venue);
void sj_bt_venue_done(struct sj_bt_venue *venue);

/* A request has come. */
SJ_MUST_USE sj_rc sj_bt_venue_request(struct sj_bt_venue *venue,
                                      const struct sj_bt_request *request);

/* A row of the market. */
SJ_MUST_USE sj_rc sj_bt_venue_step(struct sj_bt_venue *venue, const struct sj_bt_step *step);

/* Without our orders nothing but the book changes. */
static inline void sj_bt_book_step(struct sj_bt_book *book, const struct sj_bt_step *step)
{
    if (__builtin_expect(step->kind == SJ_BT_DEPTH, 1))
        (void)sj_bt_book_set(book, step->side, step->key, step->quantity);
    else if (step->kind == SJ_BT_CLEAR)
        sj_bt_book_clear(book, step->side, step->key);
}

#endif
