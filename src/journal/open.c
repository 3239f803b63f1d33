#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/segment.h"
#include "journal/writer.h"

#define SEGMENT_SIZE (256ULL << 20)
#define BUFFER_SIZE (32ULL << 20)
#define BUFFER_MIN (256ULL << 10)
#define FLUSH_MIN_NS (200 * SJ_NS_PER_US)
#define FLUSH_MAX_NS SJ_NS_PER_MS
#define RESERVE_SIZE (1ULL << 30)

sj_rc sj_writer_stop(struct sj_journal *journal, sj_rc rc, const char *what)
{
    if (journal->stopped == 0) {
        journal->stopped = rc;
        snprintf(journal->stopped_text, sizeof(journal->stopped_text), "%s: %s; %s", what,
                 sj_rc_text(rc),
                 rc == -ENOSPC ? "free space, then start again"
                               : "mend the disk, then start again");
        atomic_store_explicit(&journal->head->stopped, rc, memory_order_relaxed);
        atomic_store_explicit(&journal->head->state, SJ_HEAD_STOPPED, memory_order_release);
    }
    return journal->stopped;
}

sj_rc sj_writer_check(struct sj_journal *journal)
{
    sj_rc failed = sj_commit_failed(&journal->commit);
    if (failed < 0)
        return sj_writer_stop(journal, failed,
                              atomic_load(&journal->commit.failed_at) == 2
                                  ? "fdatasync of a segment"
                                  : "writing a segment");
    return journal->stopped;
}

static sj_rc options_fill(struct sj_journal_options *options)
{
    if (options->dir == NULL || options->dir[0] == 0)
        return -EINVAL;
    if (options->segment_size == 0)
        options->segment_size = SEGMENT_SIZE;
    options->segment_size = sj_page_up(options->segment_size);
    if (options->buffer_size == 0)
        options->buffer_size = BUFFER_SIZE;
    if (options->flush_max_ns == 0)
        options->flush_max_ns = FLUSH_MAX_NS;
    if (options->flush_min_ns == 0)
        options->flush_min_ns =
            options->flush_max_ns < FLUSH_MIN_NS ? options->flush_max_ns : FLUSH_MIN_NS;
    if (options->reserve_size == 0)
        options->reserve_size = RESERVE_SIZE;
    if (options->io == NULL)
        options->io = &sj_journal_io_system;
    bool sane = options->segment_size >= SJ_JOURNAL_SEGMENT_MIN &&
                options->segment_size <= UINT32_MAX && options->buffer_size >= BUFFER_MIN &&
                (options->buffer_size & (options->buffer_size - 1)) == 0 &&
                options->flush_min_ns > 0 && options->flush_min_ns <= options->flush_max_ns;
    return sane ? 0 : -SJ_E_RANGE;
}

static void keep_definition(void *context, uint32_t src, const struct sj_instrument *frame)
{
    sj_definitions_put(context, src, frame);
}

static void head_begin(struct sj_journal *journal, const struct sj_recovered *state)
{
    struct sj_head *head = journal->head;
    memset((void *)head, 0, sizeof(*head));
    head->version = SJ_JOURNAL_VERSION;
    head->journal_id = journal->journal_id;
    head->boot_id = sj_head_boot_id();
    head->pid = getpid();
    if (getrandom(&head->open_id, sizeof(head->open_id), 0) != sizeof(head->open_id))
        head->open_id = (uint64_t)sj_clock_utc_ns();
    atomic_store(&head->accepted_position, state->end);
    atomic_store(&head->written_position, state->end);
    atomic_store(&head->durable_position, state->end);
    for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++) {
        journal->last_seq[src] = state->last_seq[src];
        atomic_store(&head->accepted_seq[src], state->last_seq[src]);
        atomic_store(&head->durable_seq[src], state->last_seq[src]);
    }
    atomic_store(&head->segment_ordinal, state->next_ordinal);
    atomic_store(&head->segment_base, state->next_base);
    atomic_store(&head->segment_prev_end, state->end);
    head->magic = SJ_HEAD_MAGIC;
    atomic_store(&head->state, SJ_HEAD_OPEN);
}

static sj_rc begin(struct sj_journal *journal, const struct sj_head *before,
                   struct sj_journal_recovery *recovery)
{
    struct sj_recovered state;
    sj_rc rc = sj_recover(journal->io, journal->dir, before, false, keep_definition,
                          &journal->definitions, &state, recovery);
    if (rc < 0)
        return rc;
    journal->journal_id = state.journal_id;
    if (journal->journal_id == 0 &&
        getrandom(&journal->journal_id, sizeof(journal->journal_id), 0) < 0)
        return -errno;
    journal->event_count = state.event_count;
    head_begin(journal, &state);
    rc = sj_commit_init(&journal->commit, journal->io, journal->head, journal->options.buffer_size,
                        state.next_base);
    if (rc == 0)
        rc = sj_keeper_init(&journal->keeper, journal->io, &journal->commit, &journal->options,
                            state.next_ordinal);
    if (rc < 0)
        return rc;
    journal->tail = journal->closed_end = journal->offered = state.next_base;
    return sj_writer_begin_segment(journal, state.next_base, state.end, false);
}

