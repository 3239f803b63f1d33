/*
 * A million seeded steps against a model that remembers everything: which events a lossy or
 * conflate reader got, and per topic how many it was told it lost. Every topic must add up at every
 * loss.
 */
#include "base/rng.h"
#include "bus_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING (64u << 10)
#define TOPICS 37
#define STEPS 1000000
#define SEED 20260724

struct model {
    struct sj_bus *bus;
    struct sj_bus_reader *reader;
    struct sj_rng random;
    uint64_t published[TOPICS];
    uint64_t got[TOPICS];
    uint64_t last_n[TOPICS]; /* of what was got */
    uint64_t next_seq;
    uint64_t losses;
};

static void setup(struct model *m, const char *dir, enum sj_bus_policy policy)
{
    memset(m, 0, sizeof *m);
    m->bus = test_create(dir, RING, TOPICS);
    m->reader = test_attach(dir, policy, "r", 0);
    m->next_seq = 1;
    sj_rng_init(&m->random, SEED);
    print_message("seed %d\n", SEED);
}

static uint64_t below(struct model *m, uint64_t n)
{
    return sj_rng_below(&m->random, n);
}

static void publish_some(struct model *m)
{
    static uint8_t frames[RING];
    uint32_t count = 1 + (uint32_t)below(m, 60);
    size_t size = 0;
    uint64_t how = below(m, 3);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t topic = (uint32_t)below(m, TOPICS);
        uint32_t frame_size = 32 * (1 + (uint32_t)below(m, 16));
        uint64_t n = ++m->published[topic];
        if (how == 0) {
            test_publish(m->bus, frame_size, topic, n);
        } else if (how == 1) {
            test_frame(sj_bus_claim(m->bus, frame_size), frame_size, topic, n);
            assert_int_equal(sj_bus_stage(m->bus), 0);
        } else {
            test_frame(frames + size, frame_size, topic, n);
            size += frame_size;
        }
    }
    if (how == 1)
        sj_bus_flush(m->bus);
    if (how == 2)
        assert_int_equal(sj_bus_publish_many(m->bus, frames, size, count), 0);
}

static void take(struct model *m, const void *frame)
{
    const struct sj_frame *head = frame;
    uint64_t n = test_frame_check(frame);
    uint32_t topic = head->instrument;
    assert_true(n > m->last_n[topic]);
    assert_int_equal(head->seq, m->next_seq);
    m->next_seq++;
    m->got[topic]++;
    m->last_n[topic] = n;
}

/* What was published before the reader's place is what it got and what it lost, topic by topic. The
 * last one got of a topic says how many of it had been published by then. */
static void check_loss(struct model *m)
{
    uint64_t got = 0, lost = 0;
    m->next_seq = sj_bus_reader_next_seq(m->reader);
    for (uint32_t t = 0; t < TOPICS; t++) {
        got += m->got[t];
        lost += sj_bus_reader_lost_topic(m->reader, t);
    }
    assert_int_equal(lost, sj_bus_reader_lost(m->reader));
    assert_int_equal(got + lost, m->next_seq - 1);
    m->losses++;
}

/* After a loss the next event got of a topic has n = got + lost + 1: exact per topic. */
static void check_topic(struct model *m, const void *frame)
{
    const struct sj_frame *head = frame;
    uint64_t lost = sj_bus_reader_lost_topic(m->reader, head->instrument);
    assert_int_equal(test_frame_check(frame), m->got[head->instrument] + lost + 1);
}

static void poll_some(struct model *m)
{
    uint8_t buffer[SJ_EVENT_SIZE_MAX];
    for (uint64_t i = below(m, 40); i > 0; i--) {
        sj_rc rc = sj_bus_poll(m->reader, buffer);
        if (rc == 0)
            return;
        if (rc == -SJ_E_LAPPED) {
            check_loss(m);
            continue;
        }
        assert_int_equal(rc, sj_frame_size(buffer));
        check_topic(m, buffer);
        take(m, buffer);
    }
}

/* A span is trusted only once it is released, so it is copied and taken then. */
static void drain_some(struct model *m)
{
    static uint8_t copy[RING];
    struct sj_bus_span span;
    sj_rc rc = sj_bus_drain(m->reader, 512 + below(m, RING / 4), &span);
    if (rc == 0)
        return;
    if (rc == -SJ_E_LAPPED) {
        check_loss(m);
        return;
    }
    assert_true(rc > 0);
    assert_int_equal(span.first_seq, m->next_seq);
    size_t size = (size_t)(span.end - span.begin);
    memcpy(copy, span.begin, size);
    for (uint64_t i = below(m, 8) == 0 ? below(m, 40) : 0; i > 0; i--)
        publish_some(m);
    rc = sj_bus_release(m->reader);
    if (rc == -SJ_E_LAPPED) {
        check_loss(m);
        return;
    }
    assert_int_equal(rc, 0);
    for (uint8_t *p = copy; p < copy + size; p += sj_frame_size(p)) {
        check_topic(m, p);
        take(m, p);
    }
}

