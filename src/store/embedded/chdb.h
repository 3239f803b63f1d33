/*
 * chdb.h: the functions of libchdb that are used here, found with dlopen.
 *
 * The package carries no header; these declarations follow the library's public C interface
 * (engine 26.7). A connection runs one statement at a time; different connections run in parallel.
 *
 * Errors   sj_rc; `error` receives one line saying what was looked for and where.
 * Threads  open once, before threads start; the functions are [any thread].
 * Memory   the library is never unloaded: its threads outlive the last connection.
 */
#ifndef SJ_STORE_EMBEDDED_CHDB_H
#define SJ_STORE_EMBEDDED_CHDB_H

#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

struct chdb_connection_; /* what the library's functions take */
struct chdb_result_;
struct chdb_insert_stream_;

typedef struct chdb_connection_ *sj_chdb_connection;

enum sj_chdb_class {
    SJ_CHDB_READ_ONLY,
    SJ_CHDB_MUTATING,
    SJ_CHDB_MUTATING_GLOBAL,
    SJ_CHDB_CONTROL,
    SJ_CHDB_UNPARSED,
};

/* What classify_query_n reports; struct_size is set by the caller. */
struct sj_chdb_analysis {
    uint32_t struct_size;
    uint32_t statement_count;
    uint32_t flags;
    uint32_t query_class; /* enum sj_chdb_class */
};

/* Name/value pairs bound to {name:Type} placeholders. */
struct sj_chdb_params {
    const char *const *names;
    const size_t *name_sizes;
    const char *const *values;
    const size_t *value_sizes;
    size_t count;
};

/* return type, name without "chdb_", arguments */
#define SJ_CHDB_TABLE(X)                                                                           \
    X(void, set_signal_handlers_enabled, (int enabled))                                            \
    X(const char *, version, (void))                                                               \
    X(sj_chdb_connection *, connect, (int argc, char **argv))                                      \
    X(void, close_conn, (sj_chdb_connection * connection))                                         \
    X(int, classify_query_n,                                                                       \
      (sj_chdb_connection, const char *sql, size_t sql_size, const char *database,                 \
       size_t database_size, struct sj_chdb_analysis *ret))                                        \
    X(struct chdb_result_ *, query_n,                                                              \
      (sj_chdb_connection, const char *sql, size_t sql_size, const char *format,                   \
       size_t format_size))                                                                        \
    X(struct chdb_result_ *, query_with_params_n,                                                  \
      (sj_chdb_connection, const char *sql, size_t sql_size, const char *format,                   \
       size_t format_size, const char *const *names, const size_t *name_sizes,                     \
       const char *const *values, const size_t *value_sizes, size_t count))                        \
    X(struct chdb_result_ *, stream_query_with_params_n,                                           \
      (sj_chdb_connection, const char *sql, size_t sql_size, const char *format,                   \
       size_t format_size, const char *const *names, const size_t *name_sizes,                     \
       const char *const *values, const size_t *value_sizes, size_t count))                        \
    X(struct chdb_result_ *, stream_fetch_result,                                                  \
      (sj_chdb_connection, struct chdb_result_ * stream))                                          \
    X(void, stream_cancel_query, (sj_chdb_connection, struct chdb_result_ * stream))               \
    X(void, destroy_query_result, (struct chdb_result_ * result))                                  \
    X(struct chdb_insert_stream_ *, stream_insert_with_params_n,                                   \
      (sj_chdb_connection, const char *sql, size_t sql_size, const char *format,                   \
       size_t format_size, const char *const *names, const size_t *name_sizes,                     \
       const char *const *values, const size_t *value_sizes, size_t count))                        \
    X(int, stream_append, (struct chdb_insert_stream_ * stream, const void *data, size_t size))    \
    X(struct chdb_result_ *, stream_done, (struct chdb_insert_stream_ * stream))                   \
    X(void, stream_cancel_insert, (struct chdb_insert_stream_ * stream))                           \
    X(const char *, stream_insert_error, (struct chdb_insert_stream_ * stream))                    \
    X(void, destroy_insert_stream, (struct chdb_insert_stream_ * stream))                          \
    X(char *, result_buffer, (struct chdb_result_ * result))                                       \
    X(size_t, result_length, (struct chdb_result_ * result))                                       \
    X(uint64_t, result_rows_read, (struct chdb_result_ * result))                                  \
    X(uint64_t, result_storage_rows_read, (struct chdb_result_ * result))                          \
    X(uint64_t, result_storage_bytes_read, (struct chdb_result_ * result))                         \
    X(uint64_t, result_rows_written, (struct chdb_result_ * result))                               \
    X(uint64_t, result_bytes_written, (struct chdb_result_ * result))                              \
    X(const char *, result_error, (struct chdb_result_ * result))

struct sj_chdb {
#define X(type, name, arguments) type(*name) arguments;
    SJ_CHDB_TABLE(X)
#undef X
};

/* Loads the library: `path` when not NULL, else $SHIJIM_CHDB_LIB, .deps/chdb/ of the working
 * directory, beside the running program or in its ../.deps/chdb/, /usr/lib/shijim/.
 * -ENOENT: found nowhere. -SJ_E_LAYOUT: a file is there but is not this library. */
SJ_MUST_USE sj_rc sj_chdb_open(const char *path, struct sj_chdb *ret_chdb, char *error,
                               size_t error_size);

#endif
