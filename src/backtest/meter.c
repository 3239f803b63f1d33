#include "backtest/meter.h"

#include <math.h>
#include <string.h>

#define DAYS_A_YEAR 252

static void move_to(struct sj_bt_meter *meter, double equity)
{
    double change = equity - meter->last;
    meter->last = equity;
    meter->peak = fmax(meter->peak, equity);
    meter->lowest = fmin(meter->lowest, equity);
    meter->drawdown = fmax(meter->drawdown, meter->peak - equity);
    meter->change_sum += change;
    meter->change_square_sum += change * change;
    meter->change_count++;
}

void sj_bt_meter_sample(struct sj_bt_meter *meter, const struct sj_bt_sample_row *row)
{
    if (!isnan(row->equity))
        move_to(meter, row->equity);
}

void sj_bt_meter_finish(struct sj_bt_meter *meter, const struct sj_bt_result *result)
{
    if (!isnan(result->equity))
        move_to(meter, result->equity);
    meter->day_sum += meter->last;
    meter->day_square_sum += meter->last * meter->last;
    meter->day_count++;
    meter->fee += result->fee;
    meter->volume += result->volume;
    meter->value += result->value;
    meter->position += result->position;
    meter->orders += result->orders;
    meter->cancels += result->cancels;
    meter->refused += result->refused;
    meter->expired += result->expired;
    meter->fills += result->fills;
}

void sj_bt_meter_add(struct sj_bt_meter *meter, const struct sj_bt_meter *day)
{
    double from = meter->last;
    /* The deepest fall within either, or from the earlier peak to the later low. */
    meter->drawdown = fmax(fmax(meter->drawdown, day->drawdown), meter->peak - from - day->lowest);
    meter->peak = fmax(meter->peak, from + day->peak);
    meter->lowest = fmin(meter->lowest, from + day->lowest);
    meter->last = from + day->last;
    meter->change_sum += day->change_sum;
    meter->change_square_sum += day->change_square_sum;
    meter->change_count += day->change_count;
    meter->day_sum += day->day_sum;
    meter->day_square_sum += day->day_square_sum;
    meter->day_count += day->day_count;
    meter->fee += day->fee;
    meter->volume += day->volume;
    meter->value += day->value;
    meter->position += day->position;
    meter->orders += day->orders;
    meter->cancels += day->cancels;
    meter->refused += day->refused;
    meter->expired += day->expired;
    meter->fills += day->fills;
}

static double ratio(double sum, double square_sum, uint64_t count, double periods)
{
    if (count < 2)
        return 0;
    double mean = sum / (double)count;
    double variance = (square_sum - sum * mean) / (double)(count - 1);
    return variance > 1e-18 * square_sum ? mean / sqrt(variance) * sqrt(periods) : 0;
}

double sj_bt_meter_sharpe(const struct sj_bt_meter *meter)
{
    if (meter->day_count > 1)
        return ratio(meter->day_sum, meter->day_square_sum, meter->day_count, DAYS_A_YEAR);
    return ratio(meter->change_sum, meter->change_square_sum, meter->change_count,
                 (double)meter->change_count);
}

double sj_bt_metric_of(const struct sj_bt_meter *meter, enum sj_bt_metric metric)
{
    switch (metric) {
    case SJ_BT_SHARPE:
        return sj_bt_meter_sharpe(meter);
    case SJ_BT_DRAWDOWN:
        return meter->drawdown;
    case SJ_BT_FILLS:
        return (double)meter->fills;
    default:
        return meter->last;
    }
}

bool sj_bt_metric_better(enum sj_bt_metric metric, double a, double b)
{
    return metric == SJ_BT_DRAWDOWN ? a < b : a > b;
}

static const char *const names[SJ_BT_METRIC_COUNT] = {"pnl", "sharpe", "drawdown", "fills"};

const char *sj_bt_metric_name(enum sj_bt_metric metric)
{
    return names[metric];
}

sj_rc sj_bt_metric_find(const char *name, enum sj_bt_metric *ret_metric)
{
    for (unsigned i = 0; i < SJ_BT_METRIC_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            *ret_metric = (enum sj_bt_metric)i;
            return 0;
        }
    return -SJ_E_UNKNOWN;
}
