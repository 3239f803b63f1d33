/*
 * plan.h: which connection takes which subscription. Pure.
 *
 * Contracts are added in the order of the configuration; each goes, with all its subscriptions, to
 * the connection with the most room, so that one tape is never spread over two sources. What does
 * not fit is refused and counted, never cut silently.
 *
 * Errors   -SJ_E_LIMIT: no connection has room for all of a contract's subscriptions.
 *          -SJ_E_MALFORMED, -SJ_E_UNKNOWN: a selector that cannot be read; `error` has the line.
 * Threads  one. Memory: the struct.
 */
#ifndef SJ_GATEWAY_PLAN_H
#define SJ_GATEWAY_PLAN_H

#include "gateway/rest.h"

#define SJ_CONNECTIONS_MAX 5
#define SJ_SUBSCRIPTIONS_MAX 256 /* storage of one connection; the broker's cap is 200 */
#define SJ_PLAN_ERROR_MAX 256

/* "2330", or "FUT:TXF*" (a type and a pattern over codes). */
struct sj_selector {
    enum sj_security security; /* UNKNOWN: a plain code */
    char pattern[24];
};

/* Reads the next selector of a list separated by commas or blanks and moves *text behind it. 1:
 * there was one; 0: the list is at its end. */
SJ_MUST_USE sj_rc sj_selector_next(const char **text, struct sj_selector *ret_selector,
                                   char error[SJ_PLAN_ERROR_MAX]);
bool sj_selector_matches(const struct sj_selector *selector,
                         const struct sj_rest_contract *contract);

struct sj_plan_options {
    uint32_t connection_count;
    uint32_t subscriptions_max; /* per connection */
    uint32_t quote_types_stk;   /* bits 1 << enum sj_quote_type, stocks and warrants */
    uint32_t quote_types_fop;   /* futures and options */
    bool odd_lots;              /* stocks' intraday odd lots too */
};

/* Reads "tick,bidask,quote" into bits. */
SJ_MUST_USE sj_rc sj_plan_quote_types(const char *text, uint32_t *ret_bits,
                                      char error[SJ_PLAN_ERROR_MAX]);

struct sj_plan {
    struct sj_plan_options options;
    uint32_t contract_count;
    uint32_t refused_count; /* contracts without room */
    char refused_first[17]; /* the first of them */
    uint32_t count[SJ_CONNECTIONS_MAX];
    struct sj_rest_subscription item[SJ_CONNECTIONS_MAX][SJ_SUBSCRIPTIONS_MAX];
};

void sj_plan_init(struct sj_plan *plan, const struct sj_plan_options *options);

/* Adds a contract; one that is there already is passed over. Returns the connection (0 ..), or
 * -SJ_E_LIMIT. */
SJ_MUST_USE sj_rc sj_plan_add(struct sj_plan *plan, const struct sj_rest_contract *contract);

/* The channel on which a subscription's events come. */
enum sj_channel sj_plan_channel(const struct sj_rest_subscription *subscription);

#endif
