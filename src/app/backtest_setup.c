/* What was asked for on the command line into options, parameters, latencies and days. */
#include "app/backtest_setup.h"

#include "app/backtest_live.h"

#include "backtest/detect.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct backtest_asked backtest_asked_default(void)
{
    return (struct backtest_asked){.queue = "log",
                                   .exchange = "no_partial",
                                   .metric = "pnl",
                                   .queue_n = 2,
                                   .maker_fee = -0.00005,
                                   .taker_fee = 0.0007,
                                   .latency = "1ms",
                                   .seed = 1,
                                   .sample_ns = 1000000000};
}

/* --- parameters --- */

/* Parameters in lots may be said in the data's unit: 0.01 with a lot of 0.001 are 10 lots. */
static int to_lots(const struct sj_cli *cli, const struct sj_strategy_plugin *plugin, double lot,
                   const char *name, char *value, size_t size)
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
        snprintf(value, size, "%.0f", lots);
    }
    return 0;
}

int backtest_param_value(const struct sj_cli *cli, const struct backtest_setup *setup,
                         const char *name, char *value, size_t size)
{
    const struct sj_strategy_plugin *plugin =
        setup->strategy.use ? sj_strategy_builtin_find(setup->strategy.use) : NULL;
    double lot = setup->options.lot > 0 ? setup->options.lot : 1;
    if (strcmp(name, "tif") == 0 && strcmp(value, "GTC") == 0)
        snprintf(value, size, "ROD");
    return plugin ? to_lots(cli, plugin, lot, name, value, size) : 0;
}

static int add_param(const struct sj_cli *cli, struct backtest_setup *setup, const char *text,
                     size_t size)
{
    uint32_t count = setup->strategy.param_count;
    const char *equals = memchr(text, '=', size);
    if (!equals || equals == text || size >= BACKTEST_TEXT_MAX)
        return sj_cli_fail(cli, SJ_EXIT_USER, "--param %.*s: it is NAME=VALUE[,NAME=VALUE...]",
                           (int)size, text);
    if (count == SJ_STRATEGY_PARAMS_MAX)
        return sj_cli_fail(cli, SJ_EXIT_USER, "--param: %d are enough", SJ_STRATEGY_PARAMS_MAX);
    char *name = setup->names[count], *value = setup->values[count];
    snprintf(name, BACKTEST_TEXT_MAX, "%.*s", (int)(equals - text), text);
    snprintf(value, BACKTEST_TEXT_MAX, "%.*s", (int)(text + size - equals - 1), equals + 1);
    setup->params[count] = (struct sj_strategy_param){name, value, 0};
    setup->strategy.param_count++;
    return backtest_param_value(cli, setup, name, value, BACKTEST_TEXT_MAX);
}

static int read_params(const struct sj_cli *cli, const struct backtest_asked *asked,
                       struct backtest_setup *setup)
{
    for (size_t i = 0; i < asked->params.count; i++)
        for (const char *text = asked->params.items[i]; *text;) {
            size_t size = strcspn(text, ",");
            int failed = add_param(cli, setup, text, size);
            if (failed)
                return failed;
            text += size + (text[size] == ',');
        }
    return 0;
}

/* --- days --- */

static int add_day(const struct sj_cli *cli, struct backtest_setup *setup, const char *path)
{
    if (setup->day_count == SJ_BT_DAYS_MAX)
        return sj_cli_fail(cli, SJ_EXIT_USER, "more than %d days", SJ_BT_DAYS_MAX);
    setup->days[setup->day_count++] = (struct sj_bt_day){.path = path};
    return 0;
}

static int is_rows(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && (strcmp(dot, ".npz") == 0 || strcmp(dot, ".npy") == 0);
}

static int add_folder(const struct sj_cli *cli, struct backtest_setup *setup, const char *dir)
{
    struct dirent **entries;
    int count = scandir(dir, &entries, is_rows, alphasort);
    int failed = 0;
    if (count < 0)
        return sj_cli_fail(cli, SJ_EXIT_USER, "%s: %s", dir, sj_rc_text(-errno));
    if (count == 0)
        failed = sj_cli_fail(cli, SJ_EXIT_USER, "%s: there is no npz or npy in it", dir);
    for (int i = 0; i < count; i++) {
        char *path = NULL;
        if (!failed && asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0)
            failed = sj_cli_fail(cli, SJ_EXIT_FAILED, "no memory");
        else if (!failed)
            failed = add_day(cli, setup, path);
        if (failed)
            free(path);
        else
            setup->paths[setup->path_count++] = path;
        free(entries[i]);
    }
    free(entries);
    return failed;
}

static int add_input(const struct sj_cli *cli, struct backtest_setup *setup, const char *path)
{
    struct stat stat_of;
    bool folder = stat(path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode);
    if (folder && backtest_is_journal(path)) {
        if (setup->journal_count == SJ_BT_JOURNALS_MAX)
            return sj_cli_fail(cli, SJ_EXIT_USER, "more than %d journals", SJ_BT_JOURNALS_MAX);
        setup->journals[setup->journal_count++] = path;
        return 0;
    }
    return folder ? add_folder(cli, setup, path) : add_day(cli, setup, path);
}

