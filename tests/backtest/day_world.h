/* A made-up day in a journal, and a strategy that does what a script says. */
#ifndef DAY_WORLD_H
#define DAY_WORLD_H

#include "backtest/run.h"

#define SCRIPT_MAX 32
#define FILLS_MAX 256

/* 2026-11-24, Taipei. */
#define AT(hour, minute, second)                                                                   \
    ((INT64_C(1795478400) + ((hour)-8) * 3600 + (minute)*60 + (second)) * 1000000000)
#define MS INT64_C(1000000)
#define E6 INT64_C(1000000)
#define STOCK 1
#define FUTURE 2
#define OTHER 3

struct act {
    int64_t at_ns;
    struct sj_strategy_order order; /* with `cancels` unused */
    uint32_t cancels;               /* cancels that act's order, counted from 1 */
    int64_t reprice_e6;             /* with `cancels`: a new price instead */
};

struct world {
    char dir[64], second_dir[64];
    struct sj_journal *journal;
    uint64_t seq[64];
    struct sj_bt_options options;
    struct sj_bt_result result;
    char error[SJ_BT_ERROR_MAX];
    struct sj_bt_fill_row fills[FILLS_MAX];
    uint32_t fill_count;
    uint32_t expired, refused, cancelled;
    uint64_t digest; /* of every event that was published */
    double equity;   /* the last sample's */
};

/* What the scripted strategy is to do, and what it saw. */
extern struct act script[SCRIPT_MAX];
extern uint32_t script_count;
struct seen {
    uint32_t events, gaps, fills, rejected, early; /* early: seen before it was received */
    int64_t last_ns;
    bool backwards;
    int64_t position;
    char reason[64];
};
extern struct seen seen;
extern const struct sj_strategy_plugin scripted;

int day_setup(void **state);
int day_teardown(void **state);

/* Events of source 1, received at `recv_ns`. */
void put(struct world *world, uint32_t src, void *frame, int64_t exch_ns, int64_t recv_ns);
void put_definition(struct world *world, uint32_t id, int64_t now_ns);
void put_trade(struct world *world, uint32_t id, int64_t at_ns, int64_t price_e6, uint32_t volume,
               uint32_t flags);
/* One level a side; volume 0: none. */
void put_book(struct world *world, uint32_t id, int64_t at_ns, int64_t bid_e6, uint32_t bids,
              int64_t ask_e6, uint32_t asks, uint32_t flags);
void close_journal(struct world *world);

void act(struct act one);
struct act limit_order(int64_t at_ns, uint32_t id, enum sj_side side, uint32_t quantity,
                       int64_t price_e6);
sj_rc run_day(struct world *world);

#endif
