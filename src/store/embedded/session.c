#include "store/embedded/session.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

sj_rc sj_emb_sessions_init(struct sj_emb_sessions *sessions, struct sj_emb_engine *engine,
                           size_t count)
{
    struct sj_emb_session *table = calloc(count, sizeof(*table));
    if (!table)
        return -ENOMEM;
    *sessions = (struct sj_emb_sessions){.engine = engine, .table = table, .count = count};
    pthread_mutex_init(&sessions->lock, NULL);
    return 0;
}

/* Empties the place and hands its connection out to be closed (which may wait for the engine). */
static sj_chdb_connection *vacate(struct sj_emb_session *session)
{
    sj_chdb_connection *connection = session->connection;
    *session = (struct sj_emb_session){0};
    return connection;
}

static void close_connection(struct sj_emb_sessions *sessions, sj_chdb_connection *connection)
{
    if (connection)
        sessions->engine->chdb.close_conn(connection);
}

void sj_emb_sessions_done(struct sj_emb_sessions *sessions)
{
    if (!sessions->table)
        return;
    for (size_t i = 0; i < sessions->count; i++)
        close_connection(sessions, vacate(&sessions->table[i]));
    free(sessions->table);
    sessions->table = NULL;
    pthread_mutex_destroy(&sessions->lock);
}

static bool is_expired(const struct sj_emb_session *session, int64_t now_ns)
{
    return session->id[0] != '\0' && !session->is_busy &&
           now_ns - session->used_ns > session->timeout_s * SJ_NS_PER_S;
}

static struct sj_emb_session *find(struct sj_emb_sessions *sessions, struct sj_emb_text id,
                                   enum sj_emb_identity identity)
{
    for (size_t i = 0; i < sessions->count; i++) {
        struct sj_emb_session *session = &sessions->table[i];
        if (session->identity == identity && sj_emb_text_equals(id, session->id))
            return session;
    }
    return NULL;
}

/* A free place, else the one idle for longest, else NULL. */
static struct sj_emb_session *find_room(struct sj_emb_sessions *sessions)
{
    struct sj_emb_session *oldest = NULL;
    for (size_t i = 0; i < sessions->count; i++) {
        struct sj_emb_session *session = &sessions->table[i];
        if (session->id[0] == '\0')
            return session;
        if (!session->is_busy && (!oldest || session->used_ns < oldest->used_ns))
            oldest = session;
    }
    return oldest;
}

static sj_rc take_locked(struct sj_emb_sessions *sessions, const struct sj_emb_request *request,
                         enum sj_emb_identity identity, struct sj_emb_session **ret_session,
                         sj_chdb_connection **ret_old)
{
    int64_t now_ns = sj_clock_mono_ns();
    struct sj_emb_session *session = find(sessions, request->session_id, identity);
    if (session && session->is_busy)
        return -SJ_E_BUSY;
    if (session && is_expired(session, now_ns)) {
        *ret_old = vacate(session);
        session = NULL;
    }
    if (!session) {
        if (request->session_check)
            return -SJ_E_UNKNOWN;
        /* An expired one just left a free place, so at most one connection is to be closed. */
        session = find_room(sessions);
        if (!session)
            return -SJ_E_LIMIT;
        if (session->id[0] != '\0')
            *ret_old = vacate(session);
        memcpy(session->id, request->session_id.data, request->session_id.size);
        session->id[request->session_id.size] = '\0';
        session->identity = identity;
    }
    session->is_busy = true;
    session->timeout_s = request->session_timeout_s;
    *ret_session = session;
    return 0;
}

sj_rc sj_emb_session_take(struct sj_emb_sessions *sessions, const struct sj_emb_request *request,
                          enum sj_emb_identity identity, struct sj_emb_session **ret_session)
{
    struct sj_emb_session *session = NULL;
    sj_chdb_connection *old = NULL;
    pthread_mutex_lock(&sessions->lock);
    sj_rc rc = take_locked(sessions, request, identity, &session, &old);
    pthread_mutex_unlock(&sessions->lock);
    close_connection(sessions, old);
    if (rc < 0)
        return rc;
    if (identity == SJ_EMB_WRITER && !session->connection) {
        session->connection = sj_emb_engine_connect(sessions->engine);
        if (!session->connection) {
            sj_emb_session_release(sessions, session);
            return -EIO;
        }
        session->is_new = true;
    }
    *ret_session = session;
    return 0;
}

void sj_emb_session_release(struct sj_emb_sessions *sessions, struct sj_emb_session *session)
{
    pthread_mutex_lock(&sessions->lock);
    session->is_busy = false;
    session->used_ns = sj_clock_mono_ns();
    pthread_mutex_unlock(&sessions->lock);
}

void sj_emb_sessions_expire(struct sj_emb_sessions *sessions, int64_t now_ns)
{
    for (size_t i = 0; i < sessions->count; i++) {
        sj_chdb_connection *old = NULL;
        pthread_mutex_lock(&sessions->lock);
        if (is_expired(&sessions->table[i], now_ns))
            old = vacate(&sessions->table[i]);
        pthread_mutex_unlock(&sessions->lock);
        close_connection(sessions, old);
    }
}
