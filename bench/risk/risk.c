/* All checks of an intent in a state as on a busy day: 1,000 instruments with prices and positions,
 * some 400 working orders of four strategies, market events between the intents; places, price and
 * quantity changes and cancels, accepted and refused. Each call is timed by itself and the clock's
 * own cost is in the figure; the reference is an empty call timed the same way. */
#include "risk/risk.h"

#include "base/clock.h"
#include "base/rate.h"
#include "base/rng.h"
#include "bench/bench.h"
#include "shijim/strategy.h"

#include <stdlib.h>
#include <string.h>

#define INSTRUMENT_COUNT 1000
#define FUTURE_COUNT 100
#define WORKING_COUNT 400
#define EVENTS_BETWEEN 8
#define STEP_NS (45 * SJ_NS_PER_MS)
#define E6 INT64_C(1000000)

int sj_bench_risk(const struct sj_bench_options *options);

struct desk {
    struct sj_risk_config config;
    struct sj_market_rules *rules;
    struct sj_risk *risk;
    struct sj_rng rng;
    int64_t now_ns;
    int64_t price_e6[INSTRUMENT_COUNT + 1];
    uint64_t next_id;
    uint64_t working[WORKING_COUNT]; /* ids, oldest first from `oldest` */
    struct sj_intent intents[WORKING_COUNT];
    uint32_t oldest, working_count;
    uint64_t accepted_count, refused_count, kinds[5];
};

static void define(struct desk *desk, uint32_t id)
{
    bool future = id <= FUTURE_COUNT;
    int64_t reference_e6 = future ? 20000 * E6 : 100 * E6;
    struct sj_instrument one = {.instrument = id,
                                .security = future ? SJ_SECURITY_FUT : SJ_SECURITY_STK,
                                .reference_e6 = reference_e6,
                                .limit_up_e6 = reference_e6 * 11 / 10,
                                .limit_down_e6 = reference_e6 * 9 / 10,
                                .multiplier_e6 = future ? 200 * E6 : SJ_NULL_E6,
                                .tick_e6 = future ? E6 : SJ_NULL_E6,
                                .unit = future ? 1 : 1000,
                                .update_date = 20261124};
    sj_frame_head(&one, SJ_EVENT_INSTRUMENT, sizeof one);
    snprintf(one.code, sizeof one.code, future ? "TXF%u" : "%04u", id);
    if (future)
        snprintf(one.root, sizeof one.root, "R%02u", id % 20);
    desk->price_e6[id] = reference_e6;
    sj_risk_market(desk->risk, (struct sj_frame *)&one, desk->now_ns);
}

static int64_t tick_of(uint32_t id)
{
    return id <= FUTURE_COUNT ? E6 : E6 / 2;
}

static void market(struct desk *desk, uint32_t id)
{
    struct sj_book book = {.instrument = id};
    int64_t tick_e6 = tick_of(id);
    int64_t moved_e6 = desk->price_e6[id] + tick_e6 * sj_rng_range(&desk->rng, -1, 1);
    int64_t base_e6 = id <= FUTURE_COUNT ? 20000 * E6 : 105 * E6;
    if (llabs(moved_e6 - base_e6) < base_e6 / 50)
        desk->price_e6[id] = moved_e6;
    sj_frame_head(&book, SJ_EVENT_BOOK, sizeof book);
    book.bid_price_e6[0] = desk->price_e6[id] - tick_e6;
    book.ask_price_e6[0] = desk->price_e6[id] + tick_e6;
    sj_risk_market(desk->risk, (struct sj_frame *)&book, desk->now_ns);
}

static void snapshots(struct desk *desk)
{
    for (uint32_t account = 0; account < 2; account++) {
        struct sj_account_snapshot one = {.account = account,
                                          .recv_ns = desk->now_ns,
                                          .cash_e6 = 1000000000 * E6,
                                          .margin_available_e6 = 1000000000 * E6};
        sj_frame_head(&one, SJ_EVENT_ACCOUNT, sizeof one);
        sj_risk_account(desk->risk, (struct sj_frame *)&one);
    }
}

