/*
 * codec.h: HTTP content codings (gzip, deflate, zstd, lz4 frame) and ClickHouse's compressed blocks
 * as streams, both ways.
 *
 * A decoder takes concatenated members, as the tools produce them, and knows at the end whether
 * the last one is complete. An encoder compresses lightly: the link is local.
 *
 * Errors   -ENOMEM; -SJ_E_MALFORMED: the bytes are not of this coding.
 * Threads  the owner. Memory: create allocates all it needs but zstd's window; close accepts NULL.
 */
#ifndef SJ_STORE_EMBEDDED_CODEC_H
#define SJ_STORE_EMBEDDED_CODEC_H

#include "store/embedded/buffer.h"
#include "store/embedded/request.h"

struct sj_emb_decoder;
struct sj_emb_encoder;

/* `encoding` NONE copies. */
SJ_MUST_USE sj_rc sj_emb_decoder_create(enum sj_emb_encoding encoding,
                                        struct sj_emb_decoder **ret_decoder);
void sj_emb_decoder_close(struct sj_emb_decoder *decoder);

/* Decodes from `in` into `out`. Advances `*in_used` (bytes of `in` taken so far) and returns the
 * bytes put into `out`; 0 means that all of `in` is taken. Call until then. */
SJ_MUST_USE sj_rc sj_emb_decoder_run(struct sj_emb_decoder *decoder, const void *in, size_t in_size,
                                     size_t *in_used, void *out, size_t out_size);

/* Does the input end here without a piece missing? */
bool sj_emb_decoder_is_complete(const struct sj_emb_decoder *decoder);

SJ_MUST_USE sj_rc sj_emb_encoder_create(enum sj_emb_encoding encoding,
                                        struct sj_emb_encoder **ret_encoder);
void sj_emb_encoder_close(struct sj_emb_encoder *encoder);

/* Appends the coded form of `data` to `out`; `is_last` also ends the stream. What is fed comes out
 * at once (flushed), so that a reader sees a slow result grow. */
SJ_MUST_USE sj_rc sj_emb_encoder_run(struct sj_emb_encoder *encoder, const void *data, size_t size,
                                     bool is_last, struct sj_emb_buffer *out);

#endif
