/*
 * merge.h: the market's events of one or several journals, one after the other as a live process
 * would have seen them: by receive time, then journal, source, sequence.
 *
 * Sources of market data are those of gateways, converters and replays; what strategies said, and
 * the account, is left out. Instruments of several journals are made one by their codes: ids are
 * those of the run's table, and frames are handed out with them (in a copy).
 *
 * A damaged range is passed over and counted; a journal that was not closed ends at its last whole
 * block, which is said.
 *
 * Errors   those of journal.h, with a line in `error`. -SJ_E_UNKNOWN: no such day in it.
 * Threads  one owner.
 * Memory   a mapped reader a source and journal.
 */
#ifndef SJ_BACKTEST_MERGE_H
#define SJ_BACKTEST_MERGE_H

#include "backtest/source.h"
#include "event/instruments.h"
#include "market/rules.h"

#include <stdbool.h>

#define SJ_BT_INPUTS_MAX 64
#define SJ_BT_JOURNALS_MAX 16

/* What is not an event: a damaged range, a frame that is none. */
struct sj_bt_trouble {
    const char *journal;
    uint32_t src;
    uint64_t seq;     /* the last good one before */
    uint64_t lost;    /* events known to be missing; damaged ranges */
    const char *what; /* until the next call */
};

struct sj_bt_input {
    struct source source;
    uint32_t journal;
    uint64_t seq;                 /* of the last event taken */
    bool taken;                   /* `event` was handed out */
    const struct sj_frame *event; /* the next one; NULL: it has ended */
    int64_t recv_ns;
};

struct sj_bt_merge {
    const char *const *journals;
    uint32_t journal_count, input_count;
    struct sj_bt_input inputs[SJ_BT_INPUTS_MAX];
    uint32_t *ids[SJ_BT_JOURNALS_MAX]; /* of the run, by the journal's; NULL: the same */
    struct sj_instruments *instruments;
    const struct sj_market_rules *rules;
    struct sj_instrument definition; /* handed out last */
    int64_t from_ns, to_ns;
    struct sj_journal_damage damage;
    char ended[160];
    void *context;
    /* Negative: the merge ends with that. */
    sj_rc (*on_trouble)(void *context, const struct sj_bt_trouble *trouble);
};

struct sj_bt_merge_options {
    const char *const *journals;
    uint32_t journal_count;
    int32_t day; /* trading day of the futures' board; 0: all */
    const struct sj_market_rules *rules;
    struct sj_instruments *instruments; /* gets the definitions, as soon as they are read */
    void *context;
    sj_rc (*on_trouble)(void *context, const struct sj_bt_trouble *trouble);
};

SJ_MUST_USE sj_rc sj_bt_merge_open(struct sj_bt_merge *merge,
                                   const struct sj_bt_merge_options *options, char error[400]);
void sj_bt_merge_close(struct sj_bt_merge *merge);

struct sj_bt_merged {
    const struct sj_frame *event; /* as in the journal; valid until the next call */
    uint32_t instrument;          /* of the run; 0: none, or unknown */
    uint32_t journal, src;
    int64_t exch_ns, recv_ns;
};

/* 1; 0 at the end; an error that was not passed over. */
SJ_MUST_USE sj_rc sj_bt_merge_next(struct sj_bt_merge *merge, struct sj_bt_merged *ret_merged);

#endif
