/* The sessions of a trading day, the night before it first; and warrants, which trade as stocks do.
 */
#include "sim_client.h"

#include "base/tw_time.h"

#define SECOND_NS SJ_NS_PER_S
#define BUSY_NS (5 * SJ_NS_PER_S)
#define RATE 3000

static void a_night(struct sj_brokersim_options *options)
{
    options->always_open = false;
    options->instrument_count = 30;
    options->date = 20261124; /* a Tuesday */
    options->start_second = 14 * 3600 + 59 * 60 + 58;
    options->rate = RATE;
}

static const struct sj_sim_state *state_of(struct sim_client *client, const char *code)
{
    const struct sj_sim_universe *universe = &client->sim->universe;
    uint32_t at = sj_sim_universe_find(universe, code);
    assert_true(at != SJ_SIM_NONE);
    if (universe->list[at].target != SJ_SIM_NONE)
        at = universe->list[at].target;
    return &client->sim->source->states[at];
}

/* Lets the market's time pass until a Taipei time of a day: hours of it slowly, the last seconds
 * busily. */
static void run_to(struct sim_client *client, int32_t date, const char *clock)
{
    struct sj_market_source *source = client->sim->source;
    int64_t time_ns;
    assert_true(sj_time_of_day_parse(clock, strlen(clock), &time_ns) >= 0);
    int64_t until = sj_tw_to_utc_ns(date, time_ns);
    assert_true(source->now_ns <= until);
    source->rate = 1;
    while (source->now_ns < until - BUSY_NS && !source->ended)
        source->ops->run(source, until - BUSY_NS, 1 << 16);
    source->rate = RATE;
    while (source->now_ns < until && !source->ended)
        source->ops->run(source, until, 1 << 16);
    sim_restart_pace(client->sim);
}

static json_t *place_future(struct sim_client *client, double away)
{
    const struct sj_quote *quote = &state_of(client, "TXFR1")->quote;
    double price = (double)quote->bid_price_e6[0] / 1e6 - away;
    return sim_post(client, "/order/place_order",
                    "{\"contract\":{\"code\":\"TXFR1\"},\"futures_order\":{\"action\":\"Buy\","
                    "\"price\":%.0f,\"quantity\":1,\"price_type\":\"LMT\",\"order_type\":\"ROD\"}}",
                    price);
}

static void the_night_trades_futures_and_no_stocks(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(a_night);
    assert_int_equal(sj_tw_date(client->sim->source->now_ns), 20261123);
    assert_int_equal(state_of(client, "TXFR1")->phase, SJ_PHASE_AUCTION);
    assert_int_equal(state_of(client, "2330")->phase, SJ_PHASE_CLOSED);
    run_to(client, 20261123, "15:00:05");
    assert_int_equal(state_of(client, "TXFR1")->phase, SJ_PHASE_CONTINUOUS);
    assert_true(state_of(client, "TXFR1")->quote.total_volume > 0);
    int64_t before = state_of(client, "2330")->quote.exch_ns;
    run_to(client, 20261124, "00:00:01");
    assert_int_equal(state_of(client, "TXFR1")->phase, SJ_PHASE_CONTINUOUS);
    assert_int_equal(state_of(client, "2330")->quote.exch_ns, before);
    sim_stream(client, 0);
    json_decref(place_future(client, 100));
    json_t *event = sim_event(client, 2000);
    assert_string_equal(sim_text_at(event, "data.FuturesOrder.operation.op_code"), "00");
    assert_string_equal(sim_text_at(event, "data.FuturesOrder.order.market_type"), "Night");
    json_decref(event);
    json_decref(sim_place(client, "Buy", 1080, 1));
    event = sim_event(client, 2000);
    assert_string_equal(sim_text_at(event, "data.StockOrder.operation.op_code"), "88");
    json_decref(event);
    sim_end(client);
}

static void a_session_ends_its_orders_and_the_next_begins_anew(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(a_night);
    run_to(client, 20261124, "04:59:58");
    sim_stream(client, 0);
    json_decref(place_future(client, 200));
    json_t *event = sim_event(client, 2000);
    assert_string_equal(sim_text_at(event, "data.FuturesOrder.operation.op_type"), "New");
    json_decref(event);
    uint64_t night_volume = (uint64_t)state_of(client, "TXFR1")->quote.total_volume;
    run_to(client, 20261124, "05:00:01");
    assert_int_equal(state_of(client, "TXFR1")->phase, SJ_PHASE_CLOSED);
    event = sim_event(client, 5000);
    assert_string_equal(sim_text_at(event, "data.FuturesOrder.operation.op_type"), "Cancel");
    assert_string_equal(sim_text_at(event, "data.FuturesOrder.operation.op_msg"),
                        "the session is over");
    json_decref(event);
    json_t *list = sim_post(client, "/order/trades", "{\"account_type\":\"F\"}");
    assert_string_equal(sim_text_at(list, "0.status.status"), "Cancelled");
    json_decref(list);
    run_to(client, 20261124, "08:45:02");
    assert_int_equal(state_of(client, "TXFR1")->phase, SJ_PHASE_CONTINUOUS);
    assert_int_equal(state_of(client, "2330")->phase, SJ_PHASE_AUCTION);
    assert_true((uint64_t)state_of(client, "TXFR1")->quote.total_volume < night_volume);
    assert_true(state_of(client, "TXFR1")->quote.total_volume > 0);
    json_decref(place_future(client, 100));
    event = sim_event(client, 2000);
    assert_string_equal(sim_text_at(event, "data.FuturesOrder.order.market_type"), "Day");
    json_decref(event);
    run_to(client, 20261124, "13:50:00");
    assert_true(client->sim->source->ended);
    sim_end(client);
}

