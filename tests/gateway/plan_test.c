#include "gateway_suites.h"

#include "gateway/endpoint.h"
#include "gateway/plan.h"

static struct sj_rest_contract contract(enum sj_security security, const char *code)
{
    struct sj_rest_contract one = {.security = security, .exchange = SJ_EXCHANGE_TSE};
    snprintf(one.code, sizeof(one.code), "%s", code);
    return one;
}

static struct sj_plan *new_plan(uint32_t connections, uint32_t max, uint32_t bits, bool odd)
{
    struct sj_plan *plan = malloc(sizeof(*plan));
    struct sj_plan_options options = {.connection_count = connections,
                                      .subscriptions_max = max,
                                      .quote_types_stk = bits,
                                      .quote_types_fop = bits,
                                      .odd_lots = odd};
    sj_plan_init(plan, &options);
    return plan;
}

static void plan_spreads_evenly_and_keeps_a_contract_together(void **state)
{
    (void)state;
    struct sj_plan *plan = new_plan(5, 200, 3, false);
    for (uint32_t i = 0; i < 500; i++) {
        char code[8];
        snprintf(code, sizeof(code), "%04u", 1000 + i);
        struct sj_rest_contract one = contract(SJ_SECURITY_STK, code);
        assert_true(sj_plan_add(plan, &one) >= 0);
    }
    for (uint32_t c = 0; c < 5; c++) {
        assert_int_equal(plan->count[c], 200);
        for (uint32_t i = 0; i < 200; i += 2)
            assert_string_equal(plan->item[c][i].contract.code, plan->item[c][i + 1].contract.code);
    }
    struct sj_rest_contract more = contract(SJ_SECURITY_STK, "9999");
    assert_int_equal(sj_plan_add(plan, &more), -SJ_E_LIMIT);
    assert_int_equal(plan->refused_count, 1);
    assert_string_equal(plan->refused_first, "9999");
    free(plan);
}

static void plan_takes_each_contract_once(void **state)
{
    (void)state;
    struct sj_plan *plan = new_plan(2, 10, 1, false);
    struct sj_rest_contract one = contract(SJ_SECURITY_FUT, "TXFL6");
    assert_true(sj_plan_add(plan, &one) >= 0);
    assert_true(sj_plan_add(plan, &one) >= 0);
    assert_int_equal(plan->count[0] + plan->count[1], 1);
    free(plan);
}

static void plan_chooses_channels_by_type(void **state)
{
    (void)state;
    struct sj_plan *plan = new_plan(1, 100, 7, true);
    struct sj_rest_contract stock = contract(SJ_SECURITY_STK, "2330");
    struct sj_rest_contract option = contract(SJ_SECURITY_OPT, "TXO28000L6");
    struct sj_rest_contract index = contract(SJ_SECURITY_IND, "IX0001");
    assert_true(sj_plan_add(plan, &stock) >= 0 && sj_plan_add(plan, &option) >= 0 &&
                sj_plan_add(plan, &index) >= 0);
    static const enum sj_channel wanted[] = {
        SJ_CHANNEL_TICK_STK,   SJ_CHANNEL_TICK_STK,  SJ_CHANNEL_BIDASK_STK,
        SJ_CHANNEL_BIDASK_STK, SJ_CHANNEL_QUOTE_STK, SJ_CHANNEL_TICK_FOP,
        SJ_CHANNEL_BIDASK_FOP, SJ_CHANNEL_QUOTE_FOP, SJ_CHANNEL_QUOTE_IDX};
    assert_int_equal(plan->count[0], sizeof(wanted) / sizeof(wanted[0]));
    for (uint32_t i = 0; i < plan->count[0]; i++)
        assert_int_equal(sj_plan_channel(&plan->item[0][i]), wanted[i]);
    assert_true(plan->item[0][1].odd_lot && !plan->item[0][0].odd_lot);
    free(plan);
}

