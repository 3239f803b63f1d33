#include "app/command.h"
#include "app/settings.h"
#include "base/cli.h"

#include <stdio.h>

int sj_cmd_query(int argc, char **argv)
{
    struct sj_settings_source source = {0};
    const char *format = NULL;
    const struct sj_cli_option options[] = {
        SJ_SETTINGS_OPTIONS(source),
        {"format", "NAME", "ClickHouse's name of the output format", SJ_CLI_TEXT, &format, 0, 0,
         'f'},
    };
    struct sj_cli cli = {
        .command = "query",
        .arguments = "SQL",
        .summary = "Runs SQL on the configured store and prints the answer.",
        .details = "A FORMAT clause in the statement wins over --format.",
        .example = "shijim query \"SELECT symbol, count(), sum(size) FROM ticks GROUP BY symbol\"",
        .options = options,
        .option_count = SJ_SETTINGS_OPTION_COUNT + 1,
        .arguments_min = 1,
        .arguments_max = 1,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    struct sj_settings *settings = sj_settings_load(&cli, &source);
    if (!settings)
        return SJ_EXIT_USER;
    struct sj_store_error error;
    rc = sj_store_query(&settings->store, cli.values[0], format, stdout, &error);
    sj_settings_done(settings);
    return rc < 0 ? sj_cli_fail(&cli, SJ_EXIT_FAILED, "%s", error.text) : SJ_EXIT_DONE;
}
