/* The broker's words about orders, and the bytes of our requests. */
#include "support/test.h"

#include "gateway/order_render.h"
#include "gateway/order_report_parse.h"
#include "order/order.h"

#include <jansson.h>

static struct sj_instruments *table;

static int make_table(void **state)
{
    (void)state;
    struct sj_instrument stock = {
        .code = "2330", .security = SJ_SECURITY_STK, .exchange = SJ_EXCHANGE_TSE};
    struct sj_instrument future = {
        .code = "TXFL6", .security = SJ_SECURITY_FUT, .exchange = SJ_EXCHANGE_TAIFEX};
    struct sj_instrument near = {.code = "TXFR1",
                                 .target_code = "TXFL6",
                                 .security = SJ_SECURITY_FUT,
                                 .exchange = SJ_EXCHANGE_TAIFEX};
    uint32_t id;
    return sj_instruments_create(8, &table) < 0 || sj_instruments_put(table, &stock, &id) < 0 ||
           sj_instruments_put(table, &future, &id) < 0 || sj_instruments_put(table, &near, &id) < 0;
}

static int drop_table(void **state)
{
    (void)state;
    sj_instruments_close(table);
    return 0;
}

static sj_rc parse(const char *text, struct sj_order_report *report)
{
    /* Exactly so many bytes: a read behind them is one too many. */
    size_t size = strlen(text);
    char *copy = malloc(size ? size : 1);
    memcpy(copy, text, size);
    sj_rc rc = sj_order_parse_event(table, copy, size, report);
    free(copy);
    return rc;
}

static json_t *samples(void)
{
    json_t *all = json_load_file(GOLDEN_ANSWERS, 0, NULL);
    if (!all)
        skip(); /* the broker's samples are not beside the repository */
    return all;
}

static void the_brokers_own_samples_of_order_events_are_understood(void **state)
{
    (void)state;
    json_t *all = samples(), *one;
    size_t i;
    uint32_t kinds = 0;
    json_array_foreach(all, i, one)
    {
        const char *stream = json_string_value(json_object_get(one, "sse"));
        if (!stream || strcmp(stream, "order_event") != 0)
            continue;
        char *text = json_dumps(json_object_get(one, "data"), 0);
        struct sj_order_report report;
        assert_int_equal(parse(text, &report), 1);
        kinds |= 1u << report.kind;
        assert_string_equal(report.order_id, "abc123");
        assert_string_equal(report.seqno, "000001");
        assert_string_equal(report.ordno, "A0001");
        assert_int_equal(report.side, SJ_SIDE_BUY);
        assert_int_equal(report.quantity, 1);
        assert_int_not_equal(report.instrument, 0);
        if (report.kind == SJ_REPORT_DEAL) {
            assert_string_equal(report.exchange_seq, "1");
            assert_int_equal(report.exch_ns, INT64_C(1795410001000000000));
        } else {
            assert_string_equal(report.op_code, "00");
            assert_int_equal(report.exch_ns, INT64_C(1795410000500000000));
        }
        free(text);
    }
    assert_int_equal(kinds, 1u << SJ_REPORT_NEW | 1u << SJ_REPORT_DEAL);
    json_decref(all);
}

static void the_brokers_own_sample_of_a_list_is_understood(void **state)
{
    (void)state;
    json_t *all = samples(), *one;
    size_t i;
    uint32_t trades = 0;
    json_array_foreach(all, i, one)
    {
        const char *request = json_string_value(json_object_get(one, "request"));
        if (!request || strcmp(request, "POST /api/v1/order/trades") != 0)
            continue;
        char *text = json_dumps(json_object_get(one, "answer"), 0);
        struct sj_jin in;
        struct sj_order_report report;
        struct sj_order_deals deals;
        sj_jin_init(&in, text, strlen(text));
        assert_true(sj_jin_enter(&in, '['));
        while (sj_jin_item(&in)) {
            assert_int_equal(sj_order_parse_trade(table, &in, &report, &deals), 0);
            assert_int_equal(report.broker_status, SJ_BROKER_SUBMITTED);
            assert_int_equal(report.price_e6, 600000000);
            assert_int_equal(sj_order_next_deal(&deals, &report), 0);
            trades++;
        }
        assert_true(sj_jin_end(&in));
        free(text);
    }
    assert_int_equal(trades, 1);
    json_decref(all);
}

#define ORDER(state_name, op, order, status, contract)                                             \
    "{\"data\":{\"" state_name "\":{\"contract\":{" contract "},\"status\":{" status               \
    "},\"order\":{" order "},\"operation\":{" op                                                   \
    "},\"new_field\":[{\"a\":[]}]}},\"state\":\"" state_name "\"}"

