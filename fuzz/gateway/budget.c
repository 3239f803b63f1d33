/* budget.c: any bytes as the file of the login budget: refused, or a state that decides sanely. */
#include "gateway/budget.h"

#include "base/clock.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sj_budget_limits limits = {.per_day = 20, .interval_ns = SJ_NS_PER_S};
    struct sj_budget_state state;
    int64_t retry_ns = 0;
    if (sj_budget_parse((const char *)data, size, &state) < 0)
        return 0;
    sj_rc rc = sj_budget_decide(&state, &limits, 1795410000 * SJ_NS_PER_S, &retry_ns);
    if (rc >= 0 && (state.count == 0 || state.count > limits.per_day))
        abort();
    if (rc < 0 && retry_ns == 0)
        abort();
    return 0;
}
