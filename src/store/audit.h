/*
 * audit.h: journal against store: every event by its name (src, seq), and the sums of what they
 * say.
 *
 * Both sides are walked in windows of sequences, so that memory stays bounded however long the
 * journal is. For each table and instrument: how many events are equal (in both, once), missing
 * (in the journal only), waiting (not acknowledged yet), dead (in a dead-letter file), duplicate
 * (in the store more than once) and surplus (in the store only); and, where an event has them, the
 * sums of volume and turnover on both sides.
 *
 * The audit holds when nothing is missing, duplicate or surplus, and the sums of what is in the
 * store are equal.
 *
 * Threads  [owner]; may run beside a live writer: what it has not acknowledged counts as waiting.
 * Memory   32 bytes an event of a window of two million, and the report's lines.
 */
#ifndef SJ_STORE_AUDIT_H
#define SJ_STORE_AUDIT_H

#include "base/json.h"
#include "base/rng.h"
#include "store/store.h"

struct sj_store_audit_options {
    const struct sj_store_config *config;
    const char *journal_dir;
    const char *cursor;  /* NULL: SJ_STORE_CURSOR */
    int32_t trading_day; /* yyyymmdd; 0: all days */
};

/* One table and instrument. */
struct sj_store_audit_line {
    const char *table;
    char symbol[20];
    uint32_t instrument;
    uint64_t journal_count;
    uint64_t store_count; /* distinct events of the journal in the store */
    uint64_t missing_count;
    uint64_t waiting_count;
    uint64_t dead_count;
    uint64_t duplicate_count;
    int64_t journal_volume; /* of events that should be in the store */
    int64_t store_volume;
    sj_int128 journal_turnover_e6; /* price x volume */
    sj_int128 store_turnover_e6;
    bool is_equal;
};

struct sj_store_audit {
    uint64_t journal_count;
    uint64_t store_count;
    uint64_t missing_count;
    uint64_t waiting_count;
    uint64_t dead_count;
    uint64_t duplicate_count;
    uint64_t surplus_count; /* rows of our sources in the store that the journal does not have */
    uint64_t damaged_count; /* damaged ranges of the journal */
    uint64_t unequal_count; /* lines that are not equal */
    uint32_t line_count;
    struct sj_store_audit_line *lines; /* by table, then symbol */
    bool holds;
};

/* -SJ_E_CLOSED, -SJ_E_REFUSED, ...: one side could not be read; `ret_error` says which and why. An
 * audit that does not hold is no error. */
SJ_MUST_USE sj_rc sj_store_audit_run(const struct sj_store_audit_options *options,
                                     struct sj_store_audit *ret_audit,
                                     struct sj_store_error *ret_error);
void sj_store_audit_done(struct sj_store_audit *audit);

/* One JSON object: the totals, and the lines (all of them, or those that are not equal). */
sj_rc sj_store_audit_json(const struct sj_store_audit *audit, bool with_equal, FILE *out);

#endif
