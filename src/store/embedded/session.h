/*
 * session.h: sessions by name. One request at a time uses a session.
 *
 * A writer's session keeps a connection (temporary tables, SET, USE live in it). A reader can make
 * no state, so its session is a name that only one request holds at a time.
 *
 * Errors   -SJ_E_BUSY: another request holds it. -SJ_E_UNKNOWN: session_check and no such session.
 *          -SJ_E_LIMIT: every place is taken by a session in use. -EIO: no connection.
 * Threads  [any thread]. Memory: the table is made at start; the longest idle one makes room.
 */
#ifndef SJ_STORE_EMBEDDED_SESSION_H
#define SJ_STORE_EMBEDDED_SESSION_H

#include <pthread.h>

#include "store/embedded/engine.h"
#include "store/embedded/request.h"

struct sj_emb_session {
    char id[SJ_EMB_ID_SIZE_MAX + 1]; /* "": the place is free */
    enum sj_emb_identity identity;
    sj_chdb_connection *connection; /* the writer's */
    bool is_busy;
    bool is_new; /* its connection has not chosen a database yet; the holder clears it */
    int64_t used_ns;
    unsigned timeout_s;
};

struct sj_emb_sessions {
    pthread_mutex_t lock;
    struct sj_emb_engine *engine;
    struct sj_emb_session *table;
    size_t count;
};

SJ_MUST_USE sj_rc sj_emb_sessions_init(struct sj_emb_sessions *sessions,
                                       struct sj_emb_engine *engine, size_t count);

/* No session may be held. Closes their connections. */
void sj_emb_sessions_done(struct sj_emb_sessions *sessions);

/* Takes the session that `request` names, making it unless session_check. Release it after. */
SJ_MUST_USE sj_rc sj_emb_session_take(struct sj_emb_sessions *sessions,
                                      const struct sj_emb_request *request,
                                      enum sj_emb_identity identity,
                                      struct sj_emb_session **ret_session);

void sj_emb_session_release(struct sj_emb_sessions *sessions, struct sj_emb_session *session);

/* Ends sessions that were idle for their timeout. */
void sj_emb_sessions_expire(struct sj_emb_sessions *sessions, int64_t now_ns);

#endif
