/*
 * http_client.h: HTTP requests off the hot path: REST calls, inserts, object stores, webhooks.
 *
 * One client has a fixed number of slots, each a request in flight with its own kept-alive
 * connection. Start requests, poll now and then, take what is done; or perform one and wait.
 *
 * Every request has a time limit and a limit on its response; redirects are not followed; only http
 * and https; proxies only when asked for.
 *
 * Units    _ms, _size (bytes).
 * Errors   A response is an answer whatever its status: look at `status`. Without one, rc is
 *          -ECONNREFUSED, -EHOSTUNREACH (no such host), -SJ_E_TIMEOUT, -SJ_E_CLOSED (broken off),
 *          -SJ_E_LIMIT (response too large, or refused by on_data), -SJ_E_MALFORMED (the URL),
 *          -SJ_E_REFUSED (TLS) or -EIO, and `error` is one line.
 * Threads  [owner] one thread per client. [any] sj_http_wake.
 * Memory   create allocates slots and response buffers grow up to their limit and are reused.
 */
#ifndef SJ_BASE_HTTP_CLIENT_H
#define SJ_BASE_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

#define SJ_HTTP_SLOT_MAX 64
#define SJ_HTTP_ERROR_SIZE 256
#define SJ_HTTP_HEADERS_SIZE_MAX 16384

struct sj_http_client;

struct sj_http_options {
    uint32_t slot_count;         /* requests in flight at once; 0: 1 */
    int64_t connect_timeout_ms;  /* 0: 2000 */
    int64_t timeout_ms;          /* whole request; 0: 10000 */
    size_t response_size_max;    /* 0: 16 MiB */
    const char *unix_socket;     /* connect here instead of the URL's host, or NULL */
    const char *user, *password; /* basic authentication, or the keys of aws_sigv4; or NULL */
    const char *aws_sigv4;       /* "aws:amz:REGION:s3" signs requests, or NULL */
    const char *accept_encoding; /* "": all that can be undone; NULL: plain */
    bool use_proxy;              /* honour http_proxy and its kin */
};

/* Gets response bytes as they come instead of `body`; a negative rc ends the request. [owner] */
typedef sj_rc sj_http_on_data(void *context, const void *data, size_t size);

struct sj_http_request {
    const char *method; /* NULL: POST with a body, GET without */
    const char *url;
    const char *const *headers; /* "Name: value" each */
    uint32_t header_count;
    const void *body; /* must stay until the request is done */
    size_t body_size;
    int64_t timeout_ms; /* 0: the client's */
    sj_http_on_data *on_data;
    void *context; /* for on_data, and comes back in the response */
};

/* Valid until its slot is released. */
struct sj_http_response {
    sj_rc rc; /* 0: there is an answer */
    int32_t status;
    const char *body; /* body_size bytes and a NUL */
    size_t body_size;
    const char *headers; /* as received, lines */
    int64_t took_ns;
    void *context;
    char error[SJ_HTTP_ERROR_SIZE];
    uint32_t slot;
};

/* `options` may be NULL; its texts are copied. -ENOMEM. [owner] */
SJ_MUST_USE sj_rc sj_http_create(const struct sj_http_options *options,
                                 struct sj_http_client **ret_client);

/* Breaks off what is in flight. NULL is fine. [owner] */
void sj_http_close(struct sj_http_client *client);

/* Begins a request. -SJ_E_BUSY when no slot is free, -ENOMEM. [owner] */
SJ_MUST_USE sj_rc sj_http_start(struct sj_http_client *client,
                                const struct sj_http_request *request);

/* Moves bytes, waiting up to wait_ms (0: not at all) for something to do. Returns how many requests
 * are in flight. [owner] */
sj_rc sj_http_poll(struct sj_http_client *client, int wait_ms);

/* The next finished request, or false. [owner] */
bool sj_http_take(struct sj_http_client *client, struct sj_http_response *ret_response);

/* Gives the slot of a response back; its texts are gone. [owner] */
void sj_http_release(struct sj_http_client *client, const struct sj_http_response *response);

/* start, poll until done, take. Returns response.rc. Not while other requests are in flight
 * (asserts). The response is valid until the next perform; do not release it. [owner] */
SJ_MUST_USE sj_rc sj_http_perform(struct sj_http_client *client,
                                  const struct sj_http_request *request,
                                  struct sj_http_response *ret_response);

/* Ends another thread's wait in sj_http_poll. [any] */
void sj_http_wake(struct sj_http_client *client);

/* Copies a header's value (the name in any case) to `ret_value`. Returns its length or
 * -SJ_E_UNKNOWN, -SJ_E_LIMIT. [any] */
sj_rc sj_http_header(const struct sj_http_response *response, const char *name, char *ret_value,
                     size_t size);

/* Percent-encodes for a URL's query all but letters, digits and -._~ ; NUL-terminated. Returns the
 * length or -SJ_E_LIMIT. [any] */
sj_rc sj_http_encode(const char *text, char *ret_text, size_t size);

#endif
