/*
 * encode.h: a line on its way from record to rows or events; shared by the encoders of the formats.
 *
 * Threads  One owner a batch.
 */
#ifndef SJ_CONVERT_ENCODE_H
#define SJ_CONVERT_ENCODE_H

#include "convert/batch.h"
#include "convert/source.h"

struct sj_encode {
    const struct sj_encode_options *options;
    const struct sj_piece *piece;
    struct sj_batch *batch;
    const struct sj_record *record;
    const char *at; /* the line */
    uint64_t line;
    int64_t exch_ns;
    int64_t local_ns;
};

/* The number, when it is whole. */
bool sj_encode_whole(struct sj_number number, int64_t *ret);

/* A time in ns, within sense, mended where that was asked for. */
enum sj_reject sj_encode_time(struct sj_encode *encode, enum sj_slot slot, int64_t *ret_ns);

/* One of several instruments is chosen; without a choice there may be only one. */
enum sj_reject sj_encode_symbol(struct sj_encode *encode, bool *ret_wanted);

/* The line was taken: its times count. */
void sj_encode_note_times(struct sj_encode *encode);

/* `count` rows were written to sj_batch_room. */
void sj_encode_keep_rows(struct sj_encode *encode, size_t count);
void sj_encode_row(struct sj_encode *encode, uint64_t ev, struct sj_number px,
                   struct sj_number qty);

/* A whole book: the rows that change the one before it in the batch to it. */
void sj_encode_book(struct sj_encode *encode, const struct sj_levels *book);

/* A number that runs on from line to line: what it was before this one, and what it is now. */
void sj_encode_running(struct sj_encode *encode, int64_t before, int64_t after);

/* The record of one message. */
enum sj_reject sj_encode_binance(struct sj_encode *encode);

#endif
