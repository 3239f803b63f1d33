/*
 * flow_kernel.h: one trade into trade flow imbalance and into VPIN.
 */
#ifndef SJ_INDICATOR_FLOW_KERNEL_H
#define SJ_INDICATOR_FLOW_KERNEL_H

#include "indicator/kernel.h"
#include "shijim/indicator/flow.h"
#include "shijim/indicator/vpin.h"

/* A bucket with no more than this missing is full. */
#define BUCKET_SLACK 1e-9

static inline double tfi_value(const struct sj_tfi *tfi)
{
    return tfi->total > 0 ? fmin(fmax(tfi->net / tfi->total, -1), 1) : NAN;
}

/* The sums are taken anew once round the ring, so that rounding does not gather in them, and when
 * most of what they were leaves, which would leave its rounding behind. */
void sj_tfi_sum_again(struct sj_tfi *tfi);

static inline double tfi_take(struct sj_tfi *tfi, double signed_quantity)
{
    if (__builtin_expect(is_flow(signed_quantity), 1)) {
        double old = tfi->ring[tfi->next];
        tfi->ring[tfi->next] = signed_quantity;
        tfi->net = (tfi->net - old) + signed_quantity;
        tfi->total = (tfi->total - fabs(old)) + fabs(signed_quantity);
        tfi->count++;
        tfi->next = tfi->next + 1 == tfi->window ? 0 : tfi->next + 1;
        if (__builtin_expect((tfi->next == 0) | (fabs(old) * 4 > tfi->total), 0))
            sj_tfi_sum_again(tfi);
    }
    return tfi_value(tfi);
}

/* The part of take that fills at least one bucket. `lean`: -1 all sold .. 1 all bought. */
void sj_vpin_fill(struct sj_vpin *vpin, double quantity, double lean);

/* `quantity` > 0, a number; `leaning` is lean * quantity. */
static inline double vpin_take(struct sj_vpin *vpin, double quantity, double leaning, double lean)
{
    double filled = vpin->filled + quantity;
    if (__builtin_expect(vpin->bucket - filled > BUCKET_SLACK, 1)) {
        vpin->filled = filled;
        vpin->imbalance += leaning;
    } else {
        sj_vpin_fill(vpin, quantity, lean);
    }
    return vpin->value;
}

static inline double vpin_take_signed(struct sj_vpin *vpin, double signed_quantity)
{
    if (__builtin_expect(!is_flow(signed_quantity), 0))
        return vpin->value;
    return vpin_take(vpin, fabs(signed_quantity), signed_quantity, copysign(1, signed_quantity));
}

#endif
