#include "store/embedded/codec.h"

#include "store/embedded/blocks.h"

#include <errno.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

/* A frame may not ask for more window than this: 8 MiB, what zstd's format guarantees. */
#define ZSTD_WINDOW_LOG_MAX 23

struct sj_emb_decoder {
    enum sj_emb_encoding encoding;
    bool is_complete; /* between members */
    z_stream zlib;
    ZSTD_DStream *zstd;
    LZ4F_dctx *lz4;
    struct sj_emb_blocks blocks;
};

static sj_rc open_coding(struct sj_emb_decoder *decoder)
{
    switch (decoder->encoding) {
    case SJ_EMB_ENCODING_NONE:
    case SJ_EMB_ENCODING_BLOCKS:
        return 0;
    case SJ_EMB_ENCODING_GZIP:
    case SJ_EMB_ENCODING_DEFLATE:
        /* 32: gzip or zlib by the header; clients name either "deflate". */
        return inflateInit2(&decoder->zlib, 15 + 32) == Z_OK ? 0 : -ENOMEM;
    case SJ_EMB_ENCODING_ZSTD:
        decoder->zstd = ZSTD_createDStream();
        if (!decoder->zstd)
            return -ENOMEM;
        ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
        return 0;
    case SJ_EMB_ENCODING_LZ4:
        return LZ4F_isError(LZ4F_createDecompressionContext(&decoder->lz4, LZ4F_VERSION)) ? -ENOMEM
                                                                                          : 0;
    default:
        return -SJ_E_UNKNOWN;
    }
}

sj_rc sj_emb_decoder_create(enum sj_emb_encoding encoding, struct sj_emb_decoder **ret_decoder)
{
    struct sj_emb_decoder *decoder = calloc(1, sizeof(*decoder));
    if (!decoder)
        return -ENOMEM;
    decoder->encoding = encoding;
    decoder->is_complete = true;
    sj_rc rc = open_coding(decoder);
    if (rc < 0) {
        free(decoder);
        return rc;
    }
    *ret_decoder = decoder;
    return 0;
}

void sj_emb_decoder_close(struct sj_emb_decoder *decoder)
{
    if (!decoder)
        return;
    if (decoder->encoding == SJ_EMB_ENCODING_GZIP || decoder->encoding == SJ_EMB_ENCODING_DEFLATE)
        inflateEnd(&decoder->zlib);
    ZSTD_freeDStream(decoder->zstd);
    LZ4F_freeDecompressionContext(decoder->lz4);
    sj_emb_blocks_done(&decoder->blocks);
    free(decoder);
}

static sj_rc run_zlib(struct sj_emb_decoder *decoder, const void *in, size_t in_size,
                      size_t *in_used, void *out, size_t out_size)
{
    z_stream *zlib = &decoder->zlib;
    if (decoder->is_complete && *in_used < in_size)
        inflateReset(zlib);
    zlib->next_in = (Bytef *)(uintptr_t)in + *in_used;
    zlib->avail_in = (uInt)(in_size - *in_used);
    zlib->next_out = out;
    zlib->avail_out = (uInt)out_size;
    int status = inflate(zlib, Z_NO_FLUSH);
    *in_used = in_size - zlib->avail_in;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return -SJ_E_MALFORMED;
    decoder->is_complete = status == Z_STREAM_END;
    return (sj_rc)(out_size - zlib->avail_out);
}

static sj_rc run_zstd(struct sj_emb_decoder *decoder, const void *in, size_t in_size,
                      size_t *in_used, void *out, size_t out_size)
{
    ZSTD_inBuffer input = {in, in_size, *in_used};
    ZSTD_outBuffer output = {out, out_size, 0};
    size_t left = ZSTD_decompressStream(decoder->zstd, &output, &input);
    if (ZSTD_isError(left))
        return -SJ_E_MALFORMED;
    *in_used = input.pos;
    decoder->is_complete = left == 0;
    return (sj_rc)output.pos;
}

static sj_rc run_lz4(struct sj_emb_decoder *decoder, const void *in, size_t in_size,
                     size_t *in_used, void *out, size_t out_size)
{
    size_t out_used = out_size;
    size_t taken = in_size - *in_used;
    size_t left =
        LZ4F_decompress(decoder->lz4, out, &out_used, (const char *)in + *in_used, &taken, NULL);
    if (LZ4F_isError(left))
        return -SJ_E_MALFORMED;
    *in_used += taken;
    decoder->is_complete = left == 0;
    return (sj_rc)out_used;
}

static sj_rc run_blocks(struct sj_emb_decoder *decoder, const void *in, size_t in_size,
                        size_t *in_used, void *out, size_t out_size)
{
    sj_rc rc = sj_emb_blocks_run(&decoder->blocks, in, in_size, in_used, out, out_size);
    decoder->is_complete = sj_emb_blocks_is_complete(&decoder->blocks);
    return rc;
}

static sj_rc run_coding(struct sj_emb_decoder *decoder, const void *in, size_t in_size,
                        size_t *in_used, void *out, size_t out_size)
{
    switch (decoder->encoding) {
    case SJ_EMB_ENCODING_GZIP:
    case SJ_EMB_ENCODING_DEFLATE:
        return run_zlib(decoder, in, in_size, in_used, out, out_size);
    case SJ_EMB_ENCODING_ZSTD:
        return run_zstd(decoder, in, in_size, in_used, out, out_size);
    case SJ_EMB_ENCODING_BLOCKS:
        return run_blocks(decoder, in, in_size, in_used, out, out_size);
    default:
        return run_lz4(decoder, in, in_size, in_used, out, out_size);
    }
}

sj_rc sj_emb_decoder_run(struct sj_emb_decoder *decoder, const void *in, size_t in_size,
                         size_t *in_used, void *out, size_t out_size)
{
    if (decoder->encoding == SJ_EMB_ENCODING_NONE) {
        size_t size = in_size - *in_used;
        size = size < out_size ? size : out_size;
        memcpy(out, (const char *)in + *in_used, size);
        *in_used += size;
        return (sj_rc)size;
    }
    /* A call may take input and give nothing yet (a header), so go on until it gives something,
     * or all is taken and nothing more is held back. */
    for (;;) {
        size_t before = *in_used;
        if (decoder->is_complete && before == in_size)
            return 0;
        sj_rc rc = run_coding(decoder, in, in_size, in_used, out, out_size);
        if (rc != 0)
            return rc;
        if (*in_used == before)
            return before == in_size ? 0 : -SJ_E_MALFORMED;
    }
}

bool sj_emb_decoder_is_complete(const struct sj_emb_decoder *decoder)
{
    return decoder->is_complete;
}
