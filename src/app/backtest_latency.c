/* backtest latency: what a recorded session had, for the models of a backtest. */
#include "app/backtest_jobs.h"

#include "backtest/measure.h"
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_text(const struct sj_bt_measured *measured)
{
    printf("%-8s %10s %12s %12s %12s %12s %10s\n", "ns", "count", "least", "half below",
           "99% below", "most", "negative");
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++) {
        struct sj_hist_summary summary;
        sj_hist_summarise(&measured->hists[i], &summary);
        printf("%-8s %10llu %12lld %12lld %12lld %12lld %10llu\n",
               sj_bt_stream_name((enum sj_bt_stream)i), (unsigned long long)summary.count,
               (long long)summary.min, (long long)summary.p50, (long long)summary.p99,
               (long long)summary.max, (unsigned long long)measured->negative[i]);
    }
    if (measured->halved)
        printf("%llu acknowledgements had no exchange time: the way there and back cut in half\n",
               (unsigned long long)measured->halved);
    if (measured->damaged)
        printf("DAMAGED %llu ranges of the journal were passed over\n",
               (unsigned long long)measured->damaged);
}

static void print_json(const struct sj_bt_measured *measured)
{
    char buffer[2048];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_begin_object(&json);
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++) {
        struct sj_hist_summary summary;
        sj_hist_summarise(&measured->hists[i], &summary);
        sj_json_key(&json, sj_bt_stream_name((enum sj_bt_stream)i));
        sj_json_begin_object(&json);
        sj_json_field_uint(&json, "count", summary.count);
        sj_json_field_int(&json, "min_ns", summary.min);
        sj_json_field_int(&json, "p50_ns", summary.p50);
        sj_json_field_int(&json, "p99_ns", summary.p99);
        sj_json_field_int(&json, "max_ns", summary.max);
        sj_json_field_uint(&json, "negative", measured->negative[i]);
        sj_json_field_int(&json, "most_negative_ns", measured->most_negative_ns[i]);
        sj_json_end_object(&json);
    }
    sj_json_field_uint(&json, "halved", measured->halved);
    sj_json_field_uint(&json, "damaged", measured->damaged);
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        puts(buffer);
}

static int write_file(const struct sj_cli *cli, const char *path,
                      const struct sj_bt_measured *measured,
                      void (*write)(const struct sj_bt_measured *, FILE *))
{
    if (!path)
        return 0;
    FILE *file = fopen(path, "we");
    if (!file)
        return sj_cli_fail(cli, SJ_EXIT_USER, "%s: %s", path, sj_rc_text(-errno));
    write(measured, file);
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "%s: it could not be written to its end", path);
    return 0;
}

int backtest_latency(int argc, char **argv)
{
    const char *out = NULL, *rows = NULL;
    bool json = false;
    const struct sj_cli_option options[] = {
        {"out", "FILE", "histograms as CSV, for --latency file:FILE", SJ_CLI_TEXT, &out, 0, 0, 'o'},
        {"rows", "FILE", "each order's times as CSV, for --latency interp:FILE", SJ_CLI_TEXT, &rows,
         0, 0, 0},
        {"json", NULL, "figures as one JSON object", SJ_CLI_FLAG, &json, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "backtest latency",
        .arguments = "JOURNAL",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "The latencies that a recorded session had: feed, orders, reports.",
        .details = "Negative ones (clocks apart) are counted and left out.",
        .example = "shijim backtest latency data/journal -o lat.csv\n"
                   "shijim backtest --data day.npz --strategy touch_quoter --latency file:lat.csv",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    char error[256];
    struct sj_bt_measured *measured = calloc(1, sizeof *measured);
    if (!measured)
        return sj_cli_fail(&cli, SJ_EXIT_FAILED, "no memory");
    rc = sj_bt_measure(cli.values[0], measured, error);
    int failed =
        rc < 0 ? sj_cli_fail(&cli, rc == -ENOENT ? SJ_EXIT_USER : SJ_EXIT_FAILED, "%s", error) : 0;
    if (!failed)
        failed = write_file(&cli, out, measured, sj_bt_measured_write);
    if (!failed)
        failed = write_file(&cli, rows, measured, sj_bt_measured_write_rows);
    if (!failed && json)
        print_json(measured);
    else if (!failed)
        print_text(measured);
    sj_bt_latency_rows_free(&measured->rows);
    free(measured);
    return failed;
}