static void journal_free(struct sj_journal *journal)
{
    sj_keeper_done(&journal->keeper);
    sj_commit_done(&journal->commit);
    sj_index_close(journal->index);
    sj_definitions_done(&journal->definitions);
    sj_head_unmap(journal->head);
    sj_io_close(&journal->lock_fd);
    free(journal);
}

sj_rc sj_journal_open(const struct sj_journal_options *options,
                      struct sj_journal_recovery *ret_recovery, struct sj_journal **ret_journal)
{
    struct sj_journal_options filled = *options;
    sj_rc rc = options_fill(&filled);
    if (rc < 0)
        return rc;
    struct sj_journal *journal = NULL;
    if (posix_memalign((void **)&journal, 64, sizeof(*journal)) != 0)
        return -ENOMEM;
    memset((void *)journal, 0, sizeof(*journal));
    struct sj_head *before = calloc(1, sizeof(*before));
    struct sj_journal_recovery *recovery = calloc(1, sizeof(*recovery));
    journal->lock_fd = journal->commit.segment.fd = journal->keeper.spare_fd = -1;
    journal->io = filled.io;
    if (before == NULL || recovery == NULL)
        rc = -ENOMEM;
    else if (snprintf(journal->dir, sizeof(journal->dir), "%s", filled.dir) >=
             (int)sizeof(journal->dir))
        rc = -ENAMETOOLONG;
    else if (mkdir(journal->dir, 0755) != 0 && errno != EEXIST)
        rc = -errno;
    filled.dir = journal->dir;
    journal->options = filled;
    journal->interval_ns = filled.flush_max_ns;
    journal->block_max = SJ_JOURNAL_BLOCK_MAX;
    if (journal->block_max > filled.segment_size / 8)
        journal->block_max = (uint32_t)(filled.segment_size / 8) & ~(SJ_FRAME_UNIT - 1);
    uint64_t smaller =
        filled.buffer_size < filled.segment_size ? filled.buffer_size : filled.segment_size;
    journal->run_max = smaller / 4;
    if (rc == 0)
        rc = sj_definitions_init(&journal->definitions);
    if (rc == 0)
        rc = sj_head_lock(journal->dir, &journal->lock_fd);
    if (rc == 0)
        rc = sj_head_create(journal->dir, before, &journal->head);
    if (rc == 0)
        rc = begin(journal, before, recovery);
    if (rc == 0 && ret_recovery != NULL)
        *ret_recovery = *recovery;
    free(before);
    free(recovery);
    if (rc < 0) {
        journal_free(journal);
        return rc;
    }
    *ret_journal = journal;
    return 0;
}

/* An open segment without events would only be passed over: it goes. */
static void remove_unused(struct sj_journal *journal)
{
    char path[SJ_JOURNAL_PATH_MAX];
    sj_segment_path(path, sizeof(path), journal->dir, journal->ordinal, false);
    sj_rc rc = journal->io->remove(journal->io->context, path);
    (void)rc; /* the next opening tries again */
}

sj_rc sj_journal_close(struct sj_journal *journal)
{
    if (journal == NULL)
        return 0;
    sj_rc rc = sj_journal_sync(journal);
    bool durable = sj_commit_failed(&journal->commit) == 0;
    if (durable && journal->has_events) {
        struct sj_seal seal = {.ordinal = journal->ordinal,
                               .journal_id = journal->journal_id,
                               .nonce = journal->nonce,
                               .base = journal->base,
                               .end = journal->tail,
                               .clean = true,
                               .index = journal->index};
        sj_keeper_seal(&journal->keeper, &seal);
        journal->index = NULL;
    } else if (durable && journal->index != NULL) {
        remove_unused(journal);
    }
    sj_keeper_done(&journal->keeper);
    if (durable && journal->keeper.error < 0 && rc == 0)
        rc = journal->keeper.error;
    if (durable && rc == 0)
        atomic_store_explicit(&journal->head->state, SJ_HEAD_CLOSED, memory_order_release);
    journal_free(journal);
    return rc;
}

uint64_t sj_journal_durable_seq(const struct sj_journal *journal, uint32_t src)
{
    return src < SJ_JOURNAL_SOURCES_MAX
               ? atomic_load_explicit(&journal->head->durable_seq[src], memory_order_acquire)
               : 0;
}

uint64_t sj_journal_durable_position(const struct sj_journal *journal)
{
    return atomic_load_explicit(&journal->head->durable_position, memory_order_acquire);
}

void sj_journal_stat(const struct sj_journal *journal, struct sj_journal_stat *ret)
{
    const struct sj_head *head = journal->head;
    struct sj_keeper *keeper = (struct sj_keeper *)(uintptr_t)&journal->keeper; /* for its lock */
    sj_head_stat(head, ret);
    memcpy(ret->stopped_text, journal->stopped_text, sizeof(ret->stopped_text));
    pthread_mutex_lock(&keeper->lock);
    ret->segment_count = keeper->segment_count;
    ret->size = keeper->size;
    ret->compressed_count = keeper->compressed_count;
    ret->deleted_count = keeper->deleted_count;
    ret->retained_size = keeper->retained_size;
    memcpy(ret->retained_by, keeper->retained_by, sizeof(ret->retained_by));
    ret->keeper_error = keeper->error;
    pthread_mutex_unlock(&keeper->lock);
}
