/* Random days against a model that is slow and plain: it keeps lists and adds everything up anew
 * for each intent. Verdicts must be equal in check, value and limit; and apart from the model no
 * window and no limit is ever passed. */
#include "groups.h"
#include "model.h"

#include "base/clock.h"
#include "base/rng.h"
#include "market/calendar.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REQUESTS 200000
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define REQUESTS 200000
#endif
#endif
#ifndef REQUESTS
#define REQUESTS 10000000
#endif

struct day {
    struct bench bench;
    struct model model;
    struct sj_rng rng;
    int32_t today;
    struct sj_intent last; /* accepted order */
    uint64_t counts[SJ_RISK_CHECK_MAX + 1];
};

static int64_t below(struct day *day, int64_t bound)
{
    return (int64_t)sj_rng_below(&day->rng, (uint64_t)bound);
}

static uint32_t some_instrument(struct day *day)
{
    static const uint32_t some[] = {STOCK, STOCK, FUTURE, FUTURE, CALL, PUT, CHEAP};
    return some[below(day, 7)];
}

static int64_t some_price(struct day *day, uint32_t id)
{
    int64_t mid = model_reference_twd(id), width = mid / 25 + 2;
    return mid - width + below(day, 2 * width + 1);
}

static void some_market(struct day *day)
{
    uint32_t id = some_instrument(day);
    int64_t price = some_price(day, id);
    if (below(day, 3) == 0) {
        uint32_t flags = below(day, 8) == 0 ? SJ_FLAG_SIMTRADE : 0;
        bench_trade(&day->bench, id, price, flags);
        model_trade(&day->model, id, price, flags, day->bench.now_ns);
    } else {
        int64_t bid = below(day, 20) == 0 ? 0 : price, ask = price + below(day, 4);
        ask = below(day, 20) == 0 ? 0 : ask;
        bench_book(&day->bench, id, bid, ask);
        model_book(&day->model, id, bid, ask, day->bench.now_ns);
    }
}

static struct model_order *some_order(struct day *day)
{
    return day->model.order_count == 0 ? NULL
                                       : &day->model.orders[below(day, day->model.order_count)];
}

static void some_fill(struct day *day, struct model_order *order)
{
    /* An ended order still has the deals to come that it was told to have. */
    uint32_t whole = order->ended ? order->reported : order->quantity - order->cancelled;
    if (whole <= order->filled)
        return;
    uint32_t quantity = 1 + (uint32_t)below(day, whole - order->filled);
    struct model_order copy = *order;
    int64_t price = order->price_e6 / E6;
    bench_fill(&day->bench, copy.id, copy.instrument, copy.side == 0 ? SJ_SIDE_BUY : SJ_SIDE_SELL,
               quantity, price);
    model_fill(&day->model, copy.id, copy.instrument, copy.side, quantity, price);
}

/* What the order room would say next of an order: confirmed, part cancelled, ended. */
static void some_update(struct day *day, struct model_order *order)
{
    struct model_order copy = *order;
    int64_t price = copy.pending_e6 && below(day, 2) ? copy.pending_e6 / E6 : copy.price_e6 / E6;
    uint32_t filled = copy.filled > copy.reported ? copy.filled : copy.reported;
    uint32_t cancelled = copy.cancelled;
    enum sj_order_state state = SJ_ORDER_WORKING;
    if (copy.quantity > filled + cancelled && below(day, 4) == 0)
        filled += 1; /* told before its deal */
    if (below(day, 2) == 0) {
        state = SJ_ORDER_CANCELLED;
        cancelled = copy.quantity - filled < cancelled ? cancelled : copy.quantity - filled;
    } else if (copy.quantity > filled + cancelled && below(day, 4) == 0) {
        cancelled++;
    }
    bench_update(&day->bench, copy.id, state, copy.quantity, filled, cancelled, price);
    model_update(&day->model, copy.id, state, copy.quantity, filled, cancelled, price);
}

