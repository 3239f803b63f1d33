/*
 * Text to files of rows and events on one core: plain and gzipped JSONL of the original's form,
 * made up from the seed. References: what the input costs by itself (finding its lines, unpacking
 * it).
 */
#include "convert/convert.h"
#include "bench/bench.h"
#include "convert/synth.h"
#include "convert/unpack.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define INPUT_SIZE (256.0 * 1024 * 1024)
#define BUFFER_SIZE (1u << 20)

int sj_bench_convert(const struct sj_bench_options *options);

struct run {
    const struct sj_bench_options *options;
    char dir[256];
    char in[300];
    char packed[300];
    char out[300];
    uint64_t lines;
    uint64_t size;
    bool failed;
};

static double since(int64_t began_ns)
{
    return (double)(sj_clock_mono_ns() - began_ns) * 1e-9;
}

static void remove_output(const struct run *run)
{
    char command[700];
    snprintf(command, sizeof command, "rm -rf %s %s.*", run->out, run->out);
    if (system(command))
        fprintf(stderr, "shijim bench: %s is left behind\n", run->out);
}

/* One conversion by one worker, in bytes of text a second. */
static double convert(struct run *run, const char *in, enum sj_convert_format format)
{
    const char *inputs[] = {in};
    struct sj_convert_options options = {
        .inputs = inputs, .input_count = 1, .output = run->out, .format = format, .workers = 1};
    struct sj_convert_report report;
    remove_output(run);
    int64_t began_ns = sj_clock_mono_ns();
    sj_rc rc = sj_convert_rows(&options, &report);
    double seconds = since(began_ns);
    uint64_t taken = report.counts.trades + report.counts.books;
    if (rc < 0 || taken != run->lines || report.counts.gaps || report.text_size != run->size) {
        fprintf(stderr, "shijim bench: %s\n", rc < 0 ? report.error : "lines are missing");
        run->failed = true;
    }
    return (double)report.text_size / seconds;
}

static double find_lines(const struct run *run)
{
    char *buffer = malloc(BUFFER_SIZE);
    uint64_t lines = 0;
    int fd = open(run->in, O_RDONLY | O_CLOEXEC);
    int64_t began_ns = sj_clock_mono_ns();
    ssize_t got;
    while (buffer && (got = read(fd, buffer, BUFFER_SIZE)) > 0)
        for (const char *at = buffer, *end = buffer + got;
             (at = memchr(at, '\n', (size_t)(end - at))); at++)
            lines++;
    double seconds = since(began_ns);
    close(fd);
    free(buffer);
    SJ_BENCH_KEEP(lines);
    return (double)run->size / seconds;
}

static double unpack(const struct run *run)
{
    char *buffer = malloc(BUFFER_SIZE);
    struct sj_unpack *unpack = NULL;
    int fd = open(run->packed, O_RDONLY | O_CLOEXEC);
    int64_t began_ns = sj_clock_mono_ns();
    size_t got;
    if (buffer && sj_unpack_create(SJ_PACKING_GZIP, fd, NULL, NULL, &unpack) >= 0)
        while (sj_unpack_read(unpack, buffer, BUFFER_SIZE, &got) > 0)
            SJ_BENCH_KEEP(buffer);
    double seconds = since(began_ns);
    sj_unpack_close(unpack);
    close(fd);
    free(buffer);
    return (double)run->size / seconds;
}

static int pack(struct run *run)
{
    char buffer[65536];
    FILE *in = fopen(run->in, "rb");
    gzFile out = gzopen(run->packed, "wb6");
    size_t got;
    while (in && out && (got = fread(buffer, 1, sizeof buffer, in)) > 0)
        gzwrite(out, buffer, (unsigned)got);
    if (in)
        fclose(in);
    return out && gzclose(out) == Z_OK ? 0 : 1;
}

static int make_input(struct run *run)
{
    struct sj_synth_options synth = {
        .seed = run->options->seed,
        .event_count = UINT64_MAX,
        .size_max = (uint64_t)(INPUT_SIZE * run->options->scale),
        .instrument_count = 1,
        .book_percent = 60,
        .rate = 1000,
    };
    char error[256];
    struct stat stat_now;
    snprintf(run->dir, sizeof run->dir, "%.200s/bench-convert-XXXXXX", run->options->directory);
    SJ_BENCH_CHECK(mkdtemp(run->dir), "no folder in %s", run->options->directory);
    snprintf(run->in, sizeof run->in, "%s/in.jsonl", run->dir);
    snprintf(run->packed, sizeof run->packed, "%s/in.jsonl.gz", run->dir);
    snprintf(run->out, sizeof run->out, "%s/out", run->dir);
    SJ_BENCH_CHECK(sj_synth_write(&synth, run->in, true, SJ_TO_NPZ, &run->lines, error) >= 0, "%s",
                   error);
    SJ_BENCH_CHECK(!stat(run->in, &stat_now), "no input");
    run->size = (uint64_t)stat_now.st_size;
    return 0;
}

static int bench_case(struct run *run, const char *name, const char *reference, const char *in,
                      enum sj_convert_format format, double (*measure)(const struct run *run))
{
    struct sj_bench_figure figure = {.bench = "convert",
                                     .name = name,
                                     .metric = "bytes_per_s",
                                     .unit = "B/s",
                                     .reference = reference};
    if (!sj_bench_wants(run->options, name))
        return 0;
    convert(run, in, format); /* warms the page cache */
    for (uint32_t i = 0; i < run->options->runs; i++) {
        sj_bench_add(&figure, convert(run, in, format));
        sj_bench_add_reference(&figure, measure(run));
        SJ_BENCH_CHECK(!run->failed, "%s", name);
    }
    sj_bench_report(run->options, &figure);
    return 0;
}

static int bench_all(struct run *run)
{
    if (make_input(run) ||
        bench_case(run, "jsonl_npz", "find_lines", run->in, SJ_TO_NPZ, find_lines) ||
        bench_case(run, "jsonl_journal", "find_lines", run->in, SJ_TO_JOURNAL, find_lines))
        return 1;
    if (!sj_bench_wants(run->options, "jsonl_gz_npz"))
        return 0;
    SJ_BENCH_CHECK(!pack(run), "packing the input");
    return bench_case(run, "jsonl_gz_npz", "unpack_only", run->packed, SJ_TO_NPZ, unpack);
}

int sj_bench_convert(const struct sj_bench_options *options)
{
    struct run run = {.options = options};
    char command[300];
    int rc = bench_all(&run);
    snprintf(command, sizeof command, "rm -rf %s", run.dir);
    if (*run.dir && system(command))
        fprintf(stderr, "shijim bench: %s is left behind\n", run.dir);
    return rc;
}
SJ_BENCH(convert, "the original's JSONL to files of rows and to a journal");
