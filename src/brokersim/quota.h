/*
 * quota.h: what a login may ask for in a time, and what happens when it asks for more.
 *
 * Each class has a window; a breach suspends the whole service of that server for ban_ms, as the
 * broker does. Traffic of history answers is counted per day: over the limit they answer empty.
 *
 * Threads  [owner]. Memory: reserved at init.
 */
#ifndef SJ_BROKERSIM_QUOTA_H
#define SJ_BROKERSIM_QUOTA_H

#include "brokersim/server.h"

enum quota_class {
    QUOTA_FREE,
    QUOTA_HISTORY,
    QUOTA_PORTFOLIO,
    QUOTA_ORDER,
    QUOTA_TICKS, /* a history request with a daily limit of its own in trading hours */
    QUOTA_KBARS,
};

SJ_MUST_USE sj_rc quota_init(struct server *server);
void quota_done(struct server *server);

/* Counts a request. NULL, or why it is refused. */
const char *quota_refuses(struct server *server, enum quota_class class);

/* Counts the bytes of a history answer. False when the day's traffic is used up. */
bool quota_traffic(struct server *server, uint64_t bytes);
bool quota_exhausted(const struct server *server);
void quota_usage(const struct server *server, uint64_t *ret_bytes, uint64_t *ret_limit);

/* Sets the traffic already used (an admin call, to see what a client does at the limit). */
void quota_set_bytes(struct server *server, uint64_t bytes);

/* Counts a login. False when the day's logins are used up. */
bool quota_login(struct server *server);

#endif
