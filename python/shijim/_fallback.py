"""The indicators without the C core: the same objects as `_native` has, over the kernels of `_kernels.py`.

`load("numpy")` runs the kernels as Python, over lists, and whole books at a time by NumPy's own operations where one
row does not depend on the one before; `load("numba")` compiles them. Both give the bits of the C core, but for what the
C library rounds otherwise (`log`, `log1p`, `erf`: Volatility, QueuePosition with "log", Vpin's bulk classification).
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import pathlib
import pickle
import struct
import threading
import types
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from .errors import BusyError, FormatError

__all__ = ["load"]

_VALUE_MAX = 1e15
_VALUE_MIN = 1e-15
_PARAMETER_MAX = 1e12
_NAN = float("nan")
_INF = float("inf")
_I64_MIN = -(2**63)

Columns = tuple[Any, ...]


def _kernels(compiled: bool) -> Any:
    """The module of kernels, executed anew: as it is, or compiled by Numba."""
    name = "shijim._kernels_compiled" if compiled else "shijim._kernels_plain"
    spec = importlib.util.spec_from_file_location(name, pathlib.Path(__file__).with_name("_kernels.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if compiled:
        import numba

        module.jit = numba.njit(nogil=True, error_model="numpy")  # type: ignore[attr-defined]
    spec.loader.exec_module(module)
    return module


class _Core:
    """What all have: a state of whole numbers and floats, kept as lists or arrays, saved and restored."""

    kernels: Any
    compiled: bool
    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {}

    def __init__(self, ints: Sequence[int], floats: Sequence[float]) -> None:
        self.lock = threading.Lock()
        self.fields = self.FIELDS
        self._set(ints, floats)

    def _set(self, ints: Any, floats: Any) -> None:
        self.ints = np.array(ints, np.int64) if self.compiled else list(ints)
        self.floats = np.array(floats, np.float64) if self.compiled else list(floats)

    @property
    def idle(self) -> Any:
        """The kernels, unless a batch runs in another thread."""
        if self.lock.locked():
            raise BusyError(f"a batch of this {type(self).__name__} runs in another thread")
        return self.kernels

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        if not self.lock.acquire(blocking=False):
            raise BusyError(f"a batch of this {type(self).__name__} runs in another thread")
        try:
            yield
        finally:
            self.lock.release()

    def _columns(self, columns: Sequence[Any]) -> list[Any]:
        """Columns as the kernels take them."""
        if self.compiled:
            return [np.ascontiguousarray(column) for column in columns]
        return [column.tolist() for column in columns]

    def _run(self, kernel: Any, ins: Sequence[Any], outs: Columns) -> None:
        results: list[Any] = [np.empty(len(ins[0])) if self.compiled else [0.0] * len(ins[0]) for _ in outs]
        with self._held():
            kernel(self.ints, self.floats, *self._columns(ins), *results)
        for out, result in zip(outs, results, strict=True):
            if out is not None:
                out[...] = result

    def read(self, name: str) -> Any:
        if name not in self.fields:
            raise AttributeError(f"{type(self).__name__} has no value {name!r}")
        where, at, count = self.fields[name]
        part = self.ints if where == "i" else self.floats
        cast = int if where == "i" else float
        return cast(part[at]) if count == 1 else tuple(cast(value) for value in part[at : at + count])

    def save(self) -> bytes:
        state = (type(self).__name__, [int(i) for i in self.ints], [float(f) for f in self.floats])
        return _packed(state)

    def restore(self, blob: Any) -> None:
        name, ints, floats = _unpickled(bytes(blob), type(self).__name__)
        if name != type(self).__name__ or len(ints) < 1 or not self._fits(ints, floats):
            raise FormatError(f"not a saved {type(self).__name__}")
        self._set(ints, floats)

    def _fits(self, ints: list[int], floats: list[float]) -> bool:
        return len(ints) == len(self.ints) and len(floats) == len(self.floats)


class _Plain(pickle.Unpickler):
    """Numbers, text and lists, and nothing that runs code."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a saved state")


def _packed(state: Any) -> bytes:
    data = pickle.dumps(state, protocol=4)
    return b"SJPY" + zlib.crc32(data).to_bytes(4, "little") + data


