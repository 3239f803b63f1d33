/*
 * test.h: what every test file of a room includes: cmocka in the order it needs, a seeded
 * generator.
 */
#ifndef SJ_TESTS_TEST_H
#define SJ_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* SHIJIM_TEST_SEED repeats a run; the seed used is printed either way. */
static inline uint64_t sj_test_seed(void)
{
    const char *text = getenv("SHIJIM_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : UINT64_C(0x5368696a696d);
    printf("# seed %#llx\n", (unsigned long long)seed);
    return seed;
}

/* splitmix64: good enough to vary inputs, and needs nothing that is under test. */
static inline uint64_t sj_test_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

#endif
