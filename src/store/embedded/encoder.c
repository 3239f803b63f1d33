#include "store/embedded/codec.h"

#include "store/embedded/blocks.h"

#include <errno.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define ZLIB_LEVEL 1
#define ZSTD_LEVEL 1
/* What is handed to a coder at once, so that its bound of output stays small. */
#define PIECE_SIZE (256u << 10)

struct sj_emb_encoder {
    enum sj_emb_encoding encoding;
    bool has_begun;
    z_stream zlib;
    ZSTD_CStream *zstd;
    LZ4F_cctx *lz4;
};

static sj_rc open_coding(struct sj_emb_encoder *encoder)
{
    switch (encoder->encoding) {
    case SJ_EMB_ENCODING_NONE:
    case SJ_EMB_ENCODING_BLOCKS:
        return 0;
    case SJ_EMB_ENCODING_GZIP:
    case SJ_EMB_ENCODING_DEFLATE: {
        int window = encoder->encoding == SJ_EMB_ENCODING_GZIP ? 15 + 16 : 15;
        int status =
            deflateInit2(&encoder->zlib, ZLIB_LEVEL, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
        return status == Z_OK ? 0 : -ENOMEM;
    }
    case SJ_EMB_ENCODING_ZSTD:
        encoder->zstd = ZSTD_createCStream();
        if (!encoder->zstd)
            return -ENOMEM;
        ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
        return 0;
    case SJ_EMB_ENCODING_LZ4:
        return LZ4F_isError(LZ4F_createCompressionContext(&encoder->lz4, LZ4F_VERSION)) ? -ENOMEM
                                                                                        : 0;
    default:
        return -SJ_E_UNKNOWN;
    }
}

sj_rc sj_emb_encoder_create(enum sj_emb_encoding encoding, struct sj_emb_encoder **ret_encoder)
{
    struct sj_emb_encoder *encoder = calloc(1, sizeof(*encoder));
    if (!encoder)
        return -ENOMEM;
    encoder->encoding = encoding;
    sj_rc rc = open_coding(encoder);
    if (rc < 0) {
        free(encoder);
        return rc;
    }
    *ret_encoder = encoder;
    return 0;
}

void sj_emb_encoder_close(struct sj_emb_encoder *encoder)
{
    if (!encoder)
        return;
    if (encoder->encoding == SJ_EMB_ENCODING_GZIP || encoder->encoding == SJ_EMB_ENCODING_DEFLATE)
        deflateEnd(&encoder->zlib);
    ZSTD_freeCStream(encoder->zstd);
    LZ4F_freeCompressionContext(encoder->lz4);
    free(encoder);
}

static sj_rc run_zlib(struct sj_emb_encoder *encoder, const void *data, size_t size, bool is_last,
                      struct sj_emb_buffer *out)
{
    z_stream *zlib = &encoder->zlib;
    zlib->next_in = (Bytef *)(uintptr_t)data;
    zlib->avail_in = (uInt)size;
    do {
        sj_rc rc = sj_emb_buffer_reserve(out, size / 2 + 1024);
        if (rc < 0)
            return rc;
        size_t room = out->capacity - out->size;
        zlib->next_out = (Bytef *)out->data + out->size;
        zlib->avail_out = (uInt)room;
        if (deflate(zlib, is_last ? Z_FINISH : Z_SYNC_FLUSH) == Z_STREAM_ERROR)
            return -SJ_E_MALFORMED;
        out->size += room - zlib->avail_out;
    } while (zlib->avail_out == 0);
    return 0;
}

static sj_rc run_zstd(struct sj_emb_encoder *encoder, const void *data, size_t size, bool is_last,
                      struct sj_emb_buffer *out)
{
    ZSTD_inBuffer input = {data, size, 0};
    size_t left = 0;
    do {
        sj_rc rc = sj_emb_buffer_reserve(out, ZSTD_compressBound(size) + 64);
        if (rc < 0)
            return rc;
        ZSTD_outBuffer output = {out->data + out->size, out->capacity - out->size, 0};
        left = ZSTD_compressStream2(encoder->zstd, &output, &input,
                                    is_last ? ZSTD_e_end : ZSTD_e_flush);
        if (ZSTD_isError(left))
            return -SJ_E_MALFORMED;
        out->size += output.pos;
    } while (left > 0);
    return 0;
}

static sj_rc put_lz4(struct sj_emb_buffer *out, size_t size)
{
    if (LZ4F_isError(size))
        return -SJ_E_MALFORMED;
    out->size += size;
    return 0;
}

static sj_rc run_lz4(struct sj_emb_encoder *encoder, const void *data, size_t size, bool is_last,
                     struct sj_emb_buffer *out)
{
    sj_rc rc =
        sj_emb_buffer_reserve(out, 2 * LZ4F_compressBound(size, NULL) + LZ4F_HEADER_SIZE_MAX);
    if (rc < 0)
        return rc;
    if (!encoder->has_begun) {
        rc = put_lz4(out, LZ4F_compressBegin(encoder->lz4, out->data + out->size,
                                             out->capacity - out->size, NULL));
        if (rc < 0)
            return rc;
        encoder->has_begun = true;
    }
    if (size > 0) {
        rc = put_lz4(out, LZ4F_compressUpdate(encoder->lz4, out->data + out->size,
                                              out->capacity - out->size, data, size, NULL));
        if (rc < 0)
            return rc;
    }
    if (is_last)
        return put_lz4(out, LZ4F_compressEnd(encoder->lz4, out->data + out->size,
                                             out->capacity - out->size, NULL));
    return put_lz4(
        out, LZ4F_flush(encoder->lz4, out->data + out->size, out->capacity - out->size, NULL));
}

static sj_rc run_piece(struct sj_emb_encoder *encoder, const void *data, size_t size, bool is_last,
                       struct sj_emb_buffer *out)
{
    switch (encoder->encoding) {
    case SJ_EMB_ENCODING_NONE:
        return sj_emb_buffer_append(out, data, size);
    case SJ_EMB_ENCODING_BLOCKS:
        return size > 0 ? sj_emb_blocks_put(data, size, out) : 0;
    case SJ_EMB_ENCODING_ZSTD:
        return run_zstd(encoder, data, size, is_last, out);
    case SJ_EMB_ENCODING_LZ4:
        return run_lz4(encoder, data, size, is_last, out);
    default:
        return run_zlib(encoder, data, size, is_last, out);
    }
}

sj_rc sj_emb_encoder_run(struct sj_emb_encoder *encoder, const void *data, size_t size,
                         bool is_last, struct sj_emb_buffer *out)
{
    const char *bytes = data;
    do {
        size_t piece = size < PIECE_SIZE ? size : PIECE_SIZE;
        size -= piece;
        sj_rc rc = run_piece(encoder, bytes, piece, is_last && size == 0, out);
        if (rc < 0)
            return rc;
        bytes += piece;
    } while (size > 0);
    return 0;
}
