#include "app/backtest_live.h"

#include "app/deciding.h"
#include "journal/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct backtest_config {
    struct sj_settings *settings;
    struct sj_market_rules *rules;
};

static void count_segment(const struct sj_journal_segment *segment, void *context)
{
    *(uint64_t *)context += segment->whole;
}

bool backtest_is_journal(const char *path)
{
    uint64_t count = 0;
    return sj_journal_list(path, count_segment, &count) >= 0 && count > 0;
}

static sj_rc create(void *context, const struct sj_decide_ops *ops,
                    struct sj_instruments *instruments, char error[SJ_BT_ERROR_MAX],
                    struct sj_decide **ret_decide)
{
    const struct backtest_config *config = context;
    struct sj_strategy_names names = {0};
    const struct sj_deciding deciding = {
        .settings = config->settings, .rules = config->rules, .names = &names};
    sj_rc rc = sj_deciding_bind(&config->settings->strategies, &names, error);
    return rc < 0 ? rc : sj_deciding_create(&deciding, ops, instruments, error, ret_decide);
}

static int use_strategies(const struct sj_cli *cli, struct backtest_setup *setup)
{
    struct backtest_config *config = setup->config;
    char error[SJ_RULES_ERROR_MAX];
    if (config->settings->strategies.count == 0)
        return sj_cli_fail(cli, SJ_EXIT_USER,
                           "no strategy: -c FILE with the section strategies, or --strategy NAME "
                           "--instruments CODES");
    if (sj_market_rules_load(NULL, error, &config->rules) < 0)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "market rules: %s", error);
    setup->options.create = create;
    setup->options.create_context = config;
    setup->options.strategy_count = 0;
    return 0;
}

int backtest_live(const struct sj_cli *cli, const struct backtest_asked *asked,
                  struct backtest_setup *setup)
{
    bool given = asked->source.path || asked->source.assignments.count > 0;
    bool theirs = setup->journal_count > 0 && !asked->strategy;
    if (!given && !theirs)
        return 0;
    setup->config = calloc(1, sizeof *setup->config);
    if (!setup->config)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "no memory");
    struct sj_settings *settings = sj_settings_load(cli, &asked->source);
    if (!settings)
        return SJ_EXIT_USER;
    setup->config->settings = settings;
    settings->risk.cash_check = settings->risk.margin_check = false;
    settings->trading.mode = SJ_TRADING_PAPER;
    setup->options.risk = &settings->risk;
    setup->options.orders = &settings->orders;
    setup->options.account = &settings->account;
    return theirs ? use_strategies(cli, setup) : 0;
}

void backtest_live_free(struct backtest_setup *setup)
{
    if (!setup->config)
        return;
    sj_market_rules_free(setup->config->rules);
    if (setup->config->settings)
        sj_settings_done(setup->config->settings);
    free(setup->config);
}

/* --- days --- */

static int add_day(const struct sj_cli *cli, struct backtest_setup *setup, int32_t date)
{
    char *name = NULL;
    const char *first = setup->journals[0];
    int length = date ? asprintf(&name, "%s:%d", first, date) : asprintf(&name, "%s", first);
    if (length < 0)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "no memory");
    if (setup->day_count == SJ_BT_DAYS_MAX) {
        free(name);
        return sj_cli_fail(cli, SJ_EXIT_USER, "more than %d days", SJ_BT_DAYS_MAX);
    }
    setup->paths[setup->path_count++] = name;
    setup->days[setup->day_count++] = (struct sj_bt_day){.path = name,
                                                         .journals = setup->journals,
                                                         .journal_count = setup->journal_count,
                                                         .date = date};
    return 0;
}

int backtest_journal_days(const struct sj_cli *cli, const struct backtest_asked *asked,
                          struct backtest_setup *setup)
{
    int failed = 0;
    if (setup->day_count > 0)
        return sj_cli_fail(cli, SJ_EXIT_USER, "%s is a journal, %s is not: one kind at a time",
                           setup->journals[0], setup->days[0].path);
    if (asked->dates.count == 0)
        return add_day(cli, setup, 0);
    for (size_t i = 0; i < asked->dates.count && !failed; i++) {
        char *end;
        const char *text = asked->dates.items[i];
        long date = strtol(text, &end, 10);
        if (*end || end == text || !sj_date_valid((int32_t)date))
            failed = sj_cli_fail(cli, SJ_EXIT_USER, "--day %s: it is YYYYMMDD", text);
        else
            failed = add_day(cli, setup, (int32_t)date);
    }
    return failed;
}
