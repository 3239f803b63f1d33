#include "base/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "suites.h"
#include "support/test.h"

struct store_config {
    char url[64];
    char password[32];
    int64_t batch_rows;
    double ratio;
    bool async_insert;
    int32_t policy;
    char tables[64];
};

struct connection_config {
    char address[32];
    int64_t subscriptions;
};

static struct store_config store;
static struct connection_config connections[3];
static uint32_t connection_count;

static const struct sj_config_key store_keys[] = {
    SJ_CONFIG_TEXT(struct store_config, url, "http://127.0.0.1:8123", "the server"),
    SJ_CONFIG_SECRET(struct store_config, password, "its password"),
    SJ_CONFIG_INT(struct store_config, batch_rows, 1, 1000000, "50_000", "rows an insert"),
    SJ_CONFIG_REAL(struct store_config, ratio, 0, 1, "0.5", "a ratio"),
    SJ_CONFIG_BOOL(struct store_config, async_insert, "false", "let the server batch"),
    SJ_CONFIG_CHOICE(struct store_config, policy, "gate|lossy|evict", "lossy", "what to do"),
    SJ_CONFIG_LIST(struct store_config, tables, "ticks,orderbook", "which"),
};
static const struct sj_config_key connection_keys[] = {
    SJ_CONFIG_TEXT(struct connection_config, address, "", "where"),
    SJ_CONFIG_INT(struct connection_config, subscriptions, 1, 200, "200", "how many at most"),
};
static const struct sj_config_section store_section = {
    .name = "store", .text = "a store", .keys = store_keys, .key_count = 7, .values = &store};
static const struct sj_config_section connection_section = {.name = "connections",
                                                            .text = "broker servers",
                                                            .keys = connection_keys,
                                                            .key_count = 2,
                                                            .values = connections,
                                                            .max = 3,
                                                            .stride = sizeof connections[0],
                                                            .count = &connection_count};
static const struct sj_config_section *const sections[] = {&store_section, &connection_section};

static struct sj_config config;
static struct sj_config_error error;
static char path[64];

