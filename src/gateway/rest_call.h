/*
 * rest_call.h: one request and its answer as JSON; what rest.c and the typed calls share.
 */
#ifndef SJ_GATEWAY_REST_CALL_H
#define SJ_GATEWAY_REST_CALL_H

#include "gateway/rest.h"

#include <jansson.h>

/* Sends `body` (JSON, or NULL) and waits for the answer. 2xx: 0, and the parsed body (NULL where it
 * is empty) when ret_json is given. [owner] */
SJ_MUST_USE sj_rc sj_rest_call(struct sj_rest *rest, const char *method, const char *path,
                               const char *body, json_t **ret_json);

/* Notes in the answer's text what is wrong with it. Returns `rc`. */
sj_rc sj_rest_fault(struct sj_rest *rest, sj_rc rc, const char *what);

#endif
