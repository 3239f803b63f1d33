/*
 * server.h: the inside of the simulator's server, shared by the files of this room only.
 *
 * A connection begins as an HTTP connection and may become a stream. Everything written to a
 * connection goes to its one output buffer; a stream also notes where each event ends in it, so the
 * account counts an event as written only when the kernel has taken all of it.
 */
#ifndef SJ_BROKERSIM_SERVER_H
#define SJ_BROKERSIM_SERVER_H

#include "base/rng.h"
#include "brokersim/brokersim.h"
#include "brokersim/render.h"
#include "brokersim/reply.h"

#include <http_parser.h>
#include <stdatomic.h>

#define URL_MAX 2048
#define HEADER_VALUE_MAX 1024
#define HEADERS_SIZE_MAX 16384
#define BODY_MAX 65536
#define CONNECTIONS_MAX 1024
#define REQUEST_TIMEOUT_NS 30000000000LL
#define IDLE_TIMEOUT_NS 120000000000LL

/* What a subscription asks for; also the index of its counters. */
enum topic_kind { TOPIC_TICK, TOPIC_BOOK, TOPIC_QUOTE, TOPIC_KINDS };

/* The account of one topic on one server; see account.c for what must add up. */
struct topic_account {
    uint64_t generated;   /* the market had an event for a subscribed topic */
    uint64_t unheard;     /* ... but no stream of its channel was open */
    uint64_t offered;     /* ... or was handed to each open stream: counts once per stream */
    uint64_t written;     /* the kernel took the whole event, per stream */
    uint64_t duplicated;  /* extra copies by a fault (also offered) */
    uint64_t damaged;     /* by a fault, sent as garbage or cut off */
    uint64_t drop_fault;  /* dropped by a fault */
    uint64_t drop_slow;   /* dropped: the client was too far behind */
    uint64_t drop_closed; /* dropped: the stream closed before it was sent */
};

/* Where an event ends in a stream and whose account it is on. */
struct out_entry {
    uint32_t end;   /* stream offset, modulo 2^32 */
    uint32_t topic; /* index of the account, or OUT_OTHER */
};
#define OUT_OTHER UINT32_MAX
#define OUT_DAMAGED 0x80000000u /* flag on `topic`: a broken copy, not counted as written */

struct server;

struct connection {
    int fd;
    uint32_t index; /* in sim->connections */
    struct server *server;
    struct sj_brokersim *sim;
    http_parser parser;
    int64_t active_ns;  /* last byte in or out */
    int64_t request_ns; /* first byte of the unfinished request, 0 = none */

    char url[URL_MAX];
    uint32_t url_size;
    char field[64];
    uint32_t field_size;
    char value[HEADER_VALUE_MAX];
    uint32_t value_size;
    uint32_t header_bytes;
    bool in_value;
    bool too_large;
    bool accepts_gzip;
    bool foreign_host;
    char authorization[256];
    char *body;
    uint32_t body_size;
    bool complete;

    char *out;
    size_t out_head, out_tail, out_capacity;
    uint32_t out_sent; /* stream offset of out_head, modulo 2^32 */
    bool wants_write;
    bool dirty;
    bool close_after;
    int64_t hold_until_ns; /* nothing is read or written before: delayed acks, stalls */

    bool streaming;
    uint32_t channels; /* bit per enum sj_channel */
    uint64_t id;
    int64_t beat_ns;
    struct gzip_stream *gzip;
    struct out_entry *entries;
    uint32_t entry_head, entry_tail, entry_mask;
    uint32_t stream_slot; /* in server->streams */
    uint64_t written, bytes;
    uint64_t slow_bytes_per_s; /* fault: throttled */
    int64_t slow_ns;
};

struct fault_set;
struct order_desk;
struct quota;

/* One broker server: a login with its port, subscriptions and streams. */
struct server {
    struct sj_brokersim *sim;
    uint32_t index;
    int listen_fd;
    int unix_fd;
    uint16_t port;
    char unix_path[108];
    struct connection *streams[CONNECTIONS_MAX];
    uint32_t stream_count;
    uint32_t channels_open; /* bits of all streams */
    uint32_t subscription_count;
    uint64_t requests;
    uint64_t order_generated, order_written, order_lost;
    int64_t login_ns; /* UTC */
    int64_t last_maintenance_ns;
    const char *locked_out;   /* why the login does not stand, NULL while it does */
    uint32_t trade_accounts;  /* bits: whose order events were asked for (--live) */
    bool restarts;            /* with the end of this duty cycle */
    uint32_t restart_ms;      /* ... and for so long nobody answers */
    int64_t down_until_ns;    /* connections are closed at once before */
    struct fault_set *faults; /* never NULL */
    struct quota *quota;
};

