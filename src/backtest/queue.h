/*
 * queue.h: where a resting order stands in the queue of its price level, guessed from what the
 * level's quantity does.
 *
 * front is what stands before the order. Trades at the level take from it; when a level shrinks by
 * more than was traded, orders left it, and the models differ in where: risk_averse: all behind;
 * the others: before us with a probability that grows with what is before, from front and back.
 *
 *   log     f(x) = ln(1 + x)   f(back) / (f(back) + f(front))
 *   log2    f(x) = ln(1 + x)   f(back) / f(back + front)
 *   power   f(x) = x^n         f(back) / (f(back) + f(front))
 *   power2  f(x) = x^n         f(back) / f(back + front)
 *   power3  f(x) = x^n         1 - f(front / (front + back))
 *
 * l3_fifo guesses nothing: the file tells which order left, and what stood before ours is known.
 * Levels and trades do nothing to it.
 *
 * Units    quantities as the data has them. Threads: any, no state but the caller's.
 */
#ifndef SJ_BACKTEST_QUEUE_H
#define SJ_BACKTEST_QUEUE_H

#include "base/rc.h"

#include <stdint.h>

enum sj_bt_queue_kind {
    SJ_BT_RISK_AVERSE,
    SJ_BT_LOG,
    SJ_BT_LOG2,
    SJ_BT_POWER,
    SJ_BT_POWER2,
    SJ_BT_POWER3,
    SJ_BT_L3_FIFO, /* not guessed: of a file of orders by their ids */
    SJ_BT_QUEUE_COUNT
};

struct sj_bt_queue_model {
    enum sj_bt_queue_kind kind;
    double n; /* of the power family */
};

struct sj_bt_queue {
    double front;
    double traded; /* at the level since its last change */
};

/* "risk_averse", or NULL beyond the last. */
const char *sj_bt_queue_name(enum sj_bt_queue_kind kind);
SJ_MUST_USE sj_rc sj_bt_queue_find(const char *name, enum sj_bt_queue_kind *ret_kind);

/* The share of what left that stood behind. NaN where both are 0. */
double sj_bt_queue_probability(const struct sj_bt_queue_model *model, double front, double back);

/* The level's quantity went from `was` to `is`. */
void sj_bt_queue_depth(const struct sj_bt_queue_model *model, struct sj_bt_queue *queue, double was,
                       double is);

/* A trade of `quantity` at the level. Returns the lots that reach the order, 0 or more; front is
 * then 0. */
int64_t sj_bt_queue_trade(struct sj_bt_queue *queue, double quantity, double lot);

#endif
