/*
 * batch.h: what a worker makes of one piece of input: rows, and everything the account of the run
 * needs to know of it.
 *
 * A batch knows nothing of the ones before it, so workers make them side by side; what depends on
 * the batch before (the change from its last book to this one's first, running maxima) is completed
 * when batches are put together in the order of their pieces (join.h).
 *
 * Threads  One owner at a time.
 * Memory   grows to what the densest piece needs: at most 27 MB of rows for 1 MB of input.
 */
#ifndef SJ_CONVERT_BATCH_H
#define SJ_CONVERT_BATCH_H

#include "convert/latency.h"
#include "convert/line.h"
#include "convert/rows.h"
#include "event/event.h"

#define SJ_SYMBOL_SIZE 16
#define SJ_BOOK_DEPTH SJ_ARRAY_MAX
/* Rows that the change of a whole book can take. */
#define SJ_BOOK_ROWS_MAX (4 * SJ_BOOK_DEPTH + 2)
#define SJ_DAYS_MAX 32 /* of one batch */

struct sj_level {
    double px;
    double qty;
};

struct sj_levels {
    uint32_t count[2]; /* bids, asks */
    struct sj_level levels[2][SJ_BOOK_DEPTH];
};

/* How a whole book becomes rows. */
enum sj_book_mode {
    SJ_BOOK_CHANGES,  /* what differs from the book before; a level out of sight is gone */
    SJ_BOOK_SNAPSHOTS /* clear, and all levels */
};

struct sj_encode_options {
    enum sj_dialect dialect;
    enum sj_book_mode book_mode;
    bool mend_times; /* Taipei time taken for UTC, through a double: 8 h off, in steps of 256 ns */
    bool simtrade;   /* keep trial matches */
    bool marks;      /* Binance: rows 100 .. 102 */
    bool tickers;    /* Binance: rows 103, 104 */
    bool strict;     /* remember the line of every row */
    bool frames;     /* make events instead of rows */
    const struct sj_csv_map *csv;     /* of SJ_DIALECT_CSV */
    const char *symbol;               /* only this instrument, or NULL */
    const struct sj_latency *latency; /* for lines without a time of receipt */
};

struct sj_rejected {
    enum sj_reject reject;
    uint32_t text_size; /* the line's, at most SJ_REJECTED_TEXT of it are kept in `text` */
    uint64_t line;      /* in the batch, from 1 */
    size_t text_at;     /* in sj_batch.reject_text */
};
#define SJ_REJECTED_TEXT 200

struct sj_day_count {
    int32_t day; /* UTC+8 trading day, YYYYMMDD */
    uint64_t count;
};

struct sj_counts {
    uint64_t lines;
    uint64_t trades;
    uint64_t lots; /* of TAIFEX's trades */
    uint64_t books;
    uint64_t depths;  /* messages of changes */
    uint64_t tickers; /* and marks */
    uint64_t simtrades_dropped;
    uint64_t others_dropped; /* of other instruments, or kinds that were not asked for */
    uint64_t notices;        /* messages of the feed about itself */
    uint64_t gaps;           /* places where running volume or update ids jump */
    uint64_t mended;         /* times */
    uint64_t sideless;       /* trades without a side: no backtest matches them */
    uint64_t late_rows;      /* rows earlier than one before them, by exch_ts */
    uint64_t late_local_rows;
    uint64_t negative_rows; /* received before they were sent */
    uint64_t rejects[SJ_REJECT_COUNT];
};

/* An instrument of a batch of events; its frames carry its index here, plus 1, until they are put
 * together. */
struct sj_batch_code {
    char code[SJ_SYMBOL_SIZE];
    uint8_t exchange;                       /* enum sj_exchange */
    uint8_t security;                       /* enum sj_security */
    const struct sj_instrument *definition; /* all that is known, or NULL; its reader's */
};

/* Where a batch's rows go in the file of their output. */
struct sj_join_place {
    uint32_t output;
    uint64_t turn; /* counts the output's batches */
    uint64_t first_row;
    size_t inserted_at;
    size_t inserted_count;
    struct sj_row inserted[SJ_BOOK_ROWS_MAX];
};

