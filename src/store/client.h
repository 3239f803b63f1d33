/*
 * client.h: ClickHouse's HTTP interface: many requests at once on kept connections, none of which
 * blocks.
 *
 * A request that was cut off is never sent again behind the caller's back (libcurl would, on a kept
 * connection): it ends with SJ_STORE_UNKNOWN and the caller decides.
 *
 * Units    _ms: milliseconds.
 * Errors   -SJ_E_MALFORMED (the URL), -ENOMEM. Requests report by their answer, whose text says
 * what. Threads  [owner] one thread. Memory: buffers grow up to the limits given.
 */
#ifndef SJ_STORE_CLIENT_H
#define SJ_STORE_CLIENT_H

#include "store/answer.h"
#include "store/pack.h"
#include "store/schema.h"

#define SJ_STORE_URL_MAX 512
#define SJ_STORE_NAME_MAX 64
#define SJ_STORE_PASSWORD_MAX 256
#define SJ_STORE_SETTINGS_MAX 1024
#define SJ_STORE_SQL_MAX 8192
#define SJ_STORE_REQUESTS_MAX 16

/* Where the server is, from a URL or DSN. */
struct sj_store_address {
    char url[SJ_STORE_URL_MAX]; /* scheme://host:port, no path, no user */
    char database[SJ_STORE_NAME_MAX];
    char user[SJ_STORE_NAME_MAX];
    char password[SJ_STORE_PASSWORD_MAX];
};

/* Understands http(s)://[user:password@]host[:port][/database] and, as the original system wrote
 * it, clickhouse://... with the native port 9000 meaning HTTP's 8123. Parts that are missing stay
 * as they are in `address`. -SJ_E_MALFORMED, -SJ_E_RANGE. */
SJ_MUST_USE sj_rc sj_store_address_parse(const char *text, struct sj_store_address *address);

struct sj_store_client_options {
    struct sj_store_address address;
    uint32_t connect_timeout_ms; /* 0 = 2,000 */
    uint32_t request_timeout_ms; /* 0 = 30,000 */
    const char *ca_file;         /* NULL: the system's */
};

struct sj_store_client;
struct sj_store_request;

/* Called once, from poll, when a request has ended. */
typedef void sj_store_done_function(struct sj_store_request *request);

/* Takes a piece of the answer; another number than `size` ends the transfer. */
typedef size_t sj_store_sink_function(void *context, const void *data, size_t size);

/* The caller's; must stay in place until `done` was called. */
struct sj_store_request {
    const char *sql;  /* in the URL where there is a body, else it is the body */
    const void *body; /* may be NULL */
    size_t body_size;
    enum sj_store_packing packing; /* of the body */
    const char *settings;          /* "name=value&name=value", escaped; NULL: none */
    const char *database;          /* of unqualified names; NULL: the server's default */
    const char *format;            /* default_format; NULL: the server's */
    const char *query_id;          /* NULL: none */
    uint32_t timeout_ms;           /* 0: the client's */
    sj_store_sink_function *sink;  /* NULL: the body is kept in `reply`, up to SJ_STORE_REPLY_MAX */
    void *sink_context;
    sj_store_done_function *done;
    void *context;

    struct sj_store_answer answer; /* set before done is called */
    struct sj_store_bytes reply;   /* freed by the caller, reused by the next request */
    int64_t started_ns;            /* monotonic */
    int64_t ended_ns;
};
#define SJ_STORE_REPLY_MAX (64u << 20)

SJ_MUST_USE sj_rc sj_store_client_create(const struct sj_store_client_options *options,
                                         struct sj_store_client **ret_client);

/* Cuts off what is under way (their done is not called). Accepts NULL. */
void sj_store_client_close(struct sj_store_client *client);

/* Begins a request. -SJ_E_FULL: SJ_STORE_REQUESTS_MAX are under way. -SJ_E_RANGE: too long. */
SJ_MUST_USE sj_rc sj_store_client_start(struct sj_store_client *client,
                                        struct sj_store_request *request);

/* Moves everything on; waits at most `wait_ms` where nothing can be done. Returns how many requests
 * ended. */
sj_rc sj_store_client_poll(struct sj_store_client *client, uint32_t wait_ms);

/* Starts, and polls until it ended. Returns 0 or, by the fate: -SJ_E_REFUSED (config, poison),
 * -SJ_E_TIMEOUT, -SJ_E_CLOSED (retry, unknown). */
SJ_MUST_USE sj_rc sj_store_client_run(struct sj_store_client *client,
                                      struct sj_store_request *request);

/* Where it is (without user or password), and the database of its tables. */
const char *sj_store_client_url(const struct sj_store_client *client);
const char *sj_store_client_database(const struct sj_store_client *client);

#endif
