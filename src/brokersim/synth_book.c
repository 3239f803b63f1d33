/* The synthetic market's flow: what made-up traders do to one book, and how it is displayed. */
#include "brokersim/synth.h"

#include <math.h>
#include <string.h>

#define LEVEL_ORDERS_MAX 10
#define DEPTH_RUNGS 7

static enum sj_side other(enum sj_side side)
{
    return side == SJ_SIDE_BUY ? SJ_SIDE_SELL : SJ_SIDE_BUY;
}

static bool submit(struct synth *synth, uint32_t feed, enum sj_side side, int32_t rung,
                   uint32_t quantity, uint8_t tif)
{
    int32_t last = (int32_t)synth_instrument(synth, feed)->ladder.rung_count - 1;
    struct sj_exchange_order order = {.book = feed,
                                      .rung = rung < 0      ? 0
                                              : rung > last ? last
                                                            : rung,
                                      .quantity = quantity,
                                      .side = (uint8_t)side,
                                      .price_type = SJ_PRICE_LMT,
                                      .time_in_force = tif};
    struct sj_exchange_result result;
    return sj_exchange_submit(synth->engine, &order, &result) >= 0;
}

/* The change of volume at a price since the book shown before. */
static int32_t difference(const int64_t *old_price, const uint32_t *old_volume, int at,
                          int64_t price, uint32_t volume)
{
    if (old_price[at] == price)
        return (int32_t)(volume - old_volume[at]);
    for (int i = 0; i < SJ_LEVELS; i++)
        if (old_price[i] == price)
            return (int32_t)(volume - old_volume[i]);
    return (int32_t)volume;
}

struct shown_side {
    int64_t price[SJ_LEVELS];
    uint32_t volume[SJ_LEVELS];
};

/* Up to five levels from `rung` outwards; `at_rung` replaces the quantity there if it is >= 0. */
static void collect(const struct synth *synth, uint32_t feed, enum sj_side side, int32_t rung,
                    int64_t at_rung, struct shown_side *shown)
{
    const struct sj_price_ladder *ladder = &synth_instrument(synth, feed)->ladder;
    for (int i = 0; i < SJ_LEVELS; i++) {
        if (rung < 0) {
            shown->price[i] = SJ_NULL_E6;
            shown->volume[i] = 0;
            continue;
        }
        uint64_t quantity = at_rung >= 0 ? (uint64_t)at_rung
                                         : sj_exchange_quantity(synth->engine, feed, side, rung);
        at_rung = -1;
        shown->price[i] = sj_price_ladder_price(ladder, rung);
        shown->volume[i] = quantity > INT32_MAX ? INT32_MAX : (uint32_t)quantity;
        rung = sj_exchange_behind(synth->engine, feed, side, rung);
    }
}

/* In an auction the part that would match is not shown: what is left at the price, and behind. */
static void collect_auction(const struct synth *synth, uint32_t feed, enum sj_side side,
                            int32_t match_rung, uint64_t match_volume, struct shown_side *shown)
{
    uint64_t sum = 0;
    int32_t rung = sj_exchange_best(synth->engine, feed, side);
    while (rung >= 0 && (side == SJ_SIDE_BUY ? rung >= match_rung : rung <= match_rung)) {
        sum += sj_exchange_quantity(synth->engine, feed, side, rung);
        rung = sj_exchange_behind(synth->engine, feed, side, rung);
    }
    if (sum > match_volume)
        collect(synth, feed, side, match_rung, (int64_t)(sum - match_volume), shown);
    else
        collect(synth, feed, side, rung, -1, shown);
}

static bool put_side(const struct shown_side *shown, int64_t *price, uint32_t *volume,
                     int32_t *diff)
{
    if (memcmp(price, shown->price, sizeof shown->price) == 0 &&
        memcmp(volume, shown->volume, sizeof shown->volume) == 0) {
        memset(diff, 0, SJ_LEVELS * sizeof *diff);
        return false;
    }
    for (int i = 0; i < SJ_LEVELS; i++)
        diff[i] = difference(price, volume, i, shown->price[i], shown->volume[i]);
    memcpy(price, shown->price, sizeof shown->price);
    memcpy(volume, shown->volume, sizeof shown->volume);
    return true;
}

static void update_totals(struct sj_sim_state *state)
{
    uint32_t bid = 0, ask = 0;
    for (int i = 0; i < SJ_LEVELS; i++) {
        bid += state->quote.bid_volume[i];
        ask += state->quote.ask_volume[i];
    }
    state->bid_total_vol = bid;
    state->ask_total_vol = ask;
    int64_t bid_e6 = state->quote.bid_price_e6[1], ask_e6 = state->quote.ask_price_e6[1];
    state->quote.derived_bid_price_e6 = bid_e6 == SJ_NULL_E6 ? 0 : bid_e6;
    state->quote.derived_ask_price_e6 = ask_e6 == SJ_NULL_E6 ? 0 : ask_e6;
    state->quote.derived_bid_vol = state->quote.bid_volume[1] / 8;
    state->quote.derived_ask_vol = state->quote.ask_volume[1] / 8;
}

