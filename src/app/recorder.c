#include "app/recorder.h"

#include "app/user_ring.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PENDING_MAX 65536 /* a power of two */
#define SPAN_SIZE_MAX (1024 * 1024)

/* Events of one source that were received together. */
struct sj_recorder_pending {
    uint64_t last_seq;
    int64_t recv_ns;
    uint32_t count;
    uint32_t src;
};

sj_rc sj_recorder_init(struct sj_recorder *recorder, struct sj_journal *journal, uint64_t note_seq)
{
    memset(recorder, 0, sizeof *recorder);
    recorder->journal = journal;
    recorder->note_seq = note_seq;
    recorder->pending = calloc(PENDING_MAX, sizeof *recorder->pending);
    recorder->user_frames = calloc(1, sizeof *recorder->user_frames);
    if (!recorder->pending || !recorder->user_frames)
        return -ENOMEM;
    return 0;
}

sj_rc sj_recorder_add(struct sj_recorder *recorder, const char *dir, const char *name,
                      uint64_t after_seq)
{
    if (recorder->ring_count == SJ_RECORDER_RINGS_MAX)
        return -SJ_E_LIMIT;
    struct sj_bus_reader_options options = {
        .dir = dir,
        .name = name,
        .reader_name = "journal",
        .policy = SJ_BUS_GATE,
        .from_seq = after_seq + 1,
    };
    struct sj_recorder_ring *ring = &recorder->rings[recorder->ring_count];
    sj_rc rc = sj_bus_attach(&options, &ring->reader);
    if (rc < 0)
        return rc;
    options.reader_name = "journal-hold";
    rc = sj_bus_attach(&options, &ring->hold);
    if (rc < 0) {
        sj_bus_detach(ring->reader);
        return rc;
    }
    ring->src = sj_bus_reader_src(ring->reader);
    ring->closed = false;
    snprintf(ring->name, sizeof ring->name, "%s", name);
    recorder->ring_count++;
    return 0;
}

sj_rc sj_recorder_add_user(struct sj_recorder *recorder, const char *dir, const char *name,
                           uint64_t after_seq)
{
    sj_rc rc = sj_recorder_add(recorder, dir, name, after_seq);
    if (rc < 0)
        return rc;
    struct sj_recorder_ring *ring = &recorder->rings[recorder->ring_count - 1];
    ring->user = true;
    ring->next_seq = after_seq + 1;
    snprintf(recorder->dir, sizeof recorder->dir, "%s", dir ? dir : "");
    return 0;
}

static sj_rc append_note(struct sj_recorder *recorder, void *frame)
{
    struct sj_session *head = frame;
    head->seq = recorder->note_seq + 1;
    head->exch_ns = head->recv_ns = sj_clock_utc_ns();
    sj_rc rc = sj_journal_append(recorder->journal, SJ_SRC_JOURNAL, frame, sj_frame_size(frame), 1);
    if (rc >= 0)
        recorder->note_seq++;
    return rc;
}

sj_rc sj_recorder_note_session(struct sj_recorder *recorder, enum sj_session_kind kind,
                               const char *text)
{
    struct sj_session note = {.kind = (uint8_t)kind};
    sj_frame_head(&note, SJ_EVENT_SESSION, sizeof note);
    memcpy(note.text, text, strnlen(text, sizeof note.text));
    return append_note(recorder, &note);
}

/* The ring of a killed process still holds what its journal had not written: that is not lost. */
static bool ring_holds(const struct sj_recorder *recorder, uint32_t src, uint64_t first_seq)
{
    for (uint32_t i = 0; i < recorder->ring_count; i++)
        if (recorder->rings[i].src == src)
            return sj_bus_reader_next_seq(recorder->rings[i].reader) <= first_seq;
    return false;
}

sj_rc sj_recorder_note_recovery(struct sj_recorder *recorder,
                                const struct sj_journal_recovery *recovery)
{
    sj_rc rc = 0;
    for (uint64_t i = 0; rc >= 0 && i < recovery->lost_count && i < SJ_JOURNAL_LOST_MAX; i++) {
        const struct sj_journal_lost *lost = &recovery->lost[i];
        struct sj_gap gap = {
            .kind = SJ_GAP_JOURNAL,
            .src = lost->src,
            .first_seq = lost->first_seq,
            .last_seq = lost->last_seq,
            .lost_count = lost->last_seq - lost->first_seq + 1,
            .expected_volume = SJ_NULL_I64,
            .seen_volume = SJ_NULL_I64,
        };
        if (ring_holds(recorder, lost->src, lost->first_seq))
            continue;
        sj_frame_head(&gap, SJ_EVENT_GAP, sizeof gap);
        rc = append_note(recorder, &gap);
    }
    return rc;
}

