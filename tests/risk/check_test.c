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

/* Starts a bench with one limit narrowed. */
#define START(setting)                                                                             \
    struct bench bench;                                                                            \
    (void)state;                                                                                   \
    bench_init(&bench);                                                                            \
    setting;                                                                                       \
    bench_start(&bench)

#define ACCEPTED(intent) assert_string_equal(bench_judge(&bench, &(intent)), "")
#define REFUSED(intent, name, is, most)                                                            \
    do {                                                                                           \
        assert_string_equal(bench_judge(&bench, &(intent)), name);                                 \
        assert_int_equal(bench.verdict.value, is);                                                 \
        assert_int_equal(bench.verdict.limit, most);                                               \
    } while (0)

static struct sj_intent buy(struct bench *bench, uint32_t id, uint32_t quantity, int64_t price)
{
    return bench_place(bench, id, SJ_SIDE_BUY, quantity, price);
}

static struct sj_intent sell(struct bench *bench, uint32_t id, uint32_t quantity, int64_t price)
{
    return bench_place(bench, id, SJ_SIDE_SELL, quantity, price);
}

static void instrument_known_refuses_ids_without_a_definition(void **state)
{
    START();
    struct sj_intent intent = buy(&bench, INSTRUMENTS + 1, 1, 600);
    REFUSED(intent, "instrument_known", INSTRUMENTS + 1, 64);
    intent.instrument = 0;
    REFUSED(intent, "instrument_known", 0, 64);
    intent.instrument = UINT32_MAX;
    REFUSED(intent, "instrument_known", UINT32_MAX, 64);
    intent.instrument = STOCK;
    ACCEPTED(intent);
    bench_done(&bench);
}

static void target_refuses_changes_of_what_does_not_work(void **state)
{
    START();
    uint64_t id = bench_accept(&bench, STOCK, SJ_SIDE_BUY, 5, 600);
    struct sj_intent change = bench_change(&bench, SJ_INTENT_QUANTITY, id);
    change.quantity = 5; /* no less than there is */
    REFUSED(change, "target", 5, 5);
    change.quantity = 4;
    ACCEPTED(change);
    bench_fill(&bench, id, STOCK, SJ_SIDE_BUY, 3, 600);
    change.quantity = 3; /* what is filled cannot be given back */
    REFUSED(change, "target", 3, 2);
    change.strategy = 2; /* another's */
    REFUSED(change, "target", 3, SJ_NULL_I64);
    struct sj_intent price = bench_change(&bench, SJ_INTENT_PRICE, id + 100);
    price.instrument = STOCK;
    price.price_e6 = 599 * E6;
    REFUSED(price, "target", 599 * E6, SJ_NULL_I64);
    price.target_id = id;
    price.instrument = FUTURE; /* not its instrument */
    REFUSED(price, "target", 599 * E6, SJ_NULL_I64);
    price.instrument = STOCK;
    ACCEPTED(price);
    bench_update(&bench, id, SJ_ORDER_CANCELLED, 5, 3, 2, 600);
    REFUSED(price, "target", 599 * E6, SJ_NULL_I64);
    bench_done(&bench);
}

static void order_type_refuses_what_is_not_sent_here(void **state)
{
    START(bench.config.market_orders = false);
    struct sj_intent intent = buy(&bench, STOCK, 1, 600);
    intent.time_in_force = SJ_ORDER_GTX;
    REFUSED(intent, "order_type", 140, SJ_RISK_TYPE_GTX);
    intent.time_in_force = SJ_ORDER_ROD;
    intent.price_type = SJ_ORDER_MKT;
    intent.price_e6 = SJ_NULL_E6;
    REFUSED(intent, "order_type", 210, SJ_RISK_TYPE_MARKET);
    struct sj_intent spread = buy(&bench, SPREAD, 1, 20000);
    REFUSED(spread, "order_type", 110, SJ_RISK_TYPE_COMBINATION);
    struct sj_intent index = buy(&bench, INDEX, 1, 20000);
    REFUSED(index, "order_type", 110, SJ_RISK_TYPE_COMBINATION);
    struct sj_intent lot = buy(&bench, STOCK, 1, 600);
    lot.order_lot = SJ_LOT_BLOCK;
    REFUSED(lot, "order_type", 111, SJ_RISK_TYPE_LOT);
    lot.order_lot = SJ_LOT_INTRADAY_ODD;
    lot.quantity = 1000; /* a whole lot */
    REFUSED(lot, "order_type", 114, SJ_RISK_TYPE_ODD_LOT);
    lot.quantity = 999;
    ACCEPTED(lot);
    struct sj_intent future = buy(&bench, FUTURE, 1, 20000);
    future.order_lot = SJ_LOT_INTRADAY_ODD;
    REFUSED(future, "order_type", 114, SJ_RISK_TYPE_LOT);
    bench_done(&bench);
}

static void market_orders_are_let_in_where_they_are_allowed(void **state)
{
    START(bench.config.market_orders = true; bench.config.order_value_max = 659999);
    struct sj_intent intent = buy(&bench, STOCK, 1, 0);
    intent.price_type = SJ_ORDER_MKT;
    intent.price_e6 = SJ_NULL_E6;
    REFUSED(intent, "order_value", 660000 * E6, 659999 * E6); /* at the day's limit, its worst */
    sj_risk_close(bench.risk);
    bench.config.order_value_max = 660000;
    bench_start(&bench);
    ACCEPTED(intent);
    bench_done(&bench);
}

static void disarmed_stops_one_strategy(void **state)
{
    START();
    bench_control(&bench, SJ_CONTROL_DISARM, 0, 1);
    struct sj_intent intent = buy(&bench, STOCK, 1, 600);
    REFUSED(intent, "disarmed", 1, 0);
    intent.strategy = 2;
    ACCEPTED(intent);
    bench_control(&bench, SJ_CONTROL_ARM, 0, 1);
    intent = buy(&bench, STOCK, 1, 600);
    ACCEPTED(intent);
    bench_done(&bench);
}

