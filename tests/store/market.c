#include "market.h"

#include <stdio.h>
#include <string.h>

static uint64_t next_random(struct market *market)
{
    market->random += 0x9e3779b97f4a7c15U; /* splitmix64 */
    uint64_t x = market->random;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return x ^ x >> 31;
}

static uint32_t below(struct market *market, uint32_t limit)
{
    return (uint32_t)((next_random(market) >> 32) * limit >> 32);
}

void market_init(struct market *market, uint64_t seed, uint32_t instrument_count,
                 uint32_t trade_percent, uint32_t rate, int64_t time_ns)
{
    memset(market, 0, sizeof(*market));
    market->random = seed;
    market->time_ns = time_ns;
    market->step_ns = 1000000000 / rate;
    market->instrument_count = instrument_count;
    market->trade_percent = trade_percent;
    for (uint32_t id = 1; id <= instrument_count; id++) {
        struct market_instrument *instrument = &market->instruments[id - 1];
        struct sj_instrument *definition = &instrument->definition;
        sj_frame_head(definition, SJ_EVENT_INSTRUMENT, sizeof(*definition));
        definition->instrument = id;
        definition->exch_ns = time_ns;
        definition->recv_ns = time_ns;
        snprintf(definition->code, sizeof(definition->code), "F%04uH6", id);
        snprintf(definition->name, sizeof(definition->name), "future %u", id);
        definition->exchange = SJ_EXCHANGE_TAIFEX;
        definition->security = SJ_SECURITY_FUT;
        memcpy(definition->currency, "TWD", 3);
        definition->reference_e6 = (100 + below(market, 19900)) * 1000000LL;
        definition->limit_up_e6 = definition->reference_e6 * 11 / 10;
        definition->limit_down_e6 = definition->reference_e6 * 9 / 10;
        definition->strike_e6 = SJ_NULL_E6;
        definition->multiplier_e6 = 200000000;
        definition->tick_e6 = 1000000;
        definition->unit = 1;
        instrument->price_e6 = definition->reference_e6;
        instrument->open_e6 = definition->reference_e6;
        instrument->high_e6 = definition->reference_e6;
        instrument->low_e6 = definition->reference_e6;
    }
}

void market_definition(struct market *market, uint32_t id, struct sj_instrument *ret)
{
    *ret = market->instruments[id - 1].definition;
    ret->seq = ++market->seq;
    ret->exch_ns = market->time_ns;
    ret->recv_ns = market->time_ns;
}

/* Advances time, picks an instrument; liquid ones come more often. */
static struct market_instrument *pick(struct market *market, void *frame, enum sj_event_type type,
                                      size_t size)
{
    uint32_t a = below(market, market->instrument_count);
    uint32_t b = below(market, market->instrument_count);
    uint32_t index = a < b ? a : b;
    memset(frame, 0, size);
    sj_frame_head(frame, type, size);
    market->time_ns += 1 + below(market, (uint32_t)(2 * market->step_ns));
    struct sj_trade *head = frame; /* any event's head */
    head->seq = ++market->seq;
    head->instrument = index + 1;
    head->exch_ns = market->time_ns / 1000 * 1000; /* the exchange tells microseconds */
    head->recv_ns = market->time_ns + 80000 + below(market, 40000);
    return &market->instruments[index];
}

static void move_price(struct market *market, struct market_instrument *instrument)
{
    uint32_t dice = below(market, 8);
    int64_t tick = instrument->definition.tick_e6;
    if (dice == 0 && instrument->price_e6 + tick <= instrument->definition.limit_up_e6)
        instrument->price_e6 += tick;
    if (dice == 1 && instrument->price_e6 - tick >= instrument->definition.limit_down_e6)
        instrument->price_e6 -= tick;
    if (instrument->price_e6 > instrument->high_e6)
        instrument->high_e6 = instrument->price_e6;
    if (instrument->price_e6 < instrument->low_e6)
        instrument->low_e6 = instrument->price_e6;
}

void market_trade(struct market *market, struct sj_trade *ret)
{
    struct market_instrument *it = pick(market, ret, SJ_EVENT_TRADE, sizeof(*ret));
    move_price(market, it);
    uint32_t dice = below(market, 10);
    ret->volume = dice < 6 ? 1 : 1 + below(market, dice < 9 ? 5 : 40);
    ret->price_e6 = it->price_e6;
    ret->tick_type = (uint8_t)(1 + below(market, 2));
    ret->channel = SJ_CHANNEL_TICK_FOP;
    it->volume += ret->volume;
    ret->amount_e6 = it->price_e6 * ret->volume;
    it->amount_e6 += ret->amount_e6;
    if (ret->tick_type == SJ_TICK_BUY) {
        it->ask_side_vol += ret->volume;
        it->ask_side_cnt++;
    } else {
        it->bid_side_vol += ret->volume;
        it->bid_side_cnt++;
    }
    ret->total_volume = it->volume;
    ret->total_amount_e6 = it->amount_e6;
    ret->open_e6 = it->open_e6;
    ret->high_e6 = it->high_e6;
    ret->low_e6 = it->low_e6;
    ret->avg_price_e6 = it->amount_e6 / it->volume;
    int64_t reference = it->definition.reference_e6;
    ret->price_chg_e6 = it->price_e6 - reference;
    ret->pct_chg_e6 = (int64_t)((double)ret->price_chg_e6 * 1e8 / (double)reference);
    ret->chg_type = ret->price_chg_e6 > 0 ? 2 : ret->price_chg_e6 < 0 ? 4 : 3;
    ret->bid_side_total_vol = it->bid_side_vol;
    ret->ask_side_total_vol = it->ask_side_vol;
    ret->bid_side_total_cnt = it->bid_side_cnt;
    ret->ask_side_total_cnt = it->ask_side_cnt;
    ret->underlying_price_e6 = it->price_e6 + 2500000;
}

void market_book(struct market *market, struct sj_book *ret)
{
    struct market_instrument *it = pick(market, ret, SJ_EVENT_BOOK, sizeof(*ret));
    for (uint32_t level = 0; level < SJ_LEVELS; level++) {
        int64_t away = (level + 1) * it->definition.tick_e6;
        ret->bid_price_e6[level] = it->price_e6 - away;
        ret->ask_price_e6[level] = it->price_e6 + away;
        ret->bid_volume[level] = 1 + below(market, 60);
        ret->ask_volume[level] = 1 + below(market, 60);
        ret->diff_bid_vol[level] = (int32_t)below(market, 5) - 2;
        ret->diff_ask_vol[level] = (int32_t)below(market, 5) - 2;
        ret->bid_total_vol += ret->bid_volume[level];
        ret->ask_total_vol += ret->ask_volume[level];
    }
    ret->level_count[0] = SJ_LEVELS;
    ret->level_count[1] = (uint8_t)(below(market, 100) == 0 ? 3 : SJ_LEVELS);
    ret->derived_bid_price_e6 = SJ_NULL_E6;
    ret->derived_ask_price_e6 = SJ_NULL_E6;
    ret->underlying_price_e6 = it->price_e6 + 2500000;
    ret->channel = SJ_CHANNEL_BIDASK_FOP;
}

size_t market_next(struct market *market, void *buffer)
{
    if (below(market, 100) < market->trade_percent) {
        market_trade(market, buffer);
        return sizeof(struct sj_trade);
    }
    market_book(market, buffer);
    return sizeof(struct sj_book);
}
