/*
 * mlofi_kernel.h: one update of multi-level OFI for a number of levels the compiler knows.
 */
#ifndef SJ_INDICATOR_MLOFI_KERNEL_H
#define SJ_INDICATOR_MLOFI_KERNEL_H

#include "indicator/kernel.h"
#include "shijim/indicator/ofi.h"

/* Four arrays of `levels` each; `levels` == mlofi->levels, a constant where speed matters. */
static inline __attribute__((always_inline)) double mlofi_take(
    struct sj_mlofi *m, const double *bid_price, const double *bid_quantity,
    const double *ask_price, const double *ask_quantity, uint32_t levels)
{
    double weighted = 0, depth = 0;
    double bp[SJ_MLOFI_LEVELS_MAX], bq[SJ_MLOFI_LEVELS_MAX];
    double ap[SJ_MLOFI_LEVELS_MAX], aq[SJ_MLOFI_LEVELS_MAX];
    for (uint32_t i = 0; i < levels; i++) {
        bool bid_there = is_present(bid_price[i], bid_quantity[i]);
        bool ask_there = is_present(ask_price[i], ask_quantity[i]);
        bp[i] = bid_there ? bid_price[i] : -INFINITY;
        bq[i] = bid_there ? bid_quantity[i] : 0;
        ap[i] = ask_there ? ask_price[i] : INFINITY;
        aq[i] = ask_there ? ask_quantity[i] : 0;
    }
    if (__builtin_expect(m->count == 0, 0)) {
        memcpy(m->bid_price, bp, levels * sizeof *bp);
        memcpy(m->bid_quantity, bq, levels * sizeof *bq);
        memcpy(m->ask_price, ap, levels * sizeof *ap);
        memcpy(m->ask_quantity, aq, levels * sizeof *aq);
    }
    for (uint32_t i = 0; i < levels; i++) {
        double bid = ofi_side(bp[i], bq[i], m->bid_price[i], m->bid_quantity[i]);
        double ask = ofi_side(-ap[i], aq[i], -m->ask_price[i], m->ask_quantity[i]);
        m->level[i] = bid - ask;
        m->sum[i] += m->level[i];
    }
    for (uint32_t i = 0; i < levels; i++) {
        weighted += m->weight[i] * m->level[i];
        depth += bq[i] + aq[i];
    }
    memcpy(m->bid_price, bp, levels * sizeof *bp);
    memcpy(m->bid_quantity, bq, levels * sizeof *bq);
    memcpy(m->ask_price, ap, levels * sizeof *ap);
    memcpy(m->ask_quantity, aq, levels * sizeof *aq);
    m->depth_sum += depth;
    m->weighted = weighted;
    m->count++;
    m->interval_count++;
    return weighted;
}

#endif
