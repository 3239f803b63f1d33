/*
 * rows.h: what encoders read: a run of frames of one type, laid back to back, each with its source;
 * the symbols of the instruments; the trading days.
 *
 * Threads  [owner] one thread. Memory: rows and symbols are reserved at create.
 */
#ifndef SJ_STORE_ROWS_H
#define SJ_STORE_ROWS_H

#include "store/schema.h"

/* gcc and clang have it, ISO C does not. */
__extension__ typedef __int128 sj_int128;

/* --- bytes that grow up to a limit --- */

struct sj_store_bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

/* Room for `more` bytes behind size. -ENOMEM. The rest of `bytes` stays as it was. */
SJ_MUST_USE sj_rc sj_store_bytes_reserve(struct sj_store_bytes *bytes, size_t more);
SJ_MUST_USE sj_rc sj_store_bytes_append(struct sj_store_bytes *bytes, const void *data,
                                        size_t size);
void sj_store_bytes_done(struct sj_store_bytes *bytes);

/* --- symbols --- */

/* One instrument as every row shows it; the text is ready for a Native string column. */
struct sj_store_symbol {
    char native[24]; /* length byte, then the code */
    uint8_t asset;   /* enum sj_security */
    uint8_t exchange;
    uint16_t known;
    uint32_t unit; /* shares a lot; 1 where it is not told */
    uint32_t rank; /* of the code among all codes: the table's order */
};

struct sj_store_symbols {
    struct sj_store_symbol *cells; /* by id; id 0 has the empty code */
    struct sj_instrument *definitions;
    uint32_t capacity;
    uint32_t count; /* ids 0 .. count-1 have cells */
    uint32_t known_count;
    uint64_t change_count;
    bool is_ranked;
};

SJ_MUST_USE sj_rc sj_store_symbols_init(struct sj_store_symbols *symbols, uint32_t capacity);
void sj_store_symbols_done(struct sj_store_symbols *symbols);

/* Takes a definition from the journal. Returns 1 where it changed anything, 0 where it was known.
 * -SJ_E_RANGE: an id beyond the capacity. */
SJ_MUST_USE sj_rc sj_store_symbols_put(struct sj_store_symbols *symbols,
                                       const struct sj_instrument *definition);

/* Makes the ranks hold for all definitions. Cheap when nothing changed. */
void sj_store_symbols_rank(struct sj_store_symbols *symbols);

/* The cell of an id; "#ID" stands for an instrument that was never defined. */
const struct sj_store_symbol *sj_store_symbol_of(const struct sj_store_symbols *symbols,
                                                 uint32_t id);

/* --- trading days --- */

/* Remembers the last span of time whose day was asked for. Zero it to begin. */
struct sj_store_days {
    int64_t from_ns;
    int64_t to_ns;
    int32_t day_number; /* since 1970-01-01 */
    int32_t month;      /* yyyymm */
};

/* The trading day of a time as a day number, and its month: the partition. Times before 1970 or
 * after 2105 (what a Date column holds) count as the nearest day there is. */
uint16_t sj_store_day_of(struct sj_store_days *days, int64_t utc_ns);
int32_t sj_store_month_of(struct sj_store_days *days, int64_t utc_ns);

/* The time that places a frame: exch_ns, or recv_ns where that is null (timers: their time). */
int64_t sj_store_frame_ts(const void *frame);

/* --- rows --- */

/* What a unit of the frame's volume counts in its amount: 1 in odd lots, else the instrument's
 * unit; 0 where price x volume x unit is no decimal. */
uint32_t sj_store_unit_of(const void *frame, const struct sj_store_symbol *symbol);

/* What is missing to a derived column's value (enum sj_store_derive); wraps around where the
 * event's own values are no decimals. */
int64_t sj_store_rest_of(const void *frame, const struct sj_store_column *column,
                         const struct sj_store_symbol *symbol);

/* Frames back to back; all of them, or those that `order` names. */
struct sj_store_rows {
    const struct sj_store_table *table;
    const uint8_t *frames; /* count x table->row_size */
    const uint32_t *srcs;  /* count */
    const uint32_t *order; /* rows in the order to write, or NULL: as they lie */
    uint32_t count;
    bool is_part; /* `order` names some of the rows only */
};

/* The i-th row, in any order: cheap where all rows are meant. */
static inline const uint8_t *sj_store_rows_any(const struct sj_store_rows *rows, uint32_t i)
{
    return rows->frames + (size_t)(rows->is_part ? rows->order[i] : i) * rows->table->row_size;
}

/* Fills `ret_order` (rows->count) with the rows stably sorted by their symbol's rank, so that the
 * server finds the block in the table's order. `scratch`: symbols->count + 1 counters.
 * Returns 0 where they are in that order already. */
int sj_store_rows_sort(const struct sj_store_rows *rows, const struct sj_store_symbols *symbols,
                       uint32_t *scratch, uint32_t *ret_order);

#endif
