#include "groups.h"
#include "support.h"

static void refuses_what_cannot_be_understood_by_field(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench_start(&bench);
#define WRONG(field, bad, number)                                                                  \
    do {                                                                                           \
        struct sj_intent intent = bench_place(&bench, STOCK, SJ_SIDE_BUY, 1, 600);                 \
        intent.field = bad;                                                                        \
        assert_string_equal(bench_judge(&bench, &intent), "malformed");                            \
        assert_int_equal(bench.verdict.limit, number);                                             \
    } while (0)
    WRONG(kind, 0, SJ_RISK_FIELD_KIND);
    WRONG(kind, 5, SJ_RISK_FIELD_KIND);
    WRONG(intent_id, 0, SJ_RISK_FIELD_INTENT_ID);
    WRONG(target_id, 7, SJ_RISK_FIELD_TARGET_ID);
    WRONG(side, 0, SJ_RISK_FIELD_SIDE);
    WRONG(side, 3, SJ_RISK_FIELD_SIDE);
    WRONG(quantity, 0, SJ_RISK_FIELD_QUANTITY);
    WRONG(quantity, SJ_NULL_U32, SJ_RISK_FIELD_QUANTITY);
    WRONG(quantity, (uint32_t)-1000, SJ_RISK_FIELD_QUANTITY);
    WRONG(price_e6, SJ_NULL_E6, SJ_RISK_FIELD_PRICE);
    WRONG(price_e6, 0, SJ_RISK_FIELD_PRICE);
    WRONG(price_e6, -E6, SJ_RISK_FIELD_PRICE);
    WRONG(price_e6, INT64_MAX, SJ_RISK_FIELD_PRICE);
    WRONG(price_type, 0, SJ_RISK_FIELD_PRICE_TYPE);
    WRONG(price_type, 4, SJ_RISK_FIELD_PRICE_TYPE);
    WRONG(price_type, SJ_ORDER_MKT, SJ_RISK_FIELD_PRICE);
    WRONG(time_in_force, 0, SJ_RISK_FIELD_TIME_IN_FORCE);
    WRONG(time_in_force, 5, SJ_RISK_FIELD_TIME_IN_FORCE);
    WRONG(order_cond, 4, SJ_RISK_FIELD_COND);
    WRONG(order_lot, 5, SJ_RISK_FIELD_LOT);
    WRONG(octype, 4, SJ_RISK_FIELD_OCTYPE);
    WRONG(account, SJ_RISK_ACCOUNT_MAX, SJ_RISK_FIELD_ACCOUNT);
    WRONG(strategy, SJ_RISK_STRATEGY_MAX, SJ_RISK_FIELD_STRATEGY);
    WRONG(custom_field[2], '\n', SJ_RISK_FIELD_CUSTOM);
#undef WRONG
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 600);
    bench_done(&bench);
}

static void a_kill_stops_orders_and_not_cancels(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench_start(&bench);
    uint64_t id = bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 600);
    bench_control(&bench, SJ_CONTROL_KILL, 0, 0);
    struct sj_intent place = bench_place(&bench, STOCK, SJ_SIDE_BUY, 1, 599);
    assert_string_equal(bench_judge(&bench, &place), "kill_switch");
    assert_int_equal(bench.verdict.value, SJ_CONTROL_BY_COMMAND);
    struct sj_intent cancel = bench_change(&bench, SJ_INTENT_CANCEL, id);
    assert_string_equal(bench_judge(&bench, &cancel), "");
    bench_control(&bench, SJ_CONTROL_RESUME, 0, 0);
    assert_string_equal(bench_judge(&bench, &place), "");
    bench_done(&bench);
}

int risk_checks(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_cannot_be_understood_by_field),
        cmocka_unit_test(a_kill_stops_orders_and_not_cancels),
    };
    return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
