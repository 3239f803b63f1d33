#include "shijim/indicator/queue.h"

#include "indicator/kernel.h"

static bool is_quantity(double value)
{
    return value >= 0 && value <= SJ_VALUE_MAX;
}

sj_rc sj_queue_init(struct sj_queue *queue, enum sj_queue_model model, double level_quantity)
{
    if ((uint32_t)model >= SJ_QUEUE_MODEL_END || !is_quantity(level_quantity))
        return -SJ_E_RANGE;
    *queue = (struct sj_queue){
        .model = (uint32_t)model, .ahead = level_quantity, .level = level_quantity};
    return 0;
}

double sj_queue_trade(struct sj_queue *queue, double quantity)
{
    if (!is_quantity(quantity))
        return 0;
    double beyond = quantity > queue->ahead ? quantity - queue->ahead : 0;
    queue->ahead = fmax(queue->ahead - quantity, 0);
    queue->traded = fmin(queue->traded + quantity, SJ_VALUE_MAX);
    return beyond;
}

static double weight(uint32_t model, double quantity)
{
    switch (model) {
    case SJ_QUEUE_POWER_1:
        return quantity;
    case SJ_QUEUE_POWER_2:
        return quantity * quantity;
    case SJ_QUEUE_POWER_3:
        return quantity * quantity * quantity;
    case SJ_QUEUE_LOG:
        return log1p(quantity);
    default:
        return 0;
    }
}

/* The part of what was cancelled that stood behind us. */
static double part_behind(uint32_t model, double ahead, double behind)
{
    if (model == SJ_QUEUE_FRONT_NONE)
        return 1;
    double sum = weight(model, ahead) + weight(model, behind);
    return sum > 0 ? weight(model, behind) / sum : 1;
}

double sj_queue_level(struct sj_queue *queue, double quantity)
{
    if (!is_quantity(quantity))
        return queue->ahead;
    double left = fmax(queue->level - queue->traded, 0);
    double cancelled = left - quantity;
    double ahead = fmin(queue->ahead, left);
    if (cancelled > 0) {
        double behind = left - ahead;
        double from_behind = fmin(part_behind(queue->model, ahead, behind) * cancelled, behind);
        ahead = fmax(ahead - (cancelled - from_behind), 0);
    }
    queue->ahead = fmin(ahead, quantity);
    queue->level = quantity;
    queue->traded = 0;
    return queue->ahead;
}

double sj_queue_position(const struct sj_queue *queue)
{
    return queue->level > 0 ? fmin(queue->ahead / queue->level, 1) : 0;
}

void sj_queue_batch(struct sj_queue *queue, int64_t count, const struct sj_column in[2],
                    const struct sj_column out[2])
{
    for (int64_t row = 0; row < count; row++) {
        double traded = column_get(&in[0], row), level = column_get(&in[1], row);
        double fill = sj_queue_trade(queue, traded);
        column_put(&out[0], row, sj_queue_level(queue, level));
        column_put(&out[1], row, fill);
    }
}
