/*
 * pack.h: the compressions a request's body may travel in.
 *
 * LZ4_BLOCKS: ClickHouse's own frames (checksum, method, sizes, LZ4 block), taken by every server
 * with `decompress=1`. LZ4_FRAME: the LZ4 frame format, as `Content-Encoding: lz4`. GZIP: as
 * `Content-Encoding: gzip`.
 *
 * Threads  one per packer. Memory: the packer's at create; grows `out`.
 */
#ifndef SJ_STORE_PACK_H
#define SJ_STORE_PACK_H

#include "store/rows.h"

enum sj_store_packing {
    SJ_STORE_PACK_NONE,
    SJ_STORE_PACK_LZ4_BLOCKS,
    SJ_STORE_PACK_LZ4_FRAME,
    SJ_STORE_PACK_GZIP,
    SJ_STORE_PACK_COUNT
};

struct sj_store_packer;

SJ_MUST_USE sj_rc sj_store_packer_create(struct sj_store_packer **ret_packer);
void sj_store_packer_close(struct sj_store_packer *packer);

/* Appends `data` in its packing to `out`. -ENOMEM. */
SJ_MUST_USE sj_rc sj_store_pack(struct sj_store_packer *packer, enum sj_store_packing packing,
                                const void *data, size_t size, struct sj_store_bytes *out);

/* "none", "lz4", "lz4", "gzip". */
const char *sj_store_packing_name(enum sj_store_packing packing);

#endif
