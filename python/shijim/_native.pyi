"""The C core. Buffers are contiguous; sizes are checked. Errors are those of shijim.errors."""

from os import PathLike
from typing import Any, final

version: str
BLOCK_HEAD_SIZE: int

_Path = str | bytes | PathLike[str]

def layouts() -> list[tuple[str, int, int, list[tuple[str, str, int, int, int, list[str]]]]]: ...
@final
class Filter:
    """Which frames become rows, and what of them. `pieces`: uint16 triples (from, to, size); None: whole frames."""

    def __new__(
        cls,
        template_id: int,
        pieces: bytes | None = None,
        sources: int = ...,
        start: int = ...,
        end: int = ...,
        by_exch: bool = False,
        wanted: bytes | None = None,
        ids: bytes | None = None,
        /,
    ) -> Filter: ...

def gather(data: Any, filter: Filter, out: Any, /) -> tuple[int, int]:
    """Rows of the frames in `data`, written to `out`. Returns rows, and bytes of `data` that were looked at."""

def offsets(data: Any, out: Any, /) -> int:
    """Where frames begin, as uint32 in `out` (None: only count)."""

@final
class Mapping:
    """A file, mapped read-only; a buffer."""

    torn: bool
    def __new__(cls, path: _Path, /) -> Mapping: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class JournalReader:
    def __new__(cls, dir: _Path, durable_only: bool = False, repeats: bool = False, /) -> JournalReader: ...
    def read(self, filter: Filter, out: Any, /) -> tuple[int, bool]:
        """Fills `out`. Returns rows, and whether the journal's end was reached. Releases the GIL."""

    def next(self, filter: Filter, /) -> tuple[int, int, int, int, int] | None:
        """The next block of which something passes: rows, position, bytes, offset of the first row or -1, source."""

    def block(self) -> bytes:
        """The frames of that block."""

    def definitions(self) -> bytes: ...
    def seek(self, position: int, /) -> None: ...
    def seek_time(self, time_ns: int, /) -> None: ...
    def only(self, ids: Any, /) -> None: ...
    def close(self) -> None: ...

def segments(dir: _Path, /) -> list[tuple[str, int, int, int, int, int, int, int, bool, bool, bool]]: ...
def decode_bbo(payload: Any, /) -> tuple[int, int, float, float, int, int, int, int]: ...
def decode_bbo_many(data: Any, offsets: Any, out: Any, /) -> int: ...
@final
class BusReader:
    def __new__(cls, dir: str | None, name: str, reader_name: str, from_seq: int, /) -> BusReader: ...
    def poll(self, filter: Filter, out: Any, /) -> tuple[int, int, bool]:
        """Frames that pass, copied to `out`: how many, bytes, and whether the producer has closed."""

    def wait(self, timeout_ns: int, /) -> bool: ...
    def lost(self, topic: int, /) -> int: ...
    def place(self) -> tuple[int, int]: ...
    def close(self) -> None: ...

@final
class BusProducer:
    def __new__(cls, dir: str | None, name: str, source: int, size: int, topics: int, /) -> BusProducer: ...
    def publish(self, frames: Any, /) -> int: ...
    def close(self) -> None: ...

def rings(dir: str | None, /) -> list[str]: ...
def ring(dir: str | None, name: str, /) -> tuple[int, int, bool, bool, int, int, int]: ...