static void fields_come_in_any_order_and_unknown_ones_are_passed_over(void **state)
{
    (void)state;
    struct sj_order_report report;
    const char *text =
        ORDER("StockOrder",
              "\"op_msg\":\"\\u59d4\\u8a17 ok\",\"op_code\":\"00\",\"op_type\":\"UpdatePrice\"",
              "\"quantity\":3,\"price\":600.5,\"action\":\"Sell\",\"id\":\"x1\",\"order_lot\":"
              "\"IntradayOdd\",\"custom_field\":\"0000Ab\"",
              "\"modified_price\":601.5,\"cancel_quantity\":1,\"exchange_ts\":1795410000.123456",
              "\"code\":\"2330\"");
    assert_int_equal(parse(text, &report), 1);
    assert_int_equal(report.kind, SJ_REPORT_PRICE);
    assert_int_equal(report.price_e6, 601500000);
    assert_int_equal(report.cancelled, 1);
    assert_int_equal(report.side, SJ_SIDE_SELL);
    assert_int_equal(report.order_lot, SJ_LOT_INTRADAY_ODD);
    assert_string_equal(report.custom_field, "0000Ab");
    assert_string_equal(report.text, "委託 ok");
    assert_int_equal(report.exch_ns, INT64_C(1795410000123456000));
}

static void a_future_is_found_by_its_full_code_and_unknown_ones_are_0(void **state)
{
    (void)state;
    struct sj_order_report report;
    assert_int_equal(
        parse(
            "{\"state\":\"FuturesDeal\",\"data\":{\"FuturesDeal\":{\"trade_id\":\"x\",\"code\":"
            "\"TXF\",\"full_code\":\"TXFL6\",\"price\":20000,\"quantity\":2,\"action\":\"Buy\"}}}",
            &report),
        1);
    assert_int_equal(report.instrument, sj_instruments_find(table, "TXFL6", 5));
    assert_int_equal(
        parse("{\"state\":\"FuturesDeal\",\"data\":{\"FuturesDeal\":{\"trade_id\":\"x\",\"code\":"
              "\"TXF\",\"price\":20000,\"quantity\":2}}}",
              &report),
        1);
    assert_int_equal(report.instrument, 0);
    assert_int_equal(report.exch_ns, SJ_NULL_I64);
}

/* The broker may name what was ordered by its alias: an order that is matched by its terms must
 * find it all the same. */
static void a_continuous_contract_is_the_month_it_stands_for(void **state)
{
    (void)state;
    struct sj_order_report report;
    struct sj_order_deals deals;
    struct sj_jin in;
    const char *trade =
        "{\"contract\":{\"code\":\"TXFR1\",\"target_code\":\"TXFL6\"},\"order\":{\"id\":"
        "\"x\",\"action\":\"Buy\",\"price\":20000,\"quantity\":1},\"status\":{\"status\":"
        "\"Submitted\"}}";
    sj_jin_init(&in, trade, strlen(trade));
    assert_int_equal(sj_order_parse_trade(table, &in, &report, &deals), 0);
    assert_int_equal(report.instrument, sj_instruments_find(table, "TXFL6", 5));
    assert_int_equal(
        parse("{\"state\":\"FuturesDeal\",\"data\":{\"FuturesDeal\":{\"trade_id\":\"x\",\"code\":"
              "\"TXF\",\"full_code\":\"TXFR1\",\"price\":20000,\"quantity\":2}}}",
              &report),
        1);
    assert_int_equal(report.instrument, sj_instruments_find(table, "TXFL6", 5));
}

static void a_combo_is_told_as_one(void **state)
{
    (void)state;
    struct sj_order_report report;
    static const char *const combos[] = {"\"code\":\"TXF\",\"full_code\":\"TXFL6\",\"combo\":true",
                                         "\"code\":\"TXFL6/A7\"",
                                         "\"code\":\"TXF\",\"full_code\":\"TXFL6/A7\""};
    char text[256];
    for (int i = 0; i < 4; i++) {
        snprintf(
            text, sizeof text,
            "{\"state\":\"FuturesDeal\",\"data\":{\"FuturesDeal\":{\"trade_id\":\"x\",%s,\"price\":"
            "20000,\"quantity\":2}}}",
            i < 3 ? combos[i] : "\"code\":\"TXF\",\"full_code\":\"TXFL6\",\"combo\":false");
        assert_int_equal(parse(text, &report), 1);
        assert_int_equal(report.flags, i < 3 ? SJ_FLAG_COMBO : 0);
    }
}

