/* orders.h: the cases of bench brokersim that place orders. */
#ifndef SJ_BENCH_BROKERSIM_ORDERS_H
#define SJ_BENCH_BROKERSIM_ORDERS_H

#include "bench/bench.h"

/* 0, or 1 after a line on stderr. */
int bench_brokersim_orders(const struct sj_bench_options *options);

#endif
