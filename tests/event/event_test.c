#include "groups.h"

int main(void)
{
    return instruments_tests() + fields_tests() + text_tests() + schema_tests();
}
