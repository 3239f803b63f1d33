/*
 * source.h: the events of one source of a journal, one after the other.
 *
 * Errors   those of the journal's reader; -SJ_E_CORRUPT: a damaged range lies in the way.
 * Threads  one. Memory: a reader (mapped segments).
 */
#ifndef SJ_BACKTEST_SOURCE_H
#define SJ_BACKTEST_SOURCE_H

#include "event/event.h"
#include "journal/journal.h"

struct source {
    struct sj_journal_reader *reader;
    uint32_t src;
    const uint8_t *at, *end; /* of the block being walked */
};

SJ_MUST_USE sj_rc source_open(struct source *source, const char *dir, uint32_t src);
void source_close(struct source *source);

/* The next event in place, valid until the next call: 1; 0 at the end. */
SJ_MUST_USE sj_rc source_next(struct source *source, const struct sj_frame **ret_event);

/* The event of a sequence, going forwards only. -SJ_E_CORRUPT: it is not there. */
SJ_MUST_USE sj_rc source_seek(struct source *source, uint64_t seq,
                              const struct sj_frame **ret_event);

#endif
