/*
 * parse.h: one message of the broker's stream (its JSON payload) into a finished event.
 *
 * Decimals are exact, times ns UTC (from Taipei date and time), the instrument is resolved, absent
 * and null fields hold the null values of shijim/event.h. The frame is written in place: into the
 * memory of a bus claim. Messages of a shape that was seen before on their channel (same fields in
 * the same order, no escapes, no spaces) take a fast path; any other takes the general one, with
 * the same result.
 *
 * Errors   -SJ_E_UNKNOWN: the code is not in the table (sj_parse_code tells it). -SJ_E_MALFORMED,
 *          -SJ_E_RANGE: sj_parse_fault tells what and where; counted by class. The frame's bytes
 *          are then undefined. -SJ_E_REFUSED: a heartbeat, order_event or contract_event, which is
 *          no market event.
 * Threads  [owner]. Memory: this struct only (and the table, read only).
 */
#ifndef SJ_GATEWAY_PARSE_H
#define SJ_GATEWAY_PARSE_H

#include "event/instruments.h"

#include <stdbool.h>

#define SJ_PARSE_PADDING                                                                           \
    64 /* readable bytes wanted behind a payload; their values do not matter                       \
        */
#define SJ_PARSE_SIZE_MAX 16384 /* a longer payload is refused */
#define SJ_PARSE_FIELDS_MAX 64  /* keys of one payload */

/* What can be wrong with a payload: counter and log reason. id, name, text */
#define SJ_PARSE_FAULT_TABLE(X)                                                                    \
    X(NONE, "none", "nothing")                                                                     \
    X(SYNTAX, "syntax", "not JSON")                                                                \
    X(TRUNCATED, "truncated", "it ends in the middle")                                             \
    X(OVERSIZED, "oversized", "longer than the limit, or too many fields")                         \
    X(TRAILING, "trailing", "bytes behind the object")                                             \
    X(TYPE, "wrong_type", "a field of the wrong type")                                             \
    X(NUMBER, "number", "not a number")                                                            \
    X(RANGE, "range", "a number out of its range")                                                 \
    X(TIME, "time", "no such date or time")                                                        \
    X(MISSING, "missing", "a field without which it is no event is absent")                        \
    X(DUPLICATE, "duplicate_field", "a field twice")                                               \
    X(LEVELS, "levels", "more than five levels of a book")                                         \
    X(INSTRUMENT, "instrument", "an instrument not in the table")                                  \
    X(TEXT, "text", "not valid UTF-8 or a bad escape")

enum sj_parse_fault {
#define X(id, name, text) SJ_PARSE_##id,
    SJ_PARSE_FAULT_TABLE(X)
#undef X
        SJ_PARSE_FAULT_COUNT
};

struct sj_parse;

/* Reserves the parser. The table must outlive it; instruments put into it later are found. [init]
 */
SJ_MUST_USE sj_rc sj_parse_create(const struct sj_instruments *table, struct sj_parse **ret_parse);
void sj_parse_close(struct sj_parse *parse);

/* The channel of an SSE event name ("tick_stk"); SJ_CHANNEL_NONE for others ("heartbeat"). */
enum sj_channel sj_parse_channel(const char *event, size_t size);

/* Parses `size` bytes at `json`, of which SJ_PARSE_PADDING more can be read, and writes the event
 * to `frame` (SJ_EVENT_SIZE_MAX bytes, 8-aligned). Returns its size. [owner] */
SJ_MUST_USE sj_rc sj_parse_event(struct sj_parse *parse, enum sj_channel channel, const char *json,
                                 size_t size, int64_t recv_ns, void *frame);

/* Whether the last event parsed came with closing odd-lot or fixed-price fields set; if so writes
 * them to `closing`, to be published right behind it. [owner] */
bool sj_parse_closing(const struct sj_parse *parse, struct sj_closing *closing);

/* Why the last sj_parse_event failed: its class and the byte where it was seen. [owner] */
enum sj_parse_fault sj_parse_fault(const struct sj_parse *parse, size_t *ret_offset);
const char *sj_parse_fault_name(enum sj_parse_fault fault);
const char *sj_parse_fault_text(enum sj_parse_fault fault);

/* The code of the last payload that failed with -SJ_E_UNKNOWN, terminated. [owner] */
const char *sj_parse_code(const struct sj_parse *parse);

struct sj_parse_counts {
    uint64_t events;         /* finished */
    uint64_t fast;           /* of these, by the fast path */
    uint64_t unknown_fields; /* keys not known, skipped; the events stand */
    uint64_t rounded;        /* events with a decimal of more than 6 places */
    uint64_t faults[SJ_PARSE_FAULT_COUNT];
};

/* [owner] */
const struct sj_parse_counts *sj_parse_counts(const struct sj_parse *parse);

/* The ways through the parser; all have the same results. */
enum sj_parse_way {
    SJ_PARSE_BEST,   /* the fast path as this processor does it best, then the general one */
    SJ_PARSE_COMMON, /* the fast path as all processors can do it, then the general one */
    SJ_PARSE_GENERAL /* the general path alone */
};

/* For tests and benches. What was learned is forgotten. [owner] */
void sj_parse_set_way(struct sj_parse *parse, enum sj_parse_way way);

#endif