/* The newest entry takes more events when they came with it, or when there is no room for another
 * (then with the older time, so that latencies are never told too short). */
static void add_pending(struct sj_recorder *recorder, uint32_t src, uint64_t seq, int64_t recv_ns,
                        uint32_t count)
{
    uint32_t used = recorder->pending_tail - recorder->pending_head;
    if (used) {
        struct sj_recorder_pending *last =
            &recorder->pending[(recorder->pending_tail - 1) % PENDING_MAX];
        bool together = last->src == src && last->recv_ns == recv_ns;
        if (together || (used == PENDING_MAX && last->src == src)) {
            last->last_seq = seq;
            last->count += count;
            return;
        }
    }
    if (used == PENDING_MAX)
        return; /* not sampled; the counts come from the journal and stay exact */
    recorder->pending[recorder->pending_tail++ % PENDING_MAX] = (struct sj_recorder_pending){
        .src = src, .last_seq = seq, .recv_ns = recv_ns, .count = count};
}

/* Definitions, session changes and gaps are ours: they were not received at a moment. */
static bool was_received(uint16_t template_id)
{
    return template_id <= SJ_EVENT_INDEX || template_id == SJ_EVENT_CLOSING ||
           template_id == SJ_EVENT_LEGS;
}

static void note_arrivals(struct sj_recorder *recorder, const struct sj_bus_span *span)
{
    uint64_t seq = span->first_seq - 1;
    int64_t recv_ns = 0;
    uint32_t count = 0;
    for (const uint8_t *at = span->begin; at < span->end; at += sj_frame_size(at)) {
        const struct sj_trade *event = (const struct sj_trade *)at;
        bool received = was_received(event->template_id);
        if (count && (!received || event->recv_ns != recv_ns)) {
            add_pending(recorder, span->src, seq, recv_ns, count);
            count = 0;
        }
        seq++;
        if (!received)
            continue;
        recv_ns = event->recv_ns;
        count++;
    }
    if (count)
        add_pending(recorder, span->src, span->first_seq + span->count - 1, recv_ns, count);
}

static sj_rc take_ring(struct sj_recorder *recorder, struct sj_recorder_ring *ring)
{
    struct sj_bus_span span;
    sj_rc rc = sj_bus_drain(ring->reader, SPAN_SIZE_MAX, &span);
    if (rc == -SJ_E_CLOSED) {
        ring->closed = true;
        return 0;
    }
    if (rc <= 0)
        return rc;
    sj_rc appended = sj_journal_append(recorder->journal, span.src, span.begin,
                                       (size_t)(span.end - span.begin), span.count);
    if (appended < 0)
        return appended;
    note_arrivals(recorder, &span);
    atomic_fetch_add_explicit(&recorder->accepted_count, span.count, memory_order_relaxed);
    sj_rc released = sj_bus_release(ring->reader);
    return released < 0 ? released : rc;
}

/* Its producer may go on as it likes; it is held up no more. */
static sj_rc break_ring(struct sj_recorder_ring *ring, const char *what)
{
    sj_log_error("journal", "the ring %s holds what is no event (%s); it is recorded no more",
                 ring->name, what);
    ring->broken = true;
    sj_bus_detach(ring->reader);
    sj_bus_detach(ring->hold);
    ring->reader = ring->hold = NULL;
    return 0;
}

static sj_rc take_user_ring(struct sj_recorder *recorder, struct sj_recorder_ring *ring)
{
    struct sj_bus_span span;
    struct sj_user_frames *frames = recorder->user_frames;
    if (ring->broken)
        return 0;
    sj_rc rc = sj_bus_drain(ring->reader, SJ_USER_SPAN_MAX, &span);
    if (rc == -SJ_E_CLOSED || rc == 0)
        return 0;
    if (rc < 0)
        return break_ring(ring, sj_rc_text(rc));
    if (!sj_user_frames_take(frames, &span) || span.first_seq < ring->next_seq)
        return break_ring(ring, "not of a strategy");
    sj_user_frames_stamp(frames, sj_clock_utc_ns());
    sj_rc appended =
        sj_journal_append(recorder->journal, ring->src, frames->bytes, frames->size, frames->count);
    if (appended < 0)
        return appended;
    ring->next_seq = span.first_seq + frames->count;
    atomic_fetch_add_explicit(&recorder->user_count, frames->count, memory_order_relaxed);
    sj_rc released = sj_bus_release(ring->reader);
    return released < 0 ? break_ring(ring, sj_rc_text(released)) : rc;
}

