/* /openapi.json describes what is served: no path more, no path less. */
#include "sim_client.h"

#include "brokersim/route.h"

/* What the broker's own client calls (and its documents name), as it stands in its requests. */
static const char *const CALLED[] = {
    "get /health",
    "get /info",
    "get /auth/usage",
    "get /auth/accounts",
    "get /auth/ca_expiretime",
    "post /auth/subscribe_trade",
    "post /auth/unsubscribe_trade",
    "get /data/contracts",
    "get /data/contracts/{code}",
    "get /data/contracts/{code}/info",
    "get /data/contracts/futures",
    "get /data/contracts/futures/roots",
    "get /data/contracts/options/roots",
    "get /data/contracts/tick-bands/{rule}",
    "post /data/ticks",
    "post /data/kbars",
    "post /data/snapshots",
    "post /data/scanner",
    "post /data/daily_quotes",
    "post /data/credit_enquire",
    "get /stream/receivers",
    "get /stream/status",
    "get /stream/data",
    "get /stream/data/{channel}",
    "post /stream/subscribe",
    "post /stream/unsubscribe",
    "post /order/place_order",
    "post /order/cancel_order",
    "post /order/update_price",
    "post /order/update_qty",
    "post /order/trades",
    "post /portfolio/account_balance",
    "post /portfolio/position_unit",
    "post /portfolio/position_detail",
    "post /portfolio/margin",
    "post /portfolio/trading_limits",
    "post /portfolio/settlements",
    "post /portfolio/profit_loss",
    "post /portfolio/profitloss_sum",
};

static json_t *describe(struct sim_client *client)
{
    json_t *json;
    assert_int_equal(sim_call(client, 0, "GET", "/openapi.json", NULL, &json), 200);
    assert_non_null(json);
    return json;
}

static void the_description_and_the_table_have_the_same_paths(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    json_t *json = describe(client);
    const json_t *paths = json_object_get(json, "paths");
    char path[128];
    assert_int_equal(json_object_size(paths), ROUTE_COUNT); /* and so none stands there twice */
    for (uint32_t i = 0; i < ROUTE_COUNT; i++) {
        snprintf(path, sizeof path, "%s%s", ROUTE_PREFIX, ROUTES[i].path);
        const char *method = ROUTES[i].method == HTTP_GET ? "get" : "post";
        if (!json_object_get(json_object_get(paths, path), method))
            fail_msg("%s %s is not described", method, path);
    }
    json_decref(json);
    sim_end(client);
}

static void everything_that_the_brokers_client_calls_is_described(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    json_t *json = describe(client);
    char method[8], path[96], full[128];
    for (size_t i = 0; i < sizeof CALLED / sizeof *CALLED; i++) {
        assert_int_equal(sscanf(CALLED[i], "%7s %95s", method, path), 2);
        snprintf(full, sizeof full, "%s%s", ROUTE_PREFIX, path);
        if (!json_object_get(json_object_get(json_object_get(json, "paths"), full), method))
            fail_msg("%s is not described", CALLED[i]);
    }
    json_decref(json);
    sim_end(client);
}

/* A described path with something for its parameter. */
static void fill_in(const char *described, char *path, size_t size)
{
    const char *open = strchr(described, '{');
    const char *value = !open ? "" : strncmp(open, "{rule", 5) == 0 ? "STK" : "2330";
    if (open)
        snprintf(path, size, "%.*s%s%s", (int)(open - described), described, value,
                 strchr(open, '}') + 1);
    else
        snprintf(path, size, "%s", described);
}

static void every_described_path_answers_and_another_method_does_not(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    json_t *json = describe(client), *operations, *answer;
    const char *described;
    char path[160];
    json_object_foreach(json_object_get(json, "paths"), described, operations)
    {
        bool post = json_object_get(operations, "post") != NULL;
        if (strstr(described, "/stream/data")) /* streams have tests of their own */
            continue;
        fill_in(described, path, sizeof path);
        int status = sim_call(client, 0, post ? "POST" : "GET", path, post ? "{}" : NULL, &answer);
        const char *message = json_string_value(json_object_get(answer, "message"));
        if (status == 405 || status >= 500 || (message && strcmp(message, "Not Found") == 0))
            fail_msg("%s answered %d", path, status);
        json_decref(answer);
        assert_int_equal(sim_call(client, 0, post ? "GET" : "DELETE", path, NULL, NULL), 405);
    }
    json_decref(json);
    sim_end(client);
}

static void what_is_required_is_required(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    json_t *json = describe(client), *operations, *message, *field;
    const char *path;
    size_t i;
    json_object_foreach(json_object_get(json, "paths"), path, operations)
    {
        const json_t *required = sim_at(operations, "post.requestBody.content");
        required = json_object_get(json_object_get(required, "application/json"), "schema");
        required = json_object_get(required, "required");
        if (json_array_size(required) == 0)
            continue;
        int status = sim_call(client, 0, "POST", path, "{}", &message);
        if (status != 400 && status != 404)
            fail_msg("%s without %s answered %d", path,
                     json_string_value(json_array_get(required, 0)), status);
        json_decref(message);
        json_array_foreach(required, i, field) assert_true(json_is_string(field));
    }
    json_decref(json);
    sim_end(client);
}

static void what_is_not_described_is_not_served(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    static const char *const paths[] = {"/",
                                        "/api/v1",
                                        "/api/v1/",
                                        "/api/v1/order",
                                        "/api/v1/order/",
                                        "/api/v1/order/nothing",
                                        "/api/v1/data/contracts/",
                                        "/api/v1/data/contracts/2330/other",
                                        "/api/v1/data/contracts//info",
                                        "/api/v1/portfolio/position_unit/",
                                        "/api/v2/health"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int status = sim_call(client, 0, "GET", paths[i], NULL, NULL);
        if (status != 404)
            fail_msg("%s answered %d", paths[i], status);
    }
    sim_end(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_description_and_the_table_have_the_same_paths),
        cmocka_unit_test(everything_that_the_brokers_client_calls_is_described),
        cmocka_unit_test(every_described_path_answers_and_another_method_does_not),
        cmocka_unit_test(what_is_required_is_required),
        cmocka_unit_test(what_is_not_described_is_not_served),
    };
    return cmocka_run_group_tests_name("openapi", tests, NULL, NULL);
}