def _loaded(blob: bytes, name: str) -> Any:
    if blob[:4] != b"SJPY":
        raise FormatError(f"not a {name} that the backend in use has saved (SHIJIM_BACKEND chooses one)")
    if zlib.crc32(blob[8:]) != int.from_bytes(blob[4:8], "little"):
        raise FormatError(f"a saved {name} that was cut or changed")
    return _Plain(io.BytesIO(blob[8:])).load()


def _unpickled(blob: bytes, name: str) -> tuple[str, list[int], list[float]]:
    try:
        saved, ints, floats = _loaded(blob, name)
        return str(saved), [int(i) for i in ints], [float(f) for f in floats]
    except FormatError:
        raise
    except Exception as error:
        raise FormatError(f"not a saved {name}: {error}") from None


def _is_number(value: float) -> bool:
    return abs(value) <= _VALUE_MAX


def _window(value: int, least: int, most: int, what: str) -> int:
    if not least <= value <= most:
        raise ValueError(f"window must be {least} .. {most} {what}")
    return int(value)


def _levels(name: str, value: Sequence[float]) -> list[float]:
    if len(value) > 10:
        raise ValueError(f"{name} has {len(value)} values; at most 10 are taken")
    return [float(one) for one in value]


def _book(*sides: Sequence[float]) -> list[list[float]]:
    names = ("bid_price", "bid_quantity", "ask_price", "ask_quantity")
    book = [_levels(name, side) for name, side in zip(names, sides, strict=True)]
    for name, side in zip(names, book, strict=True):
        if len(side) != len(book[0]):
            raise ValueError(f"{name} has {len(side)} levels, bid_price {len(book[0])}")
    return book


def _stacked(columns: Sequence[Any], levels: int) -> list[Any]:
    """4 * levels columns as four arrays (n, levels)."""
    return [np.stack(columns[side * levels : (side + 1) * levels], axis=1) for side in range(4)]


def _present(price: Any, quantity: Any) -> Any:
    return (quantity >= _VALUE_MIN) & (quantity <= _VALUE_MAX) & (np.abs(price) <= _VALUE_MAX)


def _lanes(rows: Any) -> Any:
    """The sums over the last axis in the order of the kernels: by groups of four, then what is left over."""
    n = rows.shape[-1]
    groups = n // 4 * 4
    lanes = np.zeros((rows.shape[0], 4))
    for begin in range(0, groups, 4):
        lanes += rows[:, begin : begin + 4]
    total = (lanes[:, 0] + lanes[:, 1]) + (lanes[:, 2] + lanes[:, 3])
    for k in range(groups, n):
        total = total + rows[:, k]
    return total


class _BookRule:
    """OFI's rule over whole books at once: rows (n, levels) and the book before the first of them."""

    def __init__(self, sides: Sequence[Any], before: Sequence[Any] | None) -> None:
        bid_there, ask_there = _present(sides[0], sides[1]), _present(sides[2], sides[3])
        self.now = [
            np.where(bid_there, sides[0], -_INF),
            np.where(bid_there, sides[1], 0.0),
            np.where(ask_there, -sides[2], -_INF),
            np.where(ask_there, sides[3], 0.0),
        ]
        first = [side[:1] for side in self.now] if before is None else [np.asarray(side)[None, :] for side in before]
        self.before = [np.concatenate([f, side[:-1]]) for f, side in zip(first, self.now, strict=True)]

    def side(self, at: int) -> Any:
        price, quantity, price0, quantity0 = self.now[at], self.now[at + 1], self.before[at], self.before[at + 1]
        return np.where(price >= price0, quantity, 0.0) - np.where(price <= price0, quantity0, 0.0)


