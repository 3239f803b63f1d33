#include "parser_groups.h"

int main(void)
{
    return sse_tests();
}
