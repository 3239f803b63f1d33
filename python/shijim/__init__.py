"""The recorded day of Taiwan's markets in NumPy."""

from . import errors, indicators
from .errors import *  # noqa: F403
from .indicators import backend

try:
    from . import _native
except ImportError as error:
    # Without the C core (another CPU, no wheel) the indicators are there, and whatever else is asked for says why not.
    _why = str(error)

    def __getattr__(name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(f"shijim.{name} needs the C core, which cannot be loaded: {_why}")

    __all__ = ["backend", "indicators"]
else:
    from .arrow import Table
    from .bbo import BBO, decode_bbo, decode_bbo_many
    from .frames import Frames
    from .instruments import Instruments
    from .journal import Journal, Segment, open_journal
    from .jsonl import Archive, Reject, open_jsonl
    from .layout import KINDS, EventArray, Kind, as_price, as_time, event_array
    from .live import Live, Publisher, Ring, attach, rings
    from .select import Events, as_ns
    from .strategy import Order, Strategy

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
        "Order",
        "Publisher",
        "Reject",
        "Ring",
        "Segment",
        "Strategy",
        "Table",
        "as_ns",
        "as_price",
        "as_time",
        "attach",
        "backend",
        "decode_bbo",
        "decode_bbo_many",
        "event_array",
        "indicators",
        "open_journal",
        "open_jsonl",
        "rings",
    ]
__all__ += errors.__all__
