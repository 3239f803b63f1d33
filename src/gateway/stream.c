#include "gateway/stream.h"

#include "base/clock.h"
#include "gateway/parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An unfinished message of the greatest size, and a read behind it. */
#define BUFFER_SIZE (SJ_SSE_MESSAGE_MAX * 2u + SJ_STREAM_READ_MAX)

sj_rc sj_stream_init(struct sj_stream *stream)
{
    memset(stream, 0, sizeof(*stream));
    stream->fd = -1;
    stream->buffer = calloc(1, BUFFER_SIZE + SJ_PARSE_PADDING);
    return stream->buffer ? 0 : -ENOMEM;
}

void sj_stream_done(struct sj_stream *stream)
{
    (void)sj_stream_close(stream);
    free(stream->buffer);
    stream->buffer = NULL;
}

sj_rc sj_stream_open(struct sj_stream *stream, const struct sj_endpoint *endpoint, const char *path,
                     const char *token, int64_t now_ns, int64_t timeout_ns)
{
    (void)sj_stream_close(stream);
    int size = snprintf(stream->request, sizeof(stream->request),
                        "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n"
                        "Accept-Encoding: identity\r\nCache-Control: no-cache\r\n%s%s%s\r\n",
                        path, endpoint->host, token ? "Authorization: Bearer " : "",
                        token ? token : "", token ? "\r\n" : "");
    if (size < 0 || size >= (int)sizeof(stream->request))
        return -SJ_E_LIMIT;
    sj_rc rc = sj_endpoint_connect(endpoint, &stream->fd);
    if (rc < 0)
        return rc;
    stream->request_size = (uint32_t)size;
    stream->request_sent = 0;
    stream->status = 0;
    stream->text[0] = '\0';
    stream->begin = stream->end = 0;
    stream->opened_ns = now_ns;
    stream->deadline_ns = now_ns + timeout_ns;
    sj_response_init(&stream->response);
    sj_sse_init(&stream->sse);
    stream->state = SJ_STREAM_CONNECTING;
    return 0;
}

size_t sj_stream_close(struct sj_stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
    size_t left = stream->state == SJ_STREAM_OPEN ? stream->end - stream->begin : 0;
    stream->state = SJ_STREAM_CLOSED;
    stream->begin = stream->end = 0;
    return left;
}

static sj_rc send_request(struct sj_stream *stream)
{
    ssize_t sent = send(stream->fd, stream->request + stream->request_sent,
                        stream->request_size - stream->request_sent, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    stream->request_sent += (uint32_t)sent;
    if (stream->request_sent == stream->request_size)
        stream->state = SJ_STREAM_HEAD;
    return 0;
}

/* The server's own words about a refusal, for the log and the ladder. */
static void keep_text(struct sj_stream *stream)
{
    size_t size = stream->end - stream->begin;
    if (size >= sizeof(stream->text))
        size = sizeof(stream->text) - 1;
    memcpy(stream->text, stream->buffer + stream->begin, size);
    stream->text[size] = '\0';
}

/* What the head says: an event stream, or a refusal whose body is still awaited. */
static sj_rc check_head(struct sj_stream *stream)
{
    struct sj_response *response = &stream->response;
    stream->status = response->status;
    if (response->status != 200) {
        if (response->state != SJ_RESPONSE_DONE &&
            stream->end - stream->begin < sizeof(stream->text))
            return 0;
        keep_text(stream);
        return -SJ_E_REFUSED;
    }
    if (!response->event_stream || response->encoded)
        return -SJ_E_MALFORMED;
    stream->state = SJ_STREAM_OPEN;
    return 0;
}

static sj_rc take_bytes(struct sj_stream *stream, size_t size)
{
    uint8_t *raw = (uint8_t *)stream->buffer + stream->end;
    stream->bytes += size;
    sj_rc body = sj_response_decode(&stream->response, raw, size, raw, NULL);
    if (body < 0)
        return body;
    stream->end += (size_t)body;
    if (stream->state == SJ_STREAM_HEAD && sj_response_has_head(&stream->response))
        return check_head(stream);
    return 0;
}

/* The other side closed: behind a refusal without length this is the end of its words. */
static sj_rc take_end(struct sj_stream *stream)
{
    if (stream->status != 0 && stream->status != 200) {
        keep_text(stream);
        return -SJ_E_REFUSED;
    }
    return -SJ_E_CLOSED;
}

static sj_rc read_once(struct sj_stream *stream)
{
    size_t left = stream->end - stream->begin;
    if (stream->begin > 0) {
        memmove(stream->buffer, stream->buffer + stream->begin, left);
        stream->begin = 0;
        stream->end = left;
    }
    size_t room = BUFFER_SIZE - stream->end;
    if (room > SJ_STREAM_READ_MAX)
        room = SJ_STREAM_READ_MAX;
    ssize_t size = recv(stream->fd, stream->buffer + stream->end, room, 0);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (size == 0)
        return take_end(stream);
    stream->recv_ns = sj_clock_utc_ns();
    sj_rc rc = take_bytes(stream, (size_t)size);
    if (rc < 0)
        return rc;
    return (sj_rc)size;
}

static sj_rc step(struct sj_stream *stream)
{
    sj_rc rc = 0;
    if (stream->state == SJ_STREAM_CONNECTING) {
        rc = sj_endpoint_connected(stream->fd);
        if (rc <= 0)
            return rc;
        stream->state = SJ_STREAM_SENDING;
    }
    if (stream->state == SJ_STREAM_SENDING)
        rc = send_request(stream);
    if (rc >= 0 && stream->state >= SJ_STREAM_HEAD)
        rc = read_once(stream);
    return rc;
}

sj_rc sj_stream_poll(struct sj_stream *stream, int64_t now_ns)
{
    if (stream->state == SJ_STREAM_CLOSED)
        return 0;
    if (stream->response.state == SJ_RESPONSE_FAILED)
        return stream->response.error; /* what was before the error has been cut by now */
    if (stream->state == SJ_STREAM_OPEN && stream->response.state == SJ_RESPONSE_DONE)
        return -SJ_E_CLOSED;
    sj_rc rc = step(stream);
    if (rc == 0 && stream->state != SJ_STREAM_OPEN && now_ns > stream->deadline_ns)
        rc = -SJ_E_TIMEOUT;
    return rc;
}

bool sj_stream_next(struct sj_stream *stream, struct sj_sse_message *ret_message)
{
    if (stream->state != SJ_STREAM_OPEN)
        return false;
    size_t consumed = 0;
    int found = sj_sse_next(&stream->sse, stream->buffer + stream->begin,
                            stream->end - stream->begin, ret_message, &consumed);
    stream->begin += consumed;
    return found != 0;
}
