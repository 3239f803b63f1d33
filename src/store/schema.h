/*
 * schema.h: one table of the store for each event type: its columns, where each is found in the
 * frame, and the statements that create it.
 *
 * The tables `ticks` and `orderbook` keep the names and first columns of the system that shijim
 * succeeds; every further field of an event has a typed column of its own. A row is one event,
 * named for ever by (src, seq). ts: the exchange's time, or the receive time where it gave none.
 * trading_day: Taiwan's (a night session belongs to the next one). Prices: Decimal(18, 6), exact.
 *
 * Two dialects: servers of 2018 (no CODEC) and current ones. Wire types are the same for both.
 *
 * Threads  [any], constant data. Memory: the caller's buffers.
 */
#ifndef SJ_STORE_SCHEMA_H
#define SJ_STORE_SCHEMA_H

#include "event/event.h"
#include "shijim/rc.h"

#include <stddef.h>

#define SJ_STORE_COLUMNS_MAX 64
#define SJ_STORE_DDL_MAX 16384

/* How many deduplication tokens a table remembers, where the server knows them. */
#define SJ_STORE_WINDOW_SETTING "non_replicated_deduplication_window"
#define SJ_STORE_WINDOW 1000

/* Where a column's value comes from and how it travels. */
enum sj_store_kind {
    SJ_STORE_DAY,      /* trading day of ts: Date */
    SJ_STORE_TS,       /* exch_ns, or recv_ns where that is null: Int64 */
    SJ_STORE_SYMBOL,   /* code of the instrument: String */
    SJ_STORE_ASSET,    /* of the instrument: Enum8 */
    SJ_STORE_EXCHANGE, /* of the instrument: Enum8 */
    SJ_STORE_SRC,      /* UInt32 */
    SJ_STORE_I64,
    SJ_STORE_U64,
    SJ_STORE_DEC, /* int64 millionths: Decimal(18, 6) */
    SJ_STORE_U32,
    SJ_STORE_I32,
    SJ_STORE_U16,
    SJ_STORE_U8,
    SJ_STORE_UNIT,       /* what one of `size` counts in amount: the unit, 1 in odd lots */
    SJ_STORE_BIT,        /* bit `aux` of flags: UInt8 */
    SJ_STORE_ENUM,       /* one byte, value set `aux` (enum sj_store_enum): Enum8 */
    SJ_STORE_TEXT,       /* `aux` chars, zero filled: String */
    SJ_STORE_DEC_LEVELS, /* SJ_LEVELS int64, as many as the byte at `aux` says: Array */
    SJ_STORE_U32_LEVELS,
    SJ_STORE_I32_LEVELS,
    SJ_STORE_KIND_COUNT
};

enum sj_store_enum {
    SJ_STORE_ENUM_ASSET,
    SJ_STORE_ENUM_EXCHANGE,
    SJ_STORE_ENUM_SIDE,
    SJ_STORE_ENUM_CHANNEL,
    SJ_STORE_ENUM_SESSION,
    SJ_STORE_ENUM_GAP,
    SJ_STORE_ENUM_VERDICT,
    SJ_STORE_ENUM_INTENT,
    SJ_STORE_ENUM_PRICE_TYPE,
    SJ_STORE_ENUM_TIF,
    SJ_STORE_ENUM_REPORT_KIND,
    SJ_STORE_ENUM_REPORT_SOURCE,
    SJ_STORE_ENUM_BROKER_STATUS,
    SJ_STORE_ENUM_CONTROL_KIND,
    SJ_STORE_ENUM_CONTROL_SOURCE,
    SJ_STORE_ENUM_ORDER_STATE,
    SJ_STORE_ENUM_COUNT
};

/* How a current server packs the column. Servers of 2018 take LZ4 for all. */
enum sj_store_codec {
    SJ_STORE_CODEC_PLAIN,
    SJ_STORE_CODEC_DELTA,
    SJ_STORE_CODEC_TIME,
    SJ_STORE_CODEC_SEQ,
    SJ_STORE_CODEC_T64,
    SJ_STORE_CODEC_GCD_DELTA,
    SJ_STORE_CODEC_COUNT
};