static void the_accounts_of_a_login_are_counted_and_the_wanted_ones_found(void **state)
{
    (void)state;
    const char *text =
        "[{\"account_type\":\"S\",\"person_id\":\"A\",\"broker_id\":\"9A95\",\"account_id\":\"1\"},"
        "{\"account_id\":\"2\",\"broker_id\":\"9A95\",\"signed\":true,\"account_type\":\"S\"},"
        "{\"account_type\":\"H\",\"broker_id\":\"F002000\",\"account_id\":\"3\"}]";
    const struct sj_account_name wanted[SJ_ACCOUNTS] = {{"9A95", "2"}, {"F002000", "3"}};
    struct sj_order_accounts accounts;
    assert_int_equal(sj_order_parse_accounts(text, strlen(text), wanted, &accounts), 0);
    assert_int_equal(accounts.types, 1);
    assert_int_equal(accounts.count[0], 2);
    assert_int_equal(accounts.count[1], 0);
    assert_true(accounts.found[0] && !accounts.found[1]);
    for (size_t size = 0; size < strlen(text); size++)
        assert_int_equal(sj_order_parse_accounts(text, size, wanted, &accounts), -SJ_E_MALFORMED);
}

static void a_heartbeat_is_no_order(void **state)
{
    (void)state;
    struct sj_order_report report;
    assert_int_equal(parse("{\"type\":\"heartbeat\",\"ts\":1}", &report), 0);
    assert_int_equal(parse("{}", &report), 0);
}

#define DEAL(fields) "{\"state\":\"StockDeal\",\"data\":{\"StockDeal\":{" fields "}}}"

static void what_cannot_be_trusted_is_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[",
        "{",
        "null",
        "{\"data\":{\"StockDeal\":{}}",
        "{\"data\":{}} x",
        "{\"data\":{\"StockDeal\":null}}",
        "{\"data\":{\"Other\":{}}}",
        DEAL("\"trade_id\":\"x\",\"price\":600"),                /* no quantity */
        DEAL("\"trade_id\":\"x\",\"quantity\":1"),               /* no price */
        DEAL("\"price\":600,\"quantity\":1"),                    /* no id */
        DEAL("\"trade_id\":\"x\",\"price\":600,\"quantity\":0"), /* nothing dealt */
        DEAL("\"trade_id\":\"x\",\"price\":600,\"quantity\":-1"),
        DEAL("\"trade_id\":\"x\",\"price\":600,\"quantity\":1.5"),
        DEAL("\"trade_id\":\"x\",\"price\":600,\"quantity\":4294967295"),
        DEAL("\"trade_id\":\"x\",\"price\":1e40,\"quantity\":1"),
        DEAL("\"trade_id\":\"x\",\"price\":\"NaN\",\"quantity\":1"),
        DEAL("\"trade_id\":\"a\\\"b\",\"price\":600,\"quantity\":1"), /* would break a request */
        DEAL("\"trade_id\":\"0123456789012345678901234\",\"price\":600,\"quantity\":1"),
        DEAL("\"trade_id\":\"x\",\"price\":600,\"quantity\":1,\"ts\":-5"),
        ORDER("StockOrder", "\"op_type\":\"Odd\",\"op_code\":\"00\"", "\"id\":\"x\"", "",
              "\"code\":\"2330\""),
        ORDER("StockOrder", "\"op_type\":\"New\"", "\"id\":\"x\"", "", "\"code\":\"2330\""),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sj_order_report report;
        if (parse(bad[i], &report) != -SJ_E_MALFORMED)
            fail_msg("taken: %s", bad[i]);
    }
}

static void json_that_is_too_deep_is_refused_and_not_descended_into(void **state)
{
    (void)state;
    struct sj_order_report report;
    char text[4096] = "{\"x\":";
    memset(text + 5, '[', 2000);
    assert_int_equal(parse(text, &report), -SJ_E_MALFORMED);
}

/* --- requests --- */

static const struct sj_order_head head = {.host = "localhost",
                                          .authorization = "Authorization: Bearer K:S\r\n"};

/* Splits a request into head and JSON body; the length must be that of the body. */
static json_t *body_of(const char *text, sj_rc size, const char *path)
{
    char whole[SJ_ORDER_RENDER_MAX + 1];
    assert_true(size > 0);
    memcpy(whole, text, (size_t)size);
    whole[size] = '\0';
    assert_non_null(strstr(whole, path));
    assert_non_null(strstr(whole, "\r\nHost: localhost\r\n"));
    assert_non_null(strstr(whole, "\r\nAuthorization: Bearer K:S\r\n"));
    const char *length = strstr(whole, "Content-Length: ");
    char *body = strstr(whole, "\r\n\r\n");
    assert_non_null(length);
    assert_non_null(body);
    assert_int_equal(strtol(length + 16, NULL, 10), strlen(body + 4));
    json_t *json = json_loads(body + 4, 0, NULL);
    assert_non_null(json);
    return json;
}

