/*
 * output.h: what a run leaves: orders, fills and equity as CSV, a manifest, a report.
 *
 * A folder holds manifest.json, orders.csv, fills.csv, equity.csv and report.html. Files that exist
 * are replaced. The same run writes the same bytes.
 *
 * Errors   -errno with a line in `error`. A full disk is noticed at the latest by finish.
 * Threads  one owner.
 * Memory   0.2 MB, whatever the length of the run: charts keep at most SJ_BT_POINTS_MAX points.
 */
#ifndef SJ_BACKTEST_OUTPUT_H
#define SJ_BACKTEST_OUTPUT_H

#include "backtest/run.h"

#include <stdio.h>

#define SJ_BT_POINTS_MAX 2048
#define SJ_BT_QUEUE_BUCKETS 16
#define SJ_BT_SLIPPAGE_BUCKETS 21 /* the middle one: less than half a tick */

struct sj_bt_output {
    FILE *fills, *orders, *equity;
    const char *dir; /* NULL: only fills */
    double lot, tick;
    /* For the report. */
    struct sj_bt_sample_row points[SJ_BT_POINTS_MAX];
    uint32_t point_count;
    uint64_t point_every, sample_count; /* one in so many samples is a point */
    double equity_peak, drawdown_max;
    /* By what stood before an order when it came to rest: none, below 1 lot x 2^n. */
    uint64_t rested[SJ_BT_QUEUE_BUCKETS], filled[SJ_BT_QUEUE_BUCKETS];
    uint64_t slippage[SJ_BT_SLIPPAGE_BUCKETS];
    double slippage_sum, slippage_volume;
};

/* `dir` is made when it is missing. Both may be NULL. */
SJ_MUST_USE sj_rc sj_bt_output_open(struct sj_bt_output *output, const char *dir,
                                    const char *fills_path, const struct sj_bt_options *options,
                                    char error[SJ_BT_ERROR_MAX]);

/* Has a run's events written; keeps the sink's log. */
void sj_bt_output_attach(struct sj_bt_output *output, struct sj_bt_sink *sink);

/* Manifest and report, then everything is closed. Call it, with `result` NULL, after a run that
 * failed, too. */
SJ_MUST_USE sj_rc sj_bt_output_finish(struct sj_bt_output *output,
                                      const struct sj_bt_options *options,
                                      const struct sj_bt_result *result,
                                      char error[SJ_BT_ERROR_MAX]);

/* report.c: one page without anything from elsewhere. */
void sj_bt_report(FILE *file, const struct sj_bt_output *output,
                  const struct sj_bt_options *options, const struct sj_bt_result *result);

#endif
