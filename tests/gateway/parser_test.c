#include "parser_groups.h"

int main(void)
{
    return sse_tests() + parse_tests() + parse_random_tests();
}
