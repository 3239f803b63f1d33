/*
 * backtest.c: rows a second through a backtest: Binance's sample again and again, its times
 * shifted, to 10 M rows. `noop` does nothing, `market_maker` quotes both sides every 100 ms.
 * rss_bytes: the most that the process had resident while it ran.
 *
 * Where `./dev deps` has put hftbacktest (.deps/hftbacktest, SHIJIM_DEPS), it runs the same on the
 * same file, and is the reference: others.py.
 *
 * The sample is SHIJIM_BENCH_ROWS, or ../shared/data/btcusdt_20240808.npz.
 */
#include "backtest/run.h"
#include "base/clock.h"
#include "bench/bench.h"
#include "convert/npz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 10e6
#define OTHERS "bench/backtest/others.py"

struct day {
    char path[4096];
    uint64_t rows;
    const struct sj_strategy_instance *strategy;
    uint64_t fills, orders;
    double rss_bytes;
    bool failed;
};

static sj_rc append_once(const char *sample, struct sj_npz_writer *writer, uint64_t max,
                         int64_t shift_ns, int64_t *ret_last_ns)
{
    static struct sj_row shifted[16384];
    const struct sj_row *rows;
    struct sj_rows *reader;
    char error[256];
    sj_rc rc = sj_rows_open(sample, &reader, error);
    if (rc < 0)
        return rc;
    while (max > 0 && (rc = sj_rows_next(reader, &rows)) > 0) {
        size_t count = (uint64_t)rc < max ? (size_t)rc : (size_t)max;
        for (size_t i = 0; i < count; i++) {
            shifted[i] = rows[i];
            shifted[i].exch_ts += shift_ns;
            shifted[i].local_ts += shift_ns;
            if (shifted[i].local_ts > *ret_last_ns)
                *ret_last_ns = shifted[i].local_ts;
        }
        max -= count;
        rc = sj_npz_append(writer, shifted, count);
        if (rc < 0)
            break;
    }
    sj_rows_close(reader);
    return rc < 0 ? rc : 0;
}

/* The first row's time, and how many there are. */
static sj_rc look(const char *sample, int64_t *ret_first_ns, uint64_t *ret_count)
{
    const struct sj_row *rows;
    struct sj_rows *reader;
    char error[256];
    sj_rc rc = sj_rows_open(sample, &reader, error);
    if (rc < 0)
        return rc;
    *ret_count = sj_rows_count(reader);
    rc = sj_rows_next(reader, &rows);
    if (rc > 0)
        *ret_first_ns = rows->exch_ts;
    sj_rows_close(reader);
    return rc > 0 ? 0 : rc < 0 ? rc : -SJ_E_MALFORMED;
}

static sj_rc make_day(const char *sample, struct day *day)
{
    struct sj_npz_writer *writer;
    int64_t first_ns = 0, last_ns = 0;
    uint64_t count = 0;
    sj_rc rc = look(sample, &first_ns, &count);
    if (rc >= 0)
        rc = sj_npz_create(day->path, SJ_NPZ_STORED, &writer);
    if (rc < 0)
        return rc;
    int64_t shift_ns = 0;
    for (uint64_t done = 0; done < day->rows && rc >= 0; done += count) {
        rc = append_once(sample, writer, day->rows - done, shift_ns, &last_ns);
        shift_ns = last_ns + 1000000 - first_ns;
    }
    if (rc >= 0)
        return sj_npz_finish(writer);
    sj_npz_abandon(writer);
    return rc;
}

static double status_bytes(const char *key)
{
    char line[256];
    double bytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            bytes = strtod(line + strlen(key), NULL) * 1024;
    if (file)
        fclose(file);
    return bytes;
}

/* The mark of the most that was resident begins anew. */
static void reset_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file)
        return;
    fputs("5", file);
    fclose(file);
}

static double run_day(void *context)
{
    struct day *day = context;
    struct sj_bt_result result;
    char error[SJ_BT_ERROR_MAX] = "";
    const struct sj_bt_options options = {.path = day->path,
                                          .tick = 0.1,
                                          .lot = 0.001,
                                          .queue = {SJ_BT_LOG, 2},
                                          .order_latency_ns = 1000000,
                                          .report_latency_ns = 1000000,
                                          .maker_fee = -0.00005,
                                          .taker_fee = 0.0007,
                                          .strategies = day->strategy,
                                          .strategy_count = 1};
    reset_peak();
    int64_t begin_ns = sj_clock_mono_ns();
    sj_rc rc = sj_bt_run(&options, &result, error);
    double seconds = (double)(sj_clock_mono_ns() - begin_ns) / 1e9;
    day->rss_bytes = status_bytes("VmHWM:");
    if (rc < 0)
        fprintf(stderr, "shijim bench: %s\n", error);
    day->failed |= rc < 0 || result.rows.rows != day->rows;
    day->fills = result.fills;
    day->orders = result.orders;
    return (double)day->rows / seconds;
}

/* --- beside hftbacktest --- */

struct theirs {
    double rows_per_s[SJ_BENCH_RUNS_MAX], rss_bytes[SJ_BENCH_RUNS_MAX];
    uint32_t count;
};

/* A line of others.py into the book's runs. */
static void take_line(const char *line, struct theirs theirs[2])
{
    char book[16];
    double rows_per_s, rss_bytes;
    if (sscanf(line, "%15s %lf %lf", book, &rows_per_s, &rss_bytes) != 3)
        return;
    struct theirs *of = &theirs[strcmp(book, "array") != 0];
    if (of->count == SJ_BENCH_RUNS_MAX)
        return;
    of->rows_per_s[of->count] = rows_per_s;
    of->rss_bytes[of->count++] = rss_bytes;
}

