/* backtest: a recorded day decided again by the code that decided it live. */
#include "app/backtest_rows.h"
#include "app/command.h"
#include "app/deciding.h"
#include "app/settings.h"
#include "backtest/as_live.h"
#include "base/cli.h"
#include "base/json.h"

#include <errno.h>
#include <stdio.h>

static sj_rc create(void *context, const struct sj_strategy_names *names,
                    const struct sj_decide_ops *ops, struct sj_instruments *instruments,
                    char error[SJ_AS_LIVE_ERROR_MAX], struct sj_decide **ret_decide)
{
    struct sj_deciding deciding = *(const struct sj_deciding *)context;
    struct sj_strategy_names copy = *names;
    deciding.names = &copy;
    return sj_deciding_create(&deciding, ops, instruments, error, ret_decide);
}

static void print_json(const struct sj_as_live_result *result)
{
    char buffer[1024];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_begin_object(&json);
    sj_json_field_bool(&json, "equal", result->unequal == 0);
    sj_json_field_uint(&json, "starts", result->starts);
    sj_json_field_uint(&json, "inputs", result->inputs);
    sj_json_field_uint(&json, "market_events", result->market_events);
    sj_json_field_uint(&json, "intents", result->intents);
    sj_json_field_uint(&json, "verdicts", result->verdicts);
    sj_json_field_uint(&json, "others", result->others);
    sj_json_field_uint(&json, "unequal", result->unequal);
    sj_json_field_uint(&json, "first_seq", result->first_seq);
    sj_json_field_text(&json, "first", result->first);
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        puts(buffer);
}

static void print_text(const struct sj_as_live_result *result)
{
    printf("decided again: %llu market events, %llu inputs in all, %llu starts\n",
           (unsigned long long)result->market_events, (unsigned long long)result->inputs,
           (unsigned long long)result->starts);
    printf("equal, byte for byte: %llu intents, %llu verdicts, %llu other events\n",
           (unsigned long long)result->intents, (unsigned long long)result->verdicts,
           (unsigned long long)result->others);
    if (result->unequal)
        printf("UNEQUAL: %llu, the first at %llu: %s\n", (unsigned long long)result->unequal,
               (unsigned long long)result->first_seq, result->first);
}

static int as_live(const struct sj_cli *cli, const struct sj_settings *settings, const char *dir,
                   bool json)
{
    struct sj_market_rules *rules;
    char error[SJ_AS_LIVE_ERROR_MAX];
    sj_rc rc = sj_market_rules_load(NULL, error, &rules);
    if (rc < 0)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "%s", error);
    struct sj_deciding deciding = {.settings = settings, .rules = rules};
    const struct sj_as_live_options options = {dir, &deciding, create};
    struct sj_as_live_result result;
    rc = sj_as_live_run(&options, &result, error);
    sj_market_rules_free(rules);
    if (rc < 0)
        return sj_cli_fail(cli, rc == -ENOENT ? SJ_EXIT_USER : SJ_EXIT_FAILED, "%s", error);
    if (json)
        print_json(&result);
    else
        print_text(&result);
    if (result.starts == 0)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "nobody traded in the journal %s", dir);
    return result.unequal ? SJ_EXIT_IDENTITY : SJ_EXIT_DONE;
}

