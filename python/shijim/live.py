"""The live bus: read what is published now, and publish."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _native
from .errors import FormatError, LiveError
from .frames import Frames
from .instruments import ID_MAX, Instruments
from .journal import open_journal
from .layout import EventArray, Kind, event_array, kind_of
from .select import _TIME_MAX, _TIME_MIN

__all__ = ["Live", "Publisher", "Ring", "attach", "rings"]

_EVENT_SIZE_MAX = 512
_ROWS_MIN = 16


class Ring(NamedTuple):
    """A ring of the bus. last_seq: the sequence of the last event published. readers: how many are attached."""

    name: str
    source: int
    pid: int
    alive: bool
    closed: bool
    size: int
    last_seq: int
    readers: int


def rings(dir: str | os.PathLike[str] | None = None) -> list[Ring]:
    """The rings in a directory (None: /dev/shm/shijim-UID, where the program has them), by name. Raises LiveError."""
    folder = None if dir is None else os.fspath(dir)
    return [Ring(name, *_native.ring(folder, name)) for name in sorted(_native.rings(folder))]


def _find(ring: str | os.PathLike[str]) -> tuple[str | None, str]:
    """Directory and name: of a name, the path of a ring, or a directory that has one ring."""
    path = os.fspath(ring)
    if os.sep not in path:
        return None, path
    if not os.path.isdir(path):
        return os.path.dirname(path), os.path.basename(path)
    names = _native.rings(path)
    if len(names) != 1:
        raise LiveError(f"there are {len(names)} rings here ({', '.join(sorted(names))}); name one", path)
    return path, names[0]


class Live:
    """A lossy reader of one ring: it never holds the producer up. Made by `attach`.

    instruments: the table its ids refer to, where a journal was given, else None.
    """

    def __init__(
        self,
        ring: str | os.PathLike[str],
        kind: Kind | None,
        instruments: Iterable[str | int] | None,
        journal: str | os.PathLike[str] | None,
        from_seq: int,
    ) -> None:
        self.kind = kind
        self.instruments: Instruments | None = None
        if journal is not None:
            with open_journal(journal) as opened:
                self.instruments = opened.instruments
        dir, self.name = _find(ring)
        self._filter = _native.Filter(
            0 if kind is None else kind.template_id,
            None,
            2**64 - 1,
            _TIME_MIN,
            _TIME_MAX,
            False,
            self._wanted(instruments),
        )
        self._reader = _native.BusReader(dir, self.name, f"python-{os.getpid()}", from_seq)
        self.closed = False

    def _wanted(self, instruments: Iterable[str | int] | None) -> bytes | None:
        if instruments is None:
            return None
        ids = (self.instruments or Instruments()).ids(instruments)
        if len(ids) and int(ids.max()) >= ID_MAX:
            raise FormatError(f"an instrument's id of {ids.max()}")
        flags = np.zeros(int(ids.max()) + 1 if len(ids) else 1, np.uint8)
        flags[ids] = 1
        return flags.tobytes()

    def poll(self, max_events: int = 4096, timeout: float = 0.0) -> EventArray | Frames:
        """What was published since the last poll, at most about `max_events`, in order: a copy.

        An EventArray where a kind was chosen, shape (n,), else Frames; empty when there is nothing within `timeout`
        seconds. The GIL is released, and Ctrl-C ends a wait. `closed` is true when the producer has ended and all is
        read. Raises LiveError, ClosedError, BusyError.
        """
        if max_events <= 0:
            raise FormatError(f"a poll of {max_events} events")
        if timeout > 0 and not self.closed:
            self._reader.wait(int(min(timeout, 10**9) * 1e9))
        if self.kind is None:
            room = np.empty(max(max_events, _ROWS_MIN) * _EVENT_SIZE_MAX, np.uint8)
            _, used, self.closed = self._reader.poll(self._filter, room)
            return Frames(room[:used].copy(), self.instruments, self.source)
        rows = np.empty(max(max_events, _ROWS_MIN), self.kind.dtype)
        count, _, self.closed = self._reader.poll(self._filter, rows)
        return event_array(rows[:count], self.kind, self.instruments)

    def __iter__(self) -> Iterator[EventArray | Frames]:
        """Polls that have something, until the producer ends."""
        while not self.closed:
            batch = self.poll(timeout=1.0)
            if len(batch):
                yield batch

    @property
    def lost(self) -> int:
        """Events that were overwritten before they were read, since attaching."""
        return self._reader.lost(-1)

    def lost_of(self, instrument: str | int) -> int:
        """The same of one instrument."""
        return self._reader.lost((self.instruments or Instruments()).id(instrument))

    @property
    def source(self) -> int:
        """The id of who publishes."""
        return self._reader.place()[0]

    @property
    def next_seq(self) -> int:
        """The sequence of the next event to read."""
        return self._reader.place()[1]

    def close(self) -> None:
        """Detaches. What was polled stays good."""
        self._reader.close()

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()


def attach(
    ring: str | os.PathLike[str],
    kind: str | Kind | None = None,
    *,
    instruments: Iterable[str | int] | None = None,
    journal: str | os.PathLike[str] | None = None,
    from_seq: int = 0,
) -> Live:
    """Attaches to a ring as a reader that may be lapped.

    ring: a name ("gateway1"; `rings()` lists them), a path, or a directory with one ring. kind: only this kind, as
    structured arrays. instruments: only these, codes (then a journal must say their ids) or ids. from_seq: 0 the next
    one to come, 1 the oldest there is. Raises LiveError, FormatError, UnknownInstrumentError.
    """
    chosen = None if kind is None else kind_of(kind)
    return Live(ring, chosen, instruments, journal, from_seq)


class Publisher:
    """A ring of one's own, for readers of this and other processes. source: 48 .. 63 are for users.

    dir: None where the program has its rings. size: of the ring, a power of two. topics: instrument ids are below it.
    Raises LiveError.
    """

    def __init__(
        self,
        name: str,
        *,
        source: int = 48,
        dir: str | os.PathLike[str] | None = None,
        size: int = 1 << 22,
        topics: int = 65536,
    ) -> None:
        if not (0 <= source < 64 and 0 < size < 2**40 and 0 < topics <= ID_MAX):
            raise FormatError("a ring takes a source of 0 .. 63, a size, and topics")
        self._producer = _native.BusProducer(None if dir is None else os.fspath(dir), name, source, size, topics)

    def publish(self, events: npt.NDArray[Any] | Frames | bytes) -> int:
        """Publishes whole rows (an EventArray of `read()`, Frames, or bytes of frames), all or none.

        Returns the last one's sequence (they are numbered here). Raises LiveError, FormatError, ClosedError.
        """
        data: Any = events.data if isinstance(events, Frames) else events
        if isinstance(data, np.ndarray):
            data = np.ascontiguousarray(data).view(np.ndarray)
        return self._producer.publish(data)

    def close(self) -> None:
        """Ends the ring; readers learn of it when they have read all."""
        self._producer.close()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()