static int read_days(const struct sj_cli *cli, const struct backtest_asked *asked,
                     struct backtest_setup *setup)
{
    int failed = 0;
    for (size_t i = 0; i < asked->data.count && !failed; i++)
        failed = add_input(cli, setup, asked->data.items[i]);
    for (size_t i = 0; i < cli->value_count && !failed; i++)
        failed = add_input(cli, setup, cli->values[i]);
    if (!failed && setup->journal_count > 0)
        return backtest_journal_days(cli, asked, setup);
    if (!failed && setup->day_count == 0)
        failed = sj_cli_fail(cli, SJ_EXIT_USER, "say what to run over: --data FILE");
    return failed;
}

/* The finest steps that any day has. */
static int detect_steps(const struct sj_cli *cli, struct backtest_setup *setup)
{
    struct sj_bt_options *options = &setup->options;
    for (uint32_t i = 0; i < setup->day_count; i++) {
        double tick, lot;
        char error[256];
        sj_rc rc = sj_bt_detect(setup->days[i].path, &tick, &lot, error);
        if (rc < 0)
            return sj_cli_fail(cli, rc == -ENOENT ? SJ_EXIT_USER : SJ_EXIT_FAILED, "%s: %s",
                               setup->days[i].path, error);
        options->tick = i == 0 ? tick : fmin(options->tick, tick);
        options->lot = i == 0 ? lot : fmin(options->lot, lot);
    }
    fprintf(stderr, "shijim backtest: by its first rows: tick %g, lot %g (--tick, --lot)\n",
            options->tick, options->lot);
    return 0;
}

/* --- the rest --- */

static int read_options(const struct sj_cli *cli, const struct backtest_asked *asked,
                        struct sj_bt_options *options)
{
    options->partial = strcmp(asked->exchange, "partial") == 0;
    if (!options->partial && strcmp(asked->exchange, "no_partial") != 0)
        return sj_cli_fail(cli, SJ_EXIT_USER, "--exchange %s: it is partial or no_partial",
                           asked->exchange);
    if (sj_bt_queue_find(asked->queue, &options->queue.kind) < 0)
        return sj_cli_fail(cli, SJ_EXIT_USER,
                           "--queue %s: there are risk_averse log log2 power power2 power3 "
                           "l3_fifo",
                           asked->queue);
    options->queue.n = asked->queue_n;
    options->strict = asked->strict;
    options->maker_fee = asked->maker_fee;
    options->taker_fee = asked->taker_fee;
    options->sample_ns = asked->sample_ns;
    options->feed_latency_ns = -1;
    return 0;
}

/* One model a way; a second reading of one file costs less than telling that it is the same. */
static int read_latencies(const struct sj_cli *cli, const struct backtest_asked *asked,
                          struct backtest_setup *setup)
{
    setup->options.seed = asked->seed;
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++) {
        const char *text = asked->stream_latency[i];
        const char *name = sj_bt_stream_name((enum sj_bt_stream)i);
        uint64_t left_out;
        char error[256];
        if (!text && i != SJ_BT_FEED)
            text = asked->latency;
        if (!text)
            continue;
        sj_rc rc = sj_bt_latency_create(text, (enum sj_bt_stream)i, asked->seed, &setup->models[i],
                                        &left_out, error);
        if (rc < 0)
            return sj_cli_fail(cli, SJ_EXIT_USER, "%s latency: %s", name, error);
        if (left_out)
            fprintf(stderr,
                    "shijim backtest: %s: %llu requests never came to the exchange: left out\n",
                    text, (unsigned long long)left_out);
        setup->options.latency[i] = setup->models[i];
        setup->options.latency_text[i] = text;
    }
    return 0;
}

static int fill_in(const struct sj_cli *cli, const struct backtest_asked *asked,
                   struct backtest_setup *setup)
{
    int failed = read_options(cli, asked, &setup->options);
    if (!failed)
        failed = read_days(cli, asked, setup);
    if (!failed && setup->journal_count == 0 && (asked->tick == 0 || asked->lot == 0))
        failed = detect_steps(cli, setup);
    if (asked->tick != 0 && setup->journal_count == 0)
        setup->options.tick = asked->tick;
    if (asked->lot != 0 && setup->journal_count == 0)
        setup->options.lot = asked->lot;
    if (!failed)
        failed = read_latencies(cli, asked, setup);
    if (!failed)
        failed = backtest_live(cli, asked, setup);
    return failed ? failed : read_params(cli, asked, setup);
}

int backtest_setup(const struct sj_cli *cli, const struct backtest_asked *asked,
                   struct backtest_setup **ret_setup)
{
    struct backtest_setup *setup = calloc(1, sizeof *setup);
    if (!setup)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "no memory");
    setup->strategy = (struct sj_strategy_instance){
        .name = "backtest", .use = asked->strategy, .params = setup->params};
    setup->options.strategies = &setup->strategy;
    setup->options.strategy_count = 1;
    setup->options.instruments = asked->instruments;
    int failed = fill_in(cli, asked, setup);
    if (!failed && !asked->strategy && !setup->options.create)
        failed = sj_cli_fail(cli, SJ_EXIT_USER, "say which: --strategy NAME");
    if (!failed && asked->strategy && setup->journal_count > 0 && !asked->instruments)
        failed = sj_cli_fail(cli, SJ_EXIT_USER, "say what it trades: --instruments CODES");
    setup->run = (struct sj_bt_days){&setup->options, setup->days, setup->day_count, asked->jobs};
    if (failed)
        backtest_setup_free(setup);
    else
        *ret_setup = setup;
    return failed;
}

void backtest_setup_free(struct backtest_setup *setup)
{
    backtest_live_free(setup);
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++)
        sj_latency_close(setup->models[i]);
    for (uint32_t i = 0; i < setup->path_count; i++)
        free(setup->paths[i]);
    free(setup);
}
