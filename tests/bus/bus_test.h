/*
 * bus_test.h: what the bus's tests share: rings in a directory of their own, frames whose content
 * follows from (topic, its count), and the check of it.
 */
#ifndef TESTS_BUS_H
#define TESTS_BUS_H

#include "bus/bus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TEST_RING "ring"

/* cmocka set-up and tear-down: a new empty directory in *state, removed afterwards. */
int test_dir_make(void **state);
int test_dir_remove(void **state);

/* A frame of `size` bytes: `n` is the count of its topic, the rest follows from both. */
void test_frame(void *frame, uint32_t size, uint32_t topic, uint64_t n);

/* Whether it is whole: its content follows from topic and count. Returns that count, 0 if not. */
uint64_t test_frame_check(const void *frame);

struct sj_bus *test_create(const char *dir, uint64_t size, uint32_t topic_count);
struct sj_bus_reader *test_attach(const char *dir, enum sj_bus_policy policy, const char *name,
                                  uint64_t from_seq);

/* Publishes one and asserts that it went. */
void test_publish(struct sj_bus *bus, uint32_t size, uint32_t topic, uint64_t n);

extern const struct CMUnitTest test_publish_cases[], test_read_cases[], test_lossy_cases[],
    test_share_cases[], test_kill_cases[], test_thread_cases[], test_corrupt_cases[];
extern const size_t test_publish_count, test_read_count, test_lossy_count, test_share_count,
    test_kill_count, test_thread_count, test_corrupt_count;

#define BUS_CASE(name) cmocka_unit_test_setup_teardown(name, test_dir_make, test_dir_remove)

#endif
