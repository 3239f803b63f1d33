/* Money and positions follow from the fills, to the cent: each number is worked out again from the
 * deals a client sees. */
#include "sim_client.h"

#include "base/rng.h"

#include <math.h>

#define SEED 7
#define ORDERS 400

static json_t *place(struct sim_client *client, const char *code, const char *kind,
                     const char *action, double price, int quantity, const char *more)
{
    bool stock = strcmp(kind, "stock_order") == 0;
    return sim_post(client, "/order/place_order",
                    "{\"contract\":{\"code\":\"%s\"},\"%s\":{\"action\":\"%s\",\"price\":%.2f,"
                    "\"quantity\":%d,\"price_type\":\"LMT\",\"order_type\":\"ROD\"%s%s}}",
                    code, kind, action, price, quantity, stock ? "" : ",\"octype\":\"Auto\"", more);
}

static const struct sj_sim_instrument *find(struct sim_client *client, const char *code,
                                            const struct sj_quote **ret_quote)
{
    const struct sj_brokersim *sim = client->sim;
    uint32_t at = sj_sim_universe_find(&sim->universe, code);
    assert_true(at != SJ_SIM_NONE);
    if (sim->universe.list[at].target != SJ_SIM_NONE)
        at = sim->universe.list[at].target;
    *ret_quote = &sim->source->states[at].quote;
    return &sim->universe.list[at];
}

/* Trades `quantity` at once, at the best price of the other side. Gives that price. */
static double trade(struct sim_client *client, const char *code, const char *action, int quantity,
                    const char *more)
{
    const struct sj_quote *quote;
    bool stock = !sj_sim_is_fop((enum sj_security)find(client, code, &quote)->security);
    bool buy = strcmp(action, "Buy") == 0;
    double price = (double)(buy ? quote->ask_price_e6[0] : quote->bid_price_e6[0]) / 1e6;
    assert_true(quantity <= (int)(buy ? quote->ask_volume[0] : quote->bid_volume[0]));
    json_decref(place(client, code, stock ? "stock_order" : "futures_order", action, price,
                      quantity, more));
    return price;
}

static double portfolio(struct sim_client *client, const char *what, const char *account,
                        const char *path)
{
    char url[64];
    snprintf(url, sizeof url, "/portfolio/%s", what);
    json_t *json = sim_post(client, url, "{\"account_type\":\"%s\",\"detail_id\":0}", account);
    double value = sim_number_at(json, path);
    json_decref(json);
    return value;
}

static void a_bought_and_sold_stock_pays_fees_and_the_day_trade_tax(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    double bought = trade(client, "2330", "Buy", 1, "") * 1000;
    double cost = bought + floor(bought * 0.001425);
    assert_float_equal(portfolio(client, "settlements", "S", "2.amount"), -cost, 1e-6);
    assert_float_equal(portfolio(client, "position_unit", "S", "0.quantity"), 1, 0);
    assert_float_equal(portfolio(client, "position_unit", "S", "0.price"), bought / 1000, 1e-6);
    assert_float_equal(portfolio(client, "trading_limits", "S", "trading_used"), bought, 1);
    double sold = trade(client, "2330", "Sell", 1, "") * 1000;
    double gain = sold - floor(sold * 0.001425) - floor(sold * 0.0015);
    assert_float_equal(portfolio(client, "settlements", "S", "2.amount"), gain - cost, 1e-6);
    assert_float_equal(portfolio(client, "account_balance", "S", "acc_balance"), 1e8, 0);
    assert_float_equal(portfolio(client, "profit_loss", "S", "0.pnl"), sold - bought, 1e-6);
    assert_float_equal(portfolio(client, "profitloss_sum", "S", "total.pnl"), sold - bought, 1e-6);
    assert_float_equal(portfolio(client, "profitloss_sum", "S", "profitloss_sum.0.buy_cost"),
                       bought, 1e-6);
    json_t *json = sim_post(client, "/portfolio/position_unit", "{\"account_type\":\"S\"}");
    assert_int_equal(json_array_size(json), 0);
    json_decref(json);
    sim_end(client);
}

static void with_holdings(struct sj_brokersim_options *options)
{
    options->holdings = "2330=3000,2317=500";
}

