/*
 * setup.h: the statements that make a connection fit for one request: identity, database,
 * settings, limits.
 *
 * Order matters: a reader gives up the writer's role first and is made read-only last, so that
 * nothing it sends is applied with more rights than its own.
 *
 * Threads  pure.
 */
#ifndef SJ_STORE_EMBEDDED_SETUP_H
#define SJ_STORE_EMBEDDED_SETUP_H

#include "store/embedded/auth.h"
#include "store/embedded/embedded.h"
#include "store/embedded/request.h"

/* What clients call the database when nobody tells them one: ours is meant. */
#define SJ_EMB_DEFAULT_DATABASE "default"

struct sj_emb_setup {
    const struct sj_emb_request *request;
    const struct sj_embedded_options *options; /* complete */
    const char *query_id;
    bool is_reader;
    bool is_insert;  /* make one block of it, so that it is kept whole or not at all */
    bool is_whole;   /* the result is made in one piece: bound it */
    bool is_session; /* do not choose the database again unless asked */
};

/* Appends the statements to `sql`. */
SJ_MUST_USE sj_rc sj_emb_setup_write(const struct sj_emb_setup *setup, struct sj_emb_buffer *sql);

/* Appends the statement that puts back what the settings of a session's request changed; nothing
 * when there is nothing to put back. */
SJ_MUST_USE sj_rc sj_emb_setup_undo(const struct sj_emb_setup *setup, struct sj_emb_buffer *sql);

#endif
