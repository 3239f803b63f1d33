/*
 * queue.h: the position in the queue of an own order, from what a book and trades show.
 *
 * An order joins behind what its level shows. Trades at its price take from the front. What
 * disappears from the level without a trade was cancelled, and a model says where in the queue:
 *     FRONT_NONE   all of it behind us (the careful guess)
 *     POWER 1..3   a part f(back) / (f(back) + f(front)) behind us, f(x) = x^power
 *     LOG          the same with f(x) = log(1 + x)
 * Source   Rigtorp, "Estimating Order Queue Position" (2013), and its probabilities as
 *          nkaz001/hftbacktest publishes them ("Probability Queue Models"); PIQ is the position.
 *
 * Invalid  a quantity that is NaN, infinite, negative or beyond 1e15 changes nothing.
 */
#ifndef SHIJIM_INDICATOR_QUEUE_H
#define SHIJIM_INDICATOR_QUEUE_H

#include "shijim/indicator/common.h"

enum sj_queue_model {
    SJ_QUEUE_FRONT_NONE,
    SJ_QUEUE_POWER_1,
    SJ_QUEUE_POWER_2,
    SJ_QUEUE_POWER_3,
    SJ_QUEUE_LOG,
    SJ_QUEUE_MODEL_END
};

struct sj_queue {
    uint32_t model; /* enum sj_queue_model */
    uint32_t reserved;
    double ahead;  /* quantity before us */
    double level;  /* quantity the level showed last (without our order) */
    double traded; /* at our price since then: not to be taken for cancelled */
};

/* The order joins a level that shows `level_quantity`. */
SJ_MUST_USE SJ_API sj_rc sj_queue_init(struct sj_queue *queue, enum sj_queue_model model,
                                       double level_quantity);

/* A trade at our price. Returns how much of it reached beyond everything ahead of us: our fill, up
 * to our quantity. */
SJ_API double sj_queue_trade(struct sj_queue *queue, double quantity);

/* The level shows a quantity. Returns what is ahead of us. */
SJ_API double sj_queue_level(struct sj_queue *queue, double quantity);

/* 0 at the front .. 1 at the back of what the level shows; 0 for an empty level. */
SJ_API double sj_queue_position(const struct sj_queue *queue);

/* in: traded quantity at our price (0: none), then the quantity the level shows (NaN: not said).
 * out: ahead, fill (what reached beyond it in this row). */
SJ_API void sj_queue_batch(struct sj_queue *queue, int64_t count, const struct sj_column in[2],
                           const struct sj_column out[2]);

#endif
