#include "suites.h"

int main(void)
{
    return book_suite() + check_suite() + day_suite() + days_suite() + measure_suite() +
                   l3_suite() + latency_suite() + queue_suite() + run_suite() + output_suite() +
                   golden_suite()
               ? 1
               : 0;
}
