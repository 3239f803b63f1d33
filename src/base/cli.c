#include "base/cli.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/tw_time.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64
#define OPTIONS_MAX 64

int sj_cli_fail(const struct sj_cli *cli, int exit_code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "shijim %s: ", cli->command);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return exit_code;
}

int sj_cli_exit(sj_rc rc)
{
    return rc < 0 ? SJ_EXIT_USER : SJ_EXIT_DONE;
}

int sj_cli_path_exit(sj_rc rc)
{
    static const sj_rc mistakes[] = {-ENOENT, -ENOTDIR,      -EISDIR, -EACCES, -EPERM,
                                     -EROFS,  -ENAMETOOLONG, -ELOOP,  -EEXIST};
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++)
        if (rc == mistakes[i])
            return SJ_EXIT_USER;
    return SJ_EXIT_FAILED;
}

/* Levenshtein distance of two words of at most WORD_MAX bytes. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t b_size = strlen(b);
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < least ? change : least;
        }
    }
    return row[b_size];
}

const char *sj_cli_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t word_size = strlen(word);
    size_t best_distance = word_size < 3 ? word_size : 3; /* something of it must be there */
    if (word_size > WORD_MAX || !word_size)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(candidates[i]) > WORD_MAX)
            continue;
        size_t distance = edit_distance(word, candidates[i]);
        if (!strncmp(word, candidates[i], word_size) && distance > 1)
            distance = word_size > 1;
        if (distance < best_distance) {
            best_distance = distance;
            best = candidates[i];
        }
    }
    return best;
}

struct unit {
    const char *name;
    double factor;
};

static const struct unit duration_units[] = {
    {"ns", 1},   {"us", 1e3},   {"ms", 1e6},    {"s", 1e9},
    {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {"", 1e9},
};
static const struct unit size_units[] = {
    {"", 1},
    {"K", 1024.0},
    {"M", 1024.0 * 1024},
    {"G", 1024.0 * 1024 * 1024},
    {"T", 1024.0 * 1024 * 1024 * 1024},
};

static sj_rc number_with_unit(const char *text, const struct unit *units, size_t unit_count,
                              double *ret)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || !isfinite(number) || number < 0)
        return -SJ_E_MALFORMED;
    for (size_t i = 0; i < unit_count; i++) {
        if (strcmp(end, units[i].name))
            continue;
        if (number * units[i].factor >= 9.0e18)
            return -SJ_E_RANGE;
        *ret = number * units[i].factor;
        return 0;
    }
    return -SJ_E_MALFORMED;
}

sj_rc sj_cli_duration(const char *text, int64_t *ret_ns)
{
    double ns;
    sj_rc rc = number_with_unit(text, duration_units,
                                sizeof duration_units / sizeof duration_units[0], &ns);
    if (rc >= 0)
        *ret_ns = (int64_t)ns;
    return rc;
}

sj_rc sj_cli_size(const char *text, uint64_t *ret_bytes)
{
    double bytes;
    sj_rc rc = number_with_unit(text, size_units, sizeof size_units / sizeof size_units[0], &bytes);
    if (rc >= 0)
        *ret_bytes = (uint64_t)bytes;
    return rc;
}

static void print_option(const struct sj_cli_option *option)
{
    char left[80];
    int used = 0;
    if (option->letter)
        used = snprintf(left, sizeof left, "-%c, ", option->letter);
    snprintf(left + used, sizeof left - (size_t)used, "--%s%s%s", option->name,
             option->value ? " " : "", option->value ? option->value : "");
    printf("  %-28s %s\n", left, option->text);
}

static void print_help(const struct sj_cli *cli)
{
    printf("%s\n\nUsage: shijim %s%s%s%s\n", cli->summary, cli->command,
           cli->option_count ? " [OPTIONS]" : "", *cli->arguments ? " " : "", cli->arguments);
    if (cli->details)
        printf("\n%s\n", cli->details);
    printf("\nOptions:\n");
    for (size_t i = 0; i < cli->option_count; i++)
        print_option(&cli->options[i]);
    printf("  %-28s %s\n\nExample:\n  %s\n", "-h, --help", "this text", cli->example);
}

