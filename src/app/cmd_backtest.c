/* backtest: a recorded day decided again by the code that decided it live. */
#include "app/backtest_jobs.h"
#include "app/command.h"
#include "app/deciding.h"
#include "app/settings.h"
#include "backtest/as_live.h"
#include "base/cli.h"
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static int run_live(const struct sj_cli *cli, const struct sj_settings_source *source,
                    const char *dir, bool json)
{
    struct sj_settings *settings = sj_settings_load(cli, source);
    if (!settings)
        return SJ_EXIT_USER;
    int exit_code = as_live(cli, settings, dir ? dir : settings->journal.dir, json);
    sj_settings_done(settings);
    return exit_code;
}

static int run_or_sweep(int argc, char **argv)
{
    struct backtest_asked asked = backtest_asked_default();
    bool live = false;
    const char *dir = NULL;
    const struct sj_cli_option options[] = {
        SJ_SETTINGS_OPTIONS(asked.source),
        BACKTEST_OPTIONS(asked),
        {"fills", "FILE", "fills as CSV", SJ_CLI_TEXT, &asked.fills, 0, 0, 0},
        {"out", "DIR", "manifest, orders, fills, equity and a report, into a folder", SJ_CLI_TEXT,
         &asked.out, 0, 0, 0},
        {"sample", "TIME", "between two rows of the equity (1s)", SJ_CLI_DURATION, &asked.sample_ns,
         0, 0, 0},
        {"sweep", "A=1:5:1", "tries values of a parameter, also A=x|y; all combinations",
         SJ_CLI_LIST, &asked.sweeps, 0, 0, 0},
        {"metric", "NAME", "what a sweep is judged by: pnl, sharpe, drawdown or fills (pnl)",
         SJ_CLI_TEXT, &asked.metric, 0, 0, 0},
        {"walk-forward", "N:M", "of a sweep: the best on N days, shown on the next M", SJ_CLI_TEXT,
         &asked.walk, 0, 0, 0},
        {"as-live", NULL, "decide a recorded day again; the result must be the journal's",
         SJ_CLI_FLAG, &live, 0, 0, 0},
        {"journal", "DIR", "the recorded day (default: journal.dir)", SJ_CLI_TEXT, &dir, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "backtest",
        .arguments = "[FILE|JOURNAL...]",
        .arguments_max = SJ_CLI_ARGUMENTS_ANY,
        .summary = "Strategies over recorded days, by the code that trades live.",
        .details =
            "--data runs one strategy over files of rows, one a day, in deterministic time; every\n"
            "day begins flat. GTC means ROD. Journals (folders) are run over with the\n"
            "configuration that trades live (-c), or with --strategy and --instruments; --day\n"
            "chooses trading days. What -c or --set gives of risk, orders and account holds for\n"
            "files, too; without, everything passes that makes sense. Cash and margin are not\n"
            "checked: there is no broker to ask.\n" BACKTEST_DETAILS "\n"
            "--as-live takes the configuration that traded, and exits with 3 when an intent or\n"
            "a verdict comes out differently than the journal holds it.\n"
            "Also: shijim backtest check (does a strategy look ahead, when is it warm) and\n"
            "shijim backtest latency (what a recorded session had).",
        .example = "shijim backtest --data day.npz --strategy touch_quoter \\\n"
                   "    --param step=1s,qty=0.01,tif=GTX --queue log --latency 1ms --out run\n"
                   "shijim backtest --data days/ --strategy touch_quoter --param qty=0.01 \\\n"
                   "    --sweep step=500ms:2000ms:500ms --walk-forward 5:1 --out sweep\n"
                   "shijim backtest data/journal -c shijim.yaml --day 20261124 --out run\n"
                   "shijim backtest --as-live -c shijim.yaml",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    bool rows = asked.data.count + cli.value_count > 0;
    if (live == rows)
        return sj_cli_fail(&cli, SJ_EXIT_USER, "say either --data FILE, journals, or --as-live");
    if (asked.walk && asked.sweeps.count == 0)
        return sj_cli_fail(&cli, SJ_EXIT_USER, "--walk-forward: say what to choose from: --sweep");
    if (asked.sweeps.count)
        return backtest_sweep(&cli, &asked);
    return rows ? backtest_run(&cli, &asked) : run_live(&cli, &asked.source, dir, asked.json);
}

int sj_cmd_backtest(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "check") == 0)
        return backtest_check(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "latency") == 0)
        return backtest_latency(argc - 1, argv + 1);
    return run_or_sweep(argc, argv);
}
