/* Building the synthetic market: who trades how often, when, and the first books. */
#include "brokersim/synth.h"

#include "base/clock.h"
#include "market/calendar.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define ORDERS_A_BOOK 256

static enum synth_group_id group_of(const struct sj_sim_instrument *instrument)
{
    if (instrument->security == SJ_SECURITY_IND)
        return GROUP_IND;
    return sj_sim_is_fop((enum sj_security)instrument->security) ? GROUP_FOP : GROUP_STK;
}

static double activity(const struct sj_sim_instrument *instrument, uint32_t rank)
{
    double weight = 1 / sqrt(1.0 + rank);
    return instrument->security == SJ_SECURITY_FUT ? 8 * weight : weight;
}

/* Vose's alias method: a pick in two random numbers whatever the weights. */
static sj_rc build_group(struct synth_group *group, const double *weights)
{
    uint32_t n = group->count;
    double *scaled = calloc(n, sizeof *scaled);
    uint32_t *work = calloc(n, sizeof *work);
    if (!scaled || !work) {
        free(scaled);
        free(work);
        return -ENOMEM;
    }
    uint32_t small = 0, large = n;
    for (uint32_t i = 0; i < n; i++) {
        scaled[i] = weights[i] * n / group->weight;
        if (scaled[i] < 1)
            work[small++] = i;
        else
            work[--large] = i;
    }
    while (small > 0 && large < n) {
        uint32_t low = work[--small], high = work[large];
        group->threshold[low] = (uint32_t)(scaled[low] * 4294967295.0);
        group->alias[low] = high;
        scaled[high] -= 1 - scaled[low];
        if (scaled[high] < 1) {
            large++;
            work[small++] = high;
        }
    }
    while (small > 0)
        group->threshold[work[--small]] = UINT32_MAX;
    for (; large < n; large++)
        group->threshold[work[large]] = UINT32_MAX;
    free(scaled);
    free(work);
    return 0;
}

static sj_rc build_groups(struct synth *synth)
{
    const struct sj_sim_universe *universe = synth->base.universe;
    double *weights = calloc(universe->count, sizeof *weights);
    sj_rc rc = weights ? 0 : -ENOMEM;
    for (int id = 0; id < SYNTH_GROUPS && rc >= 0; id++) {
        struct synth_group *group = &synth->group[id];
        group->members = calloc(3 * (size_t)universe->count, sizeof *group->members);
        if (!group->members) {
            rc = -ENOMEM;
            break;
        }
        group->alias = group->members + universe->count;
        group->threshold = group->alias + universe->count;
        for (uint32_t i = 0; i < universe->count; i++) {
            if ((int)group_of(&universe->list[i]) != id)
                continue;
            weights[group->count] = activity(&universe->list[i], group->count);
            group->weight += weights[group->count];
            group->members[group->count++] = i;
        }
        if (group->count > 0)
            rc = build_group(group, weights);
    }
    free(weights);
    return rc;
}

/* The night session that belongs to a trading day: it begins the evening before, after the day
 * session of the last trading day. -SJ_E_UNKNOWN: there is none. */
static sj_rc night_plan(const struct sj_market_rules *rules, uint32_t date,
                        struct sj_session_plan *ret_plan)
{
    struct sj_session_plan night;
    sj_rc rc = sj_market_session(rules, "FUT.NIGHT", date, &night);
    if (rc < 0)
        return rc;
    int32_t evening =
        sj_tw_previous_trading_day((int32_t)date, sj_market_holidays(rules, SJ_BOARD_FUTURES));
    int64_t shift =
        (int64_t)(sj_date_to_day(evening) - sj_date_to_day((int32_t)date)) * SJ_NS_PER_DAY;
    for (uint32_t i = 0; i < night.count; i++) {
        night.span[i].from_ns += shift;
        night.span[i].to_ns += shift;
    }
    *ret_plan = night;
    return 0;
}

int64_t sj_synth_start_ns(const struct sj_market_rules *rules, uint32_t date, uint32_t second)
{
    struct sj_session_plan night;
    int64_t midnight = sj_sim_midnight_ns(date), time = second * SJ_NS_PER_S;
    if (night_plan(rules, date, &night) < 0 || night.count == 0)
        return midnight + time;
    int64_t first = night.span[0].from_ns, end = night.span[night.count - 1].to_ns;
    for (int64_t at = time - 7 * SJ_NS_PER_DAY; at < end; at += SJ_NS_PER_DAY)
        if (at >= first)
            return midnight + at;
    return midnight + time;
}

/* The night's phases before those of the day. */
static sj_rc add_night(struct sj_session_plan *plan, const struct sj_market_rules *rules,
                       uint32_t date)
{
    struct sj_session_plan night;
    sj_rc rc = night_plan(rules, date, &night);
    if (rc < 0)
        return rc == -SJ_E_UNKNOWN ? 0 : rc;
    if (night.count + plan->count > SJ_SESSION_PHASES_MAX)
        return -SJ_E_LIMIT;
    for (uint32_t i = 0; i < plan->count; i++)
        night.span[night.count++] = plan->span[i];
    *plan = night;
    return 0;
}