static int setup(void **state)
{
    (void)state;
    connection_count = 0;
    memset(&error, 0, sizeof error);
    strcpy(path, "/tmp/shijim-config-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(sj_config_init(&config, sections, 2), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sj_config_done(&config);
    unlink(path);
    return 0;
}

static sj_rc load(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return sj_config_load_file(&config, path, &error);
}

static sj_rc load_environment(const char *const *environment)
{
    return sj_config_load_environment(&config, (char *const *)environment, &error);
}

/* The one line of an error must hold all of these. */
static void assert_told(const char *const *parts)
{
    assert_null(strchr(error.text, '\n'));
    for (; *parts; parts++)
        if (!strstr(error.text, *parts))
            fail_msg("\"%s\" lacks \"%s\"", error.text, *parts);
}
#define assert_error_tells(...) assert_told((const char *const[]){__VA_ARGS__, NULL})

static void printed(char *ret_text, size_t size)
{
    FILE *out = fmemopen(ret_text, size, "w");
    assert_non_null(out);
    sj_config_print(&config, out);
    fclose(out);
}

static void config_starts_with_the_defaults(void **state)
{
    (void)state;
    assert_string_equal(store.url, "http://127.0.0.1:8123");
    assert_int_equal(store.batch_rows, 50000);
    assert_true(store.ratio == 0.5);
    assert_false(store.async_insert);
    assert_int_equal(store.policy, 1);
    assert_string_equal(store.tables, "ticks,orderbook");
}

static void config_reads_every_type_from_a_file(void **state)
{
    (void)state;
    assert_int_equal(load("store:\n"
                          "  url: \"http://db:1\"\n"
                          "  batch_rows: 64Ki\n"
                          "  ratio: 0.25\n"
                          "  async_insert: yes\n"
                          "  policy: evict\n"
                          "  tables: [ticks, fills]\n"
                          "connections:\n"
                          "  - address: a\n"
                          "  - address: b\n"
                          "    subscriptions: 7\n"),
                     0);
    assert_string_equal(store.url, "http://db:1");
    assert_int_equal(store.batch_rows, 65536);
    assert_true(store.ratio == 0.25);
    assert_true(store.async_insert);
    assert_int_equal(store.policy, 2);
    assert_string_equal(store.tables, "ticks,fills");
    assert_int_equal(connection_count, 2);
    assert_string_equal(connections[1].address, "b");
    assert_int_equal(connections[0].subscriptions, 200);
    assert_int_equal(connections[1].subscriptions, 7);
}

static void config_takes_an_empty_file_and_an_empty_section(void **state)
{
    (void)state;
    assert_int_equal(load(""), 0);
    assert_int_equal(load("# nothing\nstore:\n"), 0);
    assert_int_equal(store.batch_rows, 50000);
}

static void config_names_file_line_and_likely_key_of_an_unknown_one(void **state)
{
    (void)state;
    assert_int_equal(load("store:\n  url: x\n  batch_row: 5\n"), -SJ_E_UNKNOWN);
    assert_error_tells(path, ":3:", "batch_row", "did you mean \"batch_rows\"?");
    assert_int_equal(load("stroe:\n  url: x\n"), -SJ_E_UNKNOWN);
    assert_error_tells(":1:", "stroe", "did you mean \"store\"?");
    assert_int_equal(load("store:\n  subscriptions: 5\n"), -SJ_E_UNKNOWN);
    assert_error_tells(":2:", "belongs to section \"connections\"");
}

static void config_names_the_range_of_a_value_outside_it(void **state)
{
    (void)state;
    assert_int_equal(load("store:\n  batch_rows: 0\n"), -SJ_E_RANGE);
    assert_error_tells(":2:", "store.batch_rows", "\"0\"", "1 .. 1000000");
    assert_int_equal(load("store:\n  policy: gates\n"), -SJ_E_RANGE);
    assert_error_tells("gate|lossy|evict");
    assert_int_equal(load("store:\n  batch_rows: 99999999999999999999\n"), -SJ_E_RANGE);
    assert_int_equal(load("store:\n  batch_rows: 9999999999999999G\n"), -SJ_E_RANGE);
    assert_int_equal(store.batch_rows, 50000);
}

static void config_refuses_values_of_another_type(void **state)
{
    (void)state;
    const char *texts[] = {
        "store:\n  batch_rows: many\n",
        "store:\n  batch_rows: 5x\n",
        "store:\n  batch_rows:\n",
        "store:\n  batch_rows: 1-1\n",
        "store:\n  ratio: 0x1\n",
        "store:\n  ratio: nan\n",
        "store:\n  async_insert: 2\n",
        "store:\n  url: [a]\n",
        "store:\n  url: {a: b}\n",
        "store:\n  tables: [\"a,b\"]\n",
        "store: 5\n",
        "- a\n",
        "connections: 5\n",
        "connections:\n  address: x\n",
        "store:\n  url: \"a\\0b\"\n",
        "store:\n  [a]: b\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (load(texts[i]) != -SJ_E_MALFORMED)
            fail_msg("not refused as malformed: %s", texts[i]);
        assert_error_tells(path);
    }
}

static void config_names_the_line_where_yaml_breaks(void **state)
{
    (void)state;
    assert_int_equal(load("store:\n  url: \"open\n"), -SJ_E_MALFORMED);
    assert_error_tells(path, "not YAML");
    assert_int_equal(load("store:\n\turl: x\n"), -SJ_E_MALFORMED);
    assert_error_tells(":2:");
}

static void config_error_stays_one_line_whatever_it_quotes(void **state)
{
    (void)state;
    assert_int_equal(load("store:\n  \"a\\nb\\e[31m\": 1\n"), -SJ_E_UNKNOWN);
    assert_error_tells("a?b?[31m");
    assert_int_equal(load("store:\n  batch_rows: \"1\\n2\"\n"), -SJ_E_MALFORMED);
    assert_error_tells("\"1?2\"");
}

static void config_refuses_a_key_given_twice(void **state)
{
    (void)state;
    assert_int_equal(load("store:\n  ratio: 1\n  ratio: 0\n"), -SJ_E_MALFORMED);
    assert_error_tells(":3:", "line 2");
}

static void config_refuses_text_too_long_and_too_many_items(void **state)
{
    (void)state;
    char text[200] = "store:\n  url: ";
    memset(text + strlen(text), 'x', 64);
    assert_int_equal(load(text), -SJ_E_RANGE);
    assert_error_tells("at most 63 bytes");
    assert_int_equal(load("connections: [{}, {}, {}, {}]\n"), -SJ_E_LIMIT);
    assert_error_tells("more than 3");
}

static void config_says_so_when_the_file_is_missing(void **state)
{
    (void)state;
    assert_int_equal(sj_config_load_file(&config, "/no/such.yml", &error), -2);
    assert_error_tells("/no/such.yml", "No such file");
}

static void config_environment_wins_over_file_and_set_over_both(void **state)
{
    (void)state;
    const char *environment[] = {"PATH=/bin", "SHIJIM_STORE_URL=from-env", "SHIJIM_BUILD=elsewhere",
                                 "SHIJIM_STORE_BATCH_ROWS=7", NULL};
    assert_int_equal(load("store:\n  url: from-file\n  batch_rows: 5\n  ratio: 1\n"), 0);
    assert_int_equal(load_environment(environment), 0);
    assert_int_equal(sj_config_set(&config, "store.batch_rows=9", &error), 0);
    assert_string_equal(store.url, "from-env");
    assert_int_equal(store.batch_rows, 9);
    char text[4096], line[128];
    printed(text, sizeof text);
    assert_non_null(strstr(text, "url: from-env  # environment SHIJIM_STORE_URL"));
    assert_non_null(strstr(text, "batch_rows: 9  # --set"));
    snprintf(line, sizeof line, "ratio: 1  # %s:4", path);
    assert_non_null(strstr(text, line));
    assert_non_null(strstr(text, "policy: lossy  # default"));
}

static void config_refuses_an_unknown_key_from_environment_and_set(void **state)
{
    (void)state;
    const char *environment[] = {"SHIJIM_STORE_URI=x", NULL};
    assert_int_equal(load_environment(environment), -SJ_E_UNKNOWN);
    assert_error_tells("SHIJIM_STORE_URI", "did you mean \"url\"?");
    assert_int_equal(sj_config_set(&config, "store.uri=x", &error), -SJ_E_UNKNOWN);
    assert_error_tells("--set", "did you mean \"url\"?");
    assert_int_equal(sj_config_set(&config, "store.url", &error), -SJ_E_MALFORMED);
    assert_int_equal(sj_config_set(&config, "url=x", &error), -SJ_E_MALFORMED);
    assert_int_equal(sj_config_set(&config, "shop.url=x", &error), -SJ_E_UNKNOWN);
}

static void config_addresses_items_of_a_list(void **state)
{
    (void)state;
    const char *environment[] = {"SHIJIM_CONNECTIONS_0_ADDRESS=a", NULL};
    assert_int_equal(load_environment(environment), 0);
    assert_int_equal(sj_config_set(&config, "connections.1.subscriptions=3", &error), 0);
    assert_int_equal(connection_count, 2);
    assert_string_equal(connections[0].address, "a");
    assert_int_equal(connections[1].subscriptions, 3);
    assert_int_equal(sj_config_set(&config, "connections.3.address=x", &error), -SJ_E_MALFORMED);
    assert_int_equal(sj_config_set(&config, "connections.address=x", &error), -SJ_E_MALFORMED);
    assert_error_tells("connections.0.address");
}

static void config_takes_the_old_names_but_prefers_the_new(void **state)
{
    (void)state;
    static const struct sj_config_alias aliases[] = {{"CLICKHOUSE_DSN", "store.url"},
                                                     {"SHIJIM_STORE_OLD", "store.batch_rows"}};
    const char *environment[] = {"CLICKHOUSE_DSN=old", "SHIJIM_STORE_OLD=3", NULL, NULL};
    sj_config_set_aliases(&config, aliases, 2);
    assert_int_equal(load_environment(environment), 0);
    assert_string_equal(store.url, "old");
    assert_int_equal(store.batch_rows, 3);
    environment[2] = "SHIJIM_STORE_URL=new";
    assert_int_equal(load_environment(environment), 0);
    assert_string_equal(store.url, "new");
}

static void config_keeps_secrets_from_arguments_and_from_print(void **state)
{
    (void)state;
    char text[4096];
    const char *environment[] = {"SHIJIM_STORE_PASSWORD=hunter2", NULL};
    assert_int_equal(sj_config_set(&config, "store.password=hunter2", &error), -SJ_E_REFUSED);
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(load_environment(environment), 0);
    assert_string_equal(store.password, "hunter2");
    assert_int_equal(sj_config_set(&config, "store.url=http://me:hunter2@db:1/x", &error), 0);
    printed(text, sizeof text);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "password is set"));
    assert_non_null(strstr(text, "http://me:***@db:1/x"));
}

