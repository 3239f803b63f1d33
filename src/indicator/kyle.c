#include "shijim/indicator/kyle.h"

#include "indicator/kernel.h"

/* Quantities whose variance is a smaller part than this of their square differ by rounding only. */
#define VARIANCE_MIN 1e-12

sj_rc sj_kyle_init(struct sj_kyle *kyle, uint32_t window)
{
    if (window < 2 || window > SJ_KYLE_WINDOW_MAX)
        return -SJ_E_RANGE;
    *kyle = (struct sj_kyle){.window = window, .value = NAN};
    return 0;
}

/* The sums are taken anew once round the ring, so that rounding does not gather in them, and when
 * most of what they were leaves, which would leave its rounding behind. */
static void sum_again(struct sj_kyle *kyle)
{
    double xx[SJ_KYLE_WINDOW_MAX], xy[SJ_KYLE_WINDOW_MAX];
    for (uint32_t i = 0; i < kyle->window; i++) {
        xx[i] = kyle->x[i] * kyle->x[i];
        xy[i] = kyle->x[i] * kyle->y[i];
    }
    kyle->sum_x = sum_of(kyle->x, kyle->window);
    kyle->sum_y = sum_of(kyle->y, kyle->window);
    kyle->sum_xx = sum_of(xx, kyle->window);
    kyle->sum_xy = sum_of(xy, kyle->window);
}

static double slope(const struct sj_kyle *kyle)
{
    double n = kyle->window;
    double spread = n * kyle->sum_xx - kyle->sum_x * kyle->sum_x;
    if (kyle->count < kyle->window || !(spread > VARIANCE_MIN * n * kyle->sum_xx))
        return NAN;
    return (n * kyle->sum_xy - kyle->sum_x * kyle->sum_y) / spread;
}

double sj_kyle_update(struct sj_kyle *kyle, double price, double signed_quantity)
{
    if (!is_number(price) || !is_number(signed_quantity))
        return kyle->value;
    double x = signed_quantity, y = price - kyle->price;
    kyle->price = price;
    if (kyle->seen++ == 0)
        return kyle->value;
    uint32_t at = kyle->next++;
    double old_x = kyle->x[at], old_y = kyle->y[at];
    kyle->x[at] = x;
    kyle->y[at] = y;
    kyle->sum_x = (kyle->sum_x - old_x) + x;
    kyle->sum_y = (kyle->sum_y - old_y) + y;
    kyle->sum_xx = (kyle->sum_xx - old_x * old_x) + x * x;
    kyle->sum_xy = (kyle->sum_xy - old_x * old_y) + x * y;
    kyle->count++;
    kyle->next = kyle->next == kyle->window ? 0 : kyle->next;
    if (kyle->next == 0 || old_x * old_x * 4 > kyle->sum_xx)
        sum_again(kyle);
    kyle->value = slope(kyle);
    return kyle->value;
}

void sj_kyle_batch(struct sj_kyle *kyle, int64_t count, const struct sj_column in[2],
                   const struct sj_column out[1])
{
    for (int64_t row = 0; row < count; row++)
        column_put(&out[0], row,
                   sj_kyle_update(kyle, column_get(&in[0], row), column_get(&in[1], row)));
}