static sj_rc load_plans(struct synth *synth, const struct sj_synth_options *options)
{
    static const char *const names[SYNTH_GROUPS] = {"STK", "FUT", "IND"};
    uint32_t date = synth->base.universe->date;
    int64_t seconds_e6;
    for (int i = 0; i < SYNTH_GROUPS; i++) {
        sj_rc rc = sj_market_session(options->rules, names[i], date, &synth->group[i].plan);
        if (rc < 0)
            return rc;
    }
    sj_rc rc = add_night(&synth->group[GROUP_FOP].plan, options->rules, date);
    if (rc >= 0)
        rc = sj_market_session(options->rules, "ODD", date, &synth->odd_plan);
    if (rc >= 0)
        rc = sj_market_number(options->rules, "interval", "ODD", date, &seconds_e6);
    if (rc >= 0)
        synth->odd_interval_ns = seconds_e6 * 1000;
    return rc;
}

static void init_state(struct synth *synth, uint32_t feed)
{
    const struct sj_sim_instrument *instrument = synth_instrument(synth, feed);
    struct sj_sim_state *state = &synth->base.states[feed];
    state->reference_e6 = state->last_e6 = instrument->reference_e6;
    state->quote.price_e6 = instrument->reference_e6;
    state->quote.level_count[0] = state->quote.level_count[1] = SJ_LEVELS;
    state->quote.avail_borrowing = (instrument->reference_e6 / 1000 * 7919) % 9999991;
    for (int i = 0; i < SJ_LEVELS; i++)
        state->quote.bid_price_e6[i] = state->quote.ask_price_e6[i] = SJ_NULL_E6;
    if (instrument->ladder.rung_count > 0)
        synth->feeds[feed].reference_rung =
            sj_price_ladder_rung_below(&instrument->ladder, instrument->reference_e6);
    synth->feeds[feed].last_rung = synth->feeds[feed].reference_rung;
    synth->feeds[feed].fair = synth->feeds[feed].reference_rung;
    if (sj_sim_is_fop((enum sj_security)instrument->security)) {
        uint32_t base = sj_sim_universe_find(synth->base.universe, instrument->underlying);
        if (base != SJ_SIM_NONE)
            state->quote.underlying_price_e6 = synth->base.universe->list[base].reference_e6;
    }
}

/* Gathers a first book for every instrument; opens those whose session is on. */
static sj_rc open_market(struct synth *synth)
{
    uint32_t count = synth->base.universe->count;
    for (uint32_t feed = 0; feed < 2 * count; feed++)
        init_state(synth, feed);
    for (int i = GROUP_STK; i <= GROUP_FOP; i++) {
        struct synth_group *group = &synth->group[i];
        for (uint32_t n = 0; n < group->count; n++) {
            sj_rc rc = synth_open_book(synth, group->members[n]);
            if (rc < 0)
                return rc;
            synth_set_phase(synth, group->members[n], SJ_PHASE_AUCTION);
            synth_seed(synth, group->members[n]);
        }
        group->phase = SJ_SESSION_PHASE_AUCTION;
        if (synth->always_open)
            synth_enter_phase(synth, group, SJ_SESSION_PHASE_CONTINUOUS);
    }
    synth_update_phases(synth);
    return 0;
}

static sj_rc reserve(struct synth *synth, const struct sj_synth_options *options)
{
    uint32_t feeds = 2 * options->universe->count;
    synth->base.states = calloc(feeds, sizeof *synth->base.states);
    synth->feeds = calloc(feeds, sizeof *synth->feeds);
    if (!synth->base.states || !synth->feeds)
        return -ENOMEM;
    return sj_exchange_create(feeds, options->universe->count * ORDERS_A_BOOK + options->order_max,
                              synth_on_fill, synth, &synth->engine);
}

sj_rc sj_synth_create(const struct sj_synth_options *options, struct sj_market_source **ret_source)
{
    if (options->universe->count == 0 || !(options->rate >= 0) || !(options->speed > 0))
        return -SJ_E_RANGE;
    struct synth *synth = calloc(1, sizeof *synth);
    if (!synth)
        return -ENOMEM;
    synth->base = (struct sj_market_source){.ops = &SYNTH_OPS,
                                            .sink = options->sink,
                                            .universe = options->universe,
                                            .now_ns = options->start_ns,
                                            .rate = options->rate,
                                            .speed = options->speed};
    synth->midnight_ns = sj_sim_midnight_ns(options->universe->date);
    synth->always_open = options->always_open;
    synth->next_index_ns = synth->next_odd_ns = options->start_ns;
    sj_rng_init(&synth->random, options->seed);
    sj_rng_init(&synth->odd_random, ~options->seed);
    sj_rc rc = reserve(synth, options);
    if (rc >= 0)
        rc = load_plans(synth, options);
    if (rc >= 0)
        rc = build_groups(synth);
    if (rc >= 0)
        rc = open_market(synth);
    if (rc < 0) {
        synth->base.ops->close(&synth->base);
        return rc;
    }
    *ret_source = &synth->base;
    return 0;
}
