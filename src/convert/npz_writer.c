#include "convert/npz.h"

#include "base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define BUFFER_SIZE (128 * 1024)
#define DEFLATE_LEVEL 6

struct sj_npz_writer {
    struct sj_npz_shape shape;
    int fd;
    uint64_t at; /* where in the file the next bytes go */
    z_stream deflate;
    bool deflating;
    uint32_t rows_crc;
    uint8_t buffer[BUFFER_SIZE]; /* of the deflated */
};

static sj_rc write_at(struct sj_npz_writer *writer, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    while (size) {
        ssize_t done = pwrite(writer->fd, from, size, (off_t)writer->at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        from += done;
        size -= (size_t)done;
        writer->at += (uint64_t)done;
    }
    return 0;
}

sj_rc sj_npz_create(const char *path, enum sj_npz_kind kind, struct sj_npz_writer **ret_writer)
{
    struct sj_npz_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return -ENOMEM;
    writer->shape.kind = kind;
    writer->at = kind == SJ_NPZ_STORED     ? SJ_NPZ_FRONT_SIZE
                 : kind == SJ_NPZ_DEFLATED ? SJ_NPZ_FRONT_SIZE - SJ_NPY_FRONT_SIZE
                                           : SJ_NPY_FRONT_SIZE;
    writer->fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0644);
    sj_rc rc = writer->fd < 0 ? -errno : 0;
    if (rc >= 0 && kind == SJ_NPZ_DEFLATED) {
        writer->deflating = deflateInit2(&writer->deflate, DEFLATE_LEVEL, Z_DEFLATED, -15, 8,
                                         Z_DEFAULT_STRATEGY) == Z_OK;
        rc = writer->deflating ? 0 : -ENOMEM;
    }
    if (rc < 0) {
        sj_npz_abandon(writer);
        return rc;
    }
    *ret_writer = writer;
    return 0;
}

static sj_rc deflate_some(struct sj_npz_writer *writer, const void *bytes, size_t size, int flush)
{
    z_stream *stream = &writer->deflate;
    stream->next_in = (Bytef *)(uintptr_t)bytes;
    stream->avail_in = (uInt)size;
    do {
        stream->next_out = writer->buffer;
        stream->avail_out = BUFFER_SIZE;
        int did = deflate(stream, flush);
        SJ_ASSERT(did != Z_STREAM_ERROR);
        size_t got = BUFFER_SIZE - stream->avail_out;
        sj_rc rc = write_at(writer, writer->buffer, got);
        if (rc < 0)
            return rc;
        writer->shape.size += got;
    } while (stream->avail_out == 0);
    return 0;
}

/* The array's header names the count of rows, which is known at the end only; the deflate stream
 * begins with it all the same: as a stored block of its own, which has a fixed size. */
#define STORED_BLOCK_HEAD 5

sj_rc sj_npz_append(struct sj_npz_writer *writer, const struct sj_row *rows, size_t count)
{
    writer->shape.row_count += count;
    const uint8_t *bytes = (const uint8_t *)rows;
    size_t size = count * sizeof *rows;
    if (writer->shape.kind != SJ_NPY && size)
        writer->rows_crc = libdeflate_crc32(writer->rows_crc, bytes, size);
    if (writer->shape.kind != SJ_NPZ_DEFLATED)
        return write_at(writer, bytes, size);
    if (writer->shape.size == 0) {
        writer->shape.size = STORED_BLOCK_HEAD + SJ_NPY_FRONT_SIZE;
        writer->at += writer->shape.size;
    }
    for (size_t done = 0; done < size;) {
        size_t part = size - done < (1u << 30) ? size - done : (1u << 30);
        sj_rc rc = deflate_some(writer, bytes + done, part, Z_NO_FLUSH);
        if (rc < 0)
            return rc;
        done += part;
    }
    return 0;
}

static sj_rc write_front(struct sj_npz_writer *writer)
{
    uint8_t front[SJ_NPZ_FRONT_SIZE + STORED_BLOCK_HEAD];
    uint8_t header[SJ_NPY_FRONT_SIZE];
    sj_npy_header(writer->shape.row_count, header);
    writer->shape.crc =
        (uint32_t)crc32_combine64(libdeflate_crc32(0, header, sizeof header), writer->rows_crc,
                                  (z_off64_t)(writer->shape.row_count * sizeof(struct sj_row)));
    size_t size = sj_npz_front(&writer->shape, front);
    if (writer->shape.kind == SJ_NPZ_DEFLATED) {
        const unsigned length = SJ_NPY_FRONT_SIZE;
        const unsigned check = 0xffff ^ length;
        const uint8_t head[STORED_BLOCK_HEAD] = {0, length & 0xff, length >> 8, check & 0xff,
                                                 check >> 8};
        memcpy(front + size, head, sizeof head);
        memcpy(front + size + sizeof head, header, sizeof header);
        size += sizeof head + sizeof header;
    }
    writer->at = 0;
    return write_at(writer, front, size);
}

static sj_rc finish(struct sj_npz_writer *writer)
{
    uint8_t tail[SJ_NPZ_TAIL_MAX];
    sj_rc rc = 0;
    if (writer->shape.kind == SJ_NPZ_DEFLATED) {
        rc = sj_npz_append(writer, NULL, 0); /* makes room for the header when there are no rows */
        if (rc >= 0)
            rc = deflate_some(writer, NULL, 0, Z_FINISH);
    } else {
        writer->shape.size = SJ_NPY_FRONT_SIZE + writer->shape.row_count * sizeof(struct sj_row);
    }
    if (rc < 0)
        return rc;
    uint64_t end = writer->at;
    rc = write_front(writer);
    if (rc < 0)
        return rc;
    writer->at = end;
    rc = write_at(writer, tail, sj_npz_tail(&writer->shape, tail));
    if (rc >= 0 && fdatasync(writer->fd))
        rc = -errno;
    return rc;
}

sj_rc sj_npz_finish(struct sj_npz_writer *writer)
{
    sj_rc rc = finish(writer);
    sj_npz_abandon(writer);
    return rc;
}

void sj_npz_abandon(struct sj_npz_writer *writer)
{
    if (!writer)
        return;
    if (writer->deflating)
        deflateEnd(&writer->deflate);
    if (writer->fd >= 0)
        close(writer->fd);
    free(writer);
}
