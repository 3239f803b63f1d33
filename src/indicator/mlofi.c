#include "indicator/mlofi_kernel.h"

sj_rc sj_mlofi_init(struct sj_mlofi *mlofi, uint32_t levels, const double *weight)
{
    if (levels < 1 || levels > SJ_MLOFI_LEVELS_MAX)
        return -SJ_E_RANGE;
    struct sj_mlofi fresh = {.levels = levels};
    for (uint32_t i = 0; i < levels; i++) {
        fresh.weight[i] = weight ? weight[i] : 1;
        if (!is_number(fresh.weight[i]))
            return -SJ_E_RANGE;
    }
    *mlofi = fresh;
    return 0;
}

static double take(struct sj_mlofi *mlofi, const double *bid_price, const double *bid_quantity,
                   const double *ask_price, const double *ask_quantity)
{
    if (mlofi->levels == 5)
        return mlofi_take_arrays(mlofi, bid_price, bid_quantity, ask_price, ask_quantity, 5);
    if (mlofi->levels == 10)
        return mlofi_take_arrays(mlofi, bid_price, bid_quantity, ask_price, ask_quantity, 10);
    return mlofi_take_arrays(mlofi, bid_price, bid_quantity, ask_price, ask_quantity,
                             mlofi->levels);
}

/* Fewer levels than the state keeps: the rest is absent. */
static double take_ragged(struct sj_mlofi *mlofi, const double *bid_price,
                          const double *bid_quantity, const double *ask_price,
                          const double *ask_quantity, uint32_t count)
{
    double side[4][SJ_MLOFI_LEVELS_MAX] = {{0}};
    memcpy(side[0], bid_price, count * sizeof(double));
    memcpy(side[1], bid_quantity, count * sizeof(double));
    memcpy(side[2], ask_price, count * sizeof(double));
    memcpy(side[3], ask_quantity, count * sizeof(double));
    return take(mlofi, side[0], side[1], side[2], side[3]);
}

double sj_mlofi_update(struct sj_mlofi *mlofi, const double *bid_price, const double *bid_quantity,
                       const double *ask_price, const double *ask_quantity, uint32_t count)
{
    if (__builtin_expect(count < mlofi->levels, 0))
        return count == 0
                   ? take_ragged(mlofi, &(double){0}, &(double){0}, &(double){0}, &(double){0}, 1)
                   : take_ragged(mlofi, bid_price, bid_quantity, ask_price, ask_quantity, count);
    return take(mlofi, bid_price, bid_quantity, ask_price, ask_quantity);
}

static double scaled(const struct sj_mlofi *mlofi, double sum)
{
    double sides = 2.0 * mlofi->levels * (double)mlofi->interval_count;
    return mlofi->depth_sum > 0 ? sum / (mlofi->depth_sum / sides) : NAN;
}

double sj_mlofi_scaled(const struct sj_mlofi *mlofi, uint32_t level)
{
    return level < mlofi->levels ? scaled(mlofi, mlofi->sum[level]) : NAN;
}

double sj_mlofi_scaled_weighted(const struct sj_mlofi *mlofi)
{
    double sum = 0;
    for (uint32_t i = 0; i < mlofi->levels; i++)
        sum += mlofi->weight[i] * mlofi->sum[i];
    return scaled(mlofi, sum);
}

void sj_mlofi_begin(struct sj_mlofi *mlofi)
{
    memset(mlofi->sum, 0, sizeof mlofi->sum);
    mlofi->depth_sum = 0;
    mlofi->interval_count = 0;
}

/* Columns as places that move down row by row. */
struct cursor {
    const char *at;
    int64_t stride;
};

ALWAYS_INLINE double next(struct cursor *cursor)
{
    double value;
    if (!cursor->at) /* callers give columns for every level they ask for */
        __builtin_unreachable();
    memcpy(&value, cursor->at, sizeof value);
    cursor->at += cursor->stride;
    return value;
}

ALWAYS_INLINE v4d next_four(struct cursor cursors[4])
{
    return (v4d){next(&cursors[0]), next(&cursors[1]), next(&cursors[2]), next(&cursors[3])};
}

/* `from`: bid prices, bid quantities, ask prices, ask quantities. */
ALWAYS_INLINE void read_row(struct cursor *from, uint32_t levels, struct mlofi_row *row)
{
    struct cursor *bid_quantity = from + levels, *ask_price = from + 2 * levels;
    struct cursor *ask_quantity = from + 3 * levels;
    uint32_t i = 0;
    for (uint32_t g = 0; i + 4 <= levels; i += 4, g++) {
        row->bid_price[g] = next_four(from + i);
        row->bid_quantity[g] = next_four(bid_quantity + i);
        row->ask_price[g] = -next_four(ask_price + i);
        row->ask_quantity[g] = next_four(ask_quantity + i);
    }
    for (uint32_t k = 0; i < levels; i++, k++) {
        row->price[k] = (v2d){next(&from[i]), -next(&ask_price[i])};
        row->quantity[k] = (v2d){next(&bid_quantity[i]), next(&ask_quantity[i])};
    }
}

ALWAYS_INLINE void batch(struct sj_mlofi *mlofi, int64_t count, const struct sj_column *in,
                         const struct sj_column *out, uint32_t levels)
{
    struct cursor from[4 * SJ_MLOFI_LEVELS_MAX] = {{0}};
    for (uint32_t i = 0; i < 4 * levels; i++)
        from[i] = (struct cursor){in[i].data, in[i].stride};
    for (int64_t row = 0; row < count; row++) {
        struct mlofi_row book;
        read_row(from, levels, &book);
        double weighted = mlofi_take(mlofi, &book, levels);
        for (uint32_t i = 0; i < levels; i++)
            column_put(&out[i], row, mlofi->level[i]);
        column_put(&out[levels], row, weighted);
    }
}

void sj_mlofi_batch(struct sj_mlofi *mlofi, int64_t count, const struct sj_column *in,
                    const struct sj_column *out)
{
    if (mlofi->levels == 5)
        batch(mlofi, count, in, out, 5);
    else if (mlofi->levels == 10)
        batch(mlofi, count, in, out, 10);
    else
        batch(mlofi, count, in, out, mlofi->levels);
}
