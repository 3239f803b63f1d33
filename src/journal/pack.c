#include "journal/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/crc32c.h"
#include "journal/pack_format.h"
#include "journal/scan.h"

/* More gains little on these frames and costs a core for long. */
#define LEVEL 3

struct packer {
    const struct sj_journal_io *io;
    const char *dir;
    int fd;
    struct sj_window window;
    struct sj_pack_chunk *chunks;
    uint32_t count;
    uint32_t capacity;
    uint8_t *raw;
    uint32_t raw_size;
    uint8_t *packed;
    ZSTD_CCtx *context;
    uint64_t offset;      /* of raw[0] in the segment */
    uint64_t file_offset; /* where the next chunk goes */
};

static sj_rc flush_chunk(struct packer *packer)
{
    if (packer->raw_size == 0)
        return 0;
    size_t bound = ZSTD_compressBound(SJ_PACK_CHUNK_MAX);
    size_t size = ZSTD_compressCCtx(packer->context, packer->packed, bound, packer->raw,
                                    packer->raw_size, LEVEL);
    if (ZSTD_isError(size))
        return -EIO;
    if (packer->count == packer->capacity) {
        packer->capacity = packer->capacity == 0 ? 256 : packer->capacity * 2;
        void *bigger = realloc(packer->chunks, packer->capacity * sizeof(*packer->chunks));
        if (bigger == NULL)
            return -ENOMEM;
        packer->chunks = bigger;
    }
    packer->chunks[packer->count++] =
        (struct sj_pack_chunk){.offset = packer->offset,
                               .file_offset = packer->file_offset,
                               .raw_size = packer->raw_size,
                               .packed_size = (uint32_t)size,
                               .crc = sj_crc32c(0, packer->packed, size)};
    sj_rc rc = sj_io_write(packer->io, packer->fd, packer->packed, size, packer->file_offset);
    packer->offset += packer->raw_size;
    packer->file_offset += size;
    packer->raw_size = 0;
    return rc;
}

static sj_rc pack_blocks(struct packer *packer, bool (*go_on)(void *context), void *context)
{
    struct sj_scan scan;
    struct sj_scan_block block;
    sj_scan_init(&scan, &packer->window);
    packer->offset = packer->file_offset = SJ_JOURNAL_PAGE;
    sj_rc rc;
    while ((rc = sj_scan_next(&scan, &block)) > 0) {
        uint32_t size = (uint32_t)sizeof(block.head) + block.head.payload_size;
        if (packer->raw_size + size > SJ_PACK_CHUNK_MAX) {
            rc = flush_chunk(packer);
            if (rc == 0 && !go_on(context))
                rc = -ECANCELED;
            if (rc < 0)
                return rc;
        }
        memcpy(packer->raw + packer->raw_size, &block.head, sizeof(block.head));
        memcpy(packer->raw + packer->raw_size + sizeof(block.head), block.payload,
               block.head.payload_size);
        packer->raw_size += size;
    }
    return rc < 0 ? rc : flush_chunk(packer);
}

/* Table, index as it was, trailer. */
static sj_rc pack_end(struct packer *packer)
{
    struct sj_segment_trailer trailer = packer->window.trailer;
    const struct sj_segment_trailer *old = &packer->window.trailer;
    size_t table_size = packer->count * sizeof(*packer->chunks);
    uint8_t *index = malloc(old->index_size);
    if (index == NULL)
        return -ENOMEM;
    sj_rc rc = sj_io_read(packer->window.fd, index, old->index_size, old->index_offset);
    if (rc == 0 && sj_crc32c(0, index, old->index_size) != old->index_crc)
        rc = -SJ_E_CORRUPT;
    trailer.table_offset = packer->file_offset;
    trailer.table_count = packer->count;
    trailer.table_crc = sj_crc32c(0, packer->chunks, table_size);
    trailer.index_offset = packer->file_offset + table_size;
    trailer.flags |= SJ_SEGMENT_COMPRESSED;
    sj_segment_trailer_seal(&trailer);
    if (rc == 0)
        rc = sj_io_write(packer->io, packer->fd, packer->chunks, table_size, trailer.table_offset);
    if (rc == 0)
        rc = sj_io_write(packer->io, packer->fd, index, old->index_size, trailer.index_offset);
    if (rc == 0)
        rc = sj_io_write(packer->io, packer->fd, &trailer, sizeof(trailer),
                         trailer.index_offset + trailer.index_size);
    free(index);
    return rc < 0 ? rc : packer->io->sync(packer->io->context, packer->fd);
}

static sj_rc pack_to(struct packer *packer, const char *draft, bool (*go_on)(void *context),
                     void *context)
{
    struct sj_segment_head head = packer->window.head;
    packer->raw = malloc(SJ_PACK_CHUNK_MAX);
    packer->packed = malloc(ZSTD_compressBound(SJ_PACK_CHUNK_MAX));
    packer->context = ZSTD_createCCtx();
    if (packer->raw == NULL || packer->packed == NULL || packer->context == NULL)
        return -ENOMEM;
    packer->fd = packer->io->open(packer->io->context, draft, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (packer->fd < 0)
        return packer->fd;
    head.flags |= SJ_SEGMENT_COMPRESSED;
    sj_segment_head_seal(&head);
    sj_rc rc = sj_io_write(packer->io, packer->fd, &head, sizeof(head), 0);
    if (rc == 0)
        rc = pack_blocks(packer, go_on, context);
    return rc < 0 ? rc : pack_end(packer);
}

sj_rc sj_pack_segment(const struct sj_journal_io *io, const char *dir, uint64_t ordinal,
                      bool (*go_on)(void *context), void *context)
{
    char plain[SJ_JOURNAL_PATH_MAX];
    char packed[SJ_JOURNAL_PATH_MAX];
    char draft[SJ_JOURNAL_PATH_MAX + 8];
    struct packer packer = {.io = io, .dir = dir, .fd = -1};
    sj_segment_path(plain, sizeof(plain), dir, ordinal, false);
    sj_segment_path(packed, sizeof(packed), dir, ordinal, true);
    snprintf(draft, sizeof(draft), "%s~", packed);
    sj_rc rc = sj_window_open(&packer.window, dir, ordinal, false);
    if (rc < 0)
        return rc;
    if (!packer.window.sealed || !packer.window.head_whole || !packer.window.trailer.clean)
        rc = -SJ_E_CORRUPT;
    if (rc == 0)
        rc = pack_to(&packer, draft, go_on, context);
    sj_io_close(&packer.fd);
    if (rc == 0)
        rc = io->rename(io->context, draft, packed);
    if (rc == 0)
        rc = io->sync_dir(io->context, dir);
    /* Both forms may stand side by side for a moment; readers take the packed one. */
    if (rc == 0)
        rc = io->remove(io->context, plain);
    sj_window_done(&packer.window);
    ZSTD_freeCCtx(packer.context);
    free(packer.chunks);
    free(packer.raw);
    free(packer.packed);
    return rc;
}
