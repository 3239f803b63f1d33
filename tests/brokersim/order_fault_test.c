/* Faults of order calls and order events: what the client sees, and what is true. */
#include "sim_client.h"

#define SOON_MS 2000

static json_t *truth(struct sim_client *client)
{
    json_t *json;
    assert_int_equal(sim_call(client, 0, "GET", "/admin/trading", NULL, &json), 200);
    assert_non_null(json);
    return json;
}

static size_t order_count(struct sim_client *client)
{
    json_t *json = truth(client);
    size_t count = json_array_size(json_object_get(json, "orders"));
    json_decref(json);
    return count;
}

/* What must hold once nothing is under way: of each order, filled + resting + cancelled. */
static void check_truth(struct sim_client *client)
{
    json_t *json = truth(client), *order;
    size_t i;
    assert_int_equal(sim_number_at(json, "actions_waiting"), 0);
    json_array_foreach(json_object_get(json, "orders"), i, order)
    {
        double left = sim_number_at(order, "exchange.left");
        bool failed = strcmp(sim_text_at(order, "status.status"), "Failed") == 0;
        assert_int_equal(json_is_true(sim_at(order, "exchange.arrived")), !failed);
        if (!failed)
            assert_float_equal(sim_number_at(order, "status.order_quantity"),
                               left + sim_number_at(order, "status.deal_quantity") +
                                   sim_number_at(order, "status.cancel_quantity"),
                               0);
    }
    json_decref(json);
}

/* A price of 2330 where a buy rests. */
static double resting(struct sim_client *client)
{
    return sim_best(client, "Buy") - 20;
}

static int place_status(struct sim_client *client)
{
    char body[300];
    snprintf(body, sizeof body,
             "{\"contract\":{\"code\":\"2330\"},\"stock_order\":{\"action\":\"Buy\",\"price\":%.1f,"
             "\"quantity\":1,\"price_type\":\"LMT\",\"order_type\":\"ROD\"}}",
             resting(client));
    return sim_call(client, 0, "POST", "/api/v1/order/place_order", body, NULL);
}

struct struck_call {
    const char *kind;
    int status;    /* what the client sees; 0: the connection closes */
    size_t orders; /* what exists afterwards */
    const char *counter;
};

static void a_struck_order_call_ends_as_its_fault_says(void **state)
{
    (void)state;
    static const struct struck_call calls[] = {
        {"lost_ack", 0, 1, "calls.unheard"},          {"lost_order", 0, 0, "calls.lost"},
        {"unknown_outcome", 409, 1, "calls.unheard"}, {"unknown_lost", 409, 0, "calls.lost"},
        {"order_503", 503, 0, "calls.lost"},          {"half_ack", 0, 1, "calls.unheard"}};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct sim_client *client = sim_start(NULL);
        sim_fault(client, calls[i].kind, "\"count\":1");
        assert_int_equal(place_status(client), calls[i].status);
        assert_int_equal(order_count(client), calls[i].orders);
        json_t *json = truth(client);
        assert_float_equal(sim_number_at(json, calls[i].counter), 1, 0);
        json_decref(json);
        assert_int_equal(place_status(client), 200); /* once means once */
        assert_int_equal(order_count(client), calls[i].orders + 1);
        json = truth(client);
        assert_float_equal(sim_number_at(json, "calls.received"), 2, 0);
        assert_float_equal(sim_number_at(json, "calls.lost") + (double)calls[i].orders, 1, 0);
        json_decref(json);
        check_truth(client);
        sim_end(client);
    }
}

static void a_lost_cancel_leaves_the_order_and_an_unheard_one_takes_it(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    json_t *trade = sim_place(client, "Buy", resting(client), 3);
    char body[64];
    snprintf(body, sizeof body, "{\"trade_id\":\"%s\"}", sim_text_at(trade, "order.id"));
    sim_fault(client, "lost_order", "\"count\":1");
    assert_int_equal(sim_call(client, 0, "POST", "/api/v1/order/cancel_order", body, NULL), 0);
    json_t *json = truth(client);
    assert_float_equal(sim_number_at(json, "orders.0.exchange.left"), 3, 0);
    json_decref(json);
    sim_fault(client, "unknown_outcome", "\"count\":1");
    assert_int_equal(sim_call(client, 0, "POST", "/api/v1/order/cancel_order", body, NULL), 409);
    json = truth(client);
    assert_float_equal(sim_number_at(json, "orders.0.exchange.left"), 0, 0);
    assert_string_equal(sim_text_at(json, "orders.0.status.status"), "Cancelled");
    json_decref(json);
    json_decref(trade);
    check_truth(client);
    sim_end(client);
}

