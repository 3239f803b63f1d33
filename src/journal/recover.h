/*
 * recover.h: what opening for writing does first: finds where the journal ends, seals what was left
 * open, and learns sources, definitions and losses.
 *
 * Threads  [writer] only, with the lock held.
 */
#ifndef SJ_JOURNAL_RECOVER_H
#define SJ_JOURNAL_RECOVER_H

#include "journal/head.h"
#include "journal/io.h"
#include "journal/segment.h"

struct sj_recovered {
    uint64_t journal_id; /* 0: an empty journal */
    uint64_t next_ordinal;
    uint64_t end;       /* position where the last block ends */
    uint64_t next_base; /* of the segment to begin: above every position ever told */
    uint64_t event_count;
    uint64_t last_seq[SJ_JOURNAL_SOURCES_MAX];
};

/* Called with each definition of the last segment, in order. */
typedef void sj_recover_definition(void *context, uint32_t src, const struct sj_instrument *frame);

/* `all`: every segment is looked at; else only those since the last sealed one. */
SJ_MUST_USE sj_rc sj_recover(const struct sj_journal_io *io, const char *dir,
                             const struct sj_head *before, bool all,
                             sj_recover_definition *definition, void *context,
                             struct sj_recovered *ret_recovered,
                             struct sj_journal_recovery *ret_recovery);

/* Copies [offset, end) of the window to DIR/damaged/POSITION.cut, durably. */
SJ_MUST_USE sj_rc sj_recover_save_aside(const struct sj_journal_io *io, const char *dir,
                                        struct sj_window *window, uint64_t offset, uint64_t end,
                                        uint64_t position);

#endif
