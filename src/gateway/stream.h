/*
 * stream.h: one SSE stream of a broker server: non-blocking socket, response head, chunks undone in
 * place, cut into messages. Nothing here waits.
 *
 * A read takes at most SJ_STREAM_READ_MAX bytes, so that what was read is on the bus before the
 * next read; bytes of an unfinished message stay and are moved to the front.
 *
 * Errors   of poll: -SJ_E_CLOSED: the server ended it. -SJ_E_REFUSED: a status other than 200, see
 *          status and text. -SJ_E_TIMEOUT: no head in time. -SJ_E_MALFORMED: not HTTP, or not an
 *          event stream. -errno. The caller then closes the stream.
 * Threads  [owner]. Memory: create takes the buffer; nothing later.
 */
#ifndef SJ_GATEWAY_STREAM_H
#define SJ_GATEWAY_STREAM_H

#include "gateway/endpoint.h"
#include "gateway/response.h"
#include "gateway/sse.h"

#define SJ_STREAM_READ_MAX (128u * 1024)
#define SJ_STREAM_REQUEST_MAX 1024

enum sj_stream_state {
    SJ_STREAM_CLOSED,
    SJ_STREAM_CONNECTING,
    SJ_STREAM_SENDING,
    SJ_STREAM_HEAD, /* the request is out, the response's head is awaited */
    SJ_STREAM_OPEN
};

struct sj_stream {
    enum sj_stream_state state;
    int fd;
    int status;        /* of the last response, 0 before it */
    int64_t opened_ns; /* when open was called */
    int64_t deadline_ns;
    int64_t recv_ns; /* UTC of the last read */
    uint64_t bytes;  /* read from the socket, over all connects */
    uint32_t request_size;
    uint32_t request_sent;
    char *buffer;
    size_t begin; /* decoded bytes not yet cut into messages: buffer[begin, end) */
    size_t end;
    struct sj_response response;
    struct sj_sse sse;
    char request[SJ_STREAM_REQUEST_MAX];
    char text[192]; /* what the server said when it refused */
};

/* [init] */
SJ_MUST_USE sj_rc sj_stream_init(struct sj_stream *stream);
void sj_stream_done(struct sj_stream *stream);

/* Begins to connect and to ask for `path`; `token` ("KEY:SECRET") may be NULL. */
SJ_MUST_USE sj_rc sj_stream_open(struct sj_stream *stream, const struct sj_endpoint *endpoint,
                                 const char *path, const char *token, int64_t now_ns,
                                 int64_t timeout_ns);

/* Closes at once. Returns how many bytes of an unfinished message were thrown away. */
size_t sj_stream_close(struct sj_stream *stream);

/* One step: connects, sends, or reads once. Returns the count of bytes read (0: nothing to do). */
SJ_MUST_USE sj_rc sj_stream_poll(struct sj_stream *stream, int64_t now_ns);

/* The next message of what was read; false when more must be read. Its data holds until the next
 * poll and has SJ_PARSE_PADDING readable bytes behind it. */
bool sj_stream_next(struct sj_stream *stream, struct sj_sse_message *ret_message);

#endif
