/*
 * rest.h: typed calls of a broker server's REST interface, on one kept-alive connection.
 *
 * A call waits for its answer, up to the timeout: calls belong on a thread that may wait (the clerk
 * of a connection, a command), never on the one that reads the stream. Orders will be added here.
 *
 * Units    _e6: exact decimals in millionths. _ns: nanoseconds.
 * Errors   -SJ_E_REFUSED: a status other than 2xx; the answer's status, refusal and text say why.
 *          -SJ_E_MALFORMED: the answer is not of the documented form (text says where).
 *          -SJ_E_TIMEOUT, -SJ_E_CLOSED, -errno: no answer. -SJ_E_LIMIT: a body over
 *          SJ_REST_BODY_MAX.
 * Threads  [owner]: one thread at a time.
 * Memory   the body buffer grows to the largest answer, up to SJ_REST_BODY_MAX; JSON is parsed with
 *          allocation.
 */
#ifndef SJ_GATEWAY_REST_H
#define SJ_GATEWAY_REST_H

#include "event/event.h"
#include "gateway/endpoint.h"
#include "gateway/refusal.h"

#include <stdbool.h>

#define SJ_REST_BODY_MAX (64u * 1024 * 1024)
#define SJ_REST_TEXT_MAX 192

struct sj_rest;

/* What the last call was answered. */
struct sj_rest_answer {
    int status; /* 0: none came */
    enum sj_refusal refusal;
    char text[SJ_REST_TEXT_MAX];
};

/* Connects at the first call. `token` ("KEY:SECRET") may be NULL; it is copied. */
SJ_MUST_USE sj_rc sj_rest_create(const struct sj_endpoint *endpoint, const char *token,
                                 int64_t timeout_ns, struct sj_rest **ret_rest);
void sj_rest_close(struct sj_rest *rest);
const struct sj_rest_answer *sj_rest_answer(const struct sj_rest *rest);

struct sj_rest_health {
    bool healthy; /* status is "healthy" */
    bool recovering;
    bool token_stale;
    int64_t contract_count;
    char version[16];
    char instance_id[40];      /* another one: the server was restarted */
    char last_maintenance[40]; /* as text; "" for null */
};
SJ_MUST_USE sj_rc sj_rest_health(struct sj_rest *rest, struct sj_rest_health *ret_health);

struct sj_rest_info {
    char version[16];
    bool simulation;
};
SJ_MUST_USE sj_rc sj_rest_info(struct sj_rest *rest, struct sj_rest_info *ret_info);

struct sj_rest_usage {
    int64_t connections;
    int64_t bytes;
    int64_t limit_bytes;
    int64_t remaining_bytes;
};
SJ_MUST_USE sj_rc sj_rest_usage(struct sj_rest *rest, struct sj_rest_usage *ret_usage);

/* A contract's identity: what a subscription needs. */
struct sj_rest_contract {
    enum sj_security security;
    enum sj_exchange exchange;
    char code[17];
    char target_code[17]; /* "" where there is none */
    char name[49];
};

/* One contract; SJ_SECURITY_UNKNOWN asks by code alone. -SJ_E_UNKNOWN: no such contract. */
SJ_MUST_USE sj_rc sj_rest_contract(struct sj_rest *rest, const char *code,
                                   enum sj_security security, struct sj_rest_contract *ret);

/* All contracts of a type: calls `each` for each until it returns non-zero (then that is returned).
 */
SJ_MUST_USE sj_rc sj_rest_contracts(struct sj_rest *rest, enum sj_security security,
                                    sj_rc (*each)(const struct sj_rest_contract *contract,
                                                  void *context),
                                    void *context);

/* The full definition of a contract, all but `instrument`; exch_ns and recv_ns are `now_ns`. */
SJ_MUST_USE sj_rc sj_rest_contract_info(struct sj_rest *rest,
                                        const struct sj_rest_contract *contract, int64_t now_ns,
                                        struct sj_instrument *ret_definition);

/* A definition from a contract's identity alone (warrants have no info). */
void sj_rest_bare_definition(const struct sj_rest_contract *contract, int64_t now_ns,
                             struct sj_instrument *ret_definition);

enum sj_quote_type { SJ_QUOTE_TICK, SJ_QUOTE_BIDASK, SJ_QUOTE_QUOTE, SJ_QUOTE_TYPE_COUNT };

struct sj_rest_subscription {
    struct sj_rest_contract contract;
    enum sj_quote_type quote_type;
    bool odd_lot;
};
SJ_MUST_USE sj_rc sj_rest_subscribe(struct sj_rest *rest,
                                    const struct sj_rest_subscription *subscription);
SJ_MUST_USE sj_rc sj_rest_unsubscribe(struct sj_rest *rest,
                                      const struct sj_rest_subscription *subscription);

/* POSTs {"server":N} to a whole path: for servers that have an endpoint to log in anew. */
SJ_MUST_USE sj_rc sj_rest_login(struct sj_rest *rest, const char *path, uint32_t server);

const char *sj_security_name(enum sj_security security); /* "STK", ... or "" */
enum sj_security sj_security_of(const char *name);
const char *sj_exchange_name(enum sj_exchange exchange); /* "TSE", ... or "" */
enum sj_exchange sj_exchange_of(const char *name);
const char *sj_quote_type_name(enum sj_quote_type type); /* "Tick", "BidAsk", "Quote" */

#endif
