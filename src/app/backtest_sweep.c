/* Parameters tried in all combinations over all days; and, with --walk-forward, the best of earlier
 * days held against later ones. */
#include "app/backtest_jobs.h"

#include "backtest/output.h"
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- as text --- */

static void print_combination(const struct sj_bt_sweep *sweep, uint32_t combination)
{
    for (uint32_t i = 0; i < sweep->axis_count; i++)
        printf("%-12s ", sweep->axes[i].values[sj_bt_sweep_value(sweep, combination, i)]);
}

static void print_names(const struct sj_bt_sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->axis_count; i++)
        printf("%-12s ", sweep->axes[i].name);
}

static void print_table(const struct sj_bt_story *story)
{
    const struct sj_bt_sweep *sweep = story->sweep;
    uint32_t days = story->day_count;
    uint32_t best = sj_bt_sweep_best(sweep, story->cells, days, 0, days, story->metric);
    print_names(sweep);
    printf("%12s %10s %12s %9s %9s %12s\n", "pnl", "sharpe", "drawdown", "orders", "fills", "fee");
    for (uint32_t i = 0; i < sj_bt_sweep_count(sweep); i++) {
        struct sj_bt_meter total;
        sj_bt_sweep_total(story->cells, days, i, 0, days, &total);
        print_combination(sweep, i);
        printf("%12.6g %10.4g %12.6g %9llu %9llu %12.6g%s\n", total.last,
               sj_bt_meter_sharpe(&total), total.drawdown, (unsigned long long)total.orders,
               (unsigned long long)total.fills, total.fee, i == best ? "  *" : "");
    }
    printf("* the best %s\n", sj_bt_metric_name(story->metric));
}

static void print_walk(const struct sj_bt_story *story)
{
    const char *name = sj_bt_metric_name(story->metric);
    printf("\nwalking forward: chosen on %u days by %s, shown on the next %u\n%-20s %-20s ",
           story->walk->train, name, story->walk->test, "trained from", "tested from");
    print_names(story->sweep);
    printf("%12s %12s %12s\n", "trained", "tested", "tested pnl");
    double pnl = 0;
    for (uint32_t i = 0; i < sj_bt_walk_count(story->walk, story->day_count); i++) {
        struct sj_bt_walk_step step;
        sj_bt_walk_step(story->walk, story->sweep, story->cells, story->day_count, i, story->metric,
                        &step);
        printf("%-20s %-20s ", sj_bt_day_name(&story->days[step.first]),
               sj_bt_day_name(&story->days[step.test_first]));
        print_combination(story->sweep, step.combination);
        printf("%12.6g %12.6g %12.6g\n", sj_bt_metric_of(&step.trained, story->metric),
               sj_bt_metric_of(&step.tested, story->metric), step.tested.last);
        pnl += step.tested.last;
    }
    printf("pnl of all tested days: %.10g\n", pnl);
}

/* --- as JSON, line by line: a table may be longer than any buffer --- */

static void put_params(struct sj_json *json, const struct sj_bt_sweep *sweep, uint32_t combination)
{
    sj_json_key(json, "params");
    sj_json_begin_object(json);
    for (uint32_t i = 0; i < sweep->axis_count; i++)
        sj_json_field_text(json, sweep->axes[i].name,
                           sweep->axes[i].values[sj_bt_sweep_value(sweep, combination, i)]);
    sj_json_end_object(json);
}

static void put_meter(struct sj_json *json, const struct sj_bt_meter *meter)
{
    sj_json_field_real(json, "pnl", meter->last);
    sj_json_field_real(json, "sharpe", sj_bt_meter_sharpe(meter));
    sj_json_field_real(json, "drawdown", meter->drawdown);
    sj_json_field_uint(json, "orders", meter->orders);
    sj_json_field_uint(json, "fills", meter->fills);
    sj_json_field_real(json, "fee", meter->fee);
}

static void print_line(struct sj_json *json, const char *before)
{
    sj_json_end_object(json);
    if (sj_json_finish(json) >= 0)
        printf("%s\n%s", before, json->buffer);
}

static void print_json_walk(const struct sj_bt_story *story)
{
    char buffer[2048];
    uint32_t count = story->walk ? sj_bt_walk_count(story->walk, story->day_count) : 0;
    for (uint32_t i = 0; i < count; i++) {
        struct sj_bt_walk_step step;
        struct sj_json json;
        sj_bt_walk_step(story->walk, story->sweep, story->cells, story->day_count, i, story->metric,
                        &step);
        sj_json_init(&json, buffer, sizeof buffer);
        sj_json_begin_object(&json);
        sj_json_field_text(&json, "trained_from", sj_bt_day_name(&story->days[step.first]));
        sj_json_field_text(&json, "tested_from", sj_bt_day_name(&story->days[step.test_first]));
        put_params(&json, story->sweep, step.combination);
        sj_json_key(&json, "trained");
        sj_json_begin_object(&json);
        put_meter(&json, &step.trained);
        sj_json_end_object(&json);
        sj_json_key(&json, "tested");
        sj_json_begin_object(&json);
        put_meter(&json, &step.tested);
        sj_json_end_object(&json);
        print_line(&json, i ? "," : "");
    }
}

