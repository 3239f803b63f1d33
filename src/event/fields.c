#include "event/fields.h"

#include <stddef.h>
#include <string.h>

static const char *const tick_type_words[] = {"none", "buy", "sell"};
static const char *const side_words[] = {"none", "buy", "sell"};
static const char *const channel_words[] = {
    "none",       "tick_stk",  "bidask_stk", "quote_stk",   "tick_fop",
    "bidask_fop", "quote_fop", "quote_idx",  "order_event", "contract_event"};
static const char *const exchange_words[] = {"unknown", "TSE", "OTC", "OES", "TAIFEX"};
static const char *const security_words[] = {"unknown", "STK", "FUT", "OPT", "IND", "WRT"};
static const char *const session_kind_words[] = {
    NULL,   "connect",   "drop",   "login", "maintenance", "subscribe",    "unsubscribe", "refused",
    "rung", "recovered", "silent", "start", "stop",        "replay_begin", "replay_end"};
static const char *const gap_kind_words[] = {NULL,  "volume",  "silence", "stream",
                                             "bus", "journal", "parse"};
static const char *const verdict_words[] = {NULL, "complete", "incomplete", "unproven", "silent"};
static const char *const intent_kind_words[] = {NULL, "place", "cancel", "price", "quantity"};
static const char *const price_type_words[] = {NULL, "LMT", "MKT", "MKP"};
static const char *const time_in_force_words[] = {NULL, "ROD", "IOC", "FOK", "GTX"};
static const char *const report_kind_words[] = {
    NULL,     "new",        "cancel",   "price",   "quantity", "reject",    "deal",
    "listed", "list_begin", "list_end", "timeout", "link_up",  "link_down", "unsent"};
static const char *const report_source_words[] = {NULL, "stream", "answer", "list", "local"};
static const char *const broker_status_words[] = {NULL,        "pending_submit", "pre_submitted",
                                                  "submitted", "part_filled",    "filled",
                                                  "cancelled", "failed",         "inactive"};
static const char *const control_kind_words[] = {
    NULL,  "start",     "kill",      "resume", "panic",   "panic_done", "disarm",
    "arm", "feed_lost", "feed_back", "block",  "unblock", "stop",       "name"};
static const char *const control_source_words[] = {NULL,         "command", "signal",   "http",
                                                   "loss_limit", "feed",    "dead_man", "process",
                                                   "budget",     "crash",   "reconcile"};

const char *const sj_flag_words[SJ_FLAG_COUNT] = {
    "simtrade",   "suspend",   "odd_lot",      "rounded", "replayed",
    "backfilled", "duplicate", "out_of_order", "auction", "combo"};

_Static_assert(sizeof(channel_words) / sizeof(char *) == SJ_CHANNEL_COUNT, "a word per channel");
_Static_assert(sizeof(session_kind_words) / sizeof(char *) == SJ_SESSION_REPLAY_END + 1,
               "a word per kind");