class Ofi(_Core):
    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {"net": ("f", 6, 1), "side": ("f", 4, 2), "count": ("i", 0, 1)}

    def __init__(self) -> None:
        super().__init__([0], [-_INF, -_INF] + [0.0] * 9)

    def update(self, *book: float) -> float:
        return float(self.idle.ofi_update(self.ints, self.floats, *map(float, book)))

    def batch(self, ins: Columns, outs: Columns) -> None:
        if self.compiled or len(ins[0]) == 0:
            self._run(self.kernels.ofi_batch, ins, outs)
            return
        f = self.floats
        before = None if self.ints[0] == 0 else [[f[0]], [f[2]], [f[1]], [f[3]]]
        rule = _BookRule([column[:, None] for column in ins], before)
        bid, ask = rule.side(0)[:, 0], rule.side(2)[:, 0]
        net = bid - ask
        f[0], f[2], f[1], f[3] = (float(side[-1, 0]) for side in rule.now)
        f[4], f[5], f[6] = float(bid[-1]), float(ask[-1]), float(net[-1])
        for lane in range(4):
            total = f[7 + (self.ints[0] + lane) % 4]
            for value in net[lane::4].tolist():
                total += value
            f[7 + (self.ints[0] + lane) % 4] = total
        self.ints[0] += len(net)
        if outs[0] is not None:
            outs[0][...] = net

    def sum(self) -> float:
        f = self.floats
        return float((f[7] + f[8]) + (f[9] + f[10]))

    def begin(self) -> None:
        self.floats[7:11] = [0.0] * 4


class Mlofi(_Core):
    def __init__(self, levels: int, weight: Sequence[float] | None) -> None:
        weights = [1.0] * levels if weight is None else _levels("weight", weight)
        if not 1 <= levels <= 10 or not all(map(_is_number, weights)):
            raise ValueError("levels must be 1 .. 10, and every weight a number within +-1e15")
        if len(weights) != levels:
            raise ValueError("weight must have one value a level")
        super().__init__([levels, 0, 0], [0.0, 0.0, *weights, *[0.0] * (6 * levels)])
        self.fields = {
            "levels": ("i", 0, 1),
            "count": ("i", 1, 1),
            "interval_count": ("i", 2, 1),
            "weighted": ("f", 0, 1),
            "depth_sum": ("f", 1, 1),
            "weight": ("f", 2, levels),
            "level": ("f", 2 + levels, levels),
            "sum": ("f", 2 + 2 * levels, levels),
        }

    def read(self, name: str) -> Any:
        value = super().read(name)
        if isinstance(value, float) and name in ("weight", "level", "sum"):
            value = (value,)
        return value + (0.0,) * (10 - len(value)) if isinstance(value, tuple) else value

    def update(self, *sides: Sequence[float]) -> float:
        n = int(self.ints[0])
        book: list[Any] = [side[:n] + [0.0] * (n - len(side)) for side in _book(*sides)]
        if self.compiled:
            book = [np.array(side) for side in book]
        return float(self.idle.mlofi_update(self.ints, self.floats, *book))

    def batch(self, ins: Columns, outs: Columns) -> None:
        n, rows = int(self.ints[0]), len(ins[0])
        sides = _stacked(ins, n)
        result = np.empty((rows, n + 1))
        with self._held():
            if self.compiled:
                self.kernels.mlofi_batch(self.ints, self.floats, *sides, result)
            elif rows:
                self._whole(sides, result)
        for at, out in enumerate(outs):
            if out is not None:
                out[...] = result[:, at]

    def _whole(self, sides: list[Any], result: Any) -> None:
        n, f = self.ints[0], self.floats
        at = [2 + (3 + side) * n for side in range(4)]
        rule = _BookRule(sides, None if self.ints[1] == 0 else [f[place : place + n] for place in at])
        net = rule.side(0) - rule.side(2)
        result[:, :n] = net
        result[:, n] = _lanes(np.asarray(f[2 : 2 + n]) * net)
        for place, side in zip(at, rule.now, strict=True):
            f[place : place + n] = side[-1].tolist()
        f[2 + n : 2 + 2 * n] = net[-1].tolist()
        for k in range(n):
            total = f[2 + 2 * n + k]
            for value in net[:, k].tolist():
                total += value
            f[2 + 2 * n + k] = total
        for depth in _lanes(rule.now[1] + rule.now[3]).tolist():
            f[1] += depth
        f[0] = float(result[-1, n])
        self.ints[1] += len(net)
        self.ints[2] += len(net)

    def scaled(self, level: int) -> float:
        return float(self.idle.mlofi_scaled(self.ints, self.floats, level))

    def scaled_weighted(self) -> float:
        return float(self.idle.mlofi_scaled_weighted(self.ints, self.floats))

    def begin(self) -> None:
        self.idle.mlofi_begin(self.ints, self.floats)

    def _fits(self, ints: list[int], floats: list[float]) -> bool:
        return len(ints) == 3 and 1 <= ints[0] <= 10 and len(floats) == 2 + 7 * ints[0]


