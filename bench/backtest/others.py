"""hftbacktest over the same rows, for `shijim bench backtest` to stand beside: the same two strategies, both of its books.

usage: python bench/backtest/others.py FILE.npz noop|market_maker RUNS

Prints a line a run: the book's name, rows a second, resident bytes at most. The rows are in memory before the clock
starts, and the first run, which compiles, is not counted. `./dev deps` puts hftbacktest 2.4.4 into .deps/hftbacktest.
"""

import resource
import sys
import time

import numpy as np
from hftbacktest import (
    GTX,
    LIMIT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
    ROIVectorMarketDepthBacktest,
)
from numba import njit

STEP_NS = 100_000_000


@njit
def noop(hbt):
    # One long wait: the end of the data comes first.
    hbt.elapse(1_000_000_000_000_000_000)
    return 0


@njit
def market_maker(hbt):
    order_id = 1
    while hbt.elapse(STEP_NS) == 0:
        hbt.clear_inactive_orders(0)
        depth = hbt.depth(0)
        values = hbt.orders(0).values()
        while values.has_next():
            order = values.get()
            if order.cancellable:
                hbt.cancel(0, order.order_id, False)
        if not (np.isfinite(depth.best_bid) and np.isfinite(depth.best_ask)):
            continue
        hbt.submit_buy_order(0, order_id, depth.best_bid, 0.01, GTX, LIMIT, False)
        hbt.submit_sell_order(0, order_id + 1, depth.best_ask, 0.01, GTX, LIMIT, False)
        order_id += 2
    return order_id


def backtest(book, rows):
    asset = (
        BacktestAsset()
        .data([rows])
        .linear_asset(1.0)
        .constant_order_latency(1_000_000, 1_000_000)
        .log_prob_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(-0.00005, 0.0007)
        .tick_size(0.1)
        .lot_size(0.001)
    )
    if book is ROIVectorMarketDepthBacktest:
        asset = asset.roi_lb(30000.0).roi_ub(90000.0)
    return book([asset])


def main():
    if len(sys.argv) != 4 or sys.argv[2] not in ("noop", "market_maker"):
        sys.exit(__doc__)
    rows = np.load(sys.argv[1])["data"]
    strategy = {"noop": noop, "market_maker": market_maker}[sys.argv[2]]
    for name, book in {"array": ROIVectorMarketDepthBacktest, "hashmap": HashMapMarketDepthBacktest}.items():
        for run in range(int(sys.argv[3]) + 1):
            hbt = backtest(book, rows)
            began = time.perf_counter()
            strategy(hbt)
            seconds = time.perf_counter() - began
            hbt.close()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            if run > 0:
                print(name, len(rows) / seconds, peak, flush=True)


if __name__ == "__main__":
    main()
