/*
 * adopt.h: tables that were there before: of the system that shijim succeeds, of an older shijim.
 *
 * What such a table lacks is added (ALTER TABLE ... ADD COLUMN; its old rows have the defaults, so
 * src = 0 and seq = 0). Nothing is dropped and no column's type is changed, except that an Enum8
 * gets the values that a newer shijim knows. A column whose type cannot hold what shijim writes is
 * a conflict, told in one line; nothing is altered then.
 *
 * A type holds another when no value is lost in it: wider integers and decimals, Nullable, String
 * for Enum8; and Float64 for Decimal(18, 6), which keeps 15 digits (every price below 10^9).
 *
 * Threads  [any], no state. Memory: the caller's.
 */
#ifndef SJ_STORE_ADOPT_H
#define SJ_STORE_ADOPT_H

#include "store/answer.h"
#include "store/schema.h"

/* What a server says it has: the answer to sj_store_adopt_question, any bytes. */
struct sj_store_found {
    const char *text;
    size_t size;
};

/* Asks for the columns of all tables of the request's database. */
extern const char sj_store_adopt_question[];

/* Whether rows of the table travel with rests: it has at least one, or no column that could have
 * one, or is not told of. */
bool sj_store_adopt_is_packed(const struct sj_store_table *table,
                              const struct sj_store_found *found);

/* Whether every column that is there has the very type that blocks name. Servers of 2018 do not
 * convert blocks: rows for other tables travel as text. */
bool sj_store_adopt_is_exact(const struct sj_store_table *table,
                             const struct sj_store_found *found);

/* The ALTER TABLE that gives the table what it lacks. Returns its length, or 0 when nothing is
 * missing. -SJ_E_REFUSED: a conflict, and `ret_sql` is one line that says which. -SJ_E_RANGE. */
SJ_MUST_USE sj_rc sj_store_adopt_statement(const struct sj_store_table *table, const char *database,
                                           const struct sj_store_dialect *dialect,
                                           const struct sj_store_found *found, char *ret_sql,
                                           size_t size);

#endif
