#include "convert/sink.h"

#include "convert/columns.h"
#include "convert/npz.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define TEXT_FLUSH (256u << 10)
#define CSV_ROW_MAX 320
#define BATCHES_MAX (1u << 20)

struct sj_sink {
    enum sj_convert_format format;
    struct sj_npz_writer *npz;
    int fd;
    uint64_t at;         /* bytes written */
    struct sj_bytes out; /* not written yet */
    struct sj_column_batch *batch;
    struct sj_bytes items; /* sj_arrow_block or sj_parquet_group of each batch */
    size_t item_count;
    ZSTD_CCtx *zstd;
    uint8_t *packed;
    size_t packed_room;
};

const struct sj_column sj_columns[SJ_COLUMNS] = {
    {"ev", SJ_COLUMN_U64},   {"exch_ts", SJ_COLUMN_I64}, {"local_ts", SJ_COLUMN_I64},
    {"px", SJ_COLUMN_F64},   {"qty", SJ_COLUMN_F64},     {"order_id", SJ_COLUMN_U64},
    {"ival", SJ_COLUMN_I64}, {"fval", SJ_COLUMN_F64},
};

void sj_bytes_put(struct sj_bytes *bytes, const void *data, size_t size)
{
    if (bytes->room - bytes->size < size) {
        size_t room = bytes->room ? bytes->room : 4096;
        while (room - bytes->size < size)
            room *= 2;
        uint8_t *grown = realloc(bytes->data, room);
        if (!grown) {
            bytes->failed = true;
            return;
        }
        bytes->data = grown;
        bytes->room = room;
    }
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static sj_rc write_bytes(struct sj_sink *sink, const void *bytes, size_t size)
{
    const char *from = bytes;
    sink->at += size;
    while (size) {
        ssize_t done = write(sink->fd, from, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        from += done;
        size -= (size_t)done;
    }
    return 0;
}

static sj_rc flush(struct sj_sink *sink)
{
    if (sink->out.failed || sink->items.failed)
        return -ENOMEM;
    sj_rc rc = write_bytes(sink, sink->out.data, sink->out.size);
    sink->out.size = 0;
    return rc;
}

static sj_rc open_file(struct sj_sink *sink, const char *path)
{
    sink->fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (sink->fd < 0)
        return -errno;
    if (sink->format == SJ_TO_CSV) {
        for (int i = 0; i < SJ_COLUMNS; i++) {
            sj_bytes_put(&sink->out, sj_columns[i].name, strlen(sj_columns[i].name));
            sj_bytes_put(&sink->out, i + 1 < SJ_COLUMNS ? "," : "\n", 1);
        }
        return 0;
    }
    sink->batch = calloc(1, sizeof *sink->batch);
    if (!sink->batch)
        return -ENOMEM;
    if (sink->format == SJ_TO_ARROW) {
        sj_arrow_begin(&sink->out);
        return flush(sink);
    }
    sink->packed_room = ZSTD_compressBound(8 * SJ_COLUMN_ROWS);
    sink->packed = malloc(sink->packed_room);
    sink->zstd = ZSTD_createCCtx();
    sj_bytes_put(&sink->out, "PAR1", 4);
    return sink->packed && sink->zstd ? flush(sink) : -ENOMEM;
}

sj_rc sj_sink_create(const char *path, enum sj_convert_format format, struct sj_sink **ret_sink)
{
    struct sj_sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return -ENOMEM;
    sink->format = format;
    sink->fd = -1;
    sj_rc rc;
    if (format == SJ_TO_NPZ || format == SJ_TO_NPZ_DEFLATED || format == SJ_TO_NPY)
        rc = sj_npz_create(path,
                           format == SJ_TO_NPZ   ? SJ_NPZ_STORED
                           : format == SJ_TO_NPY ? SJ_NPY
                                                 : SJ_NPZ_DEFLATED,
                           &sink->npz);
    else
        rc = open_file(sink, path);
    if (rc < 0) {
        sj_sink_abandon(sink);
        return rc;
    }
    *ret_sink = sink;
    return 0;
}

/* The shortest text that reads back to the same number. */
static int format_real(char *to, double value)
{
    if (isnan(value))
        return 0;
    for (int digits = 15; digits < 17; digits++) {
        int size = snprintf(to, 32, "%.*g", digits, value);
        if (strtod(to, NULL) == value)
            return size;
    }
    return snprintf(to, 32, "%.17g", value);
}

static sj_rc append_csv(struct sj_sink *sink, const struct sj_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sj_row *row = &rows[i];
        char text[CSV_ROW_MAX];
        int used = snprintf(text, sizeof text, "%" PRIu64 ",%" PRId64 ",%" PRId64 ",", row->ev,
                            row->exch_ts, row->local_ts);
        used += format_real(text + used, row->px);
        text[used++] = ',';
        used += format_real(text + used, row->qty);
        used += snprintf(text + used, sizeof text - (size_t)used, ",%" PRIu64 ",%" PRId64 ",",
                         row->order_id, row->ival);
        used += format_real(text + used, row->fval);
        text[used++] = '\n';
        sj_bytes_put(&sink->out, text, (size_t)used);
        if (sink->out.size >= TEXT_FLUSH) {
            sj_rc rc = flush(sink);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static sj_rc write_arrow(struct sj_sink *sink)
{
    const struct sj_column_batch *batch = sink->batch;
    struct sj_arrow_block block = {.offset = (int64_t)sink->at,
                                   .body_size = (int64_t)(8 * SJ_COLUMNS * batch->count)};
    sj_arrow_batch(&sink->out, batch->count);
    block.metadata_size = (int32_t)sink->out.size;
    sj_bytes_put(&sink->items, &block, sizeof block);
    sj_rc rc = flush(sink);
    for (int i = 0; rc >= 0 && i < SJ_COLUMNS; i++)
        rc = write_bytes(sink, batch->values[i], 8 * batch->count);
    return rc;
}

static sj_rc write_parquet(struct sj_sink *sink)
{
    const struct sj_column_batch *batch = sink->batch;
    struct sj_parquet_group group = {.row_count = batch->count};
    size_t plain = 8 * batch->count;
    for (int i = 0; i < SJ_COLUMNS; i++) {
        size_t size = ZSTD_compressCCtx(sink->zstd, sink->packed, sink->packed_room,
                                        batch->values[i], plain, 1);
        if (ZSTD_isError(size))
            return -ENOMEM;
        group.chunks[i].offset = sink->at;
        sj_parquet_page(&sink->out, batch->count, plain, size);
        group.chunks[i].size = sink->out.size + size;
        group.chunks[i].plain_size = sink->out.size + plain;
        sj_rc rc = flush(sink);
        if (rc >= 0)
            rc = write_bytes(sink, sink->packed, size);
        if (rc < 0)
            return rc;
    }
    sj_bytes_put(&sink->items, &group, sizeof group);
    return 0;
}

static sj_rc write_batch(struct sj_sink *sink)
{
    if (!sink->batch->count)
        return 0;
    if (++sink->item_count > BATCHES_MAX)
        return -SJ_E_LIMIT;
    sj_rc rc = sink->format == SJ_TO_ARROW ? write_arrow(sink) : write_parquet(sink);
    sink->batch->count = 0;
    return rc;
}

static sj_rc append_columns(struct sj_sink *sink, const struct sj_row *rows, size_t count)
{
    struct sj_column_batch *batch = sink->batch;
    for (size_t done = 0; done < count;) {
        size_t part = SJ_COLUMN_ROWS - batch->count;
        part = part < count - done ? part : count - done;
        for (size_t i = 0; i < part; i++) {
            uint64_t values[SJ_COLUMNS];
            memcpy(values, &rows[done + i], sizeof values);
            for (int column = 0; column < SJ_COLUMNS; column++)
                batch->values[column][batch->count + i] = values[column];
        }
        batch->count += part;
        done += part;
        if (batch->count == SJ_COLUMN_ROWS) {
            sj_rc rc = write_batch(sink);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

sj_rc sj_sink_append(struct sj_sink *sink, const struct sj_row *rows, size_t count)
{
    if (sink->npz)
        return sj_npz_append(sink->npz, rows, count);
    return sink->format == SJ_TO_CSV ? append_csv(sink, rows, count)
                                     : append_columns(sink, rows, count);
}

static sj_rc finish(struct sj_sink *sink)
{
    sj_rc rc = sink->batch ? write_batch(sink) : 0;
    if (rc < 0)
        return rc;
    if (sink->format == SJ_TO_ARROW)
        sj_arrow_end(&sink->out, (const struct sj_arrow_block *)(const void *)sink->items.data,
                     sink->item_count);
    else if (sink->format == SJ_TO_PARQUET)
        sj_parquet_end(&sink->out, (const struct sj_parquet_group *)(const void *)sink->items.data,
                       sink->item_count);
    rc = flush(sink);
    if (rc >= 0 && fdatasync(sink->fd))
        rc = -errno;
    return rc;
}

sj_rc sj_sink_finish(struct sj_sink *sink)
{
    sj_rc rc;
    if (sink->npz) {
        rc = sj_npz_finish(sink->npz);
        sink->npz = NULL;
    } else {
        rc = finish(sink);
    }
    sj_sink_abandon(sink);
    return rc;
}

void sj_sink_abandon(struct sj_sink *sink)
{
    if (!sink)
        return;
    sj_npz_abandon(sink->npz);
    if (sink->fd >= 0)
        close(sink->fd);
    ZSTD_freeCCtx(sink->zstd);
    free(sink->packed);
    free(sink->batch);
    free(sink->out.data);
    free(sink->items.data);
    free(sink);
}
