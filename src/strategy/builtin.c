#include "strategy/builtin.h"

#include <string.h>

#include "strategy/host.h"
#include "strategy/process.h"

static const struct sj_strategy_plugin *const builtins[] = {
    &sj_strategy_market_maker,  &sj_strategy_micro_alpha,  &sj_strategy_in_process,
    &sj_strategy_smart_chasing, &sj_strategy_touch_quoter,
};
#define BUILTIN_COUNT (sizeof builtins / sizeof builtins[0])

const struct sj_strategy_plugin *sj_strategy_builtin(uint32_t index)
{
    return index < BUILTIN_COUNT ? builtins[index] : NULL;
}

const struct sj_strategy_plugin *sj_strategy_builtin_find(const char *name)
{
    for (uint32_t i = 0; i < BUILTIN_COUNT; i++)
        if (strcmp(builtins[i]->name, name) == 0)
            return builtins[i];
    return NULL;
}