static void what_was_held_overnight_is_sold_at_the_full_tax(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(with_holdings);
    assert_float_equal(portfolio(client, "position_unit", "S", "0.yd_quantity"), 3, 0);
    double sold = trade(client, "2330", "Sell", 1, "") * 1000;
    assert_float_equal(portfolio(client, "settlements", "S", "2.amount"),
                       sold - floor(sold * 0.001425) - floor(sold * 0.003), 1e-6);
    sim_end(client);
}

static void a_declared_day_trade_short_pays_half_the_tax(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    double sold = trade(client, "2330", "Sell", 1, ",\"daytrade_short\":true") * 1000;
    double gain = sold - floor(sold * 0.001425) - floor(sold * 0.0015);
    assert_float_equal(portfolio(client, "settlements", "S", "2.amount"), gain, 1e-6);
    json_t *json = sim_post(client, "/portfolio/position_unit", "{\"account_type\":\"S\"}");
    assert_string_equal(sim_text_at(json, "0.direction"), "Sell");
    json_decref(json);
    /* Covered, those shares are no stock of the day: a sale of held ones is taxed in full. */
    double bought = trade(client, "2330", "Buy", 1, "") * 1000;
    gain -= bought + floor(bought * 0.001425);
    sold = trade(client, "2330", "Sell", 1, "") * 1000;
    gain += sold - floor(sold * 0.001425) - floor(sold * 0.003);
    assert_float_equal(portfolio(client, "settlements", "S", "2.amount"), gain, 1e-6);
    sim_end(client);
}

static void an_order_filled_in_parts_costs_what_one_fill_costs(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    const struct sj_quote *quote;
    find(client, "2330", &quote);
    double second = (double)quote->ask_price_e6[1] / 1e6;
    int quantity = (int)quote->ask_volume[0] + 1;
    json_decref(place(client, "2330", "stock_order", "Buy", second, quantity, ""));
    json_t *list = sim_post(client, "/order/trades", "{\"account_type\":\"S\"}"), *deal;
    double amount = 0;
    size_t i;
    assert_true(json_array_size(sim_at(list, "0.status.deals")) >= 2);
    json_array_foreach(sim_at(list, "0.status.deals"), i, deal) amount +=
        sim_number_at(deal, "price") * sim_number_at(deal, "quantity") * 1000;
    assert_float_equal(portfolio(client, "settlements", "S", "2.amount"),
                       -amount - floor(amount * 0.001425 + 1e-9), 1e-6);
    json_decref(list);
    sim_end(client);
}

static void futures_pay_at_once_and_hold_margin(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    double price = trade(client, "TXFR1", "Sell", 1, "");
    double costs = 50 + floor(price * 200 * 0.00002 + 0.5);
    assert_float_equal(portfolio(client, "margin", "F", "today_balance"), 1e8 - costs, 1e-6);
    assert_float_equal(portfolio(client, "margin", "F", "initial_margin"), 322000, 0);
    double open = portfolio(client, "margin", "F", "future_open_position");
    assert_float_equal(portfolio(client, "margin", "F", "available_margin"),
                       1e8 - costs + open - 322000, 1e-6);
    assert_float_equal(portfolio(client, "position_unit", "F", "0.pnl"), open, 1e-6);
    double cover = trade(client, "TXFR1", "Buy", 1, "");
    costs += 50 + floor(cover * 200 * 0.00002 + 0.5);
    double gain = (price - cover) * 200;
    assert_float_equal(portfolio(client, "margin", "F", "future_settle_profitloss"), gain, 1e-6);
    assert_float_equal(portfolio(client, "margin", "F", "today_balance"), 1e8 + gain - costs, 1e-6);
    assert_float_equal(portfolio(client, "margin", "F", "initial_margin"), 0, 0);
    assert_float_equal(portfolio(client, "profit_loss", "F", "0.pnl"), gain, 1e-6);
    sim_end(client);
}

/* Code of an option of the market. */
static const char *an_option(struct sim_client *client)
{
    const struct sj_sim_universe *universe = &client->sim->universe;
    for (uint32_t i = 0; i < universe->count; i++)
        if (universe->list[i].security == SJ_SECURITY_OPT)
            return universe->list[i].code;
    fail();
    return NULL;
}