static void a_slow_answer_comes_late_and_after_its_event(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    sim_stream(client, 0);
    sim_fault(client, "delay_ack", "\"count\":1,\"ms\":60");
    int64_t from = sj_clock_mono_ns();
    assert_int_equal(place_status(client), 200);
    assert_true(sj_clock_mono_ns() - from >= 60 * SJ_NS_PER_MS);
    json_t *event = sim_event(client, 0);
    assert_non_null(event);
    json_decref(event);
    sim_end(client);
}

/* The kinds of the events that an order at the market makes: 'o' order, 'd' deal. */
static void event_kinds(struct sim_client *client, const char *wanted)
{
    char kinds[16] = "";
    size_t size = 0;
    json_t *event;
    while (size < strlen(wanted) && (event = sim_event(client, SOON_MS))) {
        kinds[size++] = strstr(sim_text_at(event, "state"), "Deal") ? 'd' : 'o';
        json_decref(event);
    }
    assert_string_equal(kinds, wanted);
    event = sim_event(client, 0);
    assert_null(event);
}

static void order_events_come_as_their_fault_says(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *fields, *kinds;
    } cases[] = {{"deal_first", "\"count\":1", "do"},     {"duplicate_report", "", "oodd"},
                 {"reorder_report", "\"count\":1", "do"}, {"reorder_report", "", "do"},
                 {"lose_report", "\"count\":1", "d"},     {"late_deal", "\"ms\":30", "od"},
                 {"late_report", "\"ms\":30", "do"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_client *client = sim_start(NULL);
        sim_stream(client, 0);
        sim_fault(client, cases[i].kind, cases[i].fields);
        json_t *trade = sim_place(client, "Buy", sim_best(client, "Sell"), 1);
        assert_non_null(trade);
        json_decref(trade);
        print_message("%s\n", cases[i].kind);
        event_kinds(client, cases[i].kinds);
        check_truth(client);
        sim_end(client);
    }
}

static void a_late_deal_is_in_the_list_of_trades_before_its_event(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    sim_stream(client, 0);
    sim_fault(client, "late_deal", "\"ms\":100");
    int64_t from = sj_clock_mono_ns();
    json_t *trade = sim_place(client, "Buy", sim_best(client, "Sell"), 1);
    json_t *list = sim_post(client, "/order/trades", "{\"account_type\":\"S\"}");
    assert_string_equal(sim_text_at(list, "0.status.status"), "Filled");
    assert_string_equal(sim_text_at(list, "0.order.custom_field"), "abc");
    assert_float_equal(sim_number_at(list, "0.status.deals.0.quantity"), 1, 0);
    json_t *event = sim_event(client, SOON_MS);
    assert_string_equal(sim_text_at(event, "state"), "StockOrder");
    json_decref(event);
    event = sim_event(client, SOON_MS);
    assert_string_equal(sim_text_at(event, "state"), "StockDeal");
    assert_true(sj_clock_mono_ns() - from >= 100 * SJ_NS_PER_MS);
    assert_string_equal(sim_text_at(event, "data.StockDeal.trade_id"),
                        sim_text_at(trade, "order.id"));
    json_decref(event);
    json_decref(list);
    json_decref(trade);
    sim_end(client);
}

static void a_reordered_event_that_none_follows_comes_alone(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    sim_stream(client, 0);
    sim_fault(client, "reorder_report", "\"count\":1");
    assert_int_equal(place_status(client), 200);
    json_t *event = sim_event(client, 5000);
    assert_non_null(event);
    json_decref(event);
    sim_end(client);
}

static void the_exchange_refuses_when_told_to(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    sim_stream(client, 0);
    sim_fault(client, "reject", "\"count\":1");
    assert_int_equal(place_status(client), 200);
    json_t *event = sim_event(client, SOON_MS);
    assert_string_equal(sim_text_at(event, "data.StockOrder.operation.op_code"), "88");
    json_decref(event);
    json_t *json = truth(client);
    assert_string_equal(sim_text_at(json, "orders.0.status.status"), "Failed");
    json_decref(json);
    check_truth(client);
    sim_end(client);
}

