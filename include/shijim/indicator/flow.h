/*
 * flow.h: trade flow imbalance over the last trades.
 *
 * TFI      Silantyev, "Order Flow Analysis of Cryptocurrency Markets", Digital Finance 1 (2019):
 *          the signed sum of traded quantity, here over the last `window` trades:
 *          net = buys - sells; imbalance = net / (buys + sells), within -1 .. 1.
 *
 * Invalid  a quantity that is zero, NaN, infinite or beyond SJ_VALUE_MAX is no trade: nothing
 *          changes, the value is as before. Before the first trade: NaN. While fewer than
 *          `window` trades were seen, the value is of those.
 */
#ifndef SHIJIM_INDICATOR_FLOW_H
#define SHIJIM_INDICATOR_FLOW_H

#include "shijim/indicator/common.h"

#define SJ_TFI_WINDOW_MAX 256

struct sj_tfi {
    uint32_t window; /* 1 .. SJ_TFI_WINDOW_MAX trades */
    uint32_t next;   /* where the next trade goes in `ring` */
    uint64_t count;  /* trades since init */
    double net;      /* buys - sells in the window */
    double total;    /* buys + sells in the window */
    double ring[SJ_TFI_WINDOW_MAX];
};

SJ_MUST_USE SJ_API sj_rc sj_tfi_init(struct sj_tfi *tfi, uint32_t window);

/* `signed_quantity`: positive when the buyer took, negative when the seller did. Returns the
 * imbalance. */
SJ_API double sj_tfi_update(struct sj_tfi *tfi, double signed_quantity);
SJ_API double sj_tfi_value(const struct sj_tfi *tfi);

/* in: signed quantity. out: imbalance. */
SJ_API void sj_tfi_batch(struct sj_tfi *tfi, int64_t count, const struct sj_column in[1],
                         const struct sj_column out[1]);

#endif
