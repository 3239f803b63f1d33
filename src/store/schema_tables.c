#include "store/schema.h"

#include <string.h>

/* One entry a column, of the struct that ROW names: where, how, whether null, how packed. */
#define COLUMN(label, k, field, a, n, c)                                                           \
    {                                                                                              \
        .name = (label), .offset = offsetof(struct ROW, field), .aux = (a), .kind = SJ_STORE_##k,  \
        .nullable = (n), .codec = SJ_STORE_CODEC_##c                                               \
    }
#define FIELD(label, k, field, c) COLUMN(label, k, field, 0, 0, c)
#define MAYBE(label, k, field, c) COLUMN(label, k, field, 0, 1, c)
#define DERIVED(label, k, field, n, d, c)                                                          \
    {                                                                                              \
        .name = (label), .offset = offsetof(struct ROW, field), .kind = SJ_STORE_##k,              \
        .nullable = (n), .codec = SJ_STORE_CODEC_##c, .derive = SJ_STORE_DERIVE_##d                \
    }
#define ENUM(label, field, set) COLUMN(label, ENUM, field, SJ_STORE_ENUM_##set, 0, PLAIN)
#define TEXT(label, field) COLUMN(label, TEXT, field, sizeof(((struct ROW *)0)->field), 0, PLAIN)
#define BIT(label, n) COLUMN(label, BIT, flags, n, 0, PLAIN)
#define BIDS(label, k, field)                                                                      \
    COLUMN(label, k##_LEVELS, field, offsetof(struct ROW, level_count[0]), 0, PLAIN)
#define ASKS(label, k, field)                                                                      \
    COLUMN(label, k##_LEVELS, field, offsetof(struct ROW, level_count[1]), 0, PLAIN)

/* What every row begins with, what it is about, and what names it. */
#define WHEN FIELD("trading_day", DAY, exch_ns, PLAIN), FIELD("ts", TS, exch_ns, TIME)
#define WHAT                                                                                       \
    FIELD("symbol", SYMBOL, instrument, PLAIN), FIELD("asset_type", ASSET, instrument, PLAIN),     \
        FIELD("exchange", EXCHANGE, instrument, PLAIN)
#define NAME                                                                                       \
    FIELD("src", SRC, seq, PLAIN), FIELD("seq", U64, seq, SEQ), FIELD("flags", U32, flags, PLAIN), \
        FIELD("instrument", U32, instrument, PLAIN)
#define RECEIVED DERIVED("recv_ts", I64, recv_ns, 0, DELAY, T64), NAME
#define MARKS BIT("simtrade", 0), BIT("suspend", 1), BIT("odd_lot", 2)

#define TRADE_HEAD                                                                                 \
    FIELD("price", DEC, price_e6, GCD_DELTA), FIELD("size", U32, volume, T64),                     \
        ENUM("side", tick_type, SIDE), MAYBE("total_volume", I64, total_volume, DELTA),            \
        MAYBE("total_amount", DEC, total_amount_e6, GCD_DELTA)
#define TRADE_TAIL                                                                                 \
    ENUM("channel", channel, CHANNEL), FIELD("chg_type", U8, chg_type, PLAIN),                     \
        MAYBE("open", DEC, open_e6, GCD_DELTA), MAYBE("high", DEC, high_e6, GCD_DELTA),            \
        MAYBE("low", DEC, low_e6, GCD_DELTA),                                                      \
        DERIVED("avg_price", DEC, avg_price_e6, 1, AVERAGE, PLAIN),                                \
        FIELD("amount_unit", UNIT, instrument, PLAIN),                                             \
        DERIVED("amount", DEC, amount_e6, 1, AMOUNT, PLAIN),                                       \
        DERIVED("price_chg", DEC, price_chg_e6, 1, CHANGE, PLAIN),                                 \
        MAYBE("pct_chg", DEC, pct_chg_e6, GCD_DELTA),                                              \
        MAYBE("bid_side_total_vol", I64, bid_side_total_vol, DELTA),                               \
        MAYBE("ask_side_total_vol", I64, ask_side_total_vol, DELTA),                               \
        MAYBE("bid_side_total_cnt", U32, bid_side_total_cnt, DELTA),                               \
        MAYBE("ask_side_total_cnt", U32, ask_side_total_cnt, DELTA),                               \
        MAYBE("underlying_price", DEC, underlying_price_e6, GCD_DELTA)

#define BOOK_HEAD                                                                                  \
    BIDS("bid_prices", DEC, bid_price_e6), BIDS("bid_volumes", U32, bid_volume),                   \
        ASKS("ask_prices", DEC, ask_price_e6), ASKS("ask_volumes", U32, ask_volume)
#define BOOK_TAIL                                                                                  \
    BIDS("diff_bid_vols", I32, diff_bid_vol), ASKS("diff_ask_vols", I32, diff_ask_vol),            \
        MAYBE("derived_bid_price", DEC, derived_bid_price_e6, GCD_DELTA),                          \
        MAYBE("derived_ask_price", DEC, derived_ask_price_e6, GCD_DELTA),                          \
        FIELD("derived_bid_vol", U32, derived_bid_vol, T64),                                       \
        FIELD("derived_ask_vol", U32, derived_ask_vol, T64)

#define ROW sj_trade
static const struct sj_store_column ticks[] = {WHEN, WHAT, TRADE_HEAD, RECEIVED, MARKS, TRADE_TAIL};
#undef ROW

#define ROW sj_book
static const struct sj_store_column orderbook[] = {
    WHEN,
    WHAT,
    BOOK_HEAD,
    MAYBE("bid_total_vol", U32, bid_total_vol, DELTA),
    MAYBE("ask_total_vol", U32, ask_total_vol, DELTA),
    MAYBE("underlying_price", DEC, underlying_price_e6, GCD_DELTA),
    RECEIVED,
    MARKS,
    ENUM("channel", channel, CHANNEL),
    BOOK_TAIL,
};
#undef ROW

#define ROW sj_quote
static const struct sj_store_column quotes[] = {
    WHEN,       WHAT,      TRADE_HEAD,
    BOOK_HEAD,  RECEIVED,  MARKS,
    TRADE_TAIL, BOOK_TAIL, MAYBE("avail_borrowing", I64, avail_borrowing, DELTA),
};
#undef ROW

#define ROW sj_index
static const struct sj_store_column index_quotes[] = {
    WHEN,
    WHAT,
    MAYBE("close", DEC, close_e6, GCD_DELTA),
    MAYBE("reference", DEC, reference_e6, PLAIN),
    MAYBE("open", DEC, open_e6, GCD_DELTA),
    MAYBE("high", DEC, high_e6, GCD_DELTA),
    MAYBE("low", DEC, low_e6, GCD_DELTA),
    MAYBE("total_amount", DEC, total_amount_e6, GCD_DELTA),
    MAYBE("total_volume", I64, total_volume, DELTA),
    RECEIVED,
};
#undef ROW

#define ROW sj_instrument
static const struct sj_store_column instruments[] = {
    WHEN,
    TEXT("symbol", code),
    ENUM("exchange", exchange, EXCHANGE),
    ENUM("asset_type", security, ASSET),
    TEXT("target_code", target_code),
    TEXT("name", name),
    COLUMN("option_right", TEXT, option_right, 1, 0, PLAIN),
    COLUMN("day_trade", TEXT, day_trade, 1, 0, PLAIN),
    TEXT("currency", currency),
    TEXT("category", category),
    TEXT("root", root),
    TEXT("tick_rule", tick_rule),
    TEXT("delivery_month", delivery_month),
    TEXT("underlying_code", underlying_code),
    FIELD("delivery_date", U32, delivery_date, PLAIN),
    FIELD("update_date", U32, update_date, PLAIN),
    MAYBE("reference", DEC, reference_e6, PLAIN),
    MAYBE("limit_up", DEC, limit_up_e6, PLAIN),
    MAYBE("limit_down", DEC, limit_down_e6, PLAIN),
    MAYBE("strike", DEC, strike_e6, PLAIN),
    MAYBE("multiplier", DEC, multiplier_e6, PLAIN),
    MAYBE("tick", DEC, tick_e6, PLAIN),
    FIELD("unit", U32, unit, PLAIN),
    RECEIVED,
};
#undef ROW

#define ROW sj_session
static const struct sj_store_column sessions[] = {
    WHEN,
    WHAT,
    ENUM("kind", kind, SESSION),
    FIELD("connection", U8, connection, PLAIN),
    FIELD("rung", U8, rung, PLAIN),
    ENUM("channel", channel, CHANNEL),
    FIELD("status", I32, status, PLAIN),
    FIELD("count", U64, count, PLAIN),
    FIELD("duration_ns", I64, duration_ns, PLAIN),
    TEXT("text", text),
    RECEIVED,
};
#undef ROW

#define ROW sj_gap
static const struct sj_store_column gap_events[] = {
    WHEN,
    WHAT,
    ENUM("kind", kind, GAP),
    FIELD("connection", U8, connection, PLAIN),
    ENUM("channel", channel, CHANNEL),
    FIELD("gap_src", U32, src, PLAIN),
    FIELD("first_seq", U64, first_seq, PLAIN),
    FIELD("last_seq", U64, last_seq, PLAIN),
    FIELD("lost_count", U64, lost_count, PLAIN),
    MAYBE("expected_volume", I64, expected_volume, PLAIN),
    MAYBE("seen_volume", I64, seen_volume, PLAIN),
    MAYBE("from_ts", I64, from_ns, PLAIN),
    MAYBE("to_ts", I64, to_ns, PLAIN),
    RECEIVED,
};
#undef ROW

#define ROW sj_completeness
static const struct sj_store_column completeness[] = {
    WHEN,
    WHAT,
    FIELD("session_day", U32, trading_day, PLAIN),
    FIELD("night", U8, night, PLAIN),
    ENUM("verdict", verdict, VERDICT),
    FIELD("connection", U8, connection, PLAIN),
    FIELD("trade_count", U64, trade_count, PLAIN),
    FIELD("book_count", U64, book_count, PLAIN),
    MAYBE("volume_first", I64, volume_first, PLAIN),
    MAYBE("volume_last", I64, volume_last, PLAIN),
    MAYBE("volume_seen", I64, volume_seen, PLAIN),
    MAYBE("volume_missing", I64, volume_missing, PLAIN),
    MAYBE("first_ts", I64, first_ns, PLAIN),
    MAYBE("last_ts", I64, last_ns, PLAIN),
    FIELD("gap_count", U32, gap_count, PLAIN),
    FIELD("silence_max_ms", U32, silence_max_ms, PLAIN),
    RECEIVED,
};
#undef ROW

#define ROW sj_timer
static const struct sj_store_column timers[] = {FIELD("trading_day", DAY, time_ns, PLAIN),
                                                FIELD("ts", I64, time_ns, TIME), NAME};
#undef ROW

#define ROW sj_drained
static const struct sj_store_column drains[] = {
    WHEN,
    FIELD("drained_src", U32, src, PLAIN),
    FIELD("count", U32, count, PLAIN),
    FIELD("first_seq", U64, first_seq, DELTA),
    FIELD("last_seq", U64, last_seq, DELTA),
    RECEIVED,
};
#undef ROW

#define ROW sj_closing
static const struct sj_store_column closing[] = {
    WHEN,
    WHAT,
    MAYBE("closing_oddlot_shares", I64, closing_oddlot_shares, PLAIN),
    MAYBE("closing_oddlot_close", DEC, closing_oddlot_close_e6, PLAIN),
    MAYBE("closing_oddlot_amount", DEC, closing_oddlot_amount_e6, PLAIN),
    MAYBE("closing_oddlot_bid_price", DEC, closing_oddlot_bid_price_e6, PLAIN),
    MAYBE("closing_oddlot_ask_price", DEC, closing_oddlot_ask_price_e6, PLAIN),
    MAYBE("fixed_trade_vol", I64, fixed_trade_vol, PLAIN),
    MAYBE("fixed_trade_amount", DEC, fixed_trade_amount_e6, PLAIN),
    RECEIVED,
};
#undef ROW

#define ROW sj_legs
static const struct sj_store_column legs[] = {
    WHEN,
    WHAT,
    MAYBE("near_price", DEC, near_price_e6, PLAIN),
    MAYBE("far_price", DEC, far_price_e6, PLAIN),
    FIELD("trade_seq", U64, trade_seq, DELTA),
    RECEIVED,
};
#undef ROW

#define ROW sj_intent
static const struct sj_store_column intents[] = {
    WHEN,
    WHAT,
    FIELD("intent_id", U64, intent_id, PLAIN),
    FIELD("target_id", U64, target_id, PLAIN),
    MAYBE("price", DEC, price_e6, PLAIN),
    MAYBE("arrival_mid", DEC, arrival_mid_e6, PLAIN),
    FIELD("quantity", U32, quantity, PLAIN),
    FIELD("strategy", U32, strategy, PLAIN),
    FIELD("account", U32, account, PLAIN),
    ENUM("kind", kind, INTENT),
    ENUM("side", side, SIDE),
    ENUM("price_type", price_type, PRICE_TYPE),
    ENUM("time_in_force", time_in_force, TIF),
    FIELD("order_cond", U8, order_cond, PLAIN),
    FIELD("order_lot", U8, order_lot, PLAIN),
    FIELD("octype", U8, octype, PLAIN),
    TEXT("custom_field", custom_field),
    FIELD("origin_seq", U64, origin_seq, PLAIN),
    FIELD("origin_src", U32, origin_src, PLAIN),
    FIELD("daytrade_short", U8, daytrade_short, PLAIN),
    RECEIVED,
};
#undef ROW

#define ROW sj_verdict
static const struct sj_store_column risk_results[] = {
    WHEN,
    WHAT,
    FIELD("intent_id", U64, intent_id, PLAIN),
    FIELD("strategy", U32, strategy, PLAIN),
    FIELD("check", U16, check, PLAIN),
    FIELD("accepted", U8, accepted, PLAIN),
    MAYBE("value", I64, value, PLAIN),
    MAYBE("limit_value", I64, limit, PLAIN),
    TEXT("check_name", check_name),
    FIELD("origin_seq", U64, origin_seq, PLAIN),
    FIELD("origin_src", U32, origin_src, PLAIN),
    RECEIVED,
};
#undef ROW

#define ROW sj_order_update
static const struct sj_store_column order_events[] = {
    WHEN,
    WHAT,
    FIELD("intent_id", U64, intent_id, PLAIN),
    MAYBE("price", DEC, price_e6, PLAIN),
    FIELD("quantity", U32, quantity, PLAIN),
    FIELD("filled", U32, filled, PLAIN),
    FIELD("cancelled", U32, cancelled, PLAIN),
    FIELD("strategy", U32, strategy, PLAIN),
    ENUM("state_from", state_from, ORDER_STATE),
    ENUM("state_to", state_to, ORDER_STATE),
    FIELD("cause", U8, cause, PLAIN),
    ENUM("side", side, SIDE),
    FIELD("status", I32, status, PLAIN),
    TEXT("order_id", order_id),
    TEXT("ordno", ordno),
    TEXT("seqno", seqno),
    TEXT("op_code", op_code),
    TEXT("text", text),
    FIELD("account", U8, account, PLAIN),
    RECEIVED,
};
#undef ROW

#define ROW sj_fill
static const struct sj_store_column fills[] = {
    WHEN,
    WHAT,
    FIELD("intent_id", U64, intent_id, PLAIN),
    FIELD("price", DEC, price_e6, PLAIN),
    FIELD("quantity", U32, quantity, PLAIN),
    FIELD("strategy", U32, strategy, PLAIN),
    ENUM("side", side, SIDE),
    FIELD("order_lot", U8, order_lot, PLAIN),
    MAYBE("fee", DEC, fee_e6, PLAIN),
    MAYBE("tax", DEC, tax_e6, PLAIN),
    TEXT("order_id", order_id),
    TEXT("exchange_seq", exchange_seq),
    TEXT("ordno", ordno),
    FIELD("account", U8, account, PLAIN),
    FIELD("daytrade_short", U8, daytrade_short, PLAIN),
    TEXT("broker_account", broker_account),
    RECEIVED,
};
#undef ROW

#define ROW sj_account_snapshot
static const struct sj_store_column account_snapshots[] = {
    WHEN,
    FIELD("account", U32, account, PLAIN),
    MAYBE("cash", DEC, cash_e6, PLAIN),
    MAYBE("equity", DEC, equity_e6, PLAIN),
    MAYBE("margin_available", DEC, margin_available_e6, PLAIN),
    MAYBE("margin_initial", DEC, margin_initial_e6, PLAIN),
    MAYBE("margin_maintenance", DEC, margin_maintenance_e6, PLAIN),
    MAYBE("realized_pnl", DEC, realized_pnl_e6, PLAIN),
    MAYBE("unrealized_pnl", DEC, unrealized_pnl_e6, PLAIN),
    MAYBE("fees", DEC, fees_e6, PLAIN),
    TEXT("broker_account", broker_account),
    RECEIVED,
};
#undef ROW

#define ROW sj_position_snapshot
static const struct sj_store_column positions[] = {
    WHEN,
    WHAT,
    FIELD("account", U32, account, PLAIN),
    FIELD("strategy", U32, strategy, PLAIN),
    MAYBE("quantity", I64, quantity, PLAIN),
    MAYBE("own_quantity", I64, own_quantity, PLAIN),
    MAYBE("avg_price", DEC, avg_price_e6, PLAIN),
    MAYBE("last_price", DEC, last_price_e6, PLAIN),
    MAYBE("pnl", DEC, pnl_e6, PLAIN),
    RECEIVED,
};
#undef ROW

#define ROW sj_order_report
static const struct sj_store_column order_reports[] = {
    WHEN,
    WHAT,
    FIELD("intent_id", U64, intent_id, PLAIN),
    FIELD("request_id", U64, request_id, PLAIN),
    MAYBE("price", DEC, price_e6, PLAIN),
    FIELD("quantity", U32, quantity, PLAIN),
    FIELD("filled", U32, filled, PLAIN),
    FIELD("cancelled", U32, cancelled, PLAIN),
    ENUM("kind", kind, REPORT_KIND),
    ENUM("source", source, REPORT_SOURCE),
    ENUM("side", side, SIDE),
    ENUM("broker_status", broker_status, BROKER_STATUS),
    FIELD("status", I32, status, PLAIN),
    FIELD("order_lot", U8, order_lot, PLAIN),
    FIELD("octype", U8, octype, PLAIN),
    FIELD("order_cond", U8, order_cond, PLAIN),
    FIELD("account", U8, account, PLAIN),
    TEXT("order_id", order_id),
    TEXT("ordno", ordno),
    TEXT("seqno", seqno),
    TEXT("exchange_seq", exchange_seq),
    TEXT("custom_field", custom_field),
    TEXT("op_code", op_code),
    TEXT("text", text),
    RECEIVED,
};
#undef ROW

#define ROW sj_control
static const struct sj_store_column controls[] = {
    WHEN,
    WHAT,
    ENUM("kind", kind, CONTROL_KIND),
    ENUM("source", source, CONTROL_SOURCE),
    FIELD("strategy", U32, strategy, PLAIN),
    FIELD("value", I64, value, PLAIN),
    TEXT("text", text),
    RECEIVED,
};
#undef ROW

#define ROW sj_strategy_stats
static const struct sj_store_column strategy_stats[] = {
    WHEN,
    FIELD("strategy", U32, strategy, PLAIN),
    FIELD("armed", U8, armed, PLAIN),
    FIELD("event_count", U64, event_count, PLAIN),
    FIELD("intent_count", U64, intent_count, PLAIN),
    FIELD("refused_count", U64, refused_count, PLAIN),
    FIELD("order_count", U64, order_count, PLAIN),
    FIELD("fill_count", U64, fill_count, PLAIN),
    FIELD("overrun_count", U64, overrun_count, PLAIN),
    FIELD("p50_ns", I64, p50_ns, PLAIN),
    FIELD("p90_ns", I64, p90_ns, PLAIN),
    FIELD("p99_ns", I64, p99_ns, PLAIN),
    FIELD("p999_ns", I64, p999_ns, PLAIN),
    FIELD("max_ns", I64, max_ns, PLAIN),
    MAYBE("realized_pnl", DEC, realized_pnl_e6, PLAIN),
    MAYBE("unrealized_pnl", DEC, unrealized_pnl_e6, PLAIN),
    MAYBE("fees", DEC, fees_e6, PLAIN),
    TEXT("name", name),
    RECEIVED,
};
#undef ROW

#define TABLE(suffix, type, columns_of, sorted)                                                    \
    {                                                                                              \
        .name = #columns_of, .template_id = SJ_EVENT_##suffix, .row_size = sizeof(struct type),    \
        .column_count = sizeof(columns_of) / sizeof((columns_of)[0]), .by_symbol = (sorted),       \
        .columns = (columns_of)                                                                    \
    }

static const struct sj_store_table tables[] = {
    TABLE(TRADE, sj_trade, ticks, 1),
    TABLE(BOOK, sj_book, orderbook, 1),
    TABLE(QUOTE, sj_quote, quotes, 1),
    TABLE(INDEX, sj_index, index_quotes, 1),
    TABLE(INSTRUMENT, sj_instrument, instruments, 0),
    TABLE(SESSION, sj_session, sessions, 0),
    TABLE(GAP, sj_gap, gap_events, 0),
    TABLE(COMPLETENESS, sj_completeness, completeness, 0),
    TABLE(TIMER, sj_timer, timers, 0),
    TABLE(DRAINED, sj_drained, drains, 0),
    TABLE(CLOSING, sj_closing, closing, 1),
    TABLE(LEGS, sj_legs, legs, 1),
    TABLE(INTENT, sj_intent, intents, 0),
    TABLE(VERDICT, sj_verdict, risk_results, 0),
    TABLE(ORDER, sj_order_update, order_events, 0),
    TABLE(FILL, sj_fill, fills, 0),
    TABLE(ACCOUNT, sj_account_snapshot, account_snapshots, 0),
    TABLE(POSITION, sj_position_snapshot, positions, 0),
    TABLE(ORDER_REPORT, sj_order_report, order_reports, 0),
    TABLE(CONTROL, sj_control, controls, 0),
    TABLE(STATS, sj_strategy_stats, strategy_stats, 0),
};
_Static_assert(sizeof(tables) / sizeof(tables[0]) == SJ_STORE_TABLE_COUNT, "the header's count");

const struct sj_store_table *sj_store_table_at(uint32_t index)
{
    return index < SJ_STORE_TABLE_COUNT ? &tables[index] : NULL;
}

const struct sj_store_table *sj_store_table_of(uint16_t template_id)
{
    static const uint8_t index_of[SJ_EVENT_TYPE_MAX + 1] = {
        [SJ_EVENT_TRADE] = 1,         [SJ_EVENT_BOOK] = 2,         [SJ_EVENT_QUOTE] = 3,
        [SJ_EVENT_INDEX] = 4,         [SJ_EVENT_INSTRUMENT] = 5,   [SJ_EVENT_SESSION] = 6,
        [SJ_EVENT_GAP] = 7,           [SJ_EVENT_COMPLETENESS] = 8, [SJ_EVENT_TIMER] = 9,
        [SJ_EVENT_DRAINED] = 10,      [SJ_EVENT_CLOSING] = 11,     [SJ_EVENT_LEGS] = 12,
        [SJ_EVENT_INTENT] = 13,       [SJ_EVENT_VERDICT] = 14,     [SJ_EVENT_ORDER] = 15,
        [SJ_EVENT_FILL] = 16,         [SJ_EVENT_ACCOUNT] = 17,     [SJ_EVENT_POSITION] = 18,
        [SJ_EVENT_ORDER_REPORT] = 19, [SJ_EVENT_CONTROL] = 20,     [SJ_EVENT_STATS] = 21,
    };
    uint8_t index = template_id <= SJ_EVENT_TYPE_MAX ? index_of[template_id] : 0;
    return index > 0 ? &tables[index - 1] : NULL;
}

const struct sj_store_table *sj_store_table_named(const char *name)
{
    for (uint32_t i = 0; i < SJ_STORE_TABLE_COUNT; i++) {
        if (strcmp(tables[i].name, name) == 0)
            return &tables[i];
    }
    return NULL;
}

uint32_t sj_store_table_index(const struct sj_store_table *table)
{
    return (uint32_t)(table - tables);
}
