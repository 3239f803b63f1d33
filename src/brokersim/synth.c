/* The synthetic market: time, sessions, who acts next, and users' orders. */
#include "brokersim/synth.h"

#include "base/assert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_INTERVAL_NS 5000000000LL
#define MKP_PROTECTION_RUNGS 10

static struct synth *of(struct sj_market_source *source)
{
    return (struct synth *)source;
}

/* Matches of the running call: merged by price for the ticks, users' parts handed on. */
void synth_on_fill(void *context, const struct sj_exchange_fill *fill)
{
    struct synth *synth = context;
    uint32_t last = synth->print_count - 1;
    const struct sj_sim_instrument *instrument = synth_instrument(synth, fill->book);
    int64_t price = sj_price_ladder_price(&instrument->ladder, fill->rung);
    if (synth->print_count > 0 && synth->prints[last].rung == fill->rung) {
        synth->prints[last].quantity += fill->quantity;
    } else {
        if (synth->print_count == SYNTH_PRINTS_MAX)
            synth_publish(synth, fill->book);
        synth->prints[synth->print_count].rung = fill->rung;
        synth->prints[synth->print_count].quantity = fill->quantity;
        synth->prints[synth->print_count].taker_side = fill->taker_side;
        synth->print_count++;
    }
    if (fill->maker_owner != 0)
        synth->base.sink.fill(synth->base.sink.context, fill->maker_owner, price, fill->quantity);
    if (fill->taker_owner != 0)
        synth->base.sink.fill(synth->base.sink.context, fill->taker_owner, price, fill->quantity);
}

static uint32_t pick(struct synth *synth, const struct synth_group *group)
{
    uint32_t slot = sj_random_below(&synth->random, group->count);
    bool own = (uint32_t)(sj_rng_next(&synth->random) >> 32) <= group->threshold[slot];
    return group->members[own ? slot : group->alias[slot]];
}

static bool is_open(const struct synth_group *group)
{
    return group->count > 0 && group->phase != SJ_SESSION_PHASE_NONE;
}

/* One act somewhere in the open part of the market. False when everything is closed. */
static bool act_somewhere(struct synth *synth)
{
    const struct synth_group *stocks = &synth->group[GROUP_STK], *fop = &synth->group[GROUP_FOP];
    bool stocks_open = is_open(stocks), fop_open = is_open(fop);
    if (!stocks_open && !fop_open)
        return false;
    const struct synth_group *group = stocks_open ? stocks : fop;
    if (stocks_open && fop_open &&
        sj_rng_real(&synth->random) * (stocks->weight + fop->weight) < fop->weight)
        group = fop;
    synth_act(synth, pick(synth, group));
    return true;
}

void synth_set_phase(struct synth *synth, uint32_t feed, enum sj_exchange_phase phase)
{
    struct sj_sim_state *state = &synth->base.states[feed];
    bool auction_ends = state->phase == SJ_PHASE_AUCTION && phase != SJ_PHASE_AUCTION;
    int32_t rung;
    if (auction_ends)
        sj_exchange_uncross(synth->engine, feed, synth->feeds[feed].last_rung, &rung);
    state->phase = (uint8_t)phase;
    sj_rc rc = sj_exchange_set_phase(synth->engine, feed, phase, synth->feeds[feed].last_rung);
    SJ_ASSERT(rc >= 0);
    if (auction_ends)
        synth_publish(synth, feed);
}

static enum sj_exchange_phase book_phase(enum sj_session_phase phase)
{
    if (phase == SJ_SESSION_PHASE_NONE)
        return SJ_PHASE_CLOSED;
    return phase == SJ_SESSION_PHASE_CONTINUOUS ? SJ_PHASE_CONTINUOUS : SJ_PHASE_AUCTION;
}

/* A session begins: its volumes and prices start anew. */
static void begin_session(struct synth *synth, uint32_t feed)
{
    struct sj_quote *quote = &synth->base.states[feed].quote;
    quote->open_e6 = quote->high_e6 = quote->low_e6 = 0;
    quote->total_volume = quote->total_amount_e6 = quote->avg_price_e6 = 0;
    quote->bid_side_total_vol = quote->ask_side_total_vol = 0;
    quote->bid_side_total_cnt = quote->ask_side_total_cnt = 0;
}

void synth_enter_phase(struct synth *synth, struct synth_group *group, enum sj_session_phase phase)
{
    bool begins = group->phase == SJ_SESSION_PHASE_NONE && phase != SJ_SESSION_PHASE_NONE;
    group->phase = phase;
    for (uint32_t i = 0; group != &synth->group[GROUP_IND] && i < group->count; i++) {
        if (begins)
            begin_session(synth, group->members[i]);
        synth_set_phase(synth, group->members[i], book_phase(phase));
    }
}

