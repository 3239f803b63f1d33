/*
 * json_rows.h: rows as JSONEachRow: one object a line, decimals exact (as numbers with all their
 * digits), enums by name, nulls left out.
 *
 * Threads  [owner of the rows]. Memory: grows `out` only.
 */
#ifndef SJ_STORE_JSON_ROWS_H
#define SJ_STORE_JSON_ROWS_H

#include "store/native.h"

/* Appends the rows with the plan's columns. -ENOMEM. */
SJ_MUST_USE sj_rc sj_store_encode_json(const struct sj_store_rows *rows,
                                       const struct sj_store_symbols *symbols,
                                       const struct sj_store_plan *plan,
                                       struct sj_store_bytes *out);

#endif
