#include "bus_test.h"

int main(void)
{
    int failed = 0;
#define RUN(group)                                                                                 \
    _cmocka_run_group_tests("bus " #group, test_##group##_cases, test_##group##_count, NULL, NULL)
    failed += RUN(publish);
    failed += RUN(read);
    failed += RUN(lossy);
    failed += RUN(share);
    failed += RUN(corrupt);
    failed += RUN(thread);
    failed += RUN(kill);
    return failed != 0;
}
