/* A market, a broker and a journal around one decide: seeded, and without a clock. */
#ifndef SJ_TESTS_DECIDE_WORLD_H
#define SJ_TESTS_DECIDE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rng.h"
#include "decide/decide.h"

#define WORLD_ORDERS_MAX 4096
#define WORLD_LOG_SIZE (32u << 20)
#define FUTURE 1u
#define USER 50u
#define DAY_NS (INT64_C(1795410000) * SJ_NS_PER_S) /* 2026-11-23 13:00 Taipei */
#define E6 INT64_C(1000000)

/* An order as the broker has it. */
struct world_order {
    struct sj_order_request request;
    char id[24];
    uint32_t filled;
    int64_t price_e6;
    bool open;
};

/* Frames back to back, as a ring or a journal holds them. */
struct world_log {
    uint8_t *bytes;
    size_t size;
    uint64_t seq;
};

struct world {
    struct sj_decide *decide;
    struct sj_instruments *instruments;
    struct sj_market_rules *rules;
    struct sj_risk_config risk;
    struct sj_orders_config orders_config;
    struct world_log own;    /* what decide published */
    struct world_log market; /* what it was fed, source 1 */
    struct world_log asked;  /* what a strategy's process said, source USER */
    struct sj_order_request pending[WORLD_ORDERS_MAX];
    uint32_t pending_count;
    struct world_order orders[WORLD_ORDERS_MAX];
    uint32_t order_count;
    uint32_t deal_count;
    uint32_t placed, cancels, trips, panics_done, account_asked;
    int64_t position; /* the broker's */
    int64_t now_ns;
    int64_t mid_e6;
    bool ring_full;
    bool mute;   /* a run again: the requests go nowhere */
    bool taker;  /* set before begin: another strategy, which orders from within an event */
    bool singly; /* events come by sj_decide_next, a few of them at one time, not in batches */
    struct sj_rng rng;
};

struct world *world_create(uint64_t seed);
/* The same, with the feed watched. */
struct world *world_watched(uint64_t seed, int64_t feed_loss_ns, bool kills);
void world_done(struct world *world);

/* Adds touch_quoter on FUTURE with a step; then START, LINK_UP and an empty list: ready. */
void world_begin(struct world *world, const char *step);

/* Adds the strategy "apart", whose process writes source USER; NULL: the parameter's default. */
uint32_t world_add_process(struct world *world, const char *on_end);
/* START, LINK_UP and an empty list. */
void world_ready(struct world *world);
/* One event of that process; one batch. */
void world_ask(struct world *world, struct sj_frame *event);

/* Feeds what a journal holds to a decide that was made alike: the own ring's inputs, and what was
 * read from others by the notes of batches. */
void world_feed_again(struct world *again, const struct world *world);

/* One book (and nothing else) at a touch of mid -1, +1; one batch. */
void world_book(struct world *world, int64_t mid);
/* Time passes: what is due happens. */
void world_pass(struct world *world, int64_t ns);
/* The broker answers the pending requests, all of them, in order. */
void world_answer(struct world *world);
/* It fills `quantity` of an order. */
void world_deal(struct world *world, struct world_order *order, uint32_t quantity);
void world_report(struct world *world, enum sj_report_kind kind, enum sj_report_source source);
void world_control(struct world *world, enum sj_control_kind kind, enum sj_control_source source);
void world_snapshot(struct world *world);

/* The first event of a type at or behind *at, which moves behind it; NULL: no more. */
const struct sj_frame *world_next(const struct world_log *log, size_t *at, uint16_t type);
uint32_t world_count(const struct world_log *log, uint16_t type);

/* Another decide with the same configuration, which publishes into its own log. */
struct world *world_again(const struct world *world);

#endif