bool synth_refresh(struct synth *synth, uint32_t feed)
{
    struct sj_sim_state *state = &synth->base.states[feed];
    struct sj_quote *quote = &state->quote;
    struct shown_side bids, asks;
    int32_t rung = -1;
    uint64_t volume = 0;
    if (state->phase == SJ_PHASE_AUCTION)
        volume = sj_exchange_indicative(synth->engine, feed, synth->feeds[feed].last_rung, &rung);
    if (volume > 0) {
        collect_auction(synth, feed, SJ_SIDE_BUY, rung, volume, &bids);
        collect_auction(synth, feed, SJ_SIDE_SELL, rung, volume, &asks);
    } else {
        collect(synth, feed, SJ_SIDE_BUY, sj_exchange_best(synth->engine, feed, SJ_SIDE_BUY), -1,
                &bids);
        collect(synth, feed, SJ_SIDE_SELL, sj_exchange_best(synth->engine, feed, SJ_SIDE_SELL), -1,
                &asks);
    }
    bool changed = put_side(&bids, quote->bid_price_e6, quote->bid_volume, quote->diff_bid_vol);
    changed |= put_side(&asks, quote->ask_price_e6, quote->ask_volume, quote->diff_ask_vol);
    if (changed)
        update_totals(state);
    return changed;
}

/* Sets what a tick says of a price against the reference. */
static void set_price(const struct sj_sim_instrument *instrument, struct sj_sim_state *state,
                      int64_t price_e6, uint32_t volume)
{
    struct sj_quote *quote = &state->quote;
    int64_t change = price_e6 - state->reference_e6;
    quote->price_e6 = price_e6;
    quote->volume = volume;
    quote->amount_e6 =
        price_e6 * volume * (quote->flags & SJ_FLAG_ODD_LOT ? 1 : (int64_t)instrument->unit);
    quote->price_chg_e6 = change;
    /* Per cent with three decimals, as the broker shows it. */
    quote->pct_chg_e6 = llround((double)change * 1e5 / (double)state->reference_e6) * 1000;
    if (price_e6 >= instrument->limit_up_e6)
        quote->chg_type = 1;
    else if (price_e6 <= instrument->limit_down_e6)
        quote->chg_type = 5;
    else
        quote->chg_type = change > 0 ? 2 : change == 0 ? 3 : 4;
}

static void count_trade(struct sj_sim_state *state, uint32_t volume, uint8_t taker_side,
                        int64_t unit)
{
    struct sj_quote *quote = &state->quote;
    int64_t price = quote->price_e6;
    if (quote->total_volume == 0)
        quote->open_e6 = quote->high_e6 = quote->low_e6 = price;
    if (price > quote->high_e6)
        quote->high_e6 = price;
    if (price < quote->low_e6)
        quote->low_e6 = price;
    quote->total_volume += volume;
    quote->total_amount_e6 += quote->amount_e6;
    quote->avg_price_e6 = quote->total_amount_e6 / (quote->total_volume * unit) / 1000 * 1000;
    quote->tick_type = taker_side;
    if (taker_side == SJ_SIDE_BUY) {
        quote->bid_side_total_vol += volume;
        quote->bid_side_total_cnt++;
    } else if (taker_side == SJ_SIDE_SELL) {
        quote->ask_side_total_vol += volume;
        quote->ask_side_total_cnt++;
    }
    state->last_e6 = price;
    state->last_volume = volume;
    state->last_tick_type = taker_side;
}

void synth_publish(struct synth *synth, uint32_t feed)
{
    const struct sj_sim_instrument *instrument = synth_instrument(synth, feed);
    struct sj_sim_state *state = &synth->base.states[feed];
    bool odd = feed >= synth->base.universe->count;
    bool changed = synth_refresh(synth, feed);
    state->quote.exch_ns = synth->base.now_ns;
    state->quote.flags = odd ? SJ_FLAG_ODD_LOT : 0;
    for (uint32_t i = 0; i < synth->print_count; i++) {
        int32_t rung = synth->prints[i].rung;
        synth->feeds[feed].last_rung = rung;
        set_price(instrument, state, sj_price_ladder_price(&instrument->ladder, rung),
                  synth->prints[i].quantity);
        count_trade(state, synth->prints[i].quantity, synth->prints[i].taker_side,
                    odd ? 1 : instrument->unit);
        synth_emit(synth, feed, SJ_SIM_TICK);
    }
    synth->print_count = 0;
    if (changed)
        synth_emit(synth, feed, SJ_SIM_BOOK);
}

