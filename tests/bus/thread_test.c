/*
 * Producer, readers of every policy and an onlooker on threads of their own, for the thread
 * sanitizer above all. Threads note what was wrong; the test's own thread asserts it.
 */
#include "bus_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define RING (64u << 10)
#define TOPICS 16
#define COUNT 60000
#define READERS 5

struct one_reader {
    struct sj_bus_reader *reader;
    enum sj_bus_policy policy;
    uint64_t got, wrong;
    uint64_t last_n[TOPICS];
};

struct onlooker {
    const char *dir;
    _Atomic bool stop;
    uint64_t wrong;
};

static void take(struct one_reader *one, const void *frame)
{
    uint32_t topic = ((const struct sj_frame *)frame)->instrument;
    uint64_t n = test_frame_check(frame);
    one->wrong += topic >= TOPICS || n <= one->last_n[topic % TOPICS];
    one->last_n[topic % TOPICS] = n;
    one->got++;
}

/* By spans when the reader's number is even, else by polls. Returns false at the end. */
static bool read_some(struct one_reader *one, uint8_t *copy)
{
    struct sj_bus_span span;
    sj_rc rc;
    if (one->policy == SJ_BUS_CONFLATE || one->got % 2) {
        rc = sj_bus_poll(one->reader, copy);
        if (rc > 0)
            take(one, copy);
    } else if ((rc = sj_bus_drain(one->reader, 4096, &span)) > 0) {
        size_t size = (size_t)(span.end - span.begin);
        memcpy(copy, span.begin, size);
        rc = sj_bus_release(one->reader);
        for (uint8_t *p = copy; rc == 0 && p < copy + size; p += sj_frame_size(p))
            take(one, p);
    }
    if (rc == 0)
        sj_bus_wait(one->reader, 1000000, false);
    one->wrong += rc < 0 && rc != -SJ_E_LAPPED && rc != -SJ_E_CLOSED;
    return rc >= 0 || rc == -SJ_E_LAPPED;
}

static void *read_to_the_end(void *context)
{
    uint8_t *copy = malloc(RING);
    while (read_some(context, copy))
        ;
    free(copy);
    return NULL;
}

static void *look_on(void *context)
{
    struct onlooker *onlooker = context;
    struct sj_bus_stat *stat = malloc(sizeof *stat);
    while (!atomic_load(&onlooker->stop)) {
        struct sj_bus_topic_stat topic;
        onlooker->wrong += sj_bus_stat(onlooker->dir, TEST_RING, stat) != 0;
        onlooker->wrong += sj_bus_topic_stat(onlooker->dir, TEST_RING, 0, 1, &topic) != 0;
    }
    free(stat);
    return NULL;
}

static uint64_t publish_all(struct sj_bus *bus)
{
    uint64_t n[TOPICS] = {0};
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        uint32_t topic = (uint32_t)(i * 7 % TOPICS);
        uint32_t size = 32 * (1 + (uint32_t)(i % 16));
        void *place;
        while (!(place = sj_bus_claim(bus, size)))
            sj_bus_flush(bus);
        test_frame(place, size, topic, ++n[topic]);
        wrong += sj_bus_stage(bus) != 0;
        if (i % 5 == 0)
            sj_bus_flush(bus);
    }
    sj_bus_close(bus);
    return wrong;
}

static void threads_of_every_policy_read_while_one_publishes(void **state)
{
    static const enum sj_bus_policy policies[READERS] = {SJ_BUS_GATE, SJ_BUS_LOSSY, SJ_BUS_CONFLATE,
                                                         SJ_BUS_GATE, SJ_BUS_LOSSY};
    struct sj_bus *bus = test_create(*state, RING, TOPICS);
    struct one_reader *readers = calloc(READERS, sizeof *readers);
    struct onlooker onlooker = {.dir = *state};
    pthread_t threads[READERS + 1];
    for (int i = 0; i < READERS; i++) {
        readers[i].policy = policies[i];
        readers[i].reader = test_attach(*state, policies[i], NULL, 1);
        pthread_create(&threads[i], NULL, read_to_the_end, &readers[i]);
    }
    pthread_create(&threads[READERS], NULL, look_on, &onlooker);
    uint64_t wrong = publish_all(bus);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&onlooker.stop, true);
    pthread_join(threads[READERS], NULL);
    assert_int_equal(wrong, 0);
    assert_int_equal(onlooker.wrong, 0);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(readers[i].wrong, 0);
        assert_int_equal(readers[i].got + sj_bus_reader_lost(readers[i].reader), COUNT);
        if (policies[i] == SJ_BUS_GATE)
            assert_int_equal(readers[i].got, COUNT);
        sj_bus_detach(readers[i].reader);
    }
    free(readers);
}

struct sleeper {
    struct sj_bus_reader *reader;
    _Atomic uint64_t got;
};

static void *sleep_for_each(void *context)
{
    struct sleeper *sleeper = context;
    uint8_t frame[SJ_EVENT_SIZE_MAX];
    for (;;) {
        sj_bus_wait(sleeper->reader, INT64_MAX, false);
        sj_rc rc = sj_bus_poll(sleeper->reader, frame);
        if (rc < 0)
            return NULL;
        if (rc > 0)
            atomic_fetch_add(&sleeper->got, 1);
    }
}

/* Each event is published only when the one before was read, so the reader parks every time. */
static void a_parked_reader_is_woken_by_every_publish(void **state)
{
    struct sj_bus *bus = test_create(*state, RING, 1);
    struct sleeper sleeper = {.reader = test_attach(*state, SJ_BUS_GATE, "s", 0)};
    pthread_t thread;
    pthread_create(&thread, NULL, sleep_for_each, &sleeper);
    for (uint64_t n = 1; n <= 500; n++) {
        test_publish(bus, 64, 0, n);
        while (atomic_load(&sleeper.got) < n)
            sched_yield();
    }
    sj_bus_close(bus);
    pthread_join(thread, NULL);
    assert_int_equal(sleeper.got, 500);
    sj_bus_detach(sleeper.reader);
}

const struct CMUnitTest test_thread_cases[] = {
    BUS_CASE(threads_of_every_policy_read_while_one_publishes),
    BUS_CASE(a_parked_reader_is_woken_by_every_publish),
};
const size_t test_thread_count = sizeof test_thread_cases / sizeof test_thread_cases[0];
