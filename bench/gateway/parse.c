/*
 * bench parse: one payload into its finished event, beside simdjson finding the same fields.
 *
 * All messages of a pool differ. A batch of them is copied to one place, as a socket's bytes come
 * to a receive buffer, and timed as a whole; the cost of timing is taken off and reported. The
 * figure is the median over batches of the time per message.
 */
#include "bench/bench.h"
#include "bench/gateway/parse_messages.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef SJ_BENCH_SIMDJSON
#include "bench/gateway/parse_simdjson.h"
#endif

#define BATCH 32
#define BATCHES 1024 /* of different messages */
#define ROUNDS 4     /* over the pool in a run */
#define BATCH_SIZE (BATCH * MESSAGE_SIZE_MAX)

struct batch {
    uint32_t offsets[BATCH];
    uint32_t sizes[BATCH];
    uint32_t size;
    char *bytes;
};

struct bench {
    struct message_maker *maker;
    struct sj_parse *parse;
    enum message_kind kind;
    enum message_form form;
    double overhead_ns; /* of timing nothing */
    struct batch batches[BATCHES];
    _Alignas(64) char bytes[BATCH_SIZE + SJ_PARSE_PADDING]; /* the batch at hand */
    _Alignas(32) char frames[BATCH][SJ_EVENT_SIZE_MAX];
    uint64_t failed;
    uint64_t message_bytes;
    double ours_ns[BATCHES * ROUNDS];
    double theirs_ns[BATCHES * ROUNDS];
};

static double now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static bool make_batch(struct bench *bench, struct batch *batch)
{
    batch->size = 0;
    for (uint32_t i = 0; i < BATCH; i++) {
        batch->offsets[i] = batch->size;
        batch->sizes[i] = (uint32_t)message_make(bench->maker, bench->kind, bench->form,
                                                 bench->bytes + batch->size);
        batch->size += batch->sizes[i];
    }
    bench->message_bytes += batch->size;
    batch->bytes = malloc(batch->size);
    if (batch->bytes)
        memcpy(batch->bytes, bench->bytes, batch->size);
    return batch->bytes != NULL;
}

static double time_ours(struct bench *bench, const struct batch *batch)
{
    enum sj_channel channel = message_channel(bench->kind);
    double start = now_ns();
    for (uint32_t i = 0; i < BATCH; i++) {
        sj_rc rc = sj_parse_event(bench->parse, channel, bench->bytes + batch->offsets[i],
                                  batch->sizes[i], 1, bench->frames[i]);
        bench->failed += rc < 0;
    }
    return (now_ns() - start - bench->overhead_ns) / BATCH;
}

static double time_theirs(struct bench *bench, const struct batch *batch)
{
#ifdef SJ_BENCH_SIMDJSON
    double start = now_ns();
    for (uint32_t i = 0; i < BATCH; i++)
        bench->failed += simdjson_find((int)bench->kind, bench->form != MESSAGE_SHUFFLED,
                                       bench->bytes + batch->offsets[i], batch->sizes[i]) == 0;
    return (now_ns() - start - bench->overhead_ns) / BATCH;
#else
    (void)bench;
    (void)batch;
    return 0;
#endif
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, uint32_t count)
{
    qsort(values, count, sizeof(values[0]), compare);
    return values[count / 2];
}

static double timing_overhead_ns(void)
{
    double values[1001];
    for (uint32_t i = 0; i < 1001; i++) {
        double start = now_ns();
        values[i] = now_ns() - start;
    }
    return median(values, 1001);
}

struct figure_pair {
    double ours_ns, theirs_ns;
    struct sj_hist *hist;
};

static void run(struct bench *bench, uint32_t count, struct figure_pair *pair)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct batch *batch = &bench->batches[i % BATCHES];
        memcpy(bench->bytes, batch->bytes, batch->size);
        /* Each goes first in turn. */
        if (i % 2 == 0)
            bench->theirs_ns[i] = time_theirs(bench, batch);
        bench->ours_ns[i] = time_ours(bench, batch);
        if (i % 2 != 0)
            bench->theirs_ns[i] = time_theirs(bench, batch);
        sj_hist_record_many(pair->hist, (int64_t)(bench->ours_ns[i] + 0.5), BATCH);
    }
    pair->ours_ns = median(bench->ours_ns, count);
    pair->theirs_ns = median(bench->theirs_ns, count);
}

