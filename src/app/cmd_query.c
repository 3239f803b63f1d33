#include "app/command.h"
#include "app/settings.h"
#include "base/cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

int sj_cmd_query(int argc, char **argv)
{
    struct sj_settings_source source = {0};
    const char *format = NULL;
    bool json = false;
    const struct sj_cli_option options[] = {
        SJ_SETTINGS_OPTIONS(source),
        {"format", "NAME", "ClickHouse's name of the output format", SJ_CLI_TEXT, &format, 0, 0,
         'f'},
        {"json", NULL, "one JSON object a row: --format JSONEachRow", SJ_CLI_FLAG, &json, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "query",
        .arguments = "SQL",
        .summary = "Runs SQL on the configured store and prints the answer.",
        .details = "A FORMAT clause in the statement wins over --format.",
        .example = "shijim query \"SELECT symbol, count(), sum(size) FROM ticks GROUP BY symbol\"",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .arguments_min = 1,
        .arguments_max = 1,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    if (json && format)
        return sj_cli_fail(&cli, SJ_EXIT_USER, "--json and --format both name a format; give one");
    if (json)
        format = "JSONEachRow";
    struct sj_settings *settings = sj_settings_load(&cli, &source);
    if (!settings)
        return SJ_EXIT_USER;
    struct sj_store_error error;
    rc = sj_store_query(&settings->store, cli.values[0], format, stdout, &error);
    sj_settings_done(settings);
    if (rc == -EPIPE)
        return SJ_EXIT_DONE; /* its reader has seen enough */
    return rc < 0 ? sj_cli_fail(&cli, SJ_EXIT_FAILED, "%s", error.text) : SJ_EXIT_DONE;
}