struct sj_batch {
    uint8_t *frames; /* events, back to back */
    size_t frames_size;
    size_t frames_max;
    uint32_t frame_count;
    uint32_t code_count;
    size_t code_max;
    struct sj_batch_code *codes;
    uint32_t *code_slots; /* hash table of indexes plus 1 */
    size_t code_slots_max;

    struct sj_row *rows;
    uint32_t *row_lines; /* strict only */
    size_t row_count;
    size_t row_max;

    struct sj_counts counts;
    struct sj_rejected *rejected;
    size_t rejected_count;
    size_t rejected_max;
    char *reject_text;
    size_t reject_text_size;
    size_t reject_text_max;

    /* Where rows go to one file an instrument or day, a batch is of one: this and `symbol`. */
    int32_t day;
    struct sj_join_place place;

    /* The instrument; a second one and its line, when there is one. */
    char symbol[SJ_SYMBOL_SIZE + 1];
    char other_symbol[SJ_SYMBOL_SIZE + 1];
    uint64_t other_line;

    /* The first whole book: its rows are to go in before row first_book_row. */
    bool has_book;
    size_t first_book_row;
    uint64_t first_book_line;
    int64_t first_book_exch;
    int64_t first_book_local;
    struct sj_levels first_book;
    struct sj_levels last_book;

    /* By rows, the first book's included. */
    bool has_times;
    bool sorted_exch;
    bool sorted_local;
    int64_t min_exch, max_exch;
    int64_t min_local, max_local;
    int64_t min_latency;

    /* The running number that tells of gaps: what it must have been before, and what it is after.
     */
    bool has_running;
    int64_t running_before;
    int64_t running_after;
    int64_t running_first_ns; /* when; it begins anew each trading day */
    int64_t running_last_ns;
    uint64_t running_line;
    uint64_t first_gap_line;

    uint32_t day_count;
    struct sj_day_count days[SJ_DAYS_MAX];
    uint64_t day_lines[SJ_DAYS_MAX]; /* the first of each */
    int64_t day_from, day_until;     /* of the day counted last */

    uint64_t times_seen;    /* for the hint that times want mending: how many were looked at ... */
    uint64_t times_off_256; /* ... no multiples of 256 */
    uint64_t times_off_us;  /* ... no whole microseconds */
    bool failed;            /* out of memory */
};

void sj_batch_init(struct sj_batch *batch);
void sj_batch_clear(struct sj_batch *batch);
void sj_batch_done(struct sj_batch *batch);

/* Room for `count` more rows; NULL: out of memory (and `failed` is set). */
struct sj_row *sj_batch_room(struct sj_batch *batch, size_t count);

/* Room for a frame of `size` bytes, cleared; it counts when sj_batch_keep_frame is called. */
void *sj_batch_frame(struct sj_batch *batch, size_t size);
void sj_batch_keep_frame(struct sj_batch *batch);

/* The number (from 1) of a code of 1 .. SJ_SYMBOL_SIZE bytes in the batch, new or known; 0: out of
 * memory. */
uint32_t sj_batch_code(struct sj_batch *batch, struct sj_text code, uint8_t exchange,
                       uint8_t security);

/* What is known of it, as an event of `ns`; its id is still to be given. */
struct sj_instrument sj_batch_definition(const struct sj_batch_code *code, int64_t ns);

void sj_batch_reject(struct sj_batch *batch, enum sj_reject reject, uint64_t line, const char *text,
                     size_t size);
/* `day`: the trading day, where it is known; 0: by the time. */
void sj_batch_count_day(struct sj_batch *batch, int64_t exch_ns, int32_t day, uint64_t line);

/* Whether a number that ran to `before_ns` may begin anew at `ns`. */
bool sj_running_restarts(int64_t before_ns, int64_t ns);

/* The rows of a change from book to book (`before` NULL: from none), at most SJ_BOOK_ROWS_MAX. */
size_t sj_book_rows(enum sj_book_mode mode, const struct sj_levels *before,
                    const struct sj_levels *after, int64_t exch_ns, int64_t local_ns,
                    struct sj_row *rows);

#endif
