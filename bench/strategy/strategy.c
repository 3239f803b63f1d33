/*
 * bench strategy: what the host costs an event, and what a built-in makes of one.
 *
 * dispatch_N: an event of an instrument that N strategies take whose on_event does nothing; 0: the
 * event is of interest to nobody. Everything else (tops, masks, guard, timing) is the host's cost.
 * The reference is as many calls of the same empty function through a pointer.
 *
 * on_event of a built-in: a book that walks, timed by the host itself as in a live run; the answers
 * of risk and exchange are given at once. The reference is a guarded, timed call of nothing.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "strategy/host.h"

#define INSTRUMENTS 1000
#define EVENTS 4096 /* of a pool that is gone through over and over */
#define TICK INT64_C(1000000)

struct pool {
    struct sj_instruments *instruments;
    struct sj_book books[EVENTS];
};

/* --- a strategy that does nothing --- */

struct empty {
    uint64_t count;
};

static sj_rc empty_init(void *state, const struct sj_strategy_init *init, char *error)
{
    (void)state;
    (void)init;
    (void)error;
    return 0;
}

static void empty_event(void *state, const struct sj_frame *event)
{
    struct empty *empty = state;
    SJ_BENCH_KEEP(event);
    empty->count++;
}

static void empty_order(void *state, const struct sj_strategy_report *report)
{
    (void)state;
    (void)report;
}

static void empty_timer(void *state, int64_t now_ns)
{
    (void)state;
    (void)now_ns;
}

static const struct sj_strategy_plugin empty_plugin = {.abi = SJ_STRATEGY_ABI,
                                                       .size = sizeof(struct sj_strategy_plugin),
                                                       .name = "empty",
                                                       .text = "does nothing",
                                                       .state_version = 1,
                                                       .state_size = sizeof(struct empty),
                                                       .events = SJ_ON_MARKET,
                                                       .init = empty_init,
                                                       .on_event = empty_event,
                                                       .on_order = empty_order,
                                                       .on_timer = empty_timer};

/* --- the owner: everything is accepted and at work at once --- */

struct owner {
    struct sj_strategies *s;
    uint64_t next_id;
    int64_t now_ns;
};

static uint64_t take_intent(void *context, struct sj_intent *intent)
{
    struct owner *owner = context;
    uint64_t id = ++owner->next_id;
    struct sj_order_update update = {.intent_id = intent->target_id ? intent->target_id : id,
                                     .price_e6 = intent->price_e6,
                                     .quantity = intent->quantity,
                                     .filled = SJ_NULL_U32,
                                     .cancelled = SJ_NULL_U32,
                                     .state_to = SJ_ORDER_WORKING};
    if (intent->kind == SJ_INTENT_PRICE)
        update.cause = SJ_CAUSE_PRICED;
    if (intent->kind == SJ_INTENT_CANCEL || intent->time_in_force == SJ_ORDER_IOC)
        update.state_to = SJ_ORDER_CANCELLED;
    sj_frame_head(&update, SJ_EVENT_ORDER, sizeof update);
    sj_strategies_order(owner->s, (const struct sj_frame *)(const void *)&update, owner->now_ns);
    return id;
}

static void take_control(void *context, struct sj_control *control)
{
    (void)context;
    (void)control;
}

static bool open_host(struct owner *owner, const struct pool *pool, bool guard)
{
    struct sj_strategies_ops ops = {owner, take_intent, take_control, NULL};
    struct sj_strategies_options options = {
        .ops = &ops, .instruments = pool->instruments, .guard = guard};
    *owner = (struct owner){0};
    return sj_strategies_create(&options, &owner->s) == 0;
}

static bool add(struct owner *owner, const char *name, const char *use,
                const struct sj_strategy_plugin *plugin, uint32_t instrument_count,
                const struct sj_strategy_param *params, uint32_t param_count)
{
    char error[SJ_STRATEGIES_ERROR_MAX] = "";
    uint32_t number, instruments[INSTRUMENTS];
    for (uint32_t i = 0; i < instrument_count; i++)
        instruments[i] = i + 1;
    struct sj_strategy_instance instance = {.name = name,
                                            .use = use,
                                            .plugin = plugin,
                                            .instruments = instruments,
                                            .instrument_count = instrument_count,
                                            .params = params,
                                            .param_count = param_count,
                                            .overrun_max = UINT32_MAX};
    if (sj_strategies_add(owner->s, &instance, 0, error, &number) == 0)
        return true;
    fprintf(stderr, "%s\n", error);
    return false;
}

/* --- the pool --- */

