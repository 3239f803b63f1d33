"""What is measured: every indicator over columns, and an event at a time. The same seeded input for every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shijim import _fallback, _native, indicators

ROWS = 4096
SEED = 5


def _columns() -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    mid = 20000 + np.cumsum(rng.integers(-1, 2, ROWS)).astype(float)
    depth = np.arange(5.0)
    quantity = rng.integers(1, 50, (2, ROWS, 5)).astype(float)
    return {
        "book": (mid[:, None] - 1 - depth, quantity[0], mid[:, None] + 1 + depth, quantity[1]),
        "best": (mid - 1, quantity[0][:, 0].copy(), mid + 1, quantity[1][:, 0].copy()),
        "price": (mid,),
        "flow": (rng.integers(1, 9, ROWS) * rng.choice([-1.0, 1.0], ROWS),),
        "time": (1_700_000_000_000_000_000 + np.cumsum(rng.integers(1, 10**7, ROWS)),),
    }


COLUMNS = _columns()
TRADES = COLUMNS["price"] + COLUMNS["flow"]


def _of(indicator: Any, columns: str) -> Callable[[], Any]:
    return lambda: indicator.batch(*COLUMNS[columns])


def _trades(indicator: Any) -> Callable[[], Any]:
    return lambda: indicator.batch(*TRADES)


def _event() -> Callable[[], Any]:
    rows = list(zip(*(column.tolist() for column in COLUMNS["best"]), strict=True))

    def run() -> None:
        update = ofi.update
        for bid, bid_quantity, ask, ask_quantity in rows:
            update(bid, bid_quantity, ask, ask_quantity)

    ofi = indicators.Ofi()
    return run


CASES: dict[str, Callable[[], Callable[[], Any]]] = {
    "ofi": lambda: _of(indicators.Ofi(), "best"),
    "mlofi": lambda: _of(indicators.Mlofi(5), "book"),
    "shape": lambda: lambda: indicators.shape_batch(*COLUMNS["book"]),
    "tfi": lambda: _of(indicators.Tfi(100), "flow"),
    "vpin": lambda: _of(indicators.Vpin(100, 50), "flow"),
    "hawkes": lambda: _of(indicators.Hawkes(0.1, 0.5, 20), "time"),
    "kyle": lambda: _trades(indicators.Kyle(100)),
    "volatility": lambda: _of(indicators.Volatility(20), "price"),
    "ofi_event": _event,
}


def made(case: str, backend: str) -> Callable[[], Any]:
    """The call to be measured, with the backend "native", "numba" or "numpy"; its state goes on from call to call."""
    before = indicators._core
    indicators._core = _native if backend == "native" else _fallback.load(backend)
    try:
        run = CASES[case]()
        if case != "shape":
            return run
        core = indicators._core

        def with_core() -> Any:
            kept, indicators._core = indicators._core, core
            try:
                return run()
            finally:
                indicators._core = kept

        return with_core
    finally:
        indicators._core = before
