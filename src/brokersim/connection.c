/* A connection's life: reading, the output buffer, writing, closing. */
#include "brokersim/server.h"

#include "base/assert.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_FIRST 65536
#define READ_SIZE 65536

sj_rc conn_open(struct server *server, int fd)
{
    struct sj_brokersim *sim = server->sim;
    if (sim->connection_count == CONNECTIONS_MAX)
        return -SJ_E_LIMIT;
    struct connection *conn = calloc(1, sizeof *conn);
    if (!conn)
        return -ENOMEM;
    conn->fd = fd;
    conn->sim = sim;
    conn->server = server;
    conn->active_ns = sim->now_ns;
    conn->index = sim->connection_count;
    http_parser_init(&conn->parser, HTTP_REQUEST);
    conn->parser.data = conn;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = conn};
    if (epoll_ctl(sim->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        free(conn);
        return -errno;
    }
    sim->connections[sim->connection_count++] = conn;
    return 0;
}

/* Closes at once; memory is freed by the sweep at the end of do_work (events may still point
 * here). */
void conn_close(struct connection *conn)
{
    if (conn->fd < 0)
        return;
    if (conn->streaming)
        stream_end(conn);
    close(conn->fd);
    conn->fd = -1;
}

void conn_mark_dirty(struct connection *conn)
{
    if (conn->dirty)
        return;
    conn->dirty = true;
    conn->sim->dirty[conn->sim->dirty_count++] = conn;
}

char *conn_room(struct connection *conn, size_t size)
{
    if (conn->out_capacity - conn->out_tail >= size)
        return conn->out + conn->out_tail;
    size_t used = conn->out_tail - conn->out_head;
    if (conn->out_head > 0 && conn->out_capacity - used >= size && conn->out_head >= used) {
        memcpy(conn->out, conn->out + conn->out_head, used);
        conn->out_head = 0;
        conn->out_tail = used;
        return conn->out + used;
    }
    size_t limit = (size_t)conn->sim->options.buffer_mb << 20;
    size_t capacity = conn->out_capacity ? conn->out_capacity : OUT_FIRST;
    while (capacity < conn->out_tail + size)
        capacity *= 2;
    if (conn->streaming && used + size > limit)
        return NULL;
    if (capacity > SJ_REPLY_SIZE_MAX * 2ull)
        return NULL;
    char *out = realloc(conn->out, capacity);
    if (!out)
        return NULL;
    conn->out = out;
    conn->out_capacity = capacity;
    return out + conn->out_tail;
}

void conn_put(struct connection *conn, const void *data, size_t size)
{
    char *to = conn_room(conn, size);
    if (!to) {
        conn->close_after = true;
        return;
    }
    memcpy(to, data, size);
    conn->out_tail += size;
    conn_mark_dirty(conn);
}

/* Waits for what the connection waits for. Behind its last answer nothing more is read, so that
 * must not be told (again and again) either. */
static void watch(struct connection *conn)
{
    uint32_t in = conn->close_after ? 0u : EPOLLIN | EPOLLRDHUP;
    struct epoll_event event = {.events = in | (conn->wants_write ? EPOLLOUT : 0u),
                                .data.ptr = conn};
    epoll_ctl(conn->sim->epoll_fd, EPOLL_CTL_MOD, conn->fd, &event);
}

static void want_write(struct connection *conn, bool wanted)
{
    if (conn->wants_write == wanted)
        return;
    conn->wants_write = wanted;
    watch(conn);
}

/* How much may be written now: a fault can throttle a stream. */
static size_t allowance(struct connection *conn, size_t wanted)
{
    if (conn->slow_bytes_per_s == 0)
        return wanted;
    int64_t since = conn->sim->now_ns - conn->slow_ns;
    uint64_t allowed = (uint64_t)since * conn->slow_bytes_per_s / SJ_NS_PER_S;
    if (allowed == 0)
        return 0;
    conn->slow_ns = conn->sim->now_ns;
    return allowed < wanted ? allowed : wanted;
}

void conn_flush(struct connection *conn)
{
    if (conn->fd < 0 || conn->sim->now_ns < conn->hold_until_ns)
        return;
    stream_pack(conn);
    while (conn->out_head < conn->out_tail) {
        size_t size = allowance(conn, conn->out_tail - conn->out_head);
        if (size == 0)
            return;
        ssize_t sent = send(conn->fd, conn->out + conn->out_head, size, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            want_write(conn, true);
            return;
        }
        if (sent < 0) {
            conn_close(conn);
            return;
        }
        conn->active_ns = conn->sim->now_ns;
        conn->out_head += (size_t)sent;
        conn->bytes += (uint64_t)sent;
        conn->out_sent += (uint32_t)sent;
        if (conn->streaming)
            stream_sent(conn);
    }
    conn->out_head = conn->out_tail = 0;
    want_write(conn, false);
    if (conn->close_after)
        conn_close(conn);
}

static void answer(struct connection *conn)
{
    char path[URL_MAX];
    struct request request = {.connection = conn,
                              .server = conn->server,
                              .sim = conn->sim,
                              .path = path,
                              .body = conn->body ? conn->body : "",
                              .body_size = conn->body_size,
                              .method = (enum http_method)conn->parser.method,
                              .status = 200};
    char *mark = strchr(conn->url, '?');
    request.query = mark ? mark + 1 : "";
    size_t size = mark ? (size_t)(mark - conn->url) : strlen(conn->url);
    memcpy(path, conn->url, size);
    path[size] = 0;
    conn->request_ns = 0;
    route(&request);
    if (!request.no_answer)
        http_answer(&request);
    sj_reply_done(&request.answer);
}

/* Parses what came in; answers every whole request in it. False: the connection is done for. */
static bool parse(struct connection *conn, const char *data, size_t size)
{
    while (size > 0 && conn->fd >= 0 && !conn->streaming) {
        if (conn->request_ns == 0)
            conn->request_ns = conn->sim->now_ns;
        size_t used = http_parser_execute(&conn->parser, &HTTP_SETTINGS, data, size);
        if (conn->complete) {
            conn->complete = false;
            answer(conn);
            http_parser_pause(&conn->parser, 0);
            if (!conn->streaming && !http_should_keep_alive(&conn->parser))
                conn->close_after = true;
        } else if (HTTP_PARSER_ERRNO(&conn->parser) != HPE_OK) {
            struct request request = {.connection = conn, .sim = conn->sim, .server = conn->server};
            http_fail(&request, conn->too_large ? 413 : 400,
                      conn->too_large ? "request too large" : "malformed HTTP request");
            conn->close_after = true;
            http_answer(&request);
            sj_reply_done(&request.answer);
            return false;
        }
        data += used;
        size -= used;
        if (conn->close_after)
            return false;
    }
    return true;
}

void conn_readable(struct connection *conn)
{
    static _Thread_local char data[READ_SIZE];
    if (conn->fd < 0)
        return;
    if (conn->close_after) {
        watch(conn);
        conn_mark_dirty(conn);
        return;
    }
    ssize_t size = recv(conn->fd, data, sizeof data, 0);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
        conn_close(conn);
        return;
    }
    if (size < 0 || conn->streaming)
        return; /* what a client says on a stream is not listened to */
    conn->active_ns = conn->sim->now_ns;
    parse(conn, data, (size_t)size);
    if (conn->fd >= 0 && conn->close_after)
        conn_mark_dirty(conn); /* it closes with the next flush, even without an answer */
}

void conn_free(struct connection *conn)
{
    conn_close(conn);
    free(conn->body);
    free(conn->out);
    free(conn);
}
