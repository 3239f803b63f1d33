/*
 * door.h: who may come in: accepts connections and hands them to the HTTP library.
 *
 * The library hangs up on a connection beyond its limit, and a client that has already sent its
 * request sees that as a reset. Here it stays outside, in the socket's backlog, until there is a
 * place. While somebody waits, whoever has had a place for IDLE_PLACE_MS without a request under
 * way gives it up: idle connections keep nobody out, least of all the writer.
 *
 * Threads  a thread of its own accepts; the library's threads call notify, begin and end.
 * Memory   one table of place_max, taken at start.
 */
#ifndef SJ_STORE_EMBEDDED_DOOR_H
#define SJ_STORE_EMBEDDED_DOOR_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

struct sj_emb_door;

/* A connection inside. */
struct sj_emb_place {
    struct sj_emb_door *door;
    int64_t idle_since_ns;
    int fd; /* -1: free */
    bool is_busy;
    bool is_sent_off;
};

struct sj_emb_door {
    struct MHD_Daemon *daemon;
    int listen_fd; /* the caller's */
    int wake_fd;
    pthread_t thread;
    bool is_started;
    pthread_mutex_t lock; /* guards the rest */
    struct sj_emb_place *places;
    size_t place_max;
    size_t taken_count;
    bool is_stopping;
};

/* To be called before the library is started with sj_emb_door_notify. */
SJ_MUST_USE sj_rc sj_emb_door_init(struct sj_emb_door *door, int listen_fd, size_t place_max);

/* What the library's connection limit must be so that it never refuses. */
unsigned sj_emb_door_library_limit(const struct sj_emb_door *door);

/* Begins to accept. */
SJ_MUST_USE sj_rc sj_emb_door_open(struct sj_emb_door *door, struct MHD_Daemon *daemon);

/* Accepts no more; those inside stay. To be called before the library is stopped. */
void sj_emb_door_shut(struct sj_emb_door *door);

/* After the library has been stopped. */
void sj_emb_door_done(struct sj_emb_door *door);

/* MHD_OPTION_NOTIFY_CONNECTION, with the door as `cls`. */
void sj_emb_door_notify(void *cls, struct MHD_Connection *http, void **socket_context,
                        enum MHD_ConnectionNotificationCode code);

/* A request of the connection begins, is over. */
void sj_emb_door_request_begin(struct MHD_Connection *http);
void sj_emb_door_request_end(struct MHD_Connection *http);

#endif
