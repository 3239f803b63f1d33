/*
 * endpoint.h: where a broker server listens ("http://127.0.0.1:8080", "unix:/path", "/path"), and
 * non-blocking connections to it.
 *
 * Errors   -SJ_E_MALFORMED, with one line in `error` that says what to write instead.
 * Threads  [init] parse (it may ask the resolver); connect from any thread.
 * Memory   the struct only.
 */
#ifndef SJ_GATEWAY_ENDPOINT_H
#define SJ_GATEWAY_ENDPOINT_H

#include "base/rc.h"

#include <stddef.h>
#include <sys/socket.h>

#define SJ_ENDPOINT_TEXT_MAX 256
#define SJ_ENDPOINT_ERROR_MAX 256

struct sj_endpoint {
    char text[SJ_ENDPOINT_TEXT_MAX]; /* as configured, for messages */
    char host[128];                  /* for the Host header */
    struct sockaddr_storage address;
    socklen_t address_size;
};

SJ_MUST_USE sj_rc sj_endpoint_parse(const char *text, struct sj_endpoint *ret_endpoint,
                                    char error[SJ_ENDPOINT_ERROR_MAX]);

/* A non-blocking, close-on-exec socket whose connect is under way or done. */
SJ_MUST_USE sj_rc sj_endpoint_connect(const struct sj_endpoint *endpoint, int *ret_fd);

/* 1: connected. 0: under way. -errno: it failed. */
SJ_MUST_USE sj_rc sj_endpoint_connected(int fd);

#endif
