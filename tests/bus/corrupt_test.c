/*
 * Ring files that are none, not ours, not of this boot, or damaged.
 */
#include "bus/layout.h"
#include "bus_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RING (64u << 10)

static int open_file(const char *dir)
{
    char path[128];
    snprintf(path, sizeof path, "%s/" TEST_RING, dir);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    return fd;
}

static void change(const char *dir, uint64_t at, const void *bytes, size_t size)
{
    int fd = open_file(dir);
    assert_int_equal(pwrite(fd, bytes, size, (off_t)at), size);
    close(fd);
}

/* A closed ring with some frames, nobody attached. */
static void make(const char *dir)
{
    struct sj_bus *bus = test_create(dir, RING, 4);
    for (uint64_t n = 1; n <= 3000; n++)
        test_publish(bus, 32 * (1 + (uint32_t)(n % 16)), n % 4, n);
    sj_bus_close(bus);
}

static sj_rc try_attach(const char *dir)
{
    struct sj_bus_reader *reader;
    struct sj_bus_reader_options options = {
        .dir = dir, .name = TEST_RING, .policy = SJ_BUS_LOSSY, .from_seq = 1};
    sj_rc rc = sj_bus_attach(&options, &reader);
    if (rc == 0)
        sj_bus_detach(reader);
    return rc;
}

/* Attaching and looking say `rc`; whoever creates replaces the file. */
static void expect(const char *dir, sj_rc rc)
{
    struct sj_bus_stat stat;
    assert_int_equal(try_attach(dir), rc);
    assert_int_equal(sj_bus_stat(dir, TEST_RING, &stat), rc);
    sj_bus_close(test_create(dir, RING, 4));
    assert_int_equal(try_attach(dir), 0);
}

static void a_file_without_the_magic_is_no_ring(void **state)
{
    make(*state);
    change(*state, offsetof(struct ring_head, magic), "x", 1);
    expect(*state, -SJ_E_CORRUPT);
}

static void a_ring_whose_making_was_cut_short_is_not_there(void **state)
{
    make(*state);
    change(*state, offsetof(struct ring_head, magic), &(uint64_t){0}, 8);
    expect(*state, -ENOENT);
}

static void a_ring_of_another_layout_or_version_is_refused(void **state)
{
    make(*state);
    change(*state, offsetof(struct ring_head, layout_hash), "x", 1);
    expect(*state, -SJ_E_LAYOUT);
    change(*state, offsetof(struct ring_head, abi), "x", 1);
    expect(*state, -SJ_E_LAYOUT);
}

static void a_ring_of_an_earlier_boot_is_not_there(void **state)
{
    make(*state);
    change(*state, offsetof(struct ring_head, boot_id), "earlier boot", 12);
    expect(*state, -ENOENT);
}

static void a_ring_that_lies_about_its_size_is_refused(void **state)
{
    make(*state);
    int fd = open_file(*state);
    struct ring_head head;
    assert_int_equal(pread(fd, &head, sizeof head, 0), sizeof head);
    close(fd);
    change(*state, offsetof(struct ring_head, size), &(uint64_t){RING * 2}, 8);
    expect(*state, -SJ_E_CORRUPT);
    change(*state, offsetof(struct ring_head, topic_count), &(uint32_t){0}, 4);
    expect(*state, -SJ_E_CORRUPT);
    fd = open_file(*state);
    assert_int_equal(ftruncate(fd, 5000), 0);
    expect(*state, -SJ_E_CORRUPT);
    assert_int_equal(ftruncate(fd, 10), 0);
    close(fd);
}

static void a_frame_that_is_none_is_reported_and_not_followed(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 4);
    struct sj_bus_reader *reader = test_attach(*state, SJ_BUS_GATE, "r", 0);
    struct geometry g;
    uint8_t got[SJ_EVENT_SIZE_MAX];
    assert_int_equal(ring_geometry(RING, 4, &g), 0);
    for (uint64_t n = 1; n <= 4; n++)
        test_publish(bus, 64, 0, n);
    change(*state, g.data_offset + 64 + 8, "\xff\xff", 2);       /* length of the second */
    change(*state, g.data_offset + 128 + 16, "\xff\xff\xff", 3); /* topic of the third */
    assert_int_equal(sj_bus_poll(reader, got), 64);
    assert_int_equal(sj_bus_poll(reader, got), -SJ_E_CORRUPT);
    change(*state, g.data_offset + 64 + 8, "\x30\x00", 2);
    assert_int_equal(sj_bus_poll(reader, got), 64);
    assert_int_equal(sj_bus_poll(reader, got), -SJ_E_CORRUPT);
    change(*state, g.data_offset + 128 + 16, "\0\0\0", 3);
    assert_int_equal(sj_bus_poll(reader, got), 64);
    change(*state, g.data_offset + 192, "\x77", 1); /* stamp of the fourth */
    assert_int_equal(sj_bus_poll(reader, got), -SJ_E_CORRUPT);
    sj_bus_detach(reader);
    sj_bus_close(bus);
}

const struct CMUnitTest test_corrupt_cases[] = {
    BUS_CASE(a_file_without_the_magic_is_no_ring),
    BUS_CASE(a_ring_whose_making_was_cut_short_is_not_there),
    BUS_CASE(a_ring_of_another_layout_or_version_is_refused),
    BUS_CASE(a_ring_of_an_earlier_boot_is_not_there),
    BUS_CASE(a_ring_that_lies_about_its_size_is_refused),
    BUS_CASE(a_frame_that_is_none_is_reported_and_not_followed),
};
const size_t test_corrupt_count = sizeof test_corrupt_cases / sizeof test_corrupt_cases[0];
