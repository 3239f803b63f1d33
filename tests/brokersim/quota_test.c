/* What a person and a login may ask for: exact sliding windows, bans, logins, subscriptions. */
#include "sim_client.h"

#include "brokersim/quota.h"

static void with_quota(struct sj_brokersim_options *options)
{
    options->no_quota = false;
    options->server_count = 2;
    options->ban_ms = 60000;
}

struct class_limit {
    enum quota_class class;
    uint32_t count;
    int64_t window_ns;
};

static void a_window_takes_its_most_and_refuses_the_next(void **state)
{
    (void)state;
    static const struct class_limit limits[] = {{QUOTA_ORDER, 250, 10 * SJ_NS_PER_S},
                                                {QUOTA_PORTFOLIO, 25, 5 * SJ_NS_PER_S},
                                                {QUOTA_HISTORY, 50, 5 * SJ_NS_PER_S}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const struct class_limit *limit = &limits[i];
        struct sim_client *client = sim_start(with_quota);
        struct sj_brokersim *sim = client->sim;
        struct server *server = &sim->servers[0];
        int64_t step = limit->window_ns / limit->count, from = sim->now_ns;
        /* At exactly the rate of the limit it never ends. */
        for (uint32_t n = 0; n < 3 * limit->count; n++, sim->now_ns += step)
            assert_null(quota_refuses(server, limit->class));
        /* One more within the window of the last `count` is a breach: it suspends for a minute. */
        sim->now_ns -= step;
        assert_non_null(quota_refuses(server, limit->class));
        int64_t breach = sim->now_ns;
        sim->now_ns = breach + 60 * SJ_NS_PER_S - 1;
        assert_non_null(quota_refuses(server, QUOTA_FREE));
        sim->now_ns = breach + 60 * SJ_NS_PER_S;
        assert_null(quota_refuses(server, QUOTA_FREE));
        assert_null(quota_refuses(server, limit->class));
        sim->now_ns = from;
        sim_end(client);
    }
}

static void orders_are_counted_over_all_logins_of_the_person(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(with_quota);
    for (int n = 0; n < 250; n++)
        assert_null(quota_refuses(&client->sim->servers[n % 2], QUOTA_ORDER));
    assert_non_null(quota_refuses(&client->sim->servers[0], QUOTA_ORDER));
    assert_non_null(quota_refuses(&client->sim->servers[1], QUOTA_FREE));
    sim_end(client);
}

static void the_251st_order_call_is_503_and_does_nothing(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(with_quota);
    double price = sim_best(client, "Buy") - 20;
    json_t *json;
    for (int n = 0; n < 250; n++) {
        json_t *trade = sim_place(client, "Buy", price, 1);
        assert_non_null(trade);
        json_decref(trade);
    }
    assert_null(sim_place(client, "Buy", price, 1));
    assert_int_equal(
        sim_call(client, 0, "POST", "/api/v1/order/trades", "{\"account_type\":\"S\"}", &json),
        503);
    assert_non_null(strstr(sim_text_at(json, "message"), "250"));
    json_decref(json);
    assert_int_equal(sim_call(client, 0, "GET", "/api/v1/health", NULL, NULL), 200);
    assert_int_equal(sim_call(client, 0, "GET", "/api/v1/auth/usage", NULL, NULL), 503);
    assert_int_equal(sim_call(client, 1, "GET", "/api/v1/auth/usage", NULL, NULL), 503);
    assert_int_equal(sim_call(client, 0, "GET", "/admin/trading", NULL, &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "orders")), 250);
    json_decref(json);
    sim_end(client);
}

static void few_logins(struct sj_brokersim_options *options)
{
    options->server_count = 6;
    options->logins_a_day = 6;
}

static void logins_are_bounded_at_a_time_and_a_day(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(few_logins);
    assert_int_equal(sim_call(client, 4, "GET", "/api/v1/auth/usage", NULL, NULL), 200);
    assert_int_equal(sim_call(client, 5, "GET", "/api/v1/auth/usage", NULL, NULL), 503);
    /* Five logins at the start; the sixth of the day is the last. */
    assert_int_equal(sim_call(client, 5, "POST", "/admin/login", "{\"server\":0}", NULL), 200);
    assert_int_equal(sim_call(client, 5, "POST", "/admin/login", "{\"server\":0}", NULL), 451);
    sim_end(client);
}

static void three_subscriptions(struct sj_brokersim_options *options)
{
    options->subscription_max = 3;
}

static void subscriptions_stop_at_their_cap(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(three_subscriptions);
    static const char *const types[] = {"Tick", "BidAsk", "Quote", "Tick"};
    static const char *const codes[] = {"2330", "2330", "2330", "2317"};
    char body[160];
    for (int i = 0; i < 4; i++) {
        snprintf(body, sizeof body,
                 "{\"security_type\":\"STK\",\"code\":\"%s\",\"quote_type\":\"%s\"}", codes[i],
                 types[i]);
        assert_int_equal(sim_call(client, 0, "POST", "/api/v1/stream/subscribe", body, NULL),
                         i < 3 ? 200 : 400);
    }
    sim_end(client);
}

static void used_up_traffic_makes_history_empty_and_no_error(void **state)
{
    (void)state;
    static const char body[] =
        "{\"contract\":{\"code\":\"2330\"},\"date\":\"2026-11-20\",\"query_type\":\"AllDay\"}";
    struct sim_client *client = sim_start(with_quota);
    json_t *json;
    assert_int_equal(sim_call(client, 0, "POST", "/api/v1/data/ticks", body, &json), 200);
    assert_true(json_array_size(sim_at(json, "close")) > 0);
    json_decref(json);
    assert_int_equal(sim_call(client, 0, "POST", "/admin/quota", "{\"bytes\":524288000}", NULL),
                     200);
    assert_int_equal(sim_call(client, 0, "POST", "/api/v1/data/ticks", body, &json), 200);
    assert_int_equal(json_array_size(sim_at(json, "close")), 0);
    json_decref(json);
    sim_end(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_takes_its_most_and_refuses_the_next),
        cmocka_unit_test(orders_are_counted_over_all_logins_of_the_person),
        cmocka_unit_test(the_251st_order_call_is_503_and_does_nothing),
        cmocka_unit_test(logins_are_bounded_at_a_time_and_a_day),
        cmocka_unit_test(subscriptions_stop_at_their_cap),
        cmocka_unit_test(used_up_traffic_makes_history_empty_and_no_error),
    };
    return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
