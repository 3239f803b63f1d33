#include "app/command.h"
#include "base/cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The page is made of what the commands say of themselves: --help of each is asked in a child and
 * set in the macros of man(7). So nothing is said twice, and nothing can go stale. */

#define HELP_MAX (256u << 10)

/* A command's own help lists its subcommands, but for one that stands beside options. */
static const struct {
    const char *group;
    const char *name;
} beside_options[] = {{"store", "retry"}};

/* --- asking --- */

/* What the command prints for --help, the caller's to free. NULL: it failed. */
static char *ask_help(const struct sj_command *command, const char *subcommand)
{
    char name[64];
    char sub[64];
    char option[] = "--help";
    char *argv[] = {name, subcommand ? sub : option, subcommand ? option : NULL, NULL};
    int status = -1;
    int fd = memfd_create("help", MFD_CLOEXEC);
    if (fd < 0)
        return NULL;
    snprintf(name, sizeof name, "%s", command->name);
    snprintf(sub, sizeof sub, "%s", subcommand ? subcommand : "");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fd, STDOUT_FILENO);
        int code = command->main(subcommand ? 3 : 2, argv);
        fflush(stdout);
        _exit(code);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    char *text = pid > 0 && status == 0 ? calloc(1, HELP_MAX) : NULL;
    ssize_t size = text ? pread(fd, text, HELP_MAX - 1, 0) : 0;
    close(fd);
    if (size > 0)
        return text;
    free(text);
    return NULL;
}

/* --- setting --- */

static void put_text(const char *text, size_t size, bool is_literal)
{
    if (size > 0 && (*text == '.' || *text == '\''))
        fputs("\\&", stdout);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\\')
            fputs("\\e", stdout);
        else if (text[i] == '-' && is_literal)
            fputs("\\-", stdout);
        else if (text[i] == '\'' && is_literal)
            fputs("\\(aq", stdout);
        else
            putchar(text[i]);
    }
}

static void put_line(const char *text, size_t size, bool is_literal)
{
    put_text(text, size, is_literal);
    putchar('\n');
}

static size_t skip_blanks(const char *line)
{
    return strspn(line, " ");
}

/* "  -c, --code CODE              only this instrument": what is written, and what it means. */
static void put_option(const char *line, size_t size)
{
    size_t begin = skip_blanks(line);
    const char *gap = memmem(line + begin, size - begin, "  ", 2);
    size_t end = gap ? (size_t)(gap - line) : size;
    if (begin > 8) { /* goes on from the line above */
        put_line(line + begin, size - begin, false);
        return;
    }
    fputs(".TP\n\\fB", stdout);
    const char *value = memmem(line + begin, end - begin, "--", 2);
    size_t name_end = value ? (size_t)(value - line) + strcspn(value, " \n") : end;
    name_end = name_end < end ? name_end : end;
    put_text(line + begin, name_end - begin, true);
    fputs("\\fR", stdout);
    put_line(line + name_end, end - name_end, true);
    if (gap)
        put_line(gap + skip_blanks(gap), size - end - skip_blanks(gap), false);
}

enum part { PART_TEXT, PART_OPTIONS, PART_EXAMPLE };

static enum part put_help_line(enum part part, const char *line, size_t size)
{
    static const char usage[] = "Usage: ";
    if (size == strlen("Options:") && !memcmp(line, "Options:", size))
        return PART_OPTIONS;
    if (size == strlen("Example:") && !memcmp(line, "Example:", size)) {
        puts(".PP\nExample:\n.PP\n.nf\n.RS 4");
        return PART_EXAMPLE;
    }
    if (size == 0) {
        if (part == PART_TEXT)
            puts(".PP");
    } else if (part == PART_OPTIONS) {
        put_option(line, size);
    } else if (part == PART_EXAMPLE) {
        put_line(line + skip_blanks(line), size - skip_blanks(line), true);
    } else if (size > strlen(usage) && !memcmp(line, usage, strlen(usage))) {
        fputs(".B ", stdout);
        put_line(line + strlen(usage), size - strlen(usage), true);
    } else if (*line == ' ' &&
               memmem(line + skip_blanks(line), size - skip_blanks(line), "  ", 2)) {
        put_option(line, size); /* a subcommand and what it does */
    } else if (*line == ' ') {
        puts(".br");
        put_line(line + skip_blanks(line), size - skip_blanks(line), false);
    } else {
        put_line(line, size, false);
    }
    return part;
}