static void instrument_allowed_follows_the_lists(void **state)
{
    START(strcpy(bench.config.allow, "23*,TXO20000L6,1101"); strcpy(bench.config.deny, "1101"));
    struct sj_intent intent = buy(&bench, FUTURE, 1, 20000);
    REFUSED(intent, "instrument_allowed", FUTURE, 0);
    intent = buy(&bench, CHEAP, 1, 20);
    REFUSED(intent, "instrument_allowed", CHEAP, 0);
    intent = buy(&bench, PUT, 1, 100);
    REFUSED(intent, "instrument_allowed", PUT, 0);
    bench_accept(&bench, CALL, SJ_SIDE_BUY, 1, 100);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 600);
    bench_done(&bench);
}

static void instrument_blocked_until_who_blocks_lets_go(void **state)
{
    START();
    struct sj_control control = {.kind = SJ_CONTROL_BLOCK, .source = SJ_CONTROL_BY_RECONCILE};
    control.instrument = STOCK;
    sj_risk_control(bench.risk, &control);
    control.source = SJ_CONTROL_BY_CRASH;
    sj_risk_control(bench.risk, &control);
    struct sj_intent intent = buy(&bench, STOCK, 1, 600);
    REFUSED(intent, "instrument_blocked", 1 << SJ_CONTROL_BY_RECONCILE | 1 << SJ_CONTROL_BY_CRASH,
            0);
    bench_accept(&bench, FUTURE, SJ_SIDE_BUY, 1, 20000);
    control.kind = SJ_CONTROL_UNBLOCK;
    sj_risk_control(bench.risk, &control);
    REFUSED(intent, "instrument_blocked", 1 << SJ_CONTROL_BY_RECONCILE, 0);
    bench_control(&bench, SJ_CONTROL_UNBLOCK, STOCK, 0); /* by command: whoever blocked */
    ACCEPTED(intent);
    bench_done(&bench);
}

static void feed_lost_stops_all_or_one(void **state)
{
    START();
    bench_control(&bench, SJ_CONTROL_FEED_LOST, 0, 0);
    bench_control(&bench, SJ_CONTROL_FEED_LOST, STOCK, 0);
    bench_control(&bench, SJ_CONTROL_FEED_LOST, STOCK, 0); /* told twice is lost once */
    struct sj_intent intent = buy(&bench, FUTURE, 1, 20000);
    REFUSED(intent, "feed", 2, 0);
    bench_control(&bench, SJ_CONTROL_FEED_BACK, 0, 0);
    ACCEPTED(intent);
    intent = buy(&bench, STOCK, 1, 600);
    REFUSED(intent, "feed", 1, 0);
    bench_control(&bench, SJ_CONTROL_FEED_BACK, STOCK, 0);
    ACCEPTED(intent);
    bench_done(&bench);
}

static void session_takes_orders_while_it_is_open(void **state)
{
    START(bench.now_ns = sj_tw_to_utc_ns(20261124, (8 * 3600 + 29 * 60 + 59) * S));
    struct sj_intent stock = buy(&bench, STOCK, 1, 600), future = buy(&bench, FUTURE, 1, 20000);
    struct sj_intent at_once = buy(&bench, STOCK, 1, 599);
    at_once.time_in_force = SJ_ORDER_IOC;
    REFUSED(stock, "session", SJ_SESSION_PHASE_NONE, 0);
    bench.now_ns = sj_tw_to_utc_ns(20261124, (8 * 3600 + 30 * 60) * S);
    ACCEPTED(stock);                                               /* an auction takes it, */
    assert_string_equal(bench_judge(&bench, &at_once), "session"); /* but nothing at once */
    assert_int_equal(bench.verdict.value, SJ_SESSION_PHASE_AUCTION);
    bench.now_ns = sj_tw_to_utc_ns(20261124, 9 * 3600 * S);
    ACCEPTED(at_once);
    bench.now_ns = sj_tw_to_utc_ns(20261124, (13 * 3600 + 30 * 60) * S);
    stock = buy(&bench, STOCK, 1, 600);
    REFUSED(stock, "session", SJ_SESSION_PHASE_NONE, 0);
    ACCEPTED(future); /* until 13:45 */
    bench.now_ns = sj_tw_to_utc_ns(20261124, (13 * 3600 + 45 * 60) * S);
    future = buy(&bench, FUTURE, 1, 20000);
    REFUSED(future, "session", SJ_SESSION_PHASE_NONE, 0);
    bench.now_ns = sj_tw_to_utc_ns(20261125, 3 * 3600 * S); /* the night session */
    ACCEPTED(future);
    bench_done(&bench);
}

static void session_is_closed_on_days_without_trading(void **state)
{
    START(bench.now_ns = sj_tw_to_utc_ns(20261128, 10 * 3600 * S)); /* a Saturday */
    struct sj_intent intent = buy(&bench, STOCK, 1, 600);
    assert_string_equal(bench_judge(&bench, &intent), "session");
    bench_done(&bench);
}

static void price_tick_follows_the_bands(void **state)
{
    START(bench.config.tick_check = true);
    struct sj_intent intent = buy(&bench, STOCK, 1, 600);
    intent.price_e6 += 500000; /* from 500 on in whole TWD */
    REFUSED(intent, "price_tick", 600500000, E6);
    intent.price_e6 += 500000;
    ACCEPTED(intent);
    intent = buy(&bench, CHEAP, 1, 20);
    intent.price_e6 += 49999;
    REFUSED(intent, "price_tick", 20049999, 50000);
    intent.price_e6 += 1;
    ACCEPTED(intent);
    bench_done(&bench);
}

