/* `shijim convert synth`: seeded loads. */
#include "app/convert_commands.h"
#include "app/format.h"
#include "base/cli.h"

#include "convert/synth.h"

#include <stdio.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text);
    return size >= strlen(end) && !strcmp(text + size - strlen(end), end);
}

static int synthesise(const struct sj_cli *cli, const struct sj_synth_options *options)
{
    static const struct {
        const char *ending;
        enum sj_convert_format format;
    } formats[] = {{".npz", SJ_TO_NPZ},
                   {".npy", SJ_TO_NPY},
                   {".csv", SJ_TO_CSV},
                   {".arrow", SJ_TO_ARROW},
                   {".parquet", SJ_TO_PARQUET}};
    const char *path = cli->values[0];
    bool jsonl = ends_with(path, ".jsonl");
    enum sj_convert_format format = SJ_TO_JOURNAL;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (ends_with(path, formats[i].ending))
            format = formats[i].format;
    if (!jsonl && format == SJ_TO_JOURNAL)
        return sj_cli_fail(cli, SJ_EXIT_USER,
                           "OUT ends in .jsonl, .npz, .npy, .csv, .arrow or .parquet, not '%s'",
                           path);
    uint64_t count;
    char error[256];
    sj_rc rc = sj_synth_write(options, path, jsonl, format, &count, error);
    if (rc < 0)
        return sj_cli_fail(
            cli, rc == -SJ_E_RANGE || rc == -SJ_E_MALFORMED ? SJ_EXIT_USER : SJ_EXIT_FAILED, "%s",
            error);
    printf("%s: %s %s, seed %llu\n", path, SJ_COUNT(count), jsonl ? "lines" : "rows",
           (unsigned long long)options->seed);
    return SJ_EXIT_DONE;
}

int sj_convert_command_synth(int argc, char **argv)
{
    struct sj_synth_options synth = {
        .seed = 1, .event_count = 1000000, .instrument_count = 1, .book_percent = 60, .rate = 1000};
    uint64_t instruments = 1;
    uint64_t books = 60;
    const struct sj_cli_option options[] = {
        {"events", "N", "how many (1,000,000)", SJ_CLI_UINT, &synth.event_count, 1, 0, 0},
        {"size", "BYTES", "stop after so much JSONL", SJ_CLI_SIZE, &synth.size_max, 0, 0, 0},
        {"seed", "N", "the same seed gives the same bytes", SJ_CLI_UINT, &synth.seed, 0, 0, 0},
        {"instruments", "N", "how many; rows hold one", SJ_CLI_UINT, &instruments, 1, 1000, 0},
        {"books", "PERCENT", "of the events are books (60)", SJ_CLI_UINT, &books, 0, 100, 0},
        {"rate", "N", "events a second in the data (1000)", SJ_CLI_REAL, &synth.rate, 0, 0, 0},
        {"bad", "SHARE", "of the lines are broken, 0 .. 1", SJ_CLI_REAL, &synth.bad_share, 0, 0, 0},
        {"late", "SHARE", "of the events carry a time too early, 0 .. 1", SJ_CLI_REAL,
         &synth.late_share, 0, 0, 0},
        {"latency", "MODEL", "of rows: 5ms, lognormal:300us,0.5, file:PATH", SJ_CLI_TEXT,
         &synth.latency, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "convert synth",
        .arguments = "OUT",
        .summary = "Makes up a market: the original's JSONL (OUT.jsonl) or rows (.npz and others).",
        .example = "shijim convert synth load.jsonl --size 1G --seed 7",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .arguments_min = 1,
        .arguments_max = 1,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    synth.instrument_count = (uint32_t)instruments;
    synth.book_percent = (uint32_t)books;
    if (synth.size_max && synth.event_count == 1000000)
        synth.event_count = UINT64_MAX;
    return synthesise(&cli, &synth);
}
