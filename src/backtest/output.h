/*
 * output.h: what a run leaves: orders, fills, equity and verdicts as CSV, a manifest, a report.
 *
 * A folder holds manifest.json, orders.csv, fills.csv, equity.csv, verdicts.csv and report.html; of
 * a sweep manifest.json, sweep.csv, walk_forward.csv (where it walked) and report.html. Files that
 * exist are replaced. The same run writes the same bytes, whatever the number of processes.
 *
 * Errors   -errno with a line in `error`. A full disk is noticed at the latest by finish.
 * Threads  one owner.
 * Memory   0.3 MB, whatever the length of the run (digest.h).
 */
#ifndef SJ_BACKTEST_OUTPUT_H
#define SJ_BACKTEST_OUTPUT_H

#include "backtest/days.h"
#include "backtest/digest.h"

#include <stdio.h>

/* All there is to tell. Of a run: days and their results; of a sweep: its cells. */
struct sj_bt_story {
    const struct sj_bt_options *options;
    const struct sj_bt_day *days;
    uint32_t day_count;
    const struct sj_bt_day_result *results, *total;
    const struct sj_bt_sweep *sweep; /* NULL: none */
    const struct sj_bt_meter *cells;
    enum sj_bt_metric metric;
    const struct sj_bt_walk *walk; /* NULL: it did not */
};

struct sj_bt_output {
    FILE *fills, *orders, *equity, *verdicts;
    const char *dir; /* NULL: only fills */
    double lot;
    bool many; /* instruments and strategies: journals */
    struct sj_bt_digest digest;
};

/* `dir` is made when it is missing. Both may be NULL. */
SJ_MUST_USE sj_rc sj_bt_output_open(struct sj_bt_output *output, const char *dir,
                                    const char *fills_path, const struct sj_bt_options *options,
                                    char error[SJ_BT_ERROR_MAX]);

/* Has a run's events written; keeps the sink's log. */
void sj_bt_output_attach(struct sj_bt_output *output, struct sj_bt_sink *sink);

/* Manifest and report, then everything is closed. Call it, with `story` NULL, after a run that
 * failed, too. */
SJ_MUST_USE sj_rc sj_bt_output_finish(struct sj_bt_output *output, const struct sj_bt_story *story,
                                      char error[SJ_BT_ERROR_MAX]);

/* The folder of a sweep. */
SJ_MUST_USE sj_rc sj_bt_output_sweep(const char *dir, const struct sj_bt_story *story,
                                     char error[SJ_BT_ERROR_MAX]);

/* manifest.c: what it was made of. -errno when an input cannot be read again for its hash. */
SJ_MUST_USE sj_rc sj_bt_manifest(FILE *file, const struct sj_bt_story *story,
                                 char error[SJ_BT_ERROR_MAX]);

/* report.c, report_sweep.c: one page without anything from elsewhere. */
void sj_bt_report(FILE *file, const struct sj_bt_story *story, const struct sj_bt_digest *digest);
void sj_bt_report_sweep(FILE *file, const struct sj_bt_story *story);
/* The table of what it was made of, open for further rows. */
void sj_bt_report_facts(FILE *file, const struct sj_bt_story *story);

#endif