/* In an auction: the trial match as a simulated tick, and the book that would remain. */
static void publish_trial(struct synth *synth, uint32_t feed)
{
    const struct sj_sim_instrument *instrument = synth_instrument(synth, feed);
    struct sj_sim_state *state = &synth->base.states[feed];
    bool changed = synth_refresh(synth, feed);
    int32_t rung;
    uint64_t volume =
        sj_exchange_indicative(synth->engine, feed, synth->feeds[feed].last_rung, &rung);
    state->quote.exch_ns = synth->base.now_ns;
    state->quote.flags = SJ_FLAG_SIMTRADE;
    if (volume > 0) {
        set_price(instrument, state, sj_price_ladder_price(&instrument->ladder, rung),
                  volume > INT32_MAX ? INT32_MAX : (uint32_t)volume);
        state->quote.tick_type = SJ_TICK_NONE;
        synth_emit(synth, feed, SJ_SIM_TICK);
    }
    if (changed)
        synth_emit(synth, feed, SJ_SIM_BOOK);
}

static void cancel_at(struct synth *synth, uint32_t feed, enum sj_side side, int32_t rung)
{
    uint32_t left;
    uint64_t id = sj_exchange_youngest(synth->engine, feed, side, rung, 0);
    if (id != 0 && sj_exchange_cancel(synth->engine, id, &left) < 0)
        return;
}

static uint32_t lots(struct synth *synth)
{
    return sj_random_chance(&synth->random, 30) ? 10 + sj_random_below(&synth->random, 90)
                                                : sj_random_halves(&synth->random, 12);
}

/* Someone takes what the other side offers, leaning towards the hidden value. */
static void act_trade(struct synth *synth, uint32_t feed, double lean)
{
    enum sj_side side = sj_rng_real(&synth->random) < 0.5 + lean ? SJ_SIDE_BUY : SJ_SIDE_SELL;
    int32_t touch = sj_exchange_best(synth->engine, feed, other(side));
    if (touch < 0 || synth->base.states[feed].quote.total_amount_e6 > SYNTH_TURNOVER_MAX_E6)
        return;
    int32_t through = sj_random_chance(&synth->random, 50) ? 2 : 0;
    submit(synth, feed, side, side == SJ_SIDE_BUY ? touch + through : touch - through,
           sj_random_halves(&synth->random, 20) * (through ? 8 : 1), SJ_TIF_IOC);
}

/* Someone joins a level near the touch, or narrows the spread. */
static void act_add(struct synth *synth, uint32_t feed, double lean)
{
    enum sj_side side = sj_random_chance(&synth->random, 500) ? SJ_SIDE_BUY : SJ_SIDE_SELL;
    int32_t own = sj_exchange_best(synth->engine, feed, side);
    int32_t opposite = sj_exchange_best(synth->engine, feed, other(side));
    int32_t sign = side == SJ_SIDE_BUY ? 1 : -1;
    int32_t rung;
    if (own < 0)
        rung = opposite < 0 ? (int32_t)synth->feeds[feed].fair : opposite - sign;
    else if (opposite >= 0 && (opposite - own) * sign > 1 &&
             sj_random_chance(&synth->random, 350 + (uint32_t)(300 * (lean * sign > 0))))
        rung = own + sign;
    else
        rung = own - sign * ((int32_t)sj_random_halves(&synth->random, DEPTH_RUNGS) - 1);
    int32_t last = (int32_t)synth_instrument(synth, feed)->ladder.rung_count - 1;
    if (rung < 0 || rung > last)
        return;
    if (sj_exchange_count(synth->engine, feed, side, rung) >= LEVEL_ORDERS_MAX)
        cancel_at(synth, feed, side, rung);
    else
        submit(synth, feed, side, rung, lots(synth), SJ_TIF_ROD);
}

static void act_cancel(struct synth *synth, uint32_t feed)
{
    enum sj_side side = sj_random_chance(&synth->random, 500) ? SJ_SIDE_BUY : SJ_SIDE_SELL;
    int32_t rung = sj_exchange_best(synth->engine, feed, side);
    uint32_t deep = sj_random_halves(&synth->random, DEPTH_RUNGS) - 1;
    for (uint32_t i = 0; i < deep && rung >= 0; i++)
        rung = sj_exchange_behind(synth->engine, feed, side, rung);
    if (rung >= 0)
        cancel_at(synth, feed, side, rung);
}

