#include "support/test.h"

#define SUITES(X) X(journal) X(keep) X(fault) X(power) X(crash)

#define X(suite) int suite##_tests(void);
SUITES(X)
#undef X

int main(void)
{
    int failed = 0;
#define X(suite) failed += suite##_tests();
    SUITES(X)
#undef X
    return failed ? 1 : 0;
}
