#include "gateway/connection.h"

#include <string.h>

#define OUT(conn, position) (&(conn)->out[(position) & (OUTBOX_MAX - 1)])

_Static_assert((OUTBOX_MAX & (OUTBOX_MAX - 1)) == 0, "positions wrap by masking");

static void count_own(struct connection *conn, const struct sj_frame *frame)
{
    SJ_COUNT_UP(conn->counters.own, 1);
    if (frame->template_id == SJ_EVENT_GAP)
        SJ_COUNT_UP(conn->counters.gaps[((const struct sj_gap *)frame)->kind], 1);
}

uint32_t outbox_flush(struct connection *conn)
{
    uint32_t done = 0;
    while (conn->out_head != conn->out_tail) {
        const struct sj_frame *frame = &OUT(conn, conn->out_head)->frame;
        uint32_t size = sj_frame_size(frame);
        void *room = sj_bus_claim(conn->bus, size);
        if (!room)
            break;
        memcpy(room, frame, size);
        sj_bus_stage(conn->bus);
        count_own(conn, frame);
        conn->out_head++;
        done++;
    }
    if (done > 0)
        sj_bus_flush(conn->bus);
    return done;
}

/* Room for one more; when a stuck reader has let the outbox fill too, the newest entry gives way:
 * what came first explains the rest. */
static union outbox_frame *outbox_room(struct connection *conn)
{
    if (conn->out_tail - conn->out_head == OUTBOX_MAX) {
        SJ_COUNT_UP(conn->counters.notes_lost, 1);
        return OUT(conn, conn->out_tail - 1);
    }
    return OUT(conn, conn->out_tail++);
}

void outbox_session(struct connection *conn, enum sj_session_kind kind, const struct item *item,
                    enum sj_rung rung, int32_t status, int64_t duration_ns, const char *text)
{
    struct sj_session *event = &outbox_room(conn)->session;
    memset(event, 0, sizeof(*event));
    sj_frame_head(event, SJ_EVENT_SESSION, sizeof(*event));
    event->exch_ns = event->recv_ns = sj_clock_utc_ns();
    event->kind = (uint8_t)kind;
    event->connection = (uint8_t)(conn->index + 1);
    event->rung = (uint8_t)rung;
    event->status = status;
    event->duration_ns = duration_ns;
    if (item) {
        event->instrument = item->instrument;
        event->channel = (uint8_t)item->channel;
        if (item->subscription->odd_lot)
            event->flags |= SJ_FLAG_ODD_LOT;
    }
    size_t size = strnlen(text, sizeof(event->text));
    if (size == sizeof(event->text))
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
            size--; /* not in the middle of a character */
    memcpy(event->text, text, size);
}

void outbox_gap(struct connection *conn, const struct sj_gap *gap)
{
    struct sj_gap *event = &outbox_room(conn)->gap;
    *event = *gap;
    sj_frame_head(event, SJ_EVENT_GAP, sizeof(*event));
    event->connection = (uint8_t)(conn->index + 1);
    event->src = SJ_SRC_GATEWAY + conn->index;
    event->recv_ns = sj_clock_utc_ns();
    event->exch_ns = gap->exch_ns ? gap->exch_ns : event->recv_ns;
}

void outbox_completeness(struct connection *conn, const struct sj_completeness *completeness)
{
    struct sj_completeness *event = &outbox_room(conn)->completeness;
    *event = *completeness;
    sj_frame_head(event, SJ_EVENT_COMPLETENESS, sizeof(*event));
    event->connection = (uint8_t)(conn->index + 1);
    event->exch_ns = event->recv_ns = sj_clock_utc_ns();
    SJ_COUNT_UP(conn->counters.verdicts[event->verdict], 1);
}

bool outbox_define(struct connection *conn, const struct sj_instrument *definition)
{
    if (outbox_flush(conn) == 0 && conn->out_head != conn->out_tail)
        return false;
    if (sj_bus_publish(conn->bus, definition) < 0)
        return false;
    SJ_COUNT_UP(conn->counters.own, 1);
    return true;
}
