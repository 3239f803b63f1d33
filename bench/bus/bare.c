#include "bench/bus/stream.h"

#include <stdlib.h>
#include <sys/mman.h>

struct bare {
    uint8_t meeting[STREAM_MEET_SIZE];
    uint64_t ring_size;
    _Alignas(64) _Atomic uint64_t read_seq; /* the consumer's; published every RELEASE frames */
    _Alignas(4096) uint8_t data[];
};

#define RELEASE 256

static inline _Atomic uint64_t *stamp_of(void *frame)
{
    return frame;
}

static inline __attribute__((always_inline)) bool produce_size(const struct stream *stream,
                                                               struct bare *bare, uint32_t size)
{
    uint64_t slots = bare->ring_size / size;
    uint64_t limit = slots;
    struct stream_state *state = calloc(1, sizeof *state);
    stream_meet(bare);
    for (uint64_t seq = 1; seq <= stream->count; seq++) {
        while (seq > limit) {
            limit = atomic_load_explicit(&bare->read_seq, memory_order_acquire) + slots;
            if (seq > limit)
                stream_pause();
        }
        uint8_t *place = bare->data + ((seq - 1) & (slots - 1)) * size;
        stream_write(state, (struct stream_frame *)(void *)place, size);
        atomic_store_explicit(stamp_of(place), seq, memory_order_release);
    }
    free(state);
    return true;
}

static inline __attribute__((always_inline)) bool consume_size(const struct stream *stream,
                                                               struct bare *bare, uint32_t size)
{
    uint64_t slots = bare->ring_size / size;
    struct stream_state *state = calloc(1, sizeof *state);
    for (uint64_t seq = 1; seq <= stream->count; seq++) {
        uint8_t *place = bare->data + ((seq - 1) & (slots - 1)) * size;
        while (atomic_load_explicit(stamp_of(place), memory_order_acquire) != seq)
            stream_pause();
        stream_check(state, (const struct stream_frame *)(const void *)place, size);
        if (seq % RELEASE == 0)
            atomic_store_explicit(&bare->read_seq, seq, memory_order_release);
    }
    bool good = state->wrong == 0;
    free(state);
    return good;
}

static bool produce(const struct stream *stream, void *shared)
{
    return stream->frame_size == 32 ? produce_size(stream, shared, 32)
                                    : produce_size(stream, shared, 64);
}

static bool consume(const struct stream *stream, void *shared)
{
    return stream->frame_size == 32 ? consume_size(stream, shared, 32)
                                    : consume_size(stream, shared, 64);
}

double bare_run(const struct stream *stream, uint64_t ring_size)
{
    size_t size = sizeof(struct bare) + ring_size;
    struct bare *bare = stream_shared(size);
    if (!bare)
        return -1;
    bare->ring_size = ring_size;
    double seconds = stream_run(stream, produce, consume, bare);
    munmap(bare, size);
    return seconds;
}
