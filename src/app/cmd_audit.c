#include "app/command.h"
#include "app/format.h"
#include "app/settings.h"
#include "base/cli.h"

#include "base/tw_time.h"
#include "store/audit.h"

#include <stdio.h>
#include <string.h>

static void print_line(const struct sj_store_audit_line *line)
{
    printf("%-16s %-16s %15s %15s %10s %10s %10s %10s  %s\n", line->table, line->symbol,
           SJ_COUNT(line->journal_count), SJ_COUNT(line->store_count),
           SJ_COUNT(line->missing_count), SJ_COUNT(line->waiting_count), SJ_COUNT(line->dead_count),
           SJ_COUNT(line->duplicate_count), line->is_equal ? "equal" : "NOT EQUAL");
}

/* Adds up the lines of one table, which stand together. */
static uint32_t sum_table(const struct sj_store_audit *audit, uint32_t first,
                          struct sj_store_audit_line *ret)
{
    uint32_t i = first;
    *ret = (struct sj_store_audit_line){.table = audit->lines[first].table, .is_equal = true};
    for (; i < audit->line_count && !strcmp(audit->lines[i].table, ret->table); i++) {
        const struct sj_store_audit_line *line = &audit->lines[i];
        ret->journal_count += line->journal_count;
        ret->store_count += line->store_count;
        ret->missing_count += line->missing_count;
        ret->waiting_count += line->waiting_count;
        ret->dead_count += line->dead_count;
        ret->duplicate_count += line->duplicate_count;
        ret->is_equal = ret->is_equal && line->is_equal;
    }
    snprintf(ret->symbol, sizeof ret->symbol, "(%u)", i - first);
    return i;
}

static void print_audit(const struct sj_store_audit *audit, bool all)
{
    printf("%-16s %-16s %15s %15s %10s %10s %10s %10s\n", "table", "symbol", "journal", "store",
           "missing", "waiting", "dead", "duplicate");
    for (uint32_t i = 0; i < audit->line_count;) {
        struct sj_store_audit_line sum;
        uint32_t next = sum_table(audit, i, &sum);
        for (uint32_t j = i; j < next; j++)
            if (all || !audit->lines[j].is_equal)
                print_line(&audit->lines[j]);
        print_line(&sum);
        i = next;
    }
    if (audit->surplus_count)
        printf("%s rows in the store that the journal does not have\n",
               SJ_COUNT(audit->surplus_count));
    if (audit->damaged_count)
        printf("%s damaged ranges in the journal; shijim journal verify names them\n",
               SJ_COUNT(audit->damaged_count));
    printf("%s of %s events of the journal are in the store, once: the audit %s\n",
           SJ_COUNT(audit->store_count), SJ_COUNT(audit->journal_count),
           audit->holds ? "holds" : "DOES NOT HOLD");
}

static int report(const struct sj_cli *cli, const struct sj_store_audit *audit, bool json, bool all)
{
    if (!json)
        print_audit(audit, all);
    else if (sj_store_audit_json(audit, all, stdout) < 0)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "the report does not fit its buffer");
    return audit->holds ? SJ_EXIT_DONE : SJ_EXIT_IDENTITY;
}

int sj_cmd_audit(int argc, char **argv)
{
    struct sj_settings_source source = {0};
    const char *day = NULL;
    bool json = false;
    bool all = false;
    const struct sj_cli_option options[] = {
        SJ_SETTINGS_OPTIONS(source),
        {"day", "DATE", "only this trading day, e.g. 2026-11-23", SJ_CLI_TEXT, &day, 0, 0, 0},
        {"all", NULL, "a line for every instrument, not only those that differ", SJ_CLI_FLAG, &all,
         0, 0, 0},
        {"json", NULL, "one JSON object", SJ_CLI_FLAG, &json, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "audit",
        .arguments = "",
        .summary = "Compares journal and store: every event by its name, volume and turnover.",
        .details = "Exit code 0: the audit holds; 3: something is missing, twice, or differs.",
        .example = "shijim audit -c shijim.yaml --day 2026-11-23",
        .options = options,
        .option_count = SJ_SETTINGS_OPTION_COUNT + 3,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    struct sj_store_audit_options audit_options = {0};
    if (day && sj_date_parse(day, strlen(day), &audit_options.trading_day) < 0)
        return sj_cli_fail(&cli, SJ_EXIT_USER, "--day wants a date such as 2026-11-23, not '%s'",
                           day);
    struct sj_settings *settings = sj_settings_load(&cli, &source);
    if (!settings)
        return SJ_EXIT_USER;
    struct sj_store_audit audit;
    struct sj_store_error error;
    audit_options.config = &settings->store;
    audit_options.journal_dir = settings->journal.dir;
    rc = sj_store_audit_run(&audit_options, &audit, &error);
    int exit_code = rc < 0 ? sj_cli_fail(&cli, sj_cli_path_exit(rc), "%s", error.text)
                           : report(&cli, &audit, json, all);
    if (rc >= 0)
        sj_store_audit_done(&audit);
    sj_settings_done(settings);
    return exit_code;
}
