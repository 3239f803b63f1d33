#include "strategy/names.h"

#include <string.h>

uint32_t sj_strategy_names_find(const struct sj_strategy_names *names, const char *name)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (strcmp(names->name[i], name) == 0)
            return i + 1;
    return 0;
}

sj_rc sj_strategy_names_bind(struct sj_strategy_names *names, const char *name)
{
    uint32_t number = sj_strategy_names_find(names, name);
    size_t size = strnlen(name, SJ_STRATEGY_NAME_MAX);
    if (number)
        return (sj_rc)number;
    if (size == 0 || size == SJ_STRATEGY_NAME_MAX || names->count >= SJ_STRATEGIES_MAX)
        return -SJ_E_LIMIT;
    memcpy(names->name[names->count], name, size + 1);
    return (sj_rc)++names->count;
}