/* Keeps five levels filled: the next rung behind the last level gets an order. */
static void replenish(struct synth *synth, uint32_t feed, enum sj_side side)
{
    int32_t rung = sj_exchange_best(synth->engine, feed, side);
    int32_t sign = side == SJ_SIDE_BUY ? 1 : -1;
    int32_t last = (int32_t)synth_instrument(synth, feed)->ladder.rung_count - 1;
    if (rung < 0) {
        int32_t opposite = sj_exchange_best(synth->engine, feed, other(side));
        rung = opposite >= 0 ? opposite : (int32_t)synth->feeds[feed].fair;
        rung -= sign;
        if (rung >= 0 && rung <= last)
            submit(synth, feed, side, rung, lots(synth), SJ_TIF_ROD);
        return;
    }
    for (int i = 0; i < SJ_LEVELS + 1; i++) {
        int32_t next = sj_exchange_behind(synth->engine, feed, side, rung);
        bool hole = next < 0 || (rung - next) * sign > 2;
        if (hole && rung - sign >= 0 && rung - sign <= last) {
            submit(synth, feed, side, rung - sign, lots(synth), SJ_TIF_ROD);
            return;
        }
        if (next < 0)
            return;
        rung = next;
    }
}

static double drift(struct synth *synth, uint32_t feed)
{
    struct synth_feed *own = &synth->feeds[feed];
    int32_t last = (int32_t)synth_instrument(synth, feed)->ladder.rung_count - 1;
    own->fair += (sj_rng_real(&synth->random) - 0.5) * 0.12;
    own->fair += (own->reference_rung - own->fair) * 1e-6;
    if (own->fair < 1)
        own->fair = 1;
    if (own->fair > last - 1)
        own->fair = last - 1;
    double lean = (own->fair - own->last_rung) * 0.08;
    return lean > 0.4 ? 0.4 : lean < -0.4 ? -0.4 : lean;
}

static void act_auction(struct synth *synth, uint32_t feed)
{
    struct synth_feed *own = &synth->feeds[feed];
    enum sj_side side = sj_random_chance(&synth->random, 500) ? SJ_SIDE_BUY : SJ_SIDE_SELL;
    int32_t sign = side == SJ_SIDE_BUY ? 1 : -1;
    int32_t rung =
        (int32_t)own->fair + sign * (2 - (int32_t)sj_random_halves(&synth->random, DEPTH_RUNGS));
    int32_t last = (int32_t)synth_instrument(synth, feed)->ladder.rung_count - 1;
    rung = rung < 0 ? 0 : rung > last ? last : rung;
    if (sj_exchange_count(synth->engine, feed, side, rung) >= LEVEL_ORDERS_MAX)
        cancel_at(synth, feed, side, rung);
    else
        submit(synth, feed, side, rung, lots(synth), SJ_TIF_ROD);
    publish_trial(synth, feed);
}

void synth_act(struct synth *synth, uint32_t feed)
{
    double lean = drift(synth, feed);
    if (synth->base.states[feed].phase == SJ_PHASE_AUCTION) {
        act_auction(synth, feed);
        return;
    }
    uint32_t dice = sj_random_below(&synth->random, 1000);
    if (dice < 240)
        act_trade(synth, feed, lean);
    else if (dice < 640)
        act_add(synth, feed, lean);
    else if (dice < 900)
        act_cancel(synth, feed);
    else
        replenish(synth, feed, dice & 1 ? SJ_SIDE_BUY : SJ_SIDE_SELL);
    synth_publish(synth, feed);
}

void synth_seed(struct synth *synth, uint32_t feed)
{
    int32_t middle = synth->feeds[feed].reference_rung;
    for (int32_t away = 0; away <= DEPTH_RUNGS; away++)
        for (int n = 0; n < 3; n++) {
            submit(synth, feed, SJ_SIDE_BUY, middle - away, lots(synth), SJ_TIF_ROD);
            submit(synth, feed, SJ_SIDE_SELL, middle + away, lots(synth), SJ_TIF_ROD);
        }
    synth_refresh(synth, feed);
}

void synth_odd_round(struct synth *synth, uint32_t feed)
{
    struct sj_rng *random = &synth->odd_random;
    int32_t middle = synth->feeds[feed - synth->base.universe->count].last_rung;
    for (int i = 0; i < 6; i++) {
        enum sj_side side = i & 1 ? SJ_SIDE_BUY : SJ_SIDE_SELL;
        int32_t sign = side == SJ_SIDE_BUY ? 1 : -1;
        int32_t rung = middle + sign * (2 - (int32_t)sj_random_halves(random, 6));
        int32_t last = (int32_t)synth_instrument(synth, feed)->ladder.rung_count - 1;
        rung = rung < 0 ? 0 : rung > last ? last : rung;
        if (sj_exchange_count(synth->engine, feed, side, rung) >= LEVEL_ORDERS_MAX)
            cancel_at(synth, feed, side, rung);
        else
            submit(synth, feed, side, rung, 1 + sj_random_below(random, 400), SJ_TIF_ROD);
    }
    int32_t rung;
    sj_exchange_uncross(synth->engine, feed, middle, &rung);
    synth_publish(synth, feed);
}