static void price_limits_hold_to_the_tick(void **state)
{
    START(bench.config.collar_aggressive = bench.config.collar_passive = 0);
    struct sj_intent intent = buy(&bench, STOCK, 1, 661);
    REFUSED(intent, "price_limits", 661 * E6, 660 * E6);
    intent = buy(&bench, STOCK, 1, 539);
    REFUSED(intent, "price_limits", 539 * E6, 540 * E6);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 660);
    bench_accept(&bench, FUTURE, SJ_SIDE_BUY, 1, 18000);
    bench_done(&bench);
}

static void reference_stale_refuses_old_and_missing_prices(void **state)
{
    START(bench.config.reference_age_ms = 1000);
    struct sj_intent intent = buy(&bench, STOCK, 1, 600);
    bench.now_ns += S;
    ACCEPTED(intent);
    bench.now_ns += 1;
    intent = buy(&bench, STOCK, 1, 600);
    REFUSED(intent, "reference_stale", S + 1, S);
    bench_trade(&bench, STOCK, 600, 0); /* a last price does not renew the book's */
    REFUSED(intent, "reference_stale", S + 1, S);
    bench_book(&bench, STOCK, 599, 601);
    ACCEPTED(intent);
    bench_book(&bench, STOCK, 0, 601); /* one-sided: the last price counts */
    intent = buy(&bench, STOCK, 1, 600);
    ACCEPTED(intent);
    bench_book(&bench, FUTURE, 0, 20001);
    intent = buy(&bench, FUTURE, 1, 20000);
    REFUSED(intent, "reference_stale", SJ_NULL_I64, S);
    bench_done(&bench);
}

static void collar_is_around_mid_last_or_the_auction(void **state)
{
    START(bench.config.collar_aggressive = 0.02; bench.config.collar_passive = 0.05);
    struct sj_intent intent = buy(&bench, STOCK, 1, 613);
    REFUSED(intent, "collar", 613 * E6, 612 * E6);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 612);
    intent = buy(&bench, STOCK, 1, 569);
    REFUSED(intent, "collar", 569 * E6, 570 * E6);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 570);
    intent = sell(&bench, STOCK, 1, 587);
    REFUSED(intent, "collar", 587 * E6, 588 * E6);
    /* A trial match moves it to the auction's price. */
    bench.now_ns += S;
    bench_trade(&bench, STOCK, 650, SJ_FLAG_SIMTRADE);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 655);
    bench.now_ns += S;
    bench_book(&bench, STOCK, 599, 601);
    intent = buy(&bench, STOCK, 1, 655);
    REFUSED(intent, "collar", 655 * E6, 612 * E6);
    bench_book(&bench, STOCK, 601, 599); /* crossed: no mid, the last price counts */
    bench_trade(&bench, STOCK, 640, 0);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 652);
    bench_done(&bench);
}

static void order_quantity_is_in_lots_and_odd_shares(void **state)
{
    START(bench.config.order_quantity_max = 10; bench.config.odd_lot_quantity_max = 500);
    struct sj_intent intent = buy(&bench, STOCK, 11, 600);
    REFUSED(intent, "order_quantity", 11, 10);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 10, 600);
    intent = buy(&bench, STOCK, 501, 599);
    intent.order_lot = SJ_LOT_INTRADAY_ODD;
    REFUSED(intent, "order_quantity", 501, 500);
    intent.quantity = 500;
    ACCEPTED(intent);
    bench_done(&bench);
}

static void order_value_is_price_times_units_times_multiplier(void **state)
{
    START(bench.config.order_value_max = 8000000);
    struct sj_intent intent = buy(&bench, FUTURE, 2, 20001);
    REFUSED(intent, "order_value", 8000400 * E6, 8000000 * E6);
    uint64_t id = bench_accept(&bench, FUTURE, SJ_SIDE_BUY, 2, 20000);
    struct sj_intent dearer = bench_change(&bench, SJ_INTENT_PRICE, id);
    dearer.price_e6 = 20001 * E6;
    REFUSED(dearer, "order_value", 8000400 * E6, 8000000 * E6);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 13, 600);
    bench_done(&bench);
}

static void limits_of_single_instruments_differ(void **state)
{
    START(bench.config.order_quantity_max = 2; bench.config.limits_count = 2;
          bench.config.limits[0] = ((struct sj_risk_limits){"TX*", 7, -1, -1});
          bench.config.limits[1] = ((struct sj_risk_limits){"TXFL6", 5, -1, -1}));
    struct sj_intent intent = buy(&bench, FUTURE, 6, 20000);
    REFUSED(intent, "order_quantity", 6, 5);
    intent = buy(&bench, CALL, 8, 100);
    REFUSED(intent, "order_quantity", 8, 7);
    intent = buy(&bench, STOCK, 3, 600);
    REFUSED(intent, "order_quantity", 3, 2);
    bench_accept(&bench, FUTURE, SJ_SIDE_BUY, 5, 20000);
    bench_done(&bench);
}

static void self_trade_refuses_to_meet_our_own_order(void **state)
{
    START();
    uint64_t near = bench_accept(&bench, STOCK, SJ_SIDE_SELL, 1, 602);
    bench_accept(&bench, STOCK, SJ_SIDE_SELL, 1, 605);
    struct sj_intent intent = buy(&bench, STOCK, 1, 602);
    REFUSED(intent, "self_trade", 602 * E6, 602 * E6);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 601);
    bench_update(&bench, near, SJ_ORDER_CANCELLED, 1, 0, 1, 602);
    intent = buy(&bench, STOCK, 1, 605);
    REFUSED(intent, "self_trade", 605 * E6, 605 * E6);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 604);
    intent = sell(&bench, STOCK, 1, 604);
    REFUSED(intent, "self_trade", 604 * E6, 604 * E6);
    bench_done(&bench);
}

