#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/crc32c.h"
#include "journal/pack.h"
#include "journal/pack_format.h"

struct sj_unpacker {
    int fd;
    uint32_t count;
    struct sj_pack_chunk *chunks;
    struct sj_segment_head head; /* chunk -1: the page in front */
    uint32_t loaded;             /* index + 1 of the chunk in `raw` */
    uint8_t *raw;
    uint8_t *packed;
    ZSTD_DCtx *context;
};

/* The chunks follow each other without a break, each of a size that a buffer was taken for. */
static bool table_is_sane(const struct sj_unpacker *unpacker, uint64_t file_size)
{
    uint64_t offset = SJ_JOURNAL_PAGE;
    for (uint32_t i = 0; i < unpacker->count; i++) {
        const struct sj_pack_chunk *chunk = &unpacker->chunks[i];
        if (chunk->offset != offset || chunk->raw_size > SJ_PACK_CHUNK_MAX ||
            chunk->packed_size > ZSTD_compressBound(SJ_PACK_CHUNK_MAX) ||
            chunk->file_offset > file_size || chunk->packed_size > file_size - chunk->file_offset)
            return false;
        offset += chunk->raw_size;
    }
    return true;
}

static sj_rc table_read(struct sj_unpacker *unpacker, uint64_t file_size,
                        const struct sj_segment_trailer *trailer)
{
    uint64_t size = (uint64_t)trailer->table_count * sizeof(struct sj_pack_chunk);
    if (trailer->table_count == 0 || trailer->table_offset > file_size ||
        size > file_size - trailer->table_offset)
        return -SJ_E_CORRUPT;
    unpacker->chunks = malloc(size);
    unpacker->raw = malloc(SJ_PACK_CHUNK_MAX);
    unpacker->packed = malloc(ZSTD_compressBound(SJ_PACK_CHUNK_MAX));
    unpacker->context = ZSTD_createDCtx();
    if (unpacker->chunks == NULL || unpacker->raw == NULL || unpacker->packed == NULL ||
        unpacker->context == NULL)
        return -ENOMEM;
    sj_rc rc = sj_io_read(unpacker->fd, unpacker->chunks, size, trailer->table_offset);
    if (rc < 0 || sj_crc32c(0, unpacker->chunks, size) != trailer->table_crc)
        return -SJ_E_CORRUPT;
    unpacker->count = trailer->table_count;
    return table_is_sane(unpacker, file_size) ? 0 : -SJ_E_CORRUPT;
}

sj_rc sj_unpacker_open(int fd, uint64_t file_size, const struct sj_segment_trailer *trailer,
                       struct sj_unpacker **ret_unpacker, uint64_t *ret_size)
{
    struct sj_unpacker *unpacker = calloc(1, sizeof(*unpacker));
    if (unpacker == NULL)
        return -ENOMEM;
    unpacker->fd = fd;
    sj_rc rc = trailer == NULL ? -SJ_E_CORRUPT : table_read(unpacker, file_size, trailer);
    if (rc == -SJ_E_CORRUPT)
        unpacker->count = 0;
    else if (rc < 0) {
        sj_unpacker_close(unpacker);
        return rc;
    }
    const struct sj_pack_chunk *last =
        unpacker->count > 0 ? &unpacker->chunks[unpacker->count - 1] : NULL;
    *ret_size = last != NULL ? last->offset + last->raw_size : 0;
    *ret_unpacker = unpacker;
    return 0;
}

void sj_unpacker_close(struct sj_unpacker *unpacker)
{
    if (unpacker == NULL)
        return;
    ZSTD_freeDCtx(unpacker->context);
    free(unpacker->chunks);
    free(unpacker->raw);
    free(unpacker->packed);
    free(unpacker);
}

/* The chunk that holds `offset`, by halving; count when there is none. */
static uint32_t chunk_of(const struct sj_unpacker *unpacker, uint64_t offset)
{
    uint32_t low = 0;
    uint32_t high = unpacker->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct sj_pack_chunk *chunk = &unpacker->chunks[middle];
        if (offset < chunk->offset)
            high = middle;
        else if (offset >= chunk->offset + chunk->raw_size)
            low = middle + 1;
        else
            return middle;
    }
    return unpacker->count;
}

static bool chunk_load(struct sj_unpacker *unpacker, uint32_t index)
{
    const struct sj_pack_chunk *chunk = &unpacker->chunks[index];
    if (unpacker->loaded == index + 1)
        return true;
    unpacker->loaded = 0;
    if (sj_io_read(unpacker->fd, unpacker->packed, chunk->packed_size, chunk->file_offset) < 0 ||
        sj_crc32c(0, unpacker->packed, chunk->packed_size) != chunk->crc ||
        ZSTD_decompressDCtx(unpacker->context, unpacker->raw, SJ_PACK_CHUNK_MAX, unpacker->packed,
                            chunk->packed_size) != chunk->raw_size)
        return false;
    unpacker->loaded = index + 1;
    return true;
}

const uint8_t *sj_unpacker_get(struct sj_unpacker *unpacker, uint64_t offset, size_t size)
{
    uint32_t index = chunk_of(unpacker, offset);
    if (index == unpacker->count)
        return NULL;
    const struct sj_pack_chunk *chunk = &unpacker->chunks[index];
    uint64_t within = offset - chunk->offset;
    if (size > chunk->raw_size - within || !chunk_load(unpacker, index))
        return NULL;
    return unpacker->raw + within;
}

uint64_t sj_unpacker_contiguous(const struct sj_unpacker *unpacker, uint64_t offset)
{
    uint32_t index = chunk_of(unpacker, offset);
    if (index == unpacker->count)
        return SJ_FRAME_UNIT;
    return unpacker->chunks[index].offset + unpacker->chunks[index].raw_size - offset;
}