static const struct sj_cli_option *find_option(const struct sj_cli *cli, const char *name,
                                               size_t size)
{
    for (size_t i = 0; i < cli->option_count; i++) {
        const struct sj_cli_option *option = &cli->options[i];
        if (strlen(option->name) == size && !strncmp(option->name, name, size))
            return option;
        if (size == 1 && option->letter == *name)
            return option;
    }
    return NULL;
}

static sj_rc unknown_option(const struct sj_cli *cli, const char *argument)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;
    for (; count < cli->option_count && count < OPTIONS_MAX; count++)
        names[count] = cli->options[count].name;
    const char *near = sj_cli_nearest(argument + strspn(argument, "-"), names, count);
    if (near)
        sj_cli_fail(cli, 0, "unknown option %s; did you mean --%s?", argument, near);
    else
        sj_cli_fail(cli, 0, "unknown option %s; --help lists them", argument);
    return -SJ_E_UNKNOWN;
}

static sj_rc read_uint(const struct sj_cli *cli, const struct sj_cli_option *option,
                       const char *value, uint64_t most, uint64_t *ret_number)
{
    char *end;
    errno = 0;
    uint64_t number = strtoull(value, &end, 10);
    if (end == value || *end || *value == '-' || errno) {
        sj_cli_fail(cli, 0, "--%s wants a whole number, not '%s'", option->name, value);
        return -SJ_E_MALFORMED;
    }
    if (option->max && option->max < most)
        most = option->max;
    if (number < option->min || number > most) {
        sj_cli_fail(cli, 0, "--%s %s is out of range: %llu to %llu", option->name, value,
                    (unsigned long long)option->min, (unsigned long long)most);
        return -SJ_E_RANGE;
    }
    *ret_number = number;
    return 0;
}

static sj_rc set_u32(const struct sj_cli *cli, const struct sj_cli_option *option,
                     const char *value)
{
    uint64_t number;
    sj_rc rc = read_uint(cli, option, value, UINT32_MAX, &number);
    if (rc >= 0)
        *(uint32_t *)option->target = (uint32_t)number;
    return rc;
}

static sj_rc set_day_or_second(const struct sj_cli *cli, const struct sj_cli_option *option,
                               const char *value)
{
    bool day = option->kind == SJ_CLI_DATE;
    int32_t date = 0;
    int64_t time_ns = 0;
    sj_rc rc = day ? sj_date_parse(value, strlen(value), &date)
                   : sj_time_of_day_parse(value, strlen(value), &time_ns);
    if (rc < 0)
        sj_cli_fail(cli, 0, "--%s wants %s, not '%s'", option->name,
                    day ? "a day such as 2026-11-23" : "a time such as 08:59:50", value);
    else
        *(uint32_t *)option->target = day ? (uint32_t)date : (uint32_t)(time_ns / SJ_NS_PER_S);
    return rc;
}

static sj_rc add_to_list(const struct sj_cli *cli, const struct sj_cli_option *option,
                         const char *value)
{
    struct sj_cli_list *list = option->target;
    if (list->count == SJ_CLI_LIST_MAX) {
        sj_cli_fail(cli, 0, "--%s may be given %d times at most", option->name, SJ_CLI_LIST_MAX);
        return -SJ_E_RANGE;
    }
    list->items[list->count++] = value;
    return 0;
}

static sj_rc set_real(const struct sj_cli *cli, const struct sj_cli_option *option,
                      const char *value)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end || !isfinite(number)) {
        sj_cli_fail(cli, 0, "--%s wants a number, not '%s'", option->name, value);
        return -SJ_E_MALFORMED;
    }
    *(double *)option->target = number;
    return 0;
}

