/*
 * sweep.h: parameters tried one by one in all their combinations, and the best of earlier days held
 * against later ones.
 *
 * Combinations count from 0; the last axis changes fastest. At equal figures the earlier
 * combination is the better one, so the choice does not hang on how many processes ran it.
 *
 * Errors   -SJ_E_MALFORMED, -SJ_E_LIMIT with a line in `error`.
 * Threads  one owner.
 */
#ifndef SJ_BACKTEST_SWEEP_H
#define SJ_BACKTEST_SWEEP_H

#include "backtest/meter.h"

#define SJ_BT_AXES_MAX 4
#define SJ_BT_AXIS_VALUES_MAX 256
#define SJ_BT_COMBINATIONS_MAX 10000
#define SJ_BT_VALUE_MAX 32

struct sj_bt_axis {
    char name[SJ_BT_VALUE_MAX];
    uint32_t count;
    char values[SJ_BT_AXIS_VALUES_MAX][SJ_BT_VALUE_MAX]; /* as the user wrote them */
    char params[SJ_BT_AXIS_VALUES_MAX][SJ_BT_VALUE_MAX]; /* as the strategy takes them: the same,
                                                            unless the caller changes it */
};

struct sj_bt_sweep {
    struct sj_bt_axis axes[SJ_BT_AXES_MAX];
    uint32_t axis_count;
};

/* "name=a:b:step" (b included; one unit, as in 100ms:500ms:100ms, may follow each) or
 * "name=v1|v2|v3"; several by commas. Adds to what there is. */
SJ_MUST_USE sj_rc sj_bt_sweep_add(struct sj_bt_sweep *sweep, const char *text, char error[256]);

uint32_t sj_bt_sweep_count(const struct sj_bt_sweep *sweep);

/* Which value of an axis a combination has. */
uint32_t sj_bt_sweep_value(const struct sj_bt_sweep *sweep, uint32_t combination, uint32_t axis);

/* The strategy's parameters with the combination's in place of, or besides, its own. `params` is
 * where they are put. -SJ_E_LIMIT: more than SJ_STRATEGY_PARAMS_MAX. */
SJ_MUST_USE sj_rc sj_bt_sweep_params(const struct sj_bt_sweep *sweep, uint32_t combination,
                                     struct sj_strategy_instance *strategy,
                                     struct sj_strategy_param *params);

/* Days first .. first + count - 1 of one combination as one; `cells` as sj_bt_days_sweep has them.
 */
void sj_bt_sweep_total(const struct sj_bt_meter *cells, uint32_t day_count, uint32_t combination,
                       uint32_t first, uint32_t count, struct sj_bt_meter *ret_meter);

/* The best combination on those days. */
uint32_t sj_bt_sweep_best(const struct sj_bt_sweep *sweep, const struct sj_bt_meter *cells,
                          uint32_t day_count, uint32_t first, uint32_t count,
                          enum sj_bt_metric metric);

/* --- walking forward: chosen on `train` days, shown on the `test` days behind them --- */

struct sj_bt_walk {
    uint32_t train, test;
};

/* "5:1". Both at least 1. */
SJ_MUST_USE sj_rc sj_bt_walk_parse(const char *text, struct sj_bt_walk *ret_walk);

/* How many steps of `test` days fit; the last may have fewer. 0: there are too few days. */
uint32_t sj_bt_walk_count(const struct sj_bt_walk *walk, uint32_t day_count);

struct sj_bt_walk_step {
    uint32_t first, test_first, test_count; /* days */
    uint32_t combination;
    struct sj_bt_meter trained, tested;
};

void sj_bt_walk_step(const struct sj_bt_walk *walk, const struct sj_bt_sweep *sweep,
                     const struct sj_bt_meter *cells, uint32_t day_count, uint32_t step,
                     enum sj_bt_metric metric, struct sj_bt_walk_step *ret_step);

#endif
