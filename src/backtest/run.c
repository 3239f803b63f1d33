#include "backtest/run_private.h"

#include <math.h>
#include <stdio.h>

static const char *check_rows(const struct sj_bt_options *options)
{
    double tick_e6 = options->tick * 1e6;
    if (!(tick_e6 >= 1 && tick_e6 < 1e12) || fabs(tick_e6 - round(tick_e6)) > 1e-6 * tick_e6)
        return "tick: a whole number of millionths is needed";
    if (!(options->lot >= 1e-9 && options->lot <= 1e9))
        return "lot: it must be more than 0";
    return NULL;
}

static sj_rc check(const struct sj_bt_options *options, char *error)
{
    bool rows = options->path != NULL;
    const char *wrong = rows ? check_rows(options) : NULL;
    if (rows == (options->journal_count > 0))
        wrong = "a file of rows or journals is needed, and not both";
    else if (!wrong && (options->order_latency_ns < 0 || options->report_latency_ns < 0))
        wrong = "latency: it must not be negative";
    else if (!wrong && !(options->queue.n > 0 && options->queue.n <= 100))
        wrong = "queue-n: it must be more than 0, and 100 at most";
    else if (!wrong && !rows && options->queue.kind == SJ_BT_L3_FIFO)
        wrong = "queue l3_fifo: journals hold no orders of the market; it needs a file of rows";
    else if (!wrong && options->sample_ns < 0)
        wrong = "sampling: it must not be negative";
    if (!wrong)
        return 0;
    snprintf(error, SJ_BT_ERROR_MAX, "%s", wrong);
    return -SJ_E_RANGE;
}

static sj_rc open_run(struct run *run)
{
    bool rows = run->options->path != NULL;
    run->lot = rows ? run->options->lot : 1;
    run->instrument_max = rows ? SJ_BT_INSTRUMENT : INSTRUMENT_MAX;
    sj_rc rc = sj_market_rules_load(NULL, run->error, &run->rules);
    if (rc >= 0)
        rc = sj_instruments_create(rows ? 4 : run->instrument_max, &run->instruments);
    if (rc >= 0)
        rc = rows ? bt_rows_open(run) : bt_day_open(run);
    if (rc >= 0)
        rc = bt_side_open(run);
    if (rc < 0)
        return rc;
    run->next_sample_ns = run->options->sample_ns ? run->now_ns + run->options->sample_ns : NEVER;
    bt_side_begin(run, run->now_ns);
    return 0;
}

static sj_rc walk(struct run *run)
{
    bool rows = run->options->path != NULL;
    sj_rc rc = rows ? bt_rows_walk(run) : bt_day_walk(run);
    if (rc < 0)
        return rc;
    if (rows)
        bt_rows_finish(run);
    else
        bt_day_finish(run);
    run->result.latency[SJ_BT_ORDER] = run->order_way.used;
    run->result.latency[SJ_BT_REPORT] = run->report_way.used;
    return 0;
}

static void close_run(struct run *run)
{
    bt_side_close(run);
    bt_rows_close(run);
    bt_day_close(run);
    sj_bt_requests_done(&run->requests);
    sj_bt_reports_done(&run->reports);
    free(run);
}

sj_rc sj_bt_run(const struct sj_bt_options *options, struct sj_bt_result *ret_result,
                char error[SJ_BT_ERROR_MAX])
{
    sj_rc rc = check(options, error);
    struct run *run = rc < 0 ? NULL : calloc(1, sizeof *run);
    if (!run)
        return rc < 0 ? rc : -ENOMEM;
    run->options = options;
    run->error = error;
    *error = 0;
    sj_bt_way_init(&run->order_way, SJ_BT_ORDER, options->latency[SJ_BT_ORDER],
                   options->order_latency_ns);
    sj_bt_way_init(&run->report_way, SJ_BT_REPORT, options->latency[SJ_BT_REPORT],
                   options->report_latency_ns);
    rc = open_run(run);
    if (rc >= 0)
        rc = walk(run);
    if (rc >= 0)
        *ret_result = run->result;
    else if (!*error)
        snprintf(error, SJ_BT_ERROR_MAX, "%s: %s",
                 options->path ? options->path : options->journals[0], sj_rc_text(rc));
    close_run(run);
    return rc < 0 ? rc : 0;
}
