/* A strategy that traded before and is not configured any more: it keeps its number and its name,
 * its orders and its positions, and is never called. */
#include <stdio.h>

#include "strategy/host_private.h"

/* What a retired strategy runs: nothing. */
static sj_rc init_nothing(void *state, const struct sj_strategy_init *init,
                          char error[SJ_STRATEGY_ERROR_MAX])
{
    (void)state;
    (void)init;
    (void)error;
    return 0;
}

void sj_host_see_nothing(void *state, const struct sj_frame *event)
{
    (void)state;
    (void)event;
}

void sj_host_hear_nothing(void *state, const struct sj_strategy_report *report)
{
    (void)state;
    (void)report;
}

void sj_host_wait_for_nothing(void *state, int64_t now_ns)
{
    (void)state;
    (void)now_ns;
}

static const struct sj_strategy_plugin retired_plugin = {
    .abi = SJ_STRATEGY_ABI,
    .size = sizeof(struct sj_strategy_plugin),
    .name = SJ_STRATEGY_RETIRED,
    .text = "nothing: only its orders and positions are left",
    .state_size = 8,
    .init = init_nothing,
    .on_event = sj_host_see_nothing,
    .on_order = sj_host_hear_nothing,
    .on_timer = sj_host_wait_for_nothing,
};

sj_rc sj_strategies_add_retired(struct sj_strategies *s, const char *name,
                                char error[SJ_STRATEGIES_ERROR_MAX], uint32_t *ret_strategy)
{
    const struct sj_strategy_instance instance = {.name = name, .plugin = &retired_plugin};
    sj_rc rc = sj_strategies_add(s, &instance, 0, error, ret_strategy);
    if (rc < 0)
        return rc;
    struct sj_strategy_host *host = sj_host_get(s, *ret_strategy);
    host->retired = true;
    host->armed = false;
    host->disarmed_by = SJ_CONTROL_BY_PROCESS;
    s->armed &= ~sj_host_bit(host);
    snprintf(host->reason, sizeof host->reason, "not configured any more");
    return 0;
}