/* Moves every group to the phase its plan has now; sets when to look again. */
void synth_update_phases(struct synth *synth)
{
    synth->next_change_ns = INT64_MAX;
    bool more = synth->always_open;
    for (int i = 0; i < SYNTH_GROUPS && !synth->always_open; i++) {
        struct synth_group *group = &synth->group[i];
        int64_t until;
        int64_t time = synth->base.now_ns - synth->midnight_ns;
        enum sj_session_phase phase = sj_session_at(&group->plan, time, &until);
        if (phase != group->phase)
            synth_enter_phase(synth, group, phase);
        if (group->count == 0 || until == INT64_MAX)
            continue;
        more |= i != GROUP_IND;
        if (synth->midnight_ns + until < synth->next_change_ns)
            synth->next_change_ns = synth->midnight_ns + until;
    }
    synth->base.ended = !more;
}

static void publish_indices(struct synth *synth)
{
    const struct sj_sim_universe *universe = synth->base.universe;
    const struct synth_group *stocks = &synth->group[GROUP_STK], *own = &synth->group[GROUP_IND];
    double moved = 0;
    uint32_t basket = stocks->count < 50 ? stocks->count : 50;
    for (uint32_t i = 0; i < basket; i++) {
        const struct sj_sim_state *state = &synth->base.states[stocks->members[i]];
        moved += (double)state->last_e6 / (double)state->reference_e6 - 1;
    }
    moved = basket ? moved / basket : 0;
    for (uint32_t i = 0; i < own->count; i++) {
        struct sj_sim_state *state = &synth->base.states[own->members[i]];
        struct sj_quote *quote = &state->quote;
        int64_t value = llround((double)state->reference_e6 * (1 + moved) / 1e4) * 10000;
        if (quote->total_volume++ == 0)
            quote->open_e6 = quote->high_e6 = quote->low_e6 = value;
        quote->high_e6 = value > quote->high_e6 ? value : quote->high_e6;
        quote->low_e6 = value < quote->low_e6 ? value : quote->low_e6;
        quote->price_e6 = state->last_e6 = value;
        quote->exch_ns = synth->base.now_ns;
        synth_emit(synth, own->members[i], SJ_SIM_INDEX);
    }
    const struct synth_group *fop = &synth->group[GROUP_FOP];
    for (uint32_t i = 0; own->count > 0 && i < fop->count; i++) {
        uint32_t base = sj_sim_universe_find(universe, universe->list[fop->members[i]].underlying);
        if (base != SJ_SIM_NONE)
            synth->base.states[fop->members[i]].quote.underlying_price_e6 =
                synth->base.states[base].last_e6;
    }
}

static void odd_lot_rounds(struct synth *synth)
{
    int64_t until;
    int64_t time = synth->base.now_ns - synth->midnight_ns;
    bool open = synth->always_open ||
                sj_session_at(&synth->odd_plan, time, &until) != SJ_SESSION_PHASE_NONE;
    uint32_t count = synth->base.universe->count;
    for (uint32_t feed = count; open && feed < 2 * count; feed++)
        if (synth->feeds[feed].active)
            synth_odd_round(synth, feed);
}

/* What happens at fixed times: phases, index values, odd-lot auctions. */
static void run_schedule(struct synth *synth)
{
    if (synth->base.now_ns >= synth->next_change_ns)
        synth_update_phases(synth);
    if (synth->base.now_ns >= synth->next_index_ns) {
        if (synth->always_open || synth->group[GROUP_IND].phase != SJ_SESSION_PHASE_NONE)
            publish_indices(synth);
        synth->next_index_ns += INDEX_INTERVAL_NS;
    }
    if (synth->base.now_ns >= synth->next_odd_ns) {
        odd_lot_rounds(synth);
        synth->next_odd_ns += synth->odd_interval_ns;
    }
}

static int64_t next_scheduled(const struct synth *synth)
{
    int64_t next = synth->next_change_ns;
    next = synth->next_index_ns < next ? synth->next_index_ns : next;
    return synth->next_odd_ns < next ? synth->next_odd_ns : next;
}

/* Lets the time owed for the last events pass, up to `until`. False when that comes first. */
static bool advance(struct synth *synth, int64_t until_ns)
{
    int64_t scheduled = next_scheduled(synth);
    if (synth->base.now_ns >= scheduled) {
        run_schedule(synth);
        return true;
    }
    int64_t at = synth->base.now_ns + (int64_t)synth->debt_ns;
    int64_t stop = scheduled < until_ns ? scheduled : until_ns;
    if (at <= stop) {
        synth->debt_ns -= (double)(at - synth->base.now_ns);
        synth->base.now_ns = at;
        return true;
    }
    if (stop > synth->base.now_ns) {
        synth->debt_ns -= (double)(stop - synth->base.now_ns);
        synth->base.now_ns = stop;
    }
    return scheduled <= until_ns;
}

