/*
 * venue.h: the exchange of a backtest, for one instrument: its book, our orders in it, and what
 * comes of them.
 *
 * Our orders move nothing: the recorded market goes on as it did. A resting order fills when trades
 * pass its price, or reach it through its queue, or when the other side's best price comes to it.
 *
 * In an auction nothing meets: orders rest, and its trade (a print) fills those with a better price
 * at its own, and those at its price through their queue. A blind venue has trades alone and no
 * book: what could trade as it comes fills at the next print, what rests fills when one passes its
 * price; a place in a queue is not known there, so a print at the very price fills nothing.
 *
 * Units    quantity of orders: lots. Keys as in book.h. at_ns: ns UTC.
 * Errors   -ENOMEM, -SJ_E_LIMIT: more of something than there is room for.
 * Threads  one owner.
 * Memory   what the book's levels and the resting orders take; it grows with them.
 */
#ifndef SJ_BACKTEST_VENUE_H
#define SJ_BACKTEST_VENUE_H

#include "backtest/feed.h"
#include "backtest/queue.h"

#define SJ_BT_ORDERS_MAX 4096 /* that rest, on each side */

enum sj_bt_request_kind { SJ_BT_PLACE, SJ_BT_CANCEL, SJ_BT_REPRICE, SJ_BT_REDUCE, SJ_BT_LIST };

struct sj_bt_request {
    int64_t at_ns; /* at the exchange */
    uint64_t order, number;
    uint64_t request_id; /* of src/order; 0: nobody waits for an answer */
    int64_t price_e6;
    double mid; /* when it was decided, as we saw it; NaN: no book */
    uint32_t instrument, strategy;
    uint32_t quantity; /* REDUCE: what shall still work, or, with `less`, how much less */
    uint8_t kind, side, time_in_force;
    bool market; /* at any price */
    bool odd;    /* of the odd-lot book */
    bool less;
};
SJ_BT_RING(sj_bt_requests, struct sj_bt_request);

enum sj_bt_report_kind {
    SJ_BT_WORKING,
    SJ_BT_FILLED, /* some or all of it */
    SJ_BT_EXPIRED,
    SJ_BT_CANCELLED,
    SJ_BT_CHANGED,
    SJ_BT_DENIED, /* there is no such order any more */
    SJ_BT_REJECTED,
    SJ_BT_LIST_BEGINS,
    SJ_BT_LISTED, /* an order that works */
    SJ_BT_LIST_ENDS
};

struct sj_bt_report {
    int64_t exch_ns; /* when it happened */
    int64_t at_ns;   /* when we know; the run puts it in */
    uint64_t order, number;
    uint64_t answers; /* the request of src/order that this is the first word about; 0: none */
    int64_t price_e6; /* of the fill; of the order else */
    int64_t limit_e6; /* of the order */
    uint32_t instrument, strategy;
    uint32_t quantity; /* of the fill; of the order else */
    uint32_t left;
    uint32_t reduced; /* taken off the order since it was placed */
    uint8_t kind, side;
    uint8_t request; /* enum sj_bt_request_kind */
    bool maker;
    double unit;     /* money of one lot at a price of 1 */
    double queue;    /* what stood before it in its level when it came to rest; NaN: unknown */
    double mid;      /* of its request */
    const char *why; /* REJECTED */
};
SJ_BT_RING(sj_bt_reports, struct sj_bt_report);

struct sj_bt_resting {
    uint64_t order, number;
    struct sj_bt_queue queue;
    double first_front, mid;
    int64_t place; /* ns: when it came to rest */
    uint32_t strategy;
    int32_t key;
    uint32_t quantity, left; /* quantity: as placed, less what was taken off */
    uint32_t reduced;
    uint8_t time_in_force;
    bool market;
    bool eager; /* blind: it could trade at the last price, and fills with the next print */
};

/* Between which keys our orders of each side lie; -1 and INT32_MAX: there is none. */
struct sj_bt_ends {
    int32_t front[2], back[2];
};

struct sj_bt_venue {
    struct sj_bt_book book;
    const struct sj_bt_prices *prices;
    struct sj_bt_queue_model model;
    bool partial;
    double lot; /* of the data's quantities */
    double unit;
    uint32_t instrument;
    bool auction, blind, closed;
    int32_t seen_from[2]; /* keys from here on have a known quantity */
    int32_t print_key;    /* a buy's, of the last print; blind venues, once printed */
    bool printed;
    int64_t place; /* l3_fifo: of the order that the next step is about */
    /* By side, the best first, at one price the oldest. */
    struct sj_bt_resting *resting[2];
    uint32_t count[2], room[2];
    struct sj_bt_ends ends;
    void *context;
    /* Every word of the exchange, as it happens. */
    sj_rc (*on_report)(void *context, struct sj_bt_report *report);
};

/* A venue without orders; the caller has set what is not the venue's own. */
SJ_MUST_USE sj_rc sj_bt_venue_init(struct sj_bt_venue *venue, int32_t keys);
void sj_bt_venue_done(struct sj_bt_venue *venue);

/* A request has come. */
SJ_MUST_USE sj_rc sj_bt_venue_request(struct sj_bt_venue *venue,
                                      const struct sj_bt_request *request);

/* A row of the market. */
SJ_MUST_USE sj_rc sj_bt_venue_step(struct sj_bt_venue *venue, const struct sj_bt_step *step);

/* An auction's trade, or one of a blind venue, at a buy's key. */
SJ_MUST_USE sj_rc sj_bt_venue_print(struct sj_bt_venue *venue, int64_t ts, int32_t key,
                                    double quantity);

/* There is a book again, after an auction or for the first time: what meets it fills at its best
 * price. Front: what is now seen to stand before orders of which it was not known. */
SJ_MUST_USE sj_rc sj_bt_venue_open(struct sj_bt_venue *venue, int64_t ts);
void sj_bt_venue_reveal(struct sj_bt_venue *venue);

/* The day of all orders is over. */
SJ_MUST_USE sj_rc sj_bt_venue_expire(struct sj_bt_venue *venue, int64_t ts);

/* Tells of every order that works. */
SJ_MUST_USE sj_rc sj_bt_venue_list(struct sj_bt_venue *venue, int64_t now_ns);

/* Without our orders nothing but the book changes. */
static inline void sj_bt_book_step(struct sj_bt_book *book, const struct sj_bt_step *step)
{
    if (__builtin_expect(step->kind == SJ_BT_DEPTH, 1))
        (void)sj_bt_book_set(book, step->side, step->key, step->quantity);
    else if (step->kind == SJ_BT_CLEAR || step->kind == SJ_BT_ORDER_WIPE)
        sj_bt_book_clear(book, step->side, step->key);
}

/* Whether a step may do something to orders that lie within `ends`; false for most steps. */
static inline bool sj_bt_touches(const struct sj_bt_book *book, const struct sj_bt_ends *ends,
                                 const struct sj_bt_step *step)
{
    unsigned side = step->side;
    if (__builtin_expect(step->kind == SJ_BT_DEPTH, 1)) {
        if (step->key <= ends->front[side] && step->key >= ends->back[side])
            return true;
        return step->key > book->best[side] && sj_bt_meets(book, step->key, ends->front[!side]);
    }
    if (step->kind >= SJ_BT_ORDER_WIPE)
        return step->kind == SJ_BT_ORDER_WIPE ||
               (step->key <= ends->front[side] && step->key >= ends->back[side]);
    return step->kind == SJ_BT_TRADE && step->key <= ends->front[!side];
}

#endif
