/*
 * engine.h: the engine: its directories, what it is told at start, connections, short statements.
 *
 * Errors   sj_rc and one line in `error`.
 * Threads  open and close: the owner. The rest [any thread]; a connection has one user at a time.
 * Memory   a connection costs about 130 kB and 1 ms to open.
 */
#ifndef SJ_STORE_EMBEDDED_ENGINE_H
#define SJ_STORE_EMBEDDED_ENGINE_H

#include <limits.h>

#include "store/embedded/auth.h"
#include "store/embedded/buffer.h"
#include "store/embedded/chdb.h"
#include "store/embedded/embedded.h"

struct sj_emb_engine {
    struct sj_chdb chdb;
    char engine_dir[PATH_MAX];
    char config_dir[PATH_MAX];
    char token_path[PATH_MAX];
    char database[64];
    char version[32];
    char timezone[64];
    uint64_t memory_max_bytes;
    int lock_fd;
    sj_chdb_connection *keeper; /* kept open: the engine runs as long as one connection is */
};

/* Makes the directories, takes the lock, writes the configuration. `options` is complete (no 0s).
 * -SJ_E_BUSY: another process holds the lock. */
SJ_MUST_USE sj_rc sj_emb_engine_prepare(struct sj_emb_engine *engine,
                                        const struct sj_embedded_options *options, char *error,
                                        size_t error_size);

/* Starts the engine and makes the database. */
SJ_MUST_USE sj_rc sj_emb_engine_start(struct sj_emb_engine *engine, char *error, size_t error_size);

/* Closes the keeper and the lock; a prepared one that was never started too. */
void sj_emb_engine_done(struct sj_emb_engine *engine);

/* A new connection, or NULL. */
sj_chdb_connection *sj_emb_engine_connect(struct sj_emb_engine *engine);

/* Runs statements of our own (several, separated by ;). 0, or the engine's negative error code
 * with its message in `error`. `out` (may be NULL) receives the result as TSV. */
int sj_emb_engine_run(struct sj_emb_engine *engine, sj_chdb_connection connection, const char *sql,
                      size_t sql_size, struct sj_emb_buffer *out, char *error, size_t error_size);

#endif
