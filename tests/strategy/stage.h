/*
 * stage.h: a market of three instruments and an owner that writes down what strategies ask for. The
 * test plays the exchange.
 */
#ifndef SJ_TESTS_STRATEGY_STAGE_H
#define SJ_TESTS_STRATEGY_STAGE_H

#include "strategy/host.h"
#include "strategy/plugins/probe.h"

#include "support/test.h"

#define E6(price) ((int64_t)((price)*1e6 + 0.5))
#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)
#define START (INT64_C(1723161600) * SECOND)
#define INTENTS_MAX 4096
#define PROBE PLUGIN_DIR "/strategy_probe.so"

enum { STOCK = 1, FUTURE = 2, SPREAD = 3, INSTRUMENT_COUNT = 3 };

struct stage {
    struct sj_instruments *instruments;
    struct sj_strategies *s;
    int64_t now_ns;
    bool guard;
    uint64_t next_id;
    uint32_t intent_count;
    struct sj_intent intents[INTENTS_MAX];
    uint32_t control_count;
    struct sj_control controls[16];
    char log[256]; /* the last line */
    uint32_t log_count;
    /* Whether intents are refused by risk from within, or accepted and at work at once. */
    const char *refuse;
    bool work_at_once;
    bool no_room; /* intents cannot be written down */
};

struct stage *stage_open(bool guard);
void stage_close(struct stage *stage);

/* Adds an instance on the stock (or `instrument`), with parameters "name=value", NULL at the end.
 */
uint32_t stage_add(struct stage *stage, const char *name, const char *use, uint32_t instrument,
                   const char *const *params);
sj_rc stage_try(struct stage *stage, struct sj_strategy_instance *instance,
                const char *const *params, char error[SJ_STRATEGIES_ERROR_MAX]);
/* A probe with hooks. */
uint32_t stage_probe(struct stage *stage, const char *name, const struct probe_hooks *hooks);

/* Events; each at stage->now_ns. */
void stage_book(struct stage *stage, uint32_t instrument, double bid, uint32_t bid_volume,
                double ask, uint32_t ask_volume);
void stage_trade(struct stage *stage, uint32_t instrument, double price, uint32_t volume,
                 enum sj_tick_type side);
void stage_update(struct stage *stage, uint64_t intent_id, enum sj_order_state state);
void stage_changed(struct stage *stage, uint64_t intent_id, enum sj_order_state state,
                   int64_t price_e6, uint32_t quantity);
void stage_denied(struct stage *stage, uint64_t intent_id, enum sj_order_state state, bool cancel);
void stage_fill(struct stage *stage, uint64_t intent_id, uint32_t quantity);
void stage_verdict(struct stage *stage, uint64_t intent_id, const char *check);
/* Time passes; timers fire at their times. */
void stage_wait(struct stage *stage, int64_t ns);

/* The intents since the last call of it: how many, and the first. */
uint32_t stage_new_intents(struct stage *stage, const struct sj_intent **ret_first);
const struct sj_intent *stage_intent(const struct stage *stage, uint64_t intent_id);
bool stage_armed(const struct stage *stage, uint32_t strategy);

#endif
