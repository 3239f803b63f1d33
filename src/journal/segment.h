/*
 * segment.h: the files of a journal: their names, which there are, making a new one, and reading
 * bytes of one, whichever way it is kept.
 *
 * Threads  [any] but a window belongs to one thread.
 * Memory   a window of a plain segment maps it or holds one read buffer.
 */
#ifndef SJ_JOURNAL_SEGMENT_H
#define SJ_JOURNAL_SEGMENT_H

#include "journal/format.h"
#include "journal/io.h"

struct sj_segment_entry {
    uint64_t ordinal;
    bool plain;  /* DIR/ordinal.seg is there */
    bool packed; /* DIR/ordinal.segz is there */
};

struct sj_segment_list {
    struct sj_segment_entry *entries; /* by ordinal */
    size_t count;
};

/* DIR/000000000007.seg or .segz. */
void sj_segment_path(char *path, size_t size, const char *dir, uint64_t ordinal, bool packed);

/* -ENOENT: no such directory. */
SJ_MUST_USE sj_rc sj_segment_list(const char *dir, struct sj_segment_list *ret_list);
void sj_segment_list_done(struct sj_segment_list *list);

/* Makes DIR/ordinal.seg of `size` bytes, all allocated and reading as zero, and syncs it and its
 * name. Overwrites nothing: -EEXIST. On failure nothing is left behind. */
SJ_MUST_USE sj_rc sj_segment_create(const struct sj_journal_io *io, const char *dir,
                                    uint64_t ordinal, uint64_t size, int *ret_fd);

/* Opens for writing, past the page cache where the file system can (`direct`). */
SJ_MUST_USE sj_rc sj_segment_open(const struct sj_journal_io *io, const char *path, bool direct,
                                  int *ret_fd);

struct sj_unpacker;

/* The bytes of one segment by offset (of the uncompressed file). */
struct sj_window {
    int fd;
    uint64_t size; /* readable bytes from offset 0 */
    const uint8_t *map;
    uint64_t dropped; /* offset before which mapped pages were given back */
    uint8_t *buffer;  /* of a file that may still change */
    uint64_t buffer_offset;
    uint64_t
        filled; /* where the file's written part ends, if known: not read ahead beyond; else 0 */
    size_t buffer_size;
    struct sj_unpacker *unpacker;
    struct sj_segment_head head; /* zero where it is not whole */
    bool head_whole;
    struct sj_segment_trailer trailer;
    bool sealed; /* the trailer is whole and belongs to the header */
};

/* Opens segment `ordinal` of `dir`, packed or plain. Succeeds with head_whole false when the header
 * is damaged or not yet written. -ENOENT. */
SJ_MUST_USE sj_rc sj_window_open(struct sj_window *window, const char *dir, uint64_t ordinal,
                                 bool packed);
void sj_window_done(struct sj_window *window);

/* `size` bytes (at most SJ_JOURNAL_BLOCK_MAX) at `offset`, contiguous, valid until the next call;
 * NULL beyond the end or when they cannot be read. */
const uint8_t *sj_window_get(struct sj_window *window, uint64_t offset, size_t size);

/* How many bytes from `offset` on (within the window) one get may ask for. */
uint64_t sj_window_contiguous(const struct sj_window *window, uint64_t offset);

/* Forgets what was read of a file that may have changed, and looks at its size and trailer again.
 */
void sj_window_refresh(struct sj_window *window);

/* The first offset >= `offset` that may hold anything but zeroes. */
uint64_t sj_window_next_data(const struct sj_window *window, uint64_t offset);

#endif
