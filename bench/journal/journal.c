/*
 * The journal: how fast one thread appends, how soon an event is durable, how long opening takes.
 *
 * append        as fast as it goes, realistic frames (40 % trades, 60 % books), to the last
 * fdatasync; beside it the same bytes in plain 8 MiB direct writes to a preallocated file,
 * and one fdatasync
 * durable_150k  a paced producer; every event's time from append to durable; beside it what a plain
 * write of a millisecond's bytes and its fdatasync take on this disk at this moment
 * open_10g      opening and reading the first block of a time in the middle, in a process of its
 * own
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/bench.h"
#include "journal/journal.h"

#define RUN_EVENTS 256
#define PLAIN_BLOCK (8u << 20) /* as the journal writes when it has that much */
#define RAW_BLOCK (48u << 10)  /* what RATE brings in a millisecond */
#define RAW_ROUNDS 500
#define RATE 150000

int sj_bench_journal(const struct sj_bench_options *options);

struct bench {
    const struct sj_bench_options *options;
    char dir[4096];
    uint8_t *frames; /* RUN_EVENTS of them */
    size_t frames_size;
    uint32_t offsets[RUN_EVENTS + 1];
    uint64_t written; /* bytes of the last append run */
};

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat, (void)flag, (void)ftw;
    return remove(path);
}

static void dir_new(struct bench *bench)
{
    snprintf(bench->dir, sizeof(bench->dir), "%s/shijim-bench-XXXXXX",
             bench->options->directory != NULL ? bench->options->directory : ".");
    if (mkdtemp(bench->dir) == NULL)
        perror(bench->dir);
}

static void dir_drop(struct bench *bench)
{
    nftw(bench->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static sj_rc frames_make(struct bench *bench)
{
    uint64_t state = bench->options->seed;
    bench->frames = calloc(RUN_EVENTS, SJ_EVENT_SIZE_MAX);
    if (bench->frames == NULL)
        return -ENOMEM;
    uint8_t *at = bench->frames;
    for (uint32_t i = 0; i < RUN_EVENTS; i++) {
        bool is_trade = i % 5 < 2;
        size_t size = is_trade ? sizeof(struct sj_trade) : sizeof(struct sj_book);
        for (size_t k = SJ_FRAME_HEAD_SIZE; k < size; k += 4) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            memcpy(at + k, (uint8_t *)&state + 4, 4);
        }
        sj_frame_head(at, is_trade ? SJ_EVENT_TRADE : SJ_EVENT_BOOK, size);
        ((struct sj_trade *)(void *)at)->instrument = (uint32_t)(state >> 33) % 1000 + 1;
        bench->offsets[i] = (uint32_t)(at - bench->frames);
        at += size;
    }
    bench->frames_size = bench->offsets[RUN_EVENTS] = (uint32_t)(at - bench->frames);
    return 0;
}

/* Gives the frames the next sequences and a time. */
static void frames_number(struct bench *bench, uint64_t seq, uint32_t count, int64_t time_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        struct sj_trade *frame = (void *)(bench->frames + bench->offsets[i]);
        frame->seq = seq + i;
        frame->recv_ns = time_ns;
    }
}

static struct sj_journal *open_new(struct bench *bench)
{
    struct sj_journal *journal = NULL;
    struct sj_journal_options options = {.dir = bench->dir};
    dir_new(bench);
    sj_rc rc = sj_journal_open(&options, NULL, &journal);
    if (rc < 0)
        fprintf(stderr, "shijim bench: opening %s: %s\n", bench->dir, sj_rc_text(rc));
    return journal;
}

/* Appends `count` events as fast as it goes. Seconds until all are durable, or negative. */
static double append_run(struct bench *bench, struct sj_journal *journal, uint64_t count)
{
    struct sj_journal_stat stat;
    int64_t begin_ns = sj_clock_mono_ns();
    for (uint64_t seq = 1; seq <= count; seq += RUN_EVENTS) {
        frames_number(bench, seq, RUN_EVENTS, (int64_t)seq);
        sj_rc rc = sj_journal_append(journal, 1, bench->frames, bench->frames_size, RUN_EVENTS);
        if (rc < 0 || sj_journal_do_work(journal, sj_clock_mono_ns()) < 0)
            return -1;
    }
    if (sj_journal_sync(journal) < 0)
        return -1;
    double seconds = (double)(sj_clock_mono_ns() - begin_ns) / 1e9;
    sj_journal_stat(journal, &stat);
    bench->written = stat.durable_position;
    return sj_journal_durable_seq(journal, 1) == count ? seconds : -1;
}