class QueuePosition(_Core):
    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {
        "model": ("i", 0, 1),
        "ahead": ("f", 0, 1),
        "level_quantity": ("f", 1, 1),
        "traded": ("f", 2, 1),
    }

    def __init__(self, model: int, level: float) -> None:
        if not 0 <= level <= _VALUE_MAX:
            raise ValueError("level_quantity must be a number, 0 .. 1e15")
        super().__init__([model], [level, level, 0.0])

    def trade(self, quantity: float) -> float:
        return float(self.idle.queue_trade(self.ints, self.floats, float(quantity)))

    def level(self, quantity: float) -> float:
        return float(self.idle.queue_level(self.ints, self.floats, float(quantity)))

    def position(self) -> float:
        return float(min(self.floats[0] / self.floats[1], 1.0)) if self.floats[1] > 0 else 0.0

    def batch(self, ins: Columns, outs: Columns) -> None:
        self._run(self.kernels.queue_batch, ins, outs)


class Tfi(_Core):
    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {
        "window": ("i", 0, 1),
        "count": ("i", 2, 1),
        "net": ("f", 0, 1),
        "total": ("f", 1, 1),
    }

    def __init__(self, window: int) -> None:
        super().__init__([_window(window, 1, 256, "trades"), 0, 0], [0.0] * (2 + window))

    def update(self, quantity: float) -> float:
        return float(self.idle.tfi_update(self.ints, self.floats, float(quantity)))

    def value(self) -> float:
        return float(self.idle.tfi_value(self.ints, self.floats))

    def batch(self, ins: Columns, outs: Columns) -> None:
        self._run(self.kernels.tfi_batch, ins, outs)

    def _fits(self, ints: list[int], floats: list[float]) -> bool:
        return len(ints) == 3 and 0 <= ints[1] < ints[0] <= 256 and len(floats) == 2 + ints[0]


class Vpin(_Core):
    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {
        "bucket": ("f", 0, 1),
        "window": ("i", 0, 1),
        "filled": ("f", 1, 1),
        "imbalance": ("f", 2, 1),
        "value": ("f", 3, 1),
        "buckets": ("i", 2, 1),
    }

    def __init__(self, bucket: float, window: int, sigma: float) -> None:
        if not (1e-6 <= bucket <= _VALUE_MAX and 1 <= window <= 256 and 0 <= sigma <= _VALUE_MAX):
            raise ValueError("bucket must be 1e-6 .. 1e15, window 1 .. 256 buckets, and sigma 0 .. 1e15")
        super().__init__([window, 0, 0, 0], [bucket, 0.0, 0.0, _NAN, 0.0, sigma, _NAN, 0.0, 0.0, *[0.0] * window])

    def update(self, quantity: float) -> float:
        return float(self.idle.vpin_update(self.ints, self.floats, float(quantity)))

    def update_bulk(self, price: float, quantity: float) -> float:
        return float(self.idle.vpin_update_bulk(self.ints, self.floats, float(price), float(quantity)))

    def batch(self, ins: Columns, outs: Columns) -> None:
        self._run(self.kernels.vpin_batch, ins, outs)

    def batch_bulk(self, ins: Columns, outs: Columns) -> None:
        self._run(self.kernels.vpin_batch_bulk, ins, outs)

    def _fits(self, ints: list[int], floats: list[float]) -> bool:
        shaped = len(ints) == 4 and 0 <= ints[1] < ints[0] <= 256 and len(floats) == 9 + ints[0]
        return shaped and floats[0] >= 1e-6 and 0 <= floats[1] <= floats[0]