int sj_cmd_backtest(int argc, char **argv)
{
    struct sj_settings_source source = {0};
    struct backtest_rows rows = backtest_rows_default();
    bool live = false;
    const char *dir = NULL;
    const struct sj_cli_option options[] = {
        SJ_SETTINGS_OPTIONS(source),
        {"data", "FILE", "npz or npy of hftbacktest's rows to run over", SJ_CLI_TEXT, &rows.data, 0,
         0, 0},
        {"strategy", "NAME", "a built-in, or a shared object (with a /)", SJ_CLI_TEXT,
         &rows.strategy, 0, 0, 0},
        {"param", "A=X,B=Y", "its parameters; quantities in the data's unit", SJ_CLI_LIST,
         &rows.params, 0, 0, 0},
        {"queue", "MODEL", "risk_averse, log, log2, power, power2 or power3 (log)", SJ_CLI_TEXT,
         &rows.queue, 0, 0, 0},
        {"queue-n", "N", "exponent of the power family (2)", SJ_CLI_REAL, &rows.queue_n, 0, 0, 0},
        {"exchange", "KIND", "no_partial or partial: whether orders fill in parts (no_partial)",
         SJ_CLI_TEXT, &rows.exchange, 0, 0, 0},
        {"latency", "MODEL", "to the exchange, and back (1ms)", SJ_CLI_TEXT, &rows.latency, 0, 0,
         0},
        {"order-latency", "MODEL", "to the exchange, where it differs", SJ_CLI_TEXT,
         &rows.stream_latency[SJ_BT_ORDER], 0, 0, 0},
        {"report-latency", "MODEL", "back, where it differs", SJ_CLI_TEXT,
         &rows.stream_latency[SJ_BT_REPORT], 0, 0, 0},
        {"feed-latency", "MODEL", "of the market's rows (default: as recorded)", SJ_CLI_TEXT,
         &rows.stream_latency[SJ_BT_FEED], 0, 0, 0},
        {"seed", "N", "of what latencies are drawn (1)", SJ_CLI_UINT, &rows.seed, 0, 0, 0},
        {"tick", "PRICE", "price step (default: by the first rows)", SJ_CLI_REAL, &rows.tick, 0, 0,
         0},
        {"lot", "QTY", "quantity step (default: by the first rows)", SJ_CLI_REAL, &rows.lot, 0, 0,
         0},
        {"maker-fee", "RATE", "part of the value (-0.00005)", SJ_CLI_REAL, &rows.maker_fee, 0, 0,
         0},
        {"taker-fee", "RATE", "part of the value (0.0007)", SJ_CLI_REAL, &rows.taker_fee, 0, 0, 0},
        {"fills", "FILE", "fills as CSV", SJ_CLI_TEXT, &rows.fills, 0, 0, 0},
        {"out", "DIR", "manifest, orders, fills, equity and a report, into a folder", SJ_CLI_TEXT,
         &rows.out, 0, 0, 0},
        {"sample", "TIME", "between two rows of the equity (1s)", SJ_CLI_DURATION, &rows.sample_ns,
         0, 0, 0},
        {"strict", NULL, "stop at the first bad row", SJ_CLI_FLAG, &rows.strict, 0, 0, 0},
        {"as-live", NULL, "decide a recorded day again; the result must be the journal's",
         SJ_CLI_FLAG, &live, 0, 0, 0},
        {"journal", "DIR", "the recorded day (default: journal.dir)", SJ_CLI_TEXT, &dir, 0, 0, 0},
        {"json", NULL, "the result as one JSON object", SJ_CLI_FLAG, &rows.json, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "backtest",
        .arguments = "",
        .summary = "Strategies over recorded days, by the code that trades live.",
        .details =
            "--data runs one strategy over a file of rows, in deterministic time. GTC means ROD.\n"
            "MODEL of a latency: 5ms, normal:MEAN:DEVIATION, lognormal:MEDIAN:SIGMA,\n"
            "pareto:LEAST:ALPHA, file:PATH (samples, a histogram, or over time), or\n"
            "interp:PATH (request, exchange and response times; CSV or hftbacktest's npz).\n"
            "--as-live takes the configuration that traded, and exits with 3 when an intent or\n"
            "a verdict comes out differently than the journal holds it.",
        .example = "shijim backtest --data day.npz --strategy touch_quoter \\\n"
                   "    --param step=1s,qty=0.01,tif=GTX --queue log --latency 1ms --out run\n"
                   "shijim backtest --as-live -c shijim.yaml",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    if (live == (rows.data != NULL))
        return sj_cli_fail(&cli, SJ_EXIT_USER, "say either --data FILE or --as-live");
    if (rows.data && !rows.strategy)
        return sj_cli_fail(&cli, SJ_EXIT_USER, "say which: --strategy NAME");
    if (rows.data)
        return backtest_rows(&cli, &rows);
    struct sj_settings *settings = sj_settings_load(&cli, &source);
    if (!settings)
        return SJ_EXIT_USER;
    int exit_code = as_live(&cli, settings, dir ? dir : settings->journal.dir, rows.json);
    sj_settings_done(settings);
    return exit_code;
}
