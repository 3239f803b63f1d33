"""JSONL archives of the original system, as the same arrays as a journal's."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import numpy as np

from . import _native
from .errors import FormatError
from .instruments import Instruments
from .layout import KINDS, Kind, kind_of
from .select import _TIME_MAX, _TIME_MIN, Events, Feed, Time, as_ns

__all__ = ["Archive", "Reject", "open_jsonl"]

Path = str | os.PathLike[str]


class Reject(NamedTuple):
    """A line that was not taken. line: counts from 1. offset: of its first byte. text: its first 200 bytes."""

    file: str
    line: int
    offset: int
    reason: str
    text: str


class _ArchiveFeed(Feed):
    """Learns instruments while it reads."""

    def __init__(self, archive: Archive, reader: _native.JsonlReader, filter: _native.Filter) -> None:
        self._archive = archive
        super().__init__(reader, filter, archive.instruments)

    @property
    def instruments(self) -> Instruments:
        return self._archive._learn(self.reader)

    @instruments.setter
    def instruments(self, ignored: Instruments) -> None:
        pass


class Archive:
    """Files of lines, read as one. Made by `open_jsonl`.

    instruments: those met so far; ids count from 1 in the order of first sight, the same in each pass. rejected: lines
    not taken in the latest pass that ended, by reason; rejects: the first 1,000 of them.
    """

    def __init__(self, paths: list[str], mend_times: bool, strict: bool, damage: str) -> None:
        if damage not in ("raise", "count"):
            raise FormatError(f'damage is "raise" or "count", not {damage!r}')
        self.paths = paths
        self._mend_times = mend_times
        self._strict = strict
        self._keep_going = damage == "count"
        self.instruments = Instruments()
        self.rejected: dict[str, int] = {}
        self.rejects: list[Reject] = []
        _native.JsonlReader(paths, None, mend_times, strict).close()  # what cannot be opened is told now

    def __repr__(self) -> str:
        return f"<Archive: {', '.join(self.paths[:3])}{', ...' if len(self.paths) > 3 else ''}>"

    def _learn(self, reader: object) -> Instruments:
        if isinstance(reader, _native.JsonlReader) and reader.instrument_count > len(self.instruments):
            self.instruments = Instruments(np.frombuffer(reader.definitions(), KINDS["instrument"].dtype))
        return self.instruments

    def events(
        self,
        kind: str | Kind = "TICK",
        instruments: str | Iterable[str] | None = None,
        start: Time | None = None,
        end: Time | None = None,
        clock: Literal["recv", "exch"] = "recv",
        columns: Iterable[str] | None = None,
    ) -> Events:
        """Rows of one kind, read when they are used: as `Journal.events`.

        kind: "TICK" or "BIDASK". instruments: codes; one that does not occur has no rows. Where lines have no time of
        receipt it is the exchange's. Raises FormatError; reading raises RejectError (`strict`), FormatError,
        DamageError (a compressed file that ends early).
        """
        chosen = kind_of(kind)
        if clock not in ("recv", "exch"):
            raise FormatError(f'clock is "recv" or "exch", not {clock!r}')
        codes = None if instruments is None else [instruments] if isinstance(instruments, str) else list(instruments)
        if codes is not None and not all(isinstance(code, str) for code in codes):
            raise FormatError("instruments of an archive are chosen by code")
        limits = (as_ns(start, _TIME_MIN), as_ns(end, _TIME_MAX))

        def feeds(pieces: bytes | None) -> Iterator[Feed]:
            reader = _native.JsonlReader(self.paths, codes, self._mend_times, self._strict)
            try:
                filter = _native.Filter(chosen.template_id, pieces, 2**64 - 1, *limits, clock == "exch")
                yield _ArchiveFeed(self, reader, filter)
            finally:
                self._learn(reader)
                self.rejected, rejects = reader.rejects()
                self.rejects = [Reject(*row) for row in rejects]
                reader.close()

        return Events(
            chosen, None if columns is None else list(columns), feeds, lambda: self.instruments, self._keep_going
        )


def open_jsonl(
    path: Path | Iterable[Path],
    *,
    mend_times: bool = False,
    strict: bool = False,
    damage: Literal["raise", "count"] = "raise",
) -> Archive:
    """Opens archives of the original recorder (MD_TICK, MD_BOOK, normalised events), plain, gzip or zstd, in order.

    mend_times: times are Taipei's, taken for UTC through a float: mend them. strict: the first line that cannot be
    taken is a RejectError with file, offset and line; else such lines are counted (`Archive.rejected`). damage: "raise"
    a DamageError where a compressed file ends early, or "count" it. Raises FormatError.
    """
    paths = [path] if isinstance(path, (str, os.PathLike)) else list(path)
    if not paths:
        raise FormatError("no archive was named")
    return Archive([os.fspath(one) for one in paths], mend_times, strict, damage)
