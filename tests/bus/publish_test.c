#include "bus_test.h"

#include <string.h>

#define RING (64u << 10)

static void a_published_frame_is_read_with_its_sequence(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 4);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    assert_int_equal(sj_bus_poll(reader, got), 0);
    test_publish(bus, 96, 2, 7);
    assert_int_equal(sj_bus_last_seq(bus), 1);
    assert_int_equal(sj_bus_poll(reader, got), 96);
    assert_int_equal(((struct sj_frame *)got)->seq, 1);
    assert_int_equal(test_frame_check(got), 7);
    assert_int_equal(sj_bus_poll(reader, got), 0);
    assert_int_equal(sj_bus_reader_src(reader), 3);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void every_frame_size_passes_over_many_laps(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 16);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    uint64_t counts[16] = {0};
    uint64_t sent = 0;
    for (uint64_t i = 1; i <= 20000; i++) {
        uint32_t size = 32 * (1 + (uint32_t)(i * 7 % 16));
        test_publish(bus, size, i % 16, i / 16 + 1);
        sent += size;
        struct sj_bus_span span;
        if (i % 50 && i != 20000)
            continue;
        sj_rc count = sj_bus_drain(reader, RING, &span);
        assert_true(count > 0);
        for (const uint8_t *p = span.begin; p < span.end; p += sj_frame_size(p)) {
            uint32_t topic = ((const struct sj_frame *)p)->instrument;
            uint64_t n = test_frame_check(p);
            assert_true(n != 0);
            assert_true(counts[topic] == 0 || n == counts[topic] + 1);
            counts[topic] = n;
        }
        assert_int_equal(span.first_seq + span.count, i + 1);
        assert_int_equal(sj_bus_release(reader), 0);
    }
    assert_true(sent > 50 * RING);
    assert_int_equal(sj_bus_reader_next_seq(reader), 20001);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void staged_frames_are_seen_only_after_commit(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (uint64_t i = 1; i <= 3; i++) {
        test_frame(sj_bus_claim(bus, 512), 64, 0, i);
        assert_int_equal(sj_bus_stage(bus), 0);
        assert_int_equal(sj_bus_poll(reader, got), 0);
    }
    test_frame(sj_bus_claim(bus, 32), 32, 0, 4);
    assert_int_equal(sj_bus_commit(bus), 0);
    for (uint64_t i = 1; i <= 4; i++) {
        assert_int_equal(sj_bus_poll(reader, got), i < 4 ? 64 : 32);
        assert_int_equal(test_frame_check(got), i);
    }
    assert_int_equal(sj_bus_poll(reader, got), 0);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void flush_shows_what_is_staged_and_nothing_twice(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    sj_bus_flush(bus);
    test_frame(sj_bus_claim(bus, 64), 64, 0, 1);
    assert_int_equal(sj_bus_stage(bus), 0);
    sj_bus_flush(bus);
    sj_bus_flush(bus);
    assert_int_equal(sj_bus_poll(reader, got), 64);
    assert_int_equal(sj_bus_poll(reader, got), 0);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

/* Aborted claims leave garbage of every length behind the place where readers wait. */
static void an_aborted_claim_leaves_no_trace(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (uint64_t i = 1; i <= 3000; i++) {
        uint32_t claimed = 32 * (1 + (uint32_t)(i * 5 % 16));
        void *place = sj_bus_claim(bus, claimed);
        assert_non_null(place);
        memset(place, 0xff, claimed);
        ((struct sj_frame *)place)->seq = 0;
        sj_bus_abort(bus);
        assert_int_equal(sj_bus_poll(reader, got), 0);
        uint32_t size = 32 * (1 + (uint32_t)(i % 16));
        place = sj_bus_claim(bus, SJ_EVENT_SIZE_MAX);
        memset(place, 0xee, SJ_EVENT_SIZE_MAX);
        test_frame(place, size, 0, i);
        assert_int_equal(sj_bus_commit(bus), 0);
        assert_int_equal(sj_bus_poll(reader, got), size);
        assert_int_equal(test_frame_check(got), i);
        assert_int_equal(sj_bus_poll(reader, got), 0);
    }
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void frames_that_are_none_are_refused_and_counted(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 4);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    uint8_t frame[1024] = {0};
    struct sj_frame *head = (struct sj_frame *)frame;
    head->block_length = 0; /* 16 bytes: less than a frame */
    assert_int_equal(sj_bus_publish(bus, frame), -SJ_E_RANGE);
    head->block_length = 40; /* no multiple of 32 */
    assert_int_equal(sj_bus_publish(bus, frame), -SJ_E_RANGE);
    head->block_length = SJ_EVENT_SIZE_MAX + 32 - 16;
    assert_int_equal(sj_bus_publish(bus, frame), -SJ_E_RANGE);
    test_frame(frame, 64, 4, 1); /* topics are 0 .. 3 */
    assert_int_equal(sj_bus_publish(bus, frame), -SJ_E_RANGE);
    assert_int_equal(sj_bus_publish_many(bus, frame, 64, 1), -SJ_E_RANGE);
    assert_int_equal(sj_bus_refused_count(bus), 5);
    test_frame(sj_bus_claim(bus, 32), 32, 9, 1);
    assert_int_equal(sj_bus_stage(bus), -SJ_E_RANGE);
    test_frame(sj_bus_claim(bus, 32), 64, 0, 1); /* longer than claimed */
    assert_int_equal(sj_bus_commit(bus), -SJ_E_RANGE);
    assert_int_equal(sj_bus_stage(bus), -SJ_E_RANGE); /* without a claim */
    assert_null(sj_bus_claim(bus, SJ_EVENT_SIZE_MAX + 1));
    assert_int_equal(sj_bus_refused_count(bus), 9);
    assert_int_equal(sj_bus_last_seq(bus), 0);
    assert_int_equal(sj_bus_poll(reader, frame), 0);
    test_publish(bus, 64, 3, 1);
    assert_int_equal(sj_bus_poll(reader, frame), 64);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static size_t many(uint8_t *frames, uint32_t count, uint64_t first)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t frame_size = 32 * (1 + (i + (uint32_t)first) % 16);
        test_frame(frames + size, frame_size, 0, first + i);
        size += frame_size;
    }
    return size;
}

static void publish_many_shows_all_frames_or_none(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    static uint8_t frames[RING];
    uint8_t got[SJ_EVENT_SIZE_MAX];
    uint64_t sent = 0, read = 0;
    sj_rc rc = 0;
    size_t size = many(frames, 100, 1);
    while (sent < 10000 && (rc = sj_bus_publish_many(bus, frames, size, 100)) == 0) {
        sent += 100;
        size = many(frames, 100, sent + 1);
    }
    assert_int_equal(rc, -SJ_E_FULL);
    assert_in_range(sent, 100, 300);
    while (sj_bus_poll(reader, got) > 0)
        assert_int_equal(test_frame_check(got), ++read);
    assert_int_equal(read, sent);
    assert_int_equal(sj_bus_publish_many(bus, frames, size, 99), -SJ_E_RANGE);
    assert_int_equal(sj_bus_publish_many(bus, frames, size - 32, 100), -SJ_E_RANGE);
    assert_int_equal(sj_bus_publish_many(bus, frames, RING, 1), -SJ_E_RANGE);
    assert_int_equal(sj_bus_poll(reader, got), 0);
    assert_int_equal(sj_bus_publish_many(bus, frames, size, 100), 0);
    assert_true(sj_bus_poll(reader, got) > 0);
    assert_int_equal(test_frame_check(got), sent + 1);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void no_more_than_half_the_ring_can_be_staged(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_LOSSY, "r", 0);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (int lap = 0; lap < 5; lap++) {
        uint64_t staged = 0;
        for (void *place; (place = sj_bus_claim(bus, 512)); staged++) {
            test_frame(place, 512, 0, staged + 1);
            assert_int_equal(sj_bus_stage(bus), 0);
        }
        if (lap > 0) /* in the first lap nothing is overwritten yet */
            assert_in_range(staged * 512, RING / 2, RING / 2 + RING / 8);
        sj_bus_flush(bus);
        for (uint64_t i = 1; i <= staged; i++) {
            assert_int_equal(sj_bus_poll(reader, got), 512);
            assert_int_equal(test_frame_check(got), i);
        }
    }
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

const struct CMUnitTest test_publish_cases[] = {
    BUS_CASE(a_published_frame_is_read_with_its_sequence),
    BUS_CASE(every_frame_size_passes_over_many_laps),
    BUS_CASE(staged_frames_are_seen_only_after_commit),
    BUS_CASE(flush_shows_what_is_staged_and_nothing_twice),
    BUS_CASE(an_aborted_claim_leaves_no_trace),
    BUS_CASE(frames_that_are_none_are_refused_and_counted),
    BUS_CASE(publish_many_shows_all_frames_or_none),
    BUS_CASE(no_more_than_half_the_ring_can_be_staged),
};
const size_t test_publish_count = sizeof test_publish_cases / sizeof test_publish_cases[0];
