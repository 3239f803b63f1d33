/*
 * sink.h: files that rows can be written to, one after the other: npz, npy, CSV, Arrow, Parquet.
 *
 * CSV     a header and the eight fields of a row; numbers as short as they read back equal; a NaN
 * is empty. Arrow   the IPC file format (Feather 2), not compressed, a record batch for each 65,536
 * rows: to be mapped. Parquet: a row group for each 65,536 rows, plain encoding, zstd. Columns are
 * named and typed as the fields of hftbacktest's dtype; nothing is null.
 *
 * Errors   errno of writing; -SJ_E_LIMIT: more record batches than a footer holds.
 * Threads  One owner.
 * Memory   13 MB, and as much for each thread; CSV takes 8 MB more at most.
 */
#ifndef SJ_CONVERT_SINK_H
#define SJ_CONVERT_SINK_H

#include "convert/convert.h"

struct sj_sink;

/* `threads`: that turn rows into CSV, Arrow or Parquet beside the caller; 0, 1: the caller does.
 * The bytes do not depend on it. */
SJ_MUST_USE sj_rc sj_sink_create(const char *path, enum sj_convert_format format, uint32_t threads,
                                 struct sj_sink **ret_sink);
SJ_MUST_USE sj_rc sj_sink_append(struct sj_sink *sink, const struct sj_row *rows, size_t count);

/* Writes what is missing, syncs, closes; the sink is gone in any case. */
SJ_MUST_USE sj_rc sj_sink_finish(struct sj_sink *sink);
void sj_sink_abandon(struct sj_sink *sink);

#endif
