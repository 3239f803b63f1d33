/* suites.h: the test files of store/embedded, each a group that returns how many tests failed. */
#ifndef SJ_TESTS_STORE_EMBEDDED_SUITES_H
#define SJ_TESTS_STORE_EMBEDDED_SUITES_H

#define SUITES(X)                                                                                  \
    X(auth)                                                                                        \
    X(buffer) X(codec) X(error) X(format) X(listen) X(request) X(session) X(setup) X(sql) X(watch)

#define X(suite) int suite##_tests(void);
SUITES(X)
#undef X

#endif
