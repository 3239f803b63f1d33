#include "store/schema.h"

#include "shijim/strategy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct value_set {
    uint8_t count;
    const char *names[16];
};

static const struct value_set value_sets[SJ_STORE_ENUM_COUNT] = {
    [SJ_STORE_ENUM_ASSET] = {6, {"unknown", "stock", "futures", "option", "index", "warrant"}},
    [SJ_STORE_ENUM_EXCHANGE] = {5, {"", "TSE", "OTC", "OES", "TAIFEX"}},
    [SJ_STORE_ENUM_SIDE] = {3, {"none", "buy", "sell"}},
    [SJ_STORE_ENUM_CHANNEL] = {10,
                               {"none", "tick_stk", "bidask_stk", "quote_stk", "tick_fop",
                                "bidask_fop", "quote_fop", "quote_idx", "order", "contract"}},
    [SJ_STORE_ENUM_SESSION] = {15,
                               {"unknown", "connect", "drop", "login", "maintenance", "subscribe",
                                "unsubscribe", "refused", "rung", "recovered", "silent", "start",
                                "stop", "replay_begin", "replay_end"}},
    [SJ_STORE_ENUM_GAP] = {7,
                           {"unknown", "volume", "silence", "stream", "bus", "journal", "parse"}},
    [SJ_STORE_ENUM_VERDICT] = {5, {"unknown", "complete", "incomplete", "unproven", "silent"}},
    [SJ_STORE_ENUM_INTENT] = {5, {"unknown", "place", "cancel", "price", "quantity"}},
    [SJ_STORE_ENUM_PRICE_TYPE] = {4, {"none", "LMT", "MKT", "MKP"}},
    [SJ_STORE_ENUM_TIF] = {5, {"none", "ROD", "IOC", "FOK", "GTX"}},
    [SJ_STORE_ENUM_REPORT_KIND] = {14,
                                   {"unknown", "new", "cancel", "price", "quantity", "reject",
                                    "deal", "listed", "list_begin", "list_end", "timeout",
                                    "link_up", "link_down", "unsent"}},
    [SJ_STORE_ENUM_REPORT_SOURCE] = {5, {"unknown", "stream", "answer", "list", "local"}},
    [SJ_STORE_ENUM_BROKER_STATUS] = {9,
                                     {"unknown", "pending_submit", "pre_submitted", "submitted",
                                      "part_filled", "filled", "cancelled", "failed", "inactive"}},
    [SJ_STORE_ENUM_CONTROL_KIND] = {14,
                                    {"unknown", "start", "kill", "resume", "panic", "panic_done",
                                     "disarm", "arm", "feed_lost", "feed_back", "block", "unblock",
                                     "stop", "name"}},
    [SJ_STORE_ENUM_CONTROL_SOURCE] = {11,
                                      {"unknown", "command", "signal", "http", "loss_limit", "feed",
                                       "dead_man", "process", "budget", "crash", "reconcile"}},
    [SJ_STORE_ENUM_ORDER_STATE] = {SJ_ORDER_STATE_COUNT,
                                   {"none", "pending", "working", "partial", "cancelling",
                                    "unknown", "filled", "cancelled", "rejected", "refused"}},
};

uint8_t sj_store_enum_max(enum sj_store_enum set)
{
    return (uint8_t)(value_sets[set].count - 1);
}

const char *sj_store_enum_name(enum sj_store_enum set, uint8_t value)
{
    return value < value_sets[set].count ? value_sets[set].names[value] : NULL;
}

/* A text that grows to the end of its room and remembers when it did not fit. */
struct text {
    char *begin;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = text->used < text->size ? text->size - text->used : 0;
    int length = vsnprintf(room > 0 ? text->begin + text->used : NULL, room, format, args);
    va_end(args);
    text->used += length > 0 ? (size_t)length : 0;
}

static sj_rc finish(const struct text *text)
{
    return text->used < text->size ? (sj_rc)text->used : -SJ_E_RANGE;
}

