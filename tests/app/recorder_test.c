/* From rings into the journal: everything, in order, across the kill of the recording process. */
#include "app/recorder.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "groups.h"
#include "place.h"

#define SRC 1
#define RING "gateway1"

static struct sj_bus *create_ring(const struct place *place)
{
    struct sj_bus_options options = {
        .dir = place->bus, .name = RING, .src = SRC, .size = 1 << 20, .topic_count = 4};
    struct sj_bus *bus;
    return sj_bus_create(&options, &bus) < 0 ? NULL : bus;
}

static sj_rc publish_trade(struct sj_bus *bus, uint64_t n)
{
    struct sj_trade trade = {.instrument = n % 4, .price_e6 = (int64_t)n, .recv_ns = 1};
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof trade);
    return sj_bus_publish(bus, &trade);
}

static sj_rc open_journal(const struct place *place, struct sj_journal_recovery *recovery,
                          struct sj_journal **ret)
{
    struct sj_journal_options options = {
        .dir = place->journal, .segment_size = 8 << 20, .reserve_size = 1};
    return sj_journal_open(&options, recovery, ret);
}

static uint64_t last_seq(const struct sj_journal_recovery *recovery, uint32_t src)
{
    for (uint32_t i = 0; i < recovery->source_count; i++)
        if (recovery->sources[i].src == src)
            return recovery->sources[i].last_seq;
    return 0;
}

/* Checks that the journal holds trades 1 .. count of the ring, each once and in order. */
static void check_trades(const struct place *place, uint64_t count)
{
    struct sj_journal_reader_options options = {.dir = place->journal};
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    uint64_t seen = 0;
    sj_rc rc;
    assert_int_equal(sj_journal_reader_open(&options, &reader), 0);
    while ((rc = sj_journal_read(reader, &span)) > 0) {
        if (span.src != SRC)
            continue;
        for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at)) {
            const struct sj_trade *trade = (const struct sj_trade *)(const void *)at;
            seen++;
            assert_int_equal(trade->seq, seen);
            assert_int_equal(trade->price_e6, seen);
        }
    }
    assert_int_equal(rc, 0);
    assert_int_equal(seen, count);
    sj_journal_reader_close(reader);
}

static void record_until_finished(struct sj_recorder *recorder)
{
    while (!atomic_load(&recorder->finished))
        assert_true(sj_recorder_do_work(recorder) >= 0);
}

static void everything_published_is_in_the_journal_when_the_ring_has_closed(void **state)
{
    static struct sj_recorder recorder;
    const struct place *place = *state;
    struct sj_journal_recovery *recovery = calloc(1, sizeof *recovery);
    struct sj_journal *journal;
    struct sj_bus *bus = create_ring(place);
    assert_non_null(bus);
    assert_int_equal(open_journal(place, recovery, &journal), 0);
    assert_int_equal(sj_recorder_init(&recorder, journal, 0), 0);
    assert_int_equal(sj_recorder_add(&recorder, place->bus, RING, 0), 0);
    for (uint64_t n = 1; n <= 20000; n++) {
        while (publish_trade(bus, n) == -SJ_E_FULL)
            assert_true(sj_recorder_do_work(&recorder) >= 0);
    }
    sj_bus_close(bus);
    record_until_finished(&recorder);
    assert_int_equal(atomic_load(&recorder.accepted_count), 20000);
    assert_int_equal(recorder.durable_latency_ns.count, 20000);
    assert_int_equal(sj_recorder_note_session(&recorder, SJ_SESSION_STOP, "the end"), 0);
    sj_recorder_done(&recorder);
    assert_int_equal(sj_journal_close(journal), 0);
    check_trades(place, 20000);
    free(recovery);
}

/* The child publishes and records at once, and tells after each publish how many there are. */
static void publish_and_record(const struct place *place, int pipe_fd)
{
    static struct sj_recorder recorder;
    static struct sj_journal_recovery recovery;
    struct sj_journal *journal;
    struct sj_bus *bus = create_ring(place);
    if (!bus || open_journal(place, &recovery, &journal) < 0 ||
        sj_recorder_init(&recorder, journal, last_seq(&recovery, 0)) < 0 ||
        sj_recorder_add(&recorder, place->bus, RING, last_seq(&recovery, SRC)) < 0)
        _exit(2);
    for (uint64_t n = sj_bus_last_seq(bus) + 1;; n++) {
        while (publish_trade(bus, n) == -SJ_E_FULL)
            if (sj_recorder_do_work(&recorder) < 0)
                _exit(3);
        if (n % 7 == 0 && sj_recorder_do_work(&recorder) < 0)
            _exit(4);
        if (write(pipe_fd, &n, sizeof n) != sizeof n)
            _exit(5);
    }
}

/* Kills the child once it has told of at least `wanted` events; returns the last number told. */
static uint64_t run_and_kill(const struct place *place, uint64_t wanted)
{
    int ends[2];
    uint64_t told = 0;
    uint64_t n;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        publish_and_record(place, ends[1]);
    }
    close(ends[1]);
    while (told < wanted && read(ends[0], &n, sizeof n) == sizeof n)
        told = n;
    kill(pid, SIGKILL);
    while (read(ends[0], &n, sizeof n) == sizeof n)
        told = n;
    close(ends[0]);
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return told;
}

static void the_kill_of_the_process_loses_no_published_event(void **state)
{
    static struct sj_recorder recorder;
    const struct place *place = *state;
    uint64_t told = 0;
    for (int round = 1; round <= 20; round++)
        told = run_and_kill(place, told + 100 + (uint64_t)(round * 137 % 900));
    struct sj_journal_recovery *recovery = calloc(1, sizeof *recovery);
    struct sj_journal *journal;
    struct sj_bus *bus = create_ring(place);
    assert_non_null(bus);
    uint64_t published = sj_bus_last_seq(bus);
    assert_true(published >= told && published <= told + 1);
    assert_int_equal(open_journal(place, recovery, &journal), 0);
    assert_int_equal(sj_recorder_init(&recorder, journal, last_seq(recovery, 0)), 0);
    assert_int_equal(sj_recorder_add(&recorder, place->bus, RING, last_seq(recovery, SRC)), 0);
    assert_int_equal(sj_recorder_note_recovery(&recorder, recovery), 0);
    sj_bus_close(bus);
    record_until_finished(&recorder);
    sj_recorder_done(&recorder);
    assert_int_equal(sj_journal_close(journal), 0);
    check_trades(place, published);
    free(recovery);
}

int sj_test_recorder(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            everything_published_is_in_the_journal_when_the_ring_has_closed, place_set_up,
            place_tear_down),
        cmocka_unit_test_setup_teardown(the_kill_of_the_process_loses_no_published_event,
                                        place_set_up, place_tear_down),
    };
    return cmocka_run_group_tests_name("app/recorder", tests, NULL, NULL);
}
