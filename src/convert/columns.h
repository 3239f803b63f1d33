/*
 * columns.h: rows as columns, and the two columnar formats; used by sink.c.
 *
 * Threads  One owner. Memory: the caller's.
 */
#ifndef SJ_CONVERT_COLUMNS_H
#define SJ_CONVERT_COLUMNS_H

#include "base/rc.h"
#include "convert/rows.h"

#include <stddef.h>

#define SJ_COLUMNS 8
#define SJ_COLUMN_ROWS 65536

enum sj_column_type { SJ_COLUMN_U64, SJ_COLUMN_I64, SJ_COLUMN_F64 };

struct sj_column {
    const char *name;
    enum sj_column_type type;
};
extern const struct sj_column sj_columns[SJ_COLUMNS];

/* Rows of one batch, column by column. Every value has 8 bytes. */
struct sj_column_batch {
    size_t count;
    uint64_t values[SJ_COLUMNS][SJ_COLUMN_ROWS];
};

/* Bytes that grow. */
struct sj_bytes {
    uint8_t *data; /* owned; free it */
    size_t size;
    size_t room;
    bool failed; /* out of memory: what was put since is lost */
};
void sj_bytes_put(struct sj_bytes *bytes, const void *data, size_t size);

/* --- Arrow's IPC file --- */

struct sj_arrow_block {
    int64_t offset;
    int32_t metadata_size;
    int32_t padding;
    int64_t body_size;
};

/* The file's magic and the schema's message. */
void sj_arrow_begin(struct sj_bytes *out);
/* The message before a batch's columns (which follow it, SJ_COLUMNS times 8 * count bytes). */
void sj_arrow_batch(struct sj_bytes *out, size_t row_count);
/* The end of the stream, the footer and the magic. */
void sj_arrow_end(struct sj_bytes *out, const struct sj_arrow_block *blocks, size_t count);

/* --- Parquet --- */

struct sj_parquet_chunk {
    uint64_t offset;
    uint64_t size; /* page header included */
    uint64_t plain_size;
};
struct sj_parquet_group {
    uint64_t row_count;
    struct sj_parquet_chunk chunks[SJ_COLUMNS];
};

/* The header of a page of `count` values. */
void sj_parquet_page(struct sj_bytes *out, size_t count, size_t plain_size, size_t size);
/* The footer, its size and the magic. */
void sj_parquet_end(struct sj_bytes *out, const struct sj_parquet_group *groups, size_t count);

#endif
