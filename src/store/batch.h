/*
 * batch.h: the rows of one table and one month that travel in one insert, and that insert's form.
 *
 * A batch is filled, built (sorted, encoded, packed) and sent. Which of its rows are still to be
 * sent is a list, `order`, from which a reconciliation strikes what the server has, and ranges of
 * it, into which a refused batch is halved until the bad rows are found.
 *
 * Threads  [owner]. Memory: grows to the largest batch it has held.
 */
#ifndef SJ_STORE_BATCH_H
#define SJ_STORE_BATCH_H

#include "store/client.h"
#include "store/native.h"
#include "store/setup.h"

#define SJ_STORE_TOKEN_MAX 128
#define SJ_STORE_RANGES_MAX 32 /* 2^32 rows could be halved down to one */

struct sj_store_range {
    uint32_t first; /* in `order` */
    uint32_t count;
};

struct sj_store_batch {
    const struct sj_store_table *table;
    int32_t month; /* yyyymm: the partition */
    uint32_t count;
    uint32_t capacity;
    uint8_t *frames;
    uint32_t *srcs;
    uint32_t *order; /* rows to send, in the table's order */
    uint32_t order_count;
    struct sj_store_range ranges[SJ_STORE_RANGES_MAX]; /* to do; the last one is next */
    uint32_t range_count;

    /* The insert of the last range, made by build. */
    char sql[SJ_STORE_SQL_MAX];
    char token[SJ_STORE_TOKEN_MAX]; /* names these very rows: of the server's, and of our queries */
    struct sj_store_bytes body;
    enum sj_store_packing packing;
    size_t plain_size;
};

/* What building needs; one for all batches. */
struct sj_store_workshop {
    const struct sj_store_symbols *symbols;
    struct sj_store_packer *packer;
    enum sj_store_format format;
    enum sj_store_packing packing;
    uint32_t text_tables;   /* bit i: rows of table i travel as JSONEachRow, whatever the format */
    uint32_t packed_tables; /* bit i: derived columns of table i travel as their rests */
    const char *database;
    struct sj_store_bytes plain;
    uint32_t *scratch; /* symbols->capacity + 1 */
};

/* Empties the batch for rows of a table and month. */
void sj_store_batch_begin(struct sj_store_batch *batch, const struct sj_store_table *table,
                          int32_t month);

/* Appends a frame. -ENOMEM. */
SJ_MUST_USE sj_rc sj_store_batch_add(struct sj_store_batch *batch, const void *frame, uint32_t src);

/* No more rows come: sorts them and makes them one range. -ENOMEM. */
SJ_MUST_USE sj_rc sj_store_batch_seal(struct sj_store_batch *batch,
                                      struct sj_store_workshop *workshop);

/* Makes statement, token and body of the last range. `name` tells the stream and the round; equal
 * input gives equal bytes. -ENOMEM. */
SJ_MUST_USE sj_rc sj_store_batch_build(struct sj_store_batch *batch,
                                       struct sj_store_workshop *workshop, const char *name);

/* The rows of the last range. */
struct sj_store_rows sj_store_batch_rows(const struct sj_store_batch *batch);

/* A question for the (src, seq) the server has of the last range. -SJ_E_RANGE. */
SJ_MUST_USE sj_rc sj_store_batch_question(const struct sj_store_batch *batch, const char *database,
                                          char *ret_sql, size_t size);

/* Strikes from the last range what the answer (RowBinary: src UInt32, seq UInt64) holds. Returns
 * how many rows were there. -SJ_E_MALFORMED: not such an answer; -ENOMEM. */
SJ_MUST_USE sj_rc sj_store_batch_strike(struct sj_store_batch *batch, const void *answer,
                                        size_t size);

/* Replaces the last range by its two halves. False where it is a single row. */
bool sj_store_batch_halve(struct sj_store_batch *batch);

void sj_store_batch_done(struct sj_store_batch *batch);

SJ_MUST_USE sj_rc sj_store_workshop_init(struct sj_store_workshop *workshop,
                                         const struct sj_store_symbols *symbols,
                                         const char *database);
void sj_store_workshop_done(struct sj_store_workshop *workshop);

/* The packing for a configuration at a server. */
enum sj_store_packing sj_store_choose_packing(const struct sj_store_config *config,
                                              const struct sj_store_abilities *abilities);

#endif
