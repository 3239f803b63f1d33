/*
 * quota.h: what a person and a login may ask for in a time, and what happens when they ask for
 * more.
 *
 * Each class has a window that slides exactly. Order and portfolio calls and logins are counted for
 * the person, over all servers; a breach suspends all of them for ban_ms. Data queries are counted
 * for a login; a breach suspends its server. Traffic of history answers is counted per day: over
 * the limit they answer empty.
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

SJ_MUST_USE sj_rc quota_init(struct quota **ret_quota);
void quota_done(struct quota **quota);

/* Counts a request. NULL, or why it is refused. */
const char *quota_refuses(struct server *server, enum quota_class class);

/* Counts the bytes of a history answer. False when the day's traffic is used up. */
bool quota_traffic(struct server *server, uint64_t bytes);
bool quota_exhausted(const struct server *server);
void quota_usage(const struct server *server, uint64_t *ret_bytes, uint64_t *ret_limit);

/* Sets the traffic already used (an admin call, to see what a client does at the limit). */
void quota_set_bytes(struct server *server, uint64_t bytes);

/* Counts a login of the person. False when the day's logins are used up. */
bool quota_login(struct server *server);

#endif