static void put_help(const char *text)
{
    enum part part = PART_TEXT;
    for (const char *line = text; *line;) {
        size_t size = strcspn(line, "\n");
        part = put_help_line(part, line, size);
        line += size + (line[size] == '\n');
    }
    if (part == PART_EXAMPLE)
        puts(".RE\n.fi");
}

static bool put_command(const struct sj_command *command, const char *subcommand)
{
    char *text = ask_help(command, subcommand);
    if (!text)
        return false;
    printf(".SS \"shijim %s%s%s\"\n", command->name, subcommand ? " " : "",
           subcommand ? subcommand : "");
    put_help(text);
    bool is_done = true;
    char title[80];
    snprintf(title, sizeof title, "Usage: shijim %s COMMAND", command->name);
    bool is_group = !subcommand && !strncmp(text, title, strlen(title));
    for (const char *line = text; is_group && is_done && *line;) {
        char name[64];
        size_t size = strcspn(line, "\n");
        if (sscanf(line, "  %63[a-z-]", name) == 1 && line[0] == ' ')
            is_done = put_command(command, name);
        line += size + (line[size] == '\n');
    }
    for (size_t i = 0; !subcommand && is_done && i < sizeof beside_options / sizeof *beside_options;
         i++) {
        if (!strcmp(beside_options[i].group, command->name))
            is_done = put_command(command, beside_options[i].name);
    }
    free(text);
    return is_done;
}

static const char head[] =
    ".TH SHIJIM 1 \"\" \"shijim " SJ_VERSION "\" \"User Commands\"\n"
    ".\\\" Made by `shijim manual`; write to the commands' help instead.\n"
    ".SH NAME\nshijim \\- record and trade Taiwan's markets, and lose nothing\n"
    ".SH SYNOPSIS\n.B shijim\n.I COMMAND\n[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n.br\n"
    ".B shijim\n.I COMMAND\n.B \\-\\-help\n.br\n.B shijim \\-\\-version\n"
    ".SH DESCRIPTION\n"
    "Takes the live stream of SinoPac's Shioaji broker, has each event on the disk within\n"
    "milliseconds, writes it into ClickHouse once, runs strategies on it, and says at any time "
    "where\n"
    "every event is. Data goes to standard output, talk to standard error.\n"
    ".SH COMMANDS\n";

static const char tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\ndone\n"
    ".TP\n.B 1\nit failed\n"
    ".TP\n.B 2\nthe user's mistake: one line says what, where, and what to do\n"
    ".TP\n.B 3\nan identity does not hold: an event is unaccounted for\n"
    ".SH ENVIRONMENT\n"
    "Every key of the configuration may be given as\n"
    ".BR SHIJIM_ \\fISECTION\\fR _ \\fIKEY\\fR ;\n"
    ".B shijim run \\-\\-config\\-reference\nlists them.\n"
    ".TP\n.B SHIJIM_STORE_PASSWORD\nof the store's reader or writer\n"
    ".TP\n.B SHIJIM_CHDB_LIB\nwhere libchdb.so is\n"
    ".TP\n.B NO_COLOR\nno colour, whatever the terminal\n";

int sj_cmd_manual(int argc, char **argv)
{
    struct sj_cli cli = {
        .command = "manual",
        .arguments = "",
        .summary = "Prints the manual page, made of what each command says of itself.",
        .example = "shijim manual | man -l -",
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    fputs(head, stdout);
    for (unsigned i = 0; i < sj_command_count; i++) {
        if (!put_command(&sj_commands[i], NULL))
            return sj_cli_fail(&cli, SJ_EXIT_FAILED, "shijim %s --help says nothing",
                               sj_commands[i].name);
    }
    fputs(tail, stdout);
    return SJ_EXIT_DONE;
}
