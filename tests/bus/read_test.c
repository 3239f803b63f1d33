#include "base/clock.h"
#include "bus_test.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define RING (64u << 10)

static uint64_t fill(struct sj_bus *bus, uint32_t size, uint64_t n)
{
    uint8_t frame[SJ_EVENT_SIZE_MAX];
    for (;; n++) {
        test_frame(frame, size, 0, n);
        sj_rc rc = sj_bus_publish(bus, frame);
        if (rc == -SJ_E_FULL)
            return n;
        assert_int_equal(rc, 0);
        assert_true(n < 100000);
    }
}

/* Two steps of a full ring are kept back, for a gate that is resumed after a crash (room.c). */
#define STEP (RING / 32)

static void a_gate_holds_the_ring_until_it_releases(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    uint64_t next = fill(bus, 64, 1);
    assert_int_equal(next - 1, (RING - 2 * STEP) / 64 - 1); /* and the place of the zero stamp */
    assert_int_equal(sj_bus_refused_count(bus), 1);
    assert_null(sj_bus_claim(bus, 64));
    struct sj_bus_span span;
    assert_int_equal(sj_bus_drain(reader, 2 * STEP, &span), 2 * STEP / 64);
    assert_null(sj_bus_claim(bus, 64)); /* drained is not released */
    assert_int_equal(sj_bus_release(reader), 0);
    uint64_t first = 2 * STEP / 64 + 1;
    next = fill(bus, 64, next);
    assert_true(next - 1 > (RING - 2 * STEP) / 64 - 1);
    assert_true(next - first <= RING / 64 - 1);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (uint64_t n = first; n < next; n++) {
        assert_int_equal(sj_bus_poll(reader, got), 64);
        assert_int_equal(test_frame_check(got), n);
    }
    assert_int_equal(sj_bus_reader_lost(reader), 0);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void a_gate_that_detaches_holds_nothing(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *gone = test_attach(*state, SJ_BUS_GATE, "gone", 0);
    struct sj_bus_reader *stays = test_attach(*state, SJ_BUS_GATE, "stays", 0);
    uint64_t next = fill(bus, 64, 1);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (uint64_t n = 1; n < next; n++)
        assert_int_equal(sj_bus_poll(stays, got), 64);
    assert_null(sj_bus_claim(bus, 64));
    sj_bus_detach(gone);
    test_publish(bus, 64, 0, next);
    sj_bus_detach(stays);
    sj_bus_close(bus);
}

static void next_gives_frames_in_place_until_caught_up(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 8);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    uint64_t n = 0;
    for (int lap = 0; lap < 200; lap++) {
        for (uint32_t i = 0; i < 100; i++)
            test_publish(bus, 32 * (1 + i % 16), i % 8, (uint64_t)lap * 100 + i + 1);
        const struct sj_frame *frame;
        while (sj_bus_next(reader, &frame) == 1) {
            assert_int_equal(frame->seq, n + 1);
            assert_int_equal(test_frame_check(frame), ++n);
        }
        assert_int_equal(sj_bus_reader_next_seq(reader), (uint64_t)lap * 100 + 1);
        assert_int_equal(sj_bus_release(reader), 0);
    }
    assert_int_equal(n, 20000);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void a_reader_starts_at_the_sequence_it_asks_for(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    for (uint64_t n = 1; n <= 5000; n++)
        test_publish(bus, 96, 0, n);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (uint64_t from = 5000; from > 5000 - RING / 96 + 40; from -= 13) {
        struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_LOSSY, "r", from);
        assert_int_equal(sj_bus_poll(reader, got), 96);
        assert_int_equal(((struct sj_frame *)got)->seq, from);
        sj_bus_detach(reader);
    }
    struct sj_bus_reader *oldest = test_attach(*state, SJ_BUS_LOSSY, "r", 1);
    assert_int_equal(sj_bus_poll(oldest, got), 96);
    assert_in_range(((struct sj_frame *)got)->seq, 5000 - RING / 96, 5000 - RING / 96 + 60);
    struct sj_bus_reader *newest = test_attach(*state, SJ_BUS_LOSSY, "r", 0);
    assert_int_equal(sj_bus_poll(newest, got), 0);
    test_publish(bus, 96, 0, 5001);
    assert_int_equal(sj_bus_poll(newest, got), 96);
    assert_int_equal(test_frame_check(got), 5001);
    sj_bus_detach(oldest);
    sj_bus_detach(newest);
    sj_bus_close(bus);
}

