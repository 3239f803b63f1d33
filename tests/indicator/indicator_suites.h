/* The test files of the room: each has `int <suite>_tests(void)`, run by indicator_main.c. */
#ifndef SJ_TESTS_INDICATOR_SUITES_H
#define SJ_TESTS_INDICATOR_SUITES_H

#define INDICATOR_SUITES(X) X(golden) X(batch) X(values) X(signals) X(state)

#define X(suite) int suite##_tests(void);
INDICATOR_SUITES(X)
#undef X

#endif
