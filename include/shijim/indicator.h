/*
 * indicator.h: signals from books and trades: one struct of fixed size per instrument and signal.
 *
 *     struct sj_ofi ofi;
 *     sj_ofi_init(&ofi);
 *     double e = sj_ofi_update(&ofi, bid_price, bid_quantity, ask_price, ask_quantity);
 *
 * Each signal has init, update (one event), batch (arrays) and, by its kind, save and restore.
 * Most users want sj_signals (indicator/signals.h): the usual ones from sj_book and sj_trade.
 *
 * Units    prices and quantities: double, any unit, the caller's. _ns: int64 nanoseconds. Rates
 *          and decays are per second.
 * Values   NaN means "no value (yet)". No function returns an infinity, or a NaN where a value is
 *          defined; each header says what a book that is empty, one-sided or crossed, and a
 *          quantity that is zero, negative, infinite or NaN, are answered with.
 * Levels   a level is present when its price is a number within +-SJ_VALUE_MAX and its quantity
 *          one of SJ_VALUE_MIN .. SJ_VALUE_MAX (a price may be zero or negative: calendar
 *          spreads). Everything else, NaN and infinities among it, is "absent".
 * Bits     the same input gives the same bits per event, in batches split anywhere, and after a
 *          restore. There is no fused multiply-add, so that builds for different CPUs agree (but
 *          for the C library's log and erf).
 * Threads  a state belongs to one thread at a time. No function touches more than its arguments.
 * Memory   the caller's. No allocation, no system call, no lock.
 * Errors   init: -SJ_E_RANGE for a parameter out of its range, the state unchanged.
 */
#ifndef SHIJIM_INDICATOR_H
#define SHIJIM_INDICATOR_H

#include "shijim/indicator/bars.h"
#include "shijim/indicator/common.h"
#include "shijim/indicator/flow.h"
#include "shijim/indicator/hawkes.h"
#include "shijim/indicator/kyle.h"
#include "shijim/indicator/ofi.h"
#include "shijim/indicator/queue.h"
#include "shijim/indicator/shape.h"
#include "shijim/indicator/signals.h"
#include "shijim/indicator/volatility.h"
#include "shijim/indicator/vpin.h"

#endif
