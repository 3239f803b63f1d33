/* The trader's loop under work that never ends: what is due besides is done all the same. */
#include "app/trader.h"

#include "app/recorder.h"
#include "base/clock.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "groups.h"

#define FEED "feed"
#define PATIENCE_NS (30 * SJ_NS_PER_S)

struct place {
    char dir[64];
    char bus[96];
    char config[96];
    struct sj_settings *settings;
    struct sj_journal_recovery recovery;
    struct sj_journal *journal;
    struct sj_recorder recorder;
    struct sj_bus *feed;
    struct sj_trader *trader;
};

/* Nobody listens on the broker's address: every turn's work is what this test publishes. */
static void write_config(struct place *place)
{
    snprintf(place->config, sizeof place->config, "%s/shijim.yaml", place->dir);
    FILE *file = fopen(place->config, "w");
    assert_non_null(file);
    fprintf(file,
            "broker: {servers: 'http://127.0.0.1:1'}\n"
            "journal: {dir: %s/journal}\n"
            "trading: {mode: paper, state_dir: %s/state}\n",
            place->dir, place->dir);
    assert_int_equal(fclose(file), 0);
}

static void open_journal(struct place *place)
{
    const struct sj_journal_options options = {
        .dir = place->settings->journal.dir, .segment_size = 8 << 20, .reserve_size = 1};
    assert_int_equal(sj_journal_open(&options, &place->recovery, &place->journal), 0);
    assert_int_equal(sj_recorder_init(&place->recorder, place->journal, 0), 0);
}

static int set_up(void **state)
{
    const struct sj_cli cli = {.command = "test"};
    struct place *place = calloc(1, sizeof *place);
    char error[SJ_TRADER_ERROR_MAX] = "";
    snprintf(place->dir, sizeof place->dir, "/tmp/shijim-trader-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    snprintf(place->bus, sizeof place->bus, "%s/bus", place->dir);
    write_config(place);
    const struct sj_settings_source source = {.path = place->config};
    place->settings = sj_settings_load(&cli, &source);
    assert_non_null(place->settings);
    open_journal(place);
    const struct sj_bus_options feed = {
        .dir = place->bus, .name = FEED, .src = 1, .size = 1 << 20, .topic_count = 4};
    assert_int_equal(sj_bus_create(&feed, &place->feed), 0);
    const struct sj_trader_options options = {
        .settings = place->settings, .bus_dir = place->bus, .rings = {FEED}, .ring_count = 1};
    if (sj_trader_create(&options, error, &place->trader) < 0 ||
        sj_trader_prepare(place->trader, place->journal, error) < 0)
        fail_msg("%s", error);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char command[96];
    sj_bus_close(place->feed);
    sj_trader_close(place->trader);
    sj_recorder_done(&place->recorder);
    sj_rc rc = sj_journal_close(place->journal);
    sj_settings_done(place->settings);
    snprintf(command, sizeof command, "rm -r %s", place->dir);
    int removed = system(command);
    free(place);
    return rc < 0 ? rc : removed;
}

/* A turn that has something to do. */
static void busy_turn(const struct place *place)
{
    struct sj_trade trade = {.instrument = 1, .price_e6 = 1, .recv_ns = sj_clock_utc_ns()};
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof trade);
    assert_true(sj_bus_publish(place->feed, &trade) >= 0);
    assert_true(sj_trader_work(place->trader) > 0);
}

static int64_t beat_ns(const struct place *place)
{
    static struct sj_bus_stat stat;
    assert_int_equal(sj_bus_stat(place->bus, SJ_TRADER_RING, &stat), 0);
    return stat.beat_ns;
}

static bool has_picture(const struct place *place)
{
    char buffer[16384];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_trader_write_status(place->trader, &json);
    assert_true(sj_json_finish(&json) >= 0);
    return strstr(buffer, "\"open_orders\"") != NULL;
}

/* How often the state was saved: the count in the head of its file. */
static uint64_t saves(const struct place *place)
{
    char path[320];
    uint64_t head[5] = {0};
    snprintf(path, sizeof path, "%s/trading", place->settings->trading.state_dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(head, sizeof head, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    return head[4];
}

static void a_loop_that_is_never_idle_beats_shows_and_saves(void **state)
{
    const struct place *place = *state;
    int64_t first_ns = beat_ns(place);
    uint32_t beats = 0;
    int64_t deadline_ns = sj_clock_mono_ns() + PATIENCE_NS;
    bool is_shown = false;
    while (beats < 3 || !is_shown || saves(place) < 2) {
        assert_true(sj_clock_mono_ns() < deadline_ns);
        for (int i = 0; i < 100; i++)
            busy_turn(place);
        beats += beat_ns(place) != first_ns;
        first_ns = beat_ns(place);
        is_shown = has_picture(place);
    }
}

int sj_test_trader(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_loop_that_is_never_idle_beats_shows_and_saves, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