static void config_takes_secrets_only_from_files_nobody_else_can_read(void **state)
{
    (void)state;
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(load("store:\n  password: hunter2\n"), -13);
    assert_error_tells(":2:", "store.password", "chmod 600");
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(load("store:\n  password: hunter2\n"), 0);
    assert_string_equal(store.password, "hunter2");
}

static void config_reads_a_secret_from_the_file_named(void **state)
{
    (void)state;
    char assignment[128], text[4096];
    FILE *file = fopen(path, "w");
    fputs("open sesame\n", file);
    fclose(file);
    snprintf(assignment, sizeof assignment, "store.password_file=%s", path);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(sj_config_set(&config, assignment, &error), -13);
    assert_error_tells(path, "chmod 600");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(sj_config_set(&config, assignment, &error), 0);
    assert_string_equal(store.password, "open sesame");
    printed(text, sizeof text);
    assert_non_null(strstr(text, path));
    assert_null(strstr(text, "sesame"));
}

static void config_print_can_be_read_back(void **state)
{
    (void)state;
    static char text[4096];
    assert_int_equal(sj_config_set(&config, "store.url=a: b # \"c\" \\d", &error), 0);
    assert_int_equal(sj_config_set(&config, "store.ratio=0.1", &error), 0);
    assert_int_equal(sj_config_set(&config, "connections.0.address=- x", &error), 0);
    printed(text, sizeof text);
    sj_config_done(&config);
    assert_int_equal(sj_config_init(&config, sections, 2), 0);
    connection_count = 0;
    if (load(text) != 0)
        fail_msg("%s\n%s", error.text, text);
    assert_string_equal(store.url, "a: b # \"c\" \\d");
    assert_true(store.ratio == 0.1);
    assert_int_equal(connection_count, 1);
    assert_string_equal(connections[0].address, "- x");
}

