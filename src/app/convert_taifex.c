#include "app/convert_commands.h"
#include "base/cli.h"

#include "convert/taifex.h"

#include <stdio.h>

static void print_report(const struct sj_taifex_report *report, const char *dir)
{
    printf("%llu trades, %llu lots, %u instruments, trading day %u\n",
           (unsigned long long)report->trade_count, (unsigned long long)report->lot_count,
           report->instrument_count, report->trading_day);
    fprintf(stderr, "next: shijim journal ls %s\n      shijim broker-sim --replay %s\n", dir, dir);
}

static void print_report_json(const struct sj_taifex_report *report)
{
    printf("{\"trades\":%llu,\"lots\":%llu,\"instruments\":%u,\"trading_day\":%u,"
           "\"first_ns\":%lld,\"last_ns\":%lld}\n",
           (unsigned long long)report->trade_count, (unsigned long long)report->lot_count,
           report->instrument_count, report->trading_day, (long long)report->first_ns,
           (long long)report->last_ns);
}

int sj_convert_command_taifex(int argc, char **argv)
{
    bool json = false;
    const struct sj_cli_option options[] = {
        {"json", NULL, "the report as JSON", SJ_CLI_FLAG, &json, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "convert taifex",
        .arguments = "FILE JOURNAL",
        .summary = "Converts a day of TAIFEX futures or options trades (Daily_*, OptionsDaily_*; "
                   "zip or CSV).",
        .details = "Every trade of both sessions, in the order of time, with its instrument.\n"
                   "JOURNAL is a directory; it is created, or must hold no converted trades yet.",
        .example = "shijim convert taifex Daily_2021_07_26.zip ./day",
        .options = options,
        .option_count = 1,
        .arguments_min = 2,
        .arguments_max = 2,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    struct sj_taifex_report report;
    rc = sj_convert_taifex(cli.values[0], cli.values[1], &report);
    if (rc < 0)
        return sj_cli_fail(&cli, rc == -SJ_E_IDENTITY ? SJ_EXIT_IDENTITY : SJ_EXIT_FAILED, "%s: %s",
                           cli.values[0], report.error);
    if (json)
        print_report_json(&report);
    else
        print_report(&report, cli.values[1]);
    return SJ_EXIT_DONE;
}
