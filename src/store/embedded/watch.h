/*
 * watch.h: the statements under way: their number is bounded, and a reader's is cancelled when its
 * client goes away or the server stops.
 *
 * A statement is known to the engine by its log_comment, which the server sets to its own unique
 * mark: the engine's interface cannot set a query_id.
 *
 * Errors   -SJ_E_LIMIT: no place within the wait. -SJ_E_BUSY: the query_id is running already.
 * Threads  [any thread]; a thread of its own looks at the clients' sockets 10 times a second.
 */
#ifndef SJ_STORE_EMBEDDED_WATCH_H
#define SJ_STORE_EMBEDDED_WATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/embedded/session.h"

struct sj_emb_running {
    bool is_used;
    bool is_read;
    bool is_killed;
    int fd; /* the client's socket */
    char query_id[SJ_EMB_ID_SIZE_MAX + 1];
};

struct sj_emb_watch {
    pthread_mutex_t lock;
    pthread_cond_t freed; /* a read has ended */
    struct sj_emb_engine *engine;
    struct sj_emb_sessions *sessions;
    struct sj_emb_running *table;
    size_t count;
    size_t read_count;
    size_t read_max;
    sj_chdb_connection *killer;
    pthread_t thread;
    atomic_bool stops;
};

/* `count` places, at most `read_max` of them for reads at a time. */
SJ_MUST_USE sj_rc sj_emb_watch_start(struct sj_emb_watch *watch, struct sj_emb_engine *engine,
                                     struct sj_emb_sessions *sessions, size_t count,
                                     size_t read_max);
void sj_emb_watch_stop(struct sj_emb_watch *watch);

/* Enters a statement. A read waits up to 10 s for its turn. */
SJ_MUST_USE sj_rc sj_emb_watch_enter(struct sj_emb_watch *watch, const char *query_id, int fd,
                                     bool is_read, struct sj_emb_running **ret_running);
void sj_emb_watch_leave(struct sj_emb_watch *watch, struct sj_emb_running *running);

/* Cancels the reads under way. */
void sj_emb_watch_cancel_reads(struct sj_emb_watch *watch);

#endif
