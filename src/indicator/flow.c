#include "indicator/flow_kernel.h"

sj_rc sj_tfi_init(struct sj_tfi *tfi, uint32_t window)
{
    if (window < 1 || window > SJ_TFI_WINDOW_MAX)
        return -SJ_E_RANGE;
    *tfi = (struct sj_tfi){.window = window};
    return 0;
}

void sj_tfi_sum_again(struct sj_tfi *tfi)
{
    double size[SJ_TFI_WINDOW_MAX];
    for (uint32_t i = 0; i < tfi->window; i++)
        size[i] = fabs(tfi->ring[i]);
    tfi->net = sum_of(tfi->ring, tfi->window);
    tfi->total = sum_of(size, tfi->window);
}

double sj_tfi_update(struct sj_tfi *tfi, double signed_quantity)
{
    return tfi_take(tfi, signed_quantity);
}

double sj_tfi_value(const struct sj_tfi *tfi)
{
    return tfi_value(tfi);
}

void sj_tfi_batch(struct sj_tfi *tfi, int64_t count, const struct sj_column in[1],
                  const struct sj_column out[1])
{
    for (int64_t row = 0; row < count; row++)
        column_put(&out[0], row, tfi_take(tfi, column_get(&in[0], row)));
}
