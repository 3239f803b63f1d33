/*
 * native.h: rows as one block of ClickHouse's Native format (server revision 0).
 *
 * A block is: varint columns, varint rows, then per column its name, its type (both varint length
 * and bytes) and its values back to back. Nullable: a byte a row, then the values. Array: the ends
 * of the rows as UInt64, then the values. String: varint length and bytes a row.
 *
 * A column whose values are all null is left out; the server fills in NULL. The bytes depend on
 * nothing but the rows, their order and the symbols, so a retry is byte-identical.
 *
 * Threads  [owner of the rows]. Memory: grows `out` only.
 */
#ifndef SJ_STORE_NATIVE_H
#define SJ_STORE_NATIVE_H

#include "store/rows.h"

/* The columns of a block, and the statement's list of them ("`ts`, `symbol`, ..."). */
struct sj_store_plan {
    bool is_packed; /* derived columns travel as their rests */
    uint16_t column_count;
    uint8_t columns[SJ_STORE_COLUMNS_MAX]; /* indices into the table's */
};

/* Chooses the columns for these rows: all but those that are null throughout. */
void sj_store_plan_columns(const struct sj_store_rows *rows, bool is_packed,
                           struct sj_store_plan *ret_plan);

/* The list of the plan's columns in parentheses. Returns the length. -SJ_E_RANGE. */
SJ_MUST_USE sj_rc sj_store_plan_text(const struct sj_store_table *table,
                                     const struct sj_store_plan *plan, char *ret_text, size_t size);

/* Appends the block to `out`. -ENOMEM. */
SJ_MUST_USE sj_rc sj_store_encode_native(const struct sj_store_rows *rows,
                                         const struct sj_store_symbols *symbols,
                                         const struct sj_store_plan *plan,
                                         struct sj_store_bytes *out);

#endif
