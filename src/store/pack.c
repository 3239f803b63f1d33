#include "store/pack.h"

#include "store/cityhash.h"

#include <errno.h>
#include <libdeflate.h>
#include <lz4.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>

/* Small enough that a block and its hash table stay in the second-level cache. */
#define BLOCK_SIZE (256 * 1024)
#define BLOCK_HEAD_SIZE 25 /* 16 checksum, 1 method, 4 + 4 sizes */
#define METHOD_LZ4 0x82
#define GZIP_LEVEL 1

struct sj_store_packer {
    void *lz4_state;
    struct libdeflate_compressor *deflate;
};

sj_rc sj_store_packer_create(struct sj_store_packer **ret_packer)
{
    struct sj_store_packer *packer = calloc(1, sizeof(*packer));
    if (packer == NULL)
        return -ENOMEM;
    packer->lz4_state = malloc((size_t)LZ4_sizeofState());
    packer->deflate = libdeflate_alloc_compressor(GZIP_LEVEL);
    if (packer->lz4_state == NULL || packer->deflate == NULL) {
        sj_store_packer_close(packer);
        return -ENOMEM;
    }
    *ret_packer = packer;
    return 0;
}

void sj_store_packer_close(struct sj_store_packer *packer)
{
    if (packer == NULL)
        return;
    free(packer->lz4_state);
    if (packer->deflate != NULL)
        libdeflate_free_compressor(packer->deflate);
    free(packer);
}

/* One of ClickHouse's frames. `out` has room for the bound. Returns its size. */
static size_t pack_block(struct sj_store_packer *packer, const uint8_t *data, size_t size,
                         uint8_t *out)
{
    int packed = LZ4_compress_fast_extState(packer->lz4_state, (const char *)data,
                                            (char *)out + BLOCK_HEAD_SIZE, (int)size,
                                            LZ4_compressBound((int)size), 1);
    uint32_t packed_size = (uint32_t)packed + 9; /* method and sizes count */
    uint32_t plain_size = (uint32_t)size;
    out[16] = METHOD_LZ4;
    memcpy(out + 17, &packed_size, 4);
    memcpy(out + 21, &plain_size, 4);
    struct sj_store_hash128 hash = sj_store_cityhash128(out + 16, packed_size);
    memcpy(out, &hash.low, 8);
    memcpy(out + 8, &hash.high, 8);
    return 16 + (size_t)packed_size;
}

static sj_rc pack_blocks(struct sj_store_packer *packer, const uint8_t *data, size_t size,
                         struct sj_store_bytes *out)
{
    while (size > 0) {
        size_t part = size < BLOCK_SIZE ? size : BLOCK_SIZE;
        sj_rc rc =
            sj_store_bytes_reserve(out, BLOCK_HEAD_SIZE + (size_t)LZ4_compressBound((int)part));
        if (rc < 0)
            return rc;
        out->size += pack_block(packer, data, part, out->data + out->size);
        data += part;
        size -= part;
    }
    return 0;
}

static sj_rc pack_frame(const void *data, size_t size, struct sj_store_bytes *out)
{
    LZ4F_preferences_t preferences = {
        .frameInfo = {.blockSizeID = LZ4F_max256KB, .blockMode = LZ4F_blockIndependent}};
    size_t bound = LZ4F_compressFrameBound(size, &preferences);
    sj_rc rc = sj_store_bytes_reserve(out, bound);
    if (rc < 0)
        return rc;
    size_t packed = LZ4F_compressFrame(out->data + out->size, bound, data, size, &preferences);
    if (LZ4F_isError(packed))
        return -ENOMEM; /* with room for the bound nothing else can fail */
    out->size += packed;
    return 0;
}

static sj_rc pack_gzip(struct sj_store_packer *packer, const void *data, size_t size,
                       struct sj_store_bytes *out)
{
    size_t bound = libdeflate_gzip_compress_bound(packer->deflate, size);
    sj_rc rc = sj_store_bytes_reserve(out, bound);
    if (rc < 0)
        return rc;
    out->size +=
        libdeflate_gzip_compress(packer->deflate, data, size, out->data + out->size, bound);
    return 0;
}

sj_rc sj_store_pack(struct sj_store_packer *packer, enum sj_store_packing packing, const void *data,
                    size_t size, struct sj_store_bytes *out)
{
    switch (packing) {
    case SJ_STORE_PACK_LZ4_BLOCKS:
        return pack_blocks(packer, data, size, out);
    case SJ_STORE_PACK_LZ4_FRAME:
        return pack_frame(data, size, out);
    case SJ_STORE_PACK_GZIP:
        return pack_gzip(packer, data, size, out);
    default:
        return sj_store_bytes_append(out, data, size);
    }
}

const char *sj_store_packing_name(enum sj_store_packing packing)
{
    static const char *const names[SJ_STORE_PACK_COUNT] = {"none", "lz4", "lz4", "gzip"};
    return packing < SJ_STORE_PACK_COUNT ? names[packing] : "unknown";
}
