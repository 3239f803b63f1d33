/*
 * order_link.h: the I/O of orders: kept-alive connections to one broker server for requests, its
 * stream of order events, and what both say as sj_order_report events, handed to the owner.
 *
 * Nothing waits: sockets are non-blocking, one epoll set holds them all, sj_order_link_work does
 * what is ready. A place costs one rendering into reserved memory and one write; it allocates
 * nothing. One request at a time is under way on a connection (the broker's server is not known to
 * keep pipelined requests apart); further ones wait in a bounded queue, cancels before all others.
 *
 * Reports  A request taken gets exactly one report that closes it (request_id set): an answer
 *          (source ANSWER; `status` is HTTP's, or negative when it was not sent in the end),
 *          TIMEOUT (in doubt: no answer in time, connection lost, 409, 5xx but 503, an answer that
 *          cannot be read), or for LIST: LIST_BEGIN, LISTED and DEALs, LIST_END (whole), or
 *          TIMEOUT. LINK_UP: requests and stream work from here on; LINK_DOWN: reports may be
 *          missing.
 * Threads  [owner] one thread calls everything. The report callback is called within `work` only.
 * Memory   reserved by create; what an answer of a list needs grows up to SJ_ORDER_LIST_MAX.
 */
#ifndef SJ_GATEWAY_ORDER_LINK_H
#define SJ_GATEWAY_ORDER_LINK_H

#include "base/hist.h"
#include "base/rate.h"
#include "event/instruments.h"
#include "gateway/endpoint.h"
#include "order/account_name.h"
#include "order/order.h"

#define SJ_ORDER_CONNECTIONS_MAX 16
#define SJ_ORDER_LIST_MAX (64u << 20)

struct sj_order_link_options {
    const char *server; /* as in broker.servers */
    const char *socket; /* its Unix socket; NULL or "": look for one; "none": never */
    const char *token;  /* "KEY:SECRET" or NULL */
    const char *accounts[SJ_ACCOUNTS]; /* as account_name.h has them; NULL or "": the default */
    bool simulation;      /* what the server must be; one of the other kind is refused */
    uint32_t connections; /* 1 .. SJ_ORDER_CONNECTIONS_MAX */
    uint32_t queue_max;   /* requests that may wait */
    int64_t answer_timeout_ns;
    const struct sj_instruments *instruments; /* outlives the link */
    struct sj_rate *rate; /* the account's budget of order calls, or NULL: no limit here */
    void *context;
    void (*report)(void *context, const struct sj_order_report *report);
    /* A line for the log; may be NULL. */
    void (*note)(void *context, const char *text);
};

struct sj_order_link;

/* Finds the socket, reserves memory; connects in `work`. -SJ_E_MALFORMED with a line in `error`. */
SJ_MUST_USE sj_rc sj_order_link_create(const struct sj_order_link_options *options,
                                       struct sj_order_link **ret_link,
                                       char error[SJ_ENDPOINT_ERROR_MAX]);
/* Closes at once; requests under way stay in doubt. */
void sj_order_link_close(struct sj_order_link *link);

/* Makes the template of an instrument (again): when it is defined. Placing makes a missing one. */
sj_rc sj_order_link_define(struct sj_order_link *link, uint32_t instrument);

/* Asks for the memory that the next place will write (once a turn), or that placing in this
 * instrument will read (before its request is made). No effect but on time. */
void sj_order_link_warm(const struct sj_order_link *link);
void sj_order_link_expect(const struct sj_order_link *link, uint32_t instrument);

/* Takes a request and sends it at once where a connection is idle. Nothing was taken on an error:
 * -SJ_E_FULL: queue full. -SJ_E_CLOSED: not connected (LINK_DOWN); cancels and lists are taken as
 * long as any connection works. -SJ_E_RANGE, -SJ_E_UNKNOWN: it cannot be rendered. */
SJ_MUST_USE sj_rc sj_order_link_send(struct sj_order_link *link,
                                     const struct sj_order_request *request);

/* Connects, reads, reports, sends what waits; never waits. Returns how much was done. */
uint32_t sj_order_link_work(struct sj_order_link *link);

/* Readable when `work` has something to do; for poll. Timers need a look every 10 ms or so. */
int sj_order_link_fd(const struct sj_order_link *link);

struct sj_order_link_stats {
    bool up;
    bool unix_socket;
    uint32_t idle_count, busy_count, queued_count;
    uint64_t sent, answers, timeouts, refused;
    uint64_t reports, beats, malformed; /* stream */
    uint64_t lists, lists_failed;
    uint64_t ups, downs;
    uint64_t rate_waits;  /* requests held back for the broker's limit */
    int64_t last_send_ns; /* monotonic, right before the last write of a place */
    int64_t last_sent_ns; /* right after it */
    char address[SJ_ENDPOINT_TEXT_MAX];
    char last_fault[192]; /* why it went down, or could not come up, last */
};
void sj_order_link_stats(const struct sj_order_link *link, struct sj_order_link_stats *ret_stats);

/* Monotonic time of the last byte that the server sent; before the first, of the link's creation.
 * [any] */
int64_t sj_order_link_heard_ns(const struct sj_order_link *link);

/* From write to answer, in ns; [any] may read. */
const struct sj_hist *sj_order_link_ack_hist(const struct sj_order_link *link);

#endif
