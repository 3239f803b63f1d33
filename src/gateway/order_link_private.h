/* order_link_private.h: the inside of the order link, shared by order_link*.c. */
#ifndef SJ_GATEWAY_ORDER_LINK_PRIVATE_H
#define SJ_GATEWAY_ORDER_LINK_PRIVATE_H

#include "base/clock.h"
#include "gateway/order_link.h"
#include "gateway/order_render.h"
#include "gateway/order_report_parse.h"
#include "gateway/response.h"
#include "gateway/stream.h"

#define CALL_IN_MAX 65536 /* an answer, but for lists */
#define LINK_EVENTS_MAX 32
#define LINK_BACKOFF_MIN_NS (100 * SJ_NS_PER_MS)

/* What a connection is asked. Orders' kinds are enum sj_order_request_kind. */
enum call_kind { CALL_INFO = 16, CALL_ACCOUNTS, CALL_SUBSCRIBE, CALL_TRADES };

enum conn_state { CONN_CLOSED, CONN_CONNECTING, CONN_IDLE, CONN_BUSY };

struct order_conn {
    enum conn_state state;
    int fd;
    uint32_t watched; /* epoll events */
    int64_t retry_ns;
    int64_t deadline_ns;
    int64_t sent_ns;
    uint8_t kind;  /* of the call under way */
    uint8_t which; /* account type of SUBSCRIBE and TRADES */
    struct sj_order_request request;
    uint32_t out_size, out_sent;
    struct sj_response response;
    char *body;
    size_t body_size, body_max;
    char out[SJ_ORDER_RENDER_MAX];
};

enum link_phase {
    LINK_WAITING,  /* until retry_ns */
    LINK_GREETING, /* info, accounts, subscribe_trade, one after the other */
    LINK_OPENING,  /* the stream */
    LINK_READY
};

struct request_ring {
    struct sj_order_request *items;
    uint32_t head, count, max;
};

/* A list under way: asked for each account type in turn, worked through in slices. */
struct link_list {
    uint64_t request_id; /* 0: none */
    uint32_t todo;       /* account types still to ask */
    uint32_t answered;   /* bodies that are here */
    bool asking;
    bool begun;
    struct sj_jin in;
    uint8_t reading; /* the body being read */
    bool inside;
    char *body[2];
    size_t body_size[2];
};

struct sj_order_link {
    struct sj_order_link_options options;
    char token[256];
    struct sj_endpoint endpoint;
    struct sj_order_head head;
    enum link_phase phase;
    int epoll_fd;
    int64_t retry_ns;
    int64_t backoff_ns;
    int64_t stream_alive_ns;
    _Atomic int64_t heard_ns; /* the last byte of stream or answers; others read it */
    int64_t rate_ns;          /* the rate limit lets the next request pass then */
    uint32_t account_types;   /* bit 0 stocks, bit 1 futures */
    uint32_t subscribe_todo;
    uint32_t greet_step;
    struct order_conn conn[SJ_ORDER_CONNECTIONS_MAX];
    struct sj_stream stream;
    struct request_ring urgent, normal;
    struct link_list list;
    struct sj_order_template *templates;
    uint32_t template_count;
    struct sj_order_link_stats stats;
    char told_fault[sizeof((struct sj_order_link_stats *)0)->last_fault];
    struct sj_hist ack_hist;
    uint64_t noted_malformed;
    int64_t note_ns;
};

/* order_link.c */
void link_heard(struct sj_order_link *link, int64_t now_ns);
/* The one place where calls of orders meet the broker's limit: when they are really sent. */
bool link_may_send(struct sj_order_link *link, bool urgent, int64_t now_ns);
void link_report(struct sj_order_link *link, struct sj_order_report *report);
void link_down(struct sj_order_link *link, int64_t now_ns, const char *why);
void link_timeout(struct sj_order_link *link, const struct sj_order_request *request, int status,
                  const char *why);
__attribute__((format(printf, 2, 3))) void link_note(struct sj_order_link *link, const char *format,
                                                     ...);

/* order_link_conn.c: one call at a time on a connection. */
struct order_conn *link_conn_idle(struct sj_order_link *link);
uint32_t link_conn_work(struct sj_order_link *link, struct order_conn *conn, int64_t now_ns);
void link_conn_maintain(struct sj_order_link *link, int64_t now_ns);
void link_conn_close(struct sj_order_link *link, struct order_conn *conn, int64_t now_ns,
                     const char *why);
/* Writes conn->out; the call is under way then. False: nothing was sent and the connection is
 * closed. */
bool link_conn_start(struct sj_order_link *link, struct order_conn *conn, uint32_t size,
                     uint8_t kind, int64_t now_ns);

/* order_link_answer.c: what answers mean; greeting and lists. */
void link_answer_take(struct sj_order_link *link, struct order_conn *conn, int64_t now_ns);
void link_answer_lost(struct sj_order_link *link, struct order_conn *conn, int status,
                      const char *why, int64_t now_ns);
void link_greet_work(struct sj_order_link *link);
uint32_t link_list_work(struct sj_order_link *link, int64_t now_ns);
void link_list_give_up(struct sj_order_link *link, const char *why);

#endif
