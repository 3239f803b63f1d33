/*
 * encode.h: a line on its way from record to rows or events; shared by the encoders of the formats.
 *
 * Threads  One owner a batch.
 */
#ifndef SJ_CONVERT_ENCODE_H
#define SJ_CONVERT_ENCODE_H

#include "convert/bundle.h"
#include "convert/source.h"

struct sj_encode {
    const struct sj_encode_options *options;
    const struct sj_piece *piece;
    struct sj_bundle *bundle;
    struct sj_batch *batch; /* the bundle's main one, or that of the record's output */
    const struct sj_record *record;
    const char *at; /* the line */
    uint64_t line;
    int64_t exch_ns;
    int64_t local_ns;
    int32_t day; /* the trading day, where the input says; 0: by the time */
};

/* The number, when it is whole. */
bool sj_encode_whole(struct sj_number number, int64_t *ret);

/* A time in ns, within sense, mended where that was asked for. */
enum sj_reject sj_encode_time(struct sj_encode *encode, enum sj_slot slot, int64_t *ret_ns);

/* One of several instruments is chosen; without a choice there may be only one, or each goes to an
 * output of its own: then `batch` is that one's from here on. `symbol` may be empty: of the one
 * instrument there is. */
enum sj_reject sj_encode_choose(struct sj_encode *encode, struct sj_text symbol, bool *ret_wanted);

/* The same of the record's symbol. */
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

/* A modelled feed is one connection: what is sent later does not arrive earlier. */
void sj_encode_keep_feed_order(struct sj_encode *encode);

/* The record of one message. */
enum sj_reject sj_encode_binance(struct sj_encode *encode);

/* Makes the batches of the lines of a piece. */
void sj_encode_piece(const struct sj_encode_options *options, struct sj_line_parser *parser,
                     const struct sj_piece *piece, struct sj_bundle *bundle);

#endif
