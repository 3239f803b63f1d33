#include "indicator/shape_kernel.h"

void sj_shape_update(struct sj_shape *shape, const double *bid_price, const double *bid_quantity,
                     const double *ask_price, const double *ask_quantity, uint32_t count)
{
    if (count == 5) {
        shape_take(shape, bid_price, bid_quantity, ask_price, ask_quantity, 5);
        return;
    }
    uint32_t levels = count < SJ_SHAPE_LEVELS_MAX ? count : SJ_SHAPE_LEVELS_MAX;
    shape_take(shape, bid_price, bid_quantity, ask_price, ask_quantity, levels);
}

double sj_microprice(double bid_price, double bid_quantity, double ask_price, double ask_quantity)
{
    return microprice_of(bid_price, bid_quantity, ask_price, ask_quantity);
}

void sj_microprice_batch(int64_t count, const struct sj_column in[4], const struct sj_column out[1])
{
    double side[4][BLOCK], value[BLOCK];
    for (int64_t row = 0; row < count; row += BLOCK) {
        int64_t n = count - row < BLOCK ? count - row : BLOCK;
        for (int s = 0; s < 4; s++)
            column_read(&in[s], row, n, side[s]);
        for (int64_t i = 0; i < n; i++)
            value[i] = microprice_of(side[0][i], side[1][i], side[2][i], side[3][i]);
        column_write(&out[0], row, n, value);
    }
}

void sj_shape_batch(uint32_t levels, int64_t count, const struct sj_column *in,
                    const struct sj_column out[8])
{
    double side[4][SJ_SHAPE_LEVELS_MAX];
    uint32_t kept = levels < SJ_SHAPE_LEVELS_MAX ? levels : SJ_SHAPE_LEVELS_MAX;
    for (int64_t row = 0; row < count; row++) {
        struct sj_shape shape;
        double values[8];
        for (uint32_t s = 0; s < 4; s++)
            for (uint32_t i = 0; i < kept; i++)
                side[s][i] = column_get(&in[s * levels + i], row);
        sj_shape_update(&shape, side[0], side[1], side[2], side[3], kept);
        _Static_assert(sizeof values == sizeof shape, "one column a member");
        memcpy(values, &shape, sizeof values);
        for (int i = 0; i < 8; i++)
            column_put(&out[i], row, values[i]);
    }
}
