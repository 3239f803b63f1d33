/* The writer and its readers when nothing fails. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/support.h"

static struct sj_journal *open_small(const char *dir, struct sj_journal_recovery *recovery)
{
    struct sj_journal *journal;
    struct sj_journal_options options = small_options(dir);
    assert_int_equal(sj_journal_open(&options, recovery, &journal), 0);
    return journal;
}

static void journal_gives_back_what_was_appended(void **state)
{
    struct sj_journal_recovery recovery;
    struct account account;
    struct sj_journal *journal = open_small(*state, &recovery);
    append_events(journal, 1, 1, 1000, 7);
    assert_int_equal(sj_journal_sync(journal), 0);
    assert_int_equal(sj_journal_durable_seq(journal, 1), 1000);
    assert_int_equal(sj_journal_close(journal), 0);
    read_journal(*state, &account);
    assert_false(account.wrong);
    assert_int_equal(account.count, 1000);
    assert_int_equal(account.damage_count, 0);
}

static void journal_rolls_over_many_segments_and_keeps_two_sources(void **state)
{
    struct sj_journal_recovery recovery;
    struct sj_journal_stat stat;
    struct account account;
    struct sj_journal *journal = open_small(*state, &recovery);
    for (uint64_t i = 0; i < 100; i++) {
        append_events(journal, 1, i * 100 + 1, 100, 50);
        append_events(journal, 2, i * 40 + 1, 40, 40);
        assert_true(sj_journal_do_work(journal, sj_clock_mono_ns()) >= 0);
    }
    assert_int_equal(sj_journal_sync(journal), 0);
    sj_journal_stat(journal, &stat);
    assert_int_equal(stat.accepted_count, 14000);
    assert_int_equal(stat.durable_count, 14000);
    assert_int_equal(sj_journal_durable_seq(journal, 2), 4000);
    assert_int_equal(sj_journal_close(journal), 0);
    read_journal(*state, &account);
    assert_false(account.wrong);
    assert_int_equal(account.per_source[1], 10000);
    assert_int_equal(account.per_source[2], 4000);
    assert_int_equal(account.missing + account.damage_count, 0);
}

static void journal_goes_on_after_closing_and_repeats_definitions(void **state)
{
    struct sj_journal_recovery recovery;
    struct account account;
    struct sj_journal *journal = open_small(*state, &recovery);
    assert_string_equal(recovery.text, "new journal");
    struct sj_instrument definition = definition_make(9, 1);
    assert_int_equal(sj_journal_append(journal, 3, &definition, sizeof(definition), 1), 0);
    append_events(journal, 3, 2, 99, 10);
    assert_int_equal(sj_journal_close(journal), 0);
    journal = open_small(*state, &recovery);
    assert_true(recovery.was_clean);
    assert_int_equal(recovery.event_count, 100);
    assert_int_equal(recovery.source_count, 1);
    assert_int_equal(recovery.sources[0].src, 3);
    assert_int_equal(recovery.sources[0].last_seq, 100);
    append_events(journal, 3, 101, 50, 10);
    assert_int_equal(sj_journal_close(journal), 0);
    read_journal(*state, &account);
    assert_false(account.wrong);
    assert_int_equal(account.count, 150);
    assert_int_equal(account.missing, 0);
    assert_int_equal(account.repeat_count, 1);
}

static void journal_records_a_hole_that_was_appended(void **state)
{
    struct sj_journal_recovery recovery;
    struct sj_journal_stat stat;
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    struct sj_journal *journal = open_small(*state, &recovery);
    append_events(journal, 1, 1, 10, 10);
    append_events(journal, 1, 21, 10, 10);
    sj_journal_stat(journal, &stat);
    assert_int_equal(stat.hole_count, 10);
    assert_int_equal(sj_journal_close(journal), 0);
    struct sj_journal_reader_options options = {.dir = *state};
    assert_int_equal(sj_journal_reader_open(&options, &reader), 0);
    assert_int_equal(sj_journal_read(reader, &span), 10);
    assert_int_equal(span.prev_seq, 0);
    assert_int_equal(sj_journal_read(reader, &span), 10);
    assert_int_equal(span.first_seq, 21);
    assert_int_equal(span.prev_seq, 10);
    assert_int_equal(sj_journal_read(reader, &span), 0);
    sj_journal_reader_close(reader);
}

static void journal_refuses_a_second_writer(void **state)
{
    struct sj_journal_recovery recovery;
    struct sj_journal *second;
    struct sj_journal_options options = small_options(*state);
    struct sj_journal *journal = open_small(*state, &recovery);
    assert_int_equal(sj_journal_open(&options, NULL, &second), -SJ_E_BUSY);
    assert_int_equal(sj_journal_close(journal), 0);
    assert_int_equal(sj_journal_open(&options, NULL, &second), 0);
    assert_int_equal(sj_journal_close(second), 0);
}

static void journal_refuses_what_is_not_a_run(void **state)
{
    _Alignas(8) uint8_t buffer[EVENTS_SIZE_MAX(8)];
    struct sj_journal_recovery recovery;
    struct sj_journal *journal = open_small(*state, &recovery);
    size_t size = events_make(buffer, 1, 5, 4);
    assert_int_equal(sj_journal_append(journal, 64, buffer, size, 4), -SJ_E_RANGE);
    assert_int_equal(sj_journal_append(journal, 1, buffer, size, 3), -SJ_E_MALFORMED);
    assert_int_equal(sj_journal_append(journal, 1, buffer, size, 5), -SJ_E_MALFORMED);
    assert_int_equal(sj_journal_append(journal, 1, buffer, size - 32, 4), -SJ_E_MALFORMED);
    assert_int_equal(sj_journal_append(journal, 1, buffer, 0, 0), -SJ_E_MALFORMED);
    assert_int_equal(sj_journal_append(journal, 1, buffer, size, 4), 0);
    assert_int_equal(sj_journal_append(journal, 1, buffer, size, 4), -SJ_E_RANGE);
    ((struct sj_frame *)(void *)buffer)->seq = 9;
    assert_int_equal(sj_journal_append(journal, 1, buffer, size, 4), -SJ_E_MALFORMED);
    assert_int_equal(sj_journal_close(journal), 0);
}

/* The writer of another process: appends, never closes, and says what is durable. */
static void write_forever(const char *dir, int pipe_fd, uint32_t total)
{
    struct sj_journal *journal;
    struct sj_journal_options options = small_options(dir);
    _Alignas(8) static uint8_t buffer[EVENTS_SIZE_MAX(64)];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (sj_journal_open(&options, NULL, &journal) < 0)
        _exit(1);
    for (uint64_t seq = 1; seq <= total; seq += 16) {
        size_t size = events_make(buffer, 1, seq, 16);
        if (sj_journal_append(journal, 1, buffer, size, 16) < 0 ||
            sj_journal_do_work(journal, sj_clock_mono_ns()) < 0)
            _exit(2);
        uint64_t durable = sj_journal_durable_seq(journal, 1);
        if (write(pipe_fd, &durable, sizeof(durable)) != sizeof(durable))
            _exit(3);
        usleep(100);
    }
    if (sj_journal_sync(journal) < 0)
        _exit(4);
    uint64_t durable = sj_journal_durable_seq(journal, 1);
    if (write(pipe_fd, &durable, sizeof(durable)) != sizeof(durable))
        _exit(3);
    pause();
}