static int cancel_status(struct sim_client *client, uint32_t server, const json_t *trade)
{
    char body[64];
    snprintf(body, sizeof body, "{\"trade_id\":\"%s\"}", sim_text_at(trade, "order.id"));
    return sim_call(client, server, "POST", "/api/v1/order/cancel_order", body, NULL);
}

static void two_servers(struct sj_brokersim_options *options)
{
    options->server_count = 2;
}

static void trade_ids_are_known_to_the_server_that_placed_until_it_lists_them(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(two_servers);
    json_t *trade = sim_place(client, "Buy", resting(client), 1);
    assert_int_equal(cancel_status(client, 1, trade), 404);
    sim_fault(client, "forget", "\"server\":0");
    assert_int_equal(cancel_status(client, 0, trade), 404);
    json_decref(sim_post(client, "/order/trades", "{\"account_type\":\"F\"}"));
    assert_int_equal(cancel_status(client, 0, trade), 404); /* another account's list */
    json_decref(sim_post(client, "/order/trades", "{\"account_type\":\"S\"}"));
    assert_int_equal(cancel_status(client, 0, trade), 200);
    assert_int_equal(cancel_status(client, 1, trade), 404);
    json_decref(trade);
    sim_end(client);
}

static void a_restart_loses_sessions_and_keeps_orders(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(two_servers);
    json_t *trade = sim_place(client, "Buy", resting(client), 1), *json;
    json_decref(sim_post(client, "/stream/subscribe",
                         "{\"security_type\":\"STK\",\"code\":\"2330\",\"quote_type\":\"Tick\"}"));
    sim_stream(client, 0);
    assert_int_equal(client->sim->servers[0].subscription_count, 1);
    assert_int_equal(sim_call(client, 1, "POST", "/admin/fault",
                              "{\"kind\":\"restart\",\"server\":0,\"ms\":50}", NULL),
                     200);
    while (client->sim->servers[0].restarts)
        sim_work(client);
    assert_int_equal(client->sim->servers[0].stream_count, 0);
    assert_int_equal(client->sim->servers[0].subscription_count, 0);
    assert_int_equal(sim_call(client, 0, "GET", "/api/v1/health", NULL, NULL), 0);
    assert_int_equal(sim_call(client, 1, "GET", "/api/v1/health", NULL, &json), 200);
    json_decref(json);
    assert_int_equal(cancel_status(client, 0, trade), 404);
    json_decref(sim_post(client, "/order/trades", "{\"account_type\":\"S\"}"));
    assert_int_equal(cancel_status(client, 0, trade), 200);
    json_decref(trade);
    check_truth(client);
    sim_end(client);
}

static void faults_by_flag(struct sj_brokersim_options *options)
{
    options->faults = "lost_ack,count=1;unknown_lost,count=1";
}

static void faults_come_by_flag_as_by_call(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(faults_by_flag);
    assert_int_equal(place_status(client), 409); /* before it is carried out */
    assert_int_equal(place_status(client), 0);
    assert_int_equal(place_status(client), 200);
    assert_int_equal(order_count(client), 2);
    sim_end(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_struck_order_call_ends_as_its_fault_says),
        cmocka_unit_test(a_lost_cancel_leaves_the_order_and_an_unheard_one_takes_it),
        cmocka_unit_test(a_slow_answer_comes_late_and_after_its_event),
        cmocka_unit_test(order_events_come_as_their_fault_says),
        cmocka_unit_test(a_late_deal_is_in_the_list_of_trades_before_its_event),
        cmocka_unit_test(a_reordered_event_that_none_follows_comes_alone),
        cmocka_unit_test(the_exchange_refuses_when_told_to),
        cmocka_unit_test(trade_ids_are_known_to_the_server_that_placed_until_it_lists_them),
        cmocka_unit_test(a_restart_loses_sessions_and_keeps_orders),
        cmocka_unit_test(faults_come_by_flag_as_by_call),
    };
    return cmocka_run_group_tests_name("order_faults", tests, NULL, NULL);
}