static void print_json(const struct sj_bt_story *story)
{
    char buffer[2048];
    uint32_t days = story->day_count;
    printf("{\"metric\": \"%s\", \"days\": %u, \"best\": %u, \"table\": [",
           sj_bt_metric_name(story->metric), days,
           sj_bt_sweep_best(story->sweep, story->cells, days, 0, days, story->metric));
    for (uint32_t i = 0; i < sj_bt_sweep_count(story->sweep); i++) {
        struct sj_bt_meter total;
        struct sj_json json;
        sj_bt_sweep_total(story->cells, days, i, 0, days, &total);
        sj_json_init(&json, buffer, sizeof buffer);
        sj_json_begin_object(&json);
        put_params(&json, story->sweep, i);
        put_meter(&json, &total);
        print_line(&json, i ? "," : "");
    }
    printf("], \"walk_forward\": [");
    print_json_walk(story);
    printf("]}\n");
}

/* --- doing it --- */

static int read_sweep(const struct sj_cli *cli, const struct backtest_asked *asked,
                      const struct backtest_setup *setup, struct sj_bt_sweep *sweep)
{
    char error[256];
    for (size_t i = 0; i < asked->sweeps.count; i++)
        if (sj_bt_sweep_add(sweep, asked->sweeps.items[i], error) < 0)
            return sj_cli_fail(cli, SJ_EXIT_USER, "--sweep %s", error);
    for (uint32_t i = 0; i < sweep->axis_count; i++)
        for (uint32_t k = 0; k < sweep->axes[i].count; k++) {
            struct sj_bt_axis *axis = &sweep->axes[i];
            int failed = backtest_param_value(cli, setup, axis->name, axis->params[k],
                                              sizeof axis->params[k]);
            if (failed)
                return failed;
        }
    return 0;
}

static int read_walk(const struct sj_cli *cli, const struct backtest_asked *asked,
                     uint32_t day_count, struct sj_bt_walk *walk)
{
    if (!asked->walk)
        return 0;
    if (sj_bt_walk_parse(asked->walk, walk) < 0)
        return sj_cli_fail(cli, SJ_EXIT_USER, "--walk-forward %s: want TRAIN:TEST days, as in 20:5",
                           asked->walk);
    if (sj_bt_walk_count(walk, day_count) == 0)
        return sj_cli_fail(cli, SJ_EXIT_USER,
                           "--walk-forward %s: %u days leave none to test on; give more --data",
                           asked->walk, day_count);
    return 0;
}

static sj_rc run(const struct backtest_asked *asked, const struct backtest_setup *setup,
                 struct sj_bt_meter *cells, const struct sj_bt_story *story, char *error)
{
    sj_rc rc = sj_bt_days_sweep(&setup->run, story->sweep, cells, error);
    if (rc >= 0 && asked->out)
        rc = sj_bt_output_sweep(asked->out, story, error);
    if (rc < 0)
        return rc;
    if (asked->json) {
        print_json(story);
        return 0;
    }
    print_table(story);
    if (story->walk)
        print_walk(story);
    return 0;
}

static int sweep_days(const struct sj_cli *cli, const struct backtest_asked *asked,
                      const struct backtest_setup *setup, struct sj_bt_sweep *sweep)
{
    struct sj_bt_walk walk = {0};
    enum sj_bt_metric metric = SJ_BT_PNL;
    char error[SJ_BT_ERROR_MAX] = "";
    int failed = read_sweep(cli, asked, setup, sweep);
    if (!failed)
        failed = read_walk(cli, asked, setup->day_count, &walk);
    if (!failed && sj_bt_metric_find(asked->metric, &metric) < 0)
        failed =
            sj_cli_fail(cli, SJ_EXIT_USER, "--metric %s: there are pnl, sharpe, drawdown and fills",
                        asked->metric);
    if (failed)
        return failed;
    struct sj_bt_meter *cells =
        calloc((size_t)sj_bt_sweep_count(sweep) * setup->day_count, sizeof *cells);
    const struct sj_bt_story story = {.options = &setup->options,
                                      .days = setup->days,
                                      .day_count = setup->day_count,
                                      .sweep = sweep,
                                      .cells = cells,
                                      .metric = metric,
                                      .walk = asked->walk ? &walk : NULL};
    sj_rc rc = cells ? run(asked, setup, cells, &story, error) : -ENOMEM;
    free(cells);
    if (rc < 0)
        return sj_cli_fail(cli, rc == -SJ_E_RANGE ? SJ_EXIT_USER : SJ_EXIT_FAILED, "%s",
                           *error ? error : sj_rc_text(rc));
    return SJ_EXIT_DONE;
}

int backtest_sweep(const struct sj_cli *cli, const struct backtest_asked *asked)
{
    struct backtest_setup *setup;
    if (asked->fills)
        return sj_cli_fail(cli, SJ_EXIT_USER, "--fills: a sweep keeps none; run the best again");
    int failed = backtest_setup(cli, asked, &setup);
    if (failed)
        return failed;
    struct sj_bt_sweep *sweep = calloc(1, sizeof *sweep);
    failed = sweep ? sweep_days(cli, asked, setup, sweep)
                   : sj_cli_fail(cli, SJ_EXIT_FAILED, "no memory");
    free(sweep);
    backtest_setup_free(setup);
    return failed;
}
