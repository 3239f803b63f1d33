/*
 * days.h: one run after the other over many days, in parallel processes, told as if in one.
 *
 * Every day begins flat and with its strategies made anew: no position, no order and nothing that a
 * strategy learnt is carried over; what is held when a day ends counts at its last middle price.
 * What is told (orders numbered on, equity and fees going on from the day before) comes in the
 * order of the days, and is the same, byte for byte, for any number of jobs.
 *
 * Errors   those of run.h and pool.h; the line names the day.
 * Threads  as pool.h.
 * Memory   a temporary file a day; a result a day, 8 KB.
 */
#ifndef SJ_BACKTEST_DAYS_H
#define SJ_BACKTEST_DAYS_H

#include "backtest/meter.h"
#include "backtest/sweep.h"

#define SJ_BT_DAYS_MAX 400

/* One input: a file of rows; or a trading day of journals. */
struct sj_bt_day {
    const char *path; /* also what it is called */
    const char *const *journals;
    uint32_t journal_count;
    int32_t date;
};

/* The last part of its path. */
const char *sj_bt_day_name(const struct sj_bt_day *day);

struct sj_bt_day_result {
    struct sj_bt_result result;
    struct sj_bt_meter meter;
};

struct sj_bt_days {
    const struct sj_bt_options *common; /* its input and sink are not looked at */
    const struct sj_bt_day *days;
    uint32_t count;
    uint32_t jobs; /* 0: cores */
};

/* Tells `sink` of it all. `results`: one a day, the caller's. */
SJ_MUST_USE sj_rc sj_bt_days_run(const struct sj_bt_days *days, const struct sj_bt_sink *sink,
                                 struct sj_bt_day_result *ret_results, char error[SJ_BT_ERROR_MAX]);

/* The results of days as one: counts and money add up, and so do latencies used. */
void sj_bt_days_total(const struct sj_bt_day_result *results, uint32_t count,
                      struct sj_bt_day_result *ret_total);

/* Each combination of a sweep on each day, without telling anybody. `ret_cells`: combination by
 * combination, its days in order; the caller's, sj_bt_sweep_count * count. */
SJ_MUST_USE sj_rc sj_bt_days_sweep(const struct sj_bt_days *days, const struct sj_bt_sweep *sweep,
                                   struct sj_bt_meter *ret_cells, char error[SJ_BT_ERROR_MAX]);

#endif
