/*
 * seal.h: ends a segment: index and trailer behind its blocks, the unused rest given back.
 *
 * Threads  [any], one at a time per segment; nothing writes to the segment any more.
 */
#ifndef SJ_JOURNAL_SEAL_H
#define SJ_JOURNAL_SEAL_H

#include "journal/index.h"
#include "journal/io.h"

struct sj_seal {
    uint64_t ordinal;
    uint64_t journal_id;
    uint64_t nonce;
    uint64_t base;
    uint64_t end; /* position */
    bool clean;
    struct sj_segment_index *index;
};

/* Everything of it is durable on return. */
SJ_MUST_USE sj_rc sj_seal_write(const struct sj_journal_io *io, const char *dir,
                                const struct sj_seal *seal);

/* Reads a sealed segment's index. -SJ_E_CORRUPT. */
struct sj_window;
SJ_MUST_USE sj_rc sj_seal_read_index(const struct sj_window *window,
                                     struct sj_segment_index *index);

#endif
