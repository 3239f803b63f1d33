/* order_suites.h: the test files of the room, each a group that returns how many failed. */
#ifndef TESTS_ORDER_ORDER_SUITES_H
#define TESTS_ORDER_ORDER_SUITES_H

#include "support/test.h"

#define ORDER_SUITES(X) X(account_name) X(map) X(machine) X(order) X(reconcile) X(property)

#define X(suite) int suite##_tests(void);
ORDER_SUITES(X)
#undef X

#endif
