"""Signals from books and trades, an event at a time or over whole columns; the C core's, or the same by Numba or NumPy.

    ofi = shijim.indicators.Ofi()
    e = ofi.update(100.0, 5, 100.5, 7)                       # one book
    net = ofi.batch(bid_price, bid_quantity, ask_price, ask_quantity)   # columns

Units       prices and quantities: float64, any unit, yours; times: int64 nanoseconds; rates and decays per second.
Columns     one-dimensional arrays of float64 (times: int64 or datetime64[ns]) of one length n, with any strides: a
            field of a structured array or every second row are passed as they lie, without a copy. Lists are converted;
            an array of another dtype raises TypeError, another shape ValueError. Where there are levels: arrays of
            shape (n, levels).
Values      NaN is "no value (yet)"; nothing is infinite. NaN, infinities and numbers beyond 1e15 in the input are
            absent levels, or no trades, and never get into a state.
`out`       batches write where you say (float64, the shape of the result, any strides) and return it; it must not
            overlap an input unless it is the very same column.
States      `pickle` and `save`/`restore` keep a state bit by bit, for the backend that saved it; FormatError else.
Threads     a batch runs without the GIL. The object is busy meanwhile: using it from another thread raises BusyError.
Bits        the same input gives the same bits per event, in batches split anywhere, and in every backend; but for
            `log`, `log1p` and `erf` of the C library (Volatility, QueuePosition by "log", Vpin's bulk bars: 1e-12
            relative).

`backend` says which one is in use: "native", "numba" or "numpy". The environment's SHIJIM_BACKEND chooses another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "BAR_DTYPE",
    "SIGNALS_DTYPE",
    "Bars",
    "Hawkes",
    "HawkesPair",
    "Kyle",
    "Mlofi",
    "Ofi",
    "QueuePosition",
    "Shape",
    "Signals",
    "Tfi",
    "Volatility",
    "Vpin",
    "backend",
    "microprice",
    "microprice_batch",
    "shape",
    "shape_batch",
]

Floats = npt.NDArray[np.float64]
_Self = TypeVar("_Self", bound="_Indicator")


def _choose() -> tuple[str, Any]:
    wanted = os.environ.get("SHIJIM_BACKEND", "")
    if wanted not in ("", "native", "numba", "numpy"):
        raise ImportError(f"SHIJIM_BACKEND is {wanted!r}; it takes native, numba or numpy")
    if wanted in ("", "native"):
        try:
            from . import _native

            return "native", _native
        except ImportError:
            if wanted:
                raise
    from ._fallback import load

    for name in [wanted] if wanted else ["numba", "numpy"]:
        try:
            return name, load(name)
        except ImportError:
            if wanted:
                raise
    raise ImportError("no backend for indicators")


backend: str
"""What computes: "native" (the C core), "numba" or "numpy"."""
backend, _core = _choose()

BAR_DTYPE = np.dtype(
    [
        ("first_ns", "<i8"),
        ("last_ns", "<i8"),
        ("open", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
        ("quantity", "<f8"),
        ("signed_quantity", "<f8"),
        ("turnover", "<f8"),
        ("count", "<u8"),
    ]
)
"""A bar: times of its first and last trade (ns), prices, quantity, buys - sells, money, trades."""

SIGNALS_DTYPE = np.dtype(
    [
        ("time_ns", "<i8"),
        ("ofi", "<f8"),
        ("mlofi", "<f8", (5,)),
        ("mlofi_weighted", "<f8"),
        ("mid", "<f8"),
        ("spread", "<f8"),
        ("microprice", "<f8"),
        ("imbalance", "<f8"),
        ("pressure", "<f8"),
        ("depth_ratio", "<f8"),
        ("bid_slope", "<f8"),
        ("ask_slope", "<f8"),
        ("last", "<f8"),
        ("tfi", "<f8"),
        ("vpin", "<f8"),
        ("intensity", "<f8", (2,)),
    ]
)
"""What `Signals` knows after an event."""


def _column(value: npt.ArrayLike, name: str, dtype: type = np.float64) -> npt.NDArray[Any]:
    if not isinstance(value, np.ndarray):
        value = np.asarray(value, dtype)
    if dtype is np.int64 and value.dtype == np.dtype("M8[ns]"):
        value = value.view(np.int64)
    if value.dtype != dtype:
        wanted = np.dtype(dtype).name
        raise TypeError(f"{name} is an array of {value.dtype}, not {wanted}; convert it with .astype({wanted!r})")
    if value.ndim != 1:
        raise ValueError(f"{name} has the shape {value.shape}; a column has one dimension")
    return value


def _levels(value: npt.ArrayLike, name: str, levels: int | None) -> npt.NDArray[Any]:
    if not isinstance(value, np.ndarray):
        value = np.asarray(value, np.float64)
    if value.dtype != np.float64:
        raise TypeError(f"{name} is an array of {value.dtype}, not float64; convert it with .astype('float64')")
    if value.ndim != 2 or (levels is not None and value.shape[1] != levels) or not 1 <= value.shape[1] <= 10:
        wanted = "1 .. 10" if levels is None else levels
        raise ValueError(f"{name} has the shape {value.shape}, not (n, {wanted})")
    return value


def _same_length(columns: Sequence[npt.NDArray[Any]], names: Sequence[str]) -> int:
    for column, name in zip(columns, names, strict=True):
        if len(column) != len(columns[0]):
            raise ValueError(f"{name} has {len(column)} rows, {names[0]} {len(columns[0])}")
    return len(columns[0])


def _overlap(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    if not np.may_share_memory(one, other):
        return False
    try:
        return np.shares_memory(one, other, max_work=100_000)
    except np.exceptions.TooHardError:
        return True


def _output(out: npt.NDArray[Any] | None, shape: tuple[int, ...], ins: Sequence[npt.NDArray[Any]]) -> Floats:
    if out is None:
        return np.empty(shape)
    if not isinstance(out, np.ndarray) or out.dtype != np.float64:
        raise TypeError("out must be an array of float64")
    if out.shape != shape:
        raise ValueError(f"out has the shape {out.shape}, not {shape}")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    for column in ins:
        same = column.ctypes.data == out.ctypes.data and column.strides == out.strides and column.ndim == out.ndim == 1
        if not same and _overlap(column, out):
            raise ValueError("out overlaps an input; only the very same column may be written over")
    return out


def _split(sides: Sequence[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], ...]:
    return tuple(side[:, k] for side in sides for k in range(side.shape[1]))


_BOOK = ("bid_price", "bid_quantity", "ask_price", "ask_quantity")


def _book_columns(sides: Sequence[npt.ArrayLike]) -> list[npt.NDArray[Any]]:
    columns = [_column(side, name) for side, name in zip(sides, _BOOK, strict=True)]
    _same_length(columns, _BOOK)
    return columns


def _book_levels(sides: Sequence[npt.ArrayLike], levels: int | None) -> list[npt.NDArray[Any]]:
    arrays = [_levels(sides[0], _BOOK[0], levels)]
    arrays += [_levels(side, name, arrays[0].shape[1]) for side, name in zip(sides[1:], _BOOK[1:], strict=True)]
    _same_length(arrays, _BOOK)
    return arrays


def _reader(name: str, doc: str) -> Any:
    def read(self: _Indicator) -> Any:
        return self._core.read(name)

    return property(read, doc=doc)


class _Indicator:
    """What all indicators have."""

    __slots__ = ("_core", "_parameters", "update")
    _kind: ClassVar[str] = ""
    update: Callable[..., Any]
    _parameters: tuple[Any, ...]

    def _make(self, *parameters: Any) -> None:
        self._parameters = parameters
        self._core = getattr(_core, type(self)._kind)(*parameters)
        # The core's own: an event costs no call of Python.
        if hasattr(self._core, "update"):
            self.update = self._core.update

    def save(self) -> bytes:
        """The state, for `restore` of an object of the same class and backend."""
        return bytes(self._core.save())

    def restore(self, blob: bytes | bytearray | memoryview) -> None:
        """The state that was saved. FormatError (the state as before): not one, or of another class or backend."""
        self._core.restore(blob)

    def __reduce__(self) -> Any:
        return _again, (type(self), self._parameters, self.save())

    def __copy__(self: _Self) -> _Self:
        return _again(type(self), self._parameters, self.save())  # type: ignore[return-value]

    def __deepcopy__(self: _Self, memo: Any) -> _Self:
        return self.__copy__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._parameters))})"


def _again(kind: type[_Indicator], parameters: tuple[Any, ...], blob: bytes) -> _Indicator:
    made = kind.__new__(kind)
    made._make(*parameters)
    made.restore(blob)
    return made


class Ofi(_Indicator):
    """Order flow imbalance at the best prices.

    Source: Cont, Kukanov and Stoikov, "The Price Impact of Order Book Events", Journal of Financial Econometrics 12
    (2014), section 2: e = 1{Pb >= Pb'} qb - 1{Pb <= Pb'} qb' - 1{Pa <= Pa'} qa + 1{Pa >= Pa'} qa', where ' marks the
    book before. The first update gives 0. A side that is absent counts as quantity 0 at the worst price.

    `update(bid_price, bid_quantity, ask_price, ask_quantity)` takes one book and returns e.
    """

    __slots__ = ()
    _kind = "Ofi"

    def __init__(self) -> None:
        self._make()

    net = _reader("net", "e of the last update.")
    side = _reader("side", "Its bid and its ask part.")
    count = _reader("count", "Updates so far.")

    def batch(
        self,
        bid_price: npt.ArrayLike,
        bid_quantity: npt.ArrayLike,
        ask_price: npt.ArrayLike,
        ask_quantity: npt.ArrayLike,
        out: Floats | None = None,
    ) -> Floats:
        """Four columns (n,); returns e of each row, (n,)."""
        ins = _book_columns((bid_price, bid_quantity, ask_price, ask_quantity))
        result = _output(out, (len(ins[0]),), ins)
        self._core.batch(tuple(ins), (result,))
        return result

    def sum(self) -> float:
        """The sum of e since the beginning, or the last `begin`."""
        return float(self._core.sum())

    def begin(self) -> None:
        """Starts a new interval of the sum."""
        self._core.begin()


class Mlofi(_Indicator):
    """Order flow imbalance of several levels, and their weighted sum.

    Source: Xu, Gould and Howison, "Multi-Level Order-Flow Imbalance in a Limit Order Book" (2019), section 2: OFI's
    rule on each level's index. Scaled: Cont, Cucuringu and Zhang, "Cross-Impact of Order Flow Imbalance in Equity
    Markets" (2023), section 2.

    levels: 1 .. 10. weight: one for each level, 1 by default. ValueError else.

    `update(bid_price, bid_quantity, ask_price, ask_quantity)` takes sequences of levels, best first (levels beyond what
    they hold are absent) and returns the weighted sum; `level` has those of the levels.
    """

    __slots__ = ()
    _kind = "Mlofi"

    def __init__(self, levels: int = 5, weight: Sequence[float] | None = None) -> None:
        self._make(levels, None if weight is None else tuple(map(float, weight)))

    weighted = _reader("weighted", "The weighted sum of the last update.")
    count = _reader("count", "Updates so far.")
    interval_count = _reader("interval_count", "Updates since the last `begin`.")

    @property
    def level(self) -> tuple[float, ...]:
        """e of each level, of the last update."""
        return tuple(self._core.read("level")[: self._parameters[0]])

    @property
    def sum(self) -> tuple[float, ...]:
        """The sum of e of each level over the interval."""
        return tuple(self._core.read("sum")[: self._parameters[0]])

    def batch(
        self,
        bid_price: npt.ArrayLike,
        bid_quantity: npt.ArrayLike,
        ask_price: npt.ArrayLike,
        ask_quantity: npt.ArrayLike,
        out: Floats | None = None,
    ) -> Floats:
        """Four arrays (n, levels); returns (n, levels + 1): e of each level, then the weighted sum."""
        levels = self._parameters[0]
        ins = _book_levels((bid_price, bid_quantity, ask_price, ask_quantity), levels)
        result = _output(out, (len(ins[0]), levels + 1), ins)
        self._core.batch(_split(ins), _split([result]))
        return result

    def scaled(self, level: int) -> float:
        """The interval's sum of a level (0: the best) over the mean quantity per level and side; NaN without any."""
        return float(self._core.scaled(level))

    def scaled_weighted(self) -> float:
        """The same of the weighted sum over all levels."""
        return float(self._core.scaled_weighted())

    def begin(self) -> None:
        """Starts a new interval."""
        self._core.begin()


class QueuePosition(_Indicator):
    """The position in the queue of an own order, from what its level and trades show.

    Source: Rigtorp, "Estimating Order Queue Position" (2013), with the probabilities of nkaz001/hftbacktest: of what
    leaves the level without a trade, a part f(back) / (f(back) + f(front)) stood behind us. model: "front_none" (all
    behind us), "power1" .. "power3" (f(x) = x^power), "log" (f(x) = log(1 + x)).

    level_quantity: what the level shows when the order joins, 0 .. 1e15.
    """

    __slots__ = ()
    _kind = "QueuePosition"
    MODELS = ("front_none", "power1", "power2", "power3", "log")

    def __init__(self, model: str, level_quantity: float) -> None:
        if model not in self.MODELS:
            raise ValueError(f"there is no queue model {model!r}; there are {', '.join(self.MODELS)}")
        self._make(self.MODELS.index(model), float(level_quantity))

    ahead = _reader("ahead", "The quantity before us.")

    def trade(self, quantity: float) -> float:
        """A trade at our price; returns what of it reached beyond everything ahead of us."""
        return float(self._core.trade(quantity))

    def level(self, quantity: float) -> float:
        """The level shows a quantity; returns what is ahead of us."""
        return float(self._core.level(quantity))

    def position(self) -> float:
        """0 at the front .. 1 at the back of what the level shows."""
        return float(self._core.position())

    def batch(
        self, traded: npt.ArrayLike, level: npt.ArrayLike, out: tuple[Floats, Floats] | None = None
    ) -> tuple[Floats, Floats]:
        """Traded quantity at our price (0: none), then what the level shows (NaN: not said). Returns ahead and fill,
        (n,).
        """
        ins = [_column(traded, "traded"), _column(level, "level")]
        n = _same_length(ins, ("traded", "level"))
        results = tuple(_output(None if out is None else out[i], (n,), ins) for i in range(2))
        self._core.batch(tuple(ins), results)
        return results[0], results[1]


class Tfi(_Indicator):
    """Trade flow imbalance over the last `window` trades (1 .. 256): (buys - sells) / (buys + sells), -1 .. 1.

    Source: Silantyev, "Order Flow Analysis of Cryptocurrency Markets", Digital Finance 1 (2019).

    `update(signed_quantity)` takes one trade, positive where the buyer took, and returns the imbalance; NaN before the
    first. A quantity that is zero, NaN or infinite is no trade.
    """

    __slots__ = ()
    _kind = "Tfi"

    def __init__(self, window: int) -> None:
        self._make(window)

    net = _reader("net", "buys - sells in the window.")
    total = _reader("total", "buys + sells in the window.")
    count = _reader("count", "Trades so far.")

    @property
    def value(self) -> float:
        """The imbalance."""
        return float(self._core.value())

    def batch(self, signed_quantity: npt.ArrayLike, out: Floats | None = None) -> Floats:
        """A column (n,); returns the imbalance after each row, (n,)."""
        ins = [_column(signed_quantity, "signed_quantity")]
        result = _output(out, (len(ins[0]),), ins)
        self._core.batch(tuple(ins), (result,))
        return result


class Vpin(_Indicator):
    """The volume-synchronised probability of informed trading.

    Source: Easley, Lopez de Prado and O'Hara, "Flow Toxicity and Liquidity in a High-frequency World", Review of
    Financial Studies 25 (2012): over the last `window` buckets (1 .. 256) of `bucket` quantity each (1e-6 .. 1e15),
    sum |buys - sells| / (window * bucket). NaN until that many are full. Bars of unknown side are split by the same
    paper's bulk classification, with `sigma` (0: estimated from the price changes before).

    `update(signed_quantity)` takes one trade and returns the value.
    """

    __slots__ = ("update_bulk",)
    _kind = "Vpin"
    update_bulk: Callable[[float, float], float]
    """One bar (or trade) of unknown side: its last price and its quantity. Returns the value."""

    def __init__(self, bucket: float, window: int, sigma: float = 0.0) -> None:
        self._make(float(bucket), window, float(sigma))

    def _make(self, *parameters: Any) -> None:
        super()._make(*parameters)
        self.update_bulk = self._core.update_bulk

    value = _reader("value", "The value; NaN before the first.")
    buckets = _reader("buckets", "Buckets filled so far.")
    filled = _reader("filled", "Quantity in the bucket being filled.")

    def batch(self, signed_quantity: npt.ArrayLike, out: Floats | None = None) -> Floats:
        """A column (n,); returns the value after each row, (n,)."""
        ins = [_column(signed_quantity, "signed_quantity")]
        result = _output(out, (len(ins[0]),), ins)
        self._core.batch(tuple(ins), (result,))
        return result

    def batch_bulk(self, price: npt.ArrayLike, quantity: npt.ArrayLike, out: Floats | None = None) -> Floats:
        """Bars of unknown side: price and quantity, (n,) each; returns the value after each row, (n,)."""
        ins = [_column(price, "price"), _column(quantity, "quantity")]
        result = _output(out, (_same_length(ins, ("price", "quantity")),), ins)
        self._core.batch_bulk(tuple(ins), (result,))
        return result


class Kyle(_Indicator):
    """Kyle's lambda: the slope of price change on signed quantity over the last `window` observations (2 .. 256).

    Source: Kyle, "Continuous Auctions and Insider Trading", Econometrica 53 (1985), theorem 1; by least squares. NaN
    until the window is full, and while all quantities are equal. The first observation only sets the price.

    `update(price, signed_quantity)` returns lambda.
    """

    __slots__ = ()
    _kind = "Kyle"

    def __init__(self, window: int) -> None:
        self._make(window)

    value = _reader("value", "Lambda.")
    count = _reader("count", "Observations so far, without the first.")

    def batch(self, price: npt.ArrayLike, signed_quantity: npt.ArrayLike, out: Floats | None = None) -> Floats:
        """Two columns (n,); returns lambda after each row, (n,)."""
        ins = [_column(price, "price"), _column(signed_quantity, "signed_quantity")]
        result = _output(out, (_same_length(ins, ("price", "signed_quantity")),), ins)
        self._core.batch(tuple(ins), (result,))
        return result


class Volatility(_Indicator):
    """Realised variance of a price seen through noise, by pre-averaging over `window` returns (even, 4 .. 64).

    Source: Jacod, Li, Mykland, Podolskij and Vetter, Stochastic Processes and their Applications 119 (2009), with the
    factors of Christensen, Kinnebrock and Podolskij, Journal of Econometrics 159 (2010). The value is the integrated
    variance since the last `begin`; its root is the realised volatility. NaN until window - 1 returns are there.

    `update(price)` returns the variance.
    """

    __slots__ = ()
    _kind = "Volatility"

    def __init__(self, window: int) -> None:
        self._make(window)

    value = _reader("value", "The variance.")
    count = _reader("count", "Returns in the interval.")

    def begin(self) -> None:
        """Starts a new interval (a day, say); the last price is kept."""
        self._core.begin()

    def batch(self, price: npt.ArrayLike, out: Floats | None = None) -> Floats:
        """A column (n,); returns the variance after each row, (n,)."""
        ins = [_column(price, "price")]
        result = _output(out, (len(ins[0]),), ins)
        self._core.batch(tuple(ins), (result,))
        return result


class Hawkes(_Indicator):
    """The intensity of a self-exciting process of 1 .. 4 exponentials.

    Source: Hawkes, Biometrika 58 (1971), by the recursion of Ozaki (1979): intensity(t) = base + the sum over terms k
    and events t_i <= t of jump_k exp(-decay_k (t - t_i)). jump, decay: numbers or sequences of them, 0 .. 1e12, per
    second.

    `update(time_ns)` takes an event and returns the intensity right after it. Time that steps back fades nothing.
    """

    __slots__ = ()
    _kind = "Hawkes"

    def __init__(self, base: float, jump: float | Sequence[float], decay: float | Sequence[float]) -> None:
        self._make(float(base), _several(jump), _several(decay))

    count = _reader("count", "Events so far.")
    last_ns = _reader("last_ns", "The latest time seen.")

    def at(self, time_ns: int) -> float:
        """The intensity at a time, without an event."""
        return float(self._core.at(time_ns))

    def batch(self, time_ns: npt.ArrayLike, out: Floats | None = None) -> Floats:
        """Times (int64 or datetime64[ns], (n,)); returns the intensity right after each, (n,)."""
        ins = [_column(time_ns, "time_ns", np.int64)]
        result = _output(out, (len(ins[0]),), ins)
        self._core.batch(tuple(ins), (result,))
        return result


def _several(value: float | Sequence[float]) -> tuple[float, ...]:
    if isinstance(value, int | float | np.number):
        return (float(value),)
    return tuple(map(float, value))


class HawkesPair(_Indicator):
    """The intensities of buys and of sells, which excite themselves and each other.

    Source: Bacry, Mastromatteo and Muzy, "Hawkes Processes in Finance" (2015), section 2. base: of buys, of sells; jump
    and decay: buys by buys, buys by sells, sells by buys, sells by sells.

    `update(time_ns, side)` takes an event (side > 0: a buy, < 0: a sell, else only time passes) and returns both.
    """

    __slots__ = ()
    _kind = "HawkesPair"

    def __init__(self, base: Sequence[float], jump: Sequence[float], decay: Sequence[float]) -> None:
        self._make(_several(base), _several(jump), _several(decay))

    intensity = _reader("intensity", "Of buys and of sells, right after the last event.")
    count = _reader("count", "Events so far.")

    def at(self, time_ns: int) -> tuple[float, float]:
        """Both at a time, without an event."""
        buys, sells = self._core.at(time_ns)
        return buys, sells

    def batch(
        self, time_ns: npt.ArrayLike, side: npt.ArrayLike, out: tuple[Floats, Floats] | None = None
    ) -> tuple[Floats, Floats]:
        """Times (int64 or datetime64[ns]) and sides (float64), (n,) each; returns the intensities after each row,
        (n,).
        """
        ins = [_column(time_ns, "time_ns", np.int64), _column(side, "side")]
        n = _same_length(ins, ("time_ns", "side"))
        results = tuple(_output(None if out is None else out[i], (n,), ins) for i in range(2))
        self._core.batch(tuple(ins), results)
        return results[0], results[1]


class Bars(_Indicator):
    """Bars of equal quantity (by="volume") or equal turnover (by="dollar").

    Source: Lopez de Prado, "Advances in Financial Machine Learning" (2018), section 2.3.1: a bar ends with the trade
    that brings it to the threshold; trades are not split. multiplier: money for one unit of price and quantity.

    `update(time_ns, price, signed_quantity)` returns True when it ended a bar, which `ended` then has.
    """

    __slots__ = ()
    _kind = "Bars"
    BY = ("volume", "dollar")

    def __init__(self, by: str, threshold: float, multiplier: float = 1.0) -> None:
        if by not in self.BY:
            raise ValueError(f'by is "volume" or "dollar", not {by!r}')
        self._make(self.BY.index(by) + 1, float(threshold), float(multiplier))

    done = _reader("done", "Bars ended so far.")

    @property
    def bar(self) -> np.void:
        """The bar being filled, a row of BAR_DTYPE (count 0: empty)."""
        return np.array([self._core.bar()], BAR_DTYPE)[0]  # type: ignore[no-any-return]

    @property
    def ended(self) -> np.void:
        """The last bar that ended (count 0: none yet)."""
        return np.array([self._core.ended()], BAR_DTYPE)[0]  # type: ignore[no-any-return]

    def batch(
        self, time_ns: npt.ArrayLike, price: npt.ArrayLike, signed_quantity: npt.ArrayLike
    ) -> npt.NDArray[np.void]:
        """Times, prices and signed quantities, (n,) each; returns the bars that ended, an array of BAR_DTYPE."""
        names = ("time_ns", "price", "signed_quantity")
        ins = (_column(time_ns, names[0], np.int64), _column(price, names[1]), _column(signed_quantity, names[2]))
        n = _same_length(ins, names)
        parts, begin = [], 0
        while True:
            bars = np.zeros(min(max(n - begin, 1), 4096), BAR_DTYPE)
            taken, written = self._core.batch(ins, bars, begin)
            parts.append(bars[:written])
            begin += taken
            if begin >= n:
                return np.concatenate(parts)


class Shape(NamedTuple):
    """What a book looks like: floats of one book, or columns of many."""

    mid: Any
    spread: Any
    microprice: Any
    imbalance: Any
    pressure: Any
    depth_ratio: Any
    bid_slope: Any
    ask_slope: Any


def microprice(bid_price: float, bid_quantity: float, ask_price: float, ask_quantity: float) -> float:
    """The mid weighted by quantity: (ask * qb + bid * qa) / (qb + qa); NaN without both sides, or when they are
    crossed.

    Source: Stoikov, "The Micro-Price", Quantitative Finance 18 (2018).
    """
    return float(_core.microprice(bid_price, bid_quantity, ask_price, ask_quantity))


def microprice_batch(
    bid_price: npt.ArrayLike,
    bid_quantity: npt.ArrayLike,
    ask_price: npt.ArrayLike,
    ask_quantity: npt.ArrayLike,
    out: Floats | None = None,
) -> Floats:
    """`microprice` of columns (n,); returns (n,)."""
    ins = _book_columns((bid_price, bid_quantity, ask_price, ask_quantity))
    result = _output(out, (len(ins[0]),), ins)
    _core.microprice_batch(tuple(ins), (result,))
    return result


def shape(
    bid_price: Sequence[float],
    bid_quantity: Sequence[float],
    ask_price: Sequence[float],
    ask_quantity: Sequence[float],
) -> Shape:
    """Mid, spread, microprice, imbalances, depth ratio and slopes of one book of at most 10 levels, best first.

    imbalance: (qb - qa) / (qb + qa) at the best; pressure: the same over all levels, level i weighing 1 / i;
    depth_ratio: all bids / all asks; slopes: accumulated quantity over distance from the mid, by least squares (Naes
    and Skjeltorp 2006, without logarithms). NaN where a side is missing, or the book is crossed.
    """
    return Shape(*_core.shape(bid_price, bid_quantity, ask_price, ask_quantity))


def shape_batch(
    bid_price: npt.ArrayLike,
    bid_quantity: npt.ArrayLike,
    ask_price: npt.ArrayLike,
    ask_quantity: npt.ArrayLike,
    out: Floats | None = None,
) -> Shape:
    """`shape` of arrays (n, levels); returns columns (n,), which are those of `out` (n, 8) where it is given."""
    ins = _book_levels((bid_price, bid_quantity, ask_price, ask_quantity), None)
    result = _output(out, (len(ins[0]), 8), ins) if out is not None else np.empty((8, len(ins[0]))).T
    columns = _split([result])
    _core.shape_batch(_split(ins), columns, ins[0].shape[1])
    return Shape(*columns)


class Signals(_Indicator):
    """The usual signals of one instrument from events as shijim keeps them: what `SIGNALS_DTYPE` names.

    Books update OFI, MLOFI of 5 levels and the shape; trades the trade flow, VPIN and the intensities of buys and
    sells. Trial matches, odd lots and suspended instruments are skipped and counted. The values equal those of the
    single indicators, with prices of price_e6 / 1e6. Do not feed quotes and ticks of one instrument both.

    `update(event)` takes one row of kind trade, book or quote (a NumPy record, or the frame's bytes).
    """

    __slots__ = ()
    _kind = "Signals"

    def __init__(
        self,
        tfi_window: int = 100,
        vpin_window: int = 50,
        vpin_bucket: float = 100.0,
        mlofi_weight: Sequence[float] = (1, 1, 1, 1, 1),
        hawkes_base: Sequence[float] = (0.1, 0.1),
        hawkes_jump: Sequence[float] = (0.5, 0.1, 0.1, 0.5),
        hawkes_decay: Sequence[float] = (1, 1, 1, 1),
    ) -> None:
        lists = map(_several, (mlofi_weight, hawkes_base, hawkes_jump, hawkes_decay))
        self._make(tfi_window, vpin_window, float(vpin_bucket), *lists)

    def _make(self, *parameters: Any) -> None:
        super()._make(*parameters)
        self.update = self._update

    books = _reader("books", "Books (and quotes) taken.")
    trades = _reader("trades", "Trades taken.")
    skipped = _reader("skipped", "Events that were skipped.")
    time_ns = _reader("time_ns", "The latest time seen.")

    def _update(self, event: Any) -> None:
        self._core.frames(event.tobytes() if isinstance(event, np.void) else event, None)

    @property
    def values(self) -> np.void:
        """What is known now, a row of SIGNALS_DTYPE."""
        out = np.zeros(1, SIGNALS_DTYPE)
        self._core.values(out)
        return out[0]  # type: ignore[no-any-return]

    def batch(self, events: npt.NDArray[np.void], out: npt.NDArray[np.void] | None = None) -> npt.NDArray[np.void]:
        """Whole rows (n,) of one kind; returns the values after each, (n,) of SIGNALS_DTYPE."""
        if events.dtype.names is None or events.dtype.itemsize % 32 or events.ndim != 1:
            raise TypeError("events must be whole rows of a kind of event (all columns), one dimension")
        result = np.zeros(len(events), SIGNALS_DTYPE) if out is None else out
        if result.dtype != SIGNALS_DTYPE or result.shape != events.shape or not result.flags.c_contiguous:
            raise TypeError(f"out must be a contiguous array of SIGNALS_DTYPE and {len(events)} rows")
        taken = self._core.frames(np.ascontiguousarray(events).view(np.uint8), result)
        if taken != len(events):
            raise ValueError(f"row {taken} is no event")
        return result

    def begin(self) -> None:
        """Starts a new interval of the OFI sums."""
        self._core.begin()
