/*
 * round.h: a stretch of the journal, as one batch for each table and month in it, and where each
 * batch is on its way to the server.
 *
 *   filling --cut--> [ready --send--> flying --acknowledged--> next range or done]   for each batch
 *                       ^                |
 *                       |  retry         +--unknown, the server knows tokens--> ready
 *                       +<---------------+--unknown else--> doubt --> is it running? --> has it
 *                                        |                            these rows? --> ready with
 *                                        |                            what is missing, or done
 *                                        +--poison--> halved: ready; a single row: dead letter
 *
 * Threads  [owner].
 */
#ifndef SJ_STORE_ROUND_H
#define SJ_STORE_ROUND_H

#include "base/backoff.h"
#include "store/batch.h"
#include "store/dead_letter.h"

#define SJ_STORE_BATCHES_MAX 64  /* of a round: tables times months */
#define SJ_STORE_BAD_ROWS_MAX 32 /* of a batch, then all that is left of it counts as bad */
#define SJ_STORE_CUT_SHORT_MAX 8 /* answers "the body ended early" before it is the rows' fault */

enum sj_store_stage {
    SJ_STORE_STAGE_READY,   /* to be sent, not before try_ns */
    SJ_STORE_STAGE_FLYING,  /* the insert is under way */
    SJ_STORE_STAGE_DOUBT,   /* outcome unknown; to be asked about, not before try_ns */
    SJ_STORE_STAGE_RUNNING, /* asking whether the insert still runs */
    SJ_STORE_STAGE_ASKING,  /* asking which rows are there */
    SJ_STORE_STAGE_DONE
};

struct sj_store_parcel {
    struct sj_store_batch batch;
    enum sj_store_stage stage;
    bool is_built;    /* the body of the last range is made */
    bool is_asking;   /* the question for its rows is under way */
    int64_t try_ns;   /* monotonic */
    uint32_t attempt; /* of all ranges, part of the query's id */
    uint32_t cut_short_count;
    uint32_t bad_count;
    struct sj_backoff backoff;
    struct sj_store_request request;
    char sql[SJ_STORE_SQL_MAX];
    char query_id[SJ_STORE_TOKEN_MAX + 16];
    char settings[SJ_STORE_SETTINGS_MAX + SJ_STORE_TOKEN_MAX + 64];
    struct sj_store_sender *sender;
    struct sj_store_round *round;
};

struct sj_store_round {
    uint64_t begin; /* positions */
    uint64_t end;
    uint64_t event_count;
    uint64_t size;     /* bytes of frames */
    uint32_t row_max;  /* rows of its largest batch */
    int64_t opened_ns; /* monotonic: when its first event was read */
    int64_t oldest_ns; /* UTC: receive time of its first event */
    bool is_cut;
    uint32_t parcel_count;
    uint32_t done_count;
    struct sj_store_parcel *parcels; /* SJ_STORE_BATCHES_MAX, buffers kept from round to round */
    uint32_t stream_count;
    struct sj_store_stream streams[SJ_STORE_STREAMS_MAX]; /* of this round alone */
    struct sj_store_days days;
};

/* What all parcels share: the way to the server, the tallies. */
struct sj_store_sender {
    struct sj_store_client *client;
    const struct sj_store_setup *setup;
    const struct sj_store_config *config;
    struct sj_store_workshop *workshop;
    const char *dead_dir;
    const char *stream_name; /* of tokens and query ids */
    uint32_t flying_count;
    bool needs_setup; /* the server was lost, or its tables are missing */
    sj_rc broken;     /* a dead letter could not be written: nothing goes on */
    struct sj_store_stats *stats;
    struct sj_hist *insert_hist;
};

SJ_MUST_USE sj_rc sj_store_round_init(struct sj_store_round *round, struct sj_store_sender *sender,
                                      uint64_t seed);
void sj_store_round_done(struct sj_store_round *round);

/* Begins a round at a position. */
void sj_store_round_begin(struct sj_store_round *round, uint64_t position);

/* Takes a frame of the journal. -ENOMEM; -SJ_E_LIMIT: more sources than there can be. */
SJ_MUST_USE sj_rc sj_store_round_add(struct sj_store_round *round, const void *frame, uint32_t src);

/* Nothing more comes: what is in it can be sent. `is_suspect`: an earlier life may have. */
SJ_MUST_USE sj_rc sj_store_round_cut(struct sj_store_round *round, uint64_t end, bool is_suspect);

/* Moves its parcels on as far as they go without waiting. Returns how much it did. */
sj_rc sj_store_round_step(struct sj_store_round *round, int64_t now_ns);

/* The server changed: bodies that are not under way are made anew. */
void sj_store_round_unbuild(struct sj_store_round *round);

bool sj_store_round_is_done(const struct sj_store_round *round);

#endif
