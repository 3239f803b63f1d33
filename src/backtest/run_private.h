/*
 * run_private.h: a run, shared by run.c (time) and side.c (our side: strategies, intents, reports).
 */
#ifndef SJ_BACKTEST_RUN_PRIVATE_H
#define SJ_BACKTEST_RUN_PRIVATE_H

#include "backtest/run.h"
#include "backtest/venue.h"

#define ENDED_COUNT 256

struct run {
    const struct sj_bt_options *options;
    struct sj_bt_feed feed;
    struct sj_bt_venue venue;
    struct sj_bt_book book; /* as we see it */
    struct sj_bt_requests requests;
    struct sj_instruments *instruments;
    struct sj_strategies *strategies;
    int64_t tick_e6;
    int64_t now_ns, row_ns; /* of what is happening; of the last row we saw */
    struct sj_bt_way requests_way;
    int64_t next_sample_ns;
    bool listening;   /* a strategy takes market events: they are told row by row */
    bool book_is_new; /* since the strategies were told */
    uint64_t next_order, next_change;
    uint64_t ended[ENDED_COUNT]; /* orders that ended unfilled, by the low bits of their id */
    sj_rc rc;                    /* of what fails inside a strategy's call */
    double known_position, known_balance, known_fee;
    struct sj_bt_result result;
    char *error;
};

/* side.c */
SJ_MUST_USE sj_rc side_open(struct run *run);
void side_close(struct run *run);
void side_begin(struct run *run); /* every strategy is told of an empty book at the first time */
void side_row(struct run *run, const struct sj_bt_step *step, bool last_of_its_time);
void side_report(struct run *run, const struct sj_bt_report *report);
void side_time(struct run *run);
void side_sample(struct run *run);
double side_mid(const struct run *run); /* NaN where a side is empty */

static inline int64_t run_price_e6(const struct run *run, unsigned side, int32_t key)
{
    return sj_bt_feed_tick(&run->feed, side, key) * run->tick_e6;
}

#endif