static void the_hour_says_on_which_day_a_trading_day_begins(void **state)
{
    (void)state;
    static const struct {
        uint32_t date, hour;
        int32_t begins;
    } cases[] = {{20261124, 15, 20261123}, {20261124, 23, 20261123}, {20261124, 4, 20261124},
                 {20261124, 9, 20261124},  {20261123, 15, 20261120}, {20261123, 4, 20261121},
                 {20261123, 9, 20261123},  {20261123, 14, 20261123}};
    char error[SJ_RULES_ERROR_MAX];
    struct sj_market_rules *rules;
    assert_true(sj_market_rules_load(NULL, error, &rules) >= 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t start = sj_synth_start_ns(rules, cases[i].date, cases[i].hour * 3600);
        assert_int_equal(sj_tw_date(start), cases[i].begins);
        assert_int_equal(sj_tw_time_of_day_ns(start), cases[i].hour * 3600 * SECOND_NS);
    }
    /* Before there was a night session there is only the day. */
    int64_t start = sj_synth_start_ns(rules, 20100105, 15 * 3600);
    assert_int_equal(sj_tw_date(start), 20100105);
    sj_market_rules_free(rules);
}

static void with_warrants(struct sj_brokersim_options *options)
{
    options->instrument_count = 30;
}

static void warrants_are_listed_and_described(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(with_warrants);
    json_t *json;
    assert_int_equal(
        sim_call(client, 0, "GET", "/api/v1/data/contracts?security_type=WRT", NULL, &json), 200);
    assert_string_equal(sim_text_at(json, "contracts.0.code"), "030001");
    json_decref(json);
    assert_int_equal(sim_call(client, 0, "GET",
                              "/api/v1/data/contracts/030001/info?security_type=WRT", NULL, &json),
                     200);
    assert_string_equal(sim_text_at(json, "dataset"), "TW/WRT");
    assert_string_equal(sim_text_at(json, "underlying_code"), "2330");
    double reference = sim_number_at(json, "reference");
    /* It may move by its part of what the stock may move: 2 % of 108. */
    assert_float_equal(sim_number_at(json, "limit_up"), reference + 2.16, 0.05);
    json_decref(json);
    assert_int_equal(
        sim_call(client, 0, "GET", "/api/v1/data/contracts/warrants/underlyings", NULL, &json),
        200);
    assert_string_equal(sim_text_at(json, "0.underlying_code"), "2330");
    json_decref(json);
    sim_end(client);
}

static void a_warrants_ticks_and_books_come_on_the_stocks_channels(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(with_warrants);
    struct sj_market_source *source = client->sim->source;
    static const char *const types[] = {"Tick", "BidAsk"};
    for (int i = 0; i < 2; i++)
        json_decref(sim_post(client, "/stream/subscribe",
                             "{\"security_type\":\"WRT\",\"exchange\":\"TSE\",\"code\":\"030001\","
                             "\"quote_type\":\"%s\",\"intraday_odd\":false}",
                             types[i]));
    sim_stream_of(client, 0, "");
    source->rate = 20000;
    source->ops->run(source, source->now_ns + 10 * SECOND_NS, 1 << 20);
    source->rate = 0;
    for (int i = 0; i < 50; i++)
        sim_read(client);
    assert_non_null(strstr(client->stream_text, "event: tick_stk\ndata: {\"code\":\"030001\""));
    assert_non_null(strstr(client->stream_text, "event: bidask_stk\ndata: {\"code\":\"030001\""));
    sim_end(client);
}

static void warrants_pay_their_own_tax_and_take_no_odd_lots(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(with_warrants);
    const struct sj_quote *quote = &state_of(client, "030001")->quote;
    static const char form[] = "{\"contract\":{\"code\":\"030001\"},\"stock_order\":{\"action\":"
                               "\"Sell\",\"price\":%.2f,\"quantity\":1,\"price_type\":\"LMT\","
                               "\"order_type\":\"ROD\"%s}}";
    double price = (double)quote->bid_price_e6[0] / 1e6;
    char body[300];
    snprintf(body, sizeof body, form, price, ",\"order_lot\":\"IntradayOdd\"");
    assert_int_equal(sim_call(client, 0, "POST", "/api/v1/order/place_order", body, NULL), 400);
    json_decref(sim_post(client, "/order/place_order", form, price, ""));
    json_t *json = sim_post(client, "/portfolio/settlements", "{\"account_type\":\"S\"}");
    int64_t amount_e6 = quote->price_e6 * 1000, tax = amount_e6 / 1000000 / 1000;
    int64_t fee = amount_e6 / 1000000 * 1425 / 1000000;
    assert_float_equal(sim_number_at(json, "2.amount"),
                       (double)amount_e6 / 1e6 - (double)tax - (double)(fee > 20 ? fee : 20), 1e-6);
    json_decref(json);
    sim_end(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_night_trades_futures_and_no_stocks),
        cmocka_unit_test(a_session_ends_its_orders_and_the_next_begins_anew),
        cmocka_unit_test(the_hour_says_on_which_day_a_trading_day_begins),
        cmocka_unit_test(warrants_are_listed_and_described),
        cmocka_unit_test(a_warrants_ticks_and_books_come_on_the_stocks_channels),
        cmocka_unit_test(warrants_pay_their_own_tax_and_take_no_odd_lots),
    };
    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
