/*
 * decisions.h: what a run decided, as a list that can be held against another's.
 *
 * Threads  one owner.
 */
#ifndef SJ_BACKTEST_DECISIONS_H
#define SJ_BACKTEST_DECISIONS_H

#include "backtest/run.h"

/* Nothing in it depends on the machine or the moment. */
struct decision {
    int64_t time_ns, price_e6;
    uint64_t order, target; /* intents, as numbered by the run */
    uint32_t strategy, instrument, quantity;
    uint8_t kind, side, price_type, time_in_force, octype, lot;
};

struct decisions {
    struct decision *list;
    size_t count, room;
    bool full; /* more than there was memory for */
};

/* A sink that keeps intents in `decisions`. */
struct sj_bt_sink decisions_sink(struct decisions *decisions);
void decisions_free(struct decisions *decisions);

/* The first place where the two differ before `until_ns`; SIZE_MAX: none. ret_compared: how many
 * were equal. */
size_t decisions_differ(const struct decisions *a, const struct decisions *b, int64_t until_ns,
                        size_t *ret_compared);

/* How many decisions at the end of both are the same, numbers of orders apart. */
size_t decisions_same_end(const struct decisions *a, const struct decisions *b);

/* "buy 3 at 100.5 at 09:00:01.000000123", or "nothing" beyond the end. Returns `text`. */
const char *decisions_text(const struct decisions *decisions, size_t at, char text[128]);

#endif
