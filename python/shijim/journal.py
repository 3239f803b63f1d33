"""Journals: what was recorded, as arrays."""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _native
from .errors import ClosedError, DamageError, FormatError, JournalError
from .frames import Frames
from .instruments import ID_MAX, Instruments
from .layout import KINDS, Kind, kind_of
from .select import _TIME_MAX, _TIME_MIN, Events, Feed, Source, Time, as_ns, as_sources

__all__ = ["Journal", "Segment", "open_journal"]

Path = str | os.PathLike[str]


class Segment(NamedTuple):
    """A file of a journal. Positions are bytes over all of it; times are of receipt, ns UTC, 0 without events."""

    file: str
    ordinal: int
    base: int
    end: int
    size: int
    event_count: int
    first_ns: int
    last_ns: int
    whole: bool
    sealed: bool
    compressed: bool


class _Directory:
    """One journal directory: its instruments, its segments, and how its ids become those of the whole."""

    def __init__(self, path: str) -> None:
        self.path = path
        reader = _native.JournalReader(path)
        try:
            definitions = np.frombuffer(reader.definitions(), KINDS["instrument"].dtype)
        finally:
            reader.close()
        self.instruments = Instruments(definitions, path)
        self.ids: npt.NDArray[np.uint32] | None = None  # new id by id

    def segments(self) -> list[Segment]:
        return [Segment(*row) for row in _native.segments(self.path)]

    def place(self, error: DamageError) -> None:
        """The error knows its place in the journal; a user wants it in the file."""
        error.position = error.offset
        for segment in self.segments():
            if error.file and error.offset is not None and os.path.basename(error.file) == segment.file:
                error.offset = max(error.offset - segment.base, 0)
                return


def _is_journal(path: str) -> bool:
    return any(name.endswith((".seg", ".segz")) for name in os.listdir(path))


def _directories(paths: Path | Iterable[Path]) -> list[str]:
    found = []
    for path in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
        name = os.fspath(path)
        try:
            inside = sorted(os.path.join(name, entry) for entry in os.listdir(name))
            days = [name] if _is_journal(name) else [day for day in inside if os.path.isdir(day) and _is_journal(day)]
        except OSError as error:
            raise JournalError(error.strerror or str(error), name) from None
        if not days:
            raise JournalError("no journal: there is no segment (*.seg) in it, nor in a directory of it", name)
        found += days
    if not found:
        raise JournalError("no journal was named")
    return found


class Journal:
    """One or several journals, read as one. Made by `open_journal`."""

    def __init__(self, directories: list[str], damage: str) -> None:
        if damage not in ("raise", "count"):
            raise FormatError(f'damage is "raise" or "count", not {damage!r}')
        self._directories = [_Directory(path) for path in directories]
        self._keep_going = damage == "count"
        self._closed = False
        self._table = self._join_tables()

    def _join_tables(self) -> Instruments:
        """One table; where journals differ, ids are given anew in the order of the journals."""
        if len(self._directories) == 1:
            return self._directories[0].instruments
        rows: list[np.void] = []
        known: dict[bytes, int] = {}
        for directory in self._directories:
            table = directory.instruments.table
            ids = np.zeros(int(table["instrument"].max()) + 1 if len(table) else 1, np.uint32)
            for row in table:
                code = bytes(row["code"])
                id = known.setdefault(code, len(known) + 1)
                ids[row["instrument"]] = id
                rows.append(row.copy())
                rows[-1]["instrument"] = id
            directory.ids = ids
        joined = np.array(rows, KINDS["instrument"].dtype) if rows else None
        return Instruments(joined)

    def __repr__(self) -> str:
        return f"<Journal: {', '.join(self.paths[:3])}{', ...' if len(self.paths) > 3 else ''}>"

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()

    def close(self) -> None:
        """No more can be asked for. Arrays that were given stay good."""
        self._closed = True

    def _check(self) -> None:
        if self._closed:
            raise ClosedError("the journal is closed", self._directories[0].path)

    @property
    def paths(self) -> list[str]:
        """The journal directories, in the order they are read."""
        return [directory.path for directory in self._directories]

    @property
    def instruments(self) -> Instruments:
        """The instruments defined when the journal was opened."""
        return self._table

    @property
    def segments(self) -> list[Segment]:
        """All files, oldest first, as they are now."""
        self._check()
        return [segment for directory in self._directories for segment in directory.segments()]

    def events(
        self,
        kind: str | Kind = "TICK",
        instruments: str | int | Iterable[str | int] | None = None,
        start: Time | None = None,
        end: Time | None = None,
        source: Source | Iterable[Source] | None = None,
        clock: Literal["recv", "exch"] = "recv",
        columns: Iterable[str] | None = None,
    ) -> Events:
        """Rows of one kind, read when they are used.

        kind: "TICK" (trade), "BIDASK" (book), "quote", "index", "order", "fill", ...: KINDS. instruments: codes, or
        ids of `instruments`. start, end: start <= time < end, ns UTC or what `as_ns` takes, by the `clock` of receipt
        or of the exchange. source: ids or "gateway", "strategy", "convert", ... columns: only these fields, packed.

        Raises FormatError, UnknownInstrumentError (in none of the journals), ClosedError; reading raises JournalError
        and DamageError.
        """
        self._check()
        chosen = kind_of(kind)
        if clock not in ("recv", "exch"):
            raise FormatError(f'clock is "recv" or "exch", not {clock!r}')
        limits = (as_ns(start, _TIME_MIN), as_ns(end, _TIME_MAX))
        sources = as_sources(source)
        ids = None if instruments is None else self._table.ids(instruments)
        if ids is not None and len(ids) and int(ids.max()) >= ID_MAX:
            raise FormatError(f"an instrument's id of {ids.max()}")

        def feeds(pieces: bytes | None) -> Iterator[Feed]:
            for directory in self._directories:
                self._check()
                yield from _feed(directory, self._table, chosen, pieces, ids, limits, sources, clock == "exch")

        return Events(
            chosen, None if columns is None else list(columns), feeds, lambda: self._table, self._keep_going
        )

    def frames(
        self,
        start: Time | None = None,
        end: Time | None = None,
        source: Source | Iterable[Source] | None = None,
        instruments: str | int | Iterable[str | int] | None = None,
    ) -> Iterator[Frames]:
        """Events of all kinds, raw, block by block; in place where the segment is sealed and not compressed.

        A block is given whole when it may hold what was asked for: start and end choose blocks, not events. The ids in
        it are those of its own journal (`Frames.instruments`). Raises as `events` and its reading do.
        """
        self._check()
        limits = (as_ns(start, _TIME_MIN), as_ns(end, _TIME_MAX))
        mask = as_sources(source)
        ids = None if instruments is None else self._table.ids(instruments)
        return self._frames(ids, limits, mask)

    def _frames(
        self, ids: npt.NDArray[np.uint32] | None, limits: tuple[int, int], mask: int
    ) -> Iterator[Frames]:
        for directory in self._directories:
            for feed in _feed(directory, self._table, None, None, ids, limits, mask, False):
                blocks = _Blocks(directory, feed)
                while True:
                    try:
                        block = blocks.next()
                    except DamageError as error:
                        feed.explain(error)
                        if not self._keep_going:
                            raise
                        continue
                    if block is None:
                        break
                    yield Frames(blocks.data(block), directory.instruments, block.src)


