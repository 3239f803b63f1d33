"""A strategy in a process of its own: reads the market from the bus, asks for orders, and learns what became of them.

The running `shijim run` checks every intent as it checks those of its own strategies (instruments, limits, risk, the
kill switch), sends what passes and answers each by a verdict. Its configuration names the strategy:

    strategies:
      mine:
        use: process
        source: 48            # its events in the journal; 48 .. 63, each strategy its own
        instruments: [TXFL6]

    class Mine(shijim.Strategy):
        def on_book(self, book):
            if not self.orders:
                self.buy("TXFL6", 1, shijim.as_price(book["bid_price_e6"][0]))

    Mine("mine", journal="/var/lib/shijim/journal").run()

When the process ends, falls silent for longer than `silence` (2 s unless configured: each turn of the loop is a sign of
life) or is killed, its orders are cancelled, or kept where the configuration says `on_end: keep`; then the next process
of that name is told them at its start.

Units    prices: of the instrument's own unit, as float, int, str or Decimal, exact to a millionth; quantities: lots
         (shares for odd lots); positions: signed.
Threads  one: everything of a strategy belongs to the thread that runs it. `stop` is for any, and for signals.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np

from . import _native
from .errors import ClosedError, LiveError
from .frames import Frames
from .instruments import Instruments
from .journal import open_journal
from .layout import KINDS, NULL_I64, event_array
from .live import Live, attach, rings

__all__ = ["Order", "Strategy"]

_TOPICS = 16384  # instruments of a ring that shijim has made
_STATES = (
    "none",
    "pending",
    "working",
    "partial",
    "cancelling",
    "unknown",
    "filled",
    "cancelled",
    "rejected",
    "refused",
)
_ENDED = frozenset(_STATES[6:])
_PLACE, _CANCEL, _PRICE, _QUANTITY = 1, 2, 3, 4
_STOP, _START, _ARM, _DISARM = 12, 1, 7, 6
_BY_DEAD_MAN = 6
_SIDES = {"buy": 1, "sell": 2}
_PRICE_TYPES = {"LMT": 1, "MKT": 2, "MKP": 3}
_TIFS = {"ROD": 1, "IOC": 2, "FOK": 3}
_MARKET = {
    kind.template_id: f"on_{name}" for name, kind in KINDS.items() if name in ("trade", "book", "quote", "index")
}
_BEAT_S = 0.1


def _price_e6(price: float | int | str | Decimal | None) -> int:
    if price is None:
        return NULL_I64
    exact = Decimal(str(price)) * 1_000_000
    if not exact.is_finite() or exact != exact.to_integral_value() or abs(exact) > 2**62:
        raise ValueError(f"a price of {price}: not a number of whole millionths")
    return int(exact)


class Order:
    """An order of a strategy, as far as is known: it changes while the strategy runs.

    intent_id: its number in the journal, 0 until its verdict has come. instrument: id. side: "buy" or "sell" ("": of an
    earlier process). price: None for a market order. state: "asked" (no verdict yet), "pending", "working", "partial",
    "cancelling", "unknown" (the broker's answer is missing: being reconciled), or its end: "filled", "cancelled",
    "rejected" (by the broker), "refused" (by us; `reason` names the check).
    """

    __slots__ = ("_wanted", "filled", "instrument", "intent_id", "price", "quantity", "reason", "side", "state")

    def __init__(self, instrument: int, side: str, quantity: int, price: float | None, state: str = "asked") -> None:
        self.intent_id = 0
        self.instrument = instrument
        self.side = side
        self.quantity = quantity
        self.price = price
        self.filled = 0
        self.state = state
        self.reason = ""
        self._wanted: list[Callable[[], None]] = []

    @property
    def left(self) -> int:
        """What may still be filled."""
        return 0 if self.state in _ENDED else max(self.quantity - self.filled, 0)

    @property
    def ended(self) -> bool:
        """Nothing more will come of it."""
        return self.state in _ENDED

    def __repr__(self) -> str:
        price = "at market" if self.price is None else f"at {self.price:g}"
        return f"<Order {self.intent_id}: {self.side} {self.quantity} {price}, {self.state}, {self.filled} filled>"


class Strategy:
    """The base of a strategy: override what it should hear of, and call `run`.

    name: as in the configuration. dir: of the rings (bus.dir; None: where the program has them). ring: its own, where
    the configuration names one. journal: where the codes of instruments are known from, beside the rings. markets:
    rings to read; None: every gateway's.
    """

    name: str
    number: int
    """The strategy's number in events; 0 before `start`."""
    instruments: Instruments
    """Every instrument that is known, by code and id."""
    orders: list[Order]
    """Those that have not ended, oldest first."""
    lost: int
    """Events of the rings that were overwritten before they were read."""

    def __init__(
        self,
        name: str,
        *,
        dir: str | os.PathLike[str] | None = None,
        ring: str | None = None,
        journal: str | os.PathLike[str] | None = None,
        markets: list[str] | None = None,
    ) -> None:
        self.name = name
        self.number = 0
        self.orders = []
        self.lost = 0
        self._dir = None if dir is None else os.path.abspath(os.fspath(dir))
        self._ring = name if ring is None else ring
        self._journal = journal
        self._market_names = markets
        self._positions: dict[int, int] = {}
        self._asked: dict[int, tuple[int, Order]] = {}
        self._by_id: dict[int, Order] = {}
        self._producer: Any = None
        self._own: Live | None = None
        self._markets: list[Live] = []
        self._stopping = False
        self._armed = False
        self._beat_at = 0.0
        self._definitions: dict[int, Any] = {}
        self.instruments = Instruments()

    # --- what a strategy overrides ---

    def on_start(self) -> None:
        """It is armed: `orders` and positions are what an earlier process has left."""

    def on_batch(self, events: Frames) -> None:
        """All that came of one ring since the last look, in order; `events.of("book")` is an array."""

    def on_trade(self, event: np.void) -> None:
        """A trade, a row of kind "trade"."""

    def on_book(self, event: np.void) -> None:
        """A book, a row of kind "book"."""

    def on_quote(self, event: np.void) -> None:
        """A quote, a row of kind "quote"."""

    def on_index(self, event: np.void) -> None:
        """An index, a row of kind "index"."""

    def on_order(self, order: Order) -> None:
        """An order changed; where something was refused, `order.reason` says why."""

    def on_fill(self, order: Order, price: float, quantity: int) -> None:
        """A fill; positions are up to date."""

    def on_idle(self) -> None:
        """Nothing came for `idle` seconds of `run`."""

    def on_stop(self) -> None:
        """The last call; orders that work are cancelled behind it."""

    # --- what it asks for ---

    def buy(self, instrument: str | int, quantity: int, price: Any = None, **more: Any) -> Order:
        """As `send`, to buy."""
        return self.send(instrument, "buy", quantity, price, **more)

    def sell(self, instrument: str | int, quantity: int, price: Any = None, **more: Any) -> Order:
        """As `send`, to sell."""
        return self.send(instrument, "sell", quantity, price, **more)

    def send(
        self,
        instrument: str | int,
        side: str,
        quantity: int,
        price: float | int | str | Decimal | None = None,
        *,
        tif: str = "ROD",
        price_type: str | None = None,
        lot: int = 0,
        cond: int = 0,
        octype: int = 0,
    ) -> Order:
        """Asks for an order: at `price`, or at market where it is None (then `tif` is IOC or FOK at most brokers).

        tif: ROD, IOC, FOK. price_type: LMT, MKT, MKP. lot, cond, octype: as in shijim/strategy.h (0: what most want).
        The verdict and all that follows come by `on_order`. Raises ValueError, UnknownInstrumentError, ClosedError, and
        LiveError where the ring takes no more.
        """
        e6 = _price_e6(price)
        kind = price_type if price_type is not None else ("MKT" if price is None else "LMT")
        order = Order(self.instruments.id(instrument), side, int(quantity), None if price is None else float(price))
        if not 0 < order.quantity < 2**32:
            raise ValueError(f"a quantity of {quantity}")
        seq = self._intent(
            _PLACE,
            order.instrument,
            side=_word(_SIDES, side),
            price_type=_word(_PRICE_TYPES, kind),
            time_in_force=_word(_TIFS, tif),
            price_e6=e6,
            quantity=order.quantity,
            order_lot=lot,
            order_cond=cond,
            octype=octype,
        )
        self._asked[seq] = (_PLACE, order)
        self.orders.append(order)
        return order

    def cancel(self, order: Order) -> None:
        """Asks for its cancel; nothing where it has ended."""
        self._change(order, _CANCEL)

    def change_price(self, order: Order, price: float | int | str | Decimal) -> None:
        """Asks for another price."""
        self._change(order, _PRICE, price_e6=_price_e6(price))

    def change_quantity(self, order: Order, quantity: int) -> None:
        """Asks for a smaller quantity of the whole order, fills included."""
        self._change(order, _QUANTITY, quantity=int(quantity))

    def cancel_all(self) -> None:
        """Asks for the cancel of every order that has not ended."""
        for order in list(self.orders):
            self.cancel(order)

    def position(self, instrument: str | int) -> int:
        """Signed lots of this strategy's own fills."""
        return self._positions.get(self.instruments.id(instrument), 0)

    @property
    def positions(self) -> dict[str, int]:
        """All that are not zero, by code."""
        words = self.instruments.words
        return {words[id] if id < len(words) else str(id): n for id, n in sorted(self._positions.items()) if n}

    def stop(self) -> None:
        """Ends `run` after the turn under way."""
        self._stopping = True

    # --- running ---

    def run(self, *, idle: float = 0.05) -> None:
        """Starts, then turns until `stop`, or until shijim ends; then stops in order.

        Ctrl-C and exceptions of the strategy's own stop in order, too. Raises LiveError where shijim does not answer.
        """
        self.start()
        try:
            while not self._stopping and self.turn(idle):
                pass
        finally:
            self.close()

    def start(self, timeout: float = 10.0) -> None:
        """Takes its ring, greets, and learns what it has. Raises LiveError."""
        self._open()
        deadline = time.monotonic() + timeout
        while not self._armed:
            seq = self._control(_ARM)
            until = min(deadline, time.monotonic() + 0.5)
            while not self._armed and time.monotonic() < until:
                self._hear(0.02, seq)
            if not self._armed and time.monotonic() >= deadline:
                self._producer.close()
                raise LiveError(
                    f"shijim run did not answer within {timeout:g} s; does it trade, and has it {self.name}?",
                    self._ring,
                )
        self.on_start()

    def turn(self, timeout: float = 0.05) -> bool:
        """One look at the rings: calls what is overridden for all that came. False: shijim has ended trading."""
        if self._producer is None:
            raise ClosedError("this strategy is not started")
        heard = self._hear(0.0, 0)
        for market in self._markets:
            heard += self._take_market(market)
        if not heard:
            self.on_idle()
            if self._own is not None:
                self._wait(timeout)
        self._beat()
        return not self._stopping

    def close(self) -> None:
        """Calls `on_stop`, cancels what works, and says good-bye. Does nothing the second time."""
        if self._producer is None:
            return
        try:
            self.on_stop()
        finally:
            if self._armed:
                self._control(_DISARM)
            self._producer.close()
            self._producer = None
            for live in (self._own, *self._markets):
                if live is not None:
                    live.close()

    def __enter__(self) -> Strategy:
        self.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()

    # --- inside ---

    def _path(self, name: str) -> str:
        return name if self._dir is None else os.path.join(self._dir, name)

    def _open(self) -> None:
        known = {ring.name: ring for ring in rings(self._dir)}
        ring = known.get(self._ring)
        if ring is None or "strategy" not in known:
            raise LiveError(
                "there is no such ring: shijim run makes it for a strategy of `use: process` that is configured",
                self._path(self._ring),
            )
        if ring.alive and not ring.closed:
            raise LiveError(f"process {ring.pid} writes it", self._path(self._ring))
        self._own = attach(self._path("strategy"))
        names = self._market_names
        if names is None:
            names = sorted(name for name in known if name.startswith("gateway"))
        self._markets = [attach(self._path(name)) for name in names]
        self._learn(names)
        self._producer = _native.BusProducer(self._dir, self._ring, ring.source, ring.size, _TOPICS)
        self._source = ring.source

    def _learn(self, names: list[str]) -> None:
        if self._journal is not None:
            with open_journal(self._journal) as opened:
                for row in opened.instruments.table:
                    self._definitions[int(row["instrument"])] = row
        for name in names:
            with attach(self._path(name), "instrument", from_seq=1) as past:
                while len(rows := past.poll(65536)):
                    for row in rows:  # type: ignore[union-attr]
                        self._definitions[int(row["instrument"])] = row
        self._renew_instruments()

    def _renew_instruments(self) -> None:
        rows = np.array(list(self._definitions.values()), KINDS["instrument"].dtype)
        self.instruments = Instruments(event_array(rows, KINDS["instrument"], None))

    def _beat(self) -> None:
        now = time.monotonic()
        if now >= self._beat_at:
            self._beat_at = now + _BEAT_S
            self._producer.publish(b"")

    def _wait(self, timeout: float) -> None:
        """For the ring that is most likely to have something next; the others are looked at every millisecond."""
        end = time.monotonic() + timeout
        first = self._markets[0] if self._markets else self._own
        assert first is not None and self._own is not None
        while time.monotonic() < end:
            if first._reader.wait(1_000_000) or self._own._reader.wait(0):
                return
            self._beat()
            if any(market._reader.wait(0) for market in self._markets[1:]):
                return

    def _control(self, kind: int) -> int:
        return self._publish("control", kind=kind)

    def _intent(self, kind: int, instrument: int, **fields: int) -> int:
        if self._producer is None:
            raise ClosedError("this strategy is not started")
        whole = {"price_e6": NULL_I64, "arrival_mid_e6": NULL_I64, **fields}
        return self._publish("intent", kind=kind, instrument=instrument, strategy=self.number, **whole)

    def _publish(self, name: str, **fields: int) -> int:
        kind = KINDS[name]
        # The whole frame from zeros: what lies between fields is zero, too.
        frame = np.zeros(kind.size, np.uint8)
        row = frame.view(kind.dtype)[0]
        header = frame[8:16].view(np.uint16)
        header[:] = (kind.size - 16, kind.template_id, 1, 1)
        row["exch_ns"] = row["recv_ns"] = time.time_ns()
        for field, value in fields.items():
            row[field] = value
        return int(self._producer.publish(frame))

    def _change(self, order: Order, kind: int, **fields: int) -> None:
        if order.ended:
            return
        if order.intent_id == 0:
            order._wanted.append(lambda: self._change(order, kind, **fields))
            return
        seq = self._intent(kind, order.instrument, target_id=order.intent_id, **fields)
        self._asked[seq] = (kind, order)

    # --- what is heard ---

    def _hear(self, timeout: float, greeting: int) -> int:
        own = self._own
        assert own is not None
        frames = own.poll(4096, timeout)
        assert isinstance(frames, Frames)
        self.lost += own.lost - getattr(self, "_own_lost", 0)
        self._own_lost = own.lost
        for kind, row in _rows(frames, _HEARD):
            getattr(self, f"_hear_{kind}")(row, greeting)
        if own.closed:
            self._stopping = True
        return len(frames)

    def _hear_control(self, row: np.void, greeting: int) -> None:
        kind, text = int(row["kind"]), bytes(row["text"]).decode("utf-8", "replace")
        if kind == _ARM and text == self.name and greeting and int(row["value"]) == greeting:
            self.number = int(row["strategy"])
            self._armed = True
        elif kind == _DISARM and greeting and not self._armed and int(row["value"]) == greeting:
            raise LiveError(text, self._ring)
        elif kind == _DISARM and self._armed and int(row["strategy"]) == self.number:
            self._armed = False
            if int(row["source"]) != _BY_DEAD_MAN:
                self._stopping = True
            elif not self._stopping:
                self._again()
        elif kind == _START and self._armed:
            self._armed = False
            self._again()
        elif kind == _STOP and self._armed:
            self._stopping = True

    def _again(self) -> None:
        """shijim was restarted, or took us for dead: greets again; what it did not take is known from its answer."""
        self._asked.clear()
        seq = self._control(_ARM)
        deadline = time.monotonic() + 10
        while not self._armed and not self._stopping:
            self._hear(0.02, seq)
            if time.monotonic() > deadline:
                raise LiveError("shijim run answers no more", self._ring)

    def _hear_verdict(self, row: np.void, greeting: int) -> None:
        if int(row["origin_src"]) != self._source or int(row["strategy"]) != self.number:
            return
        kind, order = self._asked.pop(int(row["origin_seq"]), (0, None))
        if order is None:
            return
        if kind == _PLACE and int(row["intent_id"]):
            order.intent_id = int(row["intent_id"])
            self._by_id[order.intent_id] = order
        if not row["accepted"]:
            order.reason = bytes(row["check_name"]).decode("utf-8", "replace")
            if kind == _PLACE:
                self._move(order, "refused")
            self.on_order(order)
        elif kind == _PLACE:
            order.state = "pending" if order.state == "asked" else order.state
            wanted, order._wanted = order._wanted, []
            for ask in wanted:
                ask()

    def _move(self, order: Order, state: str) -> None:
        order.state = state
        if order.ended and order in self.orders:
            self.orders.remove(order)

    def _hear_order(self, row: np.void, greeting: int) -> None:
        if int(row["strategy"]) != self.number or not self.number:
            return
        id, state = int(row["intent_id"]), int(row["state_to"])
        order = self._by_id.get(id)
        if state >= len(_STATES):
            return
        if order is None:
            if _STATES[state] in _ENDED:
                return
            order = Order(int(row["instrument"]), ("", "buy", "sell")[min(int(row["side"]), 2)], 0, None)
            order.intent_id = id
            self._by_id[id] = order
            self.orders.append(order)
        e6 = int(row["price_e6"])
        order.price = order.price if e6 == NULL_I64 else e6 / 1e6
        order.quantity = int(row["quantity"])
        order.filled = max(order.filled, int(row["filled"]))
        order.reason = bytes(row["text"]).decode("utf-8", "replace")
        self._move(order, _STATES[state])
        self.on_order(order)

    def _hear_fill(self, row: np.void, greeting: int) -> None:
        if int(row["strategy"]) != self.number or not self.number:
            return
        quantity, id = int(row["quantity"]), int(row["instrument"])
        signed = quantity if int(row["side"]) == 1 else -quantity
        self._positions[id] = self._positions.get(id, 0) + signed
        order = self._by_id.get(int(row["intent_id"]))
        if order is None:
            order = Order(id, ("", "buy", "sell")[min(int(row["side"]), 2)], quantity, None, "unknown")
            order.intent_id = int(row["intent_id"])
        order.filled = min(order.filled + quantity, max(order.quantity, order.filled))
        self.on_fill(order, int(row["price_e6"]) / 1e6, quantity)

    def _hear_position(self, row: np.void, greeting: int) -> None:
        if int(row["strategy"]) == self.number and self.number:
            self._positions[int(row["instrument"])] = int(row["own_quantity"])

    def _take_market(self, market: Live) -> int:
        frames = market.poll(4096)
        assert isinstance(frames, Frames)
        if not len(frames):
            return 0
        kinds = frames.template_id
        if (kinds == KINDS["instrument"].template_id).any():
            for row in frames.of("instrument"):
                self._definitions[int(row["instrument"])] = row
            self._renew_instruments()
        frames.instruments = self.instruments
        self.on_batch(frames)
        wanted = {id: name for id, name in _MARKET.items() if getattr(type(self), name) is not getattr(Strategy, name)}
        if wanted:
            for name, row in _rows(frames, wanted):
                getattr(self, name)(row)
        return len(frames)


_HEARD = {KINDS[name].template_id: name for name in ("control", "verdict", "order", "fill", "position")}


def _rows(frames: Frames, wanted: dict[int, str]) -> Iterator[tuple[str, np.void]]:
    """The events of some kinds, in order."""
    if not len(frames):
        return
    by_id = {kind.template_id: kind for kind in KINDS.values()}
    for template, offset in zip(frames.template_id.tolist(), frames.offsets.tolist(), strict=True):
        name = wanted.get(template)
        if name is not None:
            kind = by_id[template]
            yield name, frames.data[offset : offset + kind.size].view(kind.dtype)[0]


def _word(words: dict[str, int], word: str) -> int:
    if word not in words:
        raise ValueError(f"{word!r}: one of {', '.join(words)} was expected")
    return words[word]