static void config_reference_lists_every_key(void **state)
{
    (void)state;
    static char text[4096];
    FILE *out = fmemopen(text, sizeof text, "w");
    sj_config_print_reference(&config, out);
    fclose(out);
    for (uint32_t i = 0; i < 7; i++)
        assert_non_null(strstr(text, store_keys[i].name));
    assert_non_null(strstr(text, "gate\\|lossy"));
    assert_non_null(strstr(text, "at most 3"));
}

int config_tests(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(config_starts_with_the_defaults),
        CASE(config_reads_every_type_from_a_file),
        CASE(config_takes_an_empty_file_and_an_empty_section),
        CASE(config_names_file_line_and_likely_key_of_an_unknown_one),
        CASE(config_names_the_range_of_a_value_outside_it),
        CASE(config_refuses_values_of_another_type),
        CASE(config_names_the_line_where_yaml_breaks),
        CASE(config_error_stays_one_line_whatever_it_quotes),
        CASE(config_refuses_a_key_given_twice),
        CASE(config_refuses_text_too_long_and_too_many_items),
        CASE(config_says_so_when_the_file_is_missing),
        CASE(config_environment_wins_over_file_and_set_over_both),
        CASE(config_refuses_an_unknown_key_from_environment_and_set),
        CASE(config_addresses_items_of_a_list),
        CASE(config_takes_the_old_names_but_prefers_the_new),
        CASE(config_keeps_secrets_from_arguments_and_from_print),
        CASE(config_takes_secrets_only_from_files_nobody_else_can_read),
        CASE(config_reads_a_secret_from_the_file_named),
        CASE(config_print_can_be_read_back),
        CASE(config_reference_lists_every_key),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
