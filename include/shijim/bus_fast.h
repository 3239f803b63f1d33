/*
 * bus_fast.h: the bus's inline paths (claim .. commit, next). Include bus.h.
 *
 * Inline because at 5 ns an event a call is a fifth of the cost. The two structs are shown for that
 * reason only: nobody but the bus reads or writes their members.
 *
 * A frame is shown by its stamp (the first 8 bytes, its sequence). Invariant of the producer: the
 * place behind the last frame shown carries the stamp 0, so whoever waits there sees nothing until
 * the one release store that makes it the expected sequence.
 */
#ifndef SHIJIM_BUS_FAST_H
#define SHIJIM_BUS_FAST_H

#include "shijim/bus.h"

#include <stdatomic.h>

#if defined(__SANITIZE_THREAD__)
#define SJ_BUS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SJ_BUS_TSAN 1
#endif
#endif
#ifndef SJ_BUS_TSAN
#define SJ_BUS_TSAN 0
#endif

/* A claim asks for the line this far ahead, to be written: it was last in a reader's cache, and the
 * request takes longer than a frame. */
#define SJ_BUS_AHEAD 1024

/* A reader of frames of mixed sizes asks for what lies this far ahead. */
#define SJ_BUS_READ_AHEAD 2048

/* What others may read of the producer's place; a line of its own. */
struct sj_bus_shown {
    _Atomic uint64_t pos;
    _Atomic uint64_t last_seq;
    _Atomic uint64_t refused_count;
};

struct sj_bus {
    uint8_t *place;      /* the next frame begins here */
    uint8_t *room_end;   /* frames, and the zero stamp behind them, end here */
    uint8_t *zero_place; /* a place ahead whose stamp is known to be 0; SJ_BUS_NOWHERE: none */
    uint64_t seq;        /* of the next frame */
    uint32_t claim_size; /* of the claim under way; 0: none */
    uint32_t size_guess; /* the size of the frame before */
    uint32_t topic_count;
    uint32_t reserved;
    _Atomic uint64_t *published; /* per topic */
    uint8_t *shown_place;        /* all before it is shown */
    uint64_t shown_seq;          /* the sequence of the frame there */
    uint64_t shown_pos;          /* its position: bytes since the ring's birth */
    uint64_t checkpoint_pos;     /* showing a frame beyond this is a time for a checkpoint */
    struct sj_bus_shown *shown;
    _Atomic uint32_t *parked; /* 1: some reader sleeps */
    uint8_t *data;            /* the ring, mapped twice back to back */
    uint64_t mask;
    uint8_t *scratch; /* thread sanitizer only: where claims are written */
};

#define SJ_BUS_NOWHERE ((uint8_t *)UINTPTR_MAX)

struct sj_bus_reader {
    const uint8_t *place;     /* of the next frame to hand out */
    const uint8_t *place_end; /* no frame beyond this before the next release */
    uint64_t seq;             /* of the next frame */
    uint32_t size_guess;      /* the size of the frame before */
    uint32_t topic_count;
    _Atomic uint64_t *passed; /* per topic: read, or lost */
    uint32_t *log;            /* lossy: where the next frame's topic is noted until the release */
};

/* Out of line parts of the inline ones; not for others. */
SJ_API bool sj_bus_claim_slow(struct sj_bus *bus, size_t size);
SJ_API sj_rc sj_bus_refuse(struct sj_bus *bus);
SJ_API void sj_bus_checkpoint(struct sj_bus *bus);
SJ_API void sj_bus_wake(struct sj_bus *bus);
SJ_API sj_rc sj_bus_next_slow(struct sj_bus_reader *reader, const struct sj_frame **ret);
SJ_API void sj_bus_copy_in(void *ring, const void *frame, size_t size);

#define SJ_BUS_UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline _Atomic uint64_t *sj_bus_stamp(uint8_t *place)
{
    return (_Atomic uint64_t *)(void *)place;
}

/* One writer: a load and a store, no locked instruction. */
static inline void sj_bus_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* Frames mostly have the size of the one before. Going on with the guess, once it is seen to be
 * right, lets the processor start on the next frame before this one's size has arrived; the empty
 * asm keeps the compiler from putting the size back in. */
static inline uint32_t sj_bus_guess(uint32_t *guess, uint32_t size)
{
    uint32_t guessed = *guess;
    if (SJ_BUS_UNLIKELY(guessed != size)) {
        *guess = size;
        return size;
    }
    __asm__("" : "+r"(guessed));
    return guessed;
}

/* The same for a reader. Where sizes differ from frame to frame, each place is known only once the
 * frame before has arrived; the lines of frames to come are asked for then, or every frame would
 * cost the way from the producer's cache. */
static inline uint32_t sj_bus_guess_ahead(uint32_t *guess, uint32_t size, const uint8_t *place)
{
    if (SJ_BUS_UNLIKELY(*guess != size))
        for (uint32_t at = 0; at < size; at += 64)
            __builtin_prefetch(place + SJ_BUS_READ_AHEAD + at);
    return sj_bus_guess(guess, size);
}

static inline void *sj_bus_claim(struct sj_bus *bus, size_t size)
{
    if (SJ_BUS_UNLIKELY(size > SJ_EVENT_SIZE_MAX ||
                        bus->place + size + SJ_FRAME_UNIT > bus->room_end))
        if (!sj_bus_claim_slow(bus, size))
            return NULL;
    __builtin_prefetch(bus->place + SJ_BUS_AHEAD, 1);
    bus->claim_size = (uint32_t)size;
    if (bus->place + size > bus->zero_place)
        bus->zero_place = SJ_BUS_NOWHERE;
    return SJ_BUS_TSAN ? bus->scratch : bus->place;
}

