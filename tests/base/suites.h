/* suites.h: the test files of base, each a group that returns how many of its tests failed. */
#ifndef SJ_TESTS_BASE_SUITES_H
#define SJ_TESTS_BASE_SUITES_H

/* It takes the list for casts. */
/* clang-format off */
#define SUITES(X)                                                                                  \
    X(rc) X(cli) X(hist) X(decimal) X(tw_time) X(crc32c) X(config) X(config_map) X(log) X(duty) X(bench) X(counters)    \
    X(http_client) X(json) X(rate) X(rng)
/* clang-format on */

#define X(suite) int suite##_tests(void);
SUITES(X)
#undef X

#endif
