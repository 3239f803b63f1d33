"""The recorded day of Taiwan's markets in NumPy."""

from . import _native, errors
from .arrow import Table
from .bbo import BBO, decode_bbo, decode_bbo_many
from .errors import *  # noqa: F403
from .frames import Frames
from .instruments import Instruments
from .journal import Journal, Segment, open_journal
from .jsonl import Archive, Reject, open_jsonl
from .layout import KINDS, EventArray, Kind, as_price, as_time, event_array
from .live import Live, Publisher, Ring, attach, rings
from .select import Events, as_ns

__version__: str = _native.version

__all__ = [
    "BBO",
    "KINDS",
    "Archive",
    "EventArray",
    "Events",
    "Frames",
    "Instruments",
    "Journal",
    "Kind",
    "Live",
    "Publisher",
    "Reject",
    "Ring",
    "Segment",
    "Table",
    "as_ns",
    "as_price",
    "as_time",
    "attach",
    "decode_bbo",
    "decode_bbo_many",
    "event_array",
    "open_journal",
    "open_jsonl",
    "rings",
]
__all__ += errors.__all__
