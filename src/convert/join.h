/*
 * join.h: batches in the order of their pieces become one file of rows and one account.
 *
 * Threads  [turn] only the worker whose piece is next; [any] write.
 */
#ifndef SJ_CONVERT_JOIN_H
#define SJ_CONVERT_JOIN_H

#include "convert/convert.h"
#include "convert/source.h"

#include <stdio.h>

/* What a later run needs to go on; plain data, kept in OUT.resume. */
struct sj_join_state {
    struct sj_counts counts;
    uint64_t row_count; /* or events */
    uint64_t seq;       /* of a journal, and its instruments */
    uint32_t instrument_count;
    uint64_t text_size;
    uint64_t piece_count;
    uint64_t rejects_size; /* of the side file */
    uint64_t file_lines;   /* lines of the present file before the next piece */
    uint32_t file;         /* the next piece is of this one ... */
    uint32_t crc;          /* of all rows */
    uint64_t file_piece;   /* ... and this one of it */
    char symbol[SJ_SYMBOL_SIZE + 1];
    bool has_book;
    bool has_running;
    bool sorted_exch;
    bool sorted_local;
    bool cut; /* an archive ended early */
    int64_t running;
    int64_t max_exch, max_local, min_exch, min_latency;
    uint64_t times_seen, times_off_256, times_off_us;
    uint32_t day_count;
    struct sj_day_count days[SJ_DAYS_MAX];
    struct sj_levels last_book;
};

struct sj_join {
    const struct sj_convert_options *options;
    struct sj_source *source;
    struct sj_join_state state;
    FILE *rejects; /* opened at the first one */
    char rejects_path[4096];
    char *error; /* 512 bytes */
};

/* Where a batch's rows go. */
struct sj_join_place {
    uint64_t first_row;
    size_t inserted_at;
    size_t inserted_count;
    struct sj_row inserted[SJ_BOOK_ROWS_MAX];
};

void sj_join_init(struct sj_join *join, const struct sj_convert_options *options,
                  struct sj_source *source, char *error);

/* Takes the batch into the account and gives its rows their place. -SJ_E_MALFORMED: the run must
 * stop (strict, or a second instrument); join->error says why. [turn] */
SJ_MUST_USE sj_rc sj_join_take(struct sj_join *join, const struct sj_piece *piece,
                               struct sj_batch *batch, struct sj_join_place *ret_place);

/* Writes the rows at their place behind `front` bytes of the file. Gives their CRC-32. [any] */
SJ_MUST_USE sj_rc sj_join_write(int fd, uint64_t front, const struct sj_batch *batch,
                                const struct sj_join_place *place, uint32_t *ret_crc);

#endif
