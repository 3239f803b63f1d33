"""Frames of mixed kinds: raw bytes with an index."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import _native
from .instruments import Instruments
from .layout import EventArray, Kind, event_array, kind_of

__all__ = ["Frames"]

_HEAD = np.dtype(
    {
        "names": ["seq", "block_length", "template_id", "instrument", "flags"],
        "formats": ["<u8", "<u2", "<u2", "<u4", "<u4"],
        "offsets": [0, 8, 10, 16, 20],
        "itemsize": 24,
    }
)


class Frames:
    """Events as they lie, back to back, of one source.

    data: uint8, shape (bytes,), a view of whatever they lie in (read-only in a journal). instruments: the table its ids
    refer to, or None. source: who published.
    """

    def __init__(self, data: Any, instruments: Instruments | None = None, source: int | None = None) -> None:
        self.data: npt.NDArray[np.uint8] = np.frombuffer(data, np.uint8)
        self.instruments = instruments
        self.source = source
        self._offsets: npt.NDArray[np.uint32] | None = None

    @property
    def offsets(self) -> npt.NDArray[np.uint32]:
        """Where each frame begins in `data`, uint32, shape (n,). Bytes that are no frame end it."""
        if self._offsets is None:
            self._offsets = np.empty(_native.offsets(self.data, None), np.uint32)
            _native.offsets(self.data, self._offsets)
        return self._offsets

    def __len__(self) -> int:
        return len(self.offsets)

    def _head(self, name: str) -> npt.NDArray[Any]:
        format, offset = _HEAD.fields[name][:2]  # type: ignore[index]
        at = self.offsets[:, None] + np.arange(offset, offset + format.itemsize, dtype=np.uint32)
        return self.data[at].view(format).reshape(-1)

    @property
    def seq(self) -> npt.NDArray[np.uint64]:
        """Sequences, shape (n,). A copy."""
        return self._head("seq")

    @property
    def template_id(self) -> npt.NDArray[np.uint16]:
        """Kinds as template ids (`KINDS[name].template_id`), shape (n,). A copy."""
        return self._head("template_id")

    @property
    def instrument(self) -> npt.NDArray[np.uint32]:
        """Instrument ids, shape (n,). A copy."""
        return self._head("instrument")

    def of(self, kind: str | Kind = "TICK") -> EventArray:
        """The events of one kind, shape (n,), in order: a copy. Raises FormatError for an unknown kind."""
        chosen = kind_of(kind)
        out = np.empty(int(np.count_nonzero(self.template_id == chosen.template_id)), chosen.dtype)
        count, _ = _native.gather(self.data, _native.Filter(chosen.template_id), out)
        return event_array(out[:count], chosen, self.instruments)