static void a_price_asked_for_counts_until_it_is_confirmed(void **state)
{
    START();
    uint64_t id = bench_accept(&bench, STOCK, SJ_SIDE_SELL, 1, 605);
    struct sj_intent change = bench_change(&bench, SJ_INTENT_PRICE, id);
    change.price_e6 = 602 * E6;
    ACCEPTED(change);
    struct sj_intent intent = buy(&bench, STOCK, 1, 603);
    REFUSED(intent, "self_trade", 603 * E6, 602 * E6);
    change = bench_change(&bench, SJ_INTENT_PRICE, id); /* away again: both count */
    change.price_e6 = 606 * E6;
    ACCEPTED(change);
    REFUSED(intent, "self_trade", 603 * E6, 602 * E6);
    bench_update(&bench, id, SJ_ORDER_WORKING, 1, 0, 0, 606);
    ACCEPTED(intent);
    bench_done(&bench);
}

static void duplicate_refuses_an_id_twice_and_equal_orders_in_a_row(void **state)
{
    START(bench.config.duplicate_ms = 100);
    struct sj_intent intent = buy(&bench, STOCK, 1, 600);
    ACCEPTED(intent);
    bench.now_ns += 200 * SJ_NS_PER_MS;
    REFUSED(intent, "duplicate", 0, 100 * SJ_NS_PER_MS);
    bench_update(&bench, intent.intent_id, SJ_ORDER_CANCELLED, 1, 0, 1, 600);
    REFUSED(intent, "duplicate", 0, 100 * SJ_NS_PER_MS); /* ended, but known */
    struct sj_intent same = buy(&bench, STOCK, 1, 600);
    ACCEPTED(same); /* its twin is older than 100 ms */
    bench.now_ns += 100 * SJ_NS_PER_MS - 1;
    same.intent_id = ++bench.id;
    REFUSED(same, "duplicate", 100 * SJ_NS_PER_MS - 1, 100 * SJ_NS_PER_MS);
    same.strategy = 2; /* another's */
    ACCEPTED(same);
    same.strategy = 1;
    same.intent_id = ++bench.id;
    bench.now_ns += 1;
    ACCEPTED(same);
    bench_done(&bench);
}

static void open_orders_counts_what_works(void **state)
{
    START(bench.config.open_orders_max = 2);
    uint64_t id = bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 600);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 599);
    struct sj_intent intent = buy(&bench, STOCK, 1, 598);
    REFUSED(intent, "open_orders", 3, 2);
    bench_update(&bench, id, SJ_ORDER_REJECTED, 1, 0, 0, 600);
    ACCEPTED(intent);
    bench_done(&bench);
}

static void strategy_orders_counts_one_strategys(void **state)
{
    START(bench.config.strategy_orders_max = 1);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 600);
    struct sj_intent intent = buy(&bench, STOCK, 1, 599);
    REFUSED(intent, "strategy_orders", 2, 1);
    intent.strategy = 2;
    ACCEPTED(intent);
    bench_done(&bench);
}

static void cancel_ratio_refuses_orders_and_forgets(void **state)
{
    START(bench.config.cancel_ratio_max = 0.5; bench.config.cancel_ratio_orders = 4;
          bench.config.cancel_ratio_window_s = 60);
    uint64_t ids[4];
    for (int i = 0; i < 4; i++)
        ids[i] = bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 600 - i);
    for (int i = 0; i < 3; i++) {
        struct sj_intent cancel = bench_change(&bench, SJ_INTENT_CANCEL, ids[i]);
        ACCEPTED(cancel);
        struct sj_intent other = buy(&bench, STOCK, 1, 590 - i);
        if (i < 2)
            continue;
        REFUSED(other, "cancel_ratio", 750000, 500000);
        bench.now_ns += 119 * S;
        bench_book(&bench, STOCK, 599, 601);
        REFUSED(other, "cancel_ratio", 750000, 500000);
        bench.now_ns += 60 * S;
        ACCEPTED(other);
    }
    bench_done(&bench);
}

static void position_counts_what_works_on_each_side(void **state)
{
    START(bench.config.position_max = 5);
    bench_position(&bench, STOCK, 2);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 2, 600);
    struct sj_intent intent = buy(&bench, STOCK, 2, 599);
    REFUSED(intent, "position", 6000, 5000);
    intent.quantity = 1;
    ACCEPTED(intent);
    bench_accept(&bench, STOCK, SJ_SIDE_SELL, 7, 601);
    intent = sell(&bench, STOCK, 1, 602);
    REFUSED(intent, "position", -6000, 5000);
    bench_done(&bench);
}

static void position_follows_fills_and_ends(void **state)
{
    START(bench.config.position_max = 5);
    struct sj_risk_exposure exposure;
    uint64_t id = bench_accept(&bench, STOCK, SJ_SIDE_BUY, 5, 600);
    bench_fill(&bench, id, STOCK, SJ_SIDE_BUY, 2, 600); /* the deal before the order */
    sj_risk_exposure(bench.risk, STOCK, &exposure);
    assert_int_equal(exposure.position, 2000);
    assert_int_equal(exposure.working_buy, 3000);
    bench_update(&bench, id, SJ_ORDER_PARTIAL, 5, 2, 0, 600);
    sj_risk_exposure(bench.risk, STOCK, &exposure);
    assert_int_equal(exposure.working_buy, 3000);
    /* Ended with three filled, one of which is still to be told: it counts until then. */
    bench_update(&bench, id, SJ_ORDER_CANCELLED, 5, 3, 2, 600);
    sj_risk_exposure(bench.risk, STOCK, &exposure);
    assert_int_equal(exposure.working_buy, 1000);
    struct sj_risk_status status;
    sj_risk_status(bench.risk, &status);
    assert_int_equal(status.open_count, 0);
    bench_fill(&bench, id, STOCK, SJ_SIDE_BUY, 1, 600);
    sj_risk_exposure(bench.risk, STOCK, &exposure);
    assert_int_equal(exposure.position, 3000);
    assert_int_equal(exposure.working_buy, 0);
    struct sj_intent intent = buy(&bench, STOCK, 3, 600);
    REFUSED(intent, "position", 6000, 5000);
    bench_done(&bench);
}