static void run_theirs(const struct sj_bench_options *options, const struct day *day,
                       const char *name, struct theirs theirs[2])
{
    const char *deps = getenv("SHIJIM_DEPS");
    char python[4096], command[3 * 4096], line[256];
    snprintf(python, sizeof python, "%s/hftbacktest/bin/python", deps ? deps : ".deps");
    if (access(python, X_OK) != 0 || access(OTHERS, R_OK) != 0) {
        fprintf(stderr,
                "shijim bench: hftbacktest is not here (./dev deps, from the source's folder): %s "
                "without a reference\n",
                name);
        return;
    }
    snprintf(command, sizeof command, "'%s' '%s' '%s' %s %u", python, OTHERS, day->path, name,
             options->runs);
    FILE *lines = popen(command, "r");
    while (lines && fgets(line, sizeof line, lines))
        take_line(line, theirs);
    if (!lines || pclose(lines) != 0)
        fprintf(stderr, "shijim bench: %s did not run to its end\n", OTHERS);
}

/* Ours, once beside each of its books. */
static void report(const struct sj_bench_options *options, const struct sj_bench_figure *rate,
                   const struct sj_bench_figure *rss, const struct theirs theirs[2])
{
    static const char *const books[] = {"hftbacktest_array", "hftbacktest_hashmap"};
    bool alone = theirs[0].count == 0 && theirs[1].count == 0;
    for (unsigned i = 0; i < 2 && !alone; i++) {
        struct sj_bench_figure beside = *rate, beside_rss = *rss;
        beside.reference = beside_rss.reference = books[i];
        for (uint32_t k = 0; k < theirs[i].count; k++) {
            sj_bench_add_reference(&beside, theirs[i].rows_per_s[k]);
            sj_bench_add_reference(&beside_rss, theirs[i].rss_bytes[k]);
        }
        sj_bench_report(options, &beside);
        sj_bench_report(options, &beside_rss);
    }
    if (alone) {
        sj_bench_report(options, rate);
        sj_bench_report(options, rss);
    }
}

static int measure(const struct sj_bench_options *options, struct day *day, const char *name)
{
    struct sj_bench_figure figure = {
        .bench = "backtest", .name = name, .metric = "rows_per_s", .unit = "1/s"};
    struct sj_bench_figure rss = {
        .bench = "backtest", .name = name, .metric = "rss_bytes", .unit = "B"};
    if (!sj_bench_wants(options, name))
        return 0;
    sj_bench_measure(options, &figure, run_day, day);
    SJ_BENCH_CHECK(!day->failed, "%s: a run failed, or took other rows than there are", name);
    sj_bench_add(&rss, day->rss_bytes);
    struct theirs theirs[2] = {{.count = 0}};
    run_theirs(options, day, name, theirs);
    report(options, &figure, &rss, theirs);
    return 0;
}

static sj_rc noop_init(void *state, const struct sj_strategy_init *init,
                       char error[SJ_STRATEGY_ERROR_MAX])
{
    (void)state;
    (void)init;
    (void)error;
    return 0;
}

static void noop_event(void *state, const struct sj_frame *event)
{
    (void)state;
    (void)event;
}

static void noop_order(void *state, const struct sj_strategy_report *report)
{
    (void)state;
    (void)report;
}

static void noop_timer(void *state, int64_t now_ns)
{
    (void)state;
    (void)now_ns;
}

int sj_bench_backtest(const struct sj_bench_options *options);

int sj_bench_backtest(const struct sj_bench_options *options)
{
    static const struct sj_strategy_plugin noop = {.abi = SJ_STRATEGY_ABI,
                                                   .size = sizeof noop,
                                                   .name = "noop",
                                                   .text = "does nothing",
                                                   .state_size = 64,
                                                   .init = noop_init,
                                                   .on_event = noop_event,
                                                   .on_order = noop_order,
                                                   .on_timer = noop_timer};
    static const struct sj_strategy_param params[] = {
        {"step", "100ms", 0}, {"qty", "10", 0}, {"tif", "GTX", 0}};
    static const struct sj_strategy_instance nothing = {.name = "noop", .plugin = &noop};
    static const struct sj_strategy_instance maker = {
        .name = "maker", .use = "touch_quoter", .params = params, .param_count = 3};
    struct day day = {.rows = (uint64_t)(ROWS * options->scale)};
    const char *sample = getenv("SHIJIM_BENCH_ROWS");
    sample = sample ? sample : "../shared/data/btcusdt_20240808.npz";
    SJ_BENCH_CHECK(access(sample, R_OK) == 0,
                   "no sample: SHIJIM_BENCH_ROWS names an npz of hftbacktest's rows");
    snprintf(day.path, sizeof day.path, "%s/bench-backtest.npz", options->directory);
    sj_rc rc = make_day(sample, &day);
    int failed = rc < 0;
    if (failed)
        fprintf(stderr, "shijim bench: %s: %s\n", day.path, sj_rc_text(rc));
    day.strategy = &nothing;
    failed = failed ? failed : measure(options, &day, "noop");
    day.strategy = &maker;
    failed = failed ? failed : measure(options, &day, "market_maker");
    if (!failed && day.strategy == &maker && sj_bench_wants(options, "market_maker") &&
        day.orders == 0) {
        fprintf(stderr, "shijim bench: wrong result: the market maker sent nothing\n");
        failed = 1;
    }
    unlink(day.path);
    return failed;
}
SJ_BENCH(backtest, "strategies over 10 M rows of a recorded day");
