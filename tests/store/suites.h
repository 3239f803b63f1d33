/* suites.h: the test files of store, each a group that returns how many of its tests failed. */
#ifndef SJ_TESTS_STORE_SUITES_H
#define SJ_TESTS_STORE_SUITES_H

#define SUITES(X) X(schema) X(native) X(pack) X(answer) X(address) X(batch) X(ledger) X(adopt)

#define X(suite) int suite##_tests(void);
SUITES(X)
#undef X

#endif
