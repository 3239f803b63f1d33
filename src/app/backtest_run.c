/* A strategy over recorded days, and what came out. */
#include "app/backtest_jobs.h"

#include "backtest/output.h"
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void json_events(struct sj_json *json, const struct sj_bt_event_counts *events)
{
    sj_json_field_uint(json, "events", events->events);
    sj_json_field_uint(json, "market_events", events->market);
    sj_json_field_uint(json, "gaps", events->gaps);
    sj_json_field_uint(json, "off_tick", events->off_tick);
    sj_json_field_uint(json, "malformed_events", events->malformed);
    sj_json_field_uint(json, "unknown", events->unknown);
    sj_json_field_uint(json, "repeated", events->repeated);
    sj_json_field_uint(json, "events_backwards", events->backwards);
    sj_json_field_uint(json, "late", events->late);
    sj_json_field_uint(json, "damaged", events->damaged);
    sj_json_field_text(json, "first_bad", events->first_bad);
    sj_json_field_text(json, "ended", events->ended);
}

static void print_events(const struct sj_bt_event_counts *events)
{
    printf("events  %llu, %llu of the market, %llu gaps\n", (unsigned long long)events->events,
           (unsigned long long)events->market, (unsigned long long)events->gaps);
    if (events->first_bad[0])
        printf("LEFT    out at the exchange: %llu off the tick, %llu malformed, %llu unknown, %llu "
               "repeated;\n        taken late: %llu backwards, %llu late; %llu damaged ranges\n"
               "        the first: %s\n",
               (unsigned long long)events->off_tick, (unsigned long long)events->malformed,
               (unsigned long long)events->unknown, (unsigned long long)events->repeated,
               (unsigned long long)events->backwards, (unsigned long long)events->late,
               (unsigned long long)events->damaged, events->first_bad);
    if (events->ended[0])
        printf("END     %s\n", events->ended);
}

static void print_rows(const struct sj_bt_feed_counts *rows)
{
    printf("rows    %llu: %llu depth, %llu trades", (unsigned long long)rows->rows,
           (unsigned long long)rows->depth, (unsigned long long)rows->trades);
    if (rows->orders)
        printf(", %llu of orders", (unsigned long long)rows->orders);
    putchar('\n');
    if (rows->malformed + rows->far + rows->backwards)
        printf("BAD     %llu malformed, %llu too far, %llu backwards; the first is row %llu\n",
               (unsigned long long)rows->malformed, (unsigned long long)rows->far,
               (unsigned long long)rows->backwards, (unsigned long long)rows->first_bad);
}

static void print_json(const struct sj_bt_story *story)
{
    const struct sj_bt_result *result = &story->total->result;
    const struct sj_bt_meter *meter = &story->total->meter;
    char buffer[4096];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_begin_object(&json);
    sj_json_field_uint(&json, "days", story->day_count);
    sj_json_field_uint(&json, "rows", result->rows.rows);
    sj_json_field_uint(&json, "malformed", result->rows.malformed);
    sj_json_field_uint(&json, "far", result->rows.far);
    sj_json_field_uint(&json, "backwards", result->rows.backwards);
    if (result->events.events)
        json_events(&json, &result->events);
    sj_json_field_uint(&json, "orders", result->orders);
    sj_json_field_uint(&json, "cancels", result->cancels);
    sj_json_field_uint(&json, "expired", result->expired);
    sj_json_field_uint(&json, "refused", result->refused);
    sj_json_field_uint(&json, "fills", result->fills);
    sj_json_field_uint(&json, "open", result->open);
    sj_json_field_real(&json, "position", result->position);
    sj_json_field_real(&json, "balance", result->balance);
    sj_json_field_real(&json, "fee", result->fee);
    sj_json_field_real(&json, "volume", result->volume);
    sj_json_field_real(&json, "value", result->value);
    sj_json_field_real(&json, "pnl", meter->last);
    sj_json_field_real(&json, "sharpe", sj_bt_meter_sharpe(meter));
    sj_json_field_real(&json, "drawdown", meter->drawdown);
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        puts(buffer);
}