/* The same bytes in plain direct writes. Seconds, or negative. */
static double plain_run(const struct bench *bench, uint64_t size)
{
    char path[4200];
    uint8_t *block = aligned_alloc(4096, PLAIN_BLOCK);
    snprintf(path, sizeof(path), "%s/plain", bench->dir);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0644);
    if (fd < 0) /* a file system without direct writes */
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    double seconds = -1;
    if (fd >= 0 && block != NULL && posix_fallocate(fd, 0, (off_t)size) == 0 && fsync(fd) == 0) {
        memset(block, 0x5a, PLAIN_BLOCK);
        int64_t begin_ns = sj_clock_mono_ns();
        bool whole = true;
        for (uint64_t at = 0; whole && at < size; at += PLAIN_BLOCK)
            whole = pwrite(fd, block, PLAIN_BLOCK, (off_t)at) == PLAIN_BLOCK;
        if (whole && fdatasync(fd) == 0)
            seconds = (double)(sj_clock_mono_ns() - begin_ns) / 1e9;
    }
    if (fd >= 0)
        close(fd);
    unlink(path);
    free(block);
    return seconds;
}

static int bench_append(struct bench *bench)
{
    struct sj_bench_figure figure = {.bench = "journal",
                                     .name = "append",
                                     .metric = "events_per_s",
                                     .unit = "1/s",
                                     .reference = "plain direct writes of the same bytes"};
    uint64_t count = (uint64_t)(3000000 * bench->options->scale) / RUN_EVENTS * RUN_EVENTS;
    for (uint32_t run = 0; run <= bench->options->runs; run++) {
        struct sj_journal_check check = {0};
        struct sj_journal *journal = open_new(bench);
        if (journal == NULL)
            return 1;
        double seconds = append_run(bench, journal, count);
        sj_rc rc = sj_journal_close(journal);
        double plain = plain_run(bench, bench->written);
        if (run == 0 && seconds > 0) /* once is enough, and is the warming up */
            rc = sj_journal_verify(bench->dir, NULL, NULL, &check);
        dir_drop(bench);
        SJ_BENCH_CHECK(rc == 0 && seconds > 0 && plain > 0, "append: %s", sj_rc_text(rc));
        SJ_BENCH_CHECK(run > 0 || check.event_count == count, "append: %llu of %llu events read",
                       (unsigned long long)check.event_count, (unsigned long long)count);
        if (run == 0)
            continue;
        sj_bench_add(&figure, (double)count / seconds);
        sj_bench_add_reference(&figure, (double)count / plain);
    }
    sj_bench_report(bench->options, &figure);
    return 0;
}

struct pending {
    uint64_t last_seq;
    int64_t time_ns;
};

/* Two seconds at RATE in steps of 100 us; each event's time until it is durable. */
static sj_rc paced_run(struct bench *bench, struct sj_journal *journal, struct sj_hist *hist)
{
    enum { QUEUE = 1 << 16 };
    struct pending *queue = calloc(QUEUE, sizeof(*queue));
    uint64_t total = (uint64_t)(2 * RATE * bench->options->scale);
    uint64_t seq = 0;
    uint64_t durable = 0;
    uint32_t head = 0;
    uint32_t tail = 0;
    int64_t begin_ns = sj_clock_mono_ns();
    sj_rc rc = queue == NULL ? -ENOMEM : 0;
    while (rc == 0 && durable < total) {
        int64_t now_ns = sj_clock_mono_ns();
        uint64_t due = (uint64_t)(now_ns - begin_ns) * RATE / SJ_NS_PER_S;
        due = due > total ? total : due;
        while (rc == 0 && seq < due) {
            uint32_t count = due - seq < RUN_EVENTS ? (uint32_t)(due - seq) : RUN_EVENTS;
            frames_number(bench, seq + 1, count, now_ns);
            rc = sj_journal_append(journal, 1, bench->frames, bench->offsets[count], count);
            seq += count;
            queue[tail++ % QUEUE] = (struct pending){seq, now_ns};
        }
        if (rc == 0 && (rc = sj_journal_do_work(journal, now_ns)) > 0)
            rc = 0;
        now_ns = sj_clock_mono_ns();
        uint64_t now_durable = sj_journal_durable_seq(journal, 1);
        for (; head != tail && queue[head % QUEUE].last_seq <= now_durable; head++) {
            sj_hist_record_many(hist, now_ns - queue[head % QUEUE].time_ns,
                                queue[head % QUEUE].last_seq - durable);
            durable = queue[head % QUEUE].last_seq;
        }
        struct timespec nap = {0, 50000};
        nanosleep(&nap, NULL);
    }
    free(queue);
    return rc;
}

