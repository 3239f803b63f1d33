"""The recorded day of Taiwan's markets in NumPy."""

from . import _native, errors
from .errors import *  # noqa: F403
from .frames import Frames
from .instruments import Instruments
from .journal import Journal, Segment, open_journal
from .layout import KINDS, EventArray, Kind, as_price, as_time
from .select import Events, as_ns

__version__: str = _native.version

__all__ = [
    "KINDS",
    "EventArray",
    "Events",
    "Frames",
    "Instruments",
    "Journal",
    "Kind",
    "Segment",
    "as_ns",
    "as_price",
    "as_time",
    "open_journal",
]
__all__ += errors.__all__