static bool define(struct pool *pool)
{
    if (sj_instruments_create(INSTRUMENTS, &pool->instruments) < 0)
        return false;
    for (uint32_t i = 0; i < INSTRUMENTS; i++) {
        struct sj_instrument one = {.security = SJ_SECURITY_FUT,
                                    .limit_up_e6 = 22000 * TICK,
                                    .limit_down_e6 = 18000 * TICK,
                                    .tick_e6 = TICK,
                                    .unit = 1};
        uint32_t id;
        snprintf(one.code, sizeof one.code, "F%05u", i);
        sj_frame_head(&one, SJ_EVENT_INSTRUMENT, sizeof one);
        if (sj_instruments_put(pool->instruments, &one, &id) < 0)
            return false;
    }
    return true;
}

/* Books that walk; every event of one instrument, or spread over all. */
static void fill_pool(struct pool *pool, uint64_t seed, bool one_instrument)
{
    struct sj_rng rng;
    int64_t mid[INSTRUMENTS];
    sj_rng_init(&rng, seed);
    for (uint32_t i = 0; i < INSTRUMENTS; i++)
        mid[i] = 20000;
    for (uint32_t i = 0; i < EVENTS; i++) {
        uint32_t at = one_instrument ? 0 : (uint32_t)sj_rng_below(&rng, INSTRUMENTS);
        mid[at] += sj_rng_range(&rng, -1, 1);
        struct sj_book book = {.instrument = at + 1, .level_count = {5, 5}};
        for (int level = 0; level < SJ_LEVELS; level++) {
            book.bid_price_e6[level] = (mid[at] - level) * TICK;
            book.ask_price_e6[level] = (mid[at] + 1 + level) * TICK;
            book.bid_volume[level] = (uint32_t)sj_rng_range(&rng, 1, 60);
            book.ask_volume[level] = (uint32_t)sj_rng_range(&rng, 1, 60);
        }
        sj_frame_head(&book, SJ_EVENT_BOOK, sizeof book);
        pool->books[i] = book;
    }
}

/* --- dispatch --- */

struct dispatch {
    struct owner owner;
    const struct pool *pool;
    uint64_t event_count;
    double empty_calls; /* of the reference, an event */
};

static double run_dispatch(void *context)
{
    struct dispatch *run = context;
    int64_t begin_ns = sj_clock_mono_ns();
    for (uint64_t i = 0; i < run->event_count; i++) {
        const struct sj_book *book = &run->pool->books[i % EVENTS];
        sj_strategies_event(run->owner.s, (const struct sj_frame *)(const void *)book, (int64_t)i);
    }
    return (double)(sj_clock_mono_ns() - begin_ns) / (double)run->event_count;
}

static double run_empty_calls(const struct dispatch *run, uint32_t calls)
{
    void (*volatile call)(void *, const struct sj_frame *) = empty_event;
    struct empty empty = {0};
    int64_t begin_ns = sj_clock_mono_ns();
    for (uint64_t i = 0; i < run->event_count; i++) {
        const struct sj_book *book = &run->pool->books[i % EVENTS];
        for (uint32_t k = 0; k < calls; k++)
            call(&empty, (const struct sj_frame *)(const void *)book);
        SJ_BENCH_KEEP(book);
    }
    return (double)(sj_clock_mono_ns() - begin_ns) / (double)run->event_count;
}

static int bench_dispatch(const struct sj_bench_options *options, const struct pool *pool,
                          uint32_t count, bool guard)
{
    char name[32];
    snprintf(name, sizeof name, "dispatch_%u%s", count, guard ? "_guard" : "");
    if (!sj_bench_wants(options, name))
        return 0;
    struct sj_bench_figure figure = {.bench = "strategy",
                                     .name = name,
                                     .metric = "ns_per_event",
                                     .unit = "ns",
                                     .reference = "calls of the same empty functions"};
    struct dispatch run = {.pool = pool,
                           .event_count = (uint64_t)(options->scale * (guard ? 1e6 : 3e6))};
    SJ_BENCH_CHECK(open_host(&run.owner, pool, guard), "strategy %s: no host", name);
    for (uint32_t i = 0; i < count; i++) {
        char instance[16];
        snprintf(instance, sizeof instance, "e%u", i);
        SJ_BENCH_CHECK(add(&run.owner, instance, NULL, &empty_plugin, INSTRUMENTS, NULL, 0),
                       "strategy %s: no instance", name);
    }
    for (uint32_t i = 0; i <= options->runs; i++) {
        double ours_ns = run_dispatch(&run), theirs_ns = run_empty_calls(&run, count);
        if (i == 0)
            continue;
        sj_bench_add(&figure, ours_ns);
        sj_bench_add_reference(&figure, theirs_ns);
    }
    for (uint32_t i = 1; i <= count; i++) {
        struct sj_strategy_status status;
        SJ_BENCH_CHECK(sj_strategies_status(run.owner.s, i, &status) == 0 && status.armed &&
                           status.event_count == run.event_count * (options->runs + 1),
                       "strategy %s: instance %u missed events", name, i);
    }
    sj_strategies_close(run.owner.s);
    sj_bench_report(options, &figure);
    return 0;
}

