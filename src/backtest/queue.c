#include "backtest/queue.h"

#include <math.h>
#include <string.h>

static const char *const names[SJ_BT_QUEUE_COUNT] = {"risk_averse", "log",    "log2",   "power",
                                                     "power2",      "power3", "l3_fifo"};

const char *sj_bt_queue_name(enum sj_bt_queue_kind kind)
{
    return (unsigned)kind < SJ_BT_QUEUE_COUNT ? names[kind] : NULL;
}

sj_rc sj_bt_queue_find(const char *name, enum sj_bt_queue_kind *ret_kind)
{
    for (unsigned i = 0; i < SJ_BT_QUEUE_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            *ret_kind = (enum sj_bt_queue_kind)i;
            return 0;
        }
    return -SJ_E_UNKNOWN;
}

double sj_bt_queue_probability(const struct sj_bt_queue_model *model, double front, double back)
{
    double n = model->n;
    switch (model->kind) {
    case SJ_BT_LOG:
        return log(1 + back) / (log(1 + back) + log(1 + front));
    case SJ_BT_LOG2:
        return log(1 + back) / log(1 + (back + front));
    case SJ_BT_POWER:
        return pow(back, n) / (pow(back, n) + pow(front, n));
    case SJ_BT_POWER2:
        return pow(back, n) / pow(back + front, n);
    case SJ_BT_POWER3:
        return 1 - pow(front / (front + back), n);
    default:
        return 1; /* risk_averse: all behind */
    }
}

void sj_bt_queue_depth(const struct sj_bt_queue_model *model, struct sj_bt_queue *queue, double was,
                       double is)
{
    if (model->kind == SJ_BT_L3_FIFO)
        return;
    if (model->kind == SJ_BT_RISK_AVERSE) {
        queue->front = fmin(queue->front, is);
        return;
    }
    double left = was - is - queue->traded;
    queue->traded = 0;
    if (left < 0) {
        queue->front = fmin(queue->front, is);
        return;
    }
    double front = queue->front;
    double back = was - front;
    double behind = sj_bt_queue_probability(model, front, back);
    if (isinf(behind))
        behind = 1;
    /* fmin lets NaN pass by: both quantities 0 leave nothing to share out. */
    double rest = front - (1 - behind) * left + fmin(back - behind * left, 0);
    queue->front = fmin(rest, is);
}

int64_t sj_bt_queue_trade(struct sj_bt_queue *queue, double quantity, double lot)
{
    queue->front -= quantity;
    queue->traded += quantity;
    double reached = round(-queue->front / lot);
    if (!(reached > 0))
        return 0;
    queue->front = 0;
    return reached < 1e15 ? (int64_t)reached : (int64_t)1e15;
}
