/*
 * What several readers, several processes and onlookers share: slots, statistics, lists, files.
 */
#include "base/clock.h"
#include "bus_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RING (64u << 10)

static sj_rc try_attach(const char *dir, const char *ring, const char *name,
                        enum sj_bus_policy policy, struct sj_bus_reader **ret)
{
    struct sj_bus_reader_options options = {
        .dir = dir, .name = ring, .reader_name = name, .policy = policy};
    return sj_bus_attach(&options, ret);
}

static void sixty_four_readers_each_get_everything_and_a_65th_is_refused(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *readers[SJ_BUS_READERS_MAX], *extra;
    for (int i = 0; i < SJ_BUS_READERS_MAX; i++)
        readers[i] = test_attach(*state, i % 2 ? SJ_BUS_LOSSY : SJ_BUS_GATE, NULL, 0);
    assert_int_equal(try_attach(*state, TEST_RING, "one more", SJ_BUS_LOSSY, &extra), -SJ_E_LIMIT);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (uint64_t n = 1; n <= 3000; n++) {
        test_publish(bus, 64, 0, n);
        for (int i = 0; i < SJ_BUS_READERS_MAX; i++) {
            assert_int_equal(sj_bus_poll(readers[i], got), 64);
            assert_int_equal(test_frame_check(got), n);
        }
    }
    sj_bus_detach(readers[63]);
    assert_int_equal(try_attach(*state, TEST_RING, "in its place", SJ_BUS_LOSSY, &readers[63]), 0);
    for (int i = 0; i < SJ_BUS_READERS_MAX; i++)
        sj_bus_detach(readers[i]);
    sj_bus_close(bus);
}

static void statistics_show_lag_loss_and_high_water_from_outside(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 4);
    struct sj_bus_reader *lossy = test_attach(*state, SJ_BUS_LOSSY, "watcher", 0);
    struct sj_bus_reader *gate = test_attach(*state, SJ_BUS_GATE, "journal", 0);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    for (uint64_t n = 1; n <= 100; n++)
        test_publish(bus, 64, n % 4, n);
    for (int i = 0; i < 60; i++)
        assert_int_equal(sj_bus_poll(gate, got), 64);
    struct sj_bus_stat stat;
    assert_int_equal(sj_bus_stat(*state, TEST_RING, &stat), 0);
    assert_string_equal(stat.name, TEST_RING);
    assert_int_equal(stat.src, 3);
    assert_int_equal(stat.producer_pid, getpid());
    assert_true(stat.producer_alive && !stat.closed);
    assert_int_equal(stat.last_seq, 100);
    assert_int_equal(stat.reader_count, 2);
    assert_string_equal(stat.readers[0].name, "watcher");
    assert_string_equal(stat.readers[1].name, "journal");
    assert_int_equal(stat.readers[0].policy, SJ_BUS_LOSSY);
    assert_int_equal(stat.readers[0].lag_count, 100);
    assert_int_equal(stat.readers[0].lag_high_count, 100);
    assert_int_equal(stat.readers[1].lag_count, 40);
    assert_int_equal(stat.readers[1].pid, getpid());
    assert_true(stat.readers[1].alive && !stat.readers[1].evicted);
    struct sj_bus_topic_stat topic;
    assert_int_equal(sj_bus_topic_stat(*state, TEST_RING, 1, 2, &topic), 0);
    assert_int_equal(topic.published_count, 25);
    assert_int_equal(topic.lag_count, 10);
    assert_int_equal(sj_bus_topic_stat(*state, TEST_RING, 1, 4, &topic), -SJ_E_RANGE);
    assert_int_equal(sj_bus_topic_stat(*state, TEST_RING, 7, 1, &topic), -SJ_E_UNKNOWN);
    assert_int_equal(sj_bus_stat(*state, "nothing", &stat), -ENOENT);
    sj_bus_detach(lossy);
    sj_bus_detach(gate);
    sj_bus_close(bus);
    assert_int_equal(sj_bus_stat(*state, TEST_RING, &stat), 0);
    assert_true(stat.closed && !stat.producer_alive);
    assert_int_equal(stat.reader_count, 0);
}

static int note_name(const char *name, void *context)
{
    strcat(context, name);
    strcat(context, " ");
    return 0;
}

