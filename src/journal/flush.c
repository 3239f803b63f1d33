#include "base/clock.h"
#include "journal/writer.h"

/* A group commit is worth its fdatasync from about this many events on: the interval is the time in
 * which they come. */
#define GROUP_EVENTS 64
#define RATE_PERIOD_NS (2 * SJ_NS_PER_MS)
#define RATE_TAU_NS (100.0 * SJ_NS_PER_MS)
#define FLUSH_SIZE (256u << 10)

void sj_writer_flush(struct sj_journal *journal)
{
    sj_writer_close_block(journal);
    journal->pending = false;
    if (journal->closed_end == journal->offered || !journal->has_events)
        return;
    journal->offered = journal->closed_end;
    sj_commit_offer(&journal->commit, journal->offered);
}

/* Exponentially weighted, by elapsed time, so that it does not depend on how often it is called. */
static void update_rate(struct sj_journal *journal, int64_t now_ns)
{
    uint64_t count = atomic_load_explicit(&journal->head->accepted_count, memory_order_relaxed);
    int64_t passed_ns = now_ns - journal->rate_ns;
    if (journal->rate_ns == 0) {
        journal->rate_ns = now_ns;
        journal->rate_count = count;
        return;
    }
    if (passed_ns < RATE_PERIOD_NS)
        return;
    double rate = (double)(count - journal->rate_count) * SJ_NS_PER_S / (double)passed_ns;
    double weight = (double)passed_ns / (RATE_TAU_NS + (double)passed_ns);
    journal->rate_ewma += (rate - journal->rate_ewma) * weight;
    journal->rate_ns = now_ns;
    journal->rate_count = count;
    atomic_store_explicit(&journal->head->rate_milli, (uint64_t)(journal->rate_ewma * 1000),
                          memory_order_relaxed);
}

/* So long that a group commit serves GROUP_EVENTS, but so short that an event is durable within
 * flush_max, the commit itself included. */
static void adapt_interval(struct sj_journal *journal)
{
    const struct sj_journal_options *options = &journal->options;
    int64_t sync_ns = atomic_load_explicit(&journal->head->sync_ewma_ns, memory_order_relaxed);
    int64_t longest_ns = options->flush_max_ns - sync_ns;
    double interval_ns = (double)options->flush_max_ns;
    if (journal->rate_ewma > 0)
        interval_ns = (double)GROUP_EVENTS * SJ_NS_PER_S / journal->rate_ewma;
    if (interval_ns > (double)longest_ns)
        interval_ns = (double)longest_ns;
    if (interval_ns < (double)options->flush_min_ns)
        interval_ns = (double)options->flush_min_ns;
    journal->interval_ns = (int64_t)interval_ns;
    atomic_store_explicit(&journal->head->flush_interval_ns, journal->interval_ns,
                          memory_order_relaxed);
}

sj_rc sj_journal_do_work(struct sj_journal *journal, int64_t now_mono_ns)
{
    sj_rc done = 0;
    journal->now_ns = now_mono_ns;
    update_rate(journal, now_mono_ns);
    adapt_interval(journal);
    if (journal->pending && journal->pending_since_ns == 0)
        journal->pending_since_ns = now_mono_ns;
    bool due = now_mono_ns - journal->pending_since_ns >= journal->interval_ns ||
               journal->tail - journal->offered >= FLUSH_SIZE;
    if (journal->pending && due) {
        sj_writer_flush(journal);
        done++;
    }
    uint64_t durable = sj_commit_durable(&journal->commit);
    done += durable != journal->durable_seen;
    journal->durable_seen = durable;
    sj_rc rc = sj_writer_check(journal);
    return rc < 0 ? rc : done;
}

sj_rc sj_journal_sync(struct sj_journal *journal)
{
    sj_writer_flush(journal);
    while (journal->has_events && sj_commit_durable(&journal->commit) < journal->offered &&
           sj_commit_failed(&journal->commit) == 0)
        sj_commit_wait(&journal->commit, journal->offered, false, SJ_NS_PER_S);
    return sj_writer_check(journal);
}