def _feed(
    directory: _Directory,
    table: Instruments,
    kind: Kind | None,
    pieces: bytes | None,
    ids: npt.NDArray[np.uint32] | None,
    limits: tuple[int, int],
    sources: int,
    by_exch: bool,
) -> Iterator[Feed]:
    """The directory's part of a selection; nothing when it has none of the instruments."""
    wanted = None
    if ids is not None:
        if directory.ids is not None:
            ids = np.flatnonzero(np.isin(directory.ids, ids)).astype(np.uint32)
        if len(ids) == 0:
            return
        flags = np.zeros(int(ids.max()) + 1, np.uint8)
        flags[ids] = 1
        wanted = flags.tobytes()
    renumber = None if directory.ids is None else directory.ids.tobytes()
    template_id = 0 if kind is None else kind.template_id
    filter = _native.Filter(template_id, pieces, sources, limits[0], limits[1], by_exch, wanted, renumber)
    reader = _native.JournalReader(directory.path)
    try:
        if ids is not None:
            reader.only(ids)
        if limits[0] != _TIME_MIN and not by_exch:
            reader.seek_time(limits[0])
        feed = Feed(reader, filter, table)
        feed.explain = directory.place
        if kind is not None:
            feed.rows_max = sum(segment.end - segment.base for segment in directory.segments()) // kind.size + 1
        feed.views = lambda dtype: _views(directory, feed, dtype)
        yield feed
    finally:
        reader.close()


class _Block(NamedTuple):
    rows: int
    position: int
    size: int
    first: int
    src: int


class _Blocks:
    """The blocks of a feed, and their bytes in place where the segment allows it."""

    def __init__(self, directory: _Directory, feed: Feed) -> None:
        self._reader: Any = feed.reader
        self._filter = feed.filter
        self._path = directory.path
        self._segments = [segment for segment in directory.segments() if segment.whole]
        self._bases = [segment.base for segment in self._segments]
        self._mapped: tuple[str, _native.Mapping] | None = None

    def next(self) -> _Block | None:
        block = self._reader.next(self._filter)
        return None if block is None else _Block(*block)

    def in_place(self, block: _Block) -> memoryview | None:
        """The bytes of the block's frames in the mapped file, or None."""
        index = bisect.bisect_right(self._bases, block.position) - 1
        if index < 0:
            return None
        segment = self._segments[index]
        begin = block.position - segment.base + _native.BLOCK_HEAD_SIZE
        if not segment.sealed or segment.compressed or begin + block.size > segment.size:
            return None
        if self._mapped is None or self._mapped[0] != segment.file:
            try:
                self._mapped = (segment.file, _native.Mapping(os.path.join(self._path, segment.file)))
            except JournalError:
                return None  # compressed or deleted meanwhile; the reader still has it
        whole = memoryview(self._mapped[1])
        return whole[begin : begin + block.size] if begin + block.size <= len(whole) else None

    def data(self, block: _Block) -> memoryview:
        place = self.in_place(block)
        return memoryview(self._reader.block()) if place is None else place


def _views(directory: _Directory, feed: Feed, dtype: np.dtype[np.void]) -> Iterator[npt.NDArray[np.void]]:
    blocks = _Blocks(directory, feed)
    while (block := blocks.next()) is not None:
        place = blocks.in_place(block) if block.first >= 0 and directory.ids is None else None
        if place is not None:
            yield np.frombuffer(place, dtype, block.rows, block.first)
            continue
        out = np.empty(block.rows, dtype)
        count, _ = feed.reader.read(feed.filter, out)
        yield out[:count]


def open_journal(path: Path | Iterable[Path], *, damage: Literal["raise", "count"] = "raise") -> Journal:
    """Opens a journal: a directory of segments, a directory of such directories (days, in the order of their names),
    or several of either. It may be written at the same time; a pass ends where the journal ended when it got there.

    damage: "raise" a DamageError where bytes are not what was written, or "count" it (`Events.damage`) and go on.

    With several journals ids are those of `Journal.instruments`, the same for a code in all of them.

    Raises JournalError.
    """
    return Journal(_directories(path), damage)
