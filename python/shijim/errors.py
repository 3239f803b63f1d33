"""What can go wrong. Every error names what it is about: `file`, `offset` (bytes), `reason`."""

from __future__ import annotations

__all__ = [
    "BusyError",
    "ClosedError",
    "DamageError",
    "FormatError",
    "JournalError",
    "LiveError",
    "RejectError",
    "ShijimError",
    "UnknownInstrumentError",
]


class ShijimError(Exception):
    """The base of all errors of this package.

    reason: what is wrong, in a sentence. file: the file or directory, or None. offset: the byte in it, or None.
    """

    def __init__(self, reason: str, file: str | None = None, offset: int | None = None) -> None:
        super().__init__(reason, file, offset)
        self.reason = reason
        self.file = file
        self.offset = offset

    def __str__(self) -> str:
        place = "" if self.file is None else self.file
        if self.offset is not None:
            place += f"{' at ' if place else ''}byte {self.offset}"
        return f"{place}: {self.reason}" if place else self.reason


class JournalError(ShijimError, OSError):
    """A journal cannot be opened or read."""


class DamageError(JournalError):
    """Bytes of a journal are not what was written.

    What is lost stands in `reason`; reading goes on behind it with `damage="count"`. position: where, in the journal.
    """

    position: int | None = None


class FormatError(ShijimError, ValueError):
    """Bytes, an array or a file are not of the form that was expected."""


class RejectError(FormatError):
    """A line of an archive could not be taken, and `strict` was asked for."""


class UnknownInstrumentError(ShijimError, KeyError):
    """No instrument of that code."""

    __str__ = ShijimError.__str__


class LiveError(ShijimError, OSError):
    """A ring of the bus cannot be attached to, or read."""


class ClosedError(ShijimError, ValueError):
    """Used after close."""


class BusyError(ShijimError, RuntimeError):
    """Another thread is at work with the same object."""
