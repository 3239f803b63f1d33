#include "journal/seal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "journal/segment.h"

#define INDEX_SIZE_MAX (8u << 20)

sj_rc sj_seal_write(const struct sj_journal_io *io, const char *dir, const struct sj_seal *seal)
{
    char path[SJ_JOURNAL_PATH_MAX];
    struct sj_segment_trailer trailer = {.journal_id = seal->journal_id,
                                         .nonce = seal->nonce,
                                         .base = seal->base,
                                         .end = seal->end,
                                         .event_count = seal->index->event_count,
                                         .block_count = seal->index->block_count,
                                         .first_ns = seal->index->first_ns,
                                         .last_ns = seal->index->last_ns,
                                         .clean = seal->clean};
    uint8_t *bytes;
    sj_rc rc = sj_index_save(seal->index, &bytes, &trailer.index_size);
    if (rc < 0)
        return rc;
    trailer.index_crc = sj_crc32c(0, bytes, trailer.index_size);
    trailer.index_offset = sj_page_up(seal->end - seal->base);
    sj_segment_trailer_seal(&trailer);
    int fd = -1;
    sj_segment_path(path, sizeof(path), dir, seal->ordinal, false);
    rc = sj_segment_open(io, path, false, &fd);
    uint64_t size = trailer.index_offset + trailer.index_size + sizeof(trailer);
    /* The index first: a trailer that stands alone would be believed. */
    if (rc == 0)
        rc = sj_io_write(io, fd, bytes, trailer.index_size, trailer.index_offset);
    if (rc == 0)
        rc = io->truncate(io->context, fd, size);
    if (rc == 0)
        rc = sj_io_write(io, fd, &trailer, sizeof(trailer), size - sizeof(trailer));
    if (rc == 0)
        rc = io->sync(io->context, fd);
    sj_io_close(&fd);
    free(bytes);
    return rc;
}

sj_rc sj_seal_read_index(const struct sj_window *window, struct sj_segment_index *index)
{
    const struct sj_segment_trailer *trailer = &window->trailer;
    if (!window->sealed || trailer->index_size > INDEX_SIZE_MAX)
        return -SJ_E_CORRUPT;
    uint8_t *bytes = malloc(trailer->index_size);
    if (bytes == NULL)
        return -ENOMEM;
    sj_rc rc = sj_io_read(window->fd, bytes, trailer->index_size, trailer->index_offset);
    if (rc == 0 && sj_crc32c(0, bytes, trailer->index_size) != trailer->index_crc)
        rc = -SJ_E_CORRUPT;
    if (rc == 0)
        rc = sj_index_load(index, bytes, trailer->index_size);
    free(bytes);
    return rc;
}
