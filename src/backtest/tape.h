/*
 * tape.h: what a run tells its sink, kept in a file and told again later: so that days run in
 * parallel are told of one after the other, as if they had been run so.
 *
 * Errors   -errno; -SJ_E_CORRUPT: not a tape, or cut.
 * Threads  one owner; another process may write it before.
 */
#ifndef SJ_BACKTEST_TAPE_H
#define SJ_BACKTEST_TAPE_H

#include "backtest/run.h"

#include <stdio.h>

/* Has everything that `want` takes written to `file`; its context is the file. */
struct sj_bt_sink sj_bt_tape_sink(FILE *file, const struct sj_bt_sink *want);

/* What was before: added to what is told. */
struct sj_bt_tape_offset {
    uint64_t orders;
    double equity, fee;
};

/* From the file's beginning. */
SJ_MUST_USE sj_rc sj_bt_tape_play(FILE *file, const struct sj_bt_tape_offset *offset,
                                  const struct sj_bt_sink *sink);

#endif