static const char *text_at(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

static void a_place_is_what_the_broker_reads_for_every_word_there_is(void **state)
{
    (void)state;
    static const char *const lots[] = {"Common", "BlockTrade", "Fixing", "Odd", "IntradayOdd"};
    static const char *const conds[] = {"Cash", "MarginTrading", "ShortSelling", "Netting"};
    static const char *const octypes[] = {"Auto", "New", "Cover", "DayTrade"};
    static const char *const types[] = {"", "LMT", "MKT", "MKP"};
    static const char *const tifs[] = {"", "ROD", "IOC", "FOK"};
    uint64_t seed = sj_test_seed();
    for (int round = 0; round < 2000; round++) {
        uint64_t dice = sj_test_random(&seed);
        uint32_t id = 1 + (uint32_t)(dice % 3);
        const struct sj_instrument *one = sj_instruments_get(table, id);
        bool stock = one->security == SJ_SECURITY_STK;
        struct sj_order_template template;
        char out[SJ_ORDER_RENDER_MAX];
        assert_int_equal(sj_order_template_init(&template, &head, one), 0);
        struct sj_order_request request = {
            .kind = SJ_REQUEST_PLACE,
            .instrument = id,
            .side = (uint8_t)(1 + (dice >> 8) % 2),
            .price_type = (uint8_t)(1 + (dice >> 16) % 3),
            .time_in_force = (uint8_t)(1 + (dice >> 24) % 3),
            .order_lot = (uint8_t)((dice >> 32) % 5),
            .order_cond = (uint8_t)((dice >> 36) % 4),
            .octype = (uint8_t)((dice >> 40) % 4),
            .quantity = (uint32_t)(dice >> 44 & 1 ? UINT32_MAX - 1 : dice % 1000 + 1),
            .price_e6 = (int64_t)(dice % 4000000000000),
            .custom_field = "00zA9b"};
        sj_rc size = sj_order_render_place(&template, &request, out);
        json_t *json = body_of(out, size, "POST /api/v1/order/place_order HTTP/1.1\r\n");
        const json_t *contract = json_object_get(json, "contract");
        const json_t *order = json_object_get(json, stock ? "stock_order" : "futures_order");
        assert_true(json_is_null(json_object_get(json, stock ? "futures_order" : "stock_order")));
        assert_string_equal(text_at(contract, "code"), one->code);
        assert_string_equal(text_at(contract, "target_code"), one->target_code);
        assert_string_equal(text_at(order, "action"), request.side == SJ_SIDE_BUY ? "Buy" : "Sell");
        assert_string_equal(text_at(order, "price_type"), types[request.price_type]);
        assert_string_equal(text_at(order, "time_in_force"), tifs[request.time_in_force]);
        assert_string_equal(text_at(order, "order_type"), tifs[request.time_in_force]);
        assert_string_equal(text_at(order, "custom_field"), "00zA9b");
        assert_int_equal(json_integer_value(json_object_get(order, "quantity")), request.quantity);
        double price = request.price_type == SJ_ORDER_MKT ? 0 : (double)request.price_e6 / 1e6;
        assert_true(json_number_value(json_object_get(order, "price")) == price);
        if (stock) {
            assert_string_equal(text_at(order, "order_lot"), lots[request.order_lot]);
            assert_string_equal(text_at(order, "order_cond"), conds[request.order_cond]);
        } else {
            assert_string_equal(text_at(order, "octype"), octypes[request.octype]);
        }
        json_decref(json);
    }
}

static void a_place_names_the_account_that_is_configured_and_a_declared_short(void **state)
{
    (void)state;
    struct sj_order_head named = head;
    struct sj_order_template template;
    char out[SJ_ORDER_RENDER_MAX];
    assert_int_equal(sj_account_name_parse("9A95-2345678", &named.accounts[0]), 0);
    for (uint32_t id = 1; id <= 2; id++) {
        assert_int_equal(sj_order_template_init(&template, &named, sj_instruments_get(table, id)),
                         0);
        struct sj_order_request request = {.kind = SJ_REQUEST_PLACE,
                                           .side = SJ_SIDE_SELL,
                                           .price_type = SJ_ORDER_LMT,
                                           .time_in_force = SJ_ORDER_ROD,
                                           .quantity = 1,
                                           .daytrade_short = id == 1,
                                           .custom_field = "00zA9b",
                                           .price_e6 = 600000000};
        sj_rc size = sj_order_render_place(&template, &request, out);
        json_t *json = body_of(out, size, "POST /api/v1/order/place_order HTTP/1.1\r\n");
        const json_t *order = json_object_get(json, id == 1 ? "stock_order" : "futures_order");
        const json_t *account = json_object_get(order, "account");
        if (id == 1) {
            assert_string_equal(text_at(account, "account_type"), "S");
            assert_string_equal(text_at(account, "broker_id"), "9A95");
            assert_string_equal(text_at(account, "account_id"), "2345678");
            assert_true(json_is_true(json_object_get(order, "daytrade_short")));
        } else { /* none is configured: the broker's default */
            assert_null(account);
            assert_null(json_object_get(order, "daytrade_short"));
        }
        json_decref(json);
    }
}

static void what_cannot_be_rendered_is_refused(void **state)
{
    (void)state;
    struct sj_order_template template;
    char out[SJ_ORDER_RENDER_MAX];
    assert_int_equal(sj_order_template_init(&template, &head, sj_instruments_get(table, 1)), 0);
    const struct sj_order_request good = {
        .side = 1, .price_type = 1, .time_in_force = 1, .quantity = 1};
    assert_true(sj_order_render_place(&template, &good, out) > 0);
    struct sj_order_request bad[6] = {good, good, good, good, good, good};
    bad[0].side = 0;
    bad[1].side = 3;
    bad[2].price_type = 4;
    bad[3].time_in_force = SJ_ORDER_GTX;
    bad[4].order_lot = 5;
    bad[5].order_cond = 4;
    for (int i = 0; i < 6; i++)
        assert_int_equal(sj_order_render_place(&template, &bad[i], out), -SJ_E_RANGE);
    assert_int_equal(sj_order_render_change(&head, &good, out), -SJ_E_RANGE); /* no id */
    static struct sj_order_head long_head;
    memset(long_head.host, 'h', sizeof long_head.host - 1);
    memset(long_head.authorization, 'a', sizeof long_head.authorization - 1);
    /* The longest there can be still fits, or is refused; it is never cut. */
    sj_rc rc = sj_order_template_init(&template, &long_head, sj_instruments_get(table, 1));
    assert_true(rc == 0 || rc == -SJ_E_LIMIT);
}

static void changes_name_the_trade_and_what_is_to_change(void **state)
{
    (void)state;
    char out[SJ_ORDER_RENDER_MAX];
    struct sj_order_request request = {
        .kind = SJ_REQUEST_CANCEL, .order_id = "abc123", .price_e6 = 605500000, .quantity = 4};
    json_t *json =
        body_of(out, sj_order_render_change(&head, &request, out), "/order/cancel_order");
    assert_string_equal(text_at(json, "trade_id"), "abc123");
    json_decref(json);
    request.kind = SJ_REQUEST_PRICE;
    json = body_of(out, sj_order_render_change(&head, &request, out), "/order/update_price");
    assert_true(json_number_value(json_object_get(json, "price")) == 605.5);
    json_decref(json);
    request.kind = SJ_REQUEST_QUANTITY;
    json = body_of(out, sj_order_render_change(&head, &request, out), "/order/update_qty");
    assert_int_equal(json_integer_value(json_object_get(json, "quantity")), 4);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_brokers_own_samples_of_order_events_are_understood),
        cmocka_unit_test(the_brokers_own_sample_of_a_list_is_understood),
        cmocka_unit_test(fields_come_in_any_order_and_unknown_ones_are_passed_over),
        cmocka_unit_test(a_future_is_found_by_its_full_code_and_unknown_ones_are_0),
        cmocka_unit_test(a_continuous_contract_is_the_month_it_stands_for),
        cmocka_unit_test(a_combo_is_told_as_one),
        cmocka_unit_test(the_accounts_of_a_login_are_counted_and_the_wanted_ones_found),
        cmocka_unit_test(a_place_names_the_account_that_is_configured_and_a_declared_short),
        cmocka_unit_test(a_heartbeat_is_no_order),
        cmocka_unit_test(what_cannot_be_trusted_is_malformed),
        cmocka_unit_test(json_that_is_too_deep_is_refused_and_not_descended_into),
        cmocka_unit_test(a_place_is_what_the_broker_reads_for_every_word_there_is),
        cmocka_unit_test(what_cannot_be_rendered_is_refused),
        cmocka_unit_test(changes_name_the_trade_and_what_is_to_change),
    };
    return cmocka_run_group_tests_name("order_report", tests, make_table, drop_table);
}