static void put_enum(struct text *text, enum sj_store_enum set)
{
    put(text, "Enum8(");
    for (uint8_t i = 0; i < value_sets[set].count; i++)
        put(text, "%s'%s' = %u", i > 0 ? ", " : "", value_sets[set].names[i], i);
    put(text, ")");
}

static void put_plain_type(struct text *text, const struct sj_store_column *column)
{
    static const char *const names[SJ_STORE_KIND_COUNT] = {
        [SJ_STORE_DAY] = "Date",
        [SJ_STORE_TS] = "Int64",
        [SJ_STORE_SYMBOL] = "String",
        [SJ_STORE_SRC] = "UInt32",
        [SJ_STORE_I64] = "Int64",
        [SJ_STORE_U64] = "UInt64",
        [SJ_STORE_DEC] = "Decimal(18, 6)",
        [SJ_STORE_U32] = "UInt32",
        [SJ_STORE_I32] = "Int32",
        [SJ_STORE_U16] = "UInt16",
        [SJ_STORE_U8] = "UInt8",
        [SJ_STORE_UNIT] = "UInt32",
        [SJ_STORE_BIT] = "UInt8",
        [SJ_STORE_TEXT] = "String",
        [SJ_STORE_DEC_LEVELS] = "Array(Decimal(18, 6))",
        [SJ_STORE_U32_LEVELS] = "Array(UInt32)",
        [SJ_STORE_I32_LEVELS] = "Array(Int32)",
    };
    switch ((enum sj_store_kind)column->kind) {
    case SJ_STORE_ASSET:
        put_enum(text, SJ_STORE_ENUM_ASSET);
        break;
    case SJ_STORE_EXCHANGE:
        put_enum(text, SJ_STORE_ENUM_EXCHANGE);
        break;
    case SJ_STORE_ENUM:
        put_enum(text, (enum sj_store_enum)column->aux);
        break;
    default:
        put(text, "%s", names[column->kind]);
        break;
    }
}

static void put_type(struct text *text, const struct sj_store_column *column)
{
    if (column->nullable)
        put(text, "Nullable(");
    put_plain_type(text, column);
    if (column->nullable)
        put(text, ")");
}

sj_rc sj_store_type_text(const struct sj_store_column *column, char *ret_text, size_t size)
{
    struct text text = {ret_text, size, 0};
    put_type(&text, column);
    return finish(&text);
}

sj_rc sj_store_name_text(const struct sj_store_column *column, bool is_packed, char *ret_text,
                         size_t size)
{
    struct text text = {ret_text, size, 0};
    bool is_rest = is_packed && column->derive != SJ_STORE_DERIVE_NONE;
    put(&text, "%s%s", column->name, is_rest ? "_rest" : "");
    return finish(&text);
}

static void put_codec(struct text *text, const struct sj_store_column *column,
                      const struct sj_store_dialect *dialect)
{
    static const char *const filters[SJ_STORE_CODEC_COUNT] = {
        [SJ_STORE_CODEC_PLAIN] = "",
        [SJ_STORE_CODEC_DELTA] = "Delta, ",
        [SJ_STORE_CODEC_TIME] = "GCD, Delta, ",
        [SJ_STORE_CODEC_SEQ] = "Delta, T64('bit'), ",
        [SJ_STORE_CODEC_T64] = "T64, ",
        [SJ_STORE_CODEC_GCD_DELTA] = "GCD, Delta, ",
    };
    bool has_gcd =
        column->codec == SJ_STORE_CODEC_GCD_DELTA || column->codec == SJ_STORE_CODEC_TIME;
    const char *filter =
        filters[has_gcd && !dialect->has_gcd ? SJ_STORE_CODEC_DELTA : column->codec];
    const char *packer = column->codec == SJ_STORE_CODEC_GCD_DELTA ? "ZSTD(3)" : "ZSTD(1)";
    put(text, " CODEC(%s%s)", filter, dialect->has_part_codecs ? "Default" : packer);
}

/* How a current server computes a derived column. No null of another column may spoil a value, and
 * nothing may divide by zero. */
