/*
 * universe.h: the contracts the simulator lists: definitions, ladders of valid prices, look-up by
 * code.
 *
 * Instruments 0 .. count-1 trade; count .. total-1 are continuous contracts (TXFR1), each pointing
 * at the contract it stands for. A feed is one stream of market data: feed i is instrument i's
 * round lots; feed count + i is instrument i's intraday odd lots (stocks only).
 *
 * Threads  [owner]. Memory: all reserved by build; look-ups do not allocate.
 */
#ifndef SJ_BROKERSIM_UNIVERSE_H
#define SJ_BROKERSIM_UNIVERSE_H

#include "event/event.h"
#include "market/ladder.h"

#define SJ_SIM_INSTRUMENTS_MAX 20000
#define SJ_SIM_NONE UINT32_MAX

struct sj_sim_instrument {
    char code[17];
    char name[64];
    char category[8];
    char root[8];
    char tick_rule[8]; /* name of the tick rule in the market's rules */
    char underlying[17];
    char delivery_month[8]; /* YYYYMM */
    uint32_t delivery_date; /* YYYYMMDD, 0 = none */
    uint32_t target;        /* the instrument a continuous contract stands for, or SJ_SIM_NONE */
    uint8_t security;       /* enum sj_security */
    uint8_t exchange;       /* enum sj_exchange */
    char option_right;      /* 'C', 'P' or 0 */
    uint32_t unit;          /* shares a lot; 1 for futures, options */
    int64_t reference_e6;
    int64_t limit_up_e6;
    int64_t limit_down_e6;
    int64_t strike_e6;
    int64_t multiplier_e6;
    struct sj_tick_bands bands;
    struct sj_price_ladder ladder;
};

struct sj_sim_universe {
    struct sj_sim_instrument *list;
    uint32_t *table; /* open addressing: instrument + 1 by hash of the code */
    uint32_t table_mask;
    uint32_t capacity;
    uint32_t count;
    uint32_t total;
    uint32_t date; /* trading day, YYYYMMDD */
};

struct sj_sim_universe_options {
    const struct sj_market_rules *rules;
    const char *path; /* NULL: the list that is built in */
    uint32_t date;
    uint32_t count; /* instruments wanted; stocks with made-up codes fill up */
    uint64_t seed;
};

#define SJ_SIM_ERROR_MAX 256

/* Builds the simulated market's contracts. -SJ_E_MALFORMED names the line in `error`. */
SJ_MUST_USE sj_rc sj_sim_universe_build(struct sj_sim_universe *universe,
                                        const struct sj_sim_universe_options *options,
                                        char error[SJ_SIM_ERROR_MAX]);

/* For other sources: an empty universe with room, then one instrument at a time (the ladder is made
 * from bands and limits where it has them). */
SJ_MUST_USE sj_rc sj_sim_universe_init(struct sj_sim_universe *universe, uint32_t capacity,
                                       uint32_t date);
SJ_MUST_USE sj_rc sj_sim_universe_add(struct sj_sim_universe *universe,
                                      const struct sj_sim_instrument *instrument);
void sj_sim_universe_done(struct sj_sim_universe *universe);

/* Finds by code; SJ_SIM_NONE when there is none. */
uint32_t sj_sim_universe_find(const struct sj_sim_universe *universe, const char *code);

/* The wire's words: "STK", "TSE". */
const char *sj_sim_security_name(enum sj_security security);
const char *sj_sim_exchange_name(enum sj_exchange exchange);
enum sj_security sj_sim_security(const char *name);
bool sj_sim_is_fop(enum sj_security security);

#endif