static void a_late_snapshot_and_the_fills_both_count(void **state)
{
    START(bench.config.position_max = 5);
    struct sj_position_snapshot late = {.instrument = STOCK, .own_quantity = SJ_NULL_I64};
    sj_frame_head(&late, SJ_EVENT_POSITION, sizeof late);
    bench_position(&bench, STOCK, 4);
    uint64_t id = bench_accept(&bench, STOCK, SJ_SIDE_SELL, 4, 600);
    bench_fill(&bench, id, STOCK, SJ_SIDE_SELL, 4, 600);
    bench_update(&bench, id, SJ_ORDER_FILLED, 4, 4, 0, 600);
    late.quantity = 4; /* from before the sale */
    sj_risk_account(bench.risk, (struct sj_frame *)&late);
    struct sj_intent intent = buy(&bench, STOCK, 2, 600);
    REFUSED(intent, "position", 6000, 5000);
    intent = sell(&bench, STOCK, 6, 600);
    REFUSED(intent, "position", -6000, 5000);
    late.quantity = 0;
    sj_risk_account(bench.risk, (struct sj_frame *)&late);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 5, 600);
    bench_done(&bench);
}

/* A put falls when its underlying rises: bought, it is on the other side of the group. */
static void group_position_adds_all_on_one_underlying(void **state)
{
    START(bench.config.group_value_max = 6000000);
    bench_accept(&bench, FUTURE, SJ_SIDE_BUY, 1, 20000); /* 4,000,000 */
    bench_accept(&bench, CALL, SJ_SIDE_BUY, 2, 100);     /* 2 * 20,000 * 50 */
    struct sj_intent intent = buy(&bench, CALL, 1, 99);
    REFUSED(intent, "group_position", 7000000 * E6, 6000000 * E6);
    intent = sell(&bench, PUT, 1, 100);
    REFUSED(intent, "group_position", 7000000 * E6, 6000000 * E6);
    bench_accept(&bench, PUT, SJ_SIDE_BUY, 6, 100);
    intent = sell(&bench, FUTURE, 1, 20001);
    REFUSED(intent, "group_position", -10000000 * E6, 6000000 * E6);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 10, 600); /* another group */
    bench_done(&bench);
}

static void gross_position_adds_both_directions(void **state)
{
    START(bench.config.gross_value_max = 10000000);
    bench_accept(&bench, FUTURE, SJ_SIDE_SELL, 2, 20001); /* 8,000,000 */
    struct sj_intent intent = buy(&bench, STOCK, 4, 600); /* 2,400,000 */
    REFUSED(intent, "gross_position", 10400000 * E6, 10000000 * E6);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 3, 600);
    bench_accept(&bench, FUTURE, SJ_SIDE_BUY, 2, 20000); /* the larger side is no larger */
    intent = buy(&bench, FUTURE, 1, 19999);
    REFUSED(intent, "gross_position", 13800000 * E6, 10000000 * E6);
    bench_done(&bench);
}

static void account_stale_refuses_what_needs_money(void **state)
{
    START(bench.config.cash_check = true; bench.config.account_age_ms = 1000);
    struct sj_intent intent = buy(&bench, STOCK, 1, 600);
    REFUSED(intent, "account_stale", SJ_NULL_I64, S);
    bench_account(&bench, 0, 10000000, -1);
    bench.now_ns += S + 1;
    REFUSED(intent, "account_stale", S + 1, S);
    bench_accept(&bench, STOCK, SJ_SIDE_SELL, 1, 601); /* brings money */
    bench_account(&bench, 0, 10000000, -1);
    bench.now_ns += S;
    ACCEPTED(intent);
    bench_done(&bench);
}

static void cash_counts_what_works_and_fills_until_the_second_snapshot(void **state)
{
    START(bench.config.cash_check = true; bench.config.cash_reserve = 100000);
    bench_account(&bench, 0, 2500000, 5000000);
    uint64_t id = bench_accept(&bench, STOCK, SJ_SIDE_BUY, 2, 600); /* 1,200,000 */
    struct sj_intent intent = buy(&bench, STOCK, 2, 601);
    REFUSED(intent, "cash", 2402000 * E6, 2400000 * E6);
    bench_fill(&bench, id, STOCK, SJ_SIDE_BUY, 2, 600);
    bench_update(&bench, id, SJ_ORDER_FILLED, 2, 2, 0, 600);
    REFUSED(intent, "cash", 2402000 * E6, 2400000 * E6);
    bench_account(&bench, 0, 2500000, 5000000); /* may be from before the fill */
    REFUSED(intent, "cash", 2402000 * E6, 2400000 * E6);
    bench_account(&bench, 0, 2500000, 5000000);
    ACCEPTED(intent);
    bench_account(&bench, 0, 5000000, 1300000); /* the trading limit is lower than the cash */
    intent = buy(&bench, STOCK, 1, 599);
    REFUSED(intent, "cash", 1801000 * E6, 1200000 * E6);
    struct sj_intent dearer = bench_change(&bench, SJ_INTENT_PRICE, bench.id - 1);
    dearer.price_e6 = 602 * E6;
    REFUSED(dearer, "cash", 1204000 * E6, 1200000 * E6);
    bench_done(&bench);
}

