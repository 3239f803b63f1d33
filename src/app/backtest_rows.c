/* A strategy over a file of rows: what was asked for on the command line into a run. */
#include "app/backtest_rows.h"

#include "backtest/detect.h"
#include "backtest/output.h"
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 64

struct params {
    struct sj_strategy_param list[SJ_STRATEGY_PARAMS_MAX];
    char names[SJ_STRATEGY_PARAMS_MAX][TEXT_MAX], values[SJ_STRATEGY_PARAMS_MAX][TEXT_MAX];
    uint32_t count;
};

struct backtest_rows backtest_rows_default(void)
{
    return (struct backtest_rows){.queue = "log",
                                  .exchange = "no_partial",
                                  .queue_n = 2,
                                  .maker_fee = -0.00005,
                                  .taker_fee = 0.0007,
                                  .latency = "1ms",
                                  .seed = 1,
                                  .sample_ns = 1000000000};
}

/* Parameters in lots may be said in the data's unit: 0.01 with a lot of 0.001 are 10 lots. */
static int to_lots(const struct sj_cli *cli, const struct sj_strategy_plugin *plugin, double lot,
                   const char *name, char *value)
{
    for (uint32_t i = 0; i < plugin->param_count; i++) {
        const struct sj_strategy_param_info *info = &plugin->params[i];
        char *end;
        if (strcmp(info->name, name) != 0 || !info->unit || strcmp(info->unit, "lots") != 0)
            continue;
        double lots = strtod(value, &end) / lot;
        if (end == value || *end || !(fabs(lots) < 1e9))
            return 0; /* the strategy's host says what is wrong with it */
        if (fabs(lots - round(lots)) > 1e-6)
            return sj_cli_fail(cli, SJ_EXIT_USER, "%s=%s is not a multiple of the lot, %g", name,
                               value, lot);
        snprintf(value, TEXT_MAX, "%.0f", lots);
    }
    return 0;
}

static int add_param(const struct sj_cli *cli, const struct sj_strategy_plugin *plugin, double lot,
                     const char *text, size_t size, struct params *params)
{
    const char *equals = memchr(text, '=', size);
    if (!equals || equals == text || size >= TEXT_MAX)
        return sj_cli_fail(cli, SJ_EXIT_USER, "--param %.*s: it is NAME=VALUE[,NAME=VALUE...]",
                           (int)size, text);
    if (params->count == SJ_STRATEGY_PARAMS_MAX)
        return sj_cli_fail(cli, SJ_EXIT_USER, "--param: %d are enough", SJ_STRATEGY_PARAMS_MAX);
    char *name = params->names[params->count], *value = params->values[params->count];
    snprintf(name, TEXT_MAX, "%.*s", (int)(equals - text), text);
    snprintf(value, TEXT_MAX, "%.*s", (int)(text + size - equals - 1), equals + 1);
    if (strcmp(name, "tif") == 0 && strcmp(value, "GTC") == 0)
        snprintf(value, TEXT_MAX, "ROD");
    params->list[params->count++] = (struct sj_strategy_param){name, value, 0};
    return plugin ? to_lots(cli, plugin, lot, name, value) : 0;
}

static int read_params(const struct sj_cli *cli, const struct backtest_rows *asked, double lot,
                       struct params *params)
{
    const struct sj_strategy_plugin *plugin = sj_strategy_builtin_find(asked->strategy);
    for (size_t i = 0; i < asked->params.count; i++)
        for (const char *text = asked->params.items[i]; *text;) {
            size_t size = strcspn(text, ",");
            int failed = add_param(cli, plugin, lot, text, size, params);
            if (failed)
                return failed;
            text += size + (text[size] == ',');
        }
    return 0;
}

static int read_options(const struct sj_cli *cli, const struct backtest_rows *asked,
                        struct sj_bt_options *options)
{
    bool partial = strcmp(asked->exchange, "partial") == 0;
    char error[256];
    if (!partial && strcmp(asked->exchange, "no_partial") != 0)
        return sj_cli_fail(cli, SJ_EXIT_USER, "--exchange %s: it is partial or no_partial",
                           asked->exchange);
    if (sj_bt_queue_find(asked->queue, &options->queue.kind) < 0)
        return sj_cli_fail(cli, SJ_EXIT_USER,
                           "--queue %s: there are risk_averse log log2 power power2 power3",
                           asked->queue);
    options->path = asked->data;
    options->queue.n = asked->queue_n;
    options->partial = partial;
    options->strict = asked->strict;
    options->maker_fee = asked->maker_fee;
    options->taker_fee = asked->taker_fee;
    options->sample_ns = asked->out ? asked->sample_ns : 0;
    if (asked->tick == 0 || asked->lot == 0) {
        sj_rc rc = sj_bt_detect(asked->data, &options->tick, &options->lot, error);
        if (rc < 0)
            return sj_cli_fail(cli, rc == -ENOENT ? SJ_EXIT_USER : SJ_EXIT_FAILED, "%s: %s",
                               asked->data, error);
        fprintf(stderr, "shijim backtest: by its first rows: tick %g, lot %g (--tick, --lot)\n",
                options->tick, options->lot);
    }
    options->tick = asked->tick != 0 ? asked->tick : options->tick;
    options->lot = asked->lot != 0 ? asked->lot : options->lot;
    return 0;
}

