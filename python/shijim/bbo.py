"""Best bid and offer straight out of payloads, without an object for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import _native
from .errors import FormatError
from .frames import Frames
from .layout import KINDS

__all__ = ["BBO", "decode_bbo", "decode_bbo_many"]

BBO: np.dtype[np.void] = np.dtype(
    [
        ("exch_ns", "<i8"),
        ("recv_ns", "<i8"),
        ("bid", "<f8"),
        ("ask", "<f8"),
        ("bid_volume", "<u4"),
        ("ask_volume", "<u4"),
        ("instrument", "<u4"),
        ("flags", "<u4"),
    ]
)
"""A row of `decode_bbo_many`: times in ns UTC, prices in the instrument's unit (NaN: no such side), volumes in lots."""


def decode_bbo(payload: Any) -> tuple[int, int, float, float, int, int, int, int]:
    """(exch_ns, recv_ns, bid, ask, bid_volume, ask_volume, instrument, flags) of one book or quote.

    payload: bytes-like; a frame as the bus and the journal have it, or the SBE message alone. Raises FormatError.
    """
    return _native.decode_bbo(payload)


def decode_bbo_many(
    data: Any, offsets: npt.ArrayLike | None = None, out: npt.NDArray[np.void] | None = None
) -> npt.NDArray[np.void]:
    """The same of many, as an array of dtype BBO, shape (n,); the GIL is released.

    data: bytes-like, with payloads at `offsets` (integers, shape (n,)), or Frames, of which all books and quotes are
    taken when there are no offsets. out: an array of dtype BBO with n rows or more to write to; the filled part is
    returned.

    Raises FormatError: it names the offset at which there is no book and no quote.
    """
    if isinstance(data, Frames):
        frames, data = data, data.data
        if offsets is None:
            wanted = [KINDS["book"].template_id, KINDS["quote"].template_id]
            offsets = frames.offsets[np.isin(frames.template_id, wanted)]
    if offsets is None:
        return decode_bbo_many(Frames(data), None, out)
    at = np.asarray(offsets)
    if at.ndim != 1 or (len(at) and at.dtype.kind not in "iu"):
        raise FormatError("offsets must be integers, shape (n,)")
    at = np.ascontiguousarray(at, dtype=np.int64)
    if out is None:
        out = np.empty(len(at), BBO)
    elif not isinstance(out, np.ndarray) or out.dtype != BBO or out.ndim != 1 or not out.flags.c_contiguous:
        raise FormatError("out must be a contiguous array of dtype BBO, shape (n,)")
    return out[: _native.decode_bbo_many(data, at, out)]
