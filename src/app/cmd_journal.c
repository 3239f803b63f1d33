#include "app/command.h"
#include "app/journal_commands.h"
#include "app/walk.h"
#include "base/cli.h"

#include "event/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLLOW_PAUSE_NS (50 * 1000 * 1000)

static sj_rc write_events(struct sj_walk *walk, bool follow, FILE *out)
{
    char text[SJ_EVENT_JSON_MAX];
    for (;;) {
        const struct sj_frame *frame;
        sj_rc rc = sj_walk_next(walk, &frame);
        if (rc > 0)
            rc = sj_event_json(frame, walk->instruments, text, sizeof text);
        if (rc < 0)
            return rc;
        if (rc > 0) {
            text[rc] = '\n';
            if (fwrite(text, 1, (size_t)rc + 1, out) != (size_t)rc + 1)
                return errno == EPIPE ? 0 : -errno;
            continue;
        }
        bool at_limit = walk->filter.limit && walk->seen_count >= walk->filter.limit;
        if (!follow || at_limit || fflush(out))
            return 0;
        nanosleep(&(struct timespec){.tv_nsec = FOLLOW_PAUSE_NS}, NULL);
    }
}

static int finish(const struct sj_cli *cli, sj_rc rc, const struct sj_walk *walk)
{
    if (rc < 0)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "%s", sj_rc_text(rc));
    return walk->damage_count ? SJ_EXIT_FAILED : SJ_EXIT_DONE;
}

static int journal_cat(int argc, char **argv)
{
    struct sj_walk_filter filter = SJ_WALK_FILTER_ALL;
    bool follow = false;
    const struct sj_cli_option options[] = {
        SJ_WALK_OPTIONS(filter),
        {"follow", NULL, "go on with what is recorded from now on", SJ_CLI_FLAG, &follow, 0, 0,
         'f'},
    };
    struct sj_cli cli = {
        .command = "journal cat",
        .arguments = "DIR",
        .summary = "Prints events as JSON lines.",
        .details = "Needs no server and may be run while the journal is written.",
        .example = "shijim journal cat ./data/journal --type trade --code 2330 -n 5",
        .options = options,
        .option_count = SJ_WALK_OPTION_COUNT + 1,
        .arguments_min = 1,
        .arguments_max = 1,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    struct sj_walk walk;
    rc = sj_walk_open(&walk, &cli, cli.values[0], &filter);
    if (rc < 0)
        return sj_walk_exit(rc);
    rc = write_events(&walk, follow, stdout);
    if (fflush(stdout) && rc >= 0 && errno != EPIPE)
        rc = -errno;
    sj_walk_close(&walk);
    return finish(&cli, rc, &walk);
}

/* Written beside its name and renamed when whole: a half export never looks like one. */
static sj_rc export_to(struct sj_walk *walk, const char *path)
{
    char partial[4096];
    if (snprintf(partial, sizeof partial, "%s.partial", path) >= (int)sizeof partial)
        return -ENAMETOOLONG;
    FILE *out = fopen(partial, "wx");
    if (!out)
        return -errno;
    sj_rc rc = write_events(walk, false, out);
    if (rc >= 0 && (fflush(out) || fsync(fileno(out))))
        rc = -errno;
    if (fclose(out) && rc >= 0)
        rc = -errno;
    if (rc >= 0 && rename(partial, path))
        rc = -errno;
    if (rc < 0)
        unlink(partial);
    return rc;
}

static int journal_export(int argc, char **argv)
{
    struct sj_walk_filter filter = SJ_WALK_FILTER_ALL;
    const struct sj_cli_option options[] = {SJ_WALK_OPTIONS(filter)};
    struct sj_cli cli = {
        .command = "journal export",
        .arguments = "DIR FILE.jsonl",
        .summary = "Writes events as JSON lines into a file, whole or not at all.",
        .example = "shijim journal export ./data/journal trades.jsonl --type trade",
        .options = options,
        .option_count = SJ_WALK_OPTION_COUNT,
        .arguments_min = 2,
        .arguments_max = 2,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    struct sj_walk walk;
    rc = sj_walk_open(&walk, &cli, cli.values[0], &filter);
    if (rc < 0)
        return sj_walk_exit(rc);
    rc = export_to(&walk, cli.values[1]);
    sj_walk_close(&walk);
    if (rc < 0)
        return sj_cli_fail(&cli, sj_cli_path_exit(rc), "writing %s: %s", cli.values[1],
                           sj_rc_text(rc));
    if (walk.seen_count == 0)
        return sj_cli_fail(&cli, SJ_EXIT_FAILED, "no event passes the filter; %s is empty",
                           cli.values[1]);
    fprintf(stderr, "%llu events in %s\n", (unsigned long long)walk.seen_count, cli.values[1]);
    return finish(&cli, rc, &walk);
}

static const struct sj_command commands[] = {
    {"ls", "segments, sources, ranges and sizes", sj_journal_ls},
    {"cat", "events as JSON lines", journal_cat},
    {"verify", "check every block; name what is damaged or lost", sj_journal_verify_command},
    {"export", "events into a JSON lines file", journal_export},
    {"repair", "set damaged parts aside so that the rest reads clean", sj_journal_repair_command},
};

int sj_cmd_journal(int argc, char **argv)
{
    return sj_command_dispatch("journal", commands, sizeof commands / sizeof commands[0], argc,
                               argv);
}