static void put_alias(struct text *text, const struct sj_store_column *column)
{
    static const char *const formulas[] = {
        [SJ_STORE_DERIVE_DELAY] = "ts + recv_ts_rest",
        [SJ_STORE_DERIVE_AMOUNT] = "price * size * amount_unit + amount_rest",
        [SJ_STORE_DERIVE_AVERAGE] =
            ("coalesce(total_amount / if(total_volume > 0, total_volume, 1),"
             " toDecimal64(0, 6)) + avg_price_rest"),
        [SJ_STORE_DERIVE_CHANGE] = "price - price_chg_rest",
    };
    put(text, "`%s` ", column->name);
    put_type(text, column);
    put(text, " ALIAS %s", formulas[column->derive]);
}

static void put_column(struct text *text, const struct sj_store_column *column,
                       enum sj_store_form form, const struct sj_store_dialect *dialect)
{
    if (form == SJ_STORE_FORM_ALIAS) {
        put_alias(text, column);
        return;
    }
    char name[80];
    (void)!sj_store_name_text(column, form == SJ_STORE_FORM_REST, name, sizeof(name));
    put(text, "`%s` ", name);
    bool is_text = column->kind == SJ_STORE_SYMBOL || column->kind == SJ_STORE_TEXT;
    if (is_text && dialect->has_codecs)
        put(text, "LowCardinality(String)");
    else
        put_type(text, column);
    if (dialect->has_codecs)
        put_codec(text, column, dialect);
}

sj_rc sj_store_column_text(const struct sj_store_column *column, enum sj_store_form form,
                           const struct sj_store_dialect *dialect, char *ret_text, size_t size)
{
    struct text text = {ret_text, size, 0};
    put_column(&text, column, form, dialect);
    return finish(&text);
}

sj_rc sj_store_create_statement(const struct sj_store_table *table, const char *database,
                                const struct sj_store_dialect *dialect, char *ret_text, size_t size)
{
    struct text text = {ret_text, size, 0};
    put(&text, "CREATE TABLE IF NOT EXISTS `%s`.`%s` (", database, table->name);
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct sj_store_column *column = &table->columns[i];
        bool is_rest = dialect->has_codecs && column->derive != SJ_STORE_DERIVE_NONE;
        put_column(&text, column, is_rest ? SJ_STORE_FORM_REST : SJ_STORE_FORM_PLAIN, dialect);
        put(&text, ", ");
        if (is_rest)
            put_column(&text, column, SJ_STORE_FORM_ALIAS, dialect);
        put(&text, is_rest ? ", " : "");
    }
    put(&text, "`extras` String) ENGINE = MergeTree PARTITION BY toYYYYMM(trading_day) ORDER BY %s",
        table->by_symbol ? "(symbol, ts)" : "ts");
    if (dialect->has_codecs)
        put(&text, " SETTINGS " SJ_STORE_WINDOW_SETTING " = %d", SJ_STORE_WINDOW);
    return finish(&text);
}

static const char *const views[] = {
    /* The last state of each order: as many rows as orders, whatever happened to them. */
    "CREATE VIEW IF NOT EXISTS `%s`.`orders` AS SELECT intent_id, max(trading_day) AS last_day,"
    " min(ts) AS first_ts, max(ts) AS last_ts, argMax(symbol, seq) AS last_symbol, argMax(price,"
    " seq) AS last_price, argMax(quantity, seq) AS last_quantity, argMax(filled, seq) AS"
    " last_filled, argMax(cancelled, seq) AS last_cancelled, argMax(strategy, seq) AS"
    " last_strategy, argMax(state_to, seq) AS state, argMax(status, seq) AS last_status,"
    " argMax(order_id, seq) AS last_order_id, argMax(ordno, seq) AS last_ordno, argMax(text, seq)"
    " AS last_text FROM `%s`.`order_events` GROUP BY intent_id",
};

sj_rc sj_store_view_statement(uint32_t index, const char *database, char *ret_text, size_t size)
{
    if (index >= sizeof(views) / sizeof(views[0]))
        return 0;
    struct text text = {ret_text, size, 0};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    put(&text, views[index], database, database);
#pragma GCC diagnostic pop
    return finish(&text);
}
