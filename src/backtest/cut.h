/*
 * cut.h: a part of a day, between two times, as a file or journal of its own.
 *
 * What happened, or was seen by us, between the two times is in it; of a journal also every
 * definition of an instrument that came before.
 *
 * Errors   those of convert/npz.h and journal.h, with a line in `error`.
 * Threads  one owner.
 */
#ifndef SJ_BACKTEST_CUT_H
#define SJ_BACKTEST_CUT_H

#include "backtest/days.h"

struct sj_bt_span {
    int64_t from_ns, until_ns; /* both included */
};

/* The times that a day's input covers, as we see it. */
SJ_MUST_USE sj_rc sj_bt_cut_span(const struct sj_bt_day *day, struct sj_bt_span *ret_span,
                                 char error[SJ_BT_ERROR_MAX]);

/* Writes the part to `path`: a file, or the folder of a journal, that is not there yet. */
SJ_MUST_USE sj_rc sj_bt_cut(const struct sj_bt_day *day, const struct sj_bt_span *span,
                            const char *path, char error[SJ_BT_ERROR_MAX]);

#endif
