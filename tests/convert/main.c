#include "convert_tests.h"

int main(void)
{
    return taifex_tests() + npz_tests() + line_tests() + rows_tests() + formats_tests() +
                   outputs_tests()
               ? 1
               : 0;
}
