/*
 * signals.h: the usual signals of one instrument in one state, from events as shijim keeps them.
 *
 * A book updates OFI, MLOFI of 5 levels, microprice, imbalance, pressure, depth ratio and slopes; a
 * trade updates trade flow, VPIN and the intensities of buys and sells; each event lets the
 * intensities fade to its time. The values equal those of the single indicators, bit for bit, with
 * prices of price_e6 / 1e6 and quantities as they are.
 *
 * Skipped  trial matches, events of the odd-lot session and of a suspended instrument (SJ_FLAG_*):
 *          counted in `skipped`, nothing else changes. Trades without a side (tick_type 0) move
 *          `last` and the time, no flow.
 * Absent   as each indicator says; a level with a null price is absent.
 * Time     exch_ns, or recv_ns where it is null; never backwards.
 */
#ifndef SHIJIM_INDICATOR_SIGNALS_H
#define SHIJIM_INDICATOR_SIGNALS_H

#include "shijim/event.h"
#include "shijim/indicator/flow.h"
#include "shijim/indicator/hawkes.h"
#include "shijim/indicator/ofi.h"
#include "shijim/indicator/shape.h"
#include "shijim/indicator/vpin.h"

struct sj_signals_params {
    uint32_t tfi_window;  /* trades */
    uint32_t vpin_window; /* buckets */
    double vpin_bucket;   /* lots */
    double mlofi_weight[SJ_LEVELS];
    double hawkes_base[2];
    double hawkes_jump[4];
    double hawkes_decay[4];
};

/* What a strategy reads. NaN: no value (yet). */
struct sj_signal_values {
    int64_t time_ns;
    double ofi; /* of the last book */
    double mlofi[SJ_LEVELS];
    double mlofi_weighted;
    struct sj_shape shape;
    double last; /* price of the last trade */
    double tfi;  /* over the last tfi_window trades */
    double vpin;
    double intensity[2]; /* of buys, of sells, at time_ns */
};

struct sj_signals {
    struct sj_signal_values values;
    uint64_t books, trades, skipped;
    int64_t total_volume;  /* of the last quote; -1: none yet */
    struct sj_mlofi mlofi; /* its level 0 is OFI; sums over an interval as ofi.h says */
    struct sj_hawkes_pair hawkes;
    struct sj_tfi tfi;
    struct sj_vpin vpin;
};

/* 100 trades, 50 buckets of 100 lots, weights 1; base 0.1, jumps 0.5 and 0.1, decay 1 a second. */
SJ_API void sj_signals_params_default(struct sj_signals_params *params);

SJ_MUST_USE SJ_API sj_rc sj_signals_init(struct sj_signals *signals,
                                         const struct sj_signals_params *params);

/* One event. A quote is a trade too when the day's volume has grown since the quote before it; do
 * not feed quotes and ticks of one instrument both. Other events are ignored.
 * Returns 1 when values changed, else 0. */
SJ_API int32_t sj_signals_frame(struct sj_signals *signals, const struct sj_frame *frame);

SJ_API void sj_signals_book(struct sj_signals *signals, const struct sj_book *book);
SJ_API void sj_signals_trade(struct sj_signals *signals, const struct sj_trade *trade);

/* Starts a new interval of the OFI sums. */
SJ_API void sj_signals_begin(struct sj_signals *signals);

#endif
