#include "support.h"

#include <stdlib.h>

static void keep_control(void *context, const struct sj_control *control)
{
    struct bench *bench = context;
    bench->control = *control;
    bench->control_count++;
}

struct sj_instrument bench_definition(uint32_t id)
{
    static const struct {
        const char *code, *root, *underlying;
        uint8_t security, right;
        int64_t reference, multiplier, strike, tick_e6;
        uint32_t unit;
    } all[INSTRUMENTS + 1] = {
        [STOCK] = {"2330", "", "", SJ_SECURITY_STK, 0, 600, 0, 0, 0, 1000},
        [FUTURE] = {"TXFL6", "TXF", "IX0001", SJ_SECURITY_FUT, 0, 20000, 200, 0, E6, 1},
        [CALL] = {"TXO20000L6", "TXO", "IX0001", SJ_SECURITY_OPT, 'C', 100, 50, 20000, 0, 1},
        [PUT] = {"TXO20000X6", "TXO", "IX0001", SJ_SECURITY_OPT, 'P', 100, 50, 20000, 0, 1},
        [INDEX] = {"IX0001", "", "", SJ_SECURITY_IND, 0, 20000, 0, 0, 0, 1},
        [SPREAD] = {"TXFL6/A7", "TXF", "IX0001", SJ_SECURITY_FUT, 0, 20000, 200, 0, E6, 1},
        [CHEAP] = {"1101", "", "", SJ_SECURITY_STK, 0, 20, 0, 0, 0, 1000},
    };
    struct sj_instrument one = {.instrument = id,
                                .security = all[id].security,
                                .option_right = all[id].right,
                                .update_date = 20261124,
                                .reference_e6 = all[id].reference * E6,
                                .limit_up_e6 = all[id].reference * E6 * 11 / 10,
                                .limit_down_e6 = all[id].reference * E6 * 9 / 10,
                                .strike_e6 = all[id].strike ? all[id].strike * E6 : SJ_NULL_E6,
                                .multiplier_e6 =
                                    all[id].multiplier ? all[id].multiplier * E6 : SJ_NULL_E6,
                                .tick_e6 = all[id].tick_e6 ? all[id].tick_e6 : SJ_NULL_E6,
                                .unit = all[id].unit};
    sj_frame_head(&one, SJ_EVENT_INSTRUMENT, sizeof one);
    memcpy(one.code, all[id].code, strlen(all[id].code));
    memcpy(one.root, all[id].root, strlen(all[id].root));
    memcpy(one.underlying_code, all[id].underlying, strlen(all[id].underlying));
    return one;
}

void bench_init(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    char error[SJ_RULES_ERROR_MAX] = "";
    struct sj_risk_config *config = &bench->config;
    bench->now_ns = sj_tw_to_utc_ns(20261124, 10 * 3600 * S);
    assert_int_equal(sj_risk_config_default(config), 0);
    config->reference_age_ms = config->duplicate_ms = config->account_age_ms = 0;
    config->order_value_max = config->position_max = config->group_value_max = 0;
    config->gross_value_max = config->daily_loss_max = config->drawdown_max = 0;
    config->order_quantity_max = config->rate_side = config->rate_strategy = 0;
    config->cash_check = config->margin_check = false;
    config->cancel_ratio_max = 0;
    config->open_orders_max = 2048;
    config->strategy_orders_max = 0;
    config->rate_account = 250;
    config->rate_cancel_reserve = 50;
    config->rate_window_ms = 10000;
    config->session_check = true;
    assert_int_equal(sj_market_rules_load(NULL, error, &bench->rules), 0);
    assert_int_equal(sj_instruments_create(64, &bench->instruments), 0);
    for (uint32_t id = 1; id <= INSTRUMENTS; id++) {
        struct sj_instrument one = bench_definition(id);
        uint32_t given;
        assert_int_equal(sj_instruments_put(bench->instruments, &one, &given), 0);
        assert_int_equal(given, id);
    }
}

void bench_start(struct bench *bench)
{
    char error[SJ_RISK_ERROR_MAX] = "";
    bench->ops = (struct sj_risk_ops){bench, keep_control};
    struct sj_risk_options options = {.config = &bench->config,
                                      .instruments = bench->instruments,
                                      .rules = bench->rules,
                                      .instrument_max = 64,
                                      .ops = bench->ops};
    assert_int_equal(sj_risk_create(&options, error, &bench->risk), 0);
    bench_book(bench, STOCK, 599, 601);
    bench_book(bench, FUTURE, 19999, 20001);
    bench_book(bench, CALL, 99, 101);
    bench_book(bench, PUT, 99, 101);
    bench_trade(bench, CHEAP, 20, 0);
}

void bench_done(struct bench *bench)
{
    sj_risk_close(bench->risk);
    sj_instruments_close(bench->instruments);
    sj_market_rules_free(bench->rules);
}

void bench_book(struct bench *bench, uint32_t id, int64_t bid, int64_t ask)
{
    struct sj_book book = {.instrument = id};
    sj_frame_head(&book, SJ_EVENT_BOOK, sizeof book);
    book.bid_price_e6[0] = bid ? bid * E6 : SJ_NULL_E6;
    book.ask_price_e6[0] = ask ? ask * E6 : SJ_NULL_E6;
    sj_risk_market(bench->risk, (struct sj_frame *)&book, bench->now_ns);
}

