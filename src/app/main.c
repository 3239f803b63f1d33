#include "app/command.h"
#include "base/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CANDIDATES_MAX 32

const struct sj_command sj_commands[] = {
    {"run", "the live process: broker to bus to journal to store", sj_cmd_run},
    {"demo", "a simulated market, recorded and stored, with its account", sj_cmd_demo},
    {"broker-sim", "a Shioaji-compatible server with a synthetic or replayed market",
     sj_cmd_broker_sim},
    {"store", "embedded ClickHouse behind ClickHouse's HTTP interface", sj_cmd_store},
    {"query", "run SQL on the configured store", sj_cmd_query},
    {"journal", "look at a journal: ls, cat, verify, export, repair", sj_cmd_journal},
    {"audit", "journal against store: equal, missing, duplicate", sj_cmd_audit},
    {"convert", "files of others into a journal", sj_cmd_convert},
    {"replay", "a journal back onto a bus, at any speed", sj_cmd_replay},
    {"backtest", "strategies over recorded days", sj_cmd_backtest},
    {"stat", "one look at a running process", sj_cmd_stat},
    {"top", "a live view of a running process", sj_cmd_top},
    {"kill", "the kill switch: no new orders, cancel what works", sj_cmd_kill},
    {"resume", "lift the kill switch", sj_cmd_resume},
    {"panic", "cancel all and flatten, then kill", sj_cmd_panic},
    {"doctor", "check machine, config, broker and store, and say what to fix", sj_cmd_doctor},
    {"bench", "measure a room: bus, journal, parse, store, risk, order, e2e, ...", sj_cmd_bench},
    {"completion", "print the completion script of a shell", sj_cmd_completion},
    {"manual", "print the manual page", sj_cmd_manual},
};
const unsigned sj_command_count = sizeof sj_commands / sizeof sj_commands[0];

static void print_table(const struct sj_command *table, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        printf("  %-12s %s\n", table[i].name, table[i].summary);
}

static int unknown(const char *group, const char *word, const struct sj_command *table,
                   unsigned count)
{
    const char *names[CANDIDATES_MAX];
    unsigned used = 0;
    for (; used < count && used < CANDIDATES_MAX; used++)
        names[used] = table[used].name;
    const char *near = sj_cli_nearest(word, names, used);
    const char *space = *group ? " " : "";
    if (near && *word != '-')
        fprintf(stderr, "shijim%s%s: unknown command '%s'; did you mean '%s'?\n", space, group,
                word, near);
    else if (*word == '-')
        fprintf(stderr,
                "shijim%s%s: unknown option %s; a command comes first: shijim%s%s COMMAND "
                "[OPTIONS]\n",
                space, group, word, space, group);
    else
        fprintf(stderr, "shijim%s%s: unknown command '%s'; shijim%s%s --help lists them\n", space,
                group, word, space, group);
    return SJ_EXIT_USER;
}

int sj_command_dispatch(const char *group, const struct sj_command *table, unsigned count, int argc,
                        char **argv)
{
    const char *space = *group ? " " : "";
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        printf("Usage: shijim%s%s COMMAND [OPTIONS]\n\n", space, group);
        print_table(table, count);
        printf("\nshijim%s%s COMMAND --help says more of each.\n", space, group);
        return argc < 2 ? SJ_EXIT_USER : SJ_EXIT_DONE;
    }
    for (unsigned i = 0; i < count; i++)
        if (!strcmp(argv[1], table[i].name))
            return table[i].main(argc - 1, argv + 1);
    return unknown(group, argv[1], table, count);
}

/* What was printed must have arrived: a full disk is a failure. A reader that has seen enough
 * ("| head") is none. */
static int end_output(int exit_code)
{
    bool failed = ferror(stdout);
    errno = 0;
    failed = fflush(stdout) != 0 || failed;
    if (!failed || errno == EPIPE || exit_code != SJ_EXIT_DONE)
        return exit_code;
    fprintf(stderr, "shijim: writing the output: %s\n", strerror(errno ? errno : EIO));
    return SJ_EXIT_FAILED;
}

int main(int argc, char **argv)
{
    /* A closed pipe or connection is an error code here, never a signal. */
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
        printf("shijim %s\n", SJ_VERSION);
        return end_output(SJ_EXIT_DONE);
    }
    return end_output(sj_command_dispatch("", sj_commands, sj_command_count, argc, argv));
}