static uint64_t run(struct sj_market_source *source, int64_t until_ns, uint64_t event_max)
{
    struct synth *synth = of(source);
    uint64_t first = synth->emitted;
    while (synth->emitted - first < event_max && !source->ended) {
        uint64_t before = synth->emitted;
        if (synth->burst_left > 0) {
            if (!act_somewhere(synth))
                synth->burst_left = 0;
            uint64_t made = synth->emitted - before;
            synth->burst_left -= made < synth->burst_left ? made : synth->burst_left;
            continue;
        }
        if (synth->debt_ns >= 1 || source->now_ns >= next_scheduled(synth)) {
            if (!advance(synth, until_ns))
                break;
            continue;
        }
        double interval = source->rate > 0 ? source->speed * 1e9 / source->rate : 1e9;
        bool acted = source->rate > 0 && act_somewhere(synth);
        uint64_t made = acted ? synth->emitted - before : 0;
        if (!acted)
            interval = 1e8; /* nothing trades: look again in a while */
        /* The rate is of events: an act that shows nothing takes next to no time. */
        double charged = !acted || made ? (double)(made + (made == 0)) : 0.01;
        synth->debt_ns += interval * charged * (0.5 + sj_rng_real(&synth->random));
    }
    return synth->emitted - first;
}

static void burst(struct sj_market_source *source, uint64_t count)
{
    of(source)->burst_left += count;
}

sj_rc synth_open_book(struct synth *synth, uint32_t feed)
{
    const struct sj_sim_instrument *instrument = synth_instrument(synth, feed);
    return sj_exchange_open_book(synth->engine, feed, instrument->ladder.rung_count);
}

static void activate(struct sj_market_source *source, uint32_t feed)
{
    struct synth *synth = of(source);
    uint32_t count = source->universe->count;
    if (feed < count || synth->feeds[feed].active ||
        synth_instrument(synth, feed)->security != SJ_SECURITY_STK)
        return;
    if (synth_open_book(synth, feed) < 0)
        return;
    synth->feeds[feed].active = 1;
    synth->feeds[feed].last_rung = synth->feeds[feed - count].last_rung;
    synth_set_phase(synth, feed, SJ_PHASE_AUCTION);
}

static sj_rc user_submit(struct sj_market_source *source, const struct sj_sim_order *order,
                         struct sj_exchange_result *ret_result)
{
    struct synth *synth = of(source);
    if (order->feed >= 2 * source->universe->count || order->owner == 0)
        return -SJ_E_RANGE;
    if (order->feed >= source->universe->count)
        activate(source, order->feed);
    const struct sj_price_ladder *ladder = &synth_instrument(synth, order->feed)->ladder;
    struct sj_exchange_order in = {.book = order->feed,
                                   .quantity = order->quantity,
                                   .owner = order->owner,
                                   .side = order->side,
                                   .price_type = order->price_type,
                                   .time_in_force = order->time_in_force,
                                   .protection_rungs = MKP_PROTECTION_RUNGS};
    if (ladder->rung_count == 0)
        return -SJ_E_REFUSED;
    if (order->price_type == SJ_PRICE_LMT) {
        in.rung = sj_price_ladder_rung(ladder, order->price_e6);
        if (in.rung < 0)
            return -SJ_E_RANGE;
    }
    sj_rc rc = sj_exchange_submit(synth->engine, &in, ret_result);
    if (rc >= 0)
        synth_publish(synth, order->feed);
    return rc;
}

static sj_rc user_cancel(struct sj_market_source *source, uint64_t id, uint32_t *ret_quantity)
{
    return sj_exchange_cancel(of(source)->engine, id, ret_quantity);
}

static sj_rc user_reduce(struct sj_market_source *source, uint64_t id, uint32_t quantity)
{
    return sj_exchange_reduce(of(source)->engine, id, quantity);
}

static sj_rc user_reprice(struct sj_market_source *source, uint32_t feed, uint64_t id,
                          int64_t price_e6, struct sj_exchange_result *ret_result)
{
    struct synth *synth = of(source);
    int32_t rung = sj_price_ladder_rung(&synth_instrument(synth, feed)->ladder, price_e6);
    sj_rc rc = sj_exchange_reprice(synth->engine, id, rung, ret_result);
    if (rc >= 0)
        synth_publish(synth, feed);
    return rc;
}

static uint32_t user_left(struct sj_market_source *source, uint64_t id)
{
    return sj_exchange_left(of(source)->engine, id);
}

static void close_synth(struct sj_market_source *source)
{
    struct synth *synth = of(source);
    for (int i = 0; i < SYNTH_GROUPS; i++)
        free(synth->group[i].members);
    sj_exchange_close(synth->engine);
    free(synth->feeds);
    free(synth->base.states);
    free(synth);
}

const struct sj_market_source_ops SYNTH_OPS = {.run = run,
                                               .burst = burst,
                                               .activate = activate,
                                               .submit = user_submit,
                                               .cancel = user_cancel,
                                               .reduce = user_reduce,
                                               .reprice = user_reprice,
                                               .left = user_left,
                                               .close = close_synth};
