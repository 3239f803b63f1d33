#include "base/log.h"

#include "base/clock.h"
#include "suites.h"
#include "support/test.h"

static char *lines;
static size_t lines_size;
static FILE *stream;
static int64_t time_ns;
static struct sj_log_entry entries[SJ_LOG_DISTINCT_MAX];

static int64_t test_clock(void)
{
    return time_ns;
}

static int setup(void **state)
{
    (void)state;
    stream = open_memstream(&lines, &lines_size);
    time_ns = 1627260300123456789;
    sj_log_reset();
    sj_log_set_stream(stream);
    sj_log_set_clock(test_clock);
    sj_log_set_level(SJ_LOG_INFO);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sj_log_reset();
    sj_log_set_stream(stderr);
    sj_log_set_clock(NULL);
    fclose(stream);
    free(lines);
    return 0;
}

static uint32_t line_count(void)
{
    uint32_t count = 0;
    fflush(stream);
    for (const char *at = lines; (at = strchr(at, '\n')); at++)
        count++;
    return count;
}

static void log_line_has_time_level_room_and_text(void **state)
{
    (void)state;
    sj_log_info("store", "inserted %d rows", 7);
    fflush(stream);
    assert_string_equal(lines, "2021-07-26T00:45:00.123Z info  store: inserted 7 rows\n");
}

static void log_level_hides_what_is_below(void **state)
{
    (void)state;
    sj_log_debug("bus", "hidden");
    assert_int_equal(line_count(), 0);
    sj_log_set_level(SJ_LOG_DEBUG);
    sj_log_debug("bus", "shown");
    assert_int_equal(line_count(), 1);
    sj_log_set_level(SJ_LOG_OFF);
    sj_log_error("bus", "kept but not printed");
    assert_int_equal(line_count(), 1);
    assert_int_equal(sj_log_distinct(entries, SJ_LOG_DISTINCT_MAX), 1);
}

static void log_prints_a_distinct_error_once_and_counts_it(void **state)
{
    (void)state;
    int64_t first_ns = time_ns;
    for (int i = 0; i < 1000; i++, time_ns += SJ_NS_PER_MS)
        sj_log_error("journal", "disk full at %d %%", i);
    assert_int_equal(line_count(), 1);
    assert_int_equal(sj_log_distinct(entries, SJ_LOG_DISTINCT_MAX), 1);
    assert_int_equal(entries[0].count, 1000);
    assert_int_equal(entries[0].first_ns, first_ns);
    assert_int_equal(entries[0].last_ns, time_ns - SJ_NS_PER_MS);
    assert_string_equal(entries[0].text, "disk full at 999 %");
    assert_string_equal(entries[0].room, "journal");
}

static void log_repeats_an_error_after_a_while_with_its_count(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        sj_log_warn("bus", "slow reader %s", "x");
    time_ns += SJ_LOG_REPEAT_NS;
    sj_log_warn("bus", "slow reader %s", "y");
    assert_int_equal(line_count(), 2);
    assert_non_null(strstr(lines, "slow reader y (5 times since)"));
}

static void log_flush_prints_what_was_held_back(void **state)
{
    (void)state;
    sj_log_warn("bus", "slow");
    sj_log_warn("bus", "slow");
    sj_log_flush();
    assert_int_equal(line_count(), 2);
    assert_non_null(strstr(lines, "slow (1 times since)"));
    sj_log_flush();
    assert_int_equal(line_count(), 2);
}

static void log_tells_rooms_levels_and_formats_apart(void **state)
{
    (void)state;
    sj_log_warn("a", "same");
    sj_log_warn("b", "same");
    sj_log_error("a", "same");
    sj_log_warn("a", "other");
    assert_int_equal(sj_log_distinct(entries, SJ_LOG_DISTINCT_MAX), 4);
}

/* Formats must outlive the log, as literals do. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
static void log_keeps_its_bound_when_everything_differs(void **state)
{
    (void)state;
    static char formats[SJ_LOG_DISTINCT_MAX * 2][16];
    for (uint32_t i = 0; i < SJ_LOG_DISTINCT_MAX * 2; i++) {
        snprintf(formats[i], sizeof formats[i], "error %u", i);
        sj_log_error("x", formats[i]);
    }
    assert_int_equal(sj_log_distinct(entries, SJ_LOG_DISTINCT_MAX), SJ_LOG_DISTINCT_MAX);
    const struct sj_log_entry *shared = &entries[SJ_LOG_DISTINCT_MAX - 1];
    assert_int_equal(shared->count, SJ_LOG_DISTINCT_MAX + 1);
    assert_non_null(strstr(shared->text, "full"));
}

static void log_limits_plain_lines_a_second(void **state)
{
    (void)state;
    for (int i = 0; i < SJ_LOG_LINES_PER_S + 50; i++)
        sj_log_info("x", "line %d", i);
    assert_int_equal(line_count(), SJ_LOG_LINES_PER_S);
    assert_int_equal(sj_log_suppressed_count(), 50);
    time_ns += SJ_NS_PER_S;
    sj_log_info("x", "next second");
    assert_int_equal(line_count(), SJ_LOG_LINES_PER_S + 1);
}

static void log_lets_no_input_forge_a_line(void **state)
{
    (void)state;
    sj_log_warn("x", "bad frame: %s", "a\n2021 error\033[31m");
    assert_int_equal(line_count(), 1);
    assert_non_null(strstr(lines, "a?2021 error?[31m"));
}

static void log_level_names_are_read_back(void **state)
{
    (void)state;
    enum sj_log_level level;
    for (int i = SJ_LOG_DEBUG; i <= SJ_LOG_OFF; i++) {
        assert_int_equal(sj_log_level_parse(sj_log_level_name((enum sj_log_level)i), &level), 0);
        assert_int_equal(level, i);
    }
    assert_int_equal(sj_log_level_parse("loud", &level), -SJ_E_UNKNOWN);
}

int log_tests(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(log_line_has_time_level_room_and_text),
        CASE(log_level_hides_what_is_below),
        CASE(log_prints_a_distinct_error_once_and_counts_it),
        CASE(log_repeats_an_error_after_a_while_with_its_count),
        CASE(log_flush_prints_what_was_held_back),
        CASE(log_tells_rooms_levels_and_formats_apart),
        CASE(log_keeps_its_bound_when_everything_differs),
        CASE(log_limits_plain_lines_a_second),
        CASE(log_lets_no_input_forge_a_line),
        CASE(log_level_names_are_read_back),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
