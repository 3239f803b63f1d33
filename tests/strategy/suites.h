#ifndef SJ_TESTS_STRATEGY_SUITES_H
#define SJ_TESTS_STRATEGY_SUITES_H

#define SUITES(X)                                                                                  \
    X(api)                                                                                         \
    X(config)                                                                                      \
    X(host)                                                                                        \
    X(touch_quoter)                                                                                \
    X(walk)

#define X(suite) int suite##_tests(void);
SUITES(X)
#undef X

#endif