static void some_account(struct day *day)
{
    uint32_t account = (uint32_t)below(day, MODEL_ACCOUNTS);
    int64_t cash = below(day, 8) == 0 ? -1 : 5000000 + below(day, 30000000);
    int64_t margin = below(day, 8) == 0 ? -1 : 1000000 + below(day, 6000000);
    bench_account(&day->bench, account, cash, margin);
    model_account(&day->model, account, cash, margin, day->bench.now_ns);
}

static void some_position(struct day *day)
{
    uint32_t id = some_instrument(day);
    int64_t quantity = below(day, 9) - 4;
    bench_position(&day->bench, id, quantity);
    model_position(&day->model, id, quantity);
}

static void some_control(struct day *day)
{
    static const enum sj_control_kind starts[] = {SJ_CONTROL_KILL, SJ_CONTROL_BLOCK,
                                                  SJ_CONTROL_DISARM, SJ_CONTROL_FEED_LOST};
    static const enum sj_control_kind ends[] = {SJ_CONTROL_RESUME, SJ_CONTROL_UNBLOCK,
                                                SJ_CONTROL_ARM, SJ_CONTROL_FEED_BACK};
    enum sj_control_kind kind = below(day, 25) == 0 ? starts[below(day, 4)] : ends[below(day, 4)];
    uint32_t id = below(day, 6) == 0 ? 0 : some_instrument(day);
    uint32_t strategy = (uint32_t)below(day, MODEL_STRATEGIES);
    bench_control(&day->bench, kind, id, strategy);
    model_control(&day->model, kind, id, strategy);
}

static void some_time(struct day *day)
{
    static const int64_t steps[] = {0, 1, 1000, SJ_NS_PER_MS, 20 * SJ_NS_PER_MS, 200 * SJ_NS_PER_MS,
                                    S, S};
    day->bench.now_ns += steps[below(day, 8)];
    if (below(day, 2000) == 0)
        day->bench.now_ns += 11 * S;
    int32_t today = sj_market_trading_day(day->bench.rules, SJ_BOARD_FUTURES, day->bench.now_ns);
    if (today != day->today)
        model_day(&day->model);
    day->today = today;
}

static void spoil(struct day *day, struct sj_intent *intent)
{
    switch (below(day, 12)) {
    case 0:
        intent->price_e6 = SJ_NULL_E6;
        break;
    case 1:
        intent->price_e6 = (int64_t)(0 - (uint64_t)intent->price_e6);
        break;
    case 2:
        intent->quantity = 0;
        break;
    case 3:
        intent->side = (uint8_t)below(day, 256);
        break;
    case 4:
        intent->instrument = (uint32_t)below(day, 200);
        break;
    case 5:
        intent->time_in_force = (uint8_t)below(day, 6);
        break;
    case 6:
        intent->price_type = (uint8_t)below(day, 5);
        break;
    case 7:
        intent->price_e6 += 1 + below(day, E6);
        break;
    case 8:
        intent->quantity = (uint32_t)sj_rng_next(&day->rng);
        break;
    case 9:
        intent->price_e6 = (int64_t)sj_rng_next(&day->rng);
        break;
    case 10:
        intent->intent_id -= (uint64_t)below(day, 30);
        break;
    default:
        intent->target_id ^= 1;
    }
}

