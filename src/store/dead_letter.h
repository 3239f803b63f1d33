/*
 * dead_letter.h: rows that no server takes, in files of their own, each with the reason.
 *
 * A file describes itself: table, reason, the server's code, the definitions of the instruments,
 * then the frames with their sources, and a CRC over all. Its name is made of table, first source
 * and sequence and the count, so that writing the same rows again after a crash replaces the file
 * instead of adding one.
 *
 * Threads  [owner of the directory's writer]; reading is [any].
 */
#ifndef SJ_STORE_DEAD_LETTER_H
#define SJ_STORE_DEAD_LETTER_H

#include "store/ledger.h"
#include "store/rows.h"

#define SJ_STORE_DEAD_SUFFIX ".dead"
#define SJ_STORE_DEAD_SIZE_MAX (512u << 20)

/* The file's first bytes, little-endian. */
struct sj_store_dead_head {
    char magic[8]; /* "SJDEAD1" */
    uint32_t crc;  /* CRC-32C of all that follows it */
    uint32_t head_size;
    int64_t written_ns; /* UTC */
    int32_t code;       /* ClickHouse's; 0: it was not the server */
    int32_t http_status;
    uint32_t definition_count;
    uint32_t row_count;
    uint32_t row_size; /* of a frame; rows are: src (4), 4 zero bytes, frame */
    uint16_t template_id;
    uint16_t reserved;
    char table[32];
    char reason[256];
};

/* Where the configuration puts them: its own directory, or dead/ in the journal's. */
void sj_store_dead_dir(const struct sj_store_config *config, const char *journal_dir,
                       char ret_dir[SJ_STORE_PATH_MAX]);

/* Writes the rows (by their order) durably. -errno. */
SJ_MUST_USE sj_rc sj_store_dead_write(const char *dir, const struct sj_store_rows *rows,
                                      const struct sj_store_symbols *symbols, const char *reason,
                                      int32_t code, int32_t http_status);

/* A file, read. Frames and sources are the caller's to free with sj_store_dead_done. */
struct sj_store_dead {
    struct sj_store_dead_head head;
    const struct sj_store_table *table;
    struct sj_store_bytes bytes;  /* the file */
    const uint8_t *definitions;   /* head.definition_count x sizeof(struct sj_instrument) */
    struct sj_store_bytes frames; /* head.row_count x head.row_size */
    uint32_t *srcs;
};

/* -SJ_E_CORRUPT: not such a file, or damaged. */
SJ_MUST_USE sj_rc sj_store_dead_read(const char *path, struct sj_store_dead *ret);
void sj_store_dead_done(struct sj_store_dead *dead);

/* Calls `each` for every file of the directory (none where there is no such directory) until it
 * returns non-zero, which is returned. */
sj_rc sj_store_dead_each(const char *dir, sj_rc (*each)(const char *path, void *context),
                         void *context);

#endif