static void follow(const char *dir, bool durable_only)
{
    enum { TOTAL = 16 * 600 };
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0)
        write_forever(dir, fds[1], TOTAL);
    close(fds[1]);
    uint64_t durable = 0;
    struct account account = {0};
    assert_int_equal(read(fds[0], &durable, sizeof(durable)), sizeof(durable));
    struct sj_journal_reader_options options = {.dir = dir, .durable_only = durable_only};
    struct sj_journal_reader *reader;
    assert_int_equal(sj_journal_reader_open(&options, &reader), 0);
    int64_t until_ns = sj_clock_mono_ns() + 60 * SJ_NS_PER_S;
    while (account.count < TOTAL && sj_clock_mono_ns() < until_ns) {
        struct pollfd poll_fd = {.fd = fds[0], .events = POLLIN};
        if (poll(&poll_fd, 1, 1) == 1 && read(fds[0], &durable, sizeof(durable)) != sizeof(durable))
            break;
        read_all(reader, &account);
        /* What another process was told to be durable can be read at once. */
        assert_true(account.last_seq[1] >= durable);
    }
    assert_int_equal(account.count, TOTAL);
    assert_false(account.wrong);
    assert_int_equal(account.missing + account.damage_count, 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    read_all(reader, &account);
    assert_int_equal(account.count, TOTAL);
    sj_journal_reader_close(reader);
    close(fds[0]);
}

