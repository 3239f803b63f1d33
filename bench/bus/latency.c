/*
 * latency.c: the way there and back, what attached readers cost, and the morning's burst.
 */
#include "bench/bus/stream.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PING "ping"
#define PONG "pong"
#define RTT_TRIPS 400000
#define RTT_GROUP 16 /* trips timed together, as in the reference */
#define RTT_RING_SIZE (256u << 10)

static sj_rc make_ring(const struct stream *stream, const char *name, uint64_t size,
                       struct sj_bus **ret)
{
    struct sj_bus_options options = {
        .dir = stream->dir, .name = name, .size = size, .topic_count = STREAM_TOPICS};
    return sj_bus_create(&options, ret);
}

static sj_rc open_ring(const struct stream *stream, const char *name, enum sj_bus_policy policy,
                       struct sj_bus_reader **ret)
{
    struct sj_bus_reader_options options = {.dir = stream->dir, .name = name, .policy = policy};
    return sj_bus_attach(&options, ret);
}

/* Spins for the next frame and checks it. */
static bool receive(struct sj_bus_reader *reader, struct stream_state *state)
{
    const struct sj_frame *frame;
    sj_rc rc;
    while ((rc = sj_bus_next(reader, &frame)) == 0)
        ;
    if (rc < 0)
        return false;
    stream_check(state, (const struct stream_frame *)(const void *)frame, 64);
    return sj_bus_release(reader) == 0;
}

static bool send(struct sj_bus *bus, struct stream_state *state)
{
    void *place = sj_bus_claim(bus, 64);
    if (!place)
        return false;
    stream_write(state, place, 64);
    return sj_bus_commit(bus) == 0;
}

static bool answer(const struct stream *stream, void *shared)
{
    struct sj_bus *pong = NULL;
    struct sj_bus_reader *ping = NULL;
    struct stream_state *in = calloc(2, sizeof *in);
    struct stream_state *out = in + 1;
    bool good = make_ring(stream, PONG, RTT_RING_SIZE, &pong) == 0;
    stream_meet(shared);
    stream_meet(shared); /* both rings are there */
    good = good && open_ring(stream, PING, SJ_BUS_GATE, &ping) == 0;
    stream_meet(shared); /* both have readers */
    for (uint64_t i = 0; good && i < stream->count; i++)
        good = receive(ping, in) && send(pong, out);
    good = good && in->wrong == 0;
    stream_meet(shared);
    sj_bus_detach(ping);
    sj_bus_close(pong);
    free(in);
    return good;
}

struct rtt {
    uint8_t meeting[STREAM_MEET_SIZE];
    struct sj_hist hist;
};

static bool ask(const struct stream *stream, void *shared)
{
    struct sj_bus *ping = NULL;
    struct sj_bus_reader *pong = NULL;
    struct stream_state *in = calloc(2, sizeof *in);
    struct stream_state *out = in + 1;
    struct sj_hist *hist = &((struct rtt *)shared)->hist;
    bool good = make_ring(stream, PING, RTT_RING_SIZE, &ping) == 0;
    stream_meet(shared);
    good = good && open_ring(stream, PONG, SJ_BUS_GATE, &pong) == 0;
    stream_meet(shared);
    for (uint64_t i = 0; good && i < stream->count; i += RTT_GROUP) {
        int64_t begin_ns = sj_clock_mono_ns();
        for (int k = 0; good && k < RTT_GROUP; k++)
            good = send(ping, out) && receive(pong, in);
        sj_hist_record_many(hist, (sj_clock_mono_ns() - begin_ns) / RTT_GROUP, RTT_GROUP);
    }
    good = good && in->wrong == 0;
    stream_meet(shared);
    sj_bus_detach(pong);
    sj_bus_close(ping);
    free(in);
    return good;
}

int bench_rtt(const struct sj_bench_options *options, const char *dir)
{
    if (!sj_bench_wants(options, "rtt"))
        return 0;
    struct sj_bench_figure figure = {.bench = "bus",
                                     .name = "rtt",
                                     .metric = "p50_ns",
                                     .unit = "ns",
                                     .reference = "round trip of a raw cache line"};
    uint64_t trips = (uint64_t)(options->scale * RTT_TRIPS) / RTT_GROUP * RTT_GROUP;
    struct stream stream = {.count = trips, .frame_size = 64, .dir = dir};
    struct sj_hist *hists = calloc(options->runs, sizeof *hists);
    struct rtt *shared = stream_shared(sizeof *shared);
    SJ_BENCH_CHECK(hists && shared, "bus rtt: no memory");
    for (uint32_t run = 0; run < options->runs; run++) {
        memset(shared, 0, sizeof *shared);
        double before_ns = sj_bench_line_round_trip_ns((uint32_t)trips / 2);
        double seconds = stream_run(&stream, answer, ask, shared);
        double after_ns = sj_bench_line_round_trip_ns((uint32_t)trips / 2);
        SJ_BENCH_CHECK(seconds > 0, "bus rtt: a frame was lost or changed");
        SJ_BENCH_CHECK(sj_bus_remove(dir, PING) == 0 && sj_bus_remove(dir, PONG) == 0,
                       "bus rtt: a ring is still in use");
        memcpy(&hists[run], &shared->hist, sizeof *hists);
        sj_bench_add_reference(&figure, (before_ns + after_ns) / 2);
    }
    sj_bench_report_hists(options, &figure, hists, options->runs);
    munmap(shared, sizeof *shared);
    free(hists);
    return 0;
}