static void a_lossy_reader_learns_its_exact_loss_per_topic(void **state)
{
    struct model *m = malloc(sizeof *m);
    setup(m, *state, SJ_BUS_LOSSY);
    for (int step = 0; step < STEPS / 10; step++) {
        uint64_t what = below(m, 10);
        if (what < 5)
            publish_some(m);
        else if (what < 8)
            poll_some(m);
        else
            drain_some(m);
    }
    assert_true(m->losses > 100);
    while (sj_bus_poll(m->reader, &(uint8_t[SJ_EVENT_SIZE_MAX]){0}) != 0)
        ;
    for (uint32_t t = 0; t < TOPICS; t++) {
        struct sj_bus_topic_stat stat;
        assert_int_equal(sj_bus_topic_stat(*state, TEST_RING, 0, t, &stat), 0);
        assert_int_equal(stat.published_count, m->published[t]);
        assert_int_equal(stat.lag_count, 0);
        assert_int_equal(stat.lost_count, sj_bus_reader_lost_topic(m->reader, t));
        assert_true(stat.lag_high_count > 0);
    }
    sj_bus_detach(m->reader);
    sj_bus_close(m->bus);
    free(m);
}

static void a_lapped_reader_goes_on_with_whole_frames(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_LOSSY, "r", 0);
    for (uint64_t n = 1; n <= 100000; n++)
        test_publish(bus, 64, 0, n);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    assert_int_equal(sj_bus_poll(reader, got), -SJ_E_LAPPED);
    uint64_t lost = sj_bus_reader_lost(reader);
    assert_in_range(lost, 100000 - RING / 64, 99999);
    for (uint64_t n = lost + 1; n <= 100000; n++) {
        assert_int_equal(sj_bus_poll(reader, got), 64);
        assert_int_equal(test_frame_check(got), n);
    }
    assert_int_equal(sj_bus_poll(reader, got), 0);
    assert_int_equal(sj_bus_reader_lost(reader), lost);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void a_slow_lossy_reader_costs_a_gate_nothing(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *slow = test_attach(*state, SJ_BUS_LOSSY, "slow", 0);
    struct sj_bus_reader *gate = test_attach(*state, SJ_BUS_GATE, "gate", 0);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (uint64_t n = 1; n <= 10000; n++) {
        test_publish(bus, 64, 0, n);
        assert_int_equal(sj_bus_poll(gate, got), 64);
        assert_int_equal(test_frame_check(got), n);
    }
    assert_int_equal(sj_bus_poll(slow, got), -SJ_E_LAPPED);
    sj_bus_detach(slow);
    sj_bus_detach(gate);
    sj_bus_close(bus);
}

static void a_conflate_reader_gets_the_latest_of_each_topic_and_type(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 8);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_CONFLATE, "r", 0);
    uint8_t frame[SJ_EVENT_SIZE_MAX];
    for (uint64_t n = 1; n <= 160; n++) {
        test_frame(frame, 64, n % 8, n);
        ((struct sj_frame *)frame)->template_id = (uint16_t)(1 + n / 8 % 2);
        assert_int_equal(sj_bus_publish(bus, frame), 0);
    }
    unsigned seen = 0;
    sj_rc rc;
    while ((rc = sj_bus_poll(reader, frame)) > 0) {
        assert_in_range(test_frame_check(frame), 145, 160);
        seen++;
    }
    assert_int_equal(rc, 0);
    assert_int_equal(seen, 16);
    assert_int_equal(sj_bus_reader_lost(reader), 160 - 16);
    assert_int_equal(sj_bus_reader_lost_topic(reader, 3), 18);
    struct sj_bus_span span;
    const struct sj_frame *next;
    assert_true(sj_bus_drain(reader, 512, &span) < 0);
    (void)next;
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

/* Handed out plus lost is published, whatever the order of steps, lapped or not. */
static void a_conflate_reader_accounts_for_every_event(void **state)
{
    struct model *m = malloc(sizeof *m);
    setup(m, *state, SJ_BUS_CONFLATE);
    uint8_t frame[SJ_EVENT_SIZE_MAX];
    for (int step = 0; step < STEPS / 100; step++) {
        for (uint64_t i = below(m, 20); i > 0; i--)
            publish_some(m);
        for (uint64_t i = below(m, 60); i > 0; i--) {
            sj_rc rc = sj_bus_poll(m->reader, frame);
            if (rc == -SJ_E_LAPPED)
                m->losses++;
            if (rc <= 0)
                continue;
            assert_true(test_frame_check(frame) >
                        m->last_n[((struct sj_frame *)frame)->instrument]);
            m->last_n[((struct sj_frame *)frame)->instrument] = test_frame_check(frame);
            m->got[((struct sj_frame *)frame)->instrument]++;
        }
    }
    sj_rc rc;
    while ((rc = sj_bus_poll(m->reader, frame)) != 0)
        if (rc > 0)
            m->got[((struct sj_frame *)frame)->instrument]++;
    assert_true(m->losses > 10);
    for (uint32_t t = 0; t < TOPICS; t++)
        assert_int_equal(m->got[t] + sj_bus_reader_lost_topic(m->reader, t), m->published[t]);
    sj_bus_detach(m->reader);
    sj_bus_close(m->bus);
    free(m);
}

const struct CMUnitTest test_lossy_cases[] = {
    BUS_CASE(a_lossy_reader_learns_its_exact_loss_per_topic),
    BUS_CASE(a_lapped_reader_goes_on_with_whole_frames),
    BUS_CASE(a_slow_lossy_reader_costs_a_gate_nothing),
    BUS_CASE(a_conflate_reader_gets_the_latest_of_each_topic_and_type),
    BUS_CASE(a_conflate_reader_accounts_for_every_event),
};
const size_t test_lossy_count = sizeof test_lossy_cases / sizeof test_lossy_cases[0];