void bench_trade(struct bench *bench, uint32_t id, int64_t price, uint32_t flags)
{
    struct sj_trade trade = {.instrument = id, .flags = flags, .price_e6 = price * E6};
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof trade);
    sj_risk_market(bench->risk, (struct sj_frame *)&trade, bench->now_ns);
}

void bench_account(struct bench *bench, uint32_t account, int64_t cash, int64_t margin)
{
    struct sj_account_snapshot snapshot = {.account = account,
                                           .recv_ns = bench->now_ns,
                                           .cash_e6 = cash < 0 ? SJ_NULL_E6 : cash * E6,
                                           .margin_available_e6 =
                                               margin < 0 ? SJ_NULL_E6 : margin * E6};
    sj_frame_head(&snapshot, SJ_EVENT_ACCOUNT, sizeof snapshot);
    sj_risk_account(bench->risk, (struct sj_frame *)&snapshot);
}

void bench_position(struct bench *bench, uint32_t id, int64_t quantity)
{
    struct sj_position_snapshot snapshot = {.instrument = id,
                                            .recv_ns = bench->now_ns,
                                            .quantity = quantity,
                                            .own_quantity = quantity,
                                            .last_price_e6 = SJ_NULL_E6};
    sj_frame_head(&snapshot, SJ_EVENT_POSITION, sizeof snapshot);
    sj_risk_account(bench->risk, (struct sj_frame *)&snapshot);
}

void bench_control(struct bench *bench, enum sj_control_kind kind, uint32_t instrument,
                   uint32_t strategy)
{
    struct sj_control control = {.kind = (uint8_t)kind,
                                 .source = SJ_CONTROL_BY_COMMAND,
                                 .instrument = instrument,
                                 .strategy = strategy,
                                 .recv_ns = bench->now_ns};
    sj_frame_head(&control, SJ_EVENT_CONTROL, sizeof control);
    sj_risk_control(bench->risk, &control);
}

struct sj_intent bench_place(struct bench *bench, uint32_t id, enum sj_side side, uint32_t quantity,
                             int64_t price)
{
    struct sj_intent intent = {.intent_id = ++bench->id,
                               .instrument = id,
                               .price_e6 = price * E6,
                               .quantity = quantity,
                               .strategy = 1,
                               .kind = SJ_INTENT_PLACE,
                               .side = (uint8_t)side,
                               .price_type = SJ_ORDER_LMT,
                               .time_in_force = SJ_ORDER_ROD};
    sj_frame_head(&intent, SJ_EVENT_INTENT, sizeof intent);
    return intent;
}

struct sj_intent bench_change(struct bench *bench, enum sj_intent_kind kind, uint64_t target)
{
    struct sj_intent intent = {.intent_id = ++bench->id,
                               .target_id = target,
                               .kind = (uint8_t)kind,
                               .strategy = 1,
                               .price_e6 = SJ_NULL_E6};
    sj_frame_head(&intent, SJ_EVENT_INTENT, sizeof intent);
    return intent;
}

const char *bench_judge(struct bench *bench, const struct sj_intent *intent)
{
    bool accepted = sj_risk_check(bench->risk, intent, bench->now_ns, &bench->verdict);
    const struct sj_verdict *verdict = &bench->verdict;
    assert_int_equal(verdict->accepted, accepted);
    assert_int_equal(accepted, verdict->check == 0);
    assert_int_equal(verdict->intent_id, intent->intent_id);
    assert_int_equal(verdict->template_id, SJ_EVENT_VERDICT);
    assert_int_equal(sj_frame_size(verdict), sizeof *verdict);
    assert_string_equal(verdict->check_name, sj_risk_check_name(verdict->check));
    return sj_risk_check_name(verdict->check);
}

uint64_t bench_accept(struct bench *bench, uint32_t id, enum sj_side side, uint32_t quantity,
                      int64_t price)
{
    struct sj_intent intent = bench_place(bench, id, side, quantity, price);
    assert_string_equal(bench_judge(bench, &intent), "");
    return intent.intent_id;
}

void bench_update(struct bench *bench, uint64_t intent_id, enum sj_order_state state,
                  uint32_t quantity, uint32_t filled, uint32_t cancelled, int64_t price)
{
    struct sj_order_update update = {.intent_id = intent_id,
                                     .recv_ns = bench->now_ns,
                                     .price_e6 = price * E6,
                                     .quantity = quantity,
                                     .filled = filled,
                                     .cancelled = cancelled,
                                     .strategy = 1,
                                     .state_to = (uint8_t)state};
    sj_frame_head(&update, SJ_EVENT_ORDER, sizeof update);
    sj_risk_order(bench->risk, &update);
}

void bench_fill(struct bench *bench, uint64_t intent_id, uint32_t id, enum sj_side side,
                uint32_t quantity, int64_t price)
{
    struct sj_fill fill = {.intent_id = intent_id,
                           .recv_ns = bench->now_ns,
                           .instrument = id,
                           .price_e6 = price * E6,
                           .quantity = quantity,
                           .strategy = 1,
                           .side = (uint8_t)side};
    sj_frame_head(&fill, SJ_EVENT_FILL, sizeof fill);
    sj_risk_fill(bench->risk, &fill);
}
