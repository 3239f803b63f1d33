/*
 * sql.h: reads as much of a statement as the server must know before the engine sees it.
 *
 * The engine takes an INSERT without its FORMAT clause and data, and writes a streamed result as
 * complete documents, one for each block; so the server finds the kind of the statement, the
 * FORMAT clause, and where inline data begin. Tokens are those of ClickHouse's lexer: comments
 * (--, # , #!, slash-star), '' strings, `` and "" identifiers with backslash escapes, $tag$
 * heredocs.
 *
 * Nothing here decides what is allowed except sj_emb_sql_guard: the engine's own classifier and
 * grants do (see README.md).
 *
 * Threads  pure, [any thread]. Memory: none is allocated; results point into the text.
 */
#ifndef SJ_STORE_EMBEDDED_SQL_H
#define SJ_STORE_EMBEDDED_SQL_H

#include "store/embedded/buffer.h"

#define SJ_EMB_FORMAT_SIZE 64

enum sj_emb_sql_kind {
    SJ_EMB_SQL_EMPTY,
    SJ_EMB_SQL_SELECT,        /* SELECT, WITH, FROM or a parenthesis: a result that may stream */
    SJ_EMB_SQL_INSERT_DATA,   /* INSERT ... VALUES or FORMAT: data follow */
    SJ_EMB_SQL_INSERT_SELECT, /* INSERT ... SELECT: no data */
    SJ_EMB_SQL_INSERT_FILE,   /* INSERT ... FROM INFILE: would read a file of the server */
    SJ_EMB_SQL_SET,
    SJ_EMB_SQL_USE,
    SJ_EMB_SQL_OTHER,
};

struct sj_emb_sql {
    enum sj_emb_sql_kind kind;
    size_t head_size;                /* INSERT_DATA: the statement up to VALUES or FORMAT */
    size_t data_offset;              /* INSERT_DATA: where inline data begin */
    char format[SJ_EMB_FORMAT_SIZE]; /* of the FORMAT clause ("Values" for VALUES); "" if none */
    size_t format_offset;            /* where the FORMAT clause stands, when format is not "" */
    size_t format_size;
    bool has_totals; /* WITH TOTALS somewhere: the result is more than its rows */
};

/* Reads `text`. `is_whole`: no more text comes. -EAGAIN (only when not whole): an INSERT whose
 * data have not begun yet. -SJ_E_MALFORMED: an INSERT that names no data, or a format's name
 * that is too long. */
SJ_MUST_USE sj_rc sj_emb_sql_scan(const char *text, size_t size, bool is_whole,
                                  struct sj_emb_sql *ret_sql);

enum sj_emb_sql_breach {
    SJ_EMB_SQL_CLEAN,
    SJ_EMB_SQL_READS_FILE,      /* the scalar function file(), which no grant covers */
    SJ_EMB_SQL_ESCAPED_NAME,    /* a backslash in a quoted name could hide that function */
    SJ_EMB_SQL_NESTED_SETTINGS, /* SETTINGS in a subquery, which the engine does not check */
};

/* What in the text gets past the engine's own gates. Errs on the side of a breach. */
enum sj_emb_sql_breach sj_emb_sql_guard(const char *text, size_t size);

/* Does every ENGINE that the statement names keep its data in the engine's own directory? (The
 * grants cover the engines that read files or other servers, not those that run programs.) */
bool sj_emb_sql_engines_are_own(const char *text, size_t size);

#endif
