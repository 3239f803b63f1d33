#include "convert/block.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define CSV_ROW_MAX 320

sj_rc sj_block_init(struct sj_block *block, enum sj_convert_format format)
{
    *block = (struct sj_block){.format = format};
    block->rows = malloc(SJ_COLUMN_ROWS * sizeof *block->rows);
    bool whole = block->rows;
    if (format != SJ_TO_CSV) {
        block->columns = calloc(1, sizeof *block->columns);
        whole &= block->columns != NULL;
    }
    if (format == SJ_TO_PARQUET) {
        block->packed_room = ZSTD_compressBound(8 * SJ_COLUMN_ROWS);
        block->packed = malloc(block->packed_room);
        block->zstd = ZSTD_createCCtx();
        whole &= block->packed && block->zstd;
    }
    return whole ? 0 : -ENOMEM;
}

void sj_block_done(struct sj_block *block)
{
    ZSTD_freeCCtx(block->zstd);
    free(block->packed);
    free(block->columns);
    free(block->rows);
    free(block->out.data);
    *block = (struct sj_block){0};
}

/* --- CSV --- */

static size_t put_uint(char *to, uint64_t value)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    for (size_t i = 0; i < count; i++)
        to[i] = digits[count - 1 - i];
    return count;
}

static size_t put_int(char *to, int64_t value)
{
    if (value >= 0)
        return put_uint(to, (uint64_t)value);
    *to = '-';
    return 1 + put_uint(to + 1, 0 - (uint64_t)value);
}

/* A number of few places, as nearly all are: digits / 10^places is the double nearest to that
 * decimal, since both are exact, so the decimal reads back to it. */
static size_t put_short_real(char *to, double value)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    double size = fabs(value);
    if (!(size < 1e15) || (size < 1e-4 && size != 0) || (size == 0 && signbit(value)))
        return 0;
    for (size_t places = 0; places < sizeof powers / sizeof powers[0]; places++) {
        double digits = nearbyint(size * powers[places]);
        if (digits >= 1e15)
            return 0;
        if (digits / powers[places] != size)
            continue;
        uint64_t whole = (uint64_t)digits;
        uint64_t unit = (uint64_t)powers[places];
        size_t used = 0;
        if (value < 0)
            to[used++] = '-';
        used += put_uint(to + used, whole / unit);
        if (!places)
            return used;
        to[used++] = '.';
        uint64_t rest = whole % unit;
        for (size_t i = places; i-- > 0; rest /= 10)
            to[used + i] = (char)('0' + rest % 10);
        return used + places;
    }
    return 0;
}

/* The shortest text that reads back to the same number. */
static size_t put_real(char *to, double value)
{
    if (isnan(value))
        return 0;
    size_t used = put_short_real(to, value);
    if (used)
        return used;
    for (int digits = 15; digits < 17; digits++) {
        int size = snprintf(to, 32, "%.*g", digits, value);
        if (strtod(to, NULL) == value)
            return (size_t)size;
    }
    return (size_t)snprintf(to, 32, "%.17g", value);
}

static size_t put_row(char *to, const struct sj_row *row)
{
    size_t used = put_uint(to, row->ev);
    to[used++] = ',';
    used += put_int(to + used, row->exch_ts);
    to[used++] = ',';
    used += put_int(to + used, row->local_ts);
    to[used++] = ',';
    used += put_real(to + used, row->px);
    to[used++] = ',';
    used += put_real(to + used, row->qty);
    to[used++] = ',';
    used += put_uint(to + used, row->order_id);
    to[used++] = ',';
    used += put_int(to + used, row->ival);
    to[used++] = ',';
    used += put_real(to + used, row->fval);
    to[used++] = '\n';
    return used;
}

static void encode_csv(struct sj_block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        char text[CSV_ROW_MAX];
        sj_bytes_put(&block->out, text, put_row(text, &block->rows[i]));
    }
}

/* --- columns --- */

static void transpose(struct sj_block *block)
{
    struct sj_column_batch *columns = block->columns;
    for (size_t i = 0; i < block->count; i++) {
        uint64_t values[SJ_COLUMNS];
        memcpy(values, &block->rows[i], sizeof values);
        for (int column = 0; column < SJ_COLUMNS; column++)
            columns->values[column][i] = values[column];
    }
    columns->count = block->count;
}

static void encode_arrow(struct sj_block *block)
{
    sj_arrow_batch(&block->out, block->count);
    block->arrow = (struct sj_arrow_block){.metadata_size = (int32_t)block->out.size,
                                           .body_size = (int64_t)(8 * SJ_COLUMNS * block->count)};
    for (int i = 0; i < SJ_COLUMNS; i++)
        sj_bytes_put(&block->out, block->columns->values[i], 8 * block->count);
}

static sj_rc encode_parquet(struct sj_block *block)
{
    size_t plain = 8 * block->count;
    block->parquet = (struct sj_parquet_group){.row_count = block->count};
    for (int i = 0; i < SJ_COLUMNS; i++) {
        size_t size = ZSTD_compressCCtx(block->zstd, block->packed, block->packed_room,
                                        block->columns->values[i], plain, 1);
        if (ZSTD_isError(size))
            return -ENOMEM;
        size_t begin = block->out.size;
        sj_parquet_page(&block->out, block->count, plain, size);
        size_t head = block->out.size - begin;
        block->parquet.chunks[i].offset = begin;
        block->parquet.chunks[i].size = head + size;
        block->parquet.chunks[i].plain_size = head + plain;
        sj_bytes_put(&block->out, block->packed, size);
    }
    return 0;
}

sj_rc sj_block_encode(struct sj_block *block)
{
    sj_rc rc = 0;
    block->out.size = 0;
    if (block->format == SJ_TO_CSV) {
        encode_csv(block);
    } else {
        transpose(block);
        if (block->format == SJ_TO_ARROW)
            encode_arrow(block);
        else
            rc = encode_parquet(block);
    }
    return rc < 0 ? rc : block->out.failed ? -ENOMEM : 0;
}
