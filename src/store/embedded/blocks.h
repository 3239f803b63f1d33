/*
 * blocks.h: ClickHouse's compressed frames, as compress=1 and decompress=1 mean them.
 *
 *   16 bytes CityHash128 of the rest, 1 byte method, u32 size of this header's 9 bytes and the
 *   payload, u32 size of the plain bytes, payload. All little-endian.
 *
 * Errors   -ENOMEM. -SJ_E_MALFORMED: a checksum, method or size is wrong.
 * Threads  the owner. Memory: one frame and its plain bytes, each at most SJ_EMB_BLOCK_SIZE_MAX.
 */
#ifndef SJ_STORE_EMBEDDED_BLOCKS_H
#define SJ_STORE_EMBEDDED_BLOCKS_H

#include "store/embedded/buffer.h"

#define SJ_EMB_BLOCK_SIZE_MAX (64u << 20)

struct sj_emb_blocks {
    struct sj_emb_buffer frame; /* what has come of the current one */
    struct sj_emb_buffer plain;
    size_t plain_offset;
};

void sj_emb_blocks_done(struct sj_emb_blocks *blocks);

/* As sj_emb_decoder_run (codec.h). */
SJ_MUST_USE sj_rc sj_emb_blocks_run(struct sj_emb_blocks *blocks, const void *in, size_t in_size,
                                    size_t *in_used, void *out, size_t out_size);

/* Between two frames, and all handed out? */
bool sj_emb_blocks_is_complete(const struct sj_emb_blocks *blocks);

/* Appends one frame (LZ4) of `data` to `out`. `size` > 0, at most SJ_EMB_BLOCK_SIZE_MAX. */
SJ_MUST_USE sj_rc sj_emb_blocks_put(const void *data, size_t size, struct sj_emb_buffer *out);

#endif
