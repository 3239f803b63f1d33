/*
 * read.c: drain, next, release, poll.
 *
 * `fast.place` is where the reader looks, `base_place` (at `base_pos`) what it has released. A gate
 * counts topics as it goes, because what it sees is held for it. A lossy reader keeps them in a log
 * and counts them at the release, once the horizon proves that none of it was overwritten while it
 * read.
 */
#include "base/rc.h"
#include "bus/reader.h"

#include <errno.h>
#include <string.h>

/* Lag is sampled from the producer's own lines, so not more often than this. */
#define SAMPLE_COUNT_MIN 1024
#define SAMPLE_COUNT_PER_TOPIC 16
#define SAMPLE_LAG_MIN 64 /* less is not worth a look at every topic */

void reader_set_base(struct reader *reader, uint64_t pos, uint64_t seq)
{
    reader->base_pos = pos;
    reader->base_seq = seq;
    reader->base_place = reader->map.data + (pos & (reader->map.g.size - 1));
    reader->fast.place = reader->base_place;
    reader->fast.place_end = reader->base_place + reader->window;
    reader->fast.log = reader->log;
    reader->bounce_size = 0;
}

void reader_publish_place(struct reader *reader)
{
    struct reader_slot *slot = reader->slot;
    atomic_store_explicit(&slot->next_seq, reader->base_seq, memory_order_relaxed);
    atomic_store_explicit(&slot->lost_count, reader->lost_count, memory_order_relaxed);
    atomic_store_explicit(&slot->pos, reader->base_pos, memory_order_release);
}

static void raise_high(_Atomic uint64_t *high, uint64_t value)
{
    if (value > atomic_load_explicit(high, memory_order_relaxed))
        atomic_store_explicit(high, value, memory_order_relaxed);
}

void reader_sample_lag(struct reader *reader)
{
    uint64_t last_seq =
        atomic_load_explicit(&reader->map.head->shown.last_seq, memory_order_relaxed);
    _Atomic uint64_t *published = ring_published(&reader->map);
    uint32_t topic_count = reader->map.g.topic_count;
    uint64_t every = (uint64_t)SAMPLE_COUNT_PER_TOPIC * topic_count;
    reader->sample_seq = reader->base_seq + (every > SAMPLE_COUNT_MIN ? every : SAMPLE_COUNT_MIN);
    if (last_seq + 1 <= reader->base_seq)
        return;
    raise_high(&reader->slot->lag_high_count, last_seq + 1 - reader->base_seq);
    if (last_seq + 1 - reader->base_seq < SAMPLE_LAG_MIN)
        return;
    for (uint32_t t = 0; t < topic_count; t++) {
        uint64_t count = atomic_load_explicit(&published[t], memory_order_relaxed);
        uint64_t passed = atomic_load_explicit(&reader->topics.passed[t], memory_order_relaxed);
        if (count > passed)
            raise_high(&reader->topics.lag_high[t], count - passed);
    }
}

static bool lost_hold(const struct reader *reader)
{
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&reader->slot->evicted, memory_order_relaxed) != 0;
}

static uint64_t load_stamp(const uint8_t *place)
{
    return atomic_load_explicit((const _Atomic uint64_t *)(const void *)place,
                                memory_order_acquire);
}

static bool head_good(const struct sj_bus_reader *fast)
{
    uint32_t size = sj_bus_size_at(fast->place);
    return size % SJ_FRAME_UNIT == 0 && size <= SJ_EVENT_SIZE_MAX &&
           sj_bus_topic_at(fast->place) < fast->topic_count;
}

/* Why there is no frame to hand out: 1: there is one after all. */
static sj_rc why_nothing(struct reader *reader)
{
    struct sj_bus_reader *fast = &reader->fast;
    if (!reader_is_lossy(reader) && lost_hold(reader))
        return -SJ_E_EVICTED;
    uint32_t closed = atomic_load_explicit(&reader->map.head->closed, memory_order_acquire);
    uint64_t stamp = load_stamp(fast->place);
    bool good = head_good(fast);
    if (reader_is_lossy(reader) && reader_overtaken(reader, reader_pos(reader)))
        return reader_lapped(reader);
    if (stamp == fast->seq)
        return good ? 1 : -SJ_E_CORRUPT;
    if (stamp != 0)
        return -SJ_E_CORRUPT;
    return closed ? -SJ_E_CLOSED : 0;
}

#if SJ_BUS_TSAN
/* What a lossy reader looks at may be overwritten meanwhile, by design; the thread sanitizer is
 * shown copies made in words. */
static const uint8_t *bounce(struct reader *reader, const uint8_t *from, uint32_t size)
{
    uint8_t *to = reader->bounce + reader->bounce_size;
    for (uint32_t i = 0; i < size; i += 8) {
        const _Atomic uint64_t *word = (const _Atomic uint64_t *)(const void *)(from + i);
        uint64_t value = atomic_load_explicit(word, memory_order_relaxed);
        memcpy(to + i, &value, 8);
    }
    reader->bounce_size += size;
    return to;
}
#endif

/* Hands out the frame at fast->place, known to be there: as the inline one, for the slow path. */
static const uint8_t *take(struct reader *reader)
{
    struct sj_bus_reader *fast = &reader->fast;
    const uint8_t *place = fast->place;
    uint32_t size = sj_bus_size_at(place);
    uint32_t topic = sj_bus_topic_at(place);
    /* Loaded again since it was checked, and a lossy reader's place may have been overwritten. */
    if (size % SJ_FRAME_UNIT || size > SJ_EVENT_SIZE_MAX || topic >= fast->topic_count)
        return NULL;
    if (fast->log)
        *fast->log++ = topic;
    else
        sj_bus_count(&fast->passed[topic], 1);
    fast->place += size;
    fast->seq++;
#if SJ_BUS_TSAN
    if (reader->bounce)
        return bounce(reader, place, size);
#endif
    return place;
}

