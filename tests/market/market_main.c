#include "market_suites.h"

int main(void)
{
    int failed = 0;
#define X(suite) failed += suite##_tests();
    MARKET_SUITES(X)
#undef X
    return failed ? 1 : 0;
}