class Kyle(_Core):
    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {
        "window": ("i", 0, 1),
        "count": ("i", 2, 1),
        "value": ("f", 5, 1),
    }

    def __init__(self, window: int) -> None:
        _window(window, 2, 256, "observations")
        super().__init__([window, 0, 0, 0], [0.0] * 5 + [_NAN] + [0.0] * (2 * window))

    def update(self, price: float, quantity: float) -> float:
        return float(self.idle.kyle_update(self.ints, self.floats, float(price), float(quantity)))

    def batch(self, ins: Columns, outs: Columns) -> None:
        self._run(self.kernels.kyle_batch, ins, outs)

    def _fits(self, ints: list[int], floats: list[float]) -> bool:
        return len(ints) == 4 and 0 <= ints[1] < ints[0] <= 256 and len(floats) == 6 + 2 * ints[0]


class Volatility(_Core):
    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {
        "window": ("i", 0, 1),
        "count": ("i", 2, 1),
        "value": ("f", 3, 1),
    }

    def __init__(self, window: int) -> None:
        if window % 2 or not 4 <= window <= 64:
            raise ValueError("window must be even, 4 .. 64 returns")
        weight = [min(j / window, 1 - j / window) for j in range(1, window)]
        super().__init__([window, 0, 0], [0.0, 0.0, 0.0, _NAN, *weight, *[0.0] * (2 * (window - 1))])

    def update(self, price: float) -> float:
        return float(self.idle.volatility_update(self.ints, self.floats, float(price)))

    def begin(self) -> None:
        kept = int(self.ints[0]) - 1
        self.ints[1] = self.ints[2] = 0
        self.floats[1:4] = [0.0, 0.0, _NAN]
        self.floats[4 + kept :] = [0.0] * (2 * kept)

    def batch(self, ins: Columns, outs: Columns) -> None:
        self._run(self.kernels.volatility_batch, ins, outs)

    def _fits(self, ints: list[int], floats: list[float]) -> bool:
        shaped = len(ints) == 3 and 4 <= ints[0] <= 64 and len(floats) == 4 + 3 * (ints[0] - 1)
        return shaped and 0 <= ints[1] < ints[0] - 1 and 0 <= floats[0] <= _VALUE_MAX


def _parameters(*values: float) -> None:
    if not all(0 <= value <= _PARAMETER_MAX for value in values):
        raise ValueError("every parameter must be 0 .. 1e12")


class Hawkes(_Core):
    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {
        "base": ("f", 0, 1),
        "excited": ("f", 9, 4),
        "last_ns": ("i", 1, 1),
        "count": ("i", 2, 1),
    }

    def __init__(self, base: float, jump: Sequence[float], decay: Sequence[float]) -> None:
        if len(jump) != len(decay):
            raise ValueError("jump and decay must have as many values")
        if not 1 <= len(jump) <= 4:
            raise ValueError("there must be 1 .. 4 terms, and every parameter 0 .. 1e12")
        _parameters(base, *jump, *decay)
        rest = [0.0] * (4 - len(jump))
        super().__init__([len(jump), _I64_MIN, 0], [base, *jump, *rest, *decay, *rest, 0.0, 0.0, 0.0, 0.0])

    def update(self, time_ns: int) -> float:
        return float(self.idle.hawkes_update(self.ints, self.floats, _time(time_ns)))

    def at(self, time_ns: int) -> float:
        return float(self.idle.hawkes_at(self.ints, self.floats, _time(time_ns)))

    def batch(self, ins: Columns, outs: Columns) -> None:
        self._run(self.kernels.hawkes_batch, ins, outs)


def _time(time_ns: Any) -> int:
    value = time_ns.__index__()
    if not _I64_MIN <= value < 2**63:
        raise OverflowError("a time is nanoseconds in 64 bits")
    return int(value)


class HawkesPair(_Core):
    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {
        "intensity": ("f", 14, 2),
        "excited": ("f", 10, 4),
        "last_ns": ("i", 0, 1),
        "count": ("i", 1, 1),
    }

    def __init__(self, base: Sequence[float], jump: Sequence[float], decay: Sequence[float]) -> None:
        if len(base) != 2 or len(jump) != 4 or len(decay) != 4:
            raise ValueError("base has 2 values, jump and decay 4 each")
        _parameters(*base, *jump, *decay)
        super().__init__([_I64_MIN, 0], [*base, *jump, *decay, 0.0, 0.0, 0.0, 0.0, *base])

    def update(self, time_ns: int, side: float) -> tuple[float, float]:
        self.idle.pair_update(self.ints, self.floats, _time(time_ns), float(side))
        return float(self.floats[14]), float(self.floats[15])

    def at(self, time_ns: int) -> tuple[float, float]:
        out = np.zeros(2)
        self.idle.pair_at(self.ints, self.floats, _time(time_ns), out)
        return float(out[0]), float(out[1])

    def batch(self, ins: Columns, outs: Columns) -> None:
        self._run(self.kernels.pair_batch, ins, outs)


