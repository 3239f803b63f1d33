/* The raw references by themselves, and the pieces of base that others build their figures on. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/decimal.h"
#include "base/duty.h"
#include "base/hist.h"
#include "base/rng.h"
#include "bench/bench.h"

#define BLOCK_SIZE 65536
#define WAKE_COUNT 2000

int sj_bench_base(const struct sj_bench_options *options);

static int bench_machine(const struct sj_bench_options *options)
{
    struct sj_bench_figure line = {
        .bench = "base", .name = "raw_line", .metric = "p50_ns", .unit = "ns"};
    struct sj_bench_figure copy = {
        .bench = "base", .name = "raw_memcpy_1m", .metric = "bytes_per_s", .unit = "B/s"};
    struct sj_bench_figure sync = {.bench = "base", .name = "raw_fdatasync_4k"};
    struct sj_hist *hists = calloc(options->runs, sizeof *hists);
    SJ_BENCH_CHECK(hists, "no memory");
    for (uint32_t i = 0; i < options->runs; i++) {
        sj_bench_add(&line, sj_bench_line_round_trip_ns(1000000));
        sj_bench_add(&copy, sj_bench_memcpy_bytes_per_s(1 << 20));
        sj_rc rc = sj_bench_fdatasync(options->directory, 4096, 200, &hists[i]);
        if (rc < 0) {
            free(hists);
            SJ_BENCH_CHECK(false, "fdatasync in %s: %s", options->directory, sj_rc_text(rc));
        }
    }
    sj_bench_report(options, &line);
    sj_bench_report(options, &copy);
    sj_bench_report_hists(options, &sync, hists, options->runs);
    free(hists);
    return 0;
}

static int bench_crc32c(const struct sj_bench_options *options)
{
    struct sj_bench_figure figure = {.bench = "base",
                                     .name = "crc32c_64k",
                                     .metric = "bytes_per_s",
                                     .unit = "B/s",
                                     .reference = "memcpy_64k"};
    static uint8_t block[BLOCK_SIZE];
    struct sj_rng rng;
    sj_rng_init(&rng, options->seed);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)sj_rng_next(&rng);
    uint32_t wanted = sj_crc32c_portable(0, block, sizeof block);
    for (uint32_t run = 0; run < options->runs; run++) {
        uint32_t crc = 0;
        int64_t began_ns = sj_clock_mono_ns();
        for (int i = 0; i < 16000; i++)
            crc |= sj_crc32c(0, block, sizeof block);
        double took_ns = (double)(sj_clock_mono_ns() - began_ns);
        SJ_BENCH_CHECK(crc == wanted, "crc32c %08x, the table says %08x", crc, wanted);
        sj_bench_add(&figure, 16000.0 * sizeof block * 1e9 / took_ns);
        sj_bench_add_reference(&figure, sj_bench_memcpy_bytes_per_s(BLOCK_SIZE));
    }
    sj_bench_report(options, &figure);
    return 0;
}

static int bench_hist(const struct sj_bench_options *options)
{
    struct sj_bench_figure figure = {
        .bench = "base", .name = "hist_record", .metric = "ns_per_op", .unit = "ns"};
    static struct sj_hist hist;
    for (uint32_t run = 0; run < options->runs; run++) {
        struct sj_rng rng;
        sj_rng_init(&rng, options->seed);
        sj_hist_reset(&hist);
        int64_t began_ns = sj_clock_mono_ns();
        for (int i = 0; i < 10000000; i++)
            sj_hist_record(&hist, (int64_t)(sj_rng_next(&rng) >> 44));
        double took_ns = (double)(sj_clock_mono_ns() - began_ns);
        SJ_BENCH_CHECK(hist.count == 10000000, "%llu recorded", (unsigned long long)hist.count);
        sj_bench_add(&figure, took_ns / 10000000);
    }
    sj_bench_report(options, &figure);
    return 0;
}

static int bench_decimal(const struct sj_bench_options *options)
{
    struct sj_bench_figure figure = {
        .bench = "base", .name = "decimal_parse", .metric = "ns_per_op", .unit = "ns"};
    for (uint32_t run = 0; run < options->runs; run++) {
        int64_t sum = 0;
        int64_t began_ns = sj_clock_mono_ns();
        for (int i = 0; i < 5000000; i++) {
            const char *text = "18052.5";
            int64_t value = 0;
            SJ_BENCH_KEEP(text);
            sum += sj_decimal_parse_e6(text, 7, &value) < 0 ? 0 : value;
        }
        double took_ns = (double)(sj_clock_mono_ns() - began_ns);
        SJ_BENCH_CHECK(sum == 18052500000LL * 5000000, "sum %lld", (long long)sum);
        sj_bench_add(&figure, took_ns / 5000000);
    }
    sj_bench_report(options, &figure);
    return 0;
}

struct pair {
    _Atomic int64_t asked_ns;
    struct sj_hist *hist;
    _Atomic uint64_t answered_count;
};

static sj_rc answer_wake(void *context)
{
    struct pair *pair = context;
    int64_t asked_ns = atomic_exchange_explicit(&pair->asked_ns, 0, memory_order_acq_rel);
    if (!asked_ns)
        return 0;
    sj_hist_record(pair->hist, sj_clock_mono_ns() - asked_ns);
    atomic_fetch_add_explicit(&pair->answered_count, 1, memory_order_release);
    return 1;
}

/* How long after sj_duty_wake a sleeping runner works. */
static int wake_run(struct sj_hist *hist)
{
    struct sj_duty_runner runner;
    struct pair pair = {.hist = hist};
    struct sj_duty duty = {"answer", answer_wake, NULL, &pair, true};
    sj_duty_init(&runner, "bench");
    runner.idle = (struct sj_duty_idle){.sleep_max_ns = SJ_NS_PER_S};
    SJ_BENCH_CHECK(sj_duty_add(&runner, &duty) == 0 && sj_duty_start(&runner) == 0, "no thread");
    for (uint64_t i = 1; i <= WAKE_COUNT; i++) {
        while (!atomic_load_explicit(&runner.sleeping, memory_order_acquire))
            ;
        atomic_store_explicit(&pair.asked_ns, sj_clock_mono_ns(), memory_order_release);
        sj_duty_wake(&runner);
        while (atomic_load_explicit(&pair.answered_count, memory_order_acquire) != i)
            ;
    }
    sj_duty_stop(&runner);
    sj_duty_join(&runner);
    SJ_BENCH_CHECK(hist->count == WAKE_COUNT, "%llu wakes answered",
                   (unsigned long long)hist->count);
    return 0;
}

static int bench_wake(const struct sj_bench_options *options)
{
    struct sj_bench_figure figure = {.bench = "base", .name = "duty_wake"};
    struct sj_hist *hists = calloc(options->runs, sizeof *hists);
    SJ_BENCH_CHECK(hists, "no memory");
    int failed = 0;
    for (uint32_t run = 0; run < options->runs && !failed; run++)
        failed = wake_run(&hists[run]);
    if (!failed)
        sj_bench_report_hists(options, &figure, hists, options->runs);
    free(hists);
    return failed;
}

int sj_bench_base(const struct sj_bench_options *options)
{
    int failed = 0;
    if (sj_bench_wants(options, "raw"))
        failed |= bench_machine(options);
    if (sj_bench_wants(options, "crc32c_64k"))
        failed |= bench_crc32c(options);
    if (sj_bench_wants(options, "hist_record"))
        failed |= bench_hist(options);
    if (sj_bench_wants(options, "decimal_parse"))
        failed |= bench_decimal(options);
    if (sj_bench_wants(options, "duty_wake"))
        failed |= bench_wake(options);
    return failed;
}
SJ_BENCH(base, "the machine's own figures, and base's small tools");