static void options_pay_their_premium_and_sold_ones_hold_margin(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    const char *code = an_option(client);
    double price = trade(client, code, "Buy", 1, "");
    double cash = 1e8 - price * 50 - 25 - floor(price * 50 * 0.001 + 0.5);
    assert_float_equal(portfolio(client, "margin", "F", "today_balance"), cash, 1e-6);
    assert_float_equal(portfolio(client, "margin", "F", "initial_margin"), 0, 0);
    assert_true(portfolio(client, "margin", "F", "option_openbuy_market_value") > 0);
    for (int i = 0; i < 2; i++) {
        price = trade(client, code, "Sell", 1, "");
        cash += price * 50 - 25 - floor(price * 50 * 0.001 + 0.5);
    }
    assert_float_equal(portfolio(client, "margin", "F", "today_balance"), cash, 1e-6);
    double short_value = portfolio(client, "margin", "F", "option_opensell_market_value");
    double needed = portfolio(client, "margin", "F", "initial_margin");
    assert_true(needed >= short_value + 44000 && needed <= short_value + 88000);
    sim_end(client);
}

static void odd_lots_trade_in_their_auctions_and_count_shares(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    const struct sj_quote *quote;
    const struct sj_sim_instrument *one = find(client, "2330", &quote);
    const struct sj_sim_state *odd =
        &client->sim->source
             ->states[(uint32_t)(one - client->sim->universe.list) + client->sim->universe.count];
    json_decref(place(client, "2330", "stock_order", "Buy", (double)one->limit_up_e6 / 1e6, 7,
                      ",\"order_lot\":\"IntradayOdd\""));
    /* The auctions are the market's own: let its time pass. */
    struct sj_market_source *source = client->sim->source;
    for (int i = 0; i < 100 && odd->quote.total_volume == 0; i++)
        source->ops->run(source, source->now_ns + 5000000000, 4096);
    sim_work(client);
    json_t *list = sim_post(client, "/order/trades", "{\"account_type\":\"S\"}"), *deal;
    double amount = 0, shares = 0;
    size_t i;
    json_array_foreach(sim_at(list, "0.status.deals"), i, deal)
    {
        shares += sim_number_at(deal, "quantity");
        amount += sim_number_at(deal, "price") * sim_number_at(deal, "quantity");
    }
    assert_true(shares > 0);
    json_t *json =
        sim_post(client, "/portfolio/position_unit", "{\"account_type\":\"S\",\"unit\":\"Share\"}");
    assert_float_equal(sim_number_at(json, "0.quantity"), shares, 0);
    double fee = fmax(1, floor(amount * 0.001425 + 1e-9));
    assert_float_equal(portfolio(client, "settlements", "S", "2.amount"), -amount - fee, 1e-6);
    json_decref(json);
    json_decref(list);
    sim_end(client);
}

static void refused(struct sim_client *client, const char *body, const char *reason)
{
    json_t *json;
    assert_int_equal(sim_call(client, 0, "POST", "/api/v1/order/place_order", body, &json), 400);
    if (!strstr(sim_text_at(json, "message"), reason))
        fail_msg("%s: %s", body, sim_text_at(json, "message"));
    json_decref(json);
}

#define STOCK(fields)                                                                              \
    "{\"contract\":{\"code\":\"2330\"},\"stock_order\":{\"price\":1000,\"price_type\":\"LMT\","    \
    "\"order_type\":\"ROD\"," fields "}}"

static void what_is_not_simulated_is_refused_in_words(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    json_t *json;
    refused(client, STOCK("\"action\":\"Buy\",\"quantity\":1,\"order_cond\":\"MarginTrading\""),
            "order_cond");
    refused(client, STOCK("\"action\":\"Buy\",\"quantity\":1,\"order_lot\":\"Fixing\""),
            "order_lot");
    refused(client, STOCK("\"action\":\"Buy\",\"quantity\":1,\"daytrade_short\":true"),
            "daytrade_short");
    refused(client, STOCK("\"action\":\"Buy\",\"quantity\":500"), "quantity");
    refused(client, STOCK("\"action\":\"Buy\",\"quantity\":1000,\"order_lot\":\"IntradayOdd\""),
            "quantity");
    refused(client, STOCK("\"action\":\"Buy\",\"quantity\":1,\"custom_field\":\"seven77\""),
            "custom_field");
    assert_int_equal(
        sim_call(client, 0, "POST", "/api/v1/order/place_comboorder", "{\"contract\":{}}", &json),
        400);
    assert_non_null(strstr(sim_text_at(json, "message"), "combo"));
    json_decref(json);
    sim_end(client);
}

