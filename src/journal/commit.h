/*
 * commit.h: the group commit: a ring of accepted bytes, and the thread that writes them and makes
 * them durable.
 *
 * The writer fills the ring from `tail`, closes blocks and hands them over by `commit_offer`; the
 * thread writes what is offered in one piece, syncs it, and only then lets `durable` move. A byte
 * of the ring belongs to the writer until it is offered and to the thread until `freed` passes it.
 *
 * Threads  [writer] and the commit thread, of its own.
 * Memory   the ring is mapped twice in a row, so that every run of bytes in it is contiguous.
 */
#ifndef SJ_JOURNAL_COMMIT_H
#define SJ_JOURNAL_COMMIT_H

#include <pthread.h>
#include <stdatomic.h>

#include "journal/head.h"
#include "journal/io.h"

#define SJ_COMMIT_ROLLS_MAX 8

/* From position `base` on, bytes go to `fd`; before it they ended at `prev_end`. */
struct sj_commit_roll {
    uint64_t base;
    uint64_t prev_end;
    uint64_t ordinal;
    int fd; /* owned by the commit thread until the next roll or the end */
};

struct sj_commit {
    const struct sj_journal_io *io;
    struct sj_head *head;
    uint8_t *ring;
    uint64_t ring_size;
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t lock;
    pthread_cond_t offered_cond;
    pthread_cond_t done_cond;
    bool quit; /* under lock */
    struct sj_commit_roll rolls[SJ_COMMIT_ROLLS_MAX];
    _Atomic uint32_t roll_push; /* [writer] */
    _Atomic uint32_t roll_pop;  /* [commit] */
    _Alignas(64) _Atomic uint64_t offered;
    _Alignas(64) _Atomic uint64_t freed;
    _Atomic uint64_t durable;
    _Atomic int32_t failed;        /* sj_rc: nothing is written any more */
    _Atomic int32_t failed_at;     /* 1 write, 2 sync */
    uint8_t *tail_page;            /* [commit] the last, partly filled page */
    uint64_t position;             /* [commit] written up to here */
    struct sj_commit_roll segment; /* [commit] */
};

/* Makes ring and thread; bytes begin at `position` (a page's beginning). */
SJ_MUST_USE sj_rc sj_commit_init(struct sj_commit *commit, const struct sj_journal_io *io,
                                 struct sj_head *head, uint64_t ring_size, uint64_t position);

/* Writes what was offered (unless failed), ends the thread, frees. */
void sj_commit_done(struct sj_commit *commit);

/* Where the byte of `position` lies. */
static inline uint8_t *sj_commit_at(const struct sj_commit *commit, uint64_t position)
{
    return commit->ring + (position & (commit->ring_size - 1));
}

/* Announces the next segment. False when too many are under way. [writer] */
bool sj_commit_roll(struct sj_commit *commit, const struct sj_commit_roll *roll);

/* Everything below `position` is whole: write it. [writer] */
void sj_commit_offer(struct sj_commit *commit, uint64_t position);

/* Waits until `durable` reaches `position` (or, with `freed`, until bytes below it are free), the
 * thread failed, or the timeout is over. [writer] */
void sj_commit_wait(struct sj_commit *commit, uint64_t position, bool freed, int64_t timeout_ns);

static inline uint64_t sj_commit_durable(const struct sj_commit *commit)
{
    return atomic_load_explicit(&commit->durable, memory_order_acquire);
}
static inline sj_rc sj_commit_failed(const struct sj_commit *commit)
{
    return atomic_load_explicit(&commit->failed, memory_order_acquire);
}

#endif