static sj_rc set_value(const struct sj_cli *cli, const struct sj_cli_option *option,
                       const char *value)
{
    sj_rc rc = 0;
    switch (option->kind) {
    case SJ_CLI_FLAG:
        sj_cli_fail(cli, 0, "--%s takes no value", option->name);
        return -SJ_E_MALFORMED;
    case SJ_CLI_TEXT:
        *(const char **)option->target = value;
        return 0;
    case SJ_CLI_LIST:
        return add_to_list(cli, option, value);
    case SJ_CLI_UINT:
        return read_uint(cli, option, value, UINT64_MAX, option->target);
    case SJ_CLI_U32:
        return set_u32(cli, option, value);
    case SJ_CLI_DATE:
    case SJ_CLI_CLOCK:
        return set_day_or_second(cli, option, value);
    case SJ_CLI_REAL:
        return set_real(cli, option, value);
    case SJ_CLI_DURATION:
        rc = sj_cli_duration(value, option->target);
        if (rc < 0)
            sj_cli_fail(cli, 0, "--%s wants a duration such as 250us, 5ms, 2s or 10m, not '%s'",
                        option->name, value);
        return rc;
    case SJ_CLI_SIZE:
        rc = sj_cli_size(value, option->target);
        if (rc < 0)
            sj_cli_fail(cli, 0, "--%s wants a size such as 64K, 16M or 1G, not '%s'", option->name,
                        value);
        return rc;
    }
    return 0;
}

/* `--name[=value]`, `--no-flag`, `-x value`. *index moves past a value taken from the next word. */
static sj_rc parse_option(const struct sj_cli *cli, int argc, char **argv, int *index)
{
    const char *argument = argv[*index];
    const char *name = argument + (argument[1] == '-' ? 2 : 1);
    const char *equals = strchr(name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(name);
    const struct sj_cli_option *option = find_option(cli, name, size);
    bool negated = false;
    if (!option && !strncmp(name, "no-", 3)) {
        option = find_option(cli, name + 3, size - 3);
        negated = option && option->kind == SJ_CLI_FLAG;
        if (!negated)
            option = NULL;
    }
    if (!option)
        return unknown_option(cli, argument);
    if (option->kind == SJ_CLI_FLAG && !equals) {
        *(bool *)option->target = !negated;
        return 0;
    }
    if (equals)
        return set_value(cli, option, equals + 1);
    if (*index + 1 >= argc) {
        sj_cli_fail(cli, 0, "--%s wants a value: --%s %s", option->name, option->name,
                    option->value);
        return -SJ_E_MALFORMED;
    }
    return set_value(cli, option, argv[++*index]);
}

static sj_rc check_arguments(const struct sj_cli *cli)
{
    if (cli->value_count >= cli->arguments_min && cli->value_count <= cli->arguments_max)
        return 1;
    if (cli->value_count > cli->arguments_max && cli->arguments_max == 0)
        sj_cli_fail(cli, 0, "takes no plain arguments, but got '%s'", cli->values[0]);
    else if (cli->value_count > cli->arguments_max)
        sj_cli_fail(cli, 0, "wants %s and no more, but got '%s'; quote what belongs together",
                    cli->arguments, cli->values[cli->arguments_max]);
    else
        sj_cli_fail(cli, 0, "wants %s; see shijim %s --help", cli->arguments, cli->command);
    return -SJ_E_MALFORMED;
}

sj_rc sj_cli_parse(struct sj_cli *cli, int argc, char **argv)
{
    bool options_over = false;
    cli->values = argc > 1 ? (const char **)(uintptr_t)(argv + 1) : NULL;
    cli->value_count = 0;
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (!options_over && (!strcmp(argument, "--help") || !strcmp(argument, "-h"))) {
            print_help(cli);
            return 0;
        }
        if (!options_over && !strcmp(argument, "--")) {
            options_over = true;
        } else if (!options_over && argument[0] == '-' && argument[1]) {
            sj_rc rc = parse_option(cli, argc, argv, &i);
            if (rc < 0)
                return rc;
        } else {
            cli->values[cli->value_count++] = argument;
        }
    }
    return check_arguments(cli);
}