static struct sj_intent some_intent(struct day *day)
{
    uint32_t id = some_instrument(day);
    struct model_order *order = some_order(day);
    int64_t dice = below(day, 100);
    struct sj_intent intent =
        bench_place(&day->bench, id, below(day, 2) ? SJ_SIDE_BUY : SJ_SIDE_SELL,
                    1 + (uint32_t)below(day, 3), some_price(day, id));
    intent.strategy = (uint32_t)below(day, MODEL_STRATEGIES);
    intent.account = (uint32_t)below(day, MODEL_ACCOUNTS);
    if (dice < 50 && dice >= 40 && day->last.intent_id) { /* once more */
        intent = day->last;
        intent.intent_id = ++day->bench.id;
    }
    if (order && !order->ended && dice < 40) {
        enum sj_intent_kind kind = dice < 25   ? SJ_INTENT_CANCEL
                                   : dice < 33 ? SJ_INTENT_PRICE
                                               : SJ_INTENT_QUANTITY;
        intent = bench_change(&day->bench, kind, order->id);
        intent.instrument = below(day, 3) ? order->instrument : 0;
        intent.strategy = order->strategy;
        intent.account = order->account;
        if (kind == SJ_INTENT_PRICE)
            intent.price_e6 = some_price(day, order->instrument) * E6;
        if (kind == SJ_INTENT_QUANTITY)
            intent.quantity = 1 + (uint32_t)below(day, 3);
    }
    if (below(day, 8) == 0)
        spoil(day, &intent);
    return intent;
}

static bool same_verdict(struct day *day, const struct sj_intent *intent)
{
    struct model_verdict wanted;
    model_check(&day->model, intent, day->bench.now_ns, &wanted);
    bool accepted = sj_risk_check(day->bench.risk, intent, day->bench.now_ns, &day->bench.verdict);
    const struct sj_verdict *is = &day->bench.verdict;
    day->counts[is->check]++;
    if (accepted == (wanted.check == 0) && is->check == wanted.check &&
        (wanted.check == 0 || (is->value == wanted.value && is->limit == wanted.limit)))
        return true;
    print_message("risk: %s %lld / %lld, model: %s %lld / %lld\n", is->check_name,
                  (long long)is->value, (long long)is->limit, sj_risk_check_name(wanted.check),
                  (long long)wanted.value, (long long)wanted.limit);
    return false;
}

static void settings(struct sj_risk_config *config)
{
    config->reference_age_ms = 20000;
    config->duplicate_ms = 1000;
    config->account_age_ms = 60000;
    config->order_quantity_max = 2;
    config->order_value_max = 8100000;
    config->position_max = 5;
    config->group_value_max = 22000000;
    config->gross_value_max = 40000000;
    config->open_orders_max = 20;
    config->strategy_orders_max = 8;
    config->collar_aggressive = 0.02;
    config->collar_passive = 0.03;
    config->cancel_ratio_max = 0.8;
    config->cancel_ratio_orders = 20;
    config->cancel_ratio_window_s = 30;
    config->cash_check = config->margin_check = true;
    config->daily_loss_max = 500000;
    config->drawdown_max = 700000;
    config->rate_account = 60;
    config->rate_cancel_reserve = 15;
    config->rate_side = 8;
    config->rate_strategy = 10;
    config->session_check = false;
}

static void start(struct day *day, uint64_t seed)
{
    memset(day, 0, sizeof *day);
    sj_rng_init(&day->rng, seed);
    bench_init(&day->bench);
    settings(&day->bench.config);
    model_init(&day->model, &day->bench.config);
    bench_start(&day->bench);
    model_book(&day->model, STOCK, 599, 601, day->bench.now_ns);
    model_book(&day->model, FUTURE, 19999, 20001, day->bench.now_ns);
    model_book(&day->model, CALL, 99, 101, day->bench.now_ns);
    model_book(&day->model, PUT, 99, 101, day->bench.now_ns);
    model_trade(&day->model, CHEAP, 20, 0, day->bench.now_ns);
}

static void something(struct day *day)
{
    struct model_order *order = some_order(day);
    some_time(day);
    int64_t dice = below(day, 100);
    if (dice < 60)
        some_market(day);
    else if (dice < 75 && order)
        some_update(day, order);
    else if (dice < 85 && order)
        some_fill(day, order);
    else if (dice < 92)
        some_account(day);
    else if (dice < 94)
        some_position(day);
    else if (dice < 95)
        some_control(day);
    else if (dice < 97 && day->model.killed) {
        bench_control(&day->bench, SJ_CONTROL_RESUME, 0, 0);
        model_control(&day->model, SJ_CONTROL_RESUME, 0, 0);
    }
}

