/*
 * server.h: the small HTTP server of a live process: what its owner registers, on loopback.
 *
 * Each page is a function that writes a text when it is asked for, by GET or HEAD. An action
 * answers POST only, and only to `Authorization: Bearer TOKEN`; its one argument is ?reason=. At
 * most SJ_WATCH_CONNECTIONS_MAX connections, 10 s each; a Host that is not loopback is refused, so
 * that no web page can read it through a browser.
 *
 * Threads  init and stop by the owner. Pages run on the server's own thread: they read atomics and
 *          statistics, and never wait for a room.
 */
#ifndef SJ_WATCH_SERVER_H
#define SJ_WATCH_SERVER_H

#include "base/rc.h"
#include "watch/text.h"

#define SJ_WATCH_CONNECTIONS_MAX 32
#define SJ_WATCH_PAGES_MAX 8

struct sj_watch_page {
    const char *path; /* "/metrics" */
    const char *content_type;
    void (*write)(void *context, struct sj_text *text);
    void *context;
    /* An action: does it and writes what came of it; negative is answered as 500. NULL: a page. */
    sj_rc (*act)(void *context, const char *reason, struct sj_text *text);
};

struct sj_watch_server;

/* `address` is "127.0.0.1:9464"; port 0 takes a free one. -SJ_E_MALFORMED: no such address or not
 * loopback. -EADDRINUSE. The pages are copied, and so is
 * `token`, which actions ask for (NULL or "": every action is refused). */
SJ_MUST_USE sj_rc sj_watch_server_start(const char *address, const struct sj_watch_page *pages,
                                        uint32_t page_count, const char *token,
                                        struct sj_watch_server **ret_server);

/* The port it listens on. */
uint16_t sj_watch_server_port(const struct sj_watch_server *server);

/* Waits for answers under way. Accepts NULL. */
void sj_watch_server_stop(struct sj_watch_server *server);

#endif
