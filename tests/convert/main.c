#include "convert_tests.h"

int main(void)
{
    return taifex_tests() + npz_tests() ? 1 : 0;
}
