#include "gateway/connection.h"

#include <stdio.h>
#include <string.h>

#define SAMPLE_BYTES 160
#define SAMPLE_INTERVAL_NS (SJ_NS_PER_S / 5)
#define PARSE_GAP_INTERVAL_NS SJ_NS_PER_S
/* Reads of one stream in one work: the others and the ladder want their turn. */
#define READS_MAX 4

static void lost(struct connection *conn, struct pending_gap *gap, uint64_t count, int64_t utc_ns)
{
    if (gap->count == 0)
        gap->from_ns = utc_ns;
    gap->to_ns = utc_ns;
    gap->count += count;
    conn->loss_ns = utc_ns;
}

/* Raw bytes for the log: printable ASCII as it is, the rest as \xNN, bounded. */
static void escape(const char *data, size_t size, char *text, size_t text_size)
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < size && i < SAMPLE_BYTES && at + 5 < text_size; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= 0x20 && c < 0x7f && c != '\\') {
            text[at++] = (char)c;
            continue;
        }
        text[at++] = '\\';
        text[at++] = 'x';
        text[at++] = hex[c >> 4];
        text[at++] = hex[c & 15];
    }
    text[at] = '\0';
}

static void sample(struct connection *conn, const struct sj_sse_message *message, int64_t utc_ns)
{
    if (utc_ns < conn->next_sample_ns)
        return;
    conn->next_sample_ns = utc_ns + SAMPLE_INTERVAL_NS;
    size_t offset = 0;
    enum sj_parse_fault fault = sj_parse_fault(conn->parse, &offset);
    /* The bytes around the fault, not the beginning that all messages share. */
    size_t begin = offset > SAMPLE_BYTES / 2 ? offset - SAMPLE_BYTES / 2 : 0;
    if (begin > message->size)
        begin = 0;
    char text[4 * SAMPLE_BYTES + 8];
    escape(message->data + begin, message->size - begin, text, 300);
    clerk_note(&conn->clerk, SJ_LOG_WARN, "malformed %.*s, %s (byte %zu of %zu): %s",
               (int)message->event_size, message->event, sj_parse_fault_text(fault), offset,
               message->size, text);
}

static void malformed(struct connection *conn, const struct sj_sse_message *message, int64_t utc_ns)
{
    size_t offset;
    enum sj_parse_fault fault = sj_parse_fault(conn->parse, &offset);
    SJ_COUNT_UP(conn->counters.malformed[fault], 1);
    lost(conn, &conn->parse_gap, 1, utc_ns);
    sample(conn, message, utc_ns);
}

/* What is no market event: heartbeats are counted and prove nothing. */
static void passed(struct connection *conn, const struct sj_sse_message *message)
{
    if (message->event_size == 9 && memcmp(message->event, "heartbeat", 9) == 0)
        SJ_COUNT_UP(conn->counters.beats, 1);
    else
        SJ_COUNT_UP(conn->counters.passed, 1);
}

static void closing(struct connection *conn)
{
    struct sj_closing *frame = sj_bus_claim(conn->bus, sizeof(*frame));
    if (!frame) {
        struct sj_closing scratch;
        if (sj_parse_closing(conn->parse, &scratch)) {
            SJ_COUNT_UP(conn->counters.closings_dropped, 1);
            lost(conn, &conn->ring_gap, 1, scratch.recv_ns);
        }
        return;
    }
    if (!sj_parse_closing(conn->parse, frame)) {
        sj_bus_abort(conn->bus);
        return;
    }
    sj_bus_stage(conn->bus);
    SJ_COUNT_UP(conn->counters.closings, 1);
}

static void count_flags(struct connection *conn, uint32_t flags)
{
    if (flags & SJ_FLAG_DUPLICATE)
        SJ_COUNT_UP(conn->counters.duplicates, 1);
    if (flags & SJ_FLAG_OUT_OF_ORDER)
        SJ_COUNT_UP(conn->counters.out_of_order, 1);
}

/* Whoever follows sees each event before the next message is even looked at. */
static inline void show_follower(struct connection *conn, const struct sj_frame *event)
{
    const struct sj_gateway_follower *follower = &conn->gateway->follower;
    if (!follower->event)
        return;
    sj_bus_flush(conn->bus);
    follower->event(follower->context, conn->index, sj_bus_last_seq(conn->bus), event);
}