static void rings_are_listed_and_removed_when_out_of_use(void **state)
{
    char names[200] = "";
    struct sj_bus *bus = test_create(*state, RING, 1);
    assert_int_equal(sj_bus_list(*state, note_name, names), 0);
    assert_string_equal(names, TEST_RING " ");
    assert_int_equal(sj_bus_remove(*state, TEST_RING), -SJ_E_BUSY);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    sj_bus_close(bus);
    assert_int_equal(sj_bus_remove(*state, TEST_RING), -SJ_E_BUSY);
    sj_bus_detach(reader);
    assert_int_equal(sj_bus_remove(*state, TEST_RING), 0);
    assert_int_equal(sj_bus_remove(*state, TEST_RING), -ENOENT);
    names[0] = 0;
    assert_int_equal(sj_bus_list(*state, note_name, names), 0);
    assert_string_equal(names, "");
}

static void a_ring_has_one_producer(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1), *second;
    struct sj_bus_options options = {
        .dir = *state, .name = TEST_RING, .src = 3, .size = RING, .topic_count = 1};
    assert_int_equal(sj_bus_create(&options, &second), -SJ_E_BUSY);
    sj_bus_close(bus);
    assert_int_equal(sj_bus_create(&options, &second), 0);
    sj_bus_close(second);
}

static void a_ring_of_another_shape_is_replaced_only_when_out_of_use(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_LOSSY, "r", 0);
    for (uint64_t n = 1; n <= 10; n++)
        test_publish(bus, 64, 0, n);
    sj_bus_close(bus);
    struct sj_bus_options options = {
        .dir = *state, .name = TEST_RING, .src = 3, .size = 2 * RING, .topic_count = 5};
    assert_int_equal(sj_bus_create(&options, &bus), -SJ_E_LAYOUT);
    sj_bus_detach(reader);
    assert_int_equal(sj_bus_create(&options, &bus), 0);
    assert_int_equal(sj_bus_last_seq(bus), 10); /* sequences are never used again */
    test_publish(bus, 64, 4, 1);
    assert_int_equal(sj_bus_last_seq(bus), 11);
    sj_bus_close(bus);
}

static void options_out_of_range_are_refused(void **state)
{
    struct sj_bus *bus;
    struct sj_bus_reader *reader;
    const uint64_t sizes[] = {1, 4096, RING + 1, 3 * RING, UINT64_MAX, 1ULL << 50};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct sj_bus_options options = {.dir = *state, .name = "x", .size = sizes[i]};
        assert_int_equal(sj_bus_create(&options, &bus), -SJ_E_RANGE);
    }
    const char *names[] = {
        "", "a/b", "../x", ".hidden", "a name that is longer than 31 characters", NULL};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct sj_bus_options options = {.dir = *state, .name = names[i], .size = RING};
        assert_int_equal(sj_bus_create(&options, &bus), -EINVAL);
        assert_int_equal(try_attach(*state, names[i], "r", SJ_BUS_GATE, &reader), -EINVAL);
    }
    assert_int_equal(try_attach(*state, "none", "r", SJ_BUS_GATE, &reader), -ENOENT);
    bus = test_create(*state, RING, 1);
    assert_int_equal(try_attach(*state, TEST_RING, "r", SJ_BUS_EVICT, &reader), -EINVAL);
    assert_int_equal(try_attach(*state, TEST_RING, "r", (enum sj_bus_policy)9, &reader), -EINVAL);
    assert_int_equal(try_attach(*state, TEST_RING, "same", SJ_BUS_GATE, &reader), 0);
    struct sj_bus_reader *twin;
    assert_int_equal(try_attach(*state, TEST_RING, "same", SJ_BUS_GATE, &twin), -SJ_E_BUSY);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

static void a_first_sequence_is_honoured_by_a_new_ring(void **state)
{
    struct sj_bus *bus;
    struct sj_bus_options options = {
        .dir = *state, .name = TEST_RING, .size = RING, .first_seq = 5001};
    assert_int_equal(sj_bus_create(&options, &bus), 0);
    assert_int_equal(sj_bus_last_seq(bus), 5000);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 1);
    test_publish(bus, 64, 0, 1);
    uint8_t got[SJ_EVENT_SIZE_MAX];
    assert_int_equal(sj_bus_poll(reader, got), 64);
    assert_int_equal(((struct sj_frame *)got)->seq, 5001);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

const struct CMUnitTest test_share_cases[] = {
    BUS_CASE(sixty_four_readers_each_get_everything_and_a_65th_is_refused),
    BUS_CASE(statistics_show_lag_loss_and_high_water_from_outside),
    BUS_CASE(rings_are_listed_and_removed_when_out_of_use),
    BUS_CASE(a_ring_has_one_producer),
    BUS_CASE(a_ring_of_another_shape_is_replaced_only_when_out_of_use),
    BUS_CASE(options_out_of_range_are_refused),
    BUS_CASE(a_first_sequence_is_honoured_by_a_new_ring),
};
const size_t test_share_count = sizeof test_share_cases / sizeof test_share_cases[0];