/* clang-format off */
#define FIELD(type, name, kind)                                                                    \
    {#name, NULL, offsetof(struct type, name), sizeof(((struct type *)0)->name),                   \
     SJ_FIELD_##kind, 1, 0},
#define ARRAY(type, name, kind)                                                                    \
    {#name, NULL, offsetof(struct type, name), sizeof(((struct type *)0)->name),                   \
     SJ_FIELD_##kind,                                                                              \
     sizeof(((struct type *)0)->name) / sizeof(((struct type *)0)->name[0]), 0},
#define TEXT(type, name) FIELD(type, name, TEXT)
#define WORDS(type, name, list)                                                                    \
    {#name, list, offsetof(struct type, name), 1, SJ_FIELD_ENUM, 1,                                \
     sizeof(list) / sizeof(list[0])},

#define FRAME_HEAD(type) FIELD(type, instrument, U32) FIELD(type, flags, FLAGS)
#define HEAD(type) FRAME_HEAD(type) FIELD(type, exch_ns, TIME) FIELD(type, recv_ns, TIME)
#define TRADE_FIELDS(type)                                                                         \
    FIELD(type, price_e6, E6)                                                                      \
    FIELD(type, volume, U32)                                                                       \
    WORDS(type, tick_type, tick_type_words)                                                        \
    FIELD(type, chg_type, U8)                                                                      \
    WORDS(type, channel, channel_words)                                                            \
    FIELD(type, total_volume, I64)                                                                 \
    FIELD(type, total_amount_e6, E6)                                                               \
    FIELD(type, open_e6, E6)                                                                       \
    FIELD(type, high_e6, E6)                                                                       \
    FIELD(type, low_e6, E6)                                                                        \
    FIELD(type, avg_price_e6, E6)                                                                  \
    FIELD(type, amount_e6, E6)                                                                     \
    FIELD(type, price_chg_e6, E6)                                                                  \
    FIELD(type, pct_chg_e6, E6)                                                                    \
    FIELD(type, bid_side_total_vol, I64)                                                           \
    FIELD(type, ask_side_total_vol, I64)                                                           \
    FIELD(type, bid_side_total_cnt, U32)                                                           \
    FIELD(type, ask_side_total_cnt, U32)                                                           \
    FIELD(type, underlying_price_e6, E6)

#define BOOK_FIELDS(type)                                                                          \
    ARRAY(type, bid_price_e6, E6)                                                                  \
    ARRAY(type, ask_price_e6, E6)                                                                  \
    ARRAY(type, bid_volume, U32)                                                                   \
    ARRAY(type, ask_volume, U32)                                                                   \
    ARRAY(type, diff_bid_vol, I32)                                                                 \
    ARRAY(type, diff_ask_vol, I32)                                                                 \
    FIELD(type, derived_bid_price_e6, E6)                                                          \
    FIELD(type, derived_ask_price_e6, E6)                                                          \
    FIELD(type, derived_bid_vol, U32)                                                              \
    FIELD(type, derived_ask_vol, U32)

static const struct sj_field fields_TRADE[] = {
    HEAD(sj_trade)
    TRADE_FIELDS(sj_trade)
};

static const struct sj_field fields_BOOK[] = {
    HEAD(sj_book)
    BOOK_FIELDS(sj_book)
    FIELD(sj_book, underlying_price_e6, E6)
    FIELD(sj_book, bid_total_vol, U32)
    FIELD(sj_book, ask_total_vol, U32)
    ARRAY(sj_book, level_count, U8)
    WORDS(sj_book, channel, channel_words)
};

static const struct sj_field fields_QUOTE[] = {
    HEAD(sj_quote)
    TRADE_FIELDS(sj_quote)
    BOOK_FIELDS(sj_quote)
    FIELD(sj_quote, avail_borrowing, I64)
    ARRAY(sj_quote, level_count, U8)
};

static const struct sj_field fields_INDEX[] = {
    HEAD(sj_index)
    FIELD(sj_index, close_e6, E6)
    FIELD(sj_index, reference_e6, E6)
    FIELD(sj_index, open_e6, E6)
    FIELD(sj_index, high_e6, E6)
    FIELD(sj_index, low_e6, E6)
    FIELD(sj_index, total_amount_e6, E6)
    FIELD(sj_index, total_volume, I64)
};

static const struct sj_field fields_LEGS[] = {
    HEAD(sj_legs)
    FIELD(sj_legs, near_price_e6, E6)
    FIELD(sj_legs, far_price_e6, E6)
    FIELD(sj_legs, trade_seq, U64)
};

static const struct sj_field fields_INSTRUMENT[] = {
    HEAD(sj_instrument)
    TEXT(sj_instrument, code)
    TEXT(sj_instrument, target_code)
    TEXT(sj_instrument, name)
    WORDS(sj_instrument, exchange, exchange_words)
    WORDS(sj_instrument, security, security_words)
    FIELD(sj_instrument, option_right, CHAR)
    FIELD(sj_instrument, day_trade, CHAR)
    TEXT(sj_instrument, currency)
    TEXT(sj_instrument, category)
    TEXT(sj_instrument, root)
    TEXT(sj_instrument, tick_rule)
    TEXT(sj_instrument, delivery_month)
    TEXT(sj_instrument, underlying_code)
    FIELD(sj_instrument, delivery_date, U32)
    FIELD(sj_instrument, update_date, U32)
    FIELD(sj_instrument, reference_e6, E6)
    FIELD(sj_instrument, limit_up_e6, E6)
    FIELD(sj_instrument, limit_down_e6, E6)
    FIELD(sj_instrument, strike_e6, E6)
    FIELD(sj_instrument, multiplier_e6, E6)
    FIELD(sj_instrument, tick_e6, E6)
    FIELD(sj_instrument, unit, U32)
};

static const struct sj_field fields_SESSION[] = {
    HEAD(sj_session)
    WORDS(sj_session, kind, session_kind_words)
    FIELD(sj_session, connection, U8)
    FIELD(sj_session, rung, U8)
    WORDS(sj_session, channel, channel_words)
    FIELD(sj_session, status, I32)
    FIELD(sj_session, count, U64)
    FIELD(sj_session, duration_ns, I64)
    TEXT(sj_session, text)
};

static const struct sj_field fields_GAP[] = {
    HEAD(sj_gap)
    WORDS(sj_gap, kind, gap_kind_words)
    FIELD(sj_gap, connection, U8)
    WORDS(sj_gap, channel, channel_words)
    FIELD(sj_gap, src, U32)
    FIELD(sj_gap, first_seq, U64)
    FIELD(sj_gap, last_seq, U64)
    FIELD(sj_gap, lost_count, U64)
    FIELD(sj_gap, expected_volume, I64)
    FIELD(sj_gap, seen_volume, I64)
    FIELD(sj_gap, from_ns, TIME)
    FIELD(sj_gap, to_ns, TIME)
};

static const struct sj_field fields_COMPLETENESS[] = {
    HEAD(sj_completeness)
    FIELD(sj_completeness, trading_day, U32)
    FIELD(sj_completeness, night, U8)
    WORDS(sj_completeness, verdict, verdict_words)
    FIELD(sj_completeness, connection, U8)
    FIELD(sj_completeness, trade_count, U64)
    FIELD(sj_completeness, book_count, U64)
    FIELD(sj_completeness, volume_first, I64)
    FIELD(sj_completeness, volume_last, I64)
    FIELD(sj_completeness, volume_seen, I64)
    FIELD(sj_completeness, volume_missing, I64)
    FIELD(sj_completeness, first_ns, TIME)
    FIELD(sj_completeness, last_ns, TIME)
    FIELD(sj_completeness, gap_count, U32)
    FIELD(sj_completeness, silence_max_ms, U32)
};

static const struct sj_field fields_TIMER[] = {
    FRAME_HEAD(sj_timer)
    FIELD(sj_timer, time_ns, TIME)
};

static const struct sj_field fields_DRAINED[] = {
    HEAD(sj_drained)
    FIELD(sj_drained, src, U32)
    FIELD(sj_drained, count, U32)
    FIELD(sj_drained, first_seq, U64)
    FIELD(sj_drained, last_seq, U64)
};

static const struct sj_field fields_CLOSING[] = {
    HEAD(sj_closing)
    FIELD(sj_closing, closing_oddlot_shares, I64)
    FIELD(sj_closing, closing_oddlot_close_e6, E6)
    FIELD(sj_closing, closing_oddlot_amount_e6, E6)
    FIELD(sj_closing, closing_oddlot_bid_price_e6, E6)
    FIELD(sj_closing, closing_oddlot_ask_price_e6, E6)
    FIELD(sj_closing, fixed_trade_vol, I64)
    FIELD(sj_closing, fixed_trade_amount_e6, E6)
};

static const struct sj_field fields_INTENT[] = {
    HEAD(sj_intent)
    FIELD(sj_intent, intent_id, U64)
    FIELD(sj_intent, target_id, U64)
    FIELD(sj_intent, price_e6, E6)
    FIELD(sj_intent, arrival_mid_e6, E6)
    FIELD(sj_intent, quantity, U32)
    FIELD(sj_intent, strategy, U32)
    FIELD(sj_intent, account, U32)
    WORDS(sj_intent, kind, intent_kind_words)
    WORDS(sj_intent, side, side_words)
    WORDS(sj_intent, price_type, price_type_words)
    WORDS(sj_intent, time_in_force, time_in_force_words)
    FIELD(sj_intent, order_cond, U8)
    FIELD(sj_intent, order_lot, U8)
    FIELD(sj_intent, octype, U8)
    FIELD(sj_intent, daytrade_short, U8)
    TEXT(sj_intent, custom_field)
    FIELD(sj_intent, origin_seq, U64)
    FIELD(sj_intent, origin_src, U32)
};

static const struct sj_field fields_VERDICT[] = {
    HEAD(sj_verdict)
    FIELD(sj_verdict, intent_id, U64)
    FIELD(sj_verdict, strategy, U32)
    FIELD(sj_verdict, check, U16)
    FIELD(sj_verdict, accepted, U8)
    FIELD(sj_verdict, value, I64)
    FIELD(sj_verdict, limit, I64)
    TEXT(sj_verdict, check_name)
    FIELD(sj_verdict, origin_seq, U64)
    FIELD(sj_verdict, origin_src, U32)
};

static const struct sj_field fields_ORDER[] = {
    HEAD(sj_order_update)
    FIELD(sj_order_update, intent_id, U64)
    FIELD(sj_order_update, price_e6, E6)
    FIELD(sj_order_update, quantity, U32)
    FIELD(sj_order_update, filled, U32)
    FIELD(sj_order_update, cancelled, U32)
    FIELD(sj_order_update, strategy, U32)
    FIELD(sj_order_update, state_from, U8)
    FIELD(sj_order_update, state_to, U8)
    FIELD(sj_order_update, cause, U8)
    WORDS(sj_order_update, side, side_words)
    FIELD(sj_order_update, status, I32)
    TEXT(sj_order_update, order_id)
    TEXT(sj_order_update, ordno)
    TEXT(sj_order_update, seqno)
    TEXT(sj_order_update, op_code)
    TEXT(sj_order_update, text)
    FIELD(sj_order_update, account, U8)
};

static const struct sj_field fields_FILL[] = {
    HEAD(sj_fill)
    FIELD(sj_fill, intent_id, U64)
    FIELD(sj_fill, price_e6, E6)
    FIELD(sj_fill, quantity, U32)
    FIELD(sj_fill, strategy, U32)
    WORDS(sj_fill, side, side_words)
    FIELD(sj_fill, order_lot, U8)
    FIELD(sj_fill, account, U8)
    FIELD(sj_fill, daytrade_short, U8)
    FIELD(sj_fill, fee_e6, E6)
    FIELD(sj_fill, tax_e6, E6)
    TEXT(sj_fill, order_id)
    TEXT(sj_fill, exchange_seq)
    TEXT(sj_fill, ordno)
    TEXT(sj_fill, broker_account)
};

static const struct sj_field fields_ACCOUNT[] = {
    HEAD(sj_account_snapshot)
    FIELD(sj_account_snapshot, account, U32)
    FIELD(sj_account_snapshot, cash_e6, E6)
    FIELD(sj_account_snapshot, equity_e6, E6)
    FIELD(sj_account_snapshot, margin_available_e6, E6)
    FIELD(sj_account_snapshot, margin_initial_e6, E6)
    FIELD(sj_account_snapshot, margin_maintenance_e6, E6)
    FIELD(sj_account_snapshot, realized_pnl_e6, E6)
    FIELD(sj_account_snapshot, unrealized_pnl_e6, E6)
    FIELD(sj_account_snapshot, fees_e6, E6)
    TEXT(sj_account_snapshot, broker_account)
};

static const struct sj_field fields_POSITION[] = {
    HEAD(sj_position_snapshot)
    FIELD(sj_position_snapshot, account, U32)
    FIELD(sj_position_snapshot, strategy, U32)
    FIELD(sj_position_snapshot, quantity, I64)
    FIELD(sj_position_snapshot, own_quantity, I64)
    FIELD(sj_position_snapshot, avg_price_e6, E6)
    FIELD(sj_position_snapshot, last_price_e6, E6)
    FIELD(sj_position_snapshot, pnl_e6, E6)
};

static const struct sj_field fields_ORDER_REPORT[] = {
    HEAD(sj_order_report)
    FIELD(sj_order_report, intent_id, U64)
    FIELD(sj_order_report, request_id, U64)
    FIELD(sj_order_report, price_e6, E6)
    FIELD(sj_order_report, quantity, U32)
    FIELD(sj_order_report, filled, U32)
    FIELD(sj_order_report, cancelled, U32)
    WORDS(sj_order_report, kind, report_kind_words)
    WORDS(sj_order_report, source, report_source_words)
    WORDS(sj_order_report, side, side_words)
    WORDS(sj_order_report, broker_status, broker_status_words)
    FIELD(sj_order_report, status, I32)
    FIELD(sj_order_report, order_lot, U8)
    FIELD(sj_order_report, octype, U8)
    FIELD(sj_order_report, order_cond, U8)
    FIELD(sj_order_report, account, U8)
    TEXT(sj_order_report, order_id)
    TEXT(sj_order_report, ordno)
    TEXT(sj_order_report, seqno)
    TEXT(sj_order_report, exchange_seq)
    TEXT(sj_order_report, custom_field)
    TEXT(sj_order_report, op_code)
    TEXT(sj_order_report, text)
};

static const struct sj_field fields_CONTROL[] = {
    HEAD(sj_control)
    WORDS(sj_control, kind, control_kind_words)
    WORDS(sj_control, source, control_source_words)
    FIELD(sj_control, strategy, U32)
    FIELD(sj_control, value, I64)
    TEXT(sj_control, text)
};

static const struct sj_field fields_STATS[] = {
    HEAD(sj_strategy_stats)
    FIELD(sj_strategy_stats, strategy, U32)
    FIELD(sj_strategy_stats, armed, U8)
    FIELD(sj_strategy_stats, event_count, U64)
    FIELD(sj_strategy_stats, intent_count, U64)
    FIELD(sj_strategy_stats, refused_count, U64)
    FIELD(sj_strategy_stats, order_count, U64)
    FIELD(sj_strategy_stats, fill_count, U64)
    FIELD(sj_strategy_stats, overrun_count, U64)
    FIELD(sj_strategy_stats, p50_ns, I64)
    FIELD(sj_strategy_stats, p90_ns, I64)
    FIELD(sj_strategy_stats, p99_ns, I64)
    FIELD(sj_strategy_stats, p999_ns, I64)
    FIELD(sj_strategy_stats, max_ns, I64)
    FIELD(sj_strategy_stats, realized_pnl_e6, E6)
    FIELD(sj_strategy_stats, unrealized_pnl_e6, E6)
    FIELD(sj_strategy_stats, fees_e6, E6)
    TEXT(sj_strategy_stats, name)
};
/* clang-format on */

static const struct sj_event_fields events[] = {
#define X(id, suffix, type, name)                                                                  \
    {name, fields_##suffix, id, sizeof(struct type),                                               \
     sizeof(fields_##suffix) / sizeof(struct sj_field)},
    SJ_EVENT_TABLE(X)
#undef X
};

const struct sj_event_fields *sj_event_fields(uint16_t template_id)
{
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (events[i].template_id == template_id)
            return &events[i];
    return NULL;
}

const struct sj_field *sj_event_field(const struct sj_event_fields *event, const char *name)
{
    for (uint16_t i = 0; i < event->count; i++)
        if (strcmp(event->fields[i].name, name) == 0)
            return &event->fields[i];
    return NULL;
}

bool sj_field_is_null(const struct sj_field *field, const void *frame, uint32_t index)
{
    size_t size = field->kind == SJ_FIELD_TEXT ? 1 : field->size / field->count;
    const char *at = (const char *)frame + field->offset + index * size;
    int64_t i64;
    uint32_t u32;
    switch (field->kind) {
    case SJ_FIELD_I64:
    case SJ_FIELD_E6:
    case SJ_FIELD_TIME:
        memcpy(&i64, at, sizeof(i64));
        return i64 == SJ_NULL_I64;
    case SJ_FIELD_U64:
        memcpy(&i64, at, sizeof(i64));
        return i64 == -1;
    case SJ_FIELD_U32:
        memcpy(&u32, at, sizeof(u32));
        return u32 == SJ_NULL_U32;
    case SJ_FIELD_TEXT:
    case SJ_FIELD_CHAR:
        return *at == '\0';
    default:
        return false;
    }
}

const char *sj_channel_name(uint8_t channel)
{
    return channel < SJ_CHANNEL_COUNT ? channel_words[channel] : "unknown";
}
