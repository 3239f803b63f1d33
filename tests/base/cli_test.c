/* How arguments are read, and what a mistake says. */
#include "base/cli.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "suites.h"

struct values {
    bool json;
    const char *name;
    uint64_t count;
    int64_t wait_ns;
    uint64_t size;
    double factor;
    struct sj_cli_list codes;
    uint32_t port, date, second;
};

static sj_rc parse(struct values *values, struct sj_cli *cli, int argc, const char **argv)
{
    const struct sj_cli_option options[] = {
        {"json", NULL, "as JSON", SJ_CLI_FLAG, &values->json, 0, 0, 'j'},
        {"name", "NAME", "a name", SJ_CLI_TEXT, &values->name, 0, 0, 0},
        {"count", "N", "a count", SJ_CLI_UINT, &values->count, 1, 10, 'n'},
        {"wait", "TIME", "a time", SJ_CLI_DURATION, &values->wait_ns, 0, 0, 0},
        {"size", "SIZE", "a size", SJ_CLI_SIZE, &values->size, 0, 0, 0},
        {"factor", "X", "a number", SJ_CLI_REAL, &values->factor, 0, 0, 0},
        {"code", "CODE", "a code", SJ_CLI_LIST, &values->codes, 0, 0, 0},
        {"port", "PORT", "a port", SJ_CLI_U32, &values->port, 0, 65535, 0},
        {"date", "DAY", "a day", SJ_CLI_DATE, &values->date, 0, 0, 0},
        {"start", "TIME", "a time of day", SJ_CLI_CLOCK, &values->second, 0, 0, 0},
    };
    cli->command = "test";
    cli->arguments = "DIR";
    cli->summary = "A test.";
    cli->example = "shijim test";
    cli->options = options;
    cli->option_count = sizeof options / sizeof options[0];
    cli->arguments_max = 1;
    return sj_cli_parse(cli, argc, (char **)(uintptr_t)argv);
}

#define PARSE(...)                                                                                 \
    parse(&values, &cli, (int)(sizeof((const char *[]){"test", __VA_ARGS__}) / sizeof(char *)),    \
          (const char *[]){"test", __VA_ARGS__})

static void options_are_read_in_every_form(void **state)
{
    struct values values = {0};
    struct sj_cli cli = {0};
    (void)state;
    assert_int_equal(PARSE("--json", "--name", "a", "-n", "3", "--wait=250us", "--size", "16M",
                           "--factor", "0.5", "--code", "2330", "--code=TXFR1", "dir"),
                     1);
    assert_true(values.json);
    assert_string_equal(values.name, "a");
    assert_int_equal(values.count, 3);
    assert_int_equal(values.wait_ns, 250 * SJ_NS_PER_US);
    assert_int_equal(values.size, 16 << 20);
    assert_true(values.factor == 0.5);
    assert_int_equal(values.codes.count, 2);
    assert_string_equal(values.codes.items[1], "TXFR1");
    assert_string_equal(cli.values[0], "dir");
}

static void days_times_and_small_numbers_are_read(void **state)
{
    struct values values = {0};
    struct sj_cli cli = {0};
    (void)state;
    assert_int_equal(PARSE("--port", "65535", "--date=2026-11-23", "--start", "08:59:50"), 1);
    assert_int_equal(values.port, 65535);
    assert_int_equal(values.date, 20261123);
    assert_int_equal(values.second, 8 * 3600 + 59 * 60 + 50);
    assert_int_equal(PARSE("--port", "65536"), -SJ_E_RANGE);
    assert_int_equal(PARSE("--port", "4294967296"), -SJ_E_RANGE);
    assert_true(PARSE("--date", "2026-02-30") < 0);
    assert_true(PARSE("--start", "24:00:01") < 0);
}

static void a_flag_can_be_negated_and_two_dashes_end_the_options(void **state)
{
    struct values values = {.json = true};
    struct sj_cli cli = {0};
    (void)state;
    assert_int_equal(PARSE("--no-json", "--", "--name"), 1);
    assert_false(values.json);
    assert_string_equal(cli.values[0], "--name");
}

static void each_mistake_is_refused(void **state)
{
    struct values values = {0};
    struct sj_cli cli = {0};
    (void)state;
    assert_int_equal(PARSE("--jsn"), -SJ_E_UNKNOWN);
    assert_int_equal(PARSE("--no-name"), -SJ_E_UNKNOWN);
    assert_int_equal(PARSE("--json=1"), -SJ_E_MALFORMED);
    assert_int_equal(PARSE("--name"), -SJ_E_MALFORMED);
    assert_int_equal(PARSE("--count", "0"), -SJ_E_RANGE);
    assert_int_equal(PARSE("--count", "11"), -SJ_E_RANGE);
    assert_int_equal(PARSE("--count", "-1"), -SJ_E_MALFORMED);
    assert_int_equal(PARSE("--count", "1x"), -SJ_E_MALFORMED);
    assert_int_equal(PARSE("--wait", "5 parsecs"), -SJ_E_MALFORMED);
    assert_int_equal(PARSE("--wait", "1e300"), -SJ_E_RANGE);
    assert_int_equal(PARSE("--size", "-1"), -SJ_E_MALFORMED);
    assert_int_equal(PARSE("--factor", "nan"), -SJ_E_MALFORMED);
    assert_int_equal(PARSE("one", "two"), -SJ_E_MALFORMED);
}

static void the_nearest_word_is_offered_and_a_far_one_is_not(void **state)
{
    static const char *const words[] = {"journal", "query", "audit"};
    (void)state;
    assert_string_equal(sj_cli_nearest("jurnal", words, 3), "journal");
    assert_string_equal(sj_cli_nearest("aud", words, 3), "audit");
    assert_null(sj_cli_nearest("zzz", words, 3));
    assert_null(sj_cli_nearest("", words, 3));
}

static void a_short_word_is_near_only_to_what_has_some_of_it(void **state)
{
    static const char *const words[] = {"ls", "cat"};
    (void)state;
    assert_null(sj_cli_nearest("-x", words, 2));
    assert_null(sj_cli_nearest("q", words, 2));
    assert_string_equal(sj_cli_nearest("lz", words, 2), "ls");
    assert_string_equal(sj_cli_nearest("c", words, 2), "cat");
}

static void a_path_that_is_not_there_is_the_users_mistake_and_a_full_disk_is_not(void **state)
{
    (void)state;
    assert_int_equal(sj_cli_path_exit(-ENOENT), SJ_EXIT_USER);
    assert_int_equal(sj_cli_path_exit(-EACCES), SJ_EXIT_USER);
    assert_int_equal(sj_cli_path_exit(-ENOSPC), SJ_EXIT_FAILED);
    assert_int_equal(sj_cli_path_exit(-SJ_E_CORRUPT), SJ_EXIT_FAILED);
}

int cli_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_in_every_form),
        cmocka_unit_test(days_times_and_small_numbers_are_read),
        cmocka_unit_test(a_flag_can_be_negated_and_two_dashes_end_the_options),
        cmocka_unit_test(each_mistake_is_refused),
        cmocka_unit_test(the_nearest_word_is_offered_and_a_far_one_is_not),
        cmocka_unit_test(a_short_word_is_near_only_to_what_has_some_of_it),
        cmocka_unit_test(a_path_that_is_not_there_is_the_users_mistake_and_a_full_disk_is_not),
    };
    return cmocka_run_group_tests_name("base/cli", tests, NULL, NULL);
}
