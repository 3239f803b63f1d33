#include "shijim/indicator/bars.h"

#include "indicator/kernel.h"

static bool is_positive(double value)
{
    return value > 0 && value <= SJ_VALUE_MAX;
}

sj_rc sj_bars_init(struct sj_bars *bars, enum sj_bars_by by, double threshold, double multiplier)
{
    if ((by != SJ_BARS_BY_VOLUME && by != SJ_BARS_BY_DOLLAR) || !is_positive(threshold) ||
        !is_positive(multiplier))
        return -SJ_E_RANGE;
    *bars = (struct sj_bars){.threshold = threshold, .multiplier = multiplier, .by = by};
    return 0;
}

/* What the bar would count with the trade in it. */
static double measure_with(const struct sj_bars *bars, double price, double signed_quantity)
{
    double quantity = fabs(signed_quantity);
    if (bars->by == SJ_BARS_BY_VOLUME)
        return bars->bar.quantity + quantity;
    return bars->bar.turnover + fabs(price) * quantity * bars->multiplier;
}

static void add(struct sj_bars *bars, int64_t time_ns, double price, double signed_quantity)
{
    struct sj_bar *bar = &bars->bar;
    if (bar->count++ == 0) {
        bar->first_ns = time_ns;
        bar->open = bar->high = bar->low = price;
    }
    bar->last_ns = time_ns;
    bar->high = price > bar->high ? price : bar->high;
    bar->low = price < bar->low ? price : bar->low;
    bar->close = price;
    bar->quantity += fabs(signed_quantity);
    bar->signed_quantity += signed_quantity;
    bar->turnover += fabs(price) * fabs(signed_quantity) * bars->multiplier;
}

int32_t sj_bars_update(struct sj_bars *bars, int64_t time_ns, double price, double signed_quantity)
{
    if (!is_number(price) || !is_flow(signed_quantity))
        return 0;
    bool ends = measure_with(bars, price, signed_quantity) >= bars->threshold;
    add(bars, time_ns, price, signed_quantity);
    if (!ends)
        return 0;
    bars->ended = bars->bar;
    bars->bar = (struct sj_bar){0};
    bars->done++;
    return 1;
}

int64_t sj_bars_batch(struct sj_bars *bars, int64_t count, const struct sj_column in[3],
                      struct sj_bar *ret_bars, int64_t bar_max, int64_t *ret_bar_count)
{
    int64_t written = 0, row = 0;
    for (; row < count; row++) {
        double price = column_get(&in[1], row), quantity = column_get(&in[2], row);
        if (written >= bar_max && is_number(price) && is_flow(quantity) &&
            measure_with(bars, price, quantity) >= bars->threshold)
            break;
        if (sj_bars_update(bars, column_get_i64(&in[0], row), price, quantity))
            ret_bars[written++] = bars->ended;
    }
    *ret_bar_count = written;
    return row;
}
