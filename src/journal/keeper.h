/*
 * keeper.h: the thread that does what must not be waited for: it prepares the next segment, seals
 * finished ones, compresses old ones and deletes those past their keeping.
 *
 * Threads  [writer] and the keeper thread, of its own.
 */
#ifndef SJ_JOURNAL_KEEPER_H
#define SJ_JOURNAL_KEEPER_H

#include <pthread.h>
#include <stdatomic.h>

#include "journal/commit.h"
#include "journal/seal.h"

#define SJ_KEEPER_INDEXES 4

struct sj_keeper {
    const struct sj_journal_io *io;
    struct sj_commit *commit;
    struct sj_journal_options options; /* dir is the keeper's copy */
    char dir[SJ_JOURNAL_PATH_MAX];
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool quit;              /* the rest under lock */
    uint64_t spare_ordinal; /* being made or made */
    bool spare_wanted;
    int spare_fd;                            /* made; -1: not yet */
    sj_rc spare_rc;                          /* making it failed */
    struct sj_seal seals[SJ_KEEPER_INDEXES]; /* oldest first */
    uint32_t seal_count;
    struct sj_segment_index *indexes[SJ_KEEPER_INDEXES]; /* free ones */
    uint32_t index_count;
    _Atomic bool spare_urgent; /* the writer waits for it */
    int64_t spare_taken_ns;    /* when the last one was; 0: none was */
    int64_t filled_ns;         /* between the last two takes; 0: not known */
    sj_rc error;
    uint64_t segment_count;
    uint64_t size;
    uint64_t compressed_count;
    uint64_t deleted_count;
    uint64_t retained_size;
    char retained_by[SJ_JOURNAL_CURSOR_NAME_MAX];
};

/* Shared by keeper.c (the thread) and keep.c (what it does in quiet moments), without the lock: */

/* Counts, deletes and compresses as the options ask. */
void sj_keeper_keep(struct sj_keeper *keeper);

/* Does what has become urgent; false when the thread shall end. */
bool sj_keeper_between(void *keeper);

SJ_MUST_USE sj_rc sj_keeper_zero(struct sj_keeper *keeper, int fd, uint64_t size, bool opening);

/* Whether a segment lasts so long that zeroing the next one pays; `filled_ns`: how long the last
 * one took to fill, 0 where that is not known. */
bool sj_keeper_worth_zeroing(const struct sj_keeper *keeper, int64_t filled_ns);

/* Starts the thread, which begins with segment `ordinal`. */
SJ_MUST_USE sj_rc sj_keeper_init(struct sj_keeper *keeper, const struct sj_journal_io *io,
                                 struct sj_commit *commit, const struct sj_journal_options *options,
                                 uint64_t ordinal);

/* Seals what is queued (if all of it is durable), ends the thread, removes an unused spare. */
void sj_keeper_done(struct sj_keeper *keeper);

/* The prepared segment and an empty index for it; the keeper goes on with the next. 0: taken;
 * -EAGAIN: not ready (`timeout_ns` was waited); else why it cannot be made. [writer] */
SJ_MUST_USE sj_rc sj_keeper_take(struct sj_keeper *keeper, int64_t timeout_ns, int *ret_fd,
                                 uint64_t *ret_ordinal, struct sj_segment_index **ret_index);

/* Hands a finished segment over. [writer] */
void sj_keeper_seal(struct sj_keeper *keeper, const struct sj_seal *seal);

#endif