#define PUBLISH_COUNT 4000000
#define PUBLISH_RING_SIZE (1u << 20)

/* ns a publish with `reader_count` lossy readers attached. With the last of them, it is checked
 * that all were told exactly what they lost. */
static double publish_ns(const char *dir, uint32_t reader_count, uint64_t count)
{
    struct stream stream = {.dir = dir};
    struct sj_bus *bus;
    struct sj_bus_reader *readers[SJ_BUS_READERS_MAX];
    uint8_t frame[SJ_EVENT_SIZE_MAX];
    struct stream_state *state = calloc(1, sizeof *state);
    if (!state || make_ring(&stream, STREAM_RING, PUBLISH_RING_SIZE, &bus) < 0)
        return -1;
    bool good = true;
    for (uint32_t i = 0; i < reader_count; i++)
        good &= open_ring(&stream, STREAM_RING, SJ_BUS_LOSSY, &readers[i]) == 0;
    int64_t begin_ns = sj_clock_mono_ns();
    for (uint64_t i = 0; i < count; i++)
        good &= send(bus, state);
    int64_t end_ns = sj_clock_mono_ns();
    for (uint32_t i = 0; i < reader_count; i++) {
        uint64_t got = 0;
        sj_rc rc;
        while ((rc = sj_bus_poll(readers[i], frame)) > 0 || rc == -SJ_E_LAPPED)
            got += rc > 0;
        good &= rc == 0 && got + sj_bus_reader_lost(readers[i]) == count;
        sj_bus_detach(readers[i]);
    }
    sj_bus_close(bus);
    free(state);
    good &= sj_bus_remove(dir, STREAM_RING) == 0;
    return good ? (double)(end_ns - begin_ns) / (double)count : -1;
}

int bench_lossy_readers(const struct sj_bench_options *options, const char *dir)
{
    if (!sj_bench_wants(options, "64_lossy_readers"))
        return 0;
    struct sj_bench_figure ratio = {
        .bench = "bus", .name = "64_lossy_readers", .metric = "ratio", .unit = "x"};
    struct sj_bench_figure cost = {.bench = "bus",
                                   .name = "64_lossy_readers",
                                   .metric = "publish_ns",
                                   .unit = "ns",
                                   .reference = "a publish with one reader"};
    uint64_t count = (uint64_t)(options->scale * PUBLISH_COUNT);
    for (uint32_t run = 0; run <= options->runs; run++) {
        double one_ns = publish_ns(dir, 1, count);
        double many_ns = publish_ns(dir, SJ_BUS_READERS_MAX, count);
        SJ_BENCH_CHECK(one_ns > 0 && many_ns > 0, "bus 64_lossy_readers: a loss not accounted for");
        if (run == 0)
            continue;
        sj_bench_add(&ratio, many_ns / one_ns);
        sj_bench_add(&cost, many_ns);
        sj_bench_add_reference(&cost, one_ns);
    }
    sj_bench_report(options, &ratio);
    sj_bench_report(options, &cost);
    return 0;
}

#define BURST_COUNT 70000
#define BURST_RING_SIZE (64u << 20)
#define BURST_ROUNDS 20
#define BURST_READERS 2
#define BURST_TURN 1024 /* events that one reader takes before the next one's turn */

struct burst {
    uint8_t meeting[STREAM_MEET_SIZE];
    _Alignas(64) _Atomic int64_t begin_ns;
    _Alignas(64) _Atomic uint64_t rounds_read;
    struct sj_hist hist;
};

/* Trades of 160 bytes and books of 256, in turn; content as in the streams, in the tail zeros. */
static size_t burst_frames(uint8_t *frames, struct stream_state *state)
{
    size_t size = 0;
    for (uint32_t i = 0; i < BURST_COUNT; i++) {
        struct stream_frame *frame = (struct stream_frame *)(void *)(frames + size);
        uint32_t frame_size = i % 2 ? 256 : 160;
        stream_write(state, frame, 64);
        frame->head.block_length = (uint16_t)(frame_size - SJ_FRAME_HEAD_SIZE);
        size += frame_size;
    }
    return size;
}

