/*
 * meter.h: what a run is judged by, from its samples, and how runs of several days add up.
 *
 * Every day begins flat: days add up one behind the other, each from the equity at which the one
 * before ended. What is still held at a day's end counts at that moment's middle price.
 *
 * Sharpe   over several days: mean over deviation of the days' profits, times sqrt(252). Of one
 *          day: mean over deviation of the changes between samples, times the square root of how
 *          many there are. 0 where nothing changed.
 * Units    money: in the price's unit (rows), TWD (journals).
 * Threads  one owner.
 */
#ifndef SJ_BACKTEST_METER_H
#define SJ_BACKTEST_METER_H

#include "backtest/run.h"

/* All zero is one that has seen nothing. Plain bytes: it may be copied between processes. */
struct sj_bt_meter {
    double last, peak, lowest, drawdown; /* of the equity; it begins with 0 */
    double change_sum, change_square_sum;
    uint64_t change_count;
    double day_sum, day_square_sum;
    uint64_t day_count;
    double fee, volume, value, position; /* position: at the end, of all days added up */
    uint64_t orders, cancels, refused, expired, fills;
};

void sj_bt_meter_sample(struct sj_bt_meter *meter, const struct sj_bt_sample_row *row);

/* The run has ended: a day is complete. */
void sj_bt_meter_finish(struct sj_bt_meter *meter, const struct sj_bt_result *result);

/* `day` comes behind `meter`. */
void sj_bt_meter_add(struct sj_bt_meter *meter, const struct sj_bt_meter *day);

double sj_bt_meter_sharpe(const struct sj_bt_meter *meter);

enum sj_bt_metric {
    SJ_BT_PNL,
    SJ_BT_SHARPE,
    SJ_BT_DRAWDOWN, /* the deepest, as a positive number: less is better */
    SJ_BT_FILLS,
    SJ_BT_METRIC_COUNT
};

double sj_bt_metric_of(const struct sj_bt_meter *meter, enum sj_bt_metric metric);

/* Whether `a` is better than `b`. */
bool sj_bt_metric_better(enum sj_bt_metric metric, double a, double b);

/* "pnl", "sharpe", "drawdown", "fills" */
const char *sj_bt_metric_name(enum sj_bt_metric metric);
SJ_MUST_USE sj_rc sj_bt_metric_find(const char *name, enum sj_bt_metric *ret_metric);

#endif