static void selectors_are_codes_and_patterns_of_a_type(void **state)
{
    (void)state;
    char error[SJ_PLAN_ERROR_MAX] = "";
    const char *text = " 2330, FUT:TXF*\nIND:IX0001 ";
    struct sj_selector selector;
    struct sj_rest_contract future = contract(SJ_SECURITY_FUT, "TXFL6");
    struct sj_rest_contract stock = contract(SJ_SECURITY_STK, "2330");
    assert_int_equal(sj_selector_next(&text, &selector, error), 1);
    assert_true(sj_selector_matches(&selector, &stock));
    assert_int_equal(sj_selector_next(&text, &selector, error), 1);
    assert_true(sj_selector_matches(&selector, &future));
    assert_false(sj_selector_matches(&selector, &stock));
    assert_int_equal(sj_selector_next(&text, &selector, error), 1);
    assert_int_equal(selector.security, SJ_SECURITY_IND);
    assert_int_equal(sj_selector_next(&text, &selector, error), 0);
    static const char *const bad[] = {"FUTURE:TXF*", "TXF*",
                                      "FUT:", "STK:1234567890123456789012345"};
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        text = bad[i];
        error[0] = '\0';
        assert_true(sj_selector_next(&text, &selector, error) < 0);
        assert_true(strlen(error) > 20);
    }
    text = "2330 FUT:TXFL6/A7";
    assert_int_equal(sj_selector_next(&text, &selector, error), 1);
    assert_int_equal(sj_selector_next(&text, &selector, error), -SJ_E_UNKNOWN);
    assert_non_null(strstr(error, "combos are not supported"));
}

static void quote_types_are_named(void **state)
{
    (void)state;
    char error[SJ_PLAN_ERROR_MAX];
    uint32_t bits = 0;
    assert_int_equal(sj_plan_quote_types("tick, bidask", &bits, error), 0);
    assert_int_equal(bits, 3);
    assert_int_equal(sj_plan_quote_types("Quote", &bits, error), 0);
    assert_int_equal(bits, 4);
    assert_int_equal(sj_plan_quote_types("ticks", &bits, error), -SJ_E_UNKNOWN);
    assert_int_equal(sj_plan_quote_types("", &bits, error), -SJ_E_MALFORMED);
}

static void endpoints_are_read_or_explained(void **state)
{
    (void)state;
    char error[SJ_ENDPOINT_ERROR_MAX];
    struct sj_endpoint endpoint;
    assert_int_equal(sj_endpoint_parse("http://127.0.0.1:8080/", &endpoint, error), 0);
    assert_string_equal(endpoint.host, "127.0.0.1:8080");
    assert_int_equal(sj_endpoint_parse("http://[::1]:81", &endpoint, error), 0);
    assert_int_equal(sj_endpoint_parse("/run/shioaji.sock", &endpoint, error), 0);
    assert_int_equal(endpoint.address.ss_family, AF_UNIX);
    assert_int_equal(sj_endpoint_parse("unix:/run/shioaji.sock", &endpoint, error), 0);
    static const char *const bad[] = {
        "https://127.0.0.1:8080", "127.0.0.1:8080",         "http://",
        "http://127.0.0.1:0",     "http://127.0.0.1:99999", "http://127.0.0.1:8080/api"};
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        error[0] = '\0';
        assert_int_equal(sj_endpoint_parse(bad[i], &endpoint, error), -SJ_E_MALFORMED);
        assert_true(strlen(error) > 20);
    }
}

int plan_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_spreads_evenly_and_keeps_a_contract_together),
        cmocka_unit_test(plan_takes_each_contract_once),
        cmocka_unit_test(plan_chooses_channels_by_type),
        cmocka_unit_test(selectors_are_codes_and_patterns_of_a_type),
        cmocka_unit_test(quote_types_are_named),
        cmocka_unit_test(endpoints_are_read_or_explained),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
