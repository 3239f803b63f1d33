"""What was asked for, read only when it is needed: rows of one kind, by instrument, time and source."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from . import _native
from .arrow import Table
from .errors import DamageError, FormatError
from .instruments import Instruments
from .layout import EventArray, Kind, columns_dtype, event_array

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["Events", "as_ns", "as_sources"]

Time = int | str | datetime.datetime | np.datetime64
Source = int | str

_TIME_MIN, _TIME_MAX = -(2**63), 2**63 - 1
_CHUNK_ROWS = 65536
_READ_SIZE = 1 << 30
_GROUPS = {
    "journal": range(0, 1),
    "gateway": range(1, 6),
    "strategy": range(8, 16),
    "convert": range(32, 33),
    "replay": range(40, 48),
    "user": range(48, 64),
}


def as_ns(time: Time | None, absent: int) -> int:
    """A time as int64 ns UTC: ns as int, datetime64, datetime or ISO text; without a zone it is UTC.

    Raises FormatError.
    """
    if time is None:
        return absent
    try:
        if isinstance(time, (int, np.integer)):
            ns = int(time)
        elif isinstance(time, np.datetime64):
            ns = int(time.astype("datetime64[ns]").astype(np.int64))
        else:
            moment = datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) if isinstance(time, str) else time
            moment = moment.replace(tzinfo=datetime.timezone.utc) if moment.tzinfo is None else moment
            since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
            ns = (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise FormatError(f"no time: {time!r} ({error})") from None
    if not _TIME_MIN <= ns <= _TIME_MAX:
        raise FormatError(f"a time outside of 1677 .. 2262: {time!r}")
    return ns


def as_sources(source: Source | Iterable[Source] | None) -> int:
    """Source ids (0 .. 63) or names of groups ("gateway", "strategy", ...) as a mask of bits. Raises FormatError."""
    if source is None:
        return 2**64 - 1
    mask = 0
    for one in [source] if isinstance(source, (int, str)) else source:
        ids = _GROUPS.get(one) if isinstance(one, str) else range(one, one + 1)
        if ids is None or not all(0 <= id < 64 for id in ids):
            raise FormatError(f"no source {one!r}: 0 .. 63, or one of {', '.join(_GROUPS)}")
        mask |= sum(1 << id for id in ids)
    return mask


class Reader(Protocol):
    def read(self, filter: _native.Filter, out: Any) -> tuple[int, bool]: ...
    def close(self) -> None: ...


class Feed:
    """One journal's or archive's part of a selection."""

    def __init__(self, reader: Reader, filter: _native.Filter, instruments: Instruments) -> None:
        self.reader = reader
        self.filter = filter
        self.instruments = instruments
        self.rows_max = 0  # there cannot be more; 0: not known
        self.explain: Callable[[DamageError], None] = lambda error: None
        self.views: Callable[[np.dtype[np.void]], Iterator[npt.NDArray[np.void]]] | None = None


class Events:
    """Rows of one kind, not read yet. Each use reads anew, with readers of its own, so threads may share it.

    Iterating gives chunks (`chunks()`); `read()` all at once; `views()` without a copy where that is possible; NumPy,
    Arrow, Polars and pandas take it as it is. damage: the DamageErrors of the latest pass with `damage="count"`.
    """

    def __init__(
        self,
        kind: Kind,
        columns: list[str] | None,
        feeds: Callable[[bytes | None], Iterator[Feed]],
        instruments: Callable[[], Instruments],
        keep_going: bool,
    ) -> None:
        self.kind = kind
        self.dtype = kind.dtype
        self._pieces: bytes | None = None
        if columns is not None:
            self.dtype, self._pieces = columns_dtype(kind, columns)
        self._feeds = feeds
        self._instruments = instruments
        self._keep_going = keep_going
        self.damage: list[DamageError] = []

    def __repr__(self) -> str:
        return f"<Events: {self.kind.name}, rows of {self.dtype.itemsize} bytes, not read yet>"

    @property
    def instruments(self) -> Instruments:
        """The table that the rows' ids refer to."""
        return self._instruments()

    def _note(self, feed: Feed, error: DamageError) -> None:
        feed.explain(error)
        if not self._keep_going:
            raise error
        self.damage.append(error)

    def _fill(self, feed: Feed, out: npt.NDArray[np.void]) -> tuple[int, bool]:
        """Rows read into `out` until it is full or the feed is at its end."""
        count, ended = 0, False
        while count < len(out) and not ended:
            try:
                more, ended = feed.reader.read(feed.filter, out[count:])
                count += more
            except DamageError as error:
                self._note(feed, error)
        return count, ended

    def read_into(self, out: npt.NDArray[np.void]) -> Iterator[EventArray]:
        """Fills the caller's array again and again: each turn gives the filled part of it, the next one overwrites it.

        out: shape (n,), dtype `self.dtype`, contiguous, writable. Memory is bounded by it. Raises FormatError,
        JournalError, DamageError.
        """
        if not isinstance(out, np.ndarray) or out.dtype != self.dtype or out.ndim != 1 or len(out) == 0:
            raise FormatError("out must be an array of shape (n,), n > 0, with the dtype of these events")
        if not out.flags.c_contiguous or not out.flags.writeable:
            raise FormatError("out must be contiguous and writable")
        self.damage = []
        for feed in self._feeds(self._pieces):
            ended = False
            while not ended:
                count, ended = self._fill(feed, out)
                if count:
                    yield event_array(out[:count], self.kind, feed.instruments)

    def chunks(self, rows: int = _CHUNK_ROWS) -> Iterator[EventArray]:
        """Arrays of at most `rows` rows, in order; each is a copy of its own and the caller's to keep.

        Raises JournalError, DamageError.
        """
        if rows <= 0:
            raise FormatError(f"chunks of {rows} rows")
        self.damage = []
        for feed in self._feeds(self._pieces):
            ended = False
            while not ended:
                out = np.empty(rows, self.dtype)
                count, ended = self._fill(feed, out)
                if count:
                    # A few rows should not keep the room for many.
                    part = out[:count] if count >= rows // 2 else out[:count].copy()
                    yield event_array(part, self.kind, feed.instruments)

    def __iter__(self) -> Iterator[EventArray]:
        return self.chunks()

    def views(self) -> Iterator[EventArray]:
        """All rows, in order, block by block (at most 128 KiB each), in place where they lie.

        Where a block's rows that pass lie back to back in a sealed, uncompressed segment, the array is a read-only view
        of the mapped file, which stays mapped while the array lives. Elsewhere (other kinds lie between them; the
        segment is compressed or still written; several journals, whose ids are given anew; no journal) it is a copy.
        `array.flags.writeable` tells: a view is not.
        Only whole rows: not with `columns`. Raises FormatError, JournalError, DamageError.
        """
        if self._pieces is not None:
            raise FormatError("views are of whole rows; leave `columns` out")
        self.damage = []
        for feed in self._feeds(None):
            parts = feed.views(self.dtype) if feed.views else None
            while True:
                try:
                    if parts is None:
                        yield from self._copies(feed)
                        break
                    part = next(parts, None)
                except DamageError as error:
                    # The generator has ended by raising; the reader goes on behind the damage.
                    self._note(feed, error)
                    parts = feed.views(self.dtype) if feed.views else None
                    continue
                if part is None:
                    break
                yield event_array(part, self.kind, feed.instruments)

    def _copies(self, feed: Feed) -> Iterator[EventArray]:
        ended = False
        while not ended:
            out = np.empty(_CHUNK_ROWS, self.dtype)
            count, ended = self._fill(feed, out)
            if count:
                yield event_array(out[:count], self.kind, feed.instruments)

    def read(self) -> EventArray:
        """All rows as one array, shape (n,): a copy, made in one pass. Ids refer to `instruments`.

        Raises JournalError, DamageError, MemoryError.
        """
        self.damage = []
        out = np.empty(_CHUNK_ROWS, self.dtype)
        used = 0
        for feed in self._feeds(self._pieces):
            if used == 0 and feed.rows_max > len(out):
                # Address space: what is never written to takes no memory, and growing would write everything twice.
                out = np.empty(min(feed.rows_max, _READ_SIZE // self.dtype.itemsize), self.dtype)
            ended = False
            while not ended:
                if used == len(out):
                    out.resize(len(out) * 2, refcheck=False)
                count, ended = self._fill(feed, out[used:])
                used += count
        out.resize(used, refcheck=False)
        return event_array(out, self.kind, self.instruments)

    def count(self) -> int:
        """How many rows there are: a pass that keeps none."""
        out = np.empty(4096, self.dtype)
        return sum(len(chunk) for chunk in self.read_into(out))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("a selection is read by copying; use views() for what lies in place")
        array = self.read().view(np.ndarray)
        return array if dtype is None else array.astype(dtype)

    def table(self, decimals: Literal["float", "e6"] = "float") -> Table:
        """As columns (`Table`). decimals: "float", or "e6" for exact millionths."""
        return Table(self, decimals)

    def __arrow_c_schema__(self) -> object:
        return Table(self).__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return Table(self).__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> pyarrow.Table:
        """All rows as a pyarrow.Table. Raises as `read`."""
        return Table(self).to_arrow()

    def to_polars(self) -> polars.DataFrame:
        """All rows as a polars.DataFrame. Raises as `read`."""
        return Table(self).to_polars()

    def to_pandas(self) -> pandas.DataFrame:
        """All rows as a pandas.DataFrame. Raises as `read`."""
        return Table(self).to_pandas()
