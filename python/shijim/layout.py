"""Kinds of events and their rows: the frames of the journal as NumPy dtypes, and arrays of them that know their units.

A row is the frame as it lies on the disk, so an array of whole rows can be a view of it. Times are int64 nanoseconds
UTC, decimals int64 millionths (`_e6`), both with -2**63 for "absent" (which is NumPy's NaT, too); uint32 counts use
2**32 - 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _native
from .errors import FormatError

if TYPE_CHECKING:
    from .instruments import Instruments

__all__ = ["KINDS", "EventArray", "Field", "Kind", "as_price", "as_time", "kind_of"]

NULL_I64 = -(2**63)
NULL_U32 = 2**32 - 1


class Field(NamedTuple):
    """A field of an event: `kind` says the unit ("e6": millionths, "time": ns UTC, "enum": a word of `words`, ...)."""

    name: str
    kind: str
    offset: int
    size: int
    length: int
    words: tuple[str, ...]


class Kind(NamedTuple):
    """A kind of event. `dtype` is the whole frame, `size` its bytes."""

    name: str
    template_id: int
    size: int
    dtype: np.dtype[np.void]
    fields: dict[str, Field]


_FORMATS = {
    "u8": "u1",
    "u16": "<u2",
    "u32": "<u4",
    "u64": "<u8",
    "i32": "<i4",
    "i64": "<i8",
    "e6": "<i8",
    "time": "<i8",
    "flags": "<u4",
    "enum": "u1",
    "char": "S1",
}


def _format_of(field: Field) -> Any:
    if field.kind == "text":
        return f"S{field.size}"
    return _FORMATS[field.kind] if field.length == 1 else (_FORMATS[field.kind], (field.length,))


def _shape(format: Any) -> tuple[Any, ...]:
    return format if isinstance(format, tuple) else (format,)


_HEAD = [Field("seq", "u64", 0, 8, 1, ())] + [
    Field(name, "u16", 8 + 2 * index, 2, 1, ())
    for index, name in enumerate(("block_length", "template_id", "schema_id", "version"))
]


def _dtype_of(fields: Iterable[Field], size: int) -> np.dtype[np.void]:
    """Without holes (NumPy copies a row with holes field by field, and what is between them is lost)."""
    items: list[Any] = []
    at = 0
    for field in [*sorted(fields, key=lambda field: field.offset), Field("", "", size, 0, 1, ())]:
        if field.offset > at:
            items.append((f"reserved{len(items)}", "u1", (field.offset - at,)))
        if field.name:
            items.append((field.name, *_shape(_format_of(field))))
        at = field.offset + field.size
    return np.dtype(items)


def _make_kinds() -> dict[str, Kind]:
    kinds = {}
    for name, template_id, size, rows in _native.layouts():
        fields = {field.name: field for field in [*_HEAD, *(Field(*row[:5], tuple(row[5])) for row in rows)]}
        dtype = _dtype_of(fields.values(), size)
        if dtype.itemsize != size or any(dtype.fields[name][1] != fields[name].offset for name in fields):  # type: ignore[index]
            raise AssertionError(f"the rows of {name} do not lie as its frames")
        kinds[name] = Kind(name, template_id, size, dtype, fields)
    return kinds


KINDS: dict[str, Kind] = _make_kinds()
"""By name: trade, book, quote, index, instrument, session, gap, ..., intent, verdict, order, fill, ..."""

_ALIASES = {"tick": "trade", "ticks": "trade", "trades": "trade", "bidask": "book", "books": "book", "quotes": "quote"}


def kind_of(name: str | Kind) -> Kind:
    """The kind of that name, in any case; the broker's words TICK and BIDASK mean trade and book.

    Raises FormatError.
    """
    if isinstance(name, Kind):
        return name
    kind = KINDS.get(_ALIASES.get(str(name).lower(), str(name).lower()))
    if kind is None:
        raise FormatError(f"there is no kind of event {name!r}; there are {', '.join(KINDS)}")
    return kind


def columns_dtype(kind: Kind, columns: list[str]) -> tuple[np.dtype[np.void], bytes]:
    """A packed dtype of some fields, and the pieces a filter copies them by."""
    unknown = [name for name in columns if name not in kind.fields]
    if unknown or not columns:
        raise FormatError(f"{kind.name} has no field {unknown}; it has {', '.join(kind.fields)}")
    fields = [kind.fields[name] for name in columns]
    pieces, at = [], 0
    for field in fields:
        pieces += [field.offset, at, field.size]
        at += field.size
    formats = [(field.name, *_shape(_format_of(field))) for field in fields]
    return np.dtype(formats), np.array(pieces, dtype=np.uint16).tobytes()


def as_price(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Millionths (int64, any shape) as float64 of the price's own unit; absent ones are NaN. A copy."""
    raw = np.asarray(values, dtype=np.int64)
    prices = raw / 1e6
    if prices.ndim == 0:
        return np.array(np.nan if raw == NULL_I64 else prices)
    prices[raw == NULL_I64] = np.nan
    return prices


