/*
 * pack.h: a sealed segment, compressed: its header page as it was, then its blocks in zstd chunks
 * of about a mebibyte (each begins with a block), the table of chunks, the index, the trailer.
 *
 * Errors   -SJ_E_CORRUPT: not a segment worth packing, or a table that does not hold. A damaged
 * chunk reads as NULL. Threads  [any]; an unpacker belongs to one thread. Memory   an unpacker
 * holds its table and one chunk.
 */
#ifndef SJ_JOURNAL_PACK_H
#define SJ_JOURNAL_PACK_H

#include "journal/format.h"
#include "journal/io.h"

struct sj_unpacker;

/* Writes DIR/ordinal.segz from DIR/ordinal.seg, durably, and removes the latter. Damaged or
 * unsealed segments are left as they are (-SJ_E_CORRUPT). `go_on` is called between chunks and ends
 * the work by false (-ECANCELED). */
SJ_MUST_USE sj_rc sj_pack_segment(const struct sj_journal_io *io, const char *dir, uint64_t ordinal,
                                  bool (*go_on)(void *context), void *context);

/* Without a whole trailer and table nothing can be read: then *ret_size is 0. */
SJ_MUST_USE sj_rc sj_unpacker_open(int fd, uint64_t file_size,
                                   const struct sj_segment_trailer *trailer,
                                   struct sj_unpacker **ret_unpacker, uint64_t *ret_size);
void sj_unpacker_close(struct sj_unpacker *unpacker);

/* As sj_window_get, within one chunk. */
const uint8_t *sj_unpacker_get(struct sj_unpacker *unpacker, uint64_t offset, size_t size);

/* As sj_window_contiguous. */
uint64_t sj_unpacker_contiguous(const struct sj_unpacker *unpacker, uint64_t offset);

#endif
