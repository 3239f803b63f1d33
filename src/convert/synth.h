/*
 * synth.h: seeded made-up markets, as the original's recorder would have written them, or as rows.
 *
 * The same seed and options give the same bytes on every machine. Prices walk in ticks, books have
 * five levels and change where trades hit them, times between events are exponential; nothing in it
 * claims to be a market.
 *
 * Threads  One owner. Memory: 64 KB.
 */
#ifndef SJ_CONVERT_SYNTH_H
#define SJ_CONVERT_SYNTH_H

#include "convert/convert.h"

struct sj_synth_options {
    uint64_t seed;
    uint64_t event_count;      /* lines */
    uint64_t size_max;         /* stop after so many bytes of JSONL, too; 0: no */
    uint32_t instrument_count; /* 1 .. 1000: SYN0001 ...; rows hold one */
    uint32_t book_percent;     /* of the events are books */
    double rate;               /* events a second, on average */
    double bad_share;          /* of the lines are cut or senseless; 0 .. 1 */
    double late_share;         /* of the events carry a time up to 1 ms too early */
    int64_t start_ns;          /* 0: 2021-07-26 08:45 Taipei */
    const char *latency;       /* of rows: latency.h; NULL: none */
};

/* Writes JSONL or (by `format`) rows to `path`. ret_count: lines or rows. */
SJ_MUST_USE sj_rc sj_synth_write(const struct sj_synth_options *options, const char *path,
                                 bool jsonl, enum sj_convert_format format, uint64_t *ret_count,
                                 char error[256]);

#endif