static int start(struct desk *desk, uint64_t seed)
{
    char error[SJ_RISK_ERROR_MAX];
    sj_rng_init(&desk->rng, seed);
    desk->now_ns = sj_tw_to_utc_ns(20261124, 9 * 3600 * SJ_NS_PER_S);
    SJ_BENCH_CHECK(sj_market_rules_load(NULL, error, &desk->rules) == 0 &&
                       sj_risk_config_default(&desk->config) == 0,
                   "rules and configuration");
    desk->config.cancel_ratio_max = 5;
    desk->config.open_orders_max = WORKING_COUNT + 10;
    desk->config.strategy_orders_max = WORKING_COUNT;
    desk->config.gross_value_max = desk->config.group_value_max = 1000000000000;
    desk->config.daily_loss_max = desk->config.drawdown_max = 1000000000000;
    desk->config.rate_window_ms = 10000;
    struct sj_risk_options options = {
        .config = &desk->config, .rules = desk->rules, .instrument_max = INSTRUMENT_COUNT};
    SJ_BENCH_CHECK(sj_risk_create(&options, error, &desk->risk) == 0, "%s", error);
    for (uint32_t id = 1; id <= INSTRUMENT_COUNT; id++) {
        define(desk, id);
        struct sj_position_snapshot one = {.instrument = id,
                                           .account = id <= FUTURE_COUNT,
                                           .recv_ns = desk->now_ns,
                                           .quantity = sj_rng_range(&desk->rng, 0, 5)};
        one.own_quantity = one.quantity;
        sj_frame_head(&one, SJ_EVENT_POSITION, sizeof one);
        sj_risk_account(desk->risk, (struct sj_frame *)&one);
        desk->price_e6[id] = id <= FUTURE_COUNT ? 20000 * E6 : 105 * E6;
        market(desk, id);
    }
    return 0;
}

/* The oldest working order ends; its event is not timed. */
static void end_oldest(struct desk *desk)
{
    struct sj_order_update update = {.intent_id = desk->working[desk->oldest],
                                     .quantity = desk->intents[desk->oldest].quantity,
                                     .cancelled = desk->intents[desk->oldest].quantity,
                                     .state_to = SJ_ORDER_CANCELLED};
    update.price_e6 = desk->intents[desk->oldest].price_e6;
    sj_frame_head(&update, SJ_EVENT_ORDER, sizeof update);
    sj_risk_order(desk->risk, &update);
    desk->oldest = (desk->oldest + 1) % WORKING_COUNT;
    desk->working_count--;
}

static struct sj_intent make_place(struct desk *desk, uint32_t id)
{
    bool buy = sj_rng_below(&desk->rng, 2) == 0;
    int64_t away_e6 = tick_of(id) * sj_rng_range(&desk->rng, 1, 5);
    struct sj_intent intent = {.intent_id = ++desk->next_id,
                               .instrument = id,
                               .account = id <= FUTURE_COUNT,
                               .kind = SJ_INTENT_PLACE,
                               .strategy = 1 + (uint32_t)sj_rng_below(&desk->rng, 4),
                               .quantity = (uint32_t)sj_rng_range(&desk->rng, 1, 3),
                               .side = buy ? SJ_SIDE_BUY : SJ_SIDE_SELL,
                               .price_type = SJ_ORDER_LMT,
                               .time_in_force = SJ_ORDER_ROD,
                               .price_e6 = desk->price_e6[id] + (buy ? -away_e6 : away_e6)};
    return intent;
}

static struct sj_intent make(struct desk *desk, uint32_t id)
{
    struct sj_intent intent = make_place(desk, id);
    uint64_t dice = sj_rng_below(&desk->rng, 100);
    if (dice < 55 || desk->working_count == 0) {
        if (dice < 3)
            intent.price_e6 = SJ_NULL_E6;
        else if (dice < 6)
            intent.price_e6 += 100000;
        else if (dice < 9)
            intent.quantity = 100;
    } else {
        uint32_t back = (uint32_t)sj_rng_below(&desk->rng, desk->working_count);
        const struct sj_intent *of = &desk->intents[(desk->oldest + back) % WORKING_COUNT];
        intent.target_id = of->intent_id;
        intent.instrument = of->instrument;
        intent.strategy = of->strategy;
        intent.account = of->account;
        intent.kind = dice < 85 ? SJ_INTENT_CANCEL : SJ_INTENT_PRICE;
        intent.price_e6 = of->price_e6 + (of->side == SJ_SIDE_BUY ? -tick_of(of->instrument)
                                                                  : tick_of(of->instrument));
    }
    sj_frame_head(&intent, SJ_EVENT_INTENT, sizeof intent);
    return intent;
}

static void note(struct desk *desk, const struct sj_intent *intent, bool accepted)
{
    desk->accepted_count += accepted;
    desk->refused_count += !accepted;
    desk->kinds[intent->kind % 5]++;
    if (!accepted || intent->kind != SJ_INTENT_PLACE)
        return;
    if (desk->working_count == WORKING_COUNT)
        end_oldest(desk);
    uint32_t at = (desk->oldest + desk->working_count++) % WORKING_COUNT;
    desk->working[at] = intent->intent_id;
    desk->intents[at] = *intent;
}

__attribute__((noinline)) static bool empty_call(struct sj_risk *risk,
                                                 const struct sj_intent *intent, int64_t now_ns,
                                                 struct sj_verdict *verdict)
{
    SJ_BENCH_KEEP(risk);
    SJ_BENCH_KEEP(intent);
    SJ_BENCH_KEEP(now_ns);
    SJ_BENCH_KEEP(verdict);
    return false;
}

