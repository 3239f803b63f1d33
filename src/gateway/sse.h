/*
 * sse.h: cuts a stream of server-sent events into messages, as the bytes come, without copying.
 *
 * The caller owns a contiguous receive buffer: it reads the socket behind what is there, calls
 * sj_sse_next until it answers 0, then moves what sj_sse_next has not consumed to the front. A
 * message's data points into that buffer; lines of multi-line data are joined there, in place.
 * CR, LF and CRLF end lines; comments, id and retry are understood.
 *
 * Limits   A message of more than SJ_SSE_MESSAGE_MAX bytes is skipped to its end and counted: the
 *          receive buffer must be larger than that.
 * Errors   none: any bytes are a stream of messages; what cannot be one is counted.
 * Threads  [owner]. Memory: this struct only.
 */
#ifndef SJ_GATEWAY_SSE_H
#define SJ_GATEWAY_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SJ_SSE_MESSAGE_MAX 65536
#define SJ_SSE_EVENT_MAX 32 /* longer event names are cut and match nothing */

struct sj_sse {
    size_t scanned;     /* bytes of the pending message that hold no end of a line unseen */
    size_t line;        /* where its last line begins */
    bool skipping;      /* within a message that was too long */
    bool mid_line;      /* skipping, and the line at hand began in bytes already consumed */
    bool at_start;      /* nothing of the stream was seen: a byte-order mark may come */
    bool after_cr;      /* the last byte consumed was CR: an LF now belongs to it */
    uint64_t messages;  /* given out */
    uint64_t empty;     /* blocks without data: comments, retry, blank lines */
    uint64_t oversized; /* messages skipped for their length */
    uint64_t retry_ms;  /* last `retry:`; 0 = none came */
    char event[SJ_SSE_EVENT_MAX];
};

struct sj_sse_message {
    char *data; /* joined, not terminated; readable 64 bytes further if the receive buffer is */
    size_t size;
    const char *event; /* its name, not terminated; no name is "message" by the standard */
    size_t event_size;
};

void sj_sse_init(struct sj_sse *sse);

/* Looks for the next message in `size` bytes at `buffer`, which start where the last call's
 * `*ret_consumed` ended. Returns 1 and the message (valid until the bytes are moved), or 0 when
 * more bytes are needed. Consume `*ret_consumed` bytes in both cases; what is left must be given
 * again, with more behind it. [owner] */
int sj_sse_next(struct sj_sse *sse, char *buffer, size_t size, struct sj_sse_message *ret_message,
                size_t *ret_consumed);

#endif
