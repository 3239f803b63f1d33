/*
 * source.h: where market data comes from: a synthetic market or the replay of a journal. A source
 * keeps the current state of every feed and says which feed changed; the server renders from there.
 *
 * Units    _ns: UTC nanoseconds, the market's own (virtual) time. _e6: millionths.
 * Threads  [owner]. emit, fill and the calls on a source nest: emit must not call the source.
 * Memory   reserved at create; run does not allocate.
 */
#ifndef SJ_BROKERSIM_SOURCE_H
#define SJ_BROKERSIM_SOURCE_H

#include "base/tw_time.h"
#include "brokersim/universe.h"
#include "exchange/exchange.h"

/* What changed in a feed: each has a topic of its own (a made-up market quotes all changes). */
#define SJ_SIM_TICK 1u
#define SJ_SIM_BOOK 2u
#define SJ_SIM_INDEX 4u
#define SJ_SIM_QUOTE 8u

/* A feed as the wire would show it now. For an index: price, open, high, low of `quote`. */
struct sj_sim_state {
    struct sj_quote quote;
    int64_t reference_e6;
    int64_t last_e6; /* last real trade; the reference before the first */
    uint32_t bid_total_vol;
    uint32_t ask_total_vol;
    uint32_t last_volume;
    uint8_t last_tick_type;
    uint8_t phase;                    /* enum sj_exchange_phase */
    const struct sj_closing *closing; /* a stock's closing fields, or NULL: none are set */
};

struct sj_market_sink {
    void *context;
    /* A feed has a new event; its state is current until emit returns. */
    void (*emit)(void *context, uint32_t feed, unsigned kinds);
    /* `quantity` of a user's order (its owner tag, never 0) traded at a price. */
    void (*fill)(void *context, uint32_t owner, int64_t price_e6, uint32_t quantity);
};

/* A user's order on its way to the market. */
struct sj_sim_order {
    uint32_t feed;
    uint32_t owner;
    uint32_t quantity;
    int64_t price_e6; /* LMT, MKP */
    uint8_t side;
    uint8_t price_type;    /* enum sj_price_type */
    uint8_t time_in_force; /* enum sj_time_in_force */
};

struct sj_market_source;

struct sj_market_source_ops {
    /* Moves the market up to `until_ns`, at most about `event_max` events. Returns how many. */
    uint64_t (*run)(struct sj_market_source *source, int64_t until_ns, uint64_t event_max);
    /* Adds `count` events that happen at this one instant, in the next runs. */
    void (*burst)(struct sj_market_source *source, uint64_t count);
    /* Somebody looks at this feed: odd-lot books live only when asked for. */
    void (*activate)(struct sj_market_source *source, uint32_t feed);
    /* Orders. -SJ_E_RANGE: price off tick or outside the limits. -SJ_E_REFUSED: no session. */
    sj_rc (*submit)(struct sj_market_source *source, const struct sj_sim_order *order,
                    struct sj_exchange_result *ret_result);
    sj_rc (*cancel)(struct sj_market_source *source, uint64_t id, uint32_t *ret_quantity);
    sj_rc (*reduce)(struct sj_market_source *source, uint64_t id, uint32_t quantity);
    sj_rc (*reprice)(struct sj_market_source *source, uint32_t feed, uint64_t id, int64_t price_e6,
                     struct sj_exchange_result *ret_result);
    /* What is left of an order at the exchange; 0: none of that id rests there. */
    uint32_t (*left)(struct sj_market_source *source, uint64_t id);
    void (*close)(struct sj_market_source *source);
};

struct sj_market_source {
    const struct sj_market_source_ops *ops;
    struct sj_market_sink sink;
    const struct sj_sim_universe *universe;
    struct sj_sim_state *states; /* 2 * universe->count feeds */
    int64_t now_ns;
    double rate;  /* events a wall second, where the source makes them up */
    double speed; /* market seconds a wall second; the pacing is the server's */
    bool ended;
    bool pressed;     /* set by the server: a client is far behind; run returns where it can wait */
    sj_rc failed;     /* 0, or why a replay ended before its journal */
    uint64_t skipped; /* events of a journal that have no message */
    uint64_t damaged_size; /* bytes of a journal that are not what was written */
};

/* UTC nanoseconds of Taipei midnight of a day. */
static inline int64_t sj_sim_midnight_ns(uint32_t date)
{
    return sj_date_to_day((int32_t)date) * SJ_NS_PER_DAY - SJ_TAIPEI_OFFSET_NS;
}

struct sj_synth_options {
    const struct sj_market_rules *rules;
    const struct sj_sim_universe *universe;
    struct sj_market_sink sink;
    uint64_t seed;
    double rate;
    double speed;
    int64_t start_ns;   /* UTC: where the market's time begins */
    bool always_open;   /* continuous trading from the start, whatever the hour */
    uint32_t order_max; /* slots for users' orders */
};

/* Where the market's time begins for a Taipei time of day: on the trading day, but in the night
 * session that belongs to it (the evening before, past midnight) where that is the hour for it. */
int64_t sj_synth_start_ns(const struct sj_market_rules *rules, uint32_t date, uint32_t second);

/* The synthetic market: the same options give the same events, however they are paced. */
SJ_MUST_USE sj_rc sj_synth_create(const struct sj_synth_options *options,
                                  struct sj_market_source **ret_source);

#endif
