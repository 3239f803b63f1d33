/* Sections whose items have names and keys that only the room behind them knows. */
#include "base/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "suites.h"
#include "support/test.h"

struct player {
    char name[12];
    int64_t budget;
    char instruments[64];
    uint32_t extra_count;
    struct sj_config_extra extras[3];
};

static struct player players[3];
static uint32_t player_count;

static const struct sj_config_key keys[] = {
    SJ_CONFIG_INT(struct player, budget, 1, 100, "50", "how long"),
    SJ_CONFIG_LIST(struct player, instruments, "", "which"),
};
static void print_more(FILE *out)
{
    fputs("and more\n", out);
}
static const struct sj_config_section section = {
    .name = "players",
    .text = "who plays",
    .keys = keys,
    .key_count = 2,
    .values = players,
    .max = 3,
    .stride = sizeof players[0],
    .count = &player_count,
    .name_offset = offsetof(struct player, name),
    .name_size = sizeof players[0].name,
    .extra_offset = offsetof(struct player, extras),
    .extra_count_offset = offsetof(struct player, extra_count),
    .extra_max = 3,
    .print_more = print_more,
};
static const struct sj_config_section *const sections[] = {&section};

static struct sj_config config;
static struct sj_config_error error;
static char path[64];

static int setup(void **state)
{
    (void)state;
    player_count = 0;
    memset(players, 0, sizeof players);
    strcpy(path, "/tmp/shijim-config-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(sj_config_init(&config, sections, 1), 0);
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

static void assert_tells(const char *text)
{
    assert_null(strchr(error.text, '\n'));
    if (!strstr(error.text, text))
        fail_msg("\"%s\" lacks \"%s\"", error.text, text);
}

#define TWO                                                                                        \
    "players:\n"                                                                                   \
    "  mm:\n"                                                                                      \
    "    budget: 7\n"                                                                              \
    "    qty: 2\n"                                                                                 \
    "  mm_2:\n"                                                                                    \
    "    instruments: [a, b]\n"

static void a_map_reads_names_keys_and_further_keys(void **state)
{
    (void)state;
    char where[128];
    assert_int_equal(load(TWO), 0);
    assert_int_equal(player_count, 2);
    assert_string_equal(players[0].name, "mm");
    assert_int_equal(players[0].budget, 7);
    assert_int_equal(players[0].extra_count, 1);
    assert_string_equal(players[0].extras[0].name, "qty");
    assert_string_equal(players[0].extras[0].value, "2");
    assert_string_equal(players[1].name, "mm_2");
    assert_string_equal(players[1].instruments, "a,b");
    assert_int_equal(players[1].budget, 50);
    sj_config_extra_where(&config, &players[0].extras[0], where, sizeof where);
    assert_int_equal(strncmp(where, path, strlen(path)), 0);
    assert_string_equal(where + strlen(path), ":4");
}

static void arguments_and_environment_change_items_by_name(void **state)
{
    (void)state;
    const char *environment[] = {"SHIJIM_PLAYERS_MM_QTY=3", "SHIJIM_PLAYERS_MM_2_BUDGET=9", NULL};
    assert_int_equal(load(TWO), 0);
    assert_int_equal(sj_config_load_environment(&config, (char *const *)environment, &error), 0);
    assert_string_equal(players[0].extras[0].value, "3");
    assert_int_equal(players[0].extra_count, 1);
    assert_int_equal(players[1].budget, 9);
    assert_int_equal(sj_config_set(&config, "players.mm.qty=4", &error), 0);
    assert_string_equal(players[0].extras[0].value, "4");
    assert_int_equal(sj_config_set(&config, "players.third.skew=1", &error), 0);
    assert_int_equal(player_count, 3);
    assert_string_equal(players[2].name, "third");
    const char *unknown[] = {"SHIJIM_PLAYERS_NOBODY_QTY=3", NULL};
    assert_int_equal(sj_config_load_environment(&config, (char *const *)unknown, &error),
                     -SJ_E_UNKNOWN);
    assert_tells("SHIJIM_PLAYERS_NOBODY_QTY");
}

static void a_map_is_bounded_and_says_what_is_wrong_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tells;
        sj_rc rc;
    } cases[] = {
        {"players: [a]\n", ":1: players needs names", -SJ_E_MALFORMED},
        {"players:\n  a: {}\n  a: {}\n", ":3: players.a is there a second time", -SJ_E_MALFORMED},
        {"players:\n  a:\n    x: 1\n    x: 2\n", ":4: players.a.x is given a second time",
         -SJ_E_MALFORMED},
        {"players:\n  a.b: {}\n", ":2: \"a.b\" is no name", -SJ_E_MALFORMED},
        {"players:\n  abcdefghijkl: {}\n", "is no name for players: 1 to 11", -SJ_E_MALFORMED},
        {"players:\n  a:\n    budget: 0\n", ":3: players.a.budget: \"0\"", -SJ_E_RANGE},
        {"players:\n  a:\n    x: [1]\n", ":3: players.a.x takes a plain value", -SJ_E_MALFORMED},
        {"players:\n  a: {q: 1, r: 1, s: 1, t: 1}\n", "players.a has more than 3 keys of its own",
         -SJ_E_LIMIT},
        {"players: {a: {}, b: {}, c: {}, d: {}}\n", "there are 3 players already", -SJ_E_LIMIT},
        {"players:\n  a: {\"no name\": 1}\n", "no key \"no name\"", -SJ_E_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        player_count = 0;
        memset(players, 0, sizeof players);
        sj_config_done(&config);
        assert_int_equal(sj_config_init(&config, sections, 1), 0);
        assert_int_equal(load(cases[i].text), cases[i].rc);
        assert_tells(cases[i].tells);
    }
    assert_int_equal(sj_config_set(&config, "players.a=1", &error), -SJ_E_MALFORMED);
    assert_tells("as in players.NAME.budget");
}

static void a_map_prints_what_reads_back(void **state)
{
    (void)state;
    char text[2048] = "", again[2048] = "";
    for (int round = 0; round < 2; round++) {
        FILE *out = fmemopen(round ? again : text, sizeof text, "w");
        assert_non_null(out);
        if (round == 0)
            sj_config_print(&config, out);
        else
            sj_config_print_reference(&config, out);
        fclose(out);
        if (round == 0)
            assert_string_equal(text, "players: {}\n");
    }
    assert_non_null(strstr(again, "A map of at most 3 names"));
    assert_non_null(strstr(again, "and more\n"));
    assert_int_equal(load(TWO), 0);
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_non_null(out);
    sj_config_print(&config, out);
    fclose(out);
    player_count = 0;
    memset(players, 0, sizeof players);
    sj_config_done(&config);
    assert_int_equal(sj_config_init(&config, sections, 1), 0);
    assert_int_equal(load(text), 0);
    assert_string_equal(players[0].extras[0].value, "2");
    assert_string_equal(players[1].name, "mm_2");
    assert_string_equal(players[1].instruments, "a,b");
}

int config_map_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_map_reads_names_keys_and_further_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(arguments_and_environment_change_items_by_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_map_is_bounded_and_says_what_is_wrong_where, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_map_prints_what_reads_back, setup, teardown),
    };
    return cmocka_run_group_tests_name("config_map", tests, NULL, NULL);
}