static bool burst_produce(const struct stream *stream, void *shared)
{
    struct burst *burst = shared;
    struct sj_bus *bus = NULL;
    struct stream_state *state = calloc(1, sizeof *state);
    uint8_t *frames = calloc(BURST_COUNT, 256);
    bool good = frames && make_ring(stream, STREAM_RING, BURST_RING_SIZE, &bus) == 0;
    stream_meet(burst);
    stream_meet(burst);
    for (uint64_t round = 0; good && round < stream->count; round++) {
        size_t size = burst_frames(frames, state);
        while (atomic_load(&burst->rounds_read) < round)
            stream_pause();
        atomic_store(&burst->begin_ns, sj_clock_mono_ns());
        good = sj_bus_publish_many(bus, frames, size, BURST_COUNT) == 0;
    }
    stream_meet(burst);
    sj_bus_close(bus);
    free(frames);
    free(state);
    return good;
}

/* Reads a whole burst with every reader, by turns. */
static bool burst_round(struct sj_bus_reader **readers, struct stream_state *states, uint64_t round)
{
    uint64_t end_seq = (round + 1) * BURST_COUNT + 1;
    uint64_t last_seq = 0; /* of the reader that is furthest behind */
    while (last_seq < end_seq) {
        last_seq = end_seq;
        for (int i = 0; i < BURST_READERS; i++) {
            const struct sj_frame *frame;
            sj_rc rc = 0;
            for (int k = 0; k < BURST_TURN && (rc = sj_bus_next(readers[i], &frame)) == 1; k++)
                stream_check(&states[i], (const struct stream_frame *)(const void *)frame, 64);
            if (rc < 0 || sj_bus_release(readers[i]) < 0)
                return false;
            if (sj_bus_reader_next_seq(readers[i]) < last_seq)
                last_seq = sj_bus_reader_next_seq(readers[i]);
        }
    }
    return true;
}

static bool burst_consume(const struct stream *stream, void *shared)
{
    struct burst *burst = shared;
    struct sj_bus_reader *readers[BURST_READERS] = {0};
    struct stream_state *states = calloc(BURST_READERS, sizeof *states);
    bool good = open_ring(stream, STREAM_RING, SJ_BUS_GATE, &readers[0]) == 0 &&
                open_ring(stream, STREAM_RING, SJ_BUS_LOSSY, &readers[1]) == 0;
    stream_meet(burst);
    for (uint64_t round = 0; good && round < stream->count; round++) {
        good = burst_round(readers, states, round);
        int64_t took_ns = sj_clock_mono_ns() - atomic_load(&burst->begin_ns);
        if (round > 0) /* the first one finds cold caches and pages */
            sj_hist_record_many(&burst->hist, took_ns, 1);
        atomic_store(&burst->rounds_read, good ? round + 1 : stream->count);
    }
    stream_meet(burst);
    for (int i = 0; i < BURST_READERS; i++) {
        good &= states[i].wrong == 0;
        sj_bus_detach(readers[i]);
    }
    free(states);
    return good;
}

int bench_burst(const struct sj_bench_options *options, const char *dir)
{
    if (!sj_bench_wants(options, "burst_70k"))
        return 0;
    struct sj_bench_figure figure = {.bench = "bus",
                                     .name = "burst_70k",
                                     .metric = "p50_ns",
                                     .unit = "ns",
                                     .reference = "copying the same bytes once"};
    struct stream stream = {.count = BURST_ROUNDS + 1, .dir = dir};
    struct sj_hist *hists = calloc(options->runs, sizeof *hists);
    struct burst *shared = stream_shared(sizeof *shared);
    SJ_BENCH_CHECK(hists && shared, "bus burst_70k: no memory");
    size_t size = (size_t)BURST_COUNT * 208;
    for (uint32_t run = 0; run < options->runs; run++) {
        memset(shared, 0, sizeof *shared);
        sj_bench_add_reference(&figure, (double)size / sj_bench_memcpy_bytes_per_s(size) * 1e9);
        SJ_BENCH_CHECK(stream_run(&stream, burst_produce, burst_consume, shared) > 0,
                       "bus burst_70k: a frame was lost or changed");
        SJ_BENCH_CHECK(sj_bus_remove(dir, STREAM_RING) == 0, "bus burst_70k: still in use");
        memcpy(&hists[run], &shared->hist, sizeof *hists);
    }
    sj_bench_report_hists(options, &figure, hists, options->runs);
    munmap(shared, sizeof *shared);
    free(hists);
    return 0;
}
