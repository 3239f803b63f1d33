#ifndef SJ_TESTS_STRATEGY_SUITES_H
#define SJ_TESTS_STRATEGY_SUITES_H

/* It takes the list for casts. */
/* clang-format off */
#define SUITES(X)                                                                                  \
    X(api) X(config) X(example) X(host) X(market_maker) X(micro_alpha) X(names) X(save) X(smart_chasing)               \
    X(touch_quoter) X(walk)
/* clang-format on */

#define X(suite) int suite##_tests(void);
SUITES(X)
#undef X

#endif
