#include "bus_test.h"

int main(void)
{
    int failed = 0;
    failed +=
        _cmocka_run_group_tests("bus publish", test_publish_cases, test_publish_count, NULL, NULL);
    return failed != 0;
}