struct sj_brokersim {
    struct sj_brokersim_options options;
    struct sj_market_rules *rules;
    struct sj_sim_universe universe;
    struct sj_market_source *source;
    struct sj_renderer renderer;
    int epoll_fd;
    struct server *servers;
    uint32_t server_count;
    uint8_t *subscriptions;         /* [feed][SJ_SIM_SERVERS_MAX]: bit per topic kind */
    struct topic_account *accounts; /* [server][feed][kind] */
    struct connection *connections[CONNECTIONS_MAX];
    uint32_t connection_count;
    struct connection *dirty[CONNECTIONS_MAX];
    uint32_t dirty_count;
    uint64_t next_id;
    struct order_desk *desk;
    struct quota *person; /* what all servers share */
    struct history *history;

    int64_t now_ns; /* monotonic, once per do_work */
    int64_t utc_ns;
    int64_t started_ns;     /* monotonic */
    int64_t pace_wall_ns;   /* pacing: at this wall instant ... */
    int64_t pace_market_ns; /* ... the market was here */
    int64_t next_second_ns;
    int64_t order_call_ns; /* the last one */
    int64_t next_burst_ns;
    int64_t stop_ns; /* when draining began, 0 = running */
    uint64_t market_events;
    uint64_t unheard_events; /* of these, that no server had a subscription for */
    uint64_t late_ns;        /* market time given up because the machine could not keep the rate */
    bool market_started;
    bool yields; /* the market waits for slow clients instead of dropping (replay at speed max) */
    bool paused;
    bool halted; /* event_max is reached, or an admin said so */
    atomic_bool stopping;
};

/* A request being answered. */
struct request {
    struct connection *connection;
    struct server *server;
    struct sj_brokersim *sim;
    const char *path; /* decoded, without the prefix /api/v1 */
    const char *query;
    const char *body;
    size_t body_size;
    enum http_method method;
    const char *parameter; /* what stands for {...} in the route's path, decoded; "" */
    int status;
    struct sj_reply answer;
    bool no_answer; /* the connection is a stream now, or closes without a word */
    bool cut;       /* a fault: half of the body is sent, then the connection closes */
    uint32_t delay_ms;
};

/* brokersim.c: pacing starts anew from this instant */
void sim_restart_pace(struct sj_brokersim *sim);

/* server.c */
sj_rc server_open(struct sj_brokersim *sim, uint32_t index, char *error);
void server_close(struct server *server);
void server_accept(struct server *server);
/* Writes the ports of all servers to the file the options name. */
sj_rc server_write_ports(const struct sj_brokersim *sim, char *error);
/* A new login: subscriptions, streams and trade ids are gone. False: the day's logins are used up.
 */
bool server_login(struct server *server);
/* Restarts the servers whose faults said so. */
void server_restarts(struct sj_brokersim *sim);

/* connection.c */
sj_rc conn_open(struct server *server, int fd);
void conn_close(struct connection *conn);
void conn_free(struct connection *conn);
void conn_readable(struct connection *conn);
void conn_flush(struct connection *conn);
/* Room for `size` more bytes at the end of the output; NULL past the limit for slow clients. */
char *conn_room(struct connection *conn, size_t size);
void conn_put(struct connection *conn, const void *data, size_t size);
void conn_mark_dirty(struct connection *conn);

/* http.c */
void http_answer(struct request *request);
void http_fail(struct request *request, int status, const char *message);
/* Decodes %41 in a part of a path. False when it does not fit. */
bool http_decode(const char *at, size_t at_size, char *value, size_t size);
/* The decoded value of a query parameter, or false. */
bool http_query(const struct request *request, const char *name, char *value, size_t size);
extern const http_parser_settings HTTP_SETTINGS;

/* stream.c */
void stream_begin(struct request *request, uint32_t channels);
void stream_end(struct connection *conn);
void stream_emit(void *context, uint32_t feed, unsigned kinds);
void stream_sent(struct connection *conn);
/* Puts one whole SSE event on a stream. topic: index of the account, or OUT_OTHER. */
void stream_put(struct connection *conn, const char *event, size_t size, uint32_t topic);
void stream_broadcast(struct server *server, enum sj_channel channel, const char *event,
                      size_t size);
/* Its output, and `more` that is not in it yet, fill more than half of what a client may be behind.
 */
bool stream_presses(const struct connection *conn, size_t more);
void stream_seconds(struct sj_brokersim *sim);
void stream_pack(struct connection *conn);
enum sj_channel stream_channel(const struct sj_sim_instrument *instrument, enum topic_kind kind);
static inline uint32_t topic_index(const struct sj_brokersim *sim, uint32_t server, uint32_t feed,
                                   enum topic_kind kind)
{
    return (server * 2 * sim->universe.count + feed) * TOPIC_KINDS + (uint32_t)kind;
}

/* route.c */
void route(struct request *request);

/* admin.c */
void rest_admin(struct request *request);
void put_contract(struct sj_reply *json, const char *key, const struct sj_sim_universe *universe,
                  const struct sj_sim_instrument *one);
void put_utc(struct sj_reply *json, const char *key, int64_t utc_ns);
void server_drop_subscriptions(struct server *server);
void account_json(const struct sj_brokersim *sim, struct sj_reply *json, bool topics);

#endif
