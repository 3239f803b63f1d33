/*
 * convert.h: files of others to files of rows or a journal: JSONL of the original system, Binance's
 * feed, any CSV, TAIFEX's days; and our journals to rows.
 *
 * Text is cut into pieces of 1 MB that workers parse side by side; what they make is put together
 * in the order of the input, so the outputs' bytes do not depend on their number. A second pass
 * over the rows follows only when it is needed: where times run backwards, rows are split into what
 * the exchange did and what was received, each in its order (as hftbacktest's correct_event_order);
 * where receipt precedes sending, and only when asked to, all times of receipt are shifted; and for
 * formats that are no npz.
 *
 * An output's name with {symbol} or {day} in it is one file an instrument, a trading day, or both
 * (outputs.h, which also says what BASE is; else it is OUT). Beside the outputs:
 *   BASE.manifest.json   inputs with hashes, options, counts; the same for the same input
 *   BASE.metrics.prom    what this run took, for Prometheus' textfile collector
 *   BASE.rejects.jsonl   a line for each line that was not taken; absent when all were
 *   OUT.part, BASE.resume while it runs, or after a stop, for `resume`
 *
 * Errors   report->error has one line: file, line and reason. -EINTR: stopped by `stop`, to be
 *          resumed. -SJ_E_MALFORMED: strict, and something was wrong. -SJ_E_IDENTITY: counts do not
 *          add up (a bug). -SJ_E_CORRUPT: an archive ended early; what it held was converted.
 * Threads  [caller] makes `workers` threads, which end before it returns.
 * Memory   4 MB and the rows of a piece (27 MB at most, 2 MB as a rule) a worker; the second pass
 *          200 MB at most. 512 MB hold for 16 workers and any input.
 */
#ifndef SJ_CONVERT_CONVERT_H
#define SJ_CONVERT_CONVERT_H

#include "convert/batch.h"

#include <stdatomic.h>

#define SJ_CONVERT_WORKERS_MAX 64
/* Days that are told apart; the last one counts the rest. */
#define SJ_CONVERT_DAYS_MAX 1024

enum sj_convert_format {
    SJ_TO_NPZ,
    SJ_TO_NPZ_DEFLATED,
    SJ_TO_NPY,
    SJ_TO_CSV,
    SJ_TO_ARROW,
    SJ_TO_PARQUET,
    SJ_TO_JOURNAL /* the output is a directory */
};

struct sj_convert_progress {
    uint64_t done_size; /* bytes of the input files */
    uint64_t size;
    uint64_t row_count;
    int64_t elapsed_ns;
    const char *phase; /* "reading", "ordering" */
};

struct sj_convert_options {
    const char *const *inputs;
    uint32_t input_count;
    const char *output;
    enum sj_convert_format format;
    struct sj_encode_options encode; /* .latency is made from `latency` */
    const char *csv_map;             /* csv.h; of SJ_DIALECT_CSV */
    const char *latency;             /* latency.h, or NULL */
    uint64_t seed;
    uint32_t workers; /* 0: as many as cores */
    bool resume;
    bool shift_negative;     /* shift all times of receipt, so that none precedes its sending ... */
    int64_t base_latency_ns; /* ... and all come at least this much after */
    const atomic_bool *stop; /* may be NULL */
    /* Called now and then, by one thread at a time; may be NULL. */
    void (*progress)(const struct sj_convert_progress *progress, void *context);
    void *context;
};

struct sj_convert_report {
    struct sj_counts counts;
    uint64_t row_count;        /* in the output; for a journal: trades and books */
    uint32_t instrument_count; /* of a journal */
    uint64_t split_rows;       /* rows more than were read */
    uint64_t input_size;
    uint64_t text_size; /* unpacked */
    int64_t shift_ns;   /* added to every time of receipt */
    int64_t min_latency_ns;
    int64_t first_ns;
    int64_t last_ns;
    int64_t elapsed_ns;
    uint64_t resumed_at; /* pieces that an earlier run had done */
    uint32_t workers;
    uint32_t output_count; /* of {symbol}, {day}; else 1 */
    uint32_t day_count;
    struct sj_day_count days[SJ_CONVERT_DAYS_MAX];
    char symbol[SJ_SYMBOL_SIZE + 1];
    char rejects_path[300];  /* where the lines are that were not taken */
    bool times_want_mending; /* they look as the original's do */
    char error[512];
};

SJ_MUST_USE sj_rc sj_convert_rows(const struct sj_convert_options *options,
                                  struct sj_convert_report *ret_report);

#endif
