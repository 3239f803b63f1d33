/*
 * world.h: a random market, broker and risk around one strategy: orders are acknowledged, filled in
 * parts, refused, rejected, lost in doubt, and changes denied, all from one source of random
 * numbers. What the strategy asks for is held against rules; the first breach is kept as a line of
 * text.
 *
 * Without cmocka: the fuzzer uses it, too.
 */
#ifndef SJ_TESTS_STRATEGY_WORLD_H
#define SJ_TESTS_STRATEGY_WORLD_H

#include "strategy/host.h"

#define WORLD_ORDERS_MAX 256
#define WORLD_INSTRUMENTS 2

/* What an instance must keep to. Zero: not checked. */
struct world_rules {
    uint8_t side;       /* the only one */
    int64_t limit_e6;   /* no price past it (with side) */
    uint32_t parent;    /* filled and working together, all orders of the run */
    uint32_t slice;     /* quantity of an order */
    uint32_t rounds;    /* changes of price */
    uint32_t one_order; /* 1: one open order an instrument; 2: one a side */
    uint32_t cap;       /* position with all that works toward it, either way */
    uint32_t calls_10s; /* intents in any 10 s */
    uint8_t time_in_force;
    bool passive; /* never at or through the opposite touch */
};

struct world_order {
    uint64_t id;
    int64_t price_e6, change_e6;
    uint32_t instrument, quantity, filled;
    uint8_t side, state, time_in_force, asked; /* asked: enum sj_intent_kind of what waits */
};

struct world {
    struct sj_instruments *instruments;
    struct sj_strategies *s;
    struct world_rules rules;
    uint64_t (*random)(void *context);
    void *random_context;
    int64_t now_ns;
    int64_t mid_ticks[WORLD_INSTRUMENTS + 1]; /* of the future, in ticks */
    uint64_t next_id;
    uint32_t order_count;
    struct world_order orders[WORLD_ORDERS_MAX]; /* those open */
    int64_t position[WORLD_INSTRUMENTS + 1];
    uint64_t bought, sold, intent_count, price_count, fill_count;
    int64_t call_ns[256]; /* a ring of the last 256 intents */
    uint32_t call_count;
    uint64_t disarm_count;
    uint64_t trace; /* a hash of all intents: two runs that agree agree in it */
    char breach[160];
};

/* The built-ins with parameters that make them busy, and what they must then keep to. */
struct world_case {
    const char *use;
    const char *const *params;
    struct world_rules rules;
};
extern const struct world_case world_cases[];
extern const uint32_t world_case_count;

/* `use` with parameters "name=value", NULL at the end. 0, or what add says (in breach). */
sj_rc world_open(struct world *world, const char *use, const char *const *params, bool guard,
                 const struct world_rules *rules, uint64_t (*random)(void *context), void *context);
void world_close(struct world *world);

/* One thing happens. False after a breach. */
bool world_step(struct world *world);

#endif
