/*
 * lap.c: where a reader can start, or go on after it was lapped.
 *
 * Frame boundaries and counts are known at checkpoints only, so a reader enters the stream at one
 * of them and walks on from there. A lapped reader is exact about its loss because it knows both
 * counts: what had been published up to the place it left, and up to the place where it goes on.
 */
#include "base/rc.h"
#include "bus/reader.h"

#include <errno.h>

/* A place this far behind the horizon (as a part of the ring) is not overtaken at once. */
#define LAP_MARGIN_PART 4
#define TRIES_MAX 1000

static uint64_t horizon_of(const struct reader *reader)
{
    return atomic_load_explicit(&reader->map.head->horizon, memory_order_acquire);
}

static uint64_t checkpoint_count(const struct reader *reader)
{
    return atomic_load_explicit(&reader->map.head->checkpoint_count, memory_order_acquire);
}

bool reader_overtaken(const struct reader *reader, uint64_t pos)
{
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&reader->map.head->horizon, memory_order_relaxed) > pos;
}

bool reader_copy_checkpoint(struct reader *reader, uint64_t number, struct place *ret)
{
    const struct checkpoint *checkpoint = ring_checkpoint(&reader->map, number);
    struct place place = {
        .pos = atomic_load_explicit(&checkpoint->pos, memory_order_relaxed),
        .seq = atomic_load_explicit(&checkpoint->seq, memory_order_relaxed),
    };
    for (uint32_t i = 0; i < reader->map.g.topic_count; i++)
        reader->counts[i] = atomic_load_explicit(&checkpoint->published[i], memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    if (checkpoint_count(reader) - number >= reader->map.g.step_count ||
        reader_overtaken(reader, place.pos) || place.pos % SJ_FRAME_UNIT || place.seq == 0)
        return false;
    *ret = place;
    return true;
}

static uint64_t oldest_checkpoint(const struct reader *reader, uint64_t count)
{
    /* The place of the very oldest may be in use for the next one. */
    uint64_t kept = reader->map.g.step_count - 1;
    return count > kept ? count - kept : 0;
}

static uint64_t peek_pos(const struct reader *reader, uint64_t number)
{
    return atomic_load_explicit(&ring_checkpoint(&reader->map, number)->pos, memory_order_relaxed);
}

static uint64_t peek_seq(const struct reader *reader, uint64_t number)
{
    return atomic_load_explicit(&ring_checkpoint(&reader->map, number)->seq, memory_order_relaxed);
}

/* The newest checkpoint not behind `target`, else the oldest that is still there. A guess: who uses
 * it copies and checks. */
static uint64_t checkpoint_for(const struct reader *reader, uint64_t count, uint64_t target)
{
    uint64_t horizon = horizon_of(reader);
    uint64_t best = count - 1;
    for (uint64_t n = count - 1; n + 1 > oldest_checkpoint(reader, count); n--) {
        if (peek_pos(reader, n) < horizon)
            break;
        best = n;
        if (peek_seq(reader, n) <= target)
            break;
        if (n == 0)
            break;
    }
    return best;
}

/* Walks from `place` up to sequence `target`, counting topics. */
static void walk_to(struct reader *reader, struct place *place, uint64_t target)
{
    const uint8_t *data = reader->map.data;
    uint64_t mask = reader->map.g.size - 1;
    uint64_t end = place->pos + reader->map.g.size;
    while (place->seq < target && place->pos < end) {
        const uint8_t *frame = data + (place->pos & mask);
        const _Atomic uint64_t *stamp = (const _Atomic uint64_t *)(const void *)frame;
        if (atomic_load_explicit(stamp, memory_order_acquire) != place->seq)
            break;
        uint32_t size = sj_bus_size_at(frame);
        uint32_t topic = sj_bus_topic_at(frame);
        if (size % SJ_FRAME_UNIT || size > SJ_EVENT_SIZE_MAX || topic >= reader->map.g.topic_count)
            break;
        reader->counts[topic]++;
        place->pos += size;
        place->seq++;
    }
}

static void enter(struct reader *reader, struct place place)
{
    reader_set_base(reader, place.pos, place.seq);
    reader->fast.seq = place.seq;
    reader->sample_seq = place.seq;
    reader_publish_place(reader);
}

sj_rc reader_find_start(struct reader *reader, uint64_t from_seq)
{
    uint64_t last_seq =
        atomic_load_explicit(&reader->map.head->shown.last_seq, memory_order_acquire);
    uint64_t target = from_seq == 0 || from_seq > last_seq ? last_seq + 1 : from_seq;
    for (int i = 0; i < TRIES_MAX; i++) {
        struct place place;
        uint64_t count = checkpoint_count(reader);
        if (count == 0)
            return -ENOENT;
        if (!reader_copy_checkpoint(reader, checkpoint_for(reader, count, target), &place))
            continue;
        uint64_t entered_pos = place.pos;
        walk_to(reader, &place, target);
        if (reader_overtaken(reader, entered_pos))
            continue;
        for (uint32_t t = 0; t < reader->map.g.topic_count; t++)
            atomic_store_explicit(&reader->topics.passed[t], reader->counts[t],
                                  memory_order_relaxed);
        enter(reader, place);
        return 0;
    }
    return -SJ_E_CORRUPT;
}

/* Takes the counts at `place` as passed; the difference was lost. */
static void count_loss(struct reader *reader, const struct place *place)
{
    for (uint32_t t = 0; t < reader->map.g.topic_count; t++) {
        uint64_t passed = atomic_load_explicit(&reader->topics.passed[t], memory_order_relaxed);
        uint64_t lost = reader->counts[t] - passed;
        if (lost == 0)
            continue;
        sj_bus_count(&reader->topics.lost[t], lost);
        atomic_store_explicit(&reader->topics.passed[t], reader->counts[t], memory_order_relaxed);
        if (lost > atomic_load_explicit(&reader->topics.lag_high[t], memory_order_relaxed))
            atomic_store_explicit(&reader->topics.lag_high[t], lost, memory_order_relaxed);
    }
    reader->lost_count += place->seq - reader->base_seq;
}

sj_rc reader_lapped(struct reader *reader)
{
    uint64_t margin = reader->map.g.size / LAP_MARGIN_PART;
    for (int i = 0; i < TRIES_MAX; i++) {
        uint64_t count = checkpoint_count(reader);
        if (count == 0)
            return -SJ_E_CORRUPT;
        uint64_t number = count - 1;
        uint64_t safe_pos = horizon_of(reader) + margin;
        while (number > oldest_checkpoint(reader, count) &&
               peek_pos(reader, number - 1) >= safe_pos)
            number--;
        struct place place;
        if (!reader_copy_checkpoint(reader, number, &place))
            continue;
        if (place.seq <= reader->base_seq)
            return -SJ_E_CORRUPT;
        reader_sample_lag(reader);
        count_loss(reader, &place);
        enter(reader, place);
        return -SJ_E_LAPPED;
    }
    return 0;
}