static int bench_durable(struct bench *bench)
{
    struct sj_bench_figure figure = {.bench = "journal", .name = "durable_150k"};
    struct sj_bench_figure interval = {
        .bench = "journal", .name = "durable_150k", .metric = "flush_interval_ns", .unit = "ns"};
    struct sj_bench_figure raw = {
        .bench = "journal", .name = "durable_150k", .metric = "raw_fdatasync_p99_ns", .unit = "ns"};
    uint32_t runs = bench->options->runs;
    struct sj_hist *hists = calloc(runs, sizeof(*hists));
    struct sj_hist *raw_hist = calloc(1, sizeof(*raw_hist));
    if (hists == NULL || raw_hist == NULL) {
        free(raw_hist);
        free(hists);
        return 1;
    }
    for (uint32_t run = 0; run < runs; run++) {
        struct sj_journal_stat stat;
        struct sj_journal *journal = open_new(bench);
        if (journal == NULL) {
            free(raw_hist);
            free(hists);
            return 1;
        }
        sj_rc rc = paced_run(bench, journal, &hists[run]);
        sj_journal_stat(journal, &stat);
        if (rc == 0)
            rc = sj_journal_close(journal);
        memset(raw_hist, 0, sizeof(*raw_hist));
        if (rc == 0)
            rc = sj_bench_fdatasync(bench->dir, RAW_BLOCK, RAW_ROUNDS, raw_hist);
        dir_drop(bench);
        SJ_BENCH_CHECK(rc == 0 && stat.durable_count == stat.accepted_count, "durable: %s",
                       sj_rc_text(rc));
        sj_bench_add(&interval, (double)stat.flush_interval_ns);
        sj_bench_add(&raw, (double)sj_hist_percentile(raw_hist, 99));
    }
    free(raw_hist);
    sj_bench_report_hists(bench->options, &figure, hists, runs);
    sj_bench_report(bench->options, &interval);
    sj_bench_report(bench->options, &raw);
    free(hists);
    return 0;
}

struct opened {
    double seconds;
    double rss_bytes;
};

static double rss_bytes(void)
{
    char line[256];
    double kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "VmHWM: %lf kB", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kib * 1024;
}

static sj_rc open_and_read(const char *dir, int64_t time_ns, struct opened *ret)
{
    struct sj_journal_reader_options options = {.dir = dir};
    struct sj_journal_reader *reader;
    struct sj_journal_span span = {0};
    int64_t begin_ns = sj_clock_mono_ns();
    sj_rc rc = sj_journal_reader_open(&options, &reader);
    if (rc < 0)
        return rc;
    rc = sj_journal_seek_time(reader, time_ns);
    if (rc == 0)
        rc = sj_journal_read(reader, &span);
    ret->seconds = (double)(sj_clock_mono_ns() - begin_ns) / 1e9;
    ret->rss_bytes = rss_bytes();
    bool found = rc > 0 && span.first_ns <= time_ns && time_ns <= span.last_ns;
    sj_journal_reader_close(reader);
    return found ? 0 : -SJ_E_IDENTITY;
}

/* In a process of its own, so that its memory is its own. */
static sj_rc open_apart(const char *dir, int64_t time_ns, struct opened *ret)
{
    int fds[2];
    if (pipe(fds) != 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        struct opened opened;
        sj_rc rc = open_and_read(dir, time_ns, &opened);
        _exit(rc == 0 && write(fds[1], &opened, sizeof(opened)) == sizeof(opened) ? 0 : 1);
    }
    close(fds[1]);
    sj_rc rc = pid > 0 && read(fds[0], ret, sizeof(*ret)) == sizeof(*ret) ? 0 : -EIO;
    close(fds[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return rc;
}

static int bench_open(struct bench *bench)
{
    struct sj_bench_figure seconds = {
        .bench = "journal", .name = "open_10g", .metric = "seconds", .unit = "s"};
    struct sj_bench_figure rss = {
        .bench = "journal", .name = "open_10g", .metric = "rss_bytes", .unit = "B"};
    uint64_t per_event = bench->frames_size / RUN_EVENTS;
    uint64_t count =
        (uint64_t)((10ULL << 30) * bench->options->scale) / per_event / RUN_EVENTS * RUN_EVENTS;
    struct sj_journal *journal = open_new(bench);
    if (journal == NULL)
        return 1;
    double took = append_run(bench, journal, count);
    sj_rc rc = sj_journal_close(journal);
    for (uint32_t run = 0; rc == 0 && took > 0 && run <= bench->options->runs; run++) {
        struct opened opened = {0};
        int64_t time_ns =
            (int64_t)((run + 1) * count / (bench->options->runs + 2) / RUN_EVENTS * RUN_EVENTS + 1);
        rc = open_apart(bench->dir, time_ns, &opened);
        if (run == 0)
            continue;
        sj_bench_add(&seconds, opened.seconds);
        sj_bench_add(&rss, opened.rss_bytes);
    }
    dir_drop(bench);
    SJ_BENCH_CHECK(rc == 0 && took > 0, "open: %s", sj_rc_text(rc));
    sj_bench_report(bench->options, &seconds);
    sj_bench_report(bench->options, &rss);
    return 0;
}

int sj_bench_journal(const struct sj_bench_options *options)
{
    struct bench bench = {.options = options};
    if (frames_make(&bench) < 0)
        return 1;
    int failed = 0;
    if (sj_bench_wants(options, "append"))
        failed |= bench_append(&bench);
    if (sj_bench_wants(options, "durable_150k"))
        failed |= bench_durable(&bench);
    if (sj_bench_wants(options, "open_10g"))
        failed |= bench_open(&bench);
    free(bench.frames);
    return failed;
}
SJ_BENCH(journal, "appending to, syncing and opening the journal");
