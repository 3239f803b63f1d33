/* gateway_suites.h: the test files of the sessions, each a group that returns how many failed. */
#ifndef SJ_TESTS_GATEWAY_SUITES_H
#define SJ_TESTS_GATEWAY_SUITES_H

#include "support/test.h"

#define GATEWAY_SUITES(X)                                                                          \
    X(dates) X(response) X(tape) X(judge) X(ladder) X(budget) X(plan) X(contract) X(gateway_live)

#define X(suite) int suite##_tests(void);
GATEWAY_SUITES(X)
#undef X

#endif
