/*
 * refusal.h: what a broker server means by a status and its words. One status has opposite cures
 * (503: wait a minute, or upgrade the client), so the words decide. Pure.
 */
#ifndef SJ_GATEWAY_REFUSAL_H
#define SJ_GATEWAY_REFUSAL_H

#include "base/clock.h"
#include "base/rc.h"

/* id, name, text, how long to leave the server alone */
#define SJ_REFUSAL_TABLE(X)                                                                        \
    X(NONE, "none", "not refused", 0)                                                              \
    X(BANNED, "banned", "banned for a minute: too many calls", 65 * SJ_NS_PER_S)                   \
    X(MAINTENANCE, "maintenance", "maintenance", 60 * SJ_NS_PER_S)                                 \
    X(UNAVAILABLE, "unavailable", "the service is busy or down", 5 * SJ_NS_PER_S)                  \
    X(VERSION, "version", "the broker wants a newer server: upgrade it", 1800 * SJ_NS_PER_S)       \
    X(LOCKED, "locked", "the password is locked: reset it at the broker", 1800 * SJ_NS_PER_S)      \
    X(CREDENTIALS, "credentials", "the broker refuses the key: check it", 1800 * SJ_NS_PER_S)      \
    X(SESSION, "session", "the session has expired: a new login is needed", 0)                     \
    X(CONNECTIONS, "connections", "too many connections of this person", 65 * SJ_NS_PER_S)         \
    X(LIMIT, "limit", "the connection's subscriptions are used up", 0)                             \
    X(UNKNOWN, "unknown", "no such contract or endpoint", 0)                                       \
    X(OTHER, "other", "refused", 0)

enum sj_refusal {
#define X(id, name, text, wait_ns) SJ_REFUSAL_##id,
    SJ_REFUSAL_TABLE(X)
#undef X
        SJ_REFUSAL_COUNT
};

/* `message` is the body's message, or the body; may be "". */
enum sj_refusal sj_refusal_of(int status, const char *message);

const char *sj_refusal_name(enum sj_refusal refusal);
const char *sj_refusal_text(enum sj_refusal refusal);

/* How long nothing may be asked of the server that refused so. */
int64_t sj_refusal_wait_ns(enum sj_refusal refusal);

#endif