def as_time(values: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
    """Times (int64 ns UTC, any shape) as datetime64[ns]; absent ones are NaT. A view of an int64 array."""
    return np.asarray(values, dtype=np.int64).view("datetime64[ns]")


class EventArray(np.ndarray[Any, np.dtype[np.void]]):
    """A structured array of one kind of event, shape (n,), with the units at hand.

    `a["price_e6"]` and every other field are views, plain NumPy. `kind` is what a row is, `instruments` the table its
    `instrument` ids refer to (or None).
    """

    kind: Kind | None
    instruments: Instruments | None

    def __array_finalize__(self, source: Any) -> None:
        self.kind = getattr(source, "kind", None)
        self.instruments = getattr(source, "instruments", None)

    def __getitem__(self, key: Any) -> Any:
        item = super().__getitem__(key)
        if isinstance(item, EventArray) and item.dtype.names is None:
            return item.view(np.ndarray)
        return item

    def __reduce__(self) -> Any:
        # Pickled as plain NumPy: the table of instruments belongs to an open journal.
        return self.view(np.ndarray).__reduce__()

    def floats(self, field: str) -> npt.NDArray[np.float64]:
        """A field of millionths (`name` or `name_e6`) as float64, absent ones NaN. A copy, shape (n,) or (n, 5)."""
        names = self.dtype.names or ()
        return as_price(self[field if field in names else field + "_e6"])

    @property
    def price(self) -> npt.NDArray[np.float64]:
        """The price (of an index: its value) as float64, NaN where absent. A copy."""
        return self.floats("close_e6" if "close_e6" in (self.dtype.names or ()) else "price_e6")

    @property
    def bid(self) -> npt.NDArray[np.float64]:
        """Best bid price, float64, NaN where there is none. A copy."""
        return as_price(self["bid_price_e6"][:, 0])

    @property
    def ask(self) -> npt.NDArray[np.float64]:
        """Best ask price, float64, NaN where there is none. A copy."""
        return as_price(self["ask_price_e6"][:, 0])

    @property
    def time(self) -> npt.NDArray[np.datetime64]:
        """The exchange's time, datetime64[ns] UTC. A view."""
        return self["exch_ns"].view("datetime64[ns]")  # type: ignore[no-any-return]

    @property
    def recv_time(self) -> npt.NDArray[np.datetime64]:
        """When the bytes were read here, datetime64[ns] UTC. A view."""
        return self["recv_ns"].view("datetime64[ns]")  # type: ignore[no-any-return]

    @property
    def code(self) -> npt.NDArray[np.str_]:
        """The instrument's code of each row, "" where the table has none. A copy."""
        if self.instruments is None:
            raise FormatError("this array knows no instruments; ask the table of its journal")
        return self.instruments.codes(self["instrument"])

    def words(self, field: str) -> npt.NDArray[np.str_]:
        """An enumeration's words ("buy", "TAIFEX", ...), "" for a value without one. A copy."""
        if self.kind is None or field not in self.kind.fields or not self.kind.fields[field].words:
            raise FormatError(f"{field} is no enumeration of this kind of event")
        words = np.array([*self.kind.fields[field].words, ""])
        picked: npt.NDArray[np.str_] = words[np.minimum(self[field], len(words) - 1)]
        return picked

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        from .arrow import Table

        return Table(self).__arrow_c_array__(requested_schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        from .arrow import Table

        return Table(self).__arrow_c_stream__(requested_schema)


def event_array(array: npt.NDArray[Any], kind: Kind, instruments: Instruments | None) -> EventArray:
    """The array as an EventArray, without a copy."""
    events = array.view(EventArray)
    events.kind = kind
    events.instruments = instruments
    return events