/* TXF's margin is in the rules: 322,000 a lot. */
static void margin_counts_what_is_opened(void **state)
{
    START(bench.config.margin_check = true; bench.config.margin_reserve = 1000);
    struct sj_intent intent = buy(&bench, FUTURE, 1, 20000);
    bench_account(&bench, 0, -1, -1);
    REFUSED(intent, "margin", 322000 * E6, SJ_NULL_I64);
    bench_account(&bench, 0, -1, 644999);
    bench_accept(&bench, FUTURE, SJ_SIDE_BUY, 1, 20000);
    intent = buy(&bench, FUTURE, 1, 19999);
    REFUSED(intent, "margin", 644000 * E6, 643999 * E6);
    struct sj_intent against = sell(&bench, FUTURE, 1, 20001);
    ACCEPTED(against); /* opens no more than the other side does */
    bench_account(&bench, 0, -1, 645000);
    ACCEPTED(intent);
    bench_done(&bench);
}

static void margin_of_a_bought_option_is_its_premium(void **state)
{
    START(bench.config.margin_check = true);
    bench_account(&bench, 0, -1, 9999);
    struct sj_intent intent = buy(&bench, CALL, 2, 100); /* 2 * 100 * 50 */
    REFUSED(intent, "margin", 10000 * E6, 9999 * E6);
    bench_account(&bench, 0, -1, 10000);
    ACCEPTED(intent);
    intent = sell(&bench, PUT, 1, 100);
    assert_string_equal(bench_judge(&bench, &intent), "margin");
    bench_done(&bench);
}

static void daily_loss_kills_once_and_refuses_after_a_resume(void **state)
{
    START(bench.config.daily_loss_max = 1000);
    uint64_t id = bench_accept(&bench, FUTURE, SJ_SIDE_BUY, 1, 20000);
    bench_trade(&bench, FUTURE, 20000, 0);
    bench_fill(&bench, id, FUTURE, SJ_SIDE_BUY, 1, 20000);
    bench_update(&bench, id, SJ_ORDER_FILLED, 1, 1, 0, 20000);
    bench_book(&bench, FUTURE, 19994, 19995); /* 5 points of 200 */
    assert_int_equal(bench.control_count, 0);
    struct sj_intent intent = buy(&bench, STOCK, 1, 600);
    ACCEPTED(intent);
    bench_book(&bench, FUTURE, 19993, 19994);
    assert_int_equal(bench.control_count, 1);
    assert_int_equal(bench.control.kind, SJ_CONTROL_KILL);
    assert_int_equal(bench.control.source, SJ_CONTROL_BY_LOSS_LIMIT);
    assert_int_equal(bench.control.value, 1200 * E6);
    intent = buy(&bench, STOCK, 1, 599);
    REFUSED(intent, "kill_switch", SJ_CONTROL_BY_LOSS_LIMIT, 0);
    bench_control(&bench, SJ_CONTROL_RESUME, 0, 0);
    bench_book(&bench, FUTURE, 19992, 19994);
    assert_int_equal(bench.control_count, 1);
    REFUSED(intent, "daily_loss", 1200 * E6, 1000 * E6);
    bench_book(&bench, FUTURE, 20000, 20001); /* won back */
    ACCEPTED(intent);
    bench_book(&bench, FUTURE, 19990, 19992); /* and lost again: a second kill */
    assert_int_equal(bench.control_count, 2);
    bench_done(&bench);
}

static void a_new_trading_day_begins_without_loss_but_stays_killed(void **state)
{
    START(bench.config.daily_loss_max = 1000; bench.config.session_check = false);
    bench_trade(&bench, FUTURE, 20000, 0);
    bench_fill(&bench, 0, FUTURE, SJ_SIDE_BUY, 1, 20000);
    bench_book(&bench, FUTURE, 19900, 19901);
    assert_int_equal(bench.control_count, 1);
    struct sj_risk_status status;
    sj_risk_status(bench.risk, &status);
    assert_int_equal(status.pnl_e6, -99 * 200 * E6);
    bench.now_ns = sj_tw_to_utc_ns(20261125, 9 * 3600 * S);
    bench_book(&bench, FUTURE, 19900, 19901);
    sj_risk_status(bench.risk, &status);
    assert_int_equal(status.pnl_e6, 0);
    assert_int_equal(status.trading_day, 20261125);
    assert_true(status.killed);
    bench_done(&bench);
}

static void drawdown_is_from_the_best_of_the_day(void **state)
{
    START(bench.config.drawdown_max = 2000);
    bench_trade(&bench, FUTURE, 20000, 0);
    bench_fill(&bench, 0, FUTURE, SJ_SIDE_BUY, 1, 20000);
    bench_book(&bench, FUTURE, 20020, 20021); /* +4,000 */
    bench_book(&bench, FUTURE, 20010, 20010); /* back by 2,000 */
    assert_int_equal(bench.control_count, 0);
    bench_book(&bench, FUTURE, 20008, 20009);
    assert_int_equal(bench.control_count, 1);
    assert_int_equal(bench.control.value, 2400 * E6);
    bench_control(&bench, SJ_CONTROL_RESUME, 0, 0); /* measured anew from here */
    struct sj_intent intent = buy(&bench, STOCK, 1, 600);
    ACCEPTED(intent);
    bench_done(&bench);
}

/* Many small orders: ended at once, so that only the rate counts. */
static const char *order_and_end(struct bench *bench, uint32_t strategy, uint32_t account,
                                 enum sj_side side)
{
    struct sj_intent intent = bench_place(bench, STOCK, side, 1, 600);
    intent.strategy = strategy;
    intent.account = account;
    const char *name = bench_judge(bench, &intent);
    bench_update(bench, intent.intent_id, SJ_ORDER_CANCELLED, 1, 0, 1, 600);
    return name;
}

