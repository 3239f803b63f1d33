/*
 * shape_kernel.h: the shape of a book for a number of levels the compiler knows.
 */
#ifndef SJ_INDICATOR_SHAPE_KERNEL_H
#define SJ_INDICATOR_SHAPE_KERNEL_H

#include "indicator/kernel.h"
#include "shijim/indicator/shape.h"

static inline double microprice_of(double bid_price, double bid_quantity, double ask_price,
                                   double ask_quantity)
{
    double weighted =
        (ask_price * bid_quantity + bid_price * ask_quantity) / (bid_quantity + ask_quantity);
    bool there = is_present(bid_price, bid_quantity) && is_present(ask_price, ask_quantity) &&
                 bid_price <= ask_price;
    return there ? weighted : NAN;
}

/* One side, summed up. */
struct shape_side {
    double quantity;  /* of all levels */
    double weighing;  /* level i by 1 / i */
    double distance2; /* sum of d d */
    double reach;     /* sum of d Q */
};

/* `away`: +1 for asks, -1 for bids; distances are counted away from the mid. */
static inline __attribute__((always_inline)) struct shape_side shape_side_of(
    const double *price, const double *quantity, double mid, double away, uint32_t levels)
{
    static const double weight[SJ_SHAPE_LEVELS_MAX] = {
        1, 1.0 / 2, 1.0 / 3, 1.0 / 4, 1.0 / 5, 1.0 / 6, 1.0 / 7, 1.0 / 8, 1.0 / 9, 1.0 / 10};
    struct shape_side side = {0};
    for (uint32_t i = 0; i < levels; i++) {
        bool there = is_present(price[i], quantity[i]);
        double q = there ? quantity[i] : 0;
        double d = there ? (price[i] - mid) * away : 0;
        side.quantity += q;
        side.weighing += q * weight[i];
        side.distance2 += d * d;
        side.reach += d * side.quantity;
    }
    return side;
}

static inline __attribute__((always_inline)) void shape_take(
    struct sj_shape *shape, const double *bid_price, const double *bid_quantity,
    const double *ask_price, const double *ask_quantity, uint32_t levels)
{
    bool bid_there = levels > 0 && is_present(bid_price[0], bid_quantity[0]);
    bool ask_there = levels > 0 && is_present(ask_price[0], ask_quantity[0]);
    double b = bid_there ? bid_price[0] : NAN, bq = bid_there ? bid_quantity[0] : 0;
    double a = ask_there ? ask_price[0] : NAN, aq = ask_there ? ask_quantity[0] : 0;
    double mid = (b + a) * 0.5;
    struct shape_side bids = shape_side_of(bid_price, bid_quantity, mid, -1, levels);
    struct shape_side asks = shape_side_of(ask_price, ask_quantity, mid, 1, levels);
    shape->mid = mid;
    shape->spread = a - b;
    /* A divisor of 0 is a value that is not there: 0 / 0 would be NaN, but x / 0 infinite. */
    double best = bq + aq, weighing = bids.weighing + asks.weighing;
    bool between = b <= a; /* false with a NaN */
    shape->microprice = between ? (a * bq + b * aq) / best : NAN;
    shape->imbalance = best > 0 ? (bq - aq) / best : NAN;
    shape->pressure = weighing > 0 ? (bids.weighing - asks.weighing) / weighing : NAN;
    shape->depth_ratio = asks.quantity > 0 ? bids.quantity / asks.quantity : NAN;
    shape->bid_slope = between && bids.distance2 > 0 ? bids.reach / bids.distance2 : NAN;
    shape->ask_slope = between && asks.distance2 > 0 ? asks.reach / asks.distance2 : NAN;
}

#endif
