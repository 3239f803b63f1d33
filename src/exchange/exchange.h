/*
 * exchange.h: the matching engine: order books with price-time priority, call auctions, and the
 * order kinds of the Taiwan markets. Pure: no clock, no I/O, nothing random; the same calls in the
 * same order give the same fills. The broker simulator and the backtester both use it.
 *
 * Units    rung: a price as its index on the instrument's ladder of valid prices (market/ladder.h),
 *          0 = limit down, rung_count - 1 = limit up. quantity: lots (shares in odd-lot books).
 * Errors   -SJ_E_RANGE: a book, rung, side or quantity outside its range. -SJ_E_LIMIT: every order
 *          slot is taken. -SJ_E_UNKNOWN: no such order (filled, cancelled or never there).
 *          -SJ_E_REFUSED: the book is closed, or the change would raise a quantity.
 * Threads  [owner] one thread owns an exchange.
 * Memory   all reserved by create and open_book; no allocation afterwards.
 */
#ifndef SJ_EXCHANGE_EXCHANGE_H
#define SJ_EXCHANGE_EXCHANGE_H

#include "event/event.h"
#include "shijim/rc.h"

#define SJ_EXCHANGE_QUANTITY_MAX 100000000u
#define SJ_EXCHANGE_RUNG_MAX (1 << 20)

enum sj_exchange_phase {
    SJ_PHASE_CLOSED,     /* nothing is accepted; resting orders stay */
    SJ_PHASE_AUCTION,    /* orders gather, may cross; sj_exchange_uncross matches them */
    SJ_PHASE_CONTINUOUS, /* orders match on arrival; the book is never crossed */
};

enum sj_price_type { SJ_PRICE_LMT = 1, SJ_PRICE_MKT, SJ_PRICE_MKP };
enum sj_time_in_force { SJ_TIF_ROD = 1, SJ_TIF_IOC, SJ_TIF_FOK };

/* An order coming in. MKT reaches to the limit price. MKP (a market order with protection) reaches
 * `protection_rungs` behind the best price of its own side (TAIFEX) and no further; what is left
 * of a ROD one rests there. In an auction only ROD is accepted and MKT and MKP stand at the limit
 * price. */
struct sj_exchange_order {
    uint32_t book;
    int32_t rung; /* LMT only */
    uint32_t quantity;
    uint32_t owner; /* the caller's tag, handed back in fills; 0 is as good as any */
    uint8_t side;   /* enum sj_side */
    uint8_t price_type;
    uint8_t time_in_force;
    uint8_t protection_rungs;
};

/* What became of it. filled + resting + cancelled == quantity. */
struct sj_exchange_result {
    uint64_t id; /* 0 when nothing rests */
    uint32_t filled;
    uint32_t resting;
    uint32_t cancelled;
    int32_t rung; /* where the rest stands */
};

/* One match. In an auction taker_side is SJ_SIDE_NONE and the buyer is the "taker". */
struct sj_exchange_fill {
    uint32_t book;
    int32_t rung;
    uint32_t quantity;
    uint8_t taker_side;
    uint32_t maker_owner;
    uint32_t taker_owner;
    uint64_t maker_id;
    uint64_t taker_id; /* 0 for an order that has not rested yet */
    uint32_t maker_left;
};

/* Called for each fill, inside submit, reprice and uncross. Must not call the exchange. */
typedef void (*sj_exchange_fill_fn)(void *context, const struct sj_exchange_fill *fill);

struct sj_exchange_engine;

/* An exchange of `book_count` books (all closed and without a ladder) sharing `order_max` slots. */
SJ_MUST_USE sj_rc sj_exchange_create(uint32_t book_count, uint32_t order_max,
                                     sj_exchange_fill_fn on_fill, void *context,
                                     struct sj_exchange_engine **ret_exchange);
void sj_exchange_close(struct sj_exchange_engine *exchange);

/* Gives a book its ladder of `rung_count` prices. Once per book, before any order. */
SJ_MUST_USE sj_rc sj_exchange_open_book(struct sj_exchange_engine *exchange, uint32_t book,
                                        uint32_t rung_count);

/* Changes the phase. Leaving an auction for CONTINUOUS uncrosses first when the book is crossed
 * (reference: the last or reference price's rung, breaks ties). */
SJ_MUST_USE sj_rc sj_exchange_set_phase(struct sj_exchange_engine *exchange, uint32_t book,
                                        enum sj_exchange_phase phase, int32_t reference_rung);
enum sj_exchange_phase sj_exchange_phase(const struct sj_exchange_engine *exchange, uint32_t book);

SJ_MUST_USE sj_rc sj_exchange_submit(struct sj_exchange_engine *exchange,
                                     const struct sj_exchange_order *order,
                                     struct sj_exchange_result *ret_result);

/* Takes the rest of an order out. Gives the quantity that was left. */
SJ_MUST_USE sj_rc sj_exchange_cancel(struct sj_exchange_engine *exchange, uint64_t id,
                                     uint32_t *ret_quantity);

/* Lowers what is left of an order by `quantity`; it keeps its place in the queue. Taking all of
 * it is a cancel. */
SJ_MUST_USE sj_rc sj_exchange_reduce(struct sj_exchange_engine *exchange, uint64_t id,
                                     uint32_t quantity);

/* Moves an order to another price, at the back of the queue there (and matches if it crosses).
 * The order has a new id afterwards: in the result. */
SJ_MUST_USE sj_rc sj_exchange_reprice(struct sj_exchange_engine *exchange, uint64_t id,
                                      int32_t rung, struct sj_exchange_result *ret_result);

/* Best rung of a side, or -1 when it is empty. */
int32_t sj_exchange_best(const struct sj_exchange_engine *exchange, uint32_t book,
                         enum sj_side side);

/* The next occupied rung behind `rung` (lower for bids, higher for asks), or -1. */
int32_t sj_exchange_behind(const struct sj_exchange_engine *exchange, uint32_t book,
                           enum sj_side side, int32_t rung);

/* Quantity and number of orders resting at a rung. */
uint64_t sj_exchange_quantity(const struct sj_exchange_engine *exchange, uint32_t book,
                              enum sj_side side, int32_t rung);
uint32_t sj_exchange_count(const struct sj_exchange_engine *exchange, uint32_t book,
                           enum sj_side side, int32_t rung);

/* Id of the youngest order of `owner` at a rung (looks at 16 at most), or 0. */
uint64_t sj_exchange_youngest(const struct sj_exchange_engine *exchange, uint32_t book,
                              enum sj_side side, int32_t rung, uint32_t owner);

/* What is left of an order, or 0. */
uint32_t sj_exchange_left(const struct sj_exchange_engine *exchange, uint64_t id);

/* The price at which a call auction would match now: the most volume, then the least left over at
 * that price, then nearest to `reference_rung`. Returns the volume (0: no match, *ret_rung is not
 * written). */
uint64_t sj_exchange_indicative(const struct sj_exchange_engine *exchange, uint32_t book,
                                int32_t reference_rung, int32_t *ret_rung);

/* Matches an auction book at its indicative price. Returns the volume. */
uint64_t sj_exchange_uncross(struct sj_exchange_engine *exchange, uint32_t book,
                             int32_t reference_rung, int32_t *ret_rung);

/* Slots in use, over all books. */
uint32_t sj_exchange_order_count(const struct sj_exchange_engine *exchange);

#endif
