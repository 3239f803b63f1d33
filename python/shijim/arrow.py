"""Rows as Arrow's columns, through the C data interface: pyarrow, Polars, pandas, DuckDB take them.

Columns: decimals as float64 without the `_e6` (or exact, as int64 with it), times as timestamp[ns, UTC], enumerations
as dictionaries of their words, the instrument's code as `symbol`; an array of five levels as five columns,
`bid_price_0` the best. What is absent is null. Everything is copied: rows are not columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _native
from .errors import FormatError
from .instruments import Instruments
from .layout import EventArray, Field, Kind

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["Table"]

Decimals = Literal["float", "e6"]
_KINDS = {"u8": 0, "u16": 1, "u32": 2, "u64": 3, "i32": 4, "i64": 5, "e6": 6, "time": 8, "flags": 9, "enum": 10}
_KINDS.update({"char": 11, "text": 12})
_PRICE, _SYMBOL = 7, 13
_HEAD = ("block_length", "template_id", "schema_id", "version")
_Plan = list[tuple[str, int, int, int, list[str]]]


def _columns_of(field: Field, offset: int, decimals: Decimals) -> Iterator[tuple[str, int, int, int, list[str]]]:
    name, code = field.name, _KINDS[field.kind]
    if field.kind == "e6" and decimals == "float":
        name, code = name.removesuffix("_e6"), _PRICE
    if field.kind == "enum" and not field.words:
        code = _KINDS["u8"]
    size = field.size if field.kind == "text" else field.size // field.length
    for index in range(field.length):
        label = name if field.length == 1 else f"{name}_{index}"
        yield label, code, offset + index * size, size, list(field.words) if code == _KINDS["enum"] else []


def plan_of(kind: Kind, dtype: np.dtype[np.void], instruments: Instruments | None, decimals: Decimals) -> _Plan:
    """What the columns are, and where in a row."""
    plan: _Plan = []
    for name in dtype.names or ():
        if name in _HEAD or name not in kind.fields:
            continue
        offset = dtype.fields[name][1]  # type: ignore[index]
        plan += _columns_of(kind.fields[name], offset, decimals)
        if name == "instrument" and instruments is not None:
            plan.append(("symbol", _SYMBOL, offset, 4, instruments.words))
    return plan


class Table:
    """Rows as columns. rows: an EventArray, or Events, which are then read chunk by chunk while they are taken.

    decimals: "float" (float64, the nearest to the price) or "e6" (int64 millionths, exact). Raises FormatError.
    """

    def __init__(self, rows: EventArray | Any, decimals: Decimals = "float") -> None:
        if decimals not in ("float", "e6"):
            raise FormatError(f'decimals are "float" or "e6", not {decimals!r}')
        kind = rows.kind
        if kind is None:
            raise FormatError("this array does not say what kind of event its rows are")
        self._rows = rows
        self._kind: Kind = kind
        self._decimals: Decimals = decimals

    def _plan(self, instruments: Instruments | None) -> _Plan:
        return plan_of(self._kind, self._rows.dtype, instruments, self._decimals)

    def _chunks(self) -> Iterable[EventArray]:
        return [self._rows] if isinstance(self._rows, EventArray) else self._rows.chunks()

    def _arrays(self) -> Iterator[object]:
        size = self._rows.dtype.itemsize
        for chunk in self._chunks():
            rows = np.ascontiguousarray(chunk).view(np.ndarray)
            yield _native.arrow_array(self._plan(chunk.instruments), size, rows)

    def __arrow_c_schema__(self) -> object:
        return _native.arrow_schema(self._plan(self._rows.instruments), self._rows.dtype.itemsize)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """All rows as one struct array."""
        rows = self._rows if isinstance(self._rows, EventArray) else self._rows.read()
        return self.__arrow_c_schema__(), next(Table(rows, self._decimals)._arrays())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A stream of struct arrays, each a chunk."""
        return _native.arrow_stream(self.__arrow_c_schema__, self._arrays())

    def to_arrow(self) -> pyarrow.Table:
        """As a pyarrow.Table."""
        import pyarrow as pa

        return pa.table(self)

    def to_polars(self) -> polars.DataFrame:
        """As a polars.DataFrame."""
        import polars as pl

        return pl.DataFrame(self)

    def to_pandas(self) -> pandas.DataFrame:
        """As a pandas.DataFrame (through pyarrow): times are datetime64[ns, UTC], absent numbers NaN."""
        return self.to_arrow().to_pandas()
