/*
 * market.h: a small made-up market for the store's tests and benches: seeded, so that every run
 * gives the same frames. Prices walk on their ticks, volumes and amounts add up, times rise.
 */
#ifndef SJ_TESTS_STORE_MARKET_H
#define SJ_TESTS_STORE_MARKET_H

#include "event/event.h"

#include <stddef.h>

#define MARKET_INSTRUMENTS_MAX 2048

struct market_instrument {
    struct sj_instrument definition;
    int64_t price_e6;
    int64_t open_e6;
    int64_t high_e6;
    int64_t low_e6;
    int64_t volume;
    int64_t amount_e6;
    int64_t bid_side_vol;
    int64_t ask_side_vol;
    uint32_t bid_side_cnt;
    uint32_t ask_side_cnt;
};

struct market {
    uint64_t random;
    uint64_t seq;
    int64_t time_ns;
    int64_t step_ns; /* mean time between events */
    uint32_t instrument_count;
    uint32_t trade_percent; /* the rest are books */
    struct market_instrument instruments[MARKET_INSTRUMENTS_MAX];
};

/* A market of `instrument_count` futures at `rate` events a second, from `time_ns` on. */
void market_init(struct market *market, uint64_t seed, uint32_t instrument_count,
                 uint32_t trade_percent, uint32_t rate, int64_t time_ns);

/* The definition of instrument 1 .. instrument_count as a frame with the next sequence. */
void market_definition(struct market *market, uint32_t id, struct sj_instrument *ret);

/* The next trade or book with its sequence; `buffer` holds SJ_EVENT_SIZE_MAX. Returns its size. */
size_t market_next(struct market *market, void *buffer);
void market_trade(struct market *market, struct sj_trade *ret);
void market_book(struct market *market, struct sj_book *ret);

#endif
