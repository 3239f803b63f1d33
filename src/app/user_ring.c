#include "app/user_ring.h"

#include "base/rc.h"
#include "gateway/gateway.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 5))) static sj_rc fail(char *error, size_t size, sj_rc rc,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sj_rc_explain(error, size, rc, format, args);
    va_end(args);
    return rc;
}

/* Its process is there already and writes it. */
static sj_rc check_taken(const struct sj_bus_stat *stat, uint32_t src, uint64_t last_seq,
                         char *error, size_t error_size)
{
    if (stat->src != src)
        return fail(error, error_size, -SJ_E_LAYOUT,
                    "the ring %s has source %u, not %u; end process %d that writes it", stat->name,
                    stat->src, src, (int)stat->producer_pid);
    if (stat->last_seq < last_seq)
        return fail(error, error_size, -SJ_E_LAYOUT,
                    "the ring %s is at %llu and the journal at %llu already; end process %d that "
                    "writes it",
                    stat->name, (unsigned long long)stat->last_seq, (unsigned long long)last_seq,
                    (int)stat->producer_pid);
    return 0;
}

sj_rc sj_user_ring_make(const char *dir, const char *name, uint32_t src, uint64_t last_seq,
                        char *error, size_t error_size)
{
    const struct sj_bus_options options = {
        .dir = dir,
        .name = name,
        .src = src,
        .first_seq = last_seq + 1,
        .size = SJ_USER_RING_SIZE,
        .topic_count = SJ_GATEWAY_TOPICS,
    };
    struct sj_bus *bus;
    struct sj_bus_stat stat;
    sj_rc rc = sj_bus_create(&options, &bus);
    if (rc == -SJ_E_BUSY) {
        rc = sj_bus_stat(dir, name, &stat);
        return rc < 0 ? fail(error, error_size, rc, "the ring %s", name)
                      : check_taken(&stat, src, last_seq, error, error_size);
    }
    if (rc < 0)
        return fail(error, error_size, rc, "the ring %s", name);
    bool behind = sj_bus_last_seq(bus) < last_seq;
    sj_bus_close(bus);
    if (!behind)
        return 0;
    /* It was made anew without the journal. */
    rc = sj_bus_remove(dir, name);
    if (rc >= 0)
        rc = sj_bus_create(&options, &bus);
    if (rc < 0)
        return fail(error, error_size, rc, "the ring %s is behind the journal", name);
    sj_bus_close(bus);
    return 0;
}

static uint32_t size_of_kind(uint16_t template_id)
{
    return template_id == SJ_EVENT_INTENT    ? sizeof(struct sj_intent)
           : template_id == SJ_EVENT_CONTROL ? sizeof(struct sj_control)
                                             : 0;
}

bool sj_user_frames_take(struct sj_user_frames *frames, const struct sj_bus_span *span)
{
    size_t size = (size_t)(span->end - span->begin);
    if (size > sizeof frames->bytes || span->first_seq > UINT64_MAX / 4)
        return false;
    memcpy(frames->bytes, span->begin, size);
    uint64_t seq = span->first_seq;
    for (size_t at = 0; at < size; seq++) {
        const struct sj_frame *frame = (const struct sj_frame *)(frames->bytes + at);
        uint32_t wanted = size - at >= sizeof *frame ? size_of_kind(frame->template_id) : 0;
        if (wanted == 0 || wanted > size - at || sj_frame_size(frame) != wanted ||
            frame->seq != seq || frame->schema_id != SJ_SCHEMA_ID ||
            frame->version != SJ_SCHEMA_VERSION || frame->instrument >= SJ_GATEWAY_TOPICS)
            return false;
        at += wanted;
    }
    frames->size = size;
    frames->count = span->count;
    return seq - span->first_seq == span->count;
}

void sj_user_frames_stamp(struct sj_user_frames *frames, int64_t now_ns)
{
    for (size_t at = 0; at < frames->size;
         at += sj_frame_size((const struct sj_frame *)(frames->bytes + at))) {
        struct sj_session *head = (struct sj_session *)(frames->bytes + at);
        head->recv_ns = now_ns;
    }
}
