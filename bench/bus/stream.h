/*
 * stream.h: what bus and bare ring are measured with: two processes on two cores, and frames of
 * which every one is checked (its topic's sequence, and a sum over its content).
 */
#ifndef BENCH_BUS_STREAM_H
#define BENCH_BUS_STREAM_H

#include "bench/bench.h"
#include "bus/bus.h"

#include <stdatomic.h>

#define STREAM_TOPICS 1000
#define STREAM_RING "bench"

/* One run: the producing process sends `count` frames, the consuming one checks them. */
struct stream {
    uint64_t count;
    uint32_t frame_size; /* 32 or 64 */
    uint32_t batch;      /* frames shown together; 1: each by itself */
    const char *dir;
};

/* Starts `produce` in a process on the second core and runs `consume` on the first; seconds from
 * both being ready to the last frame checked, or -1 when either said that something was wrong. */
double stream_run(const struct stream *stream, bool (*produce)(const struct stream *, void *shared),
                  bool (*consume)(const struct stream *, void *shared), void *shared);

/* Memory that both processes see; to be given back with munmap. */
void *stream_shared(size_t size);

/* Both sides call it: returns when the other has, too. */
void stream_meet(void *shared);
#define STREAM_MEET_SIZE 128

struct stream_frame {
    struct sj_frame head; /* flags: the sum; exch_ns: the topic's sequence */
    uint64_t words[4];    /* of 64-byte frames */
};

/* Topics come round in a scattered order, so that neighbours differ. */
struct stream_state {
    uint32_t topic;
    uint64_t wrong;
    uint64_t n[STREAM_TOPICS];
};

static inline uint32_t stream_sum(uint32_t topic, uint64_t n, const uint64_t *words, uint32_t size)
{
    uint64_t sum = n + topic;
    if (size == 64)
        sum += (words[0] ^ words[1]) + (words[2] ^ words[3]);
    return (uint32_t)((sum * 0x9e3779b97f4a7c15ULL) >> 32);
}

/* All of the next frame but its stamp. */
static inline void stream_write(struct stream_state *state, struct stream_frame *frame,
                                uint32_t size)
{
    state->topic += 617;
    state->topic -= state->topic >= STREAM_TOPICS ? STREAM_TOPICS : 0;
    uint64_t n = ++state->n[state->topic];
    uint64_t words[4] = {n, n << 7, n ^ state->topic, n + 3};
    frame->head.block_length = (uint16_t)(size - SJ_FRAME_HEAD_SIZE);
    frame->head.template_id = SJ_EVENT_TIMER;
    frame->head.schema_id = SJ_SCHEMA_ID;
    frame->head.version = SJ_SCHEMA_VERSION;
    frame->head.instrument = state->topic;
    frame->head.flags = stream_sum(state->topic, n, words, size);
    frame->head.exch_ns = (int64_t)n;
    if (size == 64)
        for (int i = 0; i < 4; i++)
            frame->words[i] = words[i];
}

static inline void stream_check(struct stream_state *state, const struct stream_frame *frame,
                                uint32_t size)
{
    uint32_t topic = frame->head.instrument;
    uint64_t n = (uint64_t)frame->head.exch_ns;
    state->wrong |= topic >= STREAM_TOPICS;
    topic = topic < STREAM_TOPICS ? topic : 0;
    state->wrong |= n ^ ++state->n[topic];
    state->wrong |= stream_sum(topic, n, frame->words, size) ^ frame->head.flags;
}

/* As long as nothing is there. Not at once again: looking takes the line from the producer. */
static inline void stream_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* The bare ring (bare.c): frames of one size, a sequence in each, a limit that is looked at when it
 * is reached. Nothing else. */
double bare_run(const struct stream *stream, uint64_t ring_size);

/* latency.c */
int bench_rtt(const struct sj_bench_options *options, const char *dir);
int bench_lossy_readers(const struct sj_bench_options *options, const char *dir);
int bench_burst(const struct sj_bench_options *options, const char *dir);

#endif
