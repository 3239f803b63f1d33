#include "market/ladder.h"

int64_t sj_tick_at(const struct sj_tick_bands *bands, int64_t price_e6)
{
    uint32_t i = 0;
    while (i + 1 < bands->count && price_e6 >= bands->band[i].below_e6)
        i++;
    return bands->band[i].tick_e6;
}

static int64_t round_up(int64_t value, int64_t step)
{
    int64_t rest = value % step;
    return rest == 0 ? value : value + step - rest;
}

void sj_price_limits(const struct sj_tick_bands *bands, int64_t reference_e6, int64_t ratio_e6,
                     int64_t *ret_down_e6, int64_t *ret_up_e6)
{
    int64_t move = reference_e6 / 1000000 * ratio_e6 + reference_e6 % 1000000 * ratio_e6 / 1000000;
    int64_t up = reference_e6 + move;
    int64_t down = reference_e6 - move;
    *ret_up_e6 = up - up % sj_tick_at(bands, up);
    *ret_down_e6 = round_up(down, sj_tick_at(bands, down));
}

sj_rc sj_price_ladder_init(struct sj_price_ladder *ladder, const struct sj_tick_bands *bands,
                           int64_t low_e6, int64_t high_e6)
{
    *ladder = (struct sj_price_ladder){0};
    int64_t from = low_e6 < 0 ? 0 : low_e6;
    for (uint32_t i = 0; i < bands->count && from <= high_e6; i++) {
        int64_t tick = bands->band[i].tick_e6;
        int64_t below = bands->band[i].below_e6;
        if (from >= below)
            continue;
        from = round_up(from, tick);
        int64_t last = below - 1 < high_e6 ? below - 1 : high_e6;
        if (from > last)
            continue;
        int64_t count = (last - from) / tick + 1;
        if (count + ladder->rung_count > SJ_LADDER_RUNGS_MAX)
            return -SJ_E_RANGE;
        uint32_t s = ladder->segment_count++;
        ladder->segment[s].first_rung = (int32_t)ladder->rung_count;
        ladder->segment[s].low_e6 = from;
        ladder->segment[s].tick_e6 = tick;
        ladder->rung_count += (uint32_t)count;
        from += count * tick;
    }
    return ladder->rung_count == 0 ? -SJ_E_RANGE : 0;
}

int64_t sj_price_ladder_price(const struct sj_price_ladder *ladder, int32_t rung)
{
    uint32_t s = ladder->segment_count - 1;
    while (s > 0 && rung < ladder->segment[s].first_rung)
        s--;
    return ladder->segment[s].low_e6 +
           (rung - ladder->segment[s].first_rung) * ladder->segment[s].tick_e6;
}

int32_t sj_price_ladder_rung_below(const struct sj_price_ladder *ladder, int64_t price_e6)
{
    uint32_t s = ladder->segment_count - 1;
    while (s > 0 && price_e6 < ladder->segment[s].low_e6)
        s--;
    if (price_e6 < ladder->segment[s].low_e6)
        return 0;
    int64_t rung = ladder->segment[s].first_rung +
                   (price_e6 - ladder->segment[s].low_e6) / ladder->segment[s].tick_e6;
    int64_t last = s + 1 < ladder->segment_count ? ladder->segment[s + 1].first_rung - 1
                                                 : (int64_t)ladder->rung_count - 1;
    return (int32_t)(rung > last ? last : rung);
}

int32_t sj_price_ladder_rung(const struct sj_price_ladder *ladder, int64_t price_e6)
{
    int32_t rung = sj_price_ladder_rung_below(ladder, price_e6);
    return sj_price_ladder_price(ladder, rung) == price_e6 ? rung : -1;
}
