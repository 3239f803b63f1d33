/*
 * from_taifex.h: a day of TAIFEX's trades to rows, or to events.
 *
 * A file is read whole, parsed, and given out in the order of time: its lines are not in that
 * order. It may be the exchange's zip, the CSV in it, or that packed with gzip or zstd.
 *
 * Errors   -SJ_E_MALFORMED with line and reason: strict, or it is no such file. An archive that
 * ends early is given as far as it goes, with `cut` of its last piece. Threads  One owner. Memory
 * the file, what is packed in it, and 56 bytes a line; SJ_TAIFEX_SIZE_MAX bytes at most.
 */
#ifndef SJ_CONVERT_FROM_TAIFEX_H
#define SJ_CONVERT_FROM_TAIFEX_H

#include "convert/encode.h"
#include "convert/taifex_file.h"

struct sj_from_taifex;

SJ_MUST_USE sj_rc sj_from_taifex_open(const char *path, const struct sj_encode_options *options,
                                      struct sj_from_taifex **ret_from, char error[512]);
void sj_from_taifex_close(struct sj_from_taifex *from);

/* Makes batches of the next trades. The first has all lines that were not taken, the last counts
 * the lines and ends the file. *ret_size: bytes of text. Returns 1, or 0 at the end. What the batch
 * points to is good until the next call. */
SJ_MUST_USE sj_rc sj_from_taifex_next(struct sj_from_taifex *from, struct sj_bundle *bundle,
                                      struct sj_piece *piece, uint64_t *ret_size);

/* XXH3-128 of the file as it lies on the disk, in hex. */
void sj_from_taifex_hash(const struct sj_from_taifex *from, char ret_hex[33]);

#endif
