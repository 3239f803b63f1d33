/*
 * detect.h: the tick and the lot of a file, from its first rows: the coarsest of 1, 2, 2.5 and 5
 * times a power of ten that all prices, or quantities, are multiples of. A guess: who knows says
 * so.
 *
 * Errors   those of convert/npz.h; -SJ_E_UNKNOWN: nothing fits, or no rows.
 * Threads  any.
 */
#ifndef SJ_BACKTEST_DETECT_H
#define SJ_BACKTEST_DETECT_H

#include "base/rc.h"

SJ_MUST_USE sj_rc sj_bt_detect(const char *path, double *ret_tick, double *ret_lot,
                               char error[256]);

#endif
