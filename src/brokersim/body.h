/* body.h: reading JSON bodies of requests. On a mistake the request is answered 400 and NULL or
 * false comes back. */
#ifndef SJ_BROKERSIM_BODY_H
#define SJ_BROKERSIM_BODY_H

#include "brokersim/server.h"

#include <jansson.h>

#define ACCOUNTS 4 /* of which --accounts are shown */

struct account {
    const char *type; /* "S", "F" */
    const char *person_id;
    const char *broker_id;
    const char *account_id;
};

extern const struct account ACCOUNT_LIST[ACCOUNTS];

/* One of stocks: "S". */
static inline bool account_of_stocks(const struct account *account)
{
    return account->type[0] == 'S';
}

/* The body as an object. The caller owns it. */
json_t *body_parse(struct request *request);

/* Hands the body to `answer`, where it is an object. */
void body_handle(struct request *request, void (*answer)(struct request *, const json_t *));

/* A date, YYYY-MM-DD, as yyyymmdd. */
bool body_date(struct request *request, const json_t *body, const char *key, uint32_t *ret_date);

/* A text field, or `otherwise` when it is missing or null. */
const char *body_text(const json_t *object, const char *key, const char *otherwise);

/* An integer or a decimal in millionths; false when it is missing, no number or out of range. */
bool body_integer(const json_t *object, const char *key, int64_t *ret_value);
bool body_e6(const json_t *object, const char *key, int64_t *ret_value);

/* The account an object names by broker_id and account_id or by account_type; the stock account
 * when it names none. */
const struct account *body_account(struct request *request, const json_t *object);
void put_account(struct sj_reply *json, const char *key, const struct account *account);

/* The instrument a contract object names (its code; security_type must agree when given). Answers
 * 404 itself. SJ_SIM_NONE on a mistake. */
uint32_t body_contract(struct request *request, const json_t *contract);

#endif
