#include "app/command.h"
#include "app/settings.h"
#include "base/cli.h"

#include "store/embedded/embedded.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* Merges and queries may wait; whoever records on the same cores may not. */
#define STORE_NICE 10

static int retry(const struct sj_cli *cli, const struct sj_settings *settings)
{
    char dir[sizeof settings->journal.dir + sizeof "/dead"];
    struct sj_store_retry_report report = {0};
    struct sj_store_error error;
    snprintf(dir, sizeof dir, "%s/dead", settings->journal.dir);
    if (*settings->store.dead_letter_dir)
        snprintf(dir, sizeof dir, "%s", settings->store.dead_letter_dir);
    sj_rc rc = sj_store_retry_dead_letters(&settings->store, dir, &report, &error);
    if (rc < 0)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "%s", error.text);
    printf("%llu files, %llu rows: %llu are in the store now, %llu refused again, %llu files "
           "damaged\n",
           (unsigned long long)report.file_count, (unsigned long long)report.row_count,
           (unsigned long long)report.inserted_count, (unsigned long long)report.failed_count,
           (unsigned long long)report.damaged_count);
    return report.failed_count || report.damaged_count ? SJ_EXIT_FAILED : SJ_EXIT_DONE;
}

static int cmd_retry(int argc, char **argv)
{
    struct sj_settings_source source = {0};
    const struct sj_cli_option options[] = {SJ_SETTINGS_OPTIONS(source)};
    struct sj_cli cli = {
        .command = "store retry",
        .arguments = "",
        .summary = "Sends the dead letters again: rows that the server had refused for good.",
        .details = "Each file says why it is there (store.dead_letter_dir, or dead/ in the "
                   "journal).\nMend the cause first; what is refused again stays.",
        .example = "shijim store retry -c shijim.yaml",
        .options = options,
        .option_count = SJ_SETTINGS_OPTION_COUNT,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    struct sj_settings *settings = sj_settings_load(&cli, &source);
    if (!settings)
        return SJ_EXIT_USER;
    int exit_code = retry(&cli, settings);
    sj_settings_done(settings);
    return exit_code;
}

int sj_cmd_store(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "retry"))
        return cmd_retry(argc - 1, argv + 1);
    setpriority(PRIO_PROCESS, 0, STORE_NICE);
    return sj_store_embedded_cli(argc, argv);
}
