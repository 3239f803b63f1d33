#include "brokersim/universe.h"

#include "base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const SECURITY_NAMES[] = {"", "STK", "FUT", "OPT", "IND", "WRT"};
static const char *const EXCHANGE_NAMES[] = {"", "TSE", "OTC", "OES", "TAIFEX"};

const char *sj_sim_security_name(enum sj_security security)
{
    return SECURITY_NAMES[security];
}

const char *sj_sim_exchange_name(enum sj_exchange exchange)
{
    return EXCHANGE_NAMES[exchange];
}

enum sj_security sj_sim_security(const char *name)
{
    for (int i = SJ_SECURITY_STK; i <= SJ_SECURITY_WRT; i++)
        if (strcmp(name, SECURITY_NAMES[i]) == 0)
            return (enum sj_security)i;
    return SJ_SECURITY_UNKNOWN;
}

bool sj_sim_is_fop(enum sj_security security)
{
    return security == SJ_SECURITY_FUT || security == SJ_SECURITY_OPT;
}

static uint32_t hash_code(const char *code)
{
    uint32_t hash = 2166136261u;
    for (; *code; code++)
        hash = (hash ^ (uint8_t)*code) * 16777619u;
    return hash ^ hash >> 15;
}

sj_rc sj_sim_universe_init(struct sj_sim_universe *universe, uint32_t capacity, uint32_t date)
{
    if (capacity == 0 || capacity > SJ_SIM_INSTRUMENTS_MAX)
        return -SJ_E_RANGE;
    uint32_t table_size = 64;
    while (table_size < capacity * 2)
        table_size *= 2;
    *universe = (struct sj_sim_universe){
        .list = calloc(capacity, sizeof(struct sj_sim_instrument)),
        .table = calloc(table_size, sizeof(uint32_t)),
        .table_mask = table_size - 1,
        .capacity = capacity,
        .date = date,
    };
    if (!universe->list || !universe->table) {
        sj_sim_universe_done(universe);
        return -ENOMEM;
    }
    return 0;
}

void sj_sim_universe_done(struct sj_sim_universe *universe)
{
    free(universe->list);
    free(universe->table);
    *universe = (struct sj_sim_universe){0};
}

uint32_t sj_sim_universe_find(const struct sj_sim_universe *universe, const char *code)
{
    for (uint32_t at = hash_code(code);; at++) {
        uint32_t entry = universe->table[at & universe->table_mask];
        if (entry == 0)
            return SJ_SIM_NONE;
        if (strcmp(universe->list[entry - 1].code, code) == 0)
            return entry - 1;
    }
}

sj_rc sj_sim_universe_add(struct sj_sim_universe *universe,
                          const struct sj_sim_instrument *instrument)
{
    if (universe->total == universe->capacity)
        return -SJ_E_LIMIT;
    if (sj_sim_universe_find(universe, instrument->code) != SJ_SIM_NONE)
        return -SJ_E_BUSY;
    struct sj_sim_instrument *slot = &universe->list[universe->total];
    *slot = *instrument;
    bool limited = slot->limit_down_e6 != SJ_NULL_E6 && slot->limit_up_e6 != SJ_NULL_E6;
    if (slot->security != SJ_SECURITY_IND && limited && slot->bands.count > 0) {
        sj_rc rc = sj_price_ladder_init(&slot->ladder, &slot->bands, slot->limit_down_e6,
                                        slot->limit_up_e6);
        if (rc < 0)
            return rc;
    }
    uint32_t at = hash_code(slot->code);
    while (universe->table[at & universe->table_mask] != 0)
        at++;
    universe->table[at & universe->table_mask] = ++universe->total;
    if (slot->target == SJ_SIM_NONE) {
        SJ_ASSERT(universe->count + 1 == universe->total); /* continuous contracts come last */
        universe->count++;
    }
    return 0;
}