static void report_rest(const struct sj_bench_options *options, const struct bench *bench,
                        const char *name, const struct sj_hist *hist, double fast_share)
{
    struct sj_bench_figure figures[] = {
        {"parse", name, "p90_ns", "ns"},
        {"parse", name, "p99_ns", "ns"},
        {"parse", name, "message_bytes", "bytes"},
        {"parse", name, "fast_share", "1"},
    };
    double values[] = {(double)sj_hist_percentile(hist, 90), (double)sj_hist_percentile(hist, 99),
                       (double)bench->message_bytes / (BATCH * BATCHES), fast_share};
    for (int i = 0; i < 4; i++) {
        sj_bench_add(&figures[i], values[i]);
        sj_bench_report(options, &figures[i]);
    }
}

static int bench_case(const struct sj_bench_options *options, struct bench *bench, const char *name,
                      struct sj_hist *hist)
{
    struct sj_bench_figure figure = {"parse", name, "p50_ns", "ns"};
    struct figure_pair pair = {.hist = hist};
    uint32_t count = (uint32_t)(BATCHES * ROUNDS * (options->scale < 1 ? options->scale : 1));
    count = count < 100 ? 100 : count;
#ifdef SJ_BENCH_SIMDJSON
    figure.reference = "simdjson on-demand, same fields, same bytes";
#endif
    for (uint32_t i = 0; i < BATCHES; i++)
        SJ_BENCH_CHECK(make_batch(bench, &bench->batches[i]), "parse %s: no memory", name);
    run(bench, count / 4, &pair);
    memset(hist, 0, sizeof(*hist));
    struct sj_parse_counts before = *sj_parse_counts(bench->parse);
    for (uint32_t i = 0; i < options->runs; i++) {
        run(bench, count, &pair);
        sj_bench_add(&figure, pair.ours_ns);
        if (figure.reference)
            sj_bench_add_reference(&figure, pair.theirs_ns);
    }
    const struct sj_parse_counts *after = sj_parse_counts(bench->parse);
    double events = (double)(after->events - before.events);
    SJ_BENCH_CHECK(bench->failed == 0, "parse %s: %llu messages failed", name,
                   (unsigned long long)bench->failed);
    SJ_BENCH_CHECK(events == (double)options->runs * count * BATCH, "parse %s: events", name);
    sj_bench_report(options, &figure);
    report_rest(options, bench, name, hist, (double)(after->fast - before.fast) / events);
    return 0;
}

static const struct {
    const char *name;
    enum message_kind kind;
    enum message_form form;
} cases[] = {
    {"tick", MESSAGE_TICK, MESSAGE_USUAL},
    {"bidask5", MESSAGE_BIDASK5, MESSAGE_USUAL},
    {"quote", MESSAGE_QUOTE, MESSAGE_USUAL},
    {"tick_full", MESSAGE_TICK_FULL, MESSAGE_USUAL},
    {"bidask_full", MESSAGE_BIDASK_FULL, MESSAGE_USUAL},
    {"general_tick", MESSAGE_TICK, MESSAGE_SHUFFLED},
    {"general_bidask5", MESSAGE_BIDASK5, MESSAGE_SHUFFLED},
    {"general_tick_full", MESSAGE_TICK_FULL, MESSAGE_SHUFFLED},
    {"general_escaped", MESSAGE_TICK, MESSAGE_ESCAPED},
};

int sj_bench_parse(const struct sj_bench_options *options);

int sj_bench_parse(const struct sj_bench_options *options)
{
    struct bench *bench = aligned_alloc(64, (sizeof(*bench) + 63) / 64 * 64);
    struct sj_hist *hist = malloc(sizeof(*hist));
    struct sj_bench_figure overhead = {"parse", "timing", "overhead_ns", "ns"};
    int rc = bench && hist ? 0 : 1;
    for (size_t i = 0; rc == 0 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!sj_bench_wants(options, cases[i].name))
            continue;
        memset(bench, 0, sizeof(*bench));
        bench->maker = message_maker_create(options->seed);
        bench->kind = cases[i].kind;
        bench->form = cases[i].form;
        bench->overhead_ns = timing_overhead_ns();
        sj_bench_add(&overhead, bench->overhead_ns / BATCH);
        rc = !bench->maker || sj_parse_create(message_maker_table(bench->maker), &bench->parse) < 0;
        if (rc == 0)
            rc = bench_case(options, bench, cases[i].name, hist);
        for (uint32_t batch = 0; batch < BATCHES; batch++)
            free(bench->batches[batch].bytes);
        sj_parse_close(bench->parse);
        message_maker_close(bench->maker);
    }
    if (rc == 0 && overhead.value_count > 0)
        sj_bench_report(options, &overhead);
    free(hist);
    free(bench);
    return rc;
}

SJ_BENCH(parse, "one payload of the broker's stream into a finished event");
