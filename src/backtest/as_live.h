/*
 * as_live.h: a recorded day decided again: the journal's inputs, in the order in which the live
 * process took them, into the same src/decide; what comes out is compared with what the journal
 * holds, byte for byte.
 *
 * The ring "strategy" (SJ_SRC_STRATEGY) tells the order: its own inputs stand in it, and a note
 * (DRAINED) for every batch that was read from another ring. A restart of the live process begins
 * with a START that says which saved state it loaded; the run saves its state there, too. The NAMEs
 * behind it tell which strategy had which number.
 * Statistics (how long calls took) are let pass: they are of the machine.
 *
 * Errors   -errno and -SJ_E_* of the journal; -SJ_E_CORRUPT: an event that a note names is not in
 *          the journal. A difference is no error: it is the result.
 * Threads  one. Memory: a reader for each source, the saved state.
 */
#ifndef SJ_BACKTEST_AS_LIVE_H
#define SJ_BACKTEST_AS_LIVE_H

#include "decide/decide.h"
#include "strategy/names.h"

#define SJ_AS_LIVE_ERROR_MAX 400

struct sj_as_live_options {
    const char *journal_dir;
    void *context;
    /* A decide as the live process has it, with its strategies under the numbers that the journal
     * tells, publishing through `ops`. */
    sj_rc (*create)(void *context, const struct sj_strategy_names *names,
                    const struct sj_decide_ops *ops, struct sj_instruments *instruments,
                    char error[SJ_AS_LIVE_ERROR_MAX], struct sj_decide **ret_decide);
};

struct sj_as_live_result {
    uint64_t starts, inputs, market_events;
    uint64_t intents, verdicts, others; /* equal ones */
    uint64_t unequal;                   /* of all kinds */
    uint64_t first_seq;                 /* of the first unequal one */
    char first[160];                    /* what it is and how it differs */
};

SJ_MUST_USE sj_rc sj_as_live_run(const struct sj_as_live_options *options,
                                 struct sj_as_live_result *ret_result,
                                 char error[SJ_AS_LIVE_ERROR_MAX]);

#endif
