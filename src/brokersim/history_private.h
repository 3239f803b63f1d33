/* history_private.h: the inside of the market's memory, shared by history.c, rest_history.c and
 * rest_market.c. */
#ifndef SJ_BROKERSIM_HISTORY_PRIVATE_H
#define SJ_BROKERSIM_HISTORY_PRIVATE_H

#include "base/tw_time.h"
#include "brokersim/history.h"

#define HISTORY_TICKS 1024 /* the youngest of a day that are kept */
#define HISTORY_BARS 400
#define MINUTE_NS 60000000000LL

struct past_tick {
    int64_t local_ns; /* Taipei wall time as if it were UTC */
    int64_t price_e6;
    int64_t amount_e6;
    int64_t bid_e6;
    int64_t ask_e6;
    uint32_t volume;
    uint32_t bid_volume;
    uint32_t ask_volume;
    uint8_t tick_type;
};

struct past_bar {
    int64_t minute; /* since 1970 in Taipei's wall time */
    int64_t open_e6, high_e6, low_e6, close_e6;
    int64_t volume;
    int64_t amount_e6;
};

struct history_day {
    uint64_t tick_count, bar_count;
    struct past_tick ticks[HISTORY_TICKS]; /* rings */
    struct past_bar bars[HISTORY_BARS];
};

struct history {
    struct history_day **days; /* by feed; NULL before the first trade */
};

void history_add(struct history_day *day, const struct past_tick *tick);

/* A day of an instrument, or NULL where nothing traded. *ret_made is what the caller frees. */
const struct history_day *history_day(struct sj_brokersim *sim, uint32_t instrument, uint32_t date,
                                      struct history_day **ret_made);

/* Over the traffic limit, or with a dead session, history answers empty and not with an error. */
bool history_answers_empty(struct request *request);

#endif
