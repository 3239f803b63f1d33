/*
 * bench.h: what every benchmark is made of: repeated runs, medians with their range, references
 * measured beside them, one JSON object a line.
 *
 * A bench is a function in bench/<room>/<name>.c:
 *
 *     static double run_append(void *context) { ...; return events / seconds; }
 *
 *     int sj_bench_journal(const struct sj_bench_options *options)
 *     {
 *         struct sj_bench_figure append = {"journal", "append", "events_per_s", "1/s"};
 *         sj_bench_measure(options, &append, run_append, &context);
 *         sj_bench_report(options, &append);
 *         return 0;
 *     }
 *     SJ_BENCH(journal, "appending to and reading from the journal");
 *
 * and bench/<room>/meson.build adds the file to `bench_sources` and the room to
 * `bench_dependencies`. `shijim bench journal --json` then finds it.
 *
 * A bench checks its own result (counts, sums, sequence) before it prints: SJ_BENCH_CHECK.
 *
 * Threads  One bench at a time, on the calling thread; it may start its own.
 */
#ifndef SJ_BENCH_BENCH_H
#define SJ_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/hist.h"
#include "base/rc.h"

#define SJ_BENCH_RUNS_MIN 5
#define SJ_BENCH_RUNS_MAX 50

struct sj_bench_options {
    bool json;
    uint32_t runs;         /* runs of each case: SJ_BENCH_RUNS_MIN .. SJ_BENCH_RUNS_MAX */
    uint64_t seed;         /* of everything random */
    const char *directory; /* where files may be written; a bench cleans up after itself */
    const char *only;      /* run only cases whose name contains it, or NULL for all */
    double scale; /* factor on the amount of work of a run; 1 unless someone is in a hurry */
    FILE *out;    /* figures */
};

/* One figure: what was measured, and what the machine does with the same in its barest form. */
struct sj_bench_figure {
    const char *bench, *name, *metric, *unit;
    double values[SJ_BENCH_RUNS_MAX];
    uint32_t value_count;
    /* NULL, or what it is compared with; its values were taken in the same runs. */
    const char *reference;
    double reference_values[SJ_BENCH_RUNS_MAX];
    uint32_t reference_count;
};

struct sj_bench_median {
    double median, min, max;
};

typedef int sj_bench_function(const struct sj_bench_options *options);

struct sj_bench_entry {
    const char *name, *text;
    sj_bench_function *run;
    struct sj_bench_entry *next;
};

/* Puts a bench where `shijim bench` finds it. */
#define SJ_BENCH(bench_name, bench_text)                                                           \
    static struct sj_bench_entry entry_##bench_name = {#bench_name, bench_text,                    \
                                                       sj_bench_##bench_name, NULL};               \
    __attribute__((constructor)) static void register_##bench_name(void)                           \
    {                                                                                              \
        sj_bench_register(&entry_##bench_name);                                                    \
    }                                                                                              \
    _Static_assert(1, "") /* takes the semicolon */

/* Ends the bench with a line on stderr when what was measured is not what was done. */
#define SJ_BENCH_CHECK(condition, ...)                                                             \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "shijim bench: wrong result, nothing measured: " __VA_ARGS__);         \
            fputc('\n', stderr);                                                                   \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

void sj_bench_register(struct sj_bench_entry *entry);

/* The benches there are, by name; NULL at the end of the list. */
const struct sj_bench_entry *sj_bench_first(void);

/* Five runs, seed 1, the current directory, stdout. */
struct sj_bench_options sj_bench_options_default(void);

/* Runs one bench, or all of them for NULL. Returns the exit code: 0, 1 (a bench failed) or 2 (no
 * such name, after a line on stderr). */
int sj_bench_run(const char *name, const struct sj_bench_options *options);

/* Whether the case is asked for. */
bool sj_bench_wants(const struct sj_bench_options *options, const char *name);

/* Calls `run` once to warm up, then options->runs times, and keeps what it returns. */
void sj_bench_measure(const struct sj_bench_options *options, struct sj_bench_figure *figure,
                      double (*run)(void *context), void *context);

/* Adds a value, or a value of the reference, of one run. */
void sj_bench_add(struct sj_bench_figure *figure, double value);
void sj_bench_add_reference(struct sj_bench_figure *figure, double value);

/* Prints the figure: the median of its values with the range, and its ratio to the reference. */
void sj_bench_report(const struct sj_bench_options *options, const struct sj_bench_figure *figure);

/* Prints p50_ns, p90_ns, p99_ns, p999_ns, max_ns of the runs' histograms (each the median over the
 * runs) and count. `figure` gives bench, name and the reference, whose values p50 is compared with;
 * its metric and values are not used. */
void sj_bench_report_hists(const struct sj_bench_options *options,
                           const struct sj_bench_figure *figure, const struct sj_hist *hists,
                           uint32_t hist_count);

/* Median, least and greatest. `count` > 0. */
struct sj_bench_median sj_bench_median_of(const double *values, uint32_t count);

/* What the compiler must not drop. */
#define SJ_BENCH_KEEP(value) __asm__ volatile("" : : "r,m"(value) : "memory")

/* --- what the machine does by itself (reference.c) --- */

/* Round trip of one cache line between two processes on two cores, both spinning: the median of
 * `rounds` trips, in ns. With one core only: 0. */
double sj_bench_line_round_trip_ns(uint32_t rounds);

/* The same, every trip into `hist`, each trip timed (which costs two clock readings). */
sj_rc sj_bench_line_round_trips(uint32_t rounds, struct sj_hist *hist);

/* Copying `size_bytes` over and over, in bytes a second. */
double sj_bench_memcpy_bytes_per_s(size_t size_bytes);

/* Writing `write_bytes` to a preallocated file in `directory` and fdatasync, `rounds` times. */
sj_rc sj_bench_fdatasync(const char *directory, size_t write_bytes, uint32_t rounds,
                         struct sj_hist *ret_hist);

/* Plain sequential writes of `block_bytes` to a preallocated file, with one fdatasync at the end,
 * in bytes a second. Negative: -errno. */
double sj_bench_disk_bytes_per_s(const char *directory, size_t block_bytes, size_t total_bytes);

#endif