static void reader_follows_a_writer_of_another_process(void **state)
{
    follow(*state, false);
}

static void durable_reader_follows_a_writer_of_another_process(void **state)
{
    follow(*state, true);
}

static void reader_seeks_by_position_time_and_sequence(void **state)
{
    struct sj_journal_recovery recovery;
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    struct sj_journal *journal = open_small(*state, &recovery);
    append_events(journal, 1, 1, 8000, 20);
    assert_int_equal(sj_journal_close(journal), 0);
    struct sj_journal_reader_options options = {.dir = *state};
    assert_int_equal(sj_journal_reader_open(&options, &reader), 0);
    for (uint64_t seq = 1; seq <= 8000; seq += 333) {
        assert_int_equal(sj_journal_seek_seq(reader, 1, seq), 0);
        assert_true(sj_journal_read(reader, &span) > 0);
        assert_in_range(seq, span.first_seq, span.first_seq + span.count - 1);
        uint64_t position = span.position;
        uint64_t first_seq = span.first_seq;
        assert_int_equal(sj_journal_seek_time(reader, (int64_t)(seq * 1000 + 7)), 0);
        assert_true(sj_journal_read(reader, &span) > 0);
        assert_in_range(seq, span.first_seq, span.first_seq + span.count - 1);
        assert_int_equal(sj_journal_seek(reader, position), 0);
        assert_true(sj_journal_read(reader, &span) > 0);
        assert_int_equal(span.first_seq, first_seq);
    }
    assert_int_equal(sj_journal_seek_seq(reader, 1, 8001), -SJ_E_UNKNOWN);
    assert_int_equal(sj_journal_seek_time(reader, INT64_MAX), 0);
    assert_int_equal(sj_journal_read(reader, &span), 0);
    assert_int_equal(sj_journal_seek(reader, 0), 0);
    assert_true(sj_journal_read(reader, &span) > 0);
    assert_int_equal(span.first_seq, 1);
    sj_journal_reader_close(reader);
}

static void cursor_survives_and_the_next_span_follows(void **state)
{
    struct sj_journal_recovery recovery;
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    struct sj_journal_cursor cursor;
    struct sj_journal *journal = open_small(*state, &recovery);
    append_events(journal, 1, 1, 3000, 20);
    assert_int_equal(sj_journal_close(journal), 0);
    assert_int_equal(sj_journal_cursor_load(*state, "store", &cursor), 0);
    assert_int_equal(cursor.position, 0);
    struct sj_journal_reader_options options = {.dir = *state, .durable_only = true};
    uint64_t seq = 1;
    for (sj_rc rc = 1; rc > 0;) {
        assert_int_equal(sj_journal_reader_open(&options, &reader), 0);
        assert_int_equal(sj_journal_cursor_load(*state, "store", &cursor), 0);
        assert_int_equal(sj_journal_seek(reader, cursor.position), 0);
        rc = sj_journal_read(reader, &span);
        if (rc > 0) {
            assert_int_equal(span.first_seq, seq);
            seq += span.count;
            cursor.position = span.next_position;
            cursor.event_count += span.count;
            cursor.note_size = 3;
            memcpy(cursor.note, "abc", 3);
            assert_int_equal(sj_journal_cursor_save(*state, "store", &cursor), 0);
        }
        sj_journal_reader_close(reader);
    }
    assert_int_equal(seq, 3001);
    assert_int_equal(cursor.event_count, 3000);
    assert_int_equal(sj_journal_cursor_save(*state, "../evil", &cursor), -EINVAL);
}

int journal_tests(void);
int journal_tests(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, dir_setup, dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(journal_gives_back_what_was_appended),
        TEST(journal_rolls_over_many_segments_and_keeps_two_sources),
        TEST(journal_goes_on_after_closing_and_repeats_definitions),
        TEST(journal_records_a_hole_that_was_appended),
        TEST(journal_refuses_a_second_writer),
        TEST(journal_refuses_what_is_not_a_run),
        TEST(reader_follows_a_writer_of_another_process),
        TEST(durable_reader_follows_a_writer_of_another_process),
        TEST(reader_seeks_by_position_time_and_sequence),
        TEST(cursor_survives_and_the_next_span_follows),
    };
#undef TEST
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