/* --- the built-ins --- */

static double guarded_call_ns(const struct pool *pool, uint64_t count)
{
    struct dispatch run = {.pool = pool, .event_count = count};
    struct sj_strategy_status status;
    if (!open_host(&run.owner, pool, true) ||
        !add(&run.owner, "empty", NULL, &empty_plugin, 1, NULL, 0))
        return -1;
    run_dispatch(&run);
    double p50_ns = -1;
    if (sj_strategies_status(run.owner.s, 1, &status) == 0)
        p50_ns = (double)sj_hist_percentile(status.event_hist, 50);
    sj_strategies_close(run.owner.s);
    return p50_ns;
}

/* One run of a built-in over the pool, a millisecond between two events. */
static bool run_builtin(const struct pool *pool, const char *use,
                        const struct sj_strategy_param *params, uint32_t param_count,
                        uint64_t count, struct sj_hist *hist)
{
    struct owner owner;
    struct sj_strategy_status status;
    if (!open_host(&owner, pool, true) || !add(&owner, use, use, NULL, 1, params, param_count))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        owner.now_ns = (int64_t)(i + 1) * SJ_NS_PER_MS;
        sj_strategies_time(owner.s, owner.now_ns);
        sj_strategies_event(
            owner.s, (const struct sj_frame *)(const void *)&pool->books[i % EVENTS], owner.now_ns);
    }
    bool good = sj_strategies_status(owner.s, 1, &status) == 0 && status.armed &&
                status.event_count == count && status.intent_count > 0;
    sj_hist_merge(hist, status.event_hist);
    sj_strategies_close(owner.s);
    return good;
}

static int bench_builtin(const struct sj_bench_options *options, const struct pool *pool,
                         const char *use, const struct sj_strategy_param *params,
                         uint32_t param_count)
{
    if (!sj_bench_wants(options, use))
        return 0;
    struct sj_bench_figure figure = {
        .bench = "strategy", .name = use, .reference = "p50 of a guarded, timed call of nothing"};
    uint64_t count = (uint64_t)(options->scale * 500000);
    struct sj_hist *hists = calloc(options->runs, sizeof *hists);
    SJ_BENCH_CHECK(hists, "strategy %s: no memory", use);
    for (uint32_t run = 0; run < options->runs; run++) {
        double call_ns = guarded_call_ns(pool, count);
        SJ_BENCH_CHECK(call_ns > 0 &&
                           run_builtin(pool, use, params, param_count, count, &hists[run]),
                       "strategy %s: it was disarmed, or asked for nothing", use);
        sj_bench_add_reference(&figure, call_ns);
    }
    sj_bench_report_hists(options, &figure, hists, options->runs);
    free(hists);
    return 0;
}

int sj_bench_strategy(const struct sj_bench_options *options);

int sj_bench_strategy(const struct sj_bench_options *options)
{
    static const struct sj_strategy_param chase[] = {
        {"side", "buy", 0}, {"qty", "1000", 0}, {"limit", "21999", 0}, {"rounds", "1000", 0}};
    static const uint32_t counts[] = {0, 1, 8};
    struct pool *pool = calloc(1, sizeof *pool);
    SJ_BENCH_CHECK(pool && define(pool), "strategy: no instruments");
    int rc = 0;
    fill_pool(pool, options->seed, false);
    for (int guard = 0; guard < 2; guard++)
        for (int i = 0; i < 3; i++)
            rc = rc ? rc : bench_dispatch(options, pool, counts[i], guard);
    fill_pool(pool, options->seed, true);
    rc = rc ? rc : bench_builtin(options, pool, "smart_chasing", chase, 4);
    rc = rc ? rc : bench_builtin(options, pool, "micro_alpha", NULL, 0);
    rc = rc ? rc : bench_builtin(options, pool, "market_maker", NULL, 0);
    rc = rc ? rc : bench_builtin(options, pool, "touch_quoter", NULL, 0);
    sj_instruments_close(pool->instruments);
    free(pool);
    return rc;
}
SJ_BENCH(strategy, "dispatch to strategies, guarded and not, and the built-ins' on_event");
