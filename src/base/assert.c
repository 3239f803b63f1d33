#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void sj_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "shijim: bug: %s does not hold at %s:%d\n", condition, file, line);
    abort();
}
