/*
 * from_journal.h: a journal's trades and books to rows.
 *
 * Threads  One owner. Memory: 2 MB and a batch.
 */
#ifndef SJ_CONVERT_FROM_JOURNAL_H
#define SJ_CONVERT_FROM_JOURNAL_H

#include "convert/bundle.h"

struct sj_from_journal;

SJ_MUST_USE sj_rc sj_from_journal_open(const char *dir, const struct sj_encode_options *options,
                                       struct sj_from_journal **ret_from);
void sj_from_journal_close(struct sj_from_journal *from);

/* Makes batches of the next events; their "lines" are events. A damaged range that was passed over
 * is a reject of its own. *ret_size: their bytes. Returns how many, 0 at the end. */
SJ_MUST_USE sj_rc sj_from_journal_next(struct sj_from_journal *from, struct sj_bundle *bundle,
                                       uint64_t *ret_size, char error[256]);

/* XXH3-128 of the events read so far, in hex. */
void sj_from_journal_hash(const struct sj_from_journal *from, char ret_hex[33]);

#endif
