/*
 * block.h: some ten thousand rows as the bytes of a format; used by sink.c, which puts blocks one
 * behind the other.
 *
 * Threads  One owner a block at a time; blocks know nothing of each other.
 * Memory   13 MB, for CSV 9 MB and the text.
 */
#ifndef SJ_CONVERT_BLOCK_H
#define SJ_CONVERT_BLOCK_H

#include "convert/columns.h"
#include "convert/convert.h"

struct sj_block {
    enum sj_convert_format format;
    struct sj_row *rows; /* SJ_COLUMN_ROWS of them; owned, as what follows */
    size_t count;
    struct sj_bytes out;         /* what it becomes */
    struct sj_arrow_block arrow; /* for the footer; offsets count from the block's begin */
    struct sj_parquet_group parquet;
    struct sj_column_batch *columns;
    void *zstd;
    uint8_t *packed;
    size_t packed_room;
};

SJ_MUST_USE sj_rc sj_block_init(struct sj_block *block, enum sj_convert_format format);
void sj_block_done(struct sj_block *block);

/* Makes `out` of the rows. -ENOMEM. */
SJ_MUST_USE sj_rc sj_block_encode(struct sj_block *block);

#endif
