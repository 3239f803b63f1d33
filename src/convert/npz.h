/*
 * npz.h: rows to and from `.npz` (a zip with one array, `data`) and `.npy`, as numpy and
 * hftbacktest read them.
 *
 * A file is a front of fixed size, the rows, and, for npz, a tail. The front names how many rows
 * there are, so it is written last: whoever writes rows by itself, in parallel, puts them behind
 * SJ_NPZ_FRONT_SIZE or SJ_NPY_FRONT_SIZE bytes and calls sj_npz_front and sj_npz_tail at the end.
 * Rows of a stored npz begin at a multiple of 64 bytes, so that a reader may use them in the
 * mapped file.
 *
 * Errors   -SJ_E_MALFORMED: not a file of rows; sj_rows_error says what is wrong and where.
 *          -SJ_E_CORRUPT: it is one, but damaged or cut.
 * Threads  One owner a reader or writer.
 * Memory   a reader takes at most 1.2 MB, whatever the file's size (mapped pages behind it are
 *          given back); a deflating writer 0.4 MB.
 */
#ifndef SJ_CONVERT_NPZ_H
#define SJ_CONVERT_NPZ_H

#include "base/rc.h"
#include "convert/rows.h"

#include <stddef.h>

#define SJ_NPY_FRONT_SIZE 256
#define SJ_NPZ_FRONT_SIZE 320
#define SJ_NPZ_TAIL_MAX 192

enum sj_npz_kind { SJ_NPZ_STORED, SJ_NPZ_DEFLATED, SJ_NPY };

/* What front and tail are made of. size: bytes between zip header and tail (npy header included);
 * for SJ_NPZ_DEFLATED what they were compressed to. crc: of the uncompressed array file. */
struct sj_npz_shape {
    enum sj_npz_kind kind;
    uint64_t row_count;
    uint64_t size;
    uint32_t crc;
};

/* The npy header, SJ_NPY_FRONT_SIZE bytes. */
void sj_npy_header(uint64_t row_count, uint8_t ret_header[SJ_NPY_FRONT_SIZE]);

/* The zip header (and, unless deflated, the npy header behind it). Returns its size. */
size_t sj_npz_front(const struct sj_npz_shape *shape, uint8_t ret_front[SJ_NPZ_FRONT_SIZE]);

/* The zip directory. Returns its size, 0 for npy. */
size_t sj_npz_tail(const struct sj_npz_shape *shape, uint8_t ret_tail[SJ_NPZ_TAIL_MAX]);

/* --- a file written from its first row to its last --- */

struct sj_npz_writer;

/* Creates or replaces `path`. */
SJ_MUST_USE sj_rc sj_npz_create(const char *path, enum sj_npz_kind kind,
                                struct sj_npz_writer **ret_writer);
SJ_MUST_USE sj_rc sj_npz_append(struct sj_npz_writer *writer, const struct sj_row *rows,
                                size_t count);

/* Writes front and tail, syncs, closes. The writer is gone, whatever is returned; after an error
 * the file is not to be used. */
SJ_MUST_USE sj_rc sj_npz_finish(struct sj_npz_writer *writer);

/* Closes without finishing. Accepts NULL. */
void sj_npz_abandon(struct sj_npz_writer *writer);

/* --- reading --- */

struct sj_rows;

/* Opens an npz (member `data`, or the only one) or npy with hftbacktest's dtype. The header is
 * checked; the rows are as they come. */
SJ_MUST_USE sj_rc sj_rows_open(const char *path, struct sj_rows **ret_rows, char error[256]);
void sj_rows_close(struct sj_rows *rows);

uint64_t sj_rows_count(const struct sj_rows *rows);

/* The next rows, at most 16384, in place; valid until the next call. Returns how many, 0 at the
 * end. -SJ_E_CORRUPT: the file ends early or its deflate stream or (when read from its beginning)
 * checksum is wrong. */
SJ_MUST_USE sj_rc sj_rows_next(struct sj_rows *rows, const struct sj_row **ret);

/* Back to the first row. */
SJ_MUST_USE sj_rc sj_rows_rewind(struct sj_rows *rows);

/* All rows at once, mapped, when the file is stored and aligned; else NULL. */
const struct sj_row *sj_rows_mapped(const struct sj_rows *rows);

/* One line about the last error. */
const char *sj_rows_error(const struct sj_rows *rows);

#endif
