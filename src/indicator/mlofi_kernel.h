/*
 * mlofi_kernel.h: one update of multi-level OFI for a number of levels the compiler knows.
 */
#ifndef SJ_INDICATOR_MLOFI_KERNEL_H
#define SJ_INDICATOR_MLOFI_KERNEL_H

#include "indicator/kernel.h"
#include "indicator/vector.h"
#include "shijim/indicator/ofi.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#define MLOFI_GROUPS (SJ_MLOFI_LEVELS_MAX / 4)
#define MLOFI_RESTS 3

/* A book in registers: groups of four levels by side, then the levels left over, bid beside ask.
 * Prices of asks are negated. */
struct mlofi_row {
    v4d bid_price[MLOFI_GROUPS], bid_quantity[MLOFI_GROUPS];
    v4d ask_price[MLOFI_GROUPS], ask_quantity[MLOFI_GROUPS];
    v2d price[MLOFI_RESTS], quantity[MLOFI_RESTS];
};

ALWAYS_INLINE void mlofi_load(struct mlofi_row *row, const double *bid_price,
                              const double *bid_quantity, const double *ask_price,
                              const double *ask_quantity, uint32_t levels)
{
    uint32_t i = 0;
    for (uint32_t g = 0; i + 4 <= levels; i += 4, g++) {
        row->bid_price[g] = v4_load(bid_price + i);
        row->bid_quantity[g] = v4_load(bid_quantity + i);
        row->ask_price[g] = -v4_load(ask_price + i);
        row->ask_quantity[g] = v4_load(ask_quantity + i);
    }
    for (uint32_t k = 0; i < levels; i++, k++) {
        row->price[k] = (v2d){bid_price[i], -ask_price[i]};
        row->quantity[k] = (v2d){bid_quantity[i], ask_quantity[i]};
    }
}

/* Replaces absent levels; nearly always there is none. */
ALWAYS_INLINE void mlofi_replace_absent(struct mlofi_row *row, uint32_t levels)
{
    for (uint32_t g = 0; g < levels / 4; g++) {
        if (__builtin_expect(v4_all(v4_both_present(row->bid_price[g], row->bid_quantity[g],
                                                    row->ask_price[g], row->ask_quantity[g])),
                             1))
            continue;
        v4_replace_absent(&row->bid_price[g], &row->bid_quantity[g]);
        v4_replace_absent(&row->ask_price[g], &row->ask_quantity[g]);
    }
    for (uint32_t k = 0; k < levels % 4; k++)
        v2_replace_absent(&row->price[k], &row->quantity[k]);
}

/* The book becomes the one before. */
ALWAYS_INLINE void mlofi_keep(struct sj_mlofi *m, const struct mlofi_row *row, uint32_t levels)
{
    uint32_t i = 0;
    for (uint32_t g = 0; i + 4 <= levels; i += 4, g++) {
        v4_store(m->bid_price + i, row->bid_price[g]);
        v4_store(m->bid_quantity + i, row->bid_quantity[g]);
        v4_store(m->ask_price + i, row->ask_price[g]);
        v4_store(m->ask_quantity + i, row->ask_quantity[g]);
    }
    for (uint32_t k = 0; i < levels; i++, k++) {
        v2_store(m->rest_price[k], row->price[k]);
        v2_store(m->rest_quantity[k], row->quantity[k]);
    }
}

/* A book of `levels` == m->levels, a constant where speed matters. */
ALWAYS_INLINE double mlofi_take(struct sj_mlofi *m, struct mlofi_row *row, uint32_t levels)
{
    mlofi_replace_absent(row, levels);
    /* Nothing is before the first book: it is compared with itself, which gives 0. */
    if (__builtin_expect(m->count == 0, 0))
        mlofi_keep(m, row, levels);
    v4d weighted4 = {0}, depth4 = {0};
    uint32_t i = 0;
    for (uint32_t g = 0; i + 4 <= levels; i += 4, g++) {
        v4d bid = v4_ofi(row->bid_price[g], row->bid_quantity[g], v4_load(m->bid_price + i),
                         v4_load(m->bid_quantity + i));
        v4d ask = v4_ofi(row->ask_price[g], row->ask_quantity[g], v4_load(m->ask_price + i),
                         v4_load(m->ask_quantity + i));
        v4d net = bid - ask;
        v4_store(m->level + i, net);
        v4_store(m->sum + i, v4_load(m->sum + i) + net);
        weighted4 += v4_load(m->weight + i) * net;
        depth4 += row->bid_quantity[g] + row->ask_quantity[g];
    }
    double weighted = v4_sum(weighted4), depth = v4_sum(depth4);
    for (uint32_t k = 0; i < levels; i++, k++) {
        v2d side = v2_ofi(row->price[k], row->quantity[k], v2_load(m->rest_price[k]),
                          v2_load(m->rest_quantity[k]));
        double net = side[0] - side[1];
        m->level[i] = net;
        m->sum[i] += net;
        weighted += m->weight[i] * net;
        depth += row->quantity[k][0] + row->quantity[k][1];
    }
    mlofi_keep(m, row, levels);
    m->depth_sum += depth;
    m->weighted = weighted;
    m->count++;
    m->interval_count++;
    return weighted;
}

/* The same of four arrays of `levels` each. */
ALWAYS_INLINE double mlofi_take_arrays(struct sj_mlofi *m, const double *bid_price,
                                       const double *bid_quantity, const double *ask_price,
                                       const double *ask_quantity, uint32_t levels)
{
    struct mlofi_row row;
    mlofi_load(&row, bid_price, bid_quantity, ask_price, ask_quantity, levels);
    return mlofi_take(m, &row, levels);
}

#endif
