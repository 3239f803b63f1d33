/*
 * bus.c: the bus from one process to another, beside a bare ring in the same runs.
 */
#include "bench/bus/stream.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RELEASE 256
/* A reader that has caught up looks again only after this many pauses (some microseconds): whoever
 * reads right behind the producer takes from it the lines it is about to write. */
#define LET_AHEAD 256
#define BATCH 128
/* Twice the second-level cache, so that what the reader wants has left the producer's; the bare
 * ring is at its best with one that fits. */
#define RING_SIZE (4u << 20)
#define BARE_RING_SIZE (1u << 20)

static inline __attribute__((always_inline)) bool produce_size(const struct stream *stream,
                                                               void *shared, uint32_t size)
{
    struct sj_bus *bus;
    struct sj_bus_options options = {
        .dir = stream->dir, .name = STREAM_RING, .size = RING_SIZE, .topic_count = STREAM_TOPICS};
    struct stream_state *state = calloc(1, sizeof *state);
    bool good = sj_bus_create(&options, &bus) == 0;
    stream_meet(shared); /* the ring is there */
    stream_meet(shared); /* its reader, too */
    uint32_t batch = stream->batch;
    for (uint64_t sent = 0; good && sent < stream->count; sent += batch) {
        for (uint32_t i = 0; i < batch; i++) {
            void *place;
            while (!(place = sj_bus_claim(bus, size))) {
                sj_bus_flush(bus);
                stream_pause();
            }
            stream_write(state, place, size);
            good &= sj_bus_stage(bus) == 0;
        }
        sj_bus_flush(bus);
    }
    free(state);
    if (good)
        sj_bus_close(bus);
    return good;
}

static inline __attribute__((always_inline)) bool consume_size(const struct stream *stream,
                                                               struct sj_bus_reader *reader,
                                                               uint32_t size)
{
    struct stream_state *state = calloc(1, sizeof *state);
    sj_rc rc = 0;
    uint64_t seq = 1;
    while (seq <= stream->count) {
        const struct sj_frame *frame;
        rc = sj_bus_next(reader, &frame);
        if (rc == 1) {
            stream_check(state, (const struct stream_frame *)(const void *)frame, size);
            state->wrong |= frame->seq ^ seq;
            if (seq++ % RELEASE)
                continue;
        } else if (rc < 0) {
            break;
        } else {
            for (int i = 0; i < LET_AHEAD; i++)
                stream_pause();
        }
        if ((rc = sj_bus_release(reader)) < 0)
            break;
    }
    bool good = state->wrong == 0 && rc >= 0;
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
    struct sj_bus_reader *reader;
    struct sj_bus_reader_options options = {
        .dir = stream->dir, .name = STREAM_RING, .reader_name = "bench", .policy = SJ_BUS_GATE};
    if (sj_bus_attach(&options, &reader) < 0)
        return false;
    stream_meet(shared);
    bool good = stream->frame_size == 32 ? consume_size(stream, reader, 32)
                                         : consume_size(stream, reader, 64);
    sj_bus_detach(reader);
    return good;
}

static double bus_run(const struct stream *stream)
{
    void *shared = stream_shared(4096);
    if (!shared)
        return -1;
    double seconds = stream_run(stream, produce, consume, shared);
    munmap(shared, 4096);
    return sj_bus_remove(stream->dir, STREAM_RING) == 0 ? seconds : -1;
}

/* One case: the bus and the bare ring by turns. */
static int bench_stream(const struct sj_bench_options *options, const char *name,
                        const struct stream *stream, const char *reference)
{
    if (!sj_bench_wants(options, name))
        return 0;
    struct sj_bench_figure figure = {.bench = "bus",
                                     .name = name,
                                     .metric = "events_per_s",
                                     .unit = "1/s",
                                     .reference = reference};
    for (uint32_t run = 0; run <= options->runs; run++) {
        double bus_s = bus_run(stream);
        double bare_s = bare_run(stream, BARE_RING_SIZE);
        SJ_BENCH_CHECK(bus_s > 0 && bare_s > 0, "bus %s: a frame came out of order or changed",
                       name);
        if (run == 0)
            continue; /* warm-up */
        sj_bench_add(&figure, (double)stream->count / bus_s);
        sj_bench_add_reference(&figure, (double)stream->count / bare_s);
    }
    sj_bench_report(options, &figure);
    return 0;
}

int sj_bench_bus(const struct sj_bench_options *options);

int sj_bench_bus(const struct sj_bench_options *options)
{
    char dir[] = "/dev/shm/shijim-bench-XXXXXX";
    SJ_BENCH_CHECK(mkdtemp(dir), "making %s", dir);
    const char *bare = "bare ring of the same frames";
    uint64_t count = (uint64_t)(options->scale * 40e6) / BATCH * BATCH;
    struct stream topics = {.count = count, .frame_size = 32, .batch = BATCH, .dir = dir};
    struct stream batched = {.count = count / 2, .frame_size = 64, .batch = BATCH, .dir = dir};
    struct stream single = {.count = count / 2, .frame_size = 64, .batch = 1, .dir = dir};
    int rc = bench_stream(options, "32B_1000topics", &topics, bare);
    rc = rc ? rc : bench_stream(options, "64B_batch", &batched, bare);
    rc = rc ? rc : bench_stream(options, "64B_single", &single, bare);
    rc = rc ? rc : bench_rtt(options, dir);
    rc = rc ? rc : bench_lossy_readers(options, dir);
    rc = rc ? rc : bench_burst(options, dir);
    char lock[64];
    snprintf(lock, sizeof lock, "%s/.lock", dir);
    unlink(lock);
    rmdir(dir);
    return rc;
}
SJ_BENCH(bus, "events from one process to another over the bus");