/* The message of the last order after the exchange had its say. */
static void check_last(struct sim_client *client, const char *account, const char *status,
                       const char *message)
{
    json_t *list = sim_post(client, "/order/trades", "{\"account_type\":\"%s\"}", account);
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    assert_string_equal(sim_text_at(last, "status.status"), status);
    assert_string_equal(sim_text_at(last, "status.msg"), message);
    json_decref(list);
}

static void little_cash_and_strict(struct sj_brokersim_options *options)
{
    options->strict = true;
    options->cash = 2500000;
    options->holdings = "2330=1000";
}

static void a_strict_broker_refuses_what_is_not_there(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(little_cash_and_strict);
    double low = sim_best(client, "Buy") - 20, high = sim_best(client, "Sell") + 20;
    json_decref(place(client, "2330", "stock_order", "Sell", high, 1, ""));
    check_last(client, "S", "Submitted", "");
    json_decref(place(client, "2330", "stock_order", "Sell", high, 1, "")); /* already on sale */
    check_last(client, "S", "Failed", "not enough shares to sell");
    json_decref(place(client, "2330", "stock_order", "Sell", high, 1, ",\"daytrade_short\":true"));
    check_last(client, "S", "Submitted", "");
    json_decref(place(client, "2330", "stock_order", "Buy", low, 1, ""));
    check_last(client, "S", "Failed", "over the trading limit");
    const struct sj_quote *quote;
    find(client, "TXFR1", &quote);
    double bid = (double)quote->bid_price_e6[0] / 1e6;
    json_decref(place(client, "TXFR1", "futures_order", "Buy", bid - 50, 7, ""));
    check_last(client, "F", "Submitted", "");
    json_decref(place(client, "TXFR1", "futures_order", "Buy", bid - 50, 1, ""));
    check_last(client, "F", "Failed", "not enough margin");
    sim_end(client);
}

static void covering_needs_a_position(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    const struct sj_quote *quote;
    const char *code = find(client, "TXFR1", &quote)->code;
    static const char form[] = "{\"contract\":{\"code\":\"%s\"},\"futures_order\":{\"action\":"
                               "\"Sell\",\"price\":%.0f,\"quantity\":1,\"price_type\":\"LMT\","
                               "\"order_type\":\"ROD\",\"octype\":\"Cover\"}}";
    double bid = (double)quote->bid_price_e6[0] / 1e6;
    json_decref(sim_post(client, "/order/place_order", form, code, bid));
    check_last(client, "F", "Failed", "nothing to cover");
    trade(client, code, "Buy", 1, "");
    json_decref(sim_post(client, "/order/place_order", form, code, bid));
    check_last(client, "F", "Filled", "");
    sim_end(client);
}

/* A client's own book: what it makes of the deals it is told of. */
struct book {
    double cash, bought, sold;
    int64_t held;
};

/* One order's part: its fee on the whole, its tax by what of it was bought today. */
static void add_order(struct book *book, const json_t *order, int64_t *day_left)
{
    bool buy = strcmp(sim_text_at(order, "order.action"), "Buy") == 0;
    double amount = 0, day_amount = 0;
    json_t *deal;
    size_t i;
    json_array_foreach(sim_at(order, "status.deals"), i, deal)
    {
        int64_t units = (int64_t)sim_number_at(deal, "quantity") * 1000;
        int64_t day = !buy && *day_left > 0 ? (units < *day_left ? units : *day_left) : 0;
        int64_t closes = buy && book->held < 0 ? (units < -book->held ? units : -book->held) : 0;
        amount += sim_number_at(deal, "price") * (double)units;
        day_amount += sim_number_at(deal, "price") * (double)day;
        *day_left += buy ? units - closes : -day;
        book->held += buy ? units : -units;
    }
    if (amount == 0)
        return;
    double fee = fmax(20, floor(amount * 0.001425 + 1e-6));
    double tax = floor((amount - day_amount) * 0.003 + 1e-6) + floor(day_amount * 0.0015 + 1e-6);
    book->cash += (buy ? -amount : amount - tax) - fee;
}

