/*
 * What an update of each indicator costs, by call through the library's ABI, beside a call that
 * does nothing; and a row of a batch. Chunks of CHUNK updates are timed, so that reading the clock
 * weighs nothing; p50 and p99 are over the chunks of a run.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/bench.h"
#include "bench/indicator/market.h"
#include "shijim/indicator.h"

#define CHUNK 256
#define CHUNKS_MAX 20000

int sj_bench_indicators(const struct sj_bench_options *options);

/* Everything a case works on. */
struct bench {
    struct market market;
    struct sj_ofi ofi;
    struct sj_mlofi mlofi5;
    struct sj_tfi tfi;
    struct sj_vpin vpin;
    struct sj_hawkes hawkes, hawkes3;
    struct sj_hawkes_pair pair;
    struct sj_kyle kyle;
    struct sj_volatility volatility;
    struct sj_queue queue;
    struct sj_bars bars;
    struct sj_shape shape;
    struct sj_signals signals;
    double out[8][MARKET_ROWS];
    double chunk_ns[CHUNKS_MAX];
    int64_t step_ns; /* times go on with every pass over the rows */
};

/* Runs CHUNK updates from a row on. */
typedef void update_fn(struct bench *bench, uint32_t row, int64_t offset_ns);

/* What a call costs by itself. Weak: the compiler may not look into it. */
double indicator_bench_nothing(void *state, double a, double b, double c, double d);
__attribute__((weak, noinline)) double indicator_bench_nothing(void *state, double a, double b,
                                                               double c, double d)
{
    (void)state, (void)b, (void)c, (void)d;
    return a;
}

/* Defines a case: `expression` is the update of row i. */
#define UPDATE(name, expression)                                                                   \
    static void update_##name(struct bench *b, uint32_t row, int64_t offset_ns)                    \
    {                                                                                              \
        const struct market *m = &b->market;                                                       \
        (void)m, (void)offset_ns;                                                                  \
        for (uint32_t i = row; i < row + CHUNK; i++)                                               \
            SJ_BENCH_KEEP(expression);                                                             \
    }

#define BEST m->bid_price[0][i], m->bid_quantity[0][i], m->ask_price[0][i], m->ask_quantity[0][i]
#define LEVELS m->level[i][0], m->level[i][1], m->level[i][2], m->level[i][3], 5
#define TIME (m->time_ns[i] + offset_ns)

UPDATE(empty_call, indicator_bench_nothing(b, BEST))
UPDATE(ofi, sj_ofi_update(&b->ofi, BEST))
UPDATE(mlofi5, sj_mlofi_update(&b->mlofi5, LEVELS))
UPDATE(tfi, sj_tfi_update(&b->tfi, m->flow[i]))
UPDATE(vpin, sj_vpin_update(&b->vpin, m->flow[i]))
UPDATE(vpin_bulk, sj_vpin_update_bulk(&b->vpin, m->bid_price[0][i], fabs(m->flow[i])))
UPDATE(hawkes, sj_hawkes_update(&b->hawkes, TIME))
UPDATE(hawkes_sum3, sj_hawkes_update(&b->hawkes3, TIME))
UPDATE(hawkes_pair, (sj_hawkes_pair_update(&b->pair, TIME, m->flow[i]), b->pair.intensity[0]))
UPDATE(kyle, sj_kyle_update(&b->kyle, m->bid_price[0][i], m->flow[i]))
UPDATE(microprice, sj_microprice(BEST))
UPDATE(shape5, (sj_shape_update(&b->shape, LEVELS), b->shape.pressure))
UPDATE(volatility, sj_volatility_update(&b->volatility, m->bid_price[0][i]))
UPDATE(queue, sj_queue_level(&b->queue, m->bid_quantity[0][i]))
UPDATE(bars, sj_bars_update(&b->bars, TIME, m->bid_price[0][i], m->flow[i]))
UPDATE(fused, sj_signals_frame(&b->signals, &m->event[i].frame))

static const struct {
    const char *name;
    update_fn *run;
} updates[] = {
    {"ofi", update_ofi},
    {"mlofi5", update_mlofi5},
    {"tfi", update_tfi},
    {"vpin", update_vpin},
    {"vpin_bulk", update_vpin_bulk},
    {"hawkes", update_hawkes},
    {"hawkes_sum3", update_hawkes_sum3},
    {"hawkes_pair", update_hawkes_pair},
    {"kyle", update_kyle},
    {"microprice", update_microprice},
    {"shape5", update_shape5},
    {"volatility", update_volatility},
    {"queue", update_queue},
    {"bars", update_bars},
    {"fused", update_fused},
};

