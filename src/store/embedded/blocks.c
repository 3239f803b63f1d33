#include "store/embedded/blocks.h"

#include <endian.h>
#include <errno.h>
#include <lz4.h>
#include <zstd.h>

#include "store/cityhash.h"

#define CHECKSUM_SIZE 16
#define HEADER_SIZE 9
#define HEAD_SIZE (CHECKSUM_SIZE + HEADER_SIZE)

enum method {
    METHOD_NONE = 0x02,
    METHOD_LZ4 = 0x82,
    METHOD_ZSTD = 0x90,
};

static uint32_t read_u32(const char *data)
{
    uint32_t value;
    memcpy(&value, data, sizeof(value));
    return le32toh(value);
}

static void write_u32(char *data, uint32_t value)
{
    value = htole32(value);
    memcpy(data, &value, sizeof(value));
}

static void write_checksum(char *frame, size_t size)
{
    struct sj_store_hash128 hash =
        sj_store_cityhash128(frame + CHECKSUM_SIZE, size - CHECKSUM_SIZE);
    uint64_t words[2] = {htole64(hash.low), htole64(hash.high)};
    memcpy(frame, words, sizeof(words));
}

static bool has_checksum(const char *frame, size_t size)
{
    struct sj_store_hash128 hash =
        sj_store_cityhash128(frame + CHECKSUM_SIZE, size - CHECKSUM_SIZE);
    uint64_t words[2] = {htole64(hash.low), htole64(hash.high)};
    return memcmp(frame, words, sizeof(words)) == 0;
}

void sj_emb_blocks_done(struct sj_emb_blocks *blocks)
{
    sj_emb_buffer_done(&blocks->frame);
    sj_emb_buffer_done(&blocks->plain);
}

/* The size of the whole frame, once its head is there; until then the head's. */
static sj_rc wanted_size(const struct sj_emb_blocks *blocks, size_t *ret_size)
{
    *ret_size = HEAD_SIZE;
    if (blocks->frame.size < HEAD_SIZE)
        return 0;
    size_t size = read_u32(blocks->frame.data + CHECKSUM_SIZE + 1);
    size_t plain_size = read_u32(blocks->frame.data + CHECKSUM_SIZE + 5);
    if (size < HEADER_SIZE || size > SJ_EMB_BLOCK_SIZE_MAX || plain_size > SJ_EMB_BLOCK_SIZE_MAX)
        return -SJ_E_MALFORMED;
    *ret_size = CHECKSUM_SIZE + size;
    return 0;
}

static bool unpack(unsigned char method, const char *payload, size_t payload_size, char *plain,
                   size_t plain_size)
{
    switch (method) {
    case METHOD_NONE:
        if (payload_size != plain_size)
            return false;
        memcpy(plain, payload, plain_size);
        return true;
    case METHOD_LZ4:
        return LZ4_decompress_safe(payload, plain, (int)payload_size, (int)plain_size) ==
               (int)plain_size;
    case METHOD_ZSTD:
        return ZSTD_decompress(plain, plain_size, payload, payload_size) == plain_size;
    default:
        return false;
    }
}

static sj_rc unpack_frame(struct sj_emb_blocks *blocks)
{
    const char *frame = blocks->frame.data;
    size_t size = blocks->frame.size;
    size_t plain_size = read_u32(frame + CHECKSUM_SIZE + 5);
    blocks->plain.size = 0;
    blocks->plain_offset = 0;
    if (!has_checksum(frame, size))
        return -SJ_E_MALFORMED;
    /* One byte more: LZ4 wants a place to write to for no bytes too. */
    sj_rc rc = sj_emb_buffer_reserve(&blocks->plain, plain_size + 1);
    if (rc < 0)
        return rc;
    if (!unpack((unsigned char)frame[CHECKSUM_SIZE], frame + HEAD_SIZE, size - HEAD_SIZE,
                blocks->plain.data, plain_size))
        return -SJ_E_MALFORMED;
    blocks->plain.size = plain_size;
    blocks->frame.size = 0;
    return 0;
}

static size_t hand_out(struct sj_emb_blocks *blocks, void *out, size_t out_size)
{
    size_t size = blocks->plain.size - blocks->plain_offset;
    size = size < out_size ? size : out_size;
    memcpy(out, blocks->plain.data + blocks->plain_offset, size);
    blocks->plain_offset += size;
    return size;
}

sj_rc sj_emb_blocks_run(struct sj_emb_blocks *blocks, const void *in, size_t in_size,
                        size_t *in_used, void *out, size_t out_size)
{
    for (;;) {
        if (blocks->plain_offset < blocks->plain.size)
            return (sj_rc)hand_out(blocks, out, out_size);
        size_t wanted = 0;
        sj_rc rc = wanted_size(blocks, &wanted);
        if (rc < 0)
            return rc;
        size_t missing = wanted - blocks->frame.size;
        size_t left = in_size - *in_used;
        size_t piece = missing < left ? missing : left;
        rc = sj_emb_buffer_append(&blocks->frame, (const char *)in + *in_used, piece);
        if (rc < 0)
            return rc;
        *in_used += piece;
        if (piece < missing)
            return 0;
        rc = wanted_size(blocks, &wanted);
        if (rc >= 0 && blocks->frame.size == wanted)
            rc = unpack_frame(blocks);
        if (rc < 0)
            return rc;
    }
}

bool sj_emb_blocks_is_complete(const struct sj_emb_blocks *blocks)
{
    return blocks->frame.size == 0 && blocks->plain_offset == blocks->plain.size;
}

sj_rc sj_emb_blocks_put(const void *data, size_t size, struct sj_emb_buffer *out)
{
    int bound = LZ4_compressBound((int)size);
    sj_rc rc = sj_emb_buffer_reserve(out, HEAD_SIZE + (size_t)bound);
    if (rc < 0)
        return rc;
    char *frame = out->data + out->size;
    int packed = LZ4_compress_default(data, frame + HEAD_SIZE, (int)size, bound);
    if (packed <= 0)
        return -SJ_E_MALFORMED;
    frame[CHECKSUM_SIZE] = (char)METHOD_LZ4;
    write_u32(frame + CHECKSUM_SIZE + 1, (uint32_t)packed + HEADER_SIZE);
    write_u32(frame + CHECKSUM_SIZE + 5, (uint32_t)size);
    write_checksum(frame, HEAD_SIZE + (size_t)packed);
    out->size += HEAD_SIZE + (size_t)packed;
    return 0;
}