static void any_day_of_orders_reconciles_to_the_cent(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    const struct sj_quote *quote;
    struct sj_rng random;
    sj_rng_init(&random, SEED);
    print_message("seed %d\n", SEED);
    for (int i = 0; i < ORDERS; i++) {
        find(client, "2330", &quote);
        bool buy = sj_rng_real(&random) < 0.5;
        int level = (int)(sj_rng_real(&random) * 3);
        /* Only orders that end at once: their deals then follow each other in the list's order. */
        const int64_t *price = buy ? quote->ask_price_e6 : quote->bid_price_e6;
        if (price[level] != SJ_NULL_E6)
            json_decref(sim_post(client, "/order/place_order",
                                 "{\"contract\":{\"code\":\"2330\"},\"stock_order\":{\"action\":"
                                 "\"%s\",\"price\":%.2f,\"quantity\":%d,\"price_type\":\"LMT\","
                                 "\"order_type\":\"IOC\"}}",
                                 buy ? "Buy" : "Sell", (double)price[level] / 1e6,
                                 1 + (int)(sj_rng_real(&random) * 20)));
        client->sim->source->rate = 2000; /* others trade, too */
        client->sim->source->ops->run(client->sim->source, client->sim->source->now_ns + 100000000,
                                      64);
        client->sim->source->rate = 0;
    }
    struct book book = {0};
    int64_t day_left = 0;
    json_t *list = sim_post(client, "/order/trades", "{\"account_type\":\"S\"}"), *order;
    size_t i, deals = 0;
    json_array_foreach(list, i, order)
    {
        deals += json_array_size(sim_at(order, "status.deals"));
        add_order(&book, order, &day_left);
    }
    json_decref(list);
    assert_true(deals > ORDERS / 2);
    assert_float_equal(portfolio(client, "settlements", "S", "2.amount"), book.cash, 1e-3);
    json_t *json =
        sim_post(client, "/portfolio/position_unit", "{\"account_type\":\"S\",\"unit\":\"Share\"}");
    double held = json_array_size(json) ? sim_number_at(json, "0.quantity") : 0;
    if (held > 0 && strcmp(sim_text_at(json, "0.direction"), "Sell") == 0)
        held = -held;
    assert_float_equal(held, (double)book.held, 0);
    json_decref(json);
    sim_end(client);
}

static void wrong_holdings_do_not_start(void **state)
{
    (void)state;
    static const char *const wrong[] = {"2330", "2330=", "2330=x", "NONE=5", "IX0001=5", "2330=0"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct sj_brokersim_options options;
        struct sj_brokersim *sim;
        char error[SJ_SIM_MESSAGE_MAX] = "";
        sj_brokersim_defaults(&options);
        options.port = 0;
        options.date = 20261123;
        options.instrument_count = 12;
        options.holdings = wrong[i];
        assert_int_equal(sj_brokersim_init(&options, &sim, error), -SJ_E_MALFORMED);
        assert_non_null(strstr(error, "--holdings"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bought_and_sold_stock_pays_fees_and_the_day_trade_tax),
        cmocka_unit_test(what_was_held_overnight_is_sold_at_the_full_tax),
        cmocka_unit_test(a_declared_day_trade_short_pays_half_the_tax),
        cmocka_unit_test(an_order_filled_in_parts_costs_what_one_fill_costs),
        cmocka_unit_test(futures_pay_at_once_and_hold_margin),
        cmocka_unit_test(options_pay_their_premium_and_sold_ones_hold_margin),
        cmocka_unit_test(odd_lots_trade_in_their_auctions_and_count_shares),
        cmocka_unit_test(what_is_not_simulated_is_refused_in_words),
        cmocka_unit_test(a_strict_broker_refuses_what_is_not_there),
        cmocka_unit_test(covering_needs_a_position),
        cmocka_unit_test(any_day_of_orders_reconciles_to_the_cent),
        cmocka_unit_test(wrong_holdings_do_not_start),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