/* Columns that others nearly tell. A current server keeps what is missing to the exact value in
 * NAME_rest, which packs to almost nothing, and computes NAME from both (an ALIAS). */
enum sj_store_derive {
    SJ_STORE_DERIVE_NONE,
    SJ_STORE_DERIVE_DELAY,   /* recv_ts = ts + rest */
    SJ_STORE_DERIVE_AMOUNT,  /* amount = price x size x amount_unit + rest */
    SJ_STORE_DERIVE_AVERAGE, /* avg_price = total_amount / total_volume + rest */
    SJ_STORE_DERIVE_CHANGE   /* price_chg = price - rest */
};

struct sj_store_column {
    const char *name;
    uint16_t offset; /* of the field in the frame */
    uint16_t aux;
    uint8_t kind;     /* enum sj_store_kind */
    uint8_t nullable; /* the event's null travels as NULL */
    uint8_t codec;    /* enum sj_store_codec */
    uint8_t derive;   /* enum sj_store_derive */
};

struct sj_store_table {
    const char *name;
    uint16_t template_id;
    uint16_t row_size; /* of the frame */
    uint16_t column_count;
    uint16_t by_symbol; /* ordered by (symbol, ts), else by ts */
    const struct sj_store_column *columns;
};

/* All tables, in the order of their template ids. */
#define SJ_STORE_TABLE_COUNT 21
const struct sj_store_table *sj_store_table_at(uint32_t index);

/* The table of an event type, or NULL; by name, or NULL. index: 0 .. SJ_STORE_TABLE_COUNT - 1. */
const struct sj_store_table *sj_store_table_of(uint16_t template_id);
const struct sj_store_table *sj_store_table_named(const char *name);
uint32_t sj_store_table_index(const struct sj_store_table *table);

/* The largest valid value of an Enum8 set (values count from 0 without holes). */
uint8_t sj_store_enum_max(enum sj_store_enum set);

/* The name of a value ("buy"), or NULL beyond the last. */
const char *sj_store_enum_name(enum sj_store_enum set, uint8_t value);

/* The name rows travel under: NAME, or NAME_rest where it is derived and packed. */
SJ_MUST_USE sj_rc sj_store_name_text(const struct sj_store_column *column, bool is_packed,
                                     char *ret_text, size_t size);

/* The column's type as Native blocks and CREATE TABLE name it. Returns the length. -SJ_E_RANGE. */
SJ_MUST_USE sj_rc sj_store_type_text(const struct sj_store_column *column, char *ret_text,
                                     size_t size);

/* What the server can do, as far as statements depend on it (client.h probes it). */
struct sj_store_dialect {
    bool has_codecs; /* CODEC, LowCardinality, deduplication tokens; derived columns are packed */
    bool has_gcd;    /* the GCD codec (23.12 and later) */
    bool has_part_codecs; /* it packs small parts lightly and large ones well: no ZSTD of ours */
};

/* How a column stands in a table: as it is, or as its rest and an alias that computes it. */
enum sj_store_form { SJ_STORE_FORM_PLAIN, SJ_STORE_FORM_REST, SJ_STORE_FORM_ALIAS };

/* Name, type and codec as CREATE TABLE and ADD COLUMN take them. Returns the length. -SJ_E_RANGE.
 */
SJ_MUST_USE sj_rc sj_store_column_text(const struct sj_store_column *column,
                                       enum sj_store_form form,
                                       const struct sj_store_dialect *dialect, char *ret_text,
                                       size_t size);

/* CREATE TABLE IF NOT EXISTS `database`.`table`. Returns the length. -SJ_E_RANGE: too small
 * (SJ_STORE_DDL_MAX always suffices). */
SJ_MUST_USE sj_rc sj_store_create_statement(const struct sj_store_table *table,
                                            const char *database,
                                            const struct sj_store_dialect *dialect, char *ret_text,
                                            size_t size);

/* CREATE VIEW IF NOT EXISTS of the i-th view (orders: the last state of each order), or 0 when
 * there are no more. */
SJ_MUST_USE sj_rc sj_store_view_statement(uint32_t index, const char *database, char *ret_text,
                                          size_t size);

#endif