static inline void sj_bus_warm(const struct sj_bus *bus, size_t size)
{
    for (size_t at = 0; at < size; at += 64)
        __builtin_prefetch(bus->place + at, 1);
}

static inline sj_rc sj_bus_stage(struct sj_bus *bus)
{
    uint8_t *place = bus->place;
    const struct sj_frame *head = (const struct sj_frame *)(SJ_BUS_TSAN ? bus->scratch : place);
    uint32_t size = sj_frame_size(head);
    uint32_t topic = head->instrument;
    if (SJ_BUS_UNLIKELY(size > bus->claim_size || size % SJ_FRAME_UNIT ||
                        topic >= bus->topic_count))
        return sj_bus_refuse(bus);
    if (SJ_BUS_TSAN)
        sj_bus_copy_in(place, bus->scratch, size);
    if (place != bus->shown_place)
        atomic_store_explicit(sj_bus_stamp(place), bus->seq, memory_order_relaxed);
    bus->place = place + sj_bus_guess(&bus->size_guess, size);
    bus->seq++;
    bus->claim_size = 0;
    sj_bus_count(&bus->published[topic], 1);
    return 0;
}

/* If the next batch is as long as this one, its zero is already there: writing it now, behind the
 * release, keeps the wait for that line out of the next batch's way. */
static inline void sj_bus_zero_ahead(struct sj_bus *bus, size_t shown_size)
{
    uint8_t *ahead = bus->place + shown_size;
    bus->zero_place = SJ_BUS_NOWHERE;
    if (shown_size <= SJ_EVENT_SIZE_MAX && ahead + SJ_FRAME_UNIT <= bus->room_end) {
        bus->zero_place = ahead;
        atomic_store_explicit(sj_bus_stamp(ahead), 0, memory_order_relaxed);
    }
}

static inline void sj_bus_flush(struct sj_bus *bus)
{
    size_t shown_size = (size_t)(bus->place - bus->shown_place);
    if (shown_size == 0)
        return;
    if (bus->place != bus->zero_place)
        atomic_store_explicit(sj_bus_stamp(bus->place), 0, memory_order_relaxed);
    atomic_store_explicit(sj_bus_stamp(bus->shown_place), bus->shown_seq, memory_order_release);
    bus->shown_pos += shown_size;
    bus->shown_seq = bus->seq;
    if (SJ_BUS_UNLIKELY(bus->place > bus->data + bus->mask)) { /* back into the first mapping */
        bus->place -= bus->mask + 1;
        bus->room_end -= bus->mask + 1;
    }
    bus->shown_place = bus->place;
    sj_bus_zero_ahead(bus, shown_size);
    atomic_store_explicit(&bus->shown->pos, bus->shown_pos, memory_order_relaxed);
    atomic_store_explicit(&bus->shown->last_seq, bus->seq - 1, memory_order_relaxed);
    if (SJ_BUS_UNLIKELY(bus->shown_pos >= bus->checkpoint_pos))
        sj_bus_checkpoint(bus);
    if (SJ_BUS_UNLIKELY(atomic_load_explicit(bus->parked, memory_order_relaxed)))
        sj_bus_wake(bus);
}

static inline sj_rc sj_bus_commit(struct sj_bus *bus)
{
    sj_rc rc = sj_bus_stage(bus);
    sj_bus_flush(bus);
    return rc;
}

static inline void sj_bus_abort(struct sj_bus *bus)
{
    /* The claimant may have written a stamp where readers wait. */
    if (!SJ_BUS_TSAN && bus->claim_size && bus->place == bus->shown_place)
        atomic_store_explicit(sj_bus_stamp(bus->place), 0, memory_order_relaxed);
    bus->claim_size = 0;
}

/* A frame's block length and topic, loaded as the words they lie in: a lossy reader may be looking
 * at bytes that are being overwritten. */
static inline uint32_t sj_bus_size_at(const uint8_t *frame)
{
    const _Atomic uint64_t *word = (const _Atomic uint64_t *)(const void *)(frame + 8);
    return (uint16_t)atomic_load_explicit(word, memory_order_relaxed) + SJ_FRAME_HEAD_SIZE;
}

static inline uint32_t sj_bus_topic_at(const uint8_t *frame)
{
    const _Atomic uint64_t *word = (const _Atomic uint64_t *)(const void *)(frame + 16);
    return (uint32_t)atomic_load_explicit(word, memory_order_relaxed);
}

static inline sj_rc sj_bus_next(struct sj_bus_reader *reader, const struct sj_frame **ret)
{
    const uint8_t *place = reader->place;
    const _Atomic uint64_t *stamp = (const _Atomic uint64_t *)(const void *)place;
    if (SJ_BUS_UNLIKELY(atomic_load_explicit(stamp, memory_order_acquire) != reader->seq))
        return sj_bus_next_slow(reader, ret);
    uint32_t size = sj_bus_size_at(place);
    uint32_t topic = sj_bus_topic_at(place);
    if (SJ_BUS_UNLIKELY(size > SJ_EVENT_SIZE_MAX || size % SJ_FRAME_UNIT ||
                        topic >= reader->topic_count || place >= reader->place_end ||
                        (SJ_BUS_TSAN && reader->log)))
        return sj_bus_next_slow(reader, ret);
    reader->place = place + sj_bus_guess_ahead(&reader->size_guess, size, place);
    reader->seq++;
    if (reader->log)
        *reader->log++ = topic;
    else
        sj_bus_count(&reader->passed[topic], 1);
    *ret = (const struct sj_frame *)(const void *)place;
    return 1;
}

#endif