static void a_stalled_evict_reader_loses_its_hold_after_its_deadline(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_EVICT, "r", 0);
    /* The deadline runs from the first publish that found no room, the last one of fill. */
    int64_t begin_ns = sj_clock_mono_ns();
    uint64_t next = fill(bus, 64, 1);
    struct sj_bus_span span;
    assert_true(sj_bus_drain(reader, 640, &span) == 10);
    uint8_t frame[64];
    test_frame(frame, 64, 0, next);
    sj_rc rc;
    while ((rc = sj_bus_publish(bus, frame)) == -SJ_E_FULL)
        assert_true(sj_clock_mono_ns() - begin_ns < 10 * SJ_NS_PER_S);
    assert_int_equal(rc, 0);
    assert_true(sj_clock_mono_ns() - begin_ns >= 1000000);
    assert_int_equal(sj_bus_release(reader), -SJ_E_EVICTED);
    assert_int_equal(sj_bus_poll(reader, frame), -SJ_E_EVICTED);
    struct sj_bus_stat stat;
    assert_int_equal(sj_bus_stat(*state, TEST_RING, &stat), 0);
    assert_true(stat.readers[0].evicted);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void an_evict_reader_that_moves_keeps_its_hold(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_EVICT, "r", 0);
    uint64_t next = fill(bus, 64, 1);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (uint64_t n = 1; n < 200; n++) {
        assert_int_equal(sj_bus_poll(reader, got), 64);
        assert_int_equal(test_frame_check(got), n);
        next = fill(bus, 64, next);
    }
    assert_true(next - 200 <= RING / 64 - 1);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void a_closed_ring_is_read_to_its_end_first(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    test_publish(bus, 64, 0, 1);
    sj_bus_close(bus);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    struct sj_bus_span span;
    assert_int_equal(sj_bus_wait(reader, 0, false), 1);
    assert_int_equal(sj_bus_poll(reader, got), 64);
    assert_int_equal(sj_bus_poll(reader, got), -SJ_E_CLOSED);
    assert_int_equal(sj_bus_drain(reader, 512, &span), -SJ_E_CLOSED);
    bus = test_create(*state, RING, 1); /* goes on where it was */
    assert_int_equal(sj_bus_poll(reader, got), 0);
    test_publish(bus, 64, 0, 2);
    assert_int_equal(sj_bus_poll(reader, got), 64);
    assert_int_equal(((struct sj_frame *)got)->seq, 2);
    sj_bus_close(bus);
    sj_bus_detach(reader);
}

static void waiting_ends_at_its_timeout(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    for (int spin = 0; spin < 2; spin++) {
        int64_t begin_ns = sj_clock_mono_ns();
        assert_int_equal(sj_bus_wait(reader, 12 * SJ_NS_PER_MS, spin), 0);
        assert_true(sj_clock_mono_ns() - begin_ns >= 12 * SJ_NS_PER_MS);
        assert_int_equal(sj_bus_wait(reader, 0, spin), 0);
    }
    test_publish(bus, 64, 0, 1);
    assert_int_equal(sj_bus_wait(reader, SJ_NS_PER_S, false), 1);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void drain_needs_room_for_the_longest_frame(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    struct sj_bus_span span;
    assert_int_equal(sj_bus_drain(reader, SJ_EVENT_SIZE_MAX - 1, &span), -EINVAL);
    for (uint64_t n = 1; n <= 3; n++)
        test_publish(bus, 256, 0, n);
    assert_int_equal(sj_bus_drain(reader, SJ_EVENT_SIZE_MAX, &span), 2);
    assert_int_equal(span.end - span.begin, 512);
    assert_int_equal(sj_bus_release(reader), 0);
    assert_int_equal(sj_bus_drain(reader, SJ_EVENT_SIZE_MAX, &span), 1);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void a_poll_behind_frames_not_yet_released_takes_one_frame(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    const struct sj_frame *frame;
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (uint64_t n = 1; n <= 20; n++)
        test_publish(bus, 96, 0, n);
    for (int i = 0; i < 10; i++)
        assert_int_equal(sj_bus_next(reader, &frame), 1);
    assert_int_equal(sj_bus_poll(reader, got), 96);
    assert_int_equal(test_frame_check(got), 11);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

const struct CMUnitTest test_read_cases[] = {
    BUS_CASE(a_gate_holds_the_ring_until_it_releases),
    BUS_CASE(a_gate_that_detaches_holds_nothing),
    BUS_CASE(next_gives_frames_in_place_until_caught_up),
    BUS_CASE(a_reader_starts_at_the_sequence_it_asks_for),
    BUS_CASE(a_stalled_evict_reader_loses_its_hold_after_its_deadline),
    BUS_CASE(an_evict_reader_that_moves_keeps_its_hold),
    BUS_CASE(a_closed_ring_is_read_to_its_end_first),
    BUS_CASE(waiting_ends_at_its_timeout),
    BUS_CASE(a_poll_behind_frames_not_yet_released_takes_one_frame),
    BUS_CASE(drain_needs_room_for_the_longest_frame),
};
const size_t test_read_count = sizeof test_read_cases / sizeof test_read_cases[0];
