"""Instruments by id and by code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from .errors import UnknownInstrumentError
from .layout import KINDS, EventArray, event_array

__all__ = ["Instruments"]

ID_MAX = 1 << 20
"""Ids beyond it are not of a journal of ours: they are left unresolved."""


def text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


class Instruments:
    """A table of instruments; as a mapping, code -> definition (a row of kind "instrument").

    table: EventArray of definitions, the latest of each, by id. Ids count from 1.
    """

    def __init__(self, definitions: npt.NDArray[np.void] | None = None, where: str | None = None) -> None:
        kind = KINDS["instrument"]
        rows = np.zeros(0, kind.dtype) if definitions is None else np.asarray(definitions)
        rows = rows[(rows["instrument"] > 0) & (rows["instrument"] < ID_MAX)]
        # np.unique keeps the first of equal ids; the latest definition is wanted.
        ids, first = np.unique(rows["instrument"][::-1], return_index=True)
        rows = rows[::-1][first]
        self._where = where
        self.table: EventArray = event_array(rows, kind, self)
        self._codes = np.zeros((int(ids[-1]) if len(ids) else 0) + 1, "U16")
        self._codes[ids] = [text_of(code) for code in rows["code"]]
        self._words: list[str] | None = None
        self._by_code: dict[str, int] = {}
        self._row: dict[int, int] = {}
        for row, id in enumerate(ids.tolist()):
            self._by_code.setdefault(str(self._codes[id]), id)
            self._row[id] = row

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def __getitem__(self, code: str) -> np.void:
        row: np.void = self.table[self._row[self.id(code)]]
        return row

    def __repr__(self) -> str:
        codes = ", ".join(list(self)[:5])
        return f"<Instruments: {len(self)}{': ' if codes else ''}{codes}{', ...' if len(self) > 5 else ''}>"

    def id(self, code: str | int) -> int:
        """The id of a code; an int is one already. Raises UnknownInstrumentError."""
        if isinstance(code, (int, np.integer)):
            return int(code)
        id = self._by_code.get(str(code))
        if id is None:
            raise UnknownInstrumentError(f"no instrument {code!r}", self._where)
        return id

    def ids(self, codes: str | int | Iterable[str | int]) -> npt.NDArray[np.uint32]:
        """The ids of codes, shape (n,). Raises UnknownInstrumentError."""
        many = [codes] if isinstance(codes, (str, int, np.integer)) else list(codes)
        return np.array([self.id(code) for code in many], dtype=np.uint32)

    @property
    def words(self) -> list[str]:
        """The codes by id, "" for ids without one; [0] is none's."""
        if self._words is None:
            self._words = [str(code) for code in self._codes]
        return self._words

    def code(self, id: int) -> str:
        """The code of an id, "" for none."""
        return str(self._codes[id]) if 0 < id < len(self._codes) else ""

    def codes(self, ids: npt.ArrayLike) -> npt.NDArray[np.str_]:
        """The codes of ids, shape as `ids`, "" for ids without one. A copy."""
        raw = np.asarray(ids, dtype=np.uint32)
        codes: npt.NDArray[np.str_] = self._codes[np.where(raw < len(self._codes), raw, 0)]
        return codes