/* States as a strategy would have them. */
static int start(struct bench *b)
{
    const double jump[3] = {0.5, 0.2, 0.1}, decay[3] = {1, 10, 100}, base[2] = {0.1, 0.1};
    const double jumps[4] = {0.5, 0.1, 0.1, 0.5}, decays[4] = {1, 2, 2, 1};
    struct sj_signals_params params;
    sj_rc rc = 0;
    sj_ofi_init(&b->ofi);
    rc |= sj_mlofi_init(&b->mlofi5, 5, NULL);
    rc |= sj_tfi_init(&b->tfi, 100);
    rc |= sj_vpin_init(&b->vpin, 100, 50, 0);
    rc |= sj_hawkes_init(&b->hawkes, 0.1, 1, jump, decay);
    rc |= sj_hawkes_init(&b->hawkes3, 0.1, 3, jump, decay);
    rc |= sj_hawkes_pair_init(&b->pair, base, jumps, decays);
    rc |= sj_kyle_init(&b->kyle, 100);
    rc |= sj_volatility_init(&b->volatility, 20);
    rc |= sj_queue_init(&b->queue, SJ_QUEUE_POWER_2, 50);
    rc |= sj_bars_init(&b->bars, SJ_BARS_BY_VOLUME, 100, 1);
    sj_signals_params_default(&params);
    rc |= sj_signals_init(&b->signals, &params);
    SJ_BENCH_CHECK(rc == 0, "an indicator refused its parameters");
    return 0;
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Times chunks; leaves them sorted in bench->chunk_ns, per update. */
static void time_chunks(struct bench *b, update_fn *run, uint32_t chunks)
{
    int64_t pass_ns = b->market.time_ns[MARKET_ROWS - 1] - b->market.time_ns[0] + 1000;
    for (uint32_t c = 0; c < chunks; c++) {
        uint32_t row = c * CHUNK % MARKET_ROWS;
        if (row == 0)
            b->step_ns += pass_ns;
        int64_t began_ns = sj_clock_mono_ns();
        run(b, row, b->step_ns);
        b->chunk_ns[c] = (double)(sj_clock_mono_ns() - began_ns) / CHUNK;
    }
    qsort(b->chunk_ns, chunks, sizeof *b->chunk_ns, ascending);
}

static int bench_update(const struct sj_bench_options *options, struct bench *b, const char *name,
                        update_fn *run)
{
    struct sj_bench_figure p50 = {.bench = "indicators",
                                  .name = name,
                                  .metric = "p50_ns",
                                  .unit = "ns",
                                  .reference = "empty_call"};
    struct sj_bench_figure p99 = {
        .bench = "indicators", .name = name, .metric = "p99_ns", .unit = "ns"};
    uint32_t chunks = (uint32_t)(4000 * options->scale);
    chunks = chunks < 32 ? 32 : chunks > CHUNKS_MAX ? CHUNKS_MAX : chunks;
    for (uint32_t r = 0; r <= options->runs; r++) {
        time_chunks(b, update_empty_call, chunks);
        double empty_ns = b->chunk_ns[chunks / 2];
        time_chunks(b, run, chunks);
        if (r == 0)
            continue; /* warm */
        sj_bench_add(&p50, b->chunk_ns[chunks / 2]);
        sj_bench_add_reference(&p50, empty_ns);
        sj_bench_add(&p99, b->chunk_ns[chunks * 99 / 100]);
    }
    sj_bench_report(options, &p50);
    sj_bench_report(options, &p99);
    return 0;
}

/* --- batches --- */

typedef void batch_fn(struct bench *bench);

static struct sj_column column(const void *data)
{
    return (struct sj_column){(void *)(uintptr_t)data, sizeof(double)};
}

static void batch_ofi(struct bench *b)
{
    const struct market *m = &b->market;
    struct sj_column in[4] = {column(m->bid_price[0]), column(m->bid_quantity[0]),
                              column(m->ask_price[0]), column(m->ask_quantity[0])};
    struct sj_column out = column(b->out[0]);
    sj_ofi_batch(&b->ofi, MARKET_ROWS, in, &out);
}

static void batch_mlofi5(struct bench *b)
{
    const struct market *m = &b->market;
    struct sj_column in[20], out[6];
    for (int i = 0; i < 5; i++) {
        in[i] = column(m->bid_price[i]);
        in[5 + i] = column(m->bid_quantity[i]);
        in[10 + i] = column(m->ask_price[i]);
        in[15 + i] = column(m->ask_quantity[i]);
    }
    for (int i = 0; i < 6; i++)
        out[i] = column(b->out[i]);
    sj_mlofi_batch(&b->mlofi5, MARKET_ROWS, in, out);
}

static void batch_vpin(struct bench *b)
{
    struct sj_column in = column(b->market.flow), out = column(b->out[0]);
    sj_vpin_batch(&b->vpin, MARKET_ROWS, &in, &out);
}

static void batch_tfi(struct bench *b)
{
    struct sj_column in = column(b->market.flow), out = column(b->out[0]);
    sj_tfi_batch(&b->tfi, MARKET_ROWS, &in, &out);
}

static void batch_hawkes(struct bench *b)
{
    struct sj_column in = column(b->market.time_ns), out = column(b->out[0]);
    b->hawkes.last_ns = INT64_MIN; /* the rows' times begin anew */
    sj_hawkes_batch(&b->hawkes, MARKET_ROWS, &in, &out);
}

static const struct {
    const char *name;
    batch_fn *run;
} batches[] = {
    {"ofi_batch", batch_ofi}, {"mlofi5_batch", batch_mlofi5}, {"vpin_batch", batch_vpin},
    {"tfi_batch", batch_tfi}, {"hawkes_batch", batch_hawkes},
};

static int bench_batch(const struct sj_bench_options *options, struct bench *b, const char *name,
                       batch_fn *run)
{
    struct sj_bench_figure figure = {
        .bench = "indicators", .name = name, .metric = "ns_per_row", .unit = "ns"};
    uint32_t rounds = (uint32_t)(200 * options->scale) + 1;
    rounds = rounds > CHUNKS_MAX ? CHUNKS_MAX : rounds;
    for (uint32_t r = 0; r <= options->runs; r++) {
        for (uint32_t i = 0; i < rounds; i++) {
            int64_t began_ns = sj_clock_mono_ns();
            run(b);
            b->chunk_ns[i] = (double)(sj_clock_mono_ns() - began_ns) / MARKET_ROWS;
        }
        qsort(b->chunk_ns, rounds, sizeof *b->chunk_ns, ascending);
        if (r > 0)
            sj_bench_add(&figure, b->chunk_ns[rounds / 2]);
    }
    sj_bench_report(options, &figure);
    return 0;
}

/* The two paths agree on this very stream, or nothing is measured. */
static int check(struct bench *b)
{
    const struct market *m = &b->market;
    struct sj_ofi ofi;
    struct sj_vpin vpin;
    sj_ofi_init(&ofi);
    sj_ofi_init(&b->ofi);
    batch_ofi(b);
    for (uint32_t i = 0; i < MARKET_ROWS; i++) {
        double net = sj_ofi_update(&ofi, BEST);
        SJ_BENCH_CHECK(net == b->out[0][i], "OFI of row %u: %g by event, %g in a batch", i, net,
                       b->out[0][i]);
    }
    SJ_BENCH_CHECK(sj_vpin_init(&vpin, 100, 50, 0) == 0, "VPIN refused its parameters");
    b->vpin = vpin;
    batch_vpin(b);
    for (uint32_t i = 0; i < MARKET_ROWS; i++) {
        double value = sj_vpin_update(&vpin, m->flow[i]);
        SJ_BENCH_CHECK(value == b->out[0][i] || (isnan(value) && isnan(b->out[0][i])),
                       "VPIN of row %u", i);
    }
    SJ_BENCH_CHECK(vpin.buckets > 50 && vpin.value > 0, "VPIN saw no buckets");
    return 0;
}

int sj_bench_indicators(const struct sj_bench_options *options)
{
    struct bench *b = calloc(1, sizeof *b);
    SJ_BENCH_CHECK(b, "no memory");
    market_fill(&b->market, options->seed);
    int failed = start(b) || check(b) || start(b);
    for (size_t i = 0; i < sizeof updates / sizeof *updates && !failed; i++)
        if (sj_bench_wants(options, updates[i].name))
            failed = bench_update(options, b, updates[i].name, updates[i].run);
    for (size_t i = 0; i < sizeof batches / sizeof *batches && !failed; i++)
        if (sj_bench_wants(options, batches[i].name))
            failed = bench_batch(options, b, batches[i].name, batches[i].run);
    free(b);
    return failed;
}
SJ_BENCH(indicators, "updates and batches of the indicators, and all of the usual ones in one");