/* One run: every intent judged and timed; returns nothing measured when something was wrong. */
static int run(struct desk *desk, uint32_t count, struct sj_hist *hist, struct sj_hist *empty)
{
    static struct sj_verdict verdict;
    for (uint32_t i = 0; i < count; i++) {
        desk->now_ns += STEP_NS;
        if (i % 256 == 0)
            snapshots(desk);
        for (uint32_t k = 0; k < EVENTS_BETWEEN; k++)
            market(desk, 1 + (uint32_t)sj_rng_below(&desk->rng, INSTRUMENT_COUNT));
        struct sj_intent intent =
            make(desk, 1 + (uint32_t)sj_rng_below(&desk->rng, INSTRUMENT_COUNT));
        market(desk, intent.instrument);
        int64_t began_ns = sj_clock_mono_ns();
        bool accepted = sj_risk_check(desk->risk, &intent, desk->now_ns, &verdict);
        int64_t ended_ns = sj_clock_mono_ns();
        bool other = empty_call(desk->risk, &intent, desk->now_ns, &verdict);
        int64_t idle_ns = sj_clock_mono_ns();
        sj_hist_record(hist, ended_ns - began_ns);
        sj_hist_record(empty, idle_ns - ended_ns);
        SJ_BENCH_CHECK(!other && verdict.intent_id == intent.intent_id, "another's verdict");
        note(desk, &intent, accepted);
    }
    return 0;
}

static int bench_checks(const struct sj_bench_options *options, struct desk *desk)
{
    struct sj_bench_figure figure = {
        .bench = "risk", .name = "all_checks", .reference = "empty_call"};
    uint32_t count = (uint32_t)(40000 * options->scale) + 1000;
    struct sj_hist *hists = calloc(options->runs + 1, sizeof *hists);
    struct sj_hist *empty = calloc(1, sizeof *empty);
    int failed = hists && empty ? 0 : 1;
    for (uint32_t i = 0; i <= options->runs && !failed; i++) {
        sj_hist_reset(empty);
        failed = run(desk, count, &hists[i == 0 ? options->runs : i - 1], empty);
        if (i > 0)
            sj_bench_add_reference(&figure, (double)sj_hist_percentile(empty, 50));
    }
    struct sj_risk_status status;
    sj_risk_status(desk->risk, &status);
    if (!failed &&
        (status.accepted_count != desk->accepted_count ||
         status.refused_count != desk->refused_count || desk->accepted_count < count / 3))
        failed = 1;
    if (!failed)
        sj_bench_report_hists(options, &figure, hists, options->runs);
    else
        fprintf(stderr, "shijim bench risk: accepted %llu, refused %llu: not what was asked\n",
                (unsigned long long)desk->accepted_count, (unsigned long long)desk->refused_count);
    if (getenv("SJ_BENCH_RISK_STATUS"))
        for (uint32_t i = 1; i <= SJ_RISK_CHECK_MAX; i++)
            fprintf(stderr, "%s %llu\n", sj_risk_check_name(i),
                    (unsigned long long)status.refused_by[i]);
    free(hists);
    free(empty);
    return failed;
}

struct taker {
    struct sj_rate rate;
    int64_t now_ns;
};

/* A limiter at its usual load: a slot is nearly always free. ns a take. */
static double run_rate(void *context)
{
    struct taker *taker = context;
    uint32_t count = 2000000;
    int64_t refused = 0, began_ns = sj_clock_mono_ns();
    for (uint32_t i = 0; i < count; i++) {
        taker->now_ns += 45 * SJ_NS_PER_MS;
        refused += sj_rate_take(&taker->rate, taker->now_ns, false) != 0;
    }
    double took_ns = (double)(sj_clock_mono_ns() - began_ns);
    SJ_BENCH_KEEP(refused);
    return took_ns / count;
}

int sj_bench_risk(const struct sj_bench_options *options)
{
    struct desk *desk = calloc(1, sizeof *desk);
    SJ_BENCH_CHECK(desk, "no memory");
    int failed = start(desk, options->seed);
    if (!failed && sj_bench_wants(options, "all_checks"))
        failed = bench_checks(options, desk);
    sj_risk_close(desk->risk);
    sj_market_rules_free(desk->rules);
    free(desk);
    if (!failed && sj_bench_wants(options, "rate_take")) {
        struct taker taker = {.now_ns = SJ_NS_PER_S};
        struct sj_bench_figure figure = {"risk", "rate_take", "ns_per_op", "ns"};
        SJ_BENCH_CHECK(sj_rate_init(&taker.rate, 250, 10, 10 * SJ_NS_PER_S) == 0, "rate");
        sj_bench_measure(options, &figure, run_rate, &taker);
        sj_bench_report(options, &figure);
    }
    return failed;
}
SJ_BENCH(risk, "all checks of an intent, and the limiter of calls");