/* One message into a claim of the ring. Returns 1 when it became an event. */
static uint32_t take_message(struct connection *conn, const struct sj_sse_message *message,
                             int64_t recv_ns)
{
    SJ_COUNT_UP(conn->counters.messages, 1);
    enum sj_channel channel = sj_parse_channel(message->event, message->event_size);
    if (channel == SJ_CHANNEL_NONE || channel >= SJ_CHANNEL_ORDER) {
        passed(conn, message);
        return 0;
    }
    void *frame = sj_bus_claim(conn->bus, SJ_EVENT_SIZE_MAX);
    if (!frame) {
        SJ_COUNT_UP(conn->counters.dropped[SJ_DROP_RING_FULL], 1);
        lost(conn, &conn->ring_gap, 1, recv_ns);
        return 0;
    }
    sj_rc rc = sj_parse_event(conn->parse, channel, message->data, message->size, recv_ns, frame);
    if (rc < 0) {
        sj_bus_abort(conn->bus);
        malformed(conn, message, recv_ns);
        return 0;
    }
    count_flags(conn, account_event(conn, frame));
    sj_bus_stage(conn->bus);
    SJ_COUNT_UP(conn->counters.events, 1);
    SJ_COUNT_UP(conn->counters.channel[channel], 1);
    show_follower(conn, frame);
    if (channel == SJ_CHANNEL_TICK_STK || channel == SJ_CHANNEL_QUOTE_STK)
        closing(conn);
    return 1;
}

/* All whole messages of a read: one release store shows them. */
static uint32_t take_messages(struct connection *conn, struct sj_stream *stream)
{
    struct sj_sse_message message;
    uint64_t oversized = stream->sse.oversized;
    uint32_t messages = 0;
    uint32_t events = 0;
    while (sj_stream_next(stream, &message)) {
        events += take_message(conn, &message, stream->recv_ns);
        messages++;
    }
    oversized = stream->sse.oversized - oversized;
    if (oversized > 0) {
        SJ_COUNT_UP(conn->counters.messages, oversized);
        SJ_COUNT_UP(conn->counters.malformed[SJ_PARSE_OVERSIZED], oversized);
        lost(conn, &conn->parse_gap, oversized, stream->recv_ns);
    }
    if (events > 0) {
        sj_bus_flush(conn->bus);
        sj_hist_record_many(&conn->counters.latency, sj_clock_utc_ns() - stream->recv_ns, events);
        if (conn->gateway->follower.read)
            conn->gateway->follower.read(conn->gateway->follower.context, conn->index);
    }
    return messages;
}

uint32_t receive_streams(struct connection *conn, int64_t mono_ns)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < conn->stream_count; i++) {
        struct sj_stream *stream = &conn->stream[i];
        for (uint32_t reads = 0; reads < READS_MAX; reads++) {
            bool was_open = stream->state == SJ_STREAM_OPEN;
            sj_rc rc = sj_stream_poll(stream, mono_ns);
            if (rc < 0) {
                recovery_stream_ended(conn, i, rc, sj_clock_utc_ns(), mono_ns);
                done++;
                break;
            }
            if (!was_open && stream->state == SJ_STREAM_OPEN)
                done++;
            if (rc == 0)
                break;
            SJ_COUNT_UP(conn->counters.bytes, (uint64_t)rc);
            done += take_messages(conn, stream) + 1;
            if ((uint32_t)rc < SJ_STREAM_READ_MAX)
                break;
        }
    }
    return done;
}

/* A stream ended within a message: it was sent, and is counted as dropped. */
void receive_cut(struct connection *conn, size_t bytes, int64_t utc_ns)
{
    if (bytes == 0)
        return;
    SJ_COUNT_UP(conn->counters.messages, 1);
    SJ_COUNT_UP(conn->counters.dropped[SJ_DROP_CUT], 1);
    lost(conn, &conn->parse_gap, 1, utc_ns);
    clerk_note(&conn->clerk, SJ_LOG_WARN, "the stream ended within a message, after %zu bytes",
               bytes);
}

static void gap_out(struct connection *conn, struct pending_gap *pending, enum sj_gap_kind kind)
{
    struct sj_gap gap = {.kind = (uint8_t)kind,
                         .lost_count = pending->count,
                         .from_ns = pending->from_ns,
                         .to_ns = pending->to_ns};
    outbox_gap(conn, &gap);
    pending->count = 0;
}

/* Gaps that gathered: the ring's as soon as there is room again, the parser's once a second. */
void receive_gaps(struct connection *conn, int64_t mono_ns)
{
    if (conn->ring_gap.count > 0 && conn->out_head == conn->out_tail &&
        sj_bus_claim(conn->bus, SJ_EVENT_SIZE_MAX)) {
        sj_bus_abort(conn->bus);
        gap_out(conn, &conn->ring_gap, SJ_GAP_BUS);
    }
    if (conn->parse_gap.count > 0 && mono_ns >= conn->parse_gap_due_ns) {
        conn->parse_gap_due_ns = mono_ns + PARSE_GAP_INTERVAL_NS;
        gap_out(conn, &conn->parse_gap, SJ_GAP_PARSE);
    }
}
