#include "bus_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int test_dir_make(void **state)
{
    char path[] = "/dev/shm/shijim-test-XXXXXX";
    if (!mkdtemp(path))
        return -1;
    *state = strdup(path);
    return *state ? 0 : -1;
}

int test_dir_remove(void **state)
{
    DIR *folder = opendir(*state);
    if (!folder)
        return -1;
    for (struct dirent *entry; (entry = readdir(folder));)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(*state);
    free(*state);
    return 0;
}

static uint64_t word_of(uint32_t topic, uint64_t n, uint32_t i)
{
    uint64_t x = n * 0x9e3779b97f4a7c15ULL ^ topic * 0xbf58476d1ce4e5b9ULL ^ i;
    x ^= x >> 29;
    return x * 0x94d049bb133111ebULL;
}

void test_frame(void *frame, uint32_t size, uint32_t topic, uint64_t n)
{
    struct sj_frame *head = frame;
    uint64_t *words = frame;
    sj_frame_head(frame, SJ_EVENT_TIMER, size);
    head->instrument = topic;
    head->flags = 0;
    words[3] = n;
    for (uint32_t i = 4; i < size / 8; i++)
        words[i] = word_of(topic, n, i);
}

uint64_t test_frame_check(const void *frame)
{
    const struct sj_frame *head = frame;
    const uint64_t *words = frame;
    for (uint32_t i = 4; i < sj_frame_size(frame) / 8; i++)
        if (words[i] != word_of(head->instrument, words[3], i))
            return 0;
    return words[3];
}

struct sj_bus *test_create(const char *dir, uint64_t size, uint32_t topic_count)
{
    struct sj_bus *bus;
    struct sj_bus_options options = {
        .dir = dir, .name = TEST_RING, .src = 3, .size = size, .topic_count = topic_count};
    assert_int_equal(sj_bus_create(&options, &bus), 0);
    return bus;
}

struct sj_bus_reader *test_attach(const char *dir, enum sj_bus_policy policy, const char *name,
                                  uint64_t from_seq)
{
    struct sj_bus_reader *reader;
    struct sj_bus_reader_options options = {.dir = dir,
                                            .name = TEST_RING,
                                            .reader_name = name,
                                            .policy = policy,
                                            .from_seq = from_seq,
                                            .evict_deadline_ns = 1000000};
    assert_int_equal(sj_bus_attach(&options, &reader), 0);
    return reader;
}

void test_publish(struct sj_bus *bus, uint32_t size, uint32_t topic, uint64_t n)
{
    uint8_t frame[SJ_EVENT_SIZE_MAX];
    test_frame(frame, size, topic, n);
    assert_int_equal(sj_bus_publish(bus, frame), 0);
}
