/*
 * account_poll.h: asks the broker about the accounts, again and again: positions, balance,
 * settlements, limits, margin. A thread of its own, which may wait; what the answers mean is
 * others' business (src/account/portfolio.h), they are handed over as they came.
 *
 * A round asks every account that the broker names (/auth/accounts). It begins every interval, and
 * soon after sj_account_poll_now. However often that is called, calls stay within the broker's
 * limit of portfolio queries (25 in any 5 s, less what is left to others).
 *
 * Errors   create: one line in `error`. Later faults are handed over as answers with their rc; a
 *          503 (a ban) stops all asking for a while.
 * Threads  [init] create, close. [any] now, stats. The callback runs on the thread of the poll.
 * Memory   answers are read into memory that is kept; at most SJ_ACCOUNT_POLL_TEXT_MAX.
 */
#ifndef SJ_GATEWAY_ACCOUNT_POLL_H
#define SJ_GATEWAY_ACCOUNT_POLL_H

#include "gateway/endpoint.h"
#include "order/account_name.h"

#include <stdbool.h>
#include <stdint.h>

#define SJ_ACCOUNT_POLL_TEXT_MAX (4u << 20)

enum sj_account_question {
    SJ_ACCOUNT_BEGIN = 1,   /* a round of one account; no text */
    SJ_ACCOUNT_POSITIONS,   /* position_unit, unit Share for stocks */
    SJ_ACCOUNT_BALANCE,     /* stocks */
    SJ_ACCOUNT_SETTLEMENTS, /* stocks */
    SJ_ACCOUNT_LIMITS,      /* stocks */
    SJ_ACCOUNT_MARGIN,      /* futures */
    SJ_ACCOUNT_END          /* rc 0: every question of the round was answered */
};

struct sj_account_answer {
    enum sj_account_question question;
    char account_type; /* 'S' or 'F' */
    sj_rc rc;          /* 0: text is the answer; negative: why there is none */
    int status;        /* of HTTP; 0: none */
    int64_t asked_ns;  /* UTC, before the question left */
    const char *text;  /* JSON; valid in the callback */
    size_t size;
};

struct sj_account_poll_options {
    const struct sj_endpoint *endpoint;           /* copied */
    const char *token;                            /* "KEY:SECRET" or NULL; copied */
    struct sj_account_name accounts[SJ_ACCOUNTS]; /* empty: the login's default */
    int64_t interval_ns;
    int64_t timeout_ns; /* of a call */
    int64_t ban_wait_ns;
    void *context;
    void (*answer)(void *context, const struct sj_account_answer *answer);
};

struct sj_account_poll;

SJ_MUST_USE sj_rc sj_account_poll_create(const struct sj_account_poll_options *options,
                                         struct sj_account_poll **ret_poll,
                                         char error[SJ_ENDPOINT_ERROR_MAX]);
/* Waits for the call under way. Accepts NULL. */
void sj_account_poll_close(struct sj_account_poll *poll);

/* Something changed (a fill): ask soon. */
void sj_account_poll_now(struct sj_account_poll *poll);

struct sj_account_poll_stats {
    uint64_t rounds, calls, failed, bans;
};
void sj_account_poll_stats(struct sj_account_poll *poll, struct sj_account_poll_stats *ret_stats);

#endif