static void print_days(const struct sj_bt_story *story)
{
    printf("%-40s %12s %12s %8s %8s\n", "day", "pnl", "drawdown", "orders", "fills");
    for (uint32_t i = 0; i < story->day_count; i++) {
        const struct sj_bt_meter *meter = &story->results[i].meter;
        printf("%-40s %12.6g %12.6g %8llu %8llu\n", story->days[i].path, meter->last,
               meter->drawdown, (unsigned long long)meter->orders,
               (unsigned long long)meter->fills);
    }
}

static void print_text(const struct sj_bt_story *story)
{
    const struct sj_bt_result *result = &story->total->result;
    const struct sj_bt_meter *meter = &story->total->meter;
    if (story->day_count > 1)
        print_days(story);
    if (result->events.events)
        print_events(&result->events);
    else
        print_rows(&result->rows);
    printf("orders  %llu, %llu cancels, %llu expired, %llu refused, %llu open\n",
           (unsigned long long)result->orders, (unsigned long long)result->cancels,
           (unsigned long long)result->expired, (unsigned long long)result->refused,
           (unsigned long long)result->open);
    printf("fills   %llu, volume %.10g, value %.10g\n", (unsigned long long)result->fills,
           result->volume, result->value);
    printf("result  position %.10g, balance %.10g, fee %.10g, equity %.10g\n", result->position,
           result->balance, result->fee, result->equity);
    printf("judged  sharpe %.6g, drawdown %.10g\n", sj_bt_meter_sharpe(meter), meter->drawdown);
}

static void print_log(void *context, uint32_t strategy, const char *text)
{
    (void)context;
    (void)strategy;
    fprintf(stderr, "shijim backtest: strategy: %s\n", text);
}

struct results {
    struct sj_bt_day_result total;
    struct sj_bt_output output;
    struct sj_bt_day_result days[];
};

static sj_rc run_days(const struct backtest_asked *asked, struct backtest_setup *setup,
                      struct results *results, struct sj_bt_story *story, char *error)
{
    struct sj_bt_sink sink = {.log = print_log};
    struct sj_bt_output *output = &results->output;
    sj_rc rc = sj_bt_output_open(output, asked->out, asked->fills, &setup->options, error);
    if (rc < 0)
        return rc;
    sj_bt_output_attach(output, &sink);
    rc = sj_bt_days_run(&setup->run, &sink, results->days, error);
    if (rc >= 0)
        sj_bt_days_total(results->days, setup->day_count, &results->total);
    *story = (struct sj_bt_story){.options = &setup->options,
                                  .days = setup->days,
                                  .day_count = setup->day_count,
                                  .results = results->days,
                                  .total = &results->total};
    char later[SJ_BT_ERROR_MAX] = "";
    sj_rc finished = sj_bt_output_finish(output, rc < 0 ? NULL : story, later);
    if (rc >= 0 && finished < 0) {
        rc = finished;
        memcpy(error, later, sizeof later);
    }
    return rc;
}

int backtest_run(const struct sj_cli *cli, const struct backtest_asked *asked)
{
    struct backtest_setup *setup;
    struct sj_bt_story story;
    char error[SJ_BT_ERROR_MAX] = "";
    int exit_code = backtest_setup(cli, asked, &setup);
    if (exit_code)
        return exit_code;
    struct results *results =
        calloc(1, sizeof *results + setup->day_count * sizeof results->days[0]);
    sj_rc rc = results ? run_days(asked, setup, results, &story, error) : -ENOMEM;
    if (rc < 0)
        exit_code = sj_cli_fail(cli, rc == -SJ_E_RANGE ? SJ_EXIT_USER : SJ_EXIT_FAILED, "%s",
                                *error ? error : sj_rc_text(rc));
    else if (asked->json)
        print_json(&story);
    else
        print_text(&story);
    free(results);
    backtest_setup_free(setup);
    return exit_code;
}
