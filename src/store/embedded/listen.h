/*
 * listen.h: the listening socket.
 */
#ifndef SJ_STORE_EMBEDDED_LISTEN_H
#define SJ_STORE_EMBEDDED_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

/* Is the numeric address one that only this machine reaches? -EINVAL: it is not an address. */
SJ_MUST_USE sj_rc sj_emb_listen_is_local(const char *address);

/* Binds and listens. Returns the socket; `ret_port` is the port it got. */
SJ_MUST_USE sj_rc sj_emb_listen(const char *address, uint16_t port, uint16_t *ret_port, char *error,
                                size_t error_size);

#endif
