/*
 * response.h: an incremental HTTP/1.1 response decoder: head, then a body by length, by chunks or
 * until the connection closes. Any fragmentation gives the same result. Pure: bytes come in, body
 * bytes go out, in place where wanted.
 *
 * Errors   -SJ_E_MALFORMED: not HTTP, or framing that contradicts itself. -SJ_E_LIMIT: a head or a
 *          chunk line beyond its bound. Body bytes before an error are given out first; from the
 *          next call on there is only the error.
 * Threads  the owner's. Memory: none beyond the struct.
 */
#ifndef SJ_GATEWAY_RESPONSE_H
#define SJ_GATEWAY_RESPONSE_H

#include "base/rc.h"

#include <stddef.h>

#define SJ_RESPONSE_LINE_MAX 1024  /* the longest header line that is looked into; longer is cut */
#define SJ_RESPONSE_HEAD_MAX 16384 /* bytes of a whole head */
#define SJ_RESPONSE_CHUNK_MAX (1u << 30)

enum sj_response_state {
    SJ_RESPONSE_STATUS_LINE,
    SJ_RESPONSE_HEADER,
    SJ_RESPONSE_BODY_LENGTH, /* `left` bytes to come */
    SJ_RESPONSE_BODY_CLOSE,  /* until the other side closes */
    SJ_RESPONSE_CHUNK_SIZE,
    SJ_RESPONSE_CHUNK_DATA, /* `left` bytes to come */
    SJ_RESPONSE_CHUNK_END,
    SJ_RESPONSE_TRAILER,
    SJ_RESPONSE_DONE,
    SJ_RESPONSE_FAILED
};

struct sj_response {
    enum sj_response_state state;
    sj_rc error; /* of SJ_RESPONSE_FAILED */
    int status;  /* 0 until the status line is complete */
    bool has_length;
    bool chunked;
    bool encoded;      /* a Content-Encoding other than identity */
    bool event_stream; /* Content-Type: text/event-stream */
    bool close;        /* the server will close after this response */
    bool bodyless;     /* 1xx, 204, 304 */
    uint64_t left;
    uint32_t head_size;
    uint32_t line_size;
    char line[SJ_RESPONSE_LINE_MAX];
};

/* Ready for the next response of a connection. */
void sj_response_init(struct sj_response *response);

/* Decodes up to `size` bytes of `raw`, writing body bytes to `body` (room for `size`; may overlap
 * `raw` when it does not lie behind it). Stops behind the last byte of the response. Returns the
 * count of body bytes; *ret_used (may be NULL) is what was taken from `raw`, also after an error.
 */
SJ_MUST_USE sj_rc sj_response_decode(struct sj_response *response, const uint8_t *raw, size_t size,
                                     uint8_t *body, size_t *ret_used);

/* The other side closed. 0 when the response was whole, else -SJ_E_CLOSED. */
SJ_MUST_USE sj_rc sj_response_end(struct sj_response *response);

/* The head is complete: status and flags hold. */
static inline bool sj_response_has_head(const struct sj_response *response)
{
    return response->state >= SJ_RESPONSE_BODY_LENGTH && response->state != SJ_RESPONSE_FAILED;
}

#endif
