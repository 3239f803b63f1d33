/*
 * source.h: input files, in pieces of whole lines, for any number of workers.
 *
 * The pieces of plain files are read by the workers themselves, side by side; a file compressed
 * with gzip or zstd (known by its first bytes) is unpacked by whoever asks for its next piece,
 * while the others work. Where a piece begins and ends depends on the file only.
 *
 * Errors   sj_source_error says which file, where and why. A compressed file that ends early is
 *          given as far as it goes, with `cut` set on its last piece.
 * Threads  [any worker] next, read. [owner] the rest.
 * Memory   SJ_PIECE_MEMORY a worker, and 2.5 MB for unpacking.
 */
#ifndef SJ_CONVERT_SOURCE_H
#define SJ_CONVERT_SOURCE_H

#include "base/rc.h"
#include "convert/number.h"

#include <stddef.h>

#define SJ_PIECE_SIZE (1u << 20)
/* A longer line is refused. */
#define SJ_LINE_MAX (1u << 20)
#define SJ_PIECE_MEMORY (SJ_PIECE_SIZE + SJ_LINE_MAX + 2 * SJ_TEXT_PAD)

struct sj_source;

/* A piece: the lines that begin in it. */
struct sj_piece {
    uint64_t number;   /* counts from 0 over all files; results are put together in this order */
    uint32_t file;     /* index of the path */
    uint64_t offset;   /* of `begin` in the (unpacked) file */
    const char *begin; /* first line; behind the last one is `end`, and SJ_TEXT_PAD bytes */
    const char *end;
    bool starts_file;
    bool ends_file;
    bool plain;        /* of a file that is not packed */
    bool unterminated; /* the file's last line has no newline of its own (one was put there) */
    bool too_long;     /* the last line is longer than SJ_LINE_MAX; it is not in the piece */
    bool cut;          /* a compressed file ends early, or is damaged, behind this */
    const char *raw;   /* what of a plain file this piece stands for, for its hash */
    size_t raw_size;
    char *memory; /* SJ_PIECE_MEMORY bytes, the worker's */
    uint64_t raw_offset;
};

SJ_MUST_USE sj_rc sj_source_open(const char *const *paths, uint32_t count,
                                 struct sj_source **ret_source, char error[256]);
void sj_source_close(struct sj_source *source);

/* Begins at `offset` of `file` instead of the first byte, which must be the offset of a piece given
 * before (of a compressed file: a multiple of pieces is unpacked and dropped). Piece numbers begin
 * at `number`. [owner] */
SJ_MUST_USE sj_rc sj_source_seek(struct sj_source *source, uint32_t file, uint64_t piece_of_file,
                                 uint64_t number, char error[256]);

/* The next piece: 1, or 0 at the end of the last file. [any worker] */
SJ_MUST_USE sj_rc sj_source_next(struct sj_source *source, struct sj_piece *piece);

/* Bytes of all files as they lie on the disk, and how many were taken so far. [any] */
uint64_t sj_source_size(const struct sj_source *source);
uint64_t sj_source_taken(const struct sj_source *source);

const char *sj_source_error(const struct sj_source *source);

/* XXH3-128 of a file's bytes as they lie on the disk, when its pieces have passed through
 * sj_source_hashed, in their order, to the end. [owner of the order] */
void sj_source_hashed(struct sj_source *source, const struct sj_piece *piece);
void sj_source_hash(const struct sj_source *source, uint32_t file, char ret_hex[33]);

#endif