static void rate_side_holds_in_every_window(void **state)
{
    START(bench.config.rate_side = 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(order_and_end(&bench, 1, 0, SJ_SIDE_BUY), "");
        bench.now_ns += S;
    }
    assert_string_equal(order_and_end(&bench, 2, 0, SJ_SIDE_BUY), "rate_side");
    assert_int_equal(bench.verdict.value, 4);
    assert_int_equal(bench.verdict.limit, 3);
    assert_string_equal(order_and_end(&bench, 1, 0, SJ_SIDE_SELL), "");
    assert_string_equal(order_and_end(&bench, 1, 1, SJ_SIDE_BUY), "");
    bench.now_ns += 7 * S; /* the first is 10 s ago: still within */
    assert_string_equal(order_and_end(&bench, 1, 0, SJ_SIDE_BUY), "rate_side");
    bench.now_ns += 1;
    assert_string_equal(order_and_end(&bench, 1, 0, SJ_SIDE_BUY), "");
    assert_string_equal(order_and_end(&bench, 1, 0, SJ_SIDE_BUY), "rate_side");
    bench_done(&bench);
}

static void rate_strategy_holds_for_each(void **state)
{
    START(bench.config.rate_strategy = 2);
    assert_string_equal(order_and_end(&bench, 1, 0, SJ_SIDE_BUY), "");
    assert_string_equal(order_and_end(&bench, 1, 0, SJ_SIDE_SELL), "");
    assert_string_equal(order_and_end(&bench, 1, 1, SJ_SIDE_SELL), "rate_strategy");
    assert_string_equal(order_and_end(&bench, 2, 0, SJ_SIDE_SELL), "");
    bench_done(&bench);
}

static void rate_account_leaves_cancels_their_reserve(void **state)
{
    START(bench.config.rate_account = 250; bench.config.rate_cancel_reserve = 50);
    for (int i = 0; i < 200; i++)
        assert_string_equal(order_and_end(&bench, 1, 0, SJ_SIDE_BUY), "");
    assert_string_equal(order_and_end(&bench, 1, 0, SJ_SIDE_BUY), "rate_account");
    assert_int_equal(bench.verdict.value, 201);
    assert_int_equal(bench.verdict.limit, 200);
    for (int i = 0; i < 50; i++) {
        struct sj_intent cancel = bench_change(&bench, SJ_INTENT_CANCEL, 7);
        ACCEPTED(cancel);
    }
    struct sj_intent cancel = bench_change(&bench, SJ_INTENT_CANCEL, 7);
    REFUSED(cancel, "rate_window", 251, 250);
    assert_string_equal(order_and_end(&bench, 1, 1, SJ_SIDE_BUY), "");
    bench.now_ns += 10 * S + 1;
    ACCEPTED(cancel);
    bench_done(&bench);
}

static void calls_of_others_use_the_window_too(void **state)
{
    START();
    for (int i = 0; i < 249; i++)
        sj_risk_count_call(bench.risk, 0, bench.now_ns);
    struct sj_intent cancel = bench_change(&bench, SJ_INTENT_CANCEL, 7);
    ACCEPTED(cancel);
    REFUSED(cancel, "rate_window", 251, 250);
    bench_done(&bench);
}

static void a_cancel_passes_whatever_stops_orders(void **state)
{
    START(bench.config.open_orders_max = 1; bench.config.position_max = 1;
          bench.config.cancel_ratio_max = 0.01; bench.config.cancel_ratio_orders = 1;
          bench.config.reference_age_ms = 1; bench.config.account_age_ms = 1;
          bench.config.rate_strategy = 1; bench.config.rate_side = 1;
          bench.config.daily_loss_max = 1; bench.config.session_check = true);
    uint64_t id = bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 600);
    bench_control(&bench, SJ_CONTROL_KILL, 0, 0);
    bench_control(&bench, SJ_CONTROL_FEED_LOST, 0, 0);
    bench_control(&bench, SJ_CONTROL_BLOCK, STOCK, 0);
    bench_control(&bench, SJ_CONTROL_DISARM, 0, 1);
    bench.now_ns = sj_tw_to_utc_ns(20261128, 10 * 3600 * S); /* Saturday */
    for (int i = 0; i < 250; i++) {
        struct sj_intent cancel = bench_change(&bench, SJ_INTENT_CANCEL, i % 2 ? id : 12345);
        ACCEPTED(cancel);
    }
    bench_done(&bench);
}

static void a_panic_lets_the_house_trade_past_our_limits_alone(void **state)
{
    START(bench.config.position_max = 1; bench.config.order_quantity_max = 1;
          bench.config.session_check = true);
    bench_control(&bench, SJ_CONTROL_BLOCK, STOCK, 0);
    struct sj_intent flat = sell(&bench, STOCK, 20, 541);
    flat.strategy = 0;
    assert_string_equal(bench_judge(&bench, &flat), "instrument_blocked");
    bench_control(&bench, SJ_CONTROL_PANIC, 0, 0);
    struct sj_intent other = sell(&bench, STOCK, 1, 600);
    REFUSED(other, "kill_switch", SJ_CONTROL_BY_COMMAND, 0);
    ACCEPTED(flat);
    flat.intent_id = ++bench.id;
    flat.price_e6 = 530 * E6; /* what the exchange would refuse */
    REFUSED(flat, "price_limits", 530 * E6, 540 * E6);
    bench_control(&bench, SJ_CONTROL_PANIC_DONE, 0, 0);
    flat.price_e6 = 541 * E6;
    REFUSED(flat, "kill_switch", SJ_CONTROL_BY_COMMAND, 0);
    bench_done(&bench);
}

