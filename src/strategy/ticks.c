/* Steps over the valid prices of an instrument. */
#include <stdio.h>
#include <string.h>

#include "market/ladder.h"
#include "market/rules.h"
#include "strategy/host_private.h"

#define DATE_NEWEST 99991231

static const char *default_rule(const struct sj_instrument *instrument)
{
    switch (instrument->security) {
    case SJ_SECURITY_STK:
        return "STK";
    case SJ_SECURITY_WRT:
        return "WRT";
    case SJ_SECURITY_IND:
        return "IND";
    default:
        return NULL;
    }
}

/* One tick for all prices, the broker's rule by name, or what the kind of security has. */
static bool find_bands(const struct sj_strategies *s, const struct sj_instrument *instrument,
                       struct sj_tick_bands *ret_bands)
{
    char name[sizeof instrument->tick_rule + 1];
    uint32_t date = s->date ? s->date : DATE_NEWEST;
    if (instrument->tick_e6 != SJ_NULL_E6 && instrument->tick_e6 > 0) {
        *ret_bands = (struct sj_tick_bands){.count = 1};
        ret_bands->band[0].below_e6 = INT64_MAX;
        ret_bands->band[0].tick_e6 = instrument->tick_e6;
        return true;
    }
    snprintf(name, sizeof name, "%.*s", (int)sizeof instrument->tick_rule, instrument->tick_rule);
    if (name[0] && sj_market_tick_bands(s->rules, name, date, ret_bands) >= 0)
        return true;
    const char *fallback = default_rule(instrument);
    return fallback && sj_market_tick_bands(s->rules, fallback, date, ret_bands) >= 0;
}

static int64_t floor_to(int64_t price_e6, int64_t tick_e6)
{
    int64_t rest = price_e6 % tick_e6;
    return price_e6 - (rest < 0 ? rest + tick_e6 : rest);
}

/* Up: as many steps at once as the band has room for. */
static int64_t step_up(const struct sj_tick_bands *bands, int64_t price_e6, int64_t steps)
{
    uint32_t i = 0;
    while (i + 1 < bands->count && price_e6 >= bands->band[i].below_e6)
        i++;
    price_e6 = floor_to(price_e6, bands->band[i].tick_e6);
    for (; i < bands->count; i++) {
        int64_t tick_e6 = bands->band[i].tick_e6, below_e6 = bands->band[i].below_e6;
        bool last = i + 1 == bands->count;
        int64_t room = last ? steps : (below_e6 - price_e6 + tick_e6 - 1) / tick_e6;
        int64_t taken = steps < room ? steps : room;
        price_e6 += taken * tick_e6;
        steps -= taken;
        if (steps == 0)
            break;
    }
    return price_e6;
}

static int64_t step_down(const struct sj_tick_bands *bands, int64_t price_e6, int64_t steps)
{
    uint32_t i = 0;
    while (i + 1 < bands->count && price_e6 > bands->band[i].below_e6)
        i++;
    int64_t whole_e6 = floor_to(price_e6, bands->band[i].tick_e6);
    price_e6 = whole_e6 < price_e6 ? whole_e6 + bands->band[i].tick_e6 : whole_e6;
    for (;; i--) {
        int64_t tick_e6 = bands->band[i].tick_e6;
        int64_t room = i == 0 ? steps : (price_e6 - bands->band[i - 1].below_e6) / tick_e6;
        int64_t taken = steps < room ? steps : room;
        price_e6 -= taken * tick_e6;
        steps -= taken;
        if (steps == 0 || i == 0)
            return price_e6;
    }
}

int64_t sj_host_tick_step(struct sj_strategies *s, uint32_t instrument, int64_t price_e6,
                          int32_t steps)
{
    const struct sj_instrument *definition = sj_instruments_get(s->instruments, instrument);
    if (!definition || instrument > s->instrument_max || price_e6 == SJ_NULL_E6 ||
        price_e6 > INT64_MAX / 4 || price_e6 < -(INT64_MAX / 4))
        return SJ_NULL_E6;
    struct sj_tick_bands *bands = &s->bands[instrument];
    if (bands->count == 0 && !find_bands(s, definition, bands)) {
        bands->count = 0;
        return SJ_NULL_E6;
    }
    int64_t stepped_e6 =
        steps >= 0 ? step_up(bands, price_e6, steps) : step_down(bands, price_e6, -(int64_t)steps);
    bool limited = definition->limit_up_e6 != SJ_NULL_E6 && definition->limit_up_e6 != 0 &&
                   definition->limit_down_e6 != SJ_NULL_E6;
    if (limited && (stepped_e6 > definition->limit_up_e6 || stepped_e6 < definition->limit_down_e6))
        return SJ_NULL_E6;
    return stepped_e6;
}
