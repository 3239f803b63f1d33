/*
 * cli.h: how every command reads its arguments and shows its help.
 *
 * A command is a table of options and a description. Options are `--name VALUE`, `--name=VALUE` or,
 * for flags, `--name` and `--no-name`. What the user mistypes gets one line and exit code 2.
 *
 * Threads  main thread only. Memory: none taken; values are in argv, whose plain arguments move to
 * its front.
 */
#ifndef SJ_BASE_CLI_H
#define SJ_BASE_CLI_H

#include "base/rc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sj_exit { SJ_EXIT_DONE, SJ_EXIT_FAILED, SJ_EXIT_USER, SJ_EXIT_IDENTITY };

enum sj_cli_kind {
    SJ_CLI_FLAG,     /* bool */
    SJ_CLI_TEXT,     /* const char * */
    SJ_CLI_LIST,     /* struct sj_cli_list: may be given more than once */
    SJ_CLI_UINT,     /* uint64_t, within min..max */
    SJ_CLI_U32,      /* uint32_t, within min..max */
    SJ_CLI_DATE,     /* uint32_t yyyymmdd: 2026-11-23 */
    SJ_CLI_CLOCK,    /* uint32_t, second of the day: 08:59:50 */
    SJ_CLI_DURATION, /* int64_t ns: 250us 5ms 2s 10m 1h; a bare number is seconds */
    SJ_CLI_SIZE,     /* uint64_t bytes: 64K 16M 1G */
    SJ_CLI_REAL      /* double, finite */
};

#define SJ_CLI_LIST_MAX 64
/* As arguments_max: as many as there are. */
#define SJ_CLI_ARGUMENTS_ANY SIZE_MAX

struct sj_cli_list {
    const char *items[SJ_CLI_LIST_MAX];
    size_t count;
};

struct sj_cli_option {
    const char *name;  /* without the dashes */
    const char *value; /* what the help calls its value; NULL for flags */
    const char *text;  /* one line */
    enum sj_cli_kind kind;
    void *target; /* holds the default before parsing */
    uint64_t min; /* SJ_CLI_UINT, SJ_CLI_U32; max 0 = no bound */
    uint64_t max;
    char letter; /* short form, or 0 */
};

struct sj_cli {
    const char *command;   /* "journal ls" */
    const char *arguments; /* how the help writes the plain arguments, "DIR [TYPE...]" or "" */
    const char *summary;   /* one line */
    const char *details;   /* further lines for the help, or NULL */
    const char *example;   /* one or more command lines */
    const struct sj_cli_option *options;
    size_t option_count;
    size_t arguments_min;
    size_t arguments_max;
    /* filled by sj_cli_parse */
    const char **values; /* the plain arguments, gathered at the front of argv */
    size_t value_count;
};

/* Parses argv[1..]. Returns 1 when the command should go on, 0 when help was asked for and printed
 * to stdout, -SJ_E_UNKNOWN, -SJ_E_MALFORMED or -SJ_E_RANGE after one line on stderr. */
SJ_MUST_USE sj_rc sj_cli_parse(struct sj_cli *cli, int argc, char **argv);

/* The exit code for what sj_cli_parse returned when it was not 1. */
int sj_cli_exit(sj_rc rc);

/* The exit code for a path that the user named and that could not be opened or made: it is his
 * mistake when it is not there, is of another kind, or is not for him; else something failed. */
int sj_cli_path_exit(sj_rc rc);

/* One line on stderr: "shijim COMMAND: ...". Returns the given exit code. */
__attribute__((format(printf, 3, 4))) int sj_cli_fail(const struct sj_cli *cli, int exit_code,
                                                      const char *format, ...);

/* The candidate nearest to `word` (edit distance at most 2, or a prefix), or NULL. */
const char *sj_cli_nearest(const char *word, const char *const *candidates, size_t count);

/* "5ms" -> ns, "16M" -> bytes. -SJ_E_MALFORMED, -SJ_E_RANGE. */
SJ_MUST_USE sj_rc sj_cli_duration(const char *text, int64_t *ret_ns);
SJ_MUST_USE sj_rc sj_cli_size(const char *text, uint64_t *ret_bytes);

#endif