class Bars(_Core):
    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {
        "threshold": ("f", 0, 1),
        "multiplier": ("f", 1, 1),
        "done": ("i", 1, 1),
    }

    def __init__(self, by: int, threshold: float, multiplier: float) -> None:
        if not (0 < threshold <= _VALUE_MAX and 0 < multiplier <= _VALUE_MAX):
            raise ValueError("threshold and multiplier must be above 0, at most 1e15")
        super().__init__([by, 0, *[0] * 6], [threshold, multiplier, *[0.0] * 14])

    def update(self, time_ns: int, price: float, quantity: float) -> bool:
        return bool(self.idle.bars_update(self.ints, self.floats, _time(time_ns), float(price), float(quantity)))

    def _tuple(self, ints: int, floats: int) -> tuple[Any, ...]:
        first, last, count = (int(i) for i in self.ints[ints : ints + 3])
        return (first, last, *(float(f) for f in self.floats[floats : floats + 7]), count)

    def bar(self) -> tuple[Any, ...]:
        return self._tuple(2, 2)

    def ended(self) -> tuple[Any, ...]:
        return self._tuple(5, 9)

    def batch(self, ins: Columns, bars: Any, begin: int) -> tuple[int, int]:
        written = 0
        times, prices, quantities = (column[begin:].tolist() for column in ins)
        for row, (time_ns, price, quantity) in enumerate(zip(times, prices, quantities, strict=True)):
            if written == len(bars):
                kept = list(self.ints), list(self.floats)
                if self.update(time_ns, price, quantity):
                    self._set(*kept)
                    return row, written
                continue
            if self.update(time_ns, price, quantity):
                bars[written] = self.ended()
                written += 1
        return len(times), written


_SKIPPED = 1 | 2 | 4  # SIMTRADE, SUSPEND, ODD_LOT
_TRADE, _BOOK, _QUOTE = 1, 2, 3
_SIZES = {_TRADE: 160, _BOOK: 256, _QUOTE: 384}
_NULL = _I64_MIN


