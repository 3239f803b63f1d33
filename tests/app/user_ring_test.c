/* Rings that processes of users write: made behind the journal, and nothing of them trusted. */
#include "app/user_ring.h"

#include "app/recorder.h"
#include "gateway/gateway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "groups.h"
#include "place.h"

#define SRC 50u
#define RING "mine"

static void make(const struct place *place, uint64_t last_seq)
{
    char error[256];
    if (sj_user_ring_make(place->bus, RING, SRC, last_seq, error, sizeof error) < 0)
        fail_msg("%s", error);
}

/* As the process does. */
static struct sj_bus *take_over(const struct place *place)
{
    const struct sj_bus_options options = {.dir = place->bus,
                                           .name = RING,
                                           .src = SRC,
                                           .size = SJ_USER_RING_SIZE,
                                           .topic_count = SJ_GATEWAY_TOPICS};
    struct sj_bus *bus;
    assert_int_equal(sj_bus_create(&options, &bus), 0);
    return bus;
}

static struct sj_intent an_intent(void)
{
    struct sj_intent intent = {.instrument = 3, .quantity = 1, .recv_ns = INT64_MAX};
    sj_frame_head(&intent, SJ_EVENT_INTENT, sizeof intent);
    return intent;
}

static void a_ring_goes_on_behind_the_journal(void **state)
{
    const struct place *place = *state;
    make(place, 41);
    struct sj_bus *bus = take_over(place);
    const struct sj_intent intent = an_intent();
    assert_int_equal(sj_bus_publish(bus, &intent), 0);
    assert_int_equal(sj_bus_last_seq(bus), 42);
    make(place, 42); /* its process lives: it stays as it is */
    char error[256];
    assert_true(sj_user_ring_make(place->bus, RING, SRC, 50, error, sizeof error) < 0);
    assert_non_null(strstr(error, "is at 42 and the journal at 50"));
    assert_true(sj_user_ring_make(place->bus, RING, SRC + 1, 0, error, sizeof error) < 0);
    assert_non_null(strstr(error, "has source 50, not 51"));
    sj_bus_close(bus);
    make(place, 50); /* behind the journal, and nobody's: made anew */
    bus = take_over(place);
    assert_int_equal(sj_bus_publish(bus, &intent), 0);
    assert_int_equal(sj_bus_last_seq(bus), 51);
    sj_bus_close(bus);
}

/* A span of `count` intents from sequence 7 on, which `spoil` may change. */
static bool takes(void (*spoil)(struct sj_intent *intents, struct sj_bus_span *span))
{
    static struct sj_user_frames frames;
    struct sj_intent intents[3];
    for (uint64_t i = 0; i < 3; i++) {
        intents[i] = an_intent();
        intents[i].seq = 7 + i;
    }
    struct sj_bus_span span = {.begin = (const uint8_t *)intents,
                               .end = (const uint8_t *)(intents + 3),
                               .first_seq = 7,
                               .count = 3};
    if (spoil)
        spoil(intents, &span);
    return sj_user_frames_take(&frames, &span);
}

static void another_kind(struct sj_intent *intents, struct sj_bus_span *span)
{
    (void)span;
    intents[1].template_id = SJ_EVENT_INSTRUMENT;
}

static void another_size(struct sj_intent *intents, struct sj_bus_span *span)
{
    (void)span;
    intents[1].block_length = 16;
}

static void no_size(struct sj_intent *intents, struct sj_bus_span *span)
{
    (void)span;
    intents[2].block_length = (uint16_t)-16;
}

static void another_version(struct sj_intent *intents, struct sj_bus_span *span)
{
    (void)span;
    intents[0].version = 9;
}

static void another_sequence(struct sj_intent *intents, struct sj_bus_span *span)
{
    (void)span;
    intents[2].seq = 7;
}

static void an_instrument_beyond(struct sj_intent *intents, struct sj_bus_span *span)
{
    (void)span;
    intents[2].instrument = UINT32_MAX;
}

static void a_cut_one(struct sj_intent *intents, struct sj_bus_span *span)
{
    (void)intents;
    span->end -= 32;
}

static void another_count(struct sj_intent *intents, struct sj_bus_span *span)
{
    (void)intents;
    span->count = 2;
}

static void what_is_no_event_of_a_strategy_is_not_taken(void **state)
{
    (void)state;
    assert_true(takes(NULL));
    assert_false(takes(another_kind));
    assert_false(takes(another_size));
    assert_false(takes(no_size));
    assert_false(takes(another_version));
    assert_false(takes(another_sequence));
    assert_false(takes(an_instrument_beyond));
    assert_false(takes(a_cut_one));
    assert_false(takes(another_count));
}

/* Works until the ring's events are taken, or it is given up. */
static void record(struct sj_recorder *recorder, uint64_t wanted)
{
    for (int i = 0; i < 100000 && !recorder->rings[0].broken; i++) {
        assert_true(sj_recorder_do_work(recorder) >= 0);
        if (atomic_load(&recorder->user_count) >= wanted)
            return;
    }
}

static void what_it_holds_is_recorded_until_it_holds_something_else(void **state)
{
    const struct place *place = *state;
    const struct sj_journal_options options = {
        .dir = place->journal, .segment_size = 8 << 20, .reserve_size = 1};
    struct sj_journal_recovery recovery;
    struct sj_journal *journal;
    struct sj_recorder recorder;
    assert_int_equal(sj_journal_open(&options, &recovery, &journal), 0);
    assert_int_equal(sj_recorder_init(&recorder, journal, 0), 0);
    make(place, 0);
    assert_int_equal(sj_recorder_add_user(&recorder, place->bus, RING, 0), 0);
    struct sj_bus *bus = take_over(place);
    const struct sj_intent intent = an_intent();
    for (int i = 0; i < 10; i++)
        assert_int_equal(sj_bus_publish(bus, &intent), 0);
    record(&recorder, 10);
    assert_int_equal(atomic_load(&recorder.user_count), 10);
    assert_int_equal(atomic_load(&recorder.accepted_count), 0);
    struct sj_trade trade = {.instrument = 3};
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof trade);
    assert_int_equal(sj_bus_publish(bus, &trade), 0);
    record(&recorder, 11);
    assert_true(recorder.rings[0].broken);
    assert_true(sj_recorder_do_work(&recorder) >= 0); /* and the journal goes on */
    sj_bus_close(bus);
    sj_recorder_done(&recorder);
    assert_int_equal(sj_journal_close(journal), 0);
    assert_int_equal(sj_journal_open(&options, &recovery, &journal), 0);
    assert_int_equal(recovery.event_count, 10);
    assert_int_equal(sj_journal_close(journal), 0);
}

int sj_test_user_ring(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_ring_goes_on_behind_the_journal, place_set_up,
                                        place_tear_down),
        cmocka_unit_test(what_is_no_event_of_a_strategy_is_not_taken),
        cmocka_unit_test_setup_teardown(what_it_holds_is_recorded_until_it_holds_something_else,
                                        place_set_up, place_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
