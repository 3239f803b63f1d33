/*
 * tape.h: the account of one instrument's tape over one session: does the running total volume add
 * up, is an event a duplicate or out of order, what is missing, and the verdict at the end. Pure.
 *
 * A line follows one sequence of trades (tick or quote channel; round or odd lots). The broker
 * sends with each trade its volume and the day's total behind it: a total that jumps by more than
 * the volume is a hole. A hole stays open: a late trade that fits closes it again.
 *
 * Units    volumes as on the wire (lots; shares on odd-lot lines). _ns: UTC.
 * Threads  the owner's. Memory: none beyond the structs.
 */
#ifndef SJ_GATEWAY_TAPE_H
#define SJ_GATEWAY_TAPE_H

#include "event/event.h"

#include <stdbool.h>

#define SJ_TAPE_HOLES_MAX 8

/* One total-volume range (from, to] that no trade covered yet. */
struct sj_tape_hole {
    int64_t from;
    int64_t to;
};

struct sj_tape_line {
    bool started;
    int64_t volume_first; /* total before the first trade seen */
    int64_t volume_last;  /* the highest total seen */
    int64_t volume_seen;
    int64_t volume_missing; /* in holes, listed or not */
    int64_t last_exch_ns;
    uint64_t trade_count;
    uint64_t duplicate_count;
    uint64_t late_count;
    uint32_t gap_count;
    uint32_t hole_count;
    struct sj_tape_hole hole[SJ_TAPE_HOLES_MAX];
};

/* What a trade did to its line. */
struct sj_tape_result {
    uint32_t flags; /* SJ_FLAG_DUPLICATE, SJ_FLAG_OUT_OF_ORDER */
    bool gap;       /* a hole opened: expected_total was to come, total came */
    bool restarted; /* later, yet a smaller total: the day began anew; the line before this trade
                       has ended */
    int64_t expected_total;
    int64_t from_ns; /* exchange time of the trade before the hole */
};

void sj_tape_line_init(struct sj_tape_line *line);

/* A trade of `volume` after which the day's total is `total`. Where `restarted` is set the line was
 * not changed: close its account, init it and call again. */
void sj_tape_trade(struct sj_tape_line *line, int64_t exch_ns, int64_t volume, int64_t total,
                   struct sj_tape_result *ret);

/* A quote: a trade where its total has moved, else a change of the book (no flags but for time). */
void sj_tape_quote(struct sj_tape_line *line, int64_t exch_ns, int64_t volume, int64_t total,
                   struct sj_tape_result *ret);

/* The books of one instrument: nothing but order and repetition can be judged. */
struct sj_tape_books {
    int64_t last_exch_ns;
    uint64_t last_digest;
    uint64_t count;
};

/* Flags for a book whose content condenses to `digest`. */
uint32_t sj_tape_book(struct sj_tape_books *books, int64_t exch_ns, uint64_t digest);

/* Mixes prices and volumes of a book's five levels into a digest. */
uint64_t sj_tape_book_digest(const int64_t *bid_price_e6, const int64_t *ask_price_e6,
                             const uint32_t *bid_volume, const uint32_t *ask_volume);

/* The verdict over a line: COMPLETE needs a start from zero and no hole; `event_count` counts books
 * and quotes too; 0 of everything is SILENT. */
enum sj_completeness_verdict sj_tape_verdict(const struct sj_tape_line *line, uint64_t event_count);

#endif