static void an_order_found_at_the_broker_counts(void **state)
{
    START(bench.config.position_max = 5);
    struct sj_intent intent = buy(&bench, STOCK, 4, 600);
    struct sj_order_update update = {.quantity = 4, .filled = 1, .state_to = SJ_ORDER_PARTIAL};
    assert_int_equal(sj_risk_adopt(bench.risk, &intent, &update), 0);
    struct sj_intent more = buy(&bench, STOCK, 3, 600);
    REFUSED(more, "position", 6000, 5000);
    REFUSED(intent, "duplicate", 0, 0);
    sj_risk_forget_orders(bench.risk);
    ACCEPTED(more);
    bench_done(&bench);
}

static void every_check_has_a_name_and_a_number_of_its_own(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= SJ_RISK_CHECK_MAX; i++) {
        assert_true(strlen(sj_risk_check_name(i)) > 3);
        for (uint32_t k = 1; k < i; k++)
            assert_string_not_equal(sj_risk_check_name(i), sj_risk_check_name(k));
    }
    assert_string_equal(sj_risk_check_name(0), "");
    assert_string_equal(sj_risk_check_name(SJ_RISK_CHECK_MAX + 1), "");
    assert_int_equal(SJ_RISK_CHECK_END, SJ_RISK_CHECK_MAX + 1);
}

static void settings_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    struct bench bench;
    char error[SJ_RISK_ERROR_MAX] = "";
    struct sj_risk *risk = NULL;
    bench_init(&bench);
    struct sj_risk_options options = {
        .config = &bench.config, .rules = bench.rules, .instrument_max = 64};
    bench.config.rate_cancel_reserve = 250;
    assert_int_equal(sj_risk_create(&options, error, &risk), -SJ_E_RANGE);
    assert_non_null(strstr(error, "risk.rate_cancel_reserve"));
    bench.config.rate_cancel_reserve = 10;
    bench.config.limits_count = 1;
    assert_int_equal(sj_risk_create(&options, error, &risk), -SJ_E_MALFORMED);
    assert_non_null(strstr(error, "risk_limits.0.match"));
    assert_null(risk);
    sj_instruments_close(bench.instruments);
    sj_market_rules_free(bench.rules);
}

int risk_checks(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_cannot_be_understood_by_field),
        cmocka_unit_test(a_kill_stops_orders_and_not_cancels),
        cmocka_unit_test(instrument_known_refuses_ids_without_a_definition),
        cmocka_unit_test(target_refuses_changes_of_what_does_not_work),
        cmocka_unit_test(order_type_refuses_what_is_not_sent_here),
        cmocka_unit_test(market_orders_are_let_in_where_they_are_allowed),
        cmocka_unit_test(disarmed_stops_one_strategy),
        cmocka_unit_test(instrument_allowed_follows_the_lists),
        cmocka_unit_test(instrument_blocked_until_who_blocks_lets_go),
        cmocka_unit_test(feed_lost_stops_all_or_one),
        cmocka_unit_test(session_takes_orders_while_it_is_open),
        cmocka_unit_test(session_is_closed_on_days_without_trading),
        cmocka_unit_test(price_tick_follows_the_bands),
        cmocka_unit_test(price_limits_hold_to_the_tick),
        cmocka_unit_test(reference_stale_refuses_old_and_missing_prices),
        cmocka_unit_test(collar_is_around_mid_last_or_the_auction),
        cmocka_unit_test(order_quantity_is_in_lots_and_odd_shares),
        cmocka_unit_test(order_value_is_price_times_units_times_multiplier),
        cmocka_unit_test(limits_of_single_instruments_differ),
        cmocka_unit_test(self_trade_refuses_to_meet_our_own_order),
        cmocka_unit_test(a_price_asked_for_counts_until_it_is_confirmed),
        cmocka_unit_test(duplicate_refuses_an_id_twice_and_equal_orders_in_a_row),
        cmocka_unit_test(open_orders_counts_what_works),
        cmocka_unit_test(strategy_orders_counts_one_strategys),
        cmocka_unit_test(cancel_ratio_refuses_orders_and_forgets),
        cmocka_unit_test(position_counts_what_works_on_each_side),
        cmocka_unit_test(position_follows_fills_and_ends),
        cmocka_unit_test(a_late_snapshot_and_the_fills_both_count),
        cmocka_unit_test(group_position_adds_all_on_one_underlying),
        cmocka_unit_test(gross_position_adds_both_directions),
        cmocka_unit_test(account_stale_refuses_what_needs_money),
        cmocka_unit_test(cash_counts_what_works_and_fills_until_the_second_snapshot),
        cmocka_unit_test(margin_counts_what_is_opened),
        cmocka_unit_test(margin_of_a_bought_option_is_its_premium),
        cmocka_unit_test(daily_loss_kills_once_and_refuses_after_a_resume),
        cmocka_unit_test(a_new_trading_day_begins_without_loss_but_stays_killed),
        cmocka_unit_test(drawdown_is_from_the_best_of_the_day),
        cmocka_unit_test(rate_side_holds_in_every_window),
        cmocka_unit_test(rate_strategy_holds_for_each),
        cmocka_unit_test(rate_account_leaves_cancels_their_reserve),
        cmocka_unit_test(calls_of_others_use_the_window_too),
        cmocka_unit_test(a_cancel_passes_whatever_stops_orders),
        cmocka_unit_test(a_panic_lets_the_house_trade_past_our_limits_alone),
        cmocka_unit_test(an_order_found_at_the_broker_counts),
        cmocka_unit_test(every_check_has_a_name_and_a_number_of_its_own),
        cmocka_unit_test(settings_that_contradict_each_other_are_refused),
    };
    return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
