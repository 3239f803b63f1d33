/*
 * market.h: a stream to measure indicators on: a seeded random walk with the mix of a liquid
 * contract: three of four book updates change a quantity, the others move a price by a tick; every
 * third event is a trade of 1 to 20 lots, sides in runs, microseconds to seconds apart.
 */
#ifndef SJ_BENCH_INDICATOR_MARKET_H
#define SJ_BENCH_INDICATOR_MARKET_H

#include "shijim/event.h"

#define MARKET_ROWS 4096
#define MARKET_LEVELS 5

struct market {
    /* Columns of the best level, then of all of them: [level][row] */
    double bid_price[MARKET_LEVELS][MARKET_ROWS], bid_quantity[MARKET_LEVELS][MARKET_ROWS];
    double ask_price[MARKET_LEVELS][MARKET_ROWS], ask_quantity[MARKET_LEVELS][MARKET_ROWS];
    /* The same by row: bid prices, bid quantities, ask prices, ask quantities */
    double level[MARKET_ROWS][4][MARKET_LEVELS];
    double flow[MARKET_ROWS]; /* signed quantity */
    int64_t time_ns[MARKET_ROWS];
    /* One event a row: every third a trade. */
    union {
        struct sj_book book;
        struct sj_trade trade;
        struct sj_frame frame;
    } event[MARKET_ROWS];
};

void market_fill(struct market *market, uint64_t seed);

#endif
