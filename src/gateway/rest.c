#include "gateway/rest_call.h"

#include "base/clock.h"
#include "base/http_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define URL_SIZE 512

struct sj_rest {
    struct sj_http_client *client;
    char base[SJ_ENDPOINT_TEXT_MAX];
    char authorization[300]; /* a whole header line, or "" */
    struct sj_rest_answer answer;
};

sj_rc sj_rest_create(const struct sj_endpoint *endpoint, const char *token, int64_t timeout_ns,
                     struct sj_rest **ret_rest)
{
    struct sj_rest *rest = calloc(1, sizeof(*rest));
    if (!rest)
        return -ENOMEM;
    struct sj_http_options options = {
        .connect_timeout_ms = timeout_ns / SJ_NS_PER_MS,
        .timeout_ms = timeout_ns / SJ_NS_PER_MS,
        .response_size_max = SJ_REST_BODY_MAX,
    };
    if (endpoint->address.ss_family == AF_UNIX)
        options.unix_socket = ((const struct sockaddr_un *)&endpoint->address)->sun_path;
    snprintf(rest->base, sizeof(rest->base), "http://%s", endpoint->host);
    if (token)
        snprintf(rest->authorization, sizeof(rest->authorization), "Authorization: Bearer %s",
                 token);
    sj_rc rc = sj_http_create(&options, &rest->client);
    if (rc < 0) {
        free(rest);
        return rc;
    }
    *ret_rest = rest;
    return 0;
}

void sj_rest_close(struct sj_rest *rest)
{
    if (!rest)
        return;
    sj_http_close(rest->client);
    free(rest);
}

const struct sj_rest_answer *sj_rest_answer(const struct sj_rest *rest)
{
    return &rest->answer;
}

sj_rc sj_rest_fault(struct sj_rest *rest, sj_rc rc, const char *what)
{
    snprintf(rest->answer.text, SJ_REST_TEXT_MAX, "%.*s", SJ_REST_TEXT_MAX - 1, what);
    return rc;
}

/* The words of an error body {code, message, details}, or the body's beginning. */
static void keep_message(struct sj_rest *rest, const struct sj_http_response *response)
{
    json_t *body = json_loadb(response->body, response->body_size, JSON_DECODE_ANY, NULL);
    const char *message = json_string_value(json_object_get(body, "message"));
    (void)sj_rest_fault(rest, 0, message ? message : response->body);
    json_decref(body);
}

static sj_rc judge_answer(struct sj_rest *rest, const struct sj_http_response *response,
                          json_t **ret_json)
{
    rest->answer.status = response->status;
    if (response->status < 200 || response->status >= 300) {
        keep_message(rest, response);
        rest->answer.refusal = sj_refusal_of(response->status, rest->answer.text);
        return -SJ_E_REFUSED;
    }
    if (!ret_json)
        return 0;
    *ret_json = NULL;
    if (response->body_size == 0)
        return 0;
    json_error_t error;
    *ret_json = json_loadb(response->body, response->body_size, JSON_DECODE_ANY, &error);
    return *ret_json ? 0 : sj_rest_fault(rest, -SJ_E_MALFORMED, error.text);
}

sj_rc sj_rest_call(struct sj_rest *rest, const char *method, const char *path, const char *body,
                   json_t **ret_json)
{
    char url[URL_SIZE];
    const char *headers[3] = {"Accept: application/json"};
    uint32_t header_count = 1;
    rest->answer = (struct sj_rest_answer){0};
    if ((size_t)snprintf(url, sizeof(url), "%s%s", rest->base, path) >= sizeof(url))
        return -SJ_E_LIMIT;
    if (body)
        headers[header_count++] = "Content-Type: application/json";
    if (rest->authorization[0])
        headers[header_count++] = rest->authorization;
    struct sj_http_request request = {.method = method,
                                      .url = url,
                                      .headers = headers,
                                      .header_count = header_count,
                                      .body = body,
                                      .body_size = body ? strlen(body) : 0};
    struct sj_http_response response;
    sj_rc rc = sj_http_perform(rest->client, &request, &response);
    if (rc < 0)
        return sj_rest_fault(rest, rc, response.error[0] ? response.error : sj_rc_text(rc));
    return judge_answer(rest, &response, ret_json);
}