sj_rc sj_bus_next_slow(struct sj_bus_reader *fast, const struct sj_frame **ret)
{
    struct reader *reader = reader_of(fast);
    if (fast->place >= fast->place_end)
        return 0; /* time to release */
    sj_rc rc = why_nothing(reader);
    if (rc <= 0)
        return rc;
    const uint8_t *frame = take(reader);
    if (!frame)
        return 0;
    *ret = (const struct sj_frame *)(const void *)frame;
    return 1;
}

/* Passes whole frames from fast->place on, at most `size_max` bytes; their number. Locals, so that
 * the loop keeps them in registers. */
static uint32_t walk(struct sj_bus_reader *fast, uint64_t size_max)
{
    const uint8_t *place = fast->place;
    const uint8_t *end = place + size_max;
    uint64_t seq = fast->seq;
    uint32_t topic_count = fast->topic_count;
    uint32_t guess = fast->size_guess;
    uint32_t *log = fast->log;
    _Atomic uint64_t *passed = fast->passed;
    while (end - place >= SJ_FRAME_UNIT && place < fast->place_end && load_stamp(place) == seq) {
        uint32_t size = sj_bus_size_at(place);
        uint32_t topic = sj_bus_topic_at(place);
        if (size % SJ_FRAME_UNIT || size > SJ_EVENT_SIZE_MAX || topic >= topic_count ||
            size > (uint64_t)(end - place))
            break;
        if (log)
            *log++ = topic;
        else
            sj_bus_count(&passed[topic], 1);
        place += sj_bus_guess_ahead(&guess, size, place);
        seq++;
    }
    uint32_t count = (uint32_t)(seq - fast->seq);
    fast->place = place;
    fast->seq = seq;
    fast->size_guess = guess;
    fast->log = log;
    return count;
}

sj_rc sj_bus_drain(struct sj_bus_reader *fast, size_t size_max, struct sj_bus_span *ret_span)
{
    struct reader *reader = reader_of(fast);
    if (reader->policy == SJ_BUS_CONFLATE || size_max < SJ_EVENT_SIZE_MAX)
        return -EINVAL;
    if (size_max > reader->map.g.size / 2)
        size_max = reader->map.g.size / 2;
    if (reader_is_lossy(reader) && reader_overtaken(reader, reader_pos(reader)))
        return reader_lapped(reader);
    struct sj_bus_span span = {
        .begin = fast->place, .first_seq = fast->seq, .src = reader->map.src};
    span.count = walk(fast, size_max);
    if (span.count == 0) {
        sj_rc rc = why_nothing(reader);
        return rc > 0 ? 0 : rc;
    }
    span.end = fast->place;
#if SJ_BUS_TSAN
    if (reader->bounce) {
        uint32_t size = (uint32_t)(span.end - span.begin);
        span.begin = bounce(reader, span.begin, size);
        span.end = span.begin + size;
    }
#endif
    *ret_span = span;
    return (sj_rc)span.count;
}

/* Nothing of what a lossy reader holds was overwritten before it had read it: it counts. */
static sj_rc confirm(struct reader *reader)
{
    if (reader_overtaken(reader, reader->base_pos)) {
        sj_rc rc = reader_lapped(reader);
        return rc == 0 ? -SJ_E_LAPPED : rc;
    }
    for (const uint32_t *topic = reader->log; topic < reader->fast.log; topic++)
        sj_bus_count(&reader->fast.passed[*topic], 1);
    return 0;
}

sj_rc sj_bus_release(struct sj_bus_reader *fast)
{
    struct reader *reader = reader_of(fast);
    if (fast->place == reader->base_place)
        return 0;
    sj_rc rc = 0;
    if (reader->log)
        rc = confirm(reader);
    else if (lost_hold(reader))
        rc = -SJ_E_EVICTED;
    if (rc < 0)
        return rc;
    raise_high(&reader->slot->lag_high_count, fast->seq - reader->base_seq);
    reader_set_base(reader, reader_pos(reader), fast->seq);
    reader_publish_place(reader);
    if (fast->seq >= reader->sample_seq)
        reader_sample_lag(reader);
    return 0;
}

sj_rc sj_bus_poll(struct sj_bus_reader *fast, void *buffer)
{
    struct reader *reader = reader_of(fast);
    if (reader->policy == SJ_BUS_CONFLATE)
        return conflate_poll(reader, buffer);
    const struct sj_frame *frame;
    const uint8_t *place = fast->place;
    sj_rc rc = sj_bus_next(fast, &frame);
    if (rc <= 0)
        return rc;
    uint32_t size =
        (uint32_t)(fast->place - place); /* as checked; the head may have changed since */
    memcpy(buffer, frame, size);
    rc = sj_bus_release(fast);
    return rc < 0 ? rc : (sj_rc)size;
}

uint64_t sj_bus_reader_next_seq(const struct sj_bus_reader *reader)
{
    return reader_of_const(reader)->base_seq;
}

uint64_t sj_bus_reader_lost(const struct sj_bus_reader *reader)
{
    return reader_of_const(reader)->lost_count;
}

uint64_t sj_bus_reader_lost_topic(const struct sj_bus_reader *reader, uint32_t topic)
{
    const struct reader *own = reader_of_const(reader);
    if (topic >= own->map.g.topic_count)
        return 0;
    return atomic_load_explicit(&own->topics.lost[topic], memory_order_relaxed);
}

uint32_t sj_bus_reader_src(const struct sj_bus_reader *reader)
{
    return reader_of_const(reader)->map.src;
}
