/*
 * pack.h: a sealed segment, compressed: its header page as it was, then the bytes behind it in zstd
 * chunks of about a mebibyte, the table of chunks, and the trailer.
 *
 * Errors   -SJ_E_CORRUPT: no table that could be read. A damaged chunk reads as NULL.
 * Threads  [any]; an unpacker belongs to one thread.
 * Memory   an unpacker holds its table and one chunk.
 */
#ifndef SJ_JOURNAL_PACK_H
#define SJ_JOURNAL_PACK_H

#include "journal/format.h"
#include "journal/io.h"

struct sj_unpacker;

SJ_MUST_USE sj_rc sj_unpacker_open(int fd, uint64_t file_size,
                                   const struct sj_segment_trailer *trailer,
                                   struct sj_unpacker **ret_unpacker, uint64_t *ret_size);
void sj_unpacker_close(struct sj_unpacker *unpacker);

/* As sj_window_get. */
const uint8_t *sj_unpacker_get(struct sj_unpacker *unpacker, uint64_t offset, size_t size);

#endif
