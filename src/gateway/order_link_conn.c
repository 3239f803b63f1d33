/* Connections of the order link: one HTTP call at a time on each. */
#include "gateway/order_link_private.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define RETRY_NS (200 * SJ_NS_PER_MS)
#define READ_SIZE 65536

static void watch(struct sj_order_link *link, struct order_conn *conn, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLRDHUP, .data.ptr = conn};
    if (conn->watched == events)
        return;
    (void)epoll_ctl(link->epoll_fd, conn->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, conn->fd,
                    &event);
    conn->watched = events;
}

struct order_conn *link_conn_idle(struct sj_order_link *link)
{
    for (uint32_t i = 0; i < link->options.connections; i++)
        if (link->conn[i].state == CONN_IDLE)
            return &link->conn[i];
    return NULL;
}

void link_conn_close(struct sj_order_link *link, struct order_conn *conn, int64_t now_ns,
                     const char *why)
{
    bool busy = conn->state == CONN_BUSY;
    if (conn->state == CONN_CLOSED)
        return;
    close(conn->fd);
    conn->fd = -1;
    conn->watched = 0;
    conn->state = CONN_CLOSED;
    conn->retry_ns = now_ns + (busy || conn->sent_ns != 0 ? 0 : RETRY_NS);
    conn->sent_ns = 0;
    if (busy)
        link_answer_lost(link, conn, 0, why, now_ns);
}

/* What is left of the call's bytes. False: the connection failed. */
static bool write_out(struct sj_order_link *link, struct order_conn *conn)
{
    ssize_t sent =
        send(conn->fd, conn->out + conn->out_sent, conn->out_size - conn->out_sent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    conn->out_sent += sent > 0 ? (uint32_t)sent : 0;
    if (__builtin_expect(conn->out_sent < conn->out_size || conn->watched != EPOLLIN, 0))
        watch(link, conn, conn->out_sent < conn->out_size ? EPOLLIN | EPOLLOUT : EPOLLIN);
    return true;
}

bool link_conn_start(struct sj_order_link *link, struct order_conn *conn, uint32_t size,
                     uint8_t kind, int64_t now_ns)
{
    conn->out_size = size;
    conn->out_sent = 0;
    conn->kind = kind;
    conn->sent_ns = now_ns;
    bool sent = write_out(link, conn);
    link->stats.last_sent_ns = sj_clock_mono_ns();
    if (__builtin_expect(!sent, 0)) {
        conn->state = CONN_IDLE; /* nothing left: the caller takes another connection */
        link_conn_close(link, conn, conn->sent_ns, "the connection failed");
        return false;
    }
    conn->state = CONN_BUSY;
    conn->deadline_ns = conn->sent_ns + link->options.answer_timeout_ns;
    conn->body_size = 0;
    sj_response_init(&conn->response);
    return true;
}

static void open_conn(struct sj_order_link *link, struct order_conn *conn, int64_t now_ns)
{
    sj_rc rc = sj_endpoint_connect(&link->endpoint, &conn->fd);
    if (rc < 0) {
        conn->retry_ns = now_ns + RETRY_NS;
        return;
    }
    conn->state = CONN_CONNECTING;
    conn->deadline_ns = now_ns + link->options.answer_timeout_ns;
    conn->sent_ns = 0;
    watch(link, conn, EPOLLOUT);
}

void link_conn_maintain(struct sj_order_link *link, int64_t now_ns)
{
    for (uint32_t i = 0; i < link->options.connections; i++) {
        struct order_conn *conn = &link->conn[i];
        if (conn->state == CONN_CLOSED && now_ns >= conn->retry_ns)
            open_conn(link, conn, now_ns);
        else if (conn->state == CONN_BUSY && now_ns > conn->deadline_ns)
            link_conn_close(link, conn, now_ns,
                            "no answer in time"); /* a late one must find nobody */
        else if (conn->state == CONN_CONNECTING && now_ns > conn->deadline_ns)
            link_conn_close(link, conn, now_ns, "no connection in time");
    }
}

/* Room for another read; lists grow the body. */
static bool make_room(struct order_conn *conn)
{
    size_t most = conn->kind == CALL_TRADES ? SJ_ORDER_LIST_MAX : CALL_IN_MAX * 4u;
    if (conn->body_max - conn->body_size >= READ_SIZE / 4)
        return true;
    size_t larger = conn->body_max * 2;
    char *body = larger <= most ? realloc(conn->body, larger) : NULL;
    if (!body)
        return false;
    conn->body = body;
    conn->body_max = larger;
    return true;
}

/* 1: the answer is whole. 0: more is to come, or nothing is there. Negative: it is broken. */
static sj_rc read_answer(struct order_conn *conn)
{
    if (!make_room(conn))
        return -SJ_E_LIMIT;
    uint8_t *raw = (uint8_t *)conn->body + conn->body_size;
    size_t room = conn->body_max - conn->body_size, used = 0;
    ssize_t size = recv(conn->fd, raw, room < READ_SIZE ? room : READ_SIZE, 0);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (size == 0)
        return sj_response_end(&conn->response) < 0 ? -SJ_E_CLOSED : 1;
    sj_rc rc = sj_response_decode(&conn->response, raw, (size_t)size, raw, &used);
    if (rc < 0)
        return rc;
    conn->body_size += (size_t)rc;
    if (conn->response.state != SJ_RESPONSE_DONE)
        return 0;
    return used == (size_t)size ? 1 : -SJ_E_MALFORMED; /* bytes behind an answer: whose? */
}

/* Something came on a connection that was asked nothing: its end, or what must not be. */
static void unexpected(struct sj_order_link *link, struct order_conn *conn, int64_t now_ns)
{
    char byte;
    ssize_t size = recv(conn->fd, &byte, 1, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    conn->sent_ns = 1; /* it served: connect again at once */
    link_conn_close(link, conn, now_ns, "closed by the server");
}

static void take_answer(struct sj_order_link *link, struct order_conn *conn, int64_t now_ns)
{
    bool over = conn->response.close;
    sj_hist_record(&link->ack_hist, now_ns - conn->sent_ns);
    link->stats.answers++;
    conn->state = CONN_IDLE;
    link_answer_take(link, conn, now_ns);
    if (over && conn->state == CONN_IDLE)
        link_conn_close(link, conn, now_ns, "closed by the server");
}

uint32_t link_conn_work(struct sj_order_link *link, struct order_conn *conn, int64_t now_ns)
{
    if (conn->state == CONN_CLOSED)
        return 0;
    if (conn->state == CONN_CONNECTING) {
        sj_rc rc = sj_endpoint_connected(conn->fd);
        if (rc > 0) {
            conn->state = CONN_IDLE;
            watch(link, conn, EPOLLIN);
        } else if (rc < 0) {
            link_conn_close(link, conn, now_ns, sj_rc_text(rc));
        }
        return 1;
    }
    if (conn->state == CONN_IDLE) {
        unexpected(link, conn, now_ns);
        return 1;
    }
    if (conn->out_sent < conn->out_size && !write_out(link, conn)) {
        link_conn_close(link, conn, now_ns, "the connection failed in the middle of a request");
        return 1;
    }
    sj_rc rc = read_answer(conn);
    if (rc < 0)
        link_conn_close(link, conn, now_ns,
                        rc == -SJ_E_CLOSED ? "closed without an answer" : sj_rc_text(rc));
    else if (rc > 0)
        take_answer(link, conn, now_ns);
    return 1;
}
