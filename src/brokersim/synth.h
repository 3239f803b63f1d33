/* synth.h: the inside of the synthetic market, shared by synth*.c only. */
#ifndef SJ_BROKERSIM_SYNTH_H
#define SJ_BROKERSIM_SYNTH_H

#include "brokersim/random.h"
#include "brokersim/source.h"

#define SYNTH_GROUPS 3
#define SYNTH_PRINTS_MAX 64
#define SYNTH_TURNOVER_MAX_E6 4000000000000000000LL

enum synth_group_id { GROUP_STK, GROUP_FOP, GROUP_IND };

/* Instruments that share a session plan, with their odds of being picked (alias method). */
struct synth_group {
    struct sj_session_plan plan;
    uint32_t *members;
    uint32_t *alias;
    uint32_t *threshold;
    uint32_t count;
    double weight;
    enum sj_session_phase phase;
    int64_t until_ns; /* UTC end of the phase */
};

/* What the market knows of one feed beyond the order book. */
struct synth_feed {
    double fair; /* hidden value, in rungs; the flow leans towards it */
    int32_t last_rung;
    int32_t reference_rung;
    uint8_t active;
};

struct synth {
    struct sj_market_source base;
    struct sj_exchange_engine *engine;
    struct synth_feed *feeds;
    struct synth_group group[SYNTH_GROUPS];
    struct sj_session_plan odd_plan;
    struct sj_rng random;
    struct sj_rng odd_random;
    uint64_t burst_left;
    uint64_t emitted;
    int64_t midnight_ns;
    int64_t next_change_ns;
    int64_t next_index_ns;
    int64_t next_odd_ns;
    int64_t odd_interval_ns;
    double debt_ns; /* market time owed for events already emitted */
    bool always_open;
    bool user_taker; /* the running submit is a user's */
    uint32_t print_count;
    struct {
        int32_t rung;
        uint32_t quantity;
        uint8_t taker_side;
    } prints[SYNTH_PRINTS_MAX]; /* matches of the running call, merged by price */
};

static inline const struct sj_sim_instrument *synth_instrument(const struct synth *synth,
                                                               uint32_t feed)
{
    uint32_t count = synth->base.universe->count;
    return &synth->base.universe->list[feed < count ? feed : feed - count];
}

/* Reports the matches of the last call as ticks, then the book; TICK per price, BOOK once. */
void synth_publish(struct synth *synth, uint32_t feed);

/* Fills the displayed book of a feed from the order book. True when it differs from before. */
bool synth_refresh(struct synth *synth, uint32_t feed);

/* One act of the made-up flow on a feed: an order, a cancellation, a trade. */
void synth_act(struct synth *synth, uint32_t feed);

/* Populates an empty book around the reference price, without events. */
void synth_seed(struct synth *synth, uint32_t feed);

/* A round of an odd-lot book: a few orders, then its call auction. */
void synth_odd_round(struct synth *synth, uint32_t feed);

/* Moves a feed to a phase; uncrosses and publishes where an auction ends. */
void synth_set_phase(struct synth *synth, uint32_t feed, enum sj_exchange_phase phase);

/* Moves a whole group; sj_session_at says into what. */
void synth_enter_phase(struct synth *synth, struct synth_group *group, enum sj_session_phase phase);
void synth_update_phases(struct synth *synth);

sj_rc synth_open_book(struct synth *synth, uint32_t feed);
void synth_on_fill(void *context, const struct sj_exchange_fill *fill);
extern const struct sj_market_source_ops SYNTH_OPS;

static inline void synth_emit(struct synth *synth, uint32_t feed, unsigned kinds)
{
    synth->emitted++;
    synth->base.sink.emit(synth->base.sink.context, feed, kinds | SJ_SIM_QUOTE);
}

#endif