/* Entries of one source become durable in their order, but one source may be ahead of another: the
 * oldest entry that is not durable ends the look. */
static void collect_durable(struct sj_recorder *recorder)
{
    int64_t now_ns = 0;
    while (recorder->pending_head != recorder->pending_tail) {
        const struct sj_recorder_pending *entry =
            &recorder->pending[recorder->pending_head % PENDING_MAX];
        if (sj_journal_durable_seq(recorder->journal, entry->src) < entry->last_seq)
            break;
        if (!now_ns)
            now_ns = sj_clock_utc_ns();
        sj_hist_record_many(&recorder->durable_latency_ns, now_ns - entry->recv_ns, entry->count);
        recorder->pending_head++;
    }
}

/* Lets the ring forget what is durable. */
static sj_rc release_durable(struct sj_recorder *recorder, struct sj_recorder_ring *ring)
{
    const struct sj_frame *frame;
    if (ring->broken)
        return 0;
    uint64_t durable_seq = sj_journal_durable_seq(recorder->journal, ring->src);
    uint64_t next_seq = sj_bus_reader_next_seq(ring->hold);
    if (next_seq > durable_seq)
        return 0;
    for (; next_seq <= durable_seq; next_seq++) {
        sj_rc rc = sj_bus_next(ring->hold, &frame);
        if (rc < 0 && rc != -SJ_E_CLOSED && ring->user)
            return break_ring(ring, sj_rc_text(rc));
        if (rc <= 0)
            return rc == -SJ_E_CLOSED ? 0 : rc;
    }
    sj_rc rc = sj_bus_release(ring->hold);
    return rc < 0 && ring->user ? break_ring(ring, sj_rc_text(rc)) : rc;
}

/* A process that lives on does not hold up the end: its ring is taken up to where it was when
 * nobody read it any more. */
static bool user_ring_is_taken(const struct sj_recorder *recorder, struct sj_recorder_ring *ring)
{
    struct sj_bus_stat stat;
    if (!ring->ends) {
        ring->ends = true;
        if (sj_bus_stat(*recorder->dir ? recorder->dir : NULL, ring->name, &stat) >= 0)
            ring->last_seq = stat.last_seq;
    }
    return ring->broken || ring->next_seq > ring->last_seq;
}

static bool is_finished(struct sj_recorder *recorder)
{
    for (uint32_t i = 0; i < recorder->ring_count; i++)
        if (!recorder->rings[i].user && !recorder->rings[i].closed)
            return false;
    for (uint32_t i = 0; i < recorder->ring_count; i++)
        if (recorder->rings[i].user && !user_ring_is_taken(recorder, &recorder->rings[i]))
            return false;
    return recorder->pending_head == recorder->pending_tail;
}

sj_rc sj_recorder_do_work(struct sj_recorder *recorder)
{
    sj_rc moved = 0;
    sj_rc rc = 0;
    for (uint32_t i = 0; i < recorder->ring_count && rc >= 0; i++) {
        struct sj_recorder_ring *ring = &recorder->rings[i];
        rc = ring->user ? take_user_ring(recorder, ring) : take_ring(recorder, ring);
        if (rc > 0)
            moved += rc;
    }
    sj_rc worked = sj_journal_do_work(recorder->journal, sj_clock_mono_ns());
    collect_durable(recorder);
    for (uint32_t i = 0; i < recorder->ring_count && rc >= 0 && worked >= 0; i++)
        rc = release_durable(recorder, &recorder->rings[i]);
    if (rc >= 0 && worked < 0)
        rc = worked;
    if (rc < 0) {
        atomic_store_explicit(&recorder->stopped, rc, memory_order_relaxed);
        return rc;
    }
    if (is_finished(recorder))
        atomic_store_explicit(&recorder->finished, true, memory_order_release);
    return moved + worked;
}

void sj_recorder_done(struct sj_recorder *recorder)
{
    for (uint32_t i = 0; i < recorder->ring_count; i++) {
        sj_bus_detach(recorder->rings[i].reader);
        sj_bus_detach(recorder->rings[i].hold);
    }
    recorder->ring_count = 0;
    free(recorder->pending);
    free(recorder->user_frames);
    recorder->pending = NULL;
    recorder->user_frames = NULL;
}