class Signals(_Core):
    """The signals of one instrument from frames: the single indicators put together as signals.c does."""

    FIELDS: ClassVar[dict[str, tuple[str, int, int]]] = {}
    made: types.SimpleNamespace

    def __init__(
        self,
        tfi_window: int,
        vpin_window: int,
        vpin_bucket: float,
        mlofi_weight: Sequence[float],
        base: Sequence[float],
        jump: Sequence[float],
        decay: Sequence[float],
    ) -> None:
        super().__init__([0], [])
        if len(mlofi_weight) != 5:
            raise ValueError("mlofi_weight has 5 values, hawkes_base 2, hawkes_jump and hawkes_decay 4")
        self.mlofi = self.made.Mlofi(5, mlofi_weight)
        self.tfi = self.made.Tfi(tfi_window)
        self.vpin = self.made.Vpin(vpin_bucket, vpin_window, 0.0)
        self.hawkes = self.made.HawkesPair(base, jump, decay)
        self.counts = {"time_ns": _I64_MIN, "books": 0, "trades": 0, "skipped": 0}
        self.total_volume = -1
        self.row: list[float] = [0.0] * 7 + [_NAN] * 11 + [float(one) for one in base]

    def read(self, name: str) -> Any:
        if name not in self.counts:
            raise AttributeError(f"Signals has no value {name!r}")
        return self.counts[name]

    def frames(self, frames: Any, out: Any) -> int:
        data = memoryview(frames).cast("B")
        at = rows = 0
        while at + 32 <= len(data) and (out is None or rows < len(out)):
            block, template = struct.unpack_from("<HH", data, at + 8)
            size = block + 16
            if size % 32 or size < 32 or at + size > len(data):
                break
            if _SIZES.get(template, size + 1) <= size:
                self._frame(data[at : at + size], template)
            if out is not None:
                out[rows] = self._values()
            at += size
            rows += 1
        return rows

    def _frame(self, frame: memoryview, template: int) -> None:
        _, flags, exch_ns, recv_ns = struct.unpack_from("<IIqq", frame, 16)
        if flags & _SKIPPED:
            self.counts["skipped"] += 1
            return
        self.counts["time_ns"] = max(self.counts["time_ns"], recv_ns if exch_ns == _NULL else exch_ns)
        if template == _TRADE:
            self._trade(frame)
        elif template == _BOOK:
            self._book(frame, 40)
        else:
            total_volume = struct.unpack_from("<q", frame, 56)[0]
            if 0 <= self.total_volume < total_volume:
                self._trade(frame)
            if total_volume >= 0:
                self.total_volume = total_volume
            self._book(frame, 160)
        self.row[18], self.row[19] = self.hawkes.at(self.counts["time_ns"])

    def _book(self, frame: memoryview, at: int) -> None:
        fields = struct.unpack_from("<5q5q5I5I", frame, at)
        prices = [fields[0:5], fields[5:10]]
        volumes = [fields[10:15], fields[15:20]]
        book = []
        for price, volume in zip(prices, volumes, strict=True):
            book.append([p / 1e6 for p in price])
            book.append([0.0 if p == _NULL else float(v) for p, v in zip(price, volume, strict=True)])
        self.row[6] = self.mlofi.update(*book)
        self.row[1:6] = self.mlofi.read("level")[:5]
        self.row[0] = self.row[1]
        self.row[7:15] = self.made.shape(*book)
        self.counts["books"] += 1

    def _trade(self, frame: memoryview) -> None:
        price, volume, tick_type = struct.unpack_from("<qIB", frame, 40)
        if price != _NULL:
            self.row[15] = price / 1e6
        flow = {1: 1.0, 2: -1.0}.get(tick_type, 0.0) * volume
        if flow != 0:
            self.row[16] = self.tfi.update(flow)
            self.row[17] = self.vpin.update(flow)
            self.hawkes.update(self.counts["time_ns"], flow)
        self.counts["trades"] += 1

    def _values(self) -> tuple[Any, ...]:
        r = self.row
        return (self.counts["time_ns"], r[0], tuple(r[1:6]), *r[6:18], tuple(r[18:20]))

    def values(self, out: Any) -> None:
        out[0] = self._values()

    def begin(self) -> None:
        self.mlofi.begin()

    def save(self) -> bytes:
        parts = [part.save() for part in (self.mlofi, self.tfi, self.vpin, self.hawkes)]
        return _packed((parts, self.counts, self.total_volume, self.row))

    def restore(self, blob: Any) -> None:
        try:
            parts, counts, total_volume, row = _loaded(bytes(blob), "Signals")
            fresh = [part.save() for part in (self.mlofi, self.tfi, self.vpin, self.hawkes)]
            kept = {name: int(counts[name]) for name in self.counts}
            values = [float(value) for value in row]
            if len(parts) != 4 or len(values) != 20:
                raise FormatError("not a saved Signals")
        except FormatError:
            raise
        except Exception as error:
            raise FormatError(f"not a saved Signals: {error}") from None
        try:
            for part, blob_of in zip((self.mlofi, self.tfi, self.vpin, self.hawkes), parts, strict=True):
                part.restore(blob_of)
        except FormatError:
            for part, blob_of in zip((self.mlofi, self.tfi, self.vpin, self.hawkes), fresh, strict=True):
                part.restore(blob_of)
            raise
        self.counts, self.total_volume, self.row = kept, int(total_volume), values


_CLASSES = (Ofi, Mlofi, QueuePosition, Tfi, Vpin, Kyle, Volatility, Hawkes, HawkesPair, Bars, Signals)


def _microprice_whole(bp: Any, bq: Any, ap: Any, aq: Any) -> Any:
    there = _present(bp, bq) & _present(ap, aq) & (bp <= ap)
    with np.errstate(all="ignore"):
        return np.where(there, (ap * bq + bp * aq) / (bq + aq), _NAN)