/* Apart from the model: what must hold whatever was asked. */
static void nothing_is_passed(struct day *day, const struct sj_intent *intent)
{
    struct sj_risk_exposure exposure;
    struct sj_risk_status status;
    sj_risk_status(day->bench.risk, &status);
    assert_true(status.open_count <= 20);
    if (intent->kind != SJ_INTENT_PLACE)
        return;
    sj_risk_exposure(day->bench.risk, intent->instrument, &exposure);
    int64_t most = 5 * (int64_t)model_unit(intent->instrument);
    if (intent->side == SJ_SIDE_BUY)
        assert_true(exposure.position + exposure.working_buy <= most);
    else
        assert_true(exposure.position - exposure.working_sell >= -most);
    assert_true(status.gross_e6 <= 40000000 * E6 || model_reduces(&day->model));
}

/* Saves, and goes on with what was restored into a new risk. */
static void restart(struct day *day)
{
    struct bench *bench = &day->bench;
    char error[SJ_RISK_ERROR_MAX];
    struct sj_risk *next = NULL;
    size_t size = sj_risk_save_size(bench->risk);
    void *blob = malloc(size);
    assert_non_null(blob);
    sj_rc used = sj_risk_save(bench->risk, blob, size);
    assert_true(used > 0);
    struct sj_risk_options options = {.config = &bench->config,
                                      .instruments = bench->instruments,
                                      .rules = bench->rules,
                                      .instrument_max = 64,
                                      .ops = bench->ops};
    assert_int_equal(sj_risk_create(&options, error, &next), 0);
    assert_int_equal(sj_risk_restore(next, blob, (size_t)used), 0);
    sj_risk_close(bench->risk);
    bench->risk = next;
    free(blob);
}

static void ten_million_random_requests_are_judged_as_the_model_does(void **state)
{
    (void)state;
    struct day *day = malloc(sizeof *day);
    uint64_t seed = getenv("SJ_SEED") ? strtoull(getenv("SJ_SEED"), NULL, 0) : 20261124;
    print_message("seed %llu, %d requests\n", (unsigned long long)seed, REQUESTS);
    assert_non_null(day);
    start(day, seed);
    for (int64_t i = 0; i < REQUESTS; i++) {
        if (i % 4 == 0)
            something(day);
        struct sj_intent intent = some_intent(day);
        if (!same_verdict(day, &intent)) {
            struct sj_risk_status status;
            sj_risk_status(day->bench.risk, &status);
            print_message("request %lld, %d (model: %d) %lld s of the day\n", (long long)i,
                          status.trading_day, day->today,
                          (long long)(sj_tw_time_of_day_ns(day->bench.now_ns) / S));
            fail();
        }
        if (day->bench.verdict.accepted) {
            model_accept(&day->model, &intent, day->bench.now_ns);
            if (intent.kind == SJ_INTENT_PLACE)
                day->last = intent;
            nothing_is_passed(day, &intent);
        }
        if (i % 100000 == 50000)
            restart(day);
    }
    for (uint32_t check = 0; check <= SJ_RISK_CHECK_MAX; check++) {
        print_message("  %10llu %s\n", (unsigned long long)day->counts[check],
                      check ? sj_risk_check_name(check) : "accepted");
        /* Tested by themselves: lists and session are the same for every request, and a drawdown
         * kills before its check can refuse. */
        if (check != SJ_RISK_CHECK_instrument_allowed && check != SJ_RISK_CHECK_session &&
            check != SJ_RISK_CHECK_drawdown && REQUESTS > 1000000)
            assert_true(day->counts[check] > 0);
    }
    model_done(&day->model);
    bench_done(&day->bench);
    free(day);
}

int risk_model(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_million_random_requests_are_judged_as_the_model_does),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