/* One model a way; a second reading of one file costs less than telling that it is the same. */
static int read_latencies(const struct sj_cli *cli, const struct backtest_rows *asked,
                          struct sj_latency *models[SJ_BT_STREAM_COUNT],
                          struct sj_bt_options *options)
{
    options->seed = asked->seed;
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++) {
        const char *text = asked->stream_latency[i];
        uint64_t left_out;
        char error[256];
        if (!text && i != SJ_BT_FEED)
            text = asked->latency;
        if (!text)
            continue;
        sj_rc rc = sj_bt_latency_create(text, (enum sj_bt_stream)i, asked->seed, &models[i],
                                        &left_out, error);
        if (rc < 0)
            return sj_cli_fail(cli, SJ_EXIT_USER, "%s latency: %s",
                               sj_bt_stream_name((enum sj_bt_stream)i), error);
        if (left_out)
            fprintf(stderr,
                    "shijim backtest: %s: %llu requests never came to the exchange: left out\n",
                    text, (unsigned long long)left_out);
        options->latency[i] = models[i];
        options->latency_text[i] = text;
    }
    return 0;
}

static void print_json(const struct sj_bt_result *result)
{
    char buffer[2048];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_begin_object(&json);
    sj_json_field_uint(&json, "rows", result->rows.rows);
    sj_json_field_uint(&json, "malformed", result->rows.malformed);
    sj_json_field_uint(&json, "far", result->rows.far);
    sj_json_field_uint(&json, "backwards", result->rows.backwards);
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
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        puts(buffer);
}

static void print_text(const struct sj_bt_result *result)
{
    const struct sj_bt_feed_counts *rows = &result->rows;
    printf("rows    %llu: %llu depth, %llu trades\n", (unsigned long long)rows->rows,
           (unsigned long long)rows->depth, (unsigned long long)rows->trades);
    if (rows->malformed + rows->far + rows->backwards)
        printf("BAD     %llu malformed, %llu too far, %llu backwards; the first is row %llu\n",
               (unsigned long long)rows->malformed, (unsigned long long)rows->far,
               (unsigned long long)rows->backwards, (unsigned long long)rows->first_bad);
    printf("orders  %llu, %llu cancels, %llu expired, %llu refused, %llu open\n",
           (unsigned long long)result->orders, (unsigned long long)result->cancels,
           (unsigned long long)result->expired, (unsigned long long)result->refused,
           (unsigned long long)result->open);
    printf("fills   %llu, volume %.10g, value %.10g\n", (unsigned long long)result->fills,
           result->volume, result->value);
    printf("result  position %.10g, balance %.10g, fee %.10g, equity %.10g\n", result->position,
           result->balance, result->fee, result->equity);
}

static void print_log(void *context, uint32_t strategy, const char *text)
{
    (void)context;
    (void)strategy;
    fprintf(stderr, "shijim backtest: strategy: %s\n", text);
}

static int run(const struct sj_cli *cli, const struct backtest_rows *asked,
               struct sj_bt_options *options)
{
    char error[SJ_BT_ERROR_MAX] = "";
    struct sj_bt_result result;
    struct sj_bt_output *output = malloc(sizeof *output);
    if (!output)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "no memory");
    sj_rc rc = sj_bt_output_open(output, asked->out, asked->fills, options, error);
    if (rc >= 0) {
        sj_bt_output_attach(output, &options->sink);
        rc = sj_bt_run(options, &result, error);
        char later[SJ_BT_ERROR_MAX] = "";
        sj_rc finished = sj_bt_output_finish(output, options, rc < 0 ? NULL : &result, later);
        if (rc >= 0 && finished < 0) {
            rc = finished;
            memcpy(error, later, sizeof error);
        }
    }
    free(output);
    if (rc < 0)
        return sj_cli_fail(cli, rc == -SJ_E_RANGE ? SJ_EXIT_USER : SJ_EXIT_FAILED, "%s", error);
    if (asked->json)
        print_json(&result);
    else
        print_text(&result);
    return SJ_EXIT_DONE;
}

int backtest_rows(const struct sj_cli *cli, const struct backtest_rows *asked)
{
    struct sj_bt_options options = {.sink = {.log = print_log}};
    struct sj_latency *models[SJ_BT_STREAM_COUNT] = {0};
    struct params *params = calloc(1, sizeof *params);
    if (!params)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "no memory");
    int failed = read_options(cli, asked, &options);
    if (!failed)
        failed = read_latencies(cli, asked, models, &options);
    if (!failed)
        failed = read_params(cli, asked, options.lot, params);
    const struct sj_strategy_instance strategy = {.name = "backtest",
                                                  .use = asked->strategy,
                                                  .params = params->list,
                                                  .param_count = params->count};
    options.strategies = &strategy;
    options.strategy_count = 1;
    if (!failed)
        failed = run(cli, asked, &options);
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++)
        sj_latency_close(models[i]);
    free(params);
    return failed;
}