def _ratio(top: Any, bottom: Any, where: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.where(where, top / bottom, _NAN)


def _pair_of_zeros(n: int) -> list[Any]:
    return [np.zeros(n), np.zeros(n)]


def _shape_whole(sides: list[Any], levels: int) -> list[Any]:
    """The shape of many books at once, each operation as the kernel has it."""
    there = [_present(sides[0], sides[1]), _present(sides[2], sides[3])]
    best_price = [np.where(there[side][:, 0], sides[2 * side][:, 0], _NAN) for side in range(2)]
    best = [np.where(there[side][:, 0], sides[2 * side + 1][:, 0], 0.0) for side in range(2)]
    with np.errstate(all="ignore"):
        mid = (best_price[0] + best_price[1]) * 0.5
        total, weighing, distance2, reach = (_pair_of_zeros(len(mid)) for _ in range(4))
        for k in range(levels):
            for side, away in ((0, -1.0), (1, 1.0)):
                q = np.where(there[side][:, k], sides[2 * side + 1][:, k], 0.0)
                d = np.where(there[side][:, k], (sides[2 * side][:, k] - mid) * away, 0.0)
                total[side] = total[side] + q
                weighing[side] = weighing[side] + q * (1.0 / (k + 1))
                distance2[side] = distance2[side] + d * d
                reach[side] = reach[side] + d * total[side]
        between = best_price[0] <= best_price[1]
        both, weight = best[0] + best[1], weighing[0] + weighing[1]
        spread = best_price[1] - best_price[0]
        micro = best_price[1] * best[0] + best_price[0] * best[1]
    return [
        mid,
        spread,
        _ratio(micro, both, between),
        _ratio(best[0] - best[1], both, both > 0),
        _ratio(weighing[0] - weighing[1], weight, weight > 0),
        _ratio(total[0], total[1], total[1] > 0),
        _ratio(reach[0], distance2[0], between & (distance2[0] > 0)),
        _ratio(reach[1], distance2[1], between & (distance2[1] > 0)),
    ]


def _functions(kernels: Any, compiled: bool, names: types.SimpleNamespace) -> None:
    def microprice(*book: float) -> float:
        return float(kernels.microprice(*map(float, book)))

    def microprice_batch(ins: Columns, outs: Columns) -> None:
        if compiled:
            result: Any = np.empty(len(ins[0]))
            kernels.microprice_batch(*(np.ascontiguousarray(column) for column in ins), result)
        else:
            result = _microprice_whole(*ins)
        outs[0][...] = result

    def shape(*sides: Sequence[float]) -> tuple[float, ...]:
        book: list[Any] = _book(*sides)
        levels = len(book[0])
        if compiled:
            book = [np.array(side or [0.0]) for side in book]
        out: Any = np.zeros(8) if compiled else [0.0] * 8
        kernels.shape(*book, levels, out)
        return tuple(float(value) for value in out)

    def shape_batch(ins: Columns, outs: Columns, levels: int) -> None:
        if not 1 <= levels <= 10:
            raise ValueError("levels must be 1 .. 10")
        sides = _stacked(ins, levels)
        if compiled:
            result: Any = np.empty((len(ins[0]), 8))
            kernels.shape_batch(*sides, levels, result)
            columns: list[Any] = list(result.T)
        else:
            columns = _shape_whole(sides, levels)
        for out, column in zip(outs, columns, strict=True):
            if out is not None:
                out[...] = column

    names.microprice, names.microprice_batch = microprice, microprice_batch
    names.shape, names.shape_batch = shape, shape_batch


@functools.cache
def load(backend: str) -> types.SimpleNamespace:
    """The names that `_native` has, by the backend "numba" or "numpy". ImportError: Numba is not installed."""
    compiled = backend == "numba"
    kernels = _kernels(compiled)
    names = types.SimpleNamespace()
    for core in _CLASSES:
        setattr(names, core.__name__, type(core.__name__, (core,), {"kernels": kernels, "compiled": compiled}))
    names.Signals.made = names
    _functions(kernels, compiled, names)
    return names
