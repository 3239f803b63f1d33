/*
 * join.h: batches in the order of their pieces become files of rows and one account.
 *
 * Threads  [turn] only the worker whose piece is next; [any] write.
 */
#ifndef SJ_CONVERT_JOIN_H
#define SJ_CONVERT_JOIN_H

#include "convert/convert.h"
#include "convert/outputs.h"
#include "convert/source.h"

#include <stdio.h>

/* What a later run needs to go on, beside the outputs' tracks; plain data, kept in OUT.resume. */
struct sj_account {
    struct sj_counts counts;
    uint64_t row_count; /* of all outputs; or events */
    uint64_t seq;       /* of a journal, and its instruments */
    uint32_t instrument_count;
    uint32_t output_count;
    uint64_t text_size;
    uint64_t piece_count;
    uint64_t rejects_size; /* of the side file */
    uint64_t file_lines;   /* lines of the present file before the next piece */
    uint64_t file_piece;   /* the next piece is this one ... */
    uint32_t file;         /* ... of this file */
    bool cut;              /* an archive ended early */
    bool finishing;        /* outputs are whole, and are being given their names */
    uint64_t times_seen, times_off_256, times_off_us;
    uint32_t day_count;
    struct sj_day_count days[SJ_CONVERT_DAYS_MAX];
};

struct sj_join {
    const struct sj_convert_options *options;
    struct sj_source *source;
    struct sj_outputs outputs;
    struct sj_account account;
    FILE *rejects; /* opened at the first one */
    char rejects_path[4096];
    uint64_t stop_line; /* strict: of the first thing wrong in this piece; 0: nothing is */
    char *error;        /* 512 bytes */
};

/* `base` names what stands beside the outputs. */
void sj_join_init(struct sj_join *join, const struct sj_convert_options *options, const char *base,
                  struct sj_source *source, char *error);

/* Takes the batches into the account and gives their rows their place. -SJ_E_MALFORMED: the run
 * must stop (strict, or a second instrument); join->error says why. [turn] */
SJ_MUST_USE sj_rc sj_join_take(struct sj_join *join, const struct sj_piece *piece,
                               struct sj_bundle *bundle);

/* Writes a batch's rows at their place behind `front` bytes of the file. Gives their CRC-32. [any]
 */
SJ_MUST_USE sj_rc sj_join_write(int fd, uint64_t front, const struct sj_batch *batch,
                                uint32_t *ret_crc);

/* The batches of a bundle that go to outputs. */
static inline uint32_t sj_join_batch_count(const struct sj_bundle *bundle)
{
    return bundle->by_symbol || bundle->by_day ? bundle->part_count : 1;
}

static inline struct sj_batch *sj_join_batch(struct sj_bundle *bundle, uint32_t index)
{
    return bundle->by_symbol || bundle->by_day ? bundle->parts[index] : &bundle->main;
}

/* Whether it has rows to write. */
static inline bool sj_join_has_rows(const struct sj_batch *batch)
{
    return batch->row_count || batch->has_book;
}

#endif
