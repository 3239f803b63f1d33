/* The memory of the market: today's trades as they happen, earlier days made up. */
#include "brokersim/history_private.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

sj_rc history_create(struct sj_brokersim *sim)
{
    sim->history = calloc(1, sizeof *sim->history);
    if (!sim->history)
        return -ENOMEM;
    sim->history->days = calloc(2 * (size_t)sim->universe.count, sizeof *sim->history->days);
    return sim->history->days ? 0 : -ENOMEM;
}

void history_close(struct sj_brokersim *sim)
{
    if (!sim->history)
        return;
    for (uint32_t i = 0; sim->history->days && i < 2 * sim->universe.count; i++)
        free(sim->history->days[i]);
    free(sim->history->days);
    free(sim->history);
    sim->history = NULL;
}

static int64_t taipei_ns(int64_t utc_ns)
{
    return utc_ns + SJ_TAIPEI_OFFSET_NS;
}

void history_add(struct history_day *day, const struct past_tick *tick)
{
    day->ticks[day->tick_count++ % HISTORY_TICKS] = *tick;
    int64_t minute = tick->local_ns / MINUTE_NS + 1; /* a bar bears the minute it ends with */
    uint64_t last = (day->bar_count - 1) % HISTORY_BARS;
    struct past_bar *bar = &day->bars[last];
    if (day->bar_count == 0 || bar->minute != minute) {
        bar = &day->bars[day->bar_count++ % HISTORY_BARS];
        *bar = (struct past_bar){.minute = minute,
                                 .open_e6 = tick->price_e6,
                                 .high_e6 = tick->price_e6,
                                 .low_e6 = tick->price_e6};
    }
    if (tick->price_e6 > bar->high_e6)
        bar->high_e6 = tick->price_e6;
    if (tick->price_e6 < bar->low_e6)
        bar->low_e6 = tick->price_e6;
    bar->close_e6 = tick->price_e6;
    bar->volume += tick->volume;
    bar->amount_e6 += tick->amount_e6;
}

void history_note(struct sj_brokersim *sim, uint32_t feed)
{
    struct history_day **slot = &sim->history->days[feed];
    const struct sj_quote *quote = &sim->source->states[feed].quote;
    if (!*slot)
        *slot = calloc(1, sizeof **slot); /* lazily: most feeds of a test never trade */
    if (!*slot || (quote->flags & SJ_FLAG_SIMTRADE) || quote->price_e6 == SJ_NULL_E6)
        return;
    const struct past_tick tick = {.local_ns = taipei_ns(quote->exch_ns),
                                   .price_e6 = quote->price_e6,
                                   .amount_e6 =
                                       quote->amount_e6 == SJ_NULL_E6 ? 0 : quote->amount_e6,
                                   .bid_e6 = quote->bid_price_e6[0],
                                   .ask_e6 = quote->ask_price_e6[0],
                                   .volume = quote->volume == SJ_NULL_U32 ? 0 : quote->volume,
                                   .bid_volume = quote->bid_volume[0],
                                   .ask_volume = quote->ask_volume[0],
                                   .tick_type = quote->tick_type};
    history_add(*slot, &tick);
}

static uint64_t hash_day(const struct sj_brokersim *sim, const char *code, uint32_t date)
{
    uint64_t hash = sim->options.seed * 0x9E3779B97F4A7C15ull + date;
    for (; *code; code++)
        hash = (hash ^ (uint8_t)*code) * 1099511628211ull;
    return hash;
}

/* A made-up day: a few trades a minute around the reference, on tick, within the limits. */
static void make_up(const struct sj_brokersim *sim, const struct sj_sim_instrument *one,
                    uint32_t date, struct history_day *day)
{
    bool fop = sj_sim_is_fop((enum sj_security)one->security);
    int64_t midnight = sj_date_to_day((int32_t)date) * SJ_NS_PER_DAY;
    int64_t at = midnight + (fop ? 8 * 60 + 45 : 9 * 60) * MINUTE_NS;
    int64_t end = midnight + (fop ? 13 * 60 + 45 : 13 * 60 + 30) * MINUTE_NS;
    struct sj_rng rng;
    sj_rng_init(&rng, hash_day(sim, one->code, date));
    int32_t last = (int32_t)one->ladder.rung_count - 1;
    int32_t rung = sj_price_ladder_rung_below(&one->ladder, one->reference_e6);
    rung += (int32_t)sj_rng_range(&rng, -last / 8, last / 8);
    while (at < end) {
        rung += (int32_t)sj_rng_range(&rng, -1, 1);
        rung = rung < 1 ? 1 : rung > last - 1 ? last - 1 : rung;
        bool buy = sj_rng_next(&rng) & 1;
        struct past_tick tick = {.local_ns = at,
                                 .price_e6 = sj_price_ladder_price(&one->ladder, rung),
                                 .volume = (uint32_t)sj_rng_range(&rng, 1, 20),
                                 .bid_volume = (uint32_t)sj_rng_range(&rng, 1, 300),
                                 .ask_volume = (uint32_t)sj_rng_range(&rng, 1, 300),
                                 .tick_type = buy ? SJ_TICK_BUY : SJ_TICK_SELL};
        tick.bid_e6 = sj_price_ladder_price(&one->ladder, buy ? rung - 1 : rung);
        tick.ask_e6 = sj_price_ladder_price(&one->ladder, buy ? rung : rung + 1);
        tick.amount_e6 = tick.price_e6 * tick.volume * one->unit;
        history_add(day, &tick);
        at += sj_rng_range(&rng, 1000, 60000000) * 1000;
    }
}

const struct history_day *history_day(struct sj_brokersim *sim, uint32_t instrument, uint32_t date,
                                      struct history_day **ret_made)
{
    const struct sj_sim_instrument *one = &sim->universe.list[instrument];
    int32_t weekday = sj_date_weekday((int32_t)date);
    *ret_made = NULL;
    if (date == sim->universe.date)
        return sim->history->days[instrument];
    if (date > sim->universe.date || weekday == 0 || weekday == 6 || one->ladder.rung_count < 8)
        return NULL;
    *ret_made = calloc(1, sizeof **ret_made);
    if (*ret_made)
        make_up(sim, one, date, *ret_made);
    return *ret_made;
}
