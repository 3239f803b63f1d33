/* How old an event is when a query first sees it: recorder, writer and reader at once, 100,000/s.
 */
#include "bench/bench.h"

#include "base/clock.h"
#include "market.h"
#include "servers.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RATE 100000
#define SECONDS 8
#define RUN 100 /* events appended at a time */
#define ASK_EVERY_US 20000

int sj_bench_visible(const struct sj_bench_options *options, struct bench_server *server);

struct visible {
    char dir[256];
    struct market market;
    struct sj_store *store;
    _Atomic uint64_t appended_seq;
    _Atomic bool is_over;
    _Atomic sj_rc rc;
    int64_t appended_ns[RATE * SECONDS / RUN + 1]; /* when each run was appended */
    uint64_t first_seq;
};

static sj_rc append_run(struct visible *visible, struct sj_journal *journal, uint32_t run)
{
    uint8_t frames[RUN * sizeof(struct sj_trade)];
    visible->appended_ns[run] = sj_clock_utc_ns();
    for (uint32_t i = 0; i < RUN; i++) {
        struct sj_trade *trade = (struct sj_trade *)(void *)(frames + i * sizeof(*trade));
        market_trade(&visible->market, trade);
        trade->recv_ns = visible->appended_ns[run];
    }
    sj_rc rc = sj_journal_append(journal, 1, frames, sizeof(frames), RUN);
    atomic_store(&visible->appended_seq, visible->market.seq);
    return rc;
}

static sj_rc record_events(struct visible *visible)
{
    const struct sj_journal_options options = {.dir = visible->dir, .segment_size = 64u << 20};
    struct sj_journal_recovery recovery;
    struct sj_journal *journal;
    sj_rc rc = sj_journal_open(&options, &recovery, &journal);
    if (rc < 0)
        return rc;
    for (uint32_t id = 1; rc >= 0 && id <= visible->market.instrument_count; id++) {
        struct sj_instrument definition;
        market_definition(&visible->market, id, &definition);
        rc = sj_journal_append(journal, 1, &definition, sizeof(definition), 1);
    }
    visible->first_seq = visible->market.seq + 1;
    int64_t begin_ns = sj_clock_mono_ns();
    for (uint32_t run = 0; rc >= 0 && run < RATE * SECONDS / RUN;) {
        int64_t now_ns = sj_clock_mono_ns();
        if (now_ns - begin_ns >= run * (int64_t)RUN * SJ_NS_PER_S / RATE) {
            rc = append_run(visible, journal, run++);
        } else {
            usleep(200);
        }
        if (rc >= 0)
            rc = sj_journal_do_work(journal, now_ns);
    }
    sj_rc closed = sj_journal_close(journal);
    return rc < 0 ? rc : closed;
}

static void *recorder(void *context)
{
    struct visible *visible = context;
    sj_rc rc = record_events(visible);
    if (rc < 0)
        atomic_store(&visible->rc, rc);
    return NULL;
}

static void *writer(void *context)
{
    struct visible *visible = context;
    while (!atomic_load(&visible->is_over)) {
        sj_rc rc = sj_store_do_work(visible->store);
        if (rc < 0)
            atomic_store(&visible->rc, rc);
        if (rc == 0)
            usleep(500);
    }
    return NULL;
}

/* Asks for the newest event until all have been seen; each newly seen run's age into the histogram.
 */
static bool watch(struct visible *visible, const struct bench_server *server, struct sj_hist *hist)
{
    uint32_t seen = 0;
    const uint32_t runs = RATE * SECONDS / RUN;
    int64_t end_ns = sj_clock_mono_ns() + (SECONDS + 30) * SJ_NS_PER_S;
    while (seen < runs && sj_clock_mono_ns() < end_ns && atomic_load(&visible->rc) == 0) {
        double newest =
            bench_server_number(server, "SELECT max(seq) FROM shijim.ticks WHERE src = 1");
        int64_t now_ns = sj_clock_utc_ns();
        while (seen < runs && newest > 0 && visible->first_seq > 0 &&
               (uint64_t)newest >= visible->first_seq + (uint64_t)(seen + 1) * RUN - 1) {
            sj_hist_record_many(hist, now_ns - visible->appended_ns[seen], RUN);
            seen++;
        }
        usleep(ASK_EVERY_US);
    }
    return seen == runs;
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static bool run_once(const struct sj_bench_options *options, const struct bench_server *server,
                     struct sj_hist *hist)
{
    static struct visible visible;
    pthread_t threads[2];
    memset(&visible, 0, sizeof(visible));
    snprintf(visible.dir, sizeof(visible.dir), "%.200s/visible.XXXXXX",
             options->directory != NULL ? options->directory : ".");
    if (mkdtemp(visible.dir) == NULL)
        return false;
    market_init(&visible.market, options->seed, 1000, 100, RATE, sj_clock_utc_ns());
    bench_server_number(server, "TRUNCATE TABLE shijim.ticks");
    pthread_create(&threads[0], NULL, recorder, &visible);
    while (atomic_load(&visible.appended_seq) == 0 && atomic_load(&visible.rc) == 0)
        usleep(1000);
    const struct sj_store_options store = {.config = &server->config,
                                           .journal_dir = visible.dir,
                                           .poll_wait_ms = 1,
                                           .durable_only = true};
    bool is_whole = sj_store_create(&store, &visible.store) == 0;
    if (is_whole) {
        pthread_create(&threads[1], NULL, writer, &visible);
        is_whole = watch(&visible, server, hist);
        atomic_store(&visible.is_over, true);
        pthread_join(threads[1], NULL);
        sj_store_close(visible.store);
    }
    pthread_join(threads[0], NULL);
    nftw(visible.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return is_whole;
}

int sj_bench_visible(const struct sj_bench_options *options, struct bench_server *server)
{
    const struct sj_bench_figure figure = {"store", "visible_100k", "p99_ns", "ns"};
    if (!sj_bench_wants(options, "visible_100k"))
        return 0;
    struct sj_hist *hists = calloc(options->runs, sizeof(*hists));
    SJ_BENCH_CHECK(hists != NULL, "no memory");
    for (uint32_t run = 0; run < options->runs; run++)
        SJ_BENCH_CHECK(run_once(options, server, &hists[run]), "not every event was seen");
    sj_bench_report_hists(options, &figure, hists, options->runs);
    free(hists);
    return 0;
}
