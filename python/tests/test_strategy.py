"""A strategy in a Python process against the running program, which trades on paper with a simulated broker."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

import shijim

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from broker_server import BrokerServer  # noqa: E402
from live_trader import Trader, decide_again  # noqa: E402

CODE = "TXFL6"


@pytest.fixture
def trader(program, tmp_path):
    words = ("--instruments", 60, "--rate", 2000, "--always-open", "--wall-clock", "--no-quota", "--seed", 7)
    with BrokerServer([program, "broker-sim"], tmp_path, *words) as sim:
        one = Trader(program, sim, tmp_path)
        text = one.config.read_text()
        one.config.write_text(
            text[: text.index("strategies:")]
            + f"strategies:\n  mine:\n    use: process\n    source: 50\n    instruments: [{CODE}]\n"
            + "  other:\n    use: process\n    source: 51\n    instruments: [MXFL6]\n    silence: 300ms\n"
        )
        yield one
        if one.process and one.process.poll() is None:
            one.kill()


class Recording(shijim.Strategy):
    def __init__(self, trader, name="mine", **more):
        super().__init__(name, dir=trader.directory / "bus", **more)
        self.trader = trader
        self.bids = {}
        self.fills = []
        self.changes = []

    def on_batch(self, events):
        books = events.of("book")
        books = books[(books.bid > 0) & (books.ask > 0)]
        for id, bid in zip(books["instrument"].tolist(), books.bid.tolist(), strict=True):
            self.bids[id] = bid

    def on_order(self, order):
        self.changes.append((order, order.state, order.reason))

    def on_fill(self, order, price, quantity):
        self.fills.append((order, price, quantity))

    def price(self, code, away):
        """A price so far from the bid that it rests (or goes through), and that risk lets pass."""
        id = self.instruments.id(code)
        self.until(lambda: id in self.bids, "a book")
        return self.bids[id] + away

    def until(self, look, what="it"):
        import time

        end = time.monotonic() + 60
        while not look():
            assert time.monotonic() < end, f"{what} did not come: {self.trader.log()}"
            assert self.turn(0.02), self.trader.log()


def begin(trader):
    trader.start()
    trader.wait(lambda: trader.status().get("ready"))


def status_of(trader, name):
    return next(one for one in trader.status()["strategies"] if one["name"] == name)


def test_orders_from_python_are_checked_sent_filled_and_decided_again(trader):
    begin(trader)
    with Recording(trader) as mine:
        assert mine.number == 1 and mine.orders == [] and mine.positions == {}
        assert status_of(trader, "mine")["armed"] or trader.wait(lambda: status_of(trader, "mine")["armed"])
        low, high = mine.price(CODE, -300), mine.price(CODE, 300)
        far = mine.buy(CODE, 1, low)
        assert far.state == "asked" and mine.orders == [far]
        mine.until(lambda: far.state == "working", "the acknowledgement")
        near = mine.buy(CODE, 1, high, tif="IOC")
        mine.until(lambda: near.ended, "the end of an IOC")
        assert near.state == "filled" and mine.fills[0][0] is near and mine.position(CODE) == 1
        assert low < mine.fills[0][1] < high
        mine.cancel(far)
        mine.until(lambda: far.ended, "the cancel")
        assert far.state == "cancelled"
        quick = mine.buy(CODE, 1, low - 5)
        mine.cancel(quick)  # before there is a verdict: goes out with it
        mine.until(lambda: quick.ended, "the cancel of an order just asked for")
        assert quick.state == "cancelled", quick.reason
        absurd = mine.buy(CODE, 1, high * 2)
        mine.until(lambda: absurd.ended, "the refusal")
        assert absurd.state == "refused" and absurd.reason
        foreign = mine.buy("MXFL6", 1, low)
        mine.until(lambda: foreign.ended, "the refusal of another's instrument")
        assert foreign.reason == "foreign_instrument"
        assert mine.orders == [] and mine.positions == {CODE: 1}
    trader.stop()
    intents = trader.events("intent")
    assert len([one for one in intents if one.get("origin_src") == 50]) >= 6
    code, again = decide_again(trader)
    assert code == 0 and again["unequal"] == 0, again
    assert again["intents"] == len([one for one in intents if one.get("origin_src") == 50])


@pytest.fixture
def child(trader):
    """Starts a process of Python; none outlives its test."""
    children = []

    def start(*words):
        children.append(
            subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True, cwd=trader.directory)
        )
        return children[-1]

    yield start
    for one in children:
        one.kill()
        one.wait()


HOLDS = """
class Holds(shijim.Strategy):
    order = None
    def on_book(self, book):
        bid = float(shijim.as_price(book["bid_price_e6"][0]))
        if self.order is None and bid > 0 and book["instrument"] == self.instruments.id("MXFL6"):
            self.order = self.buy("MXFL6", 1, bid - 300)
    def on_order(self, order):
        print(order.state, flush=True)
Holds("other", dir="bus").run()
"""


def test_what_a_killed_process_had_working_is_cancelled_and_the_next_one_trades(trader, child):
    begin(trader)
    process = child("-c", f"import shijim\n{HOLDS}")
    words = iter(process.stdout.readline, "")
    assert "working" in (word.strip() for word in words)
    trader.wait(lambda: trader.status()["open_orders"] == 1)
    process.kill()
    process.wait()
    trader.wait(lambda: trader.status()["open_orders"] == 0)
    assert not status_of(trader, "other")["armed"]
    with Recording(trader, "other") as other:
        order = other.buy("MXFL6", 1, other.price("MXFL6", -300))
        other.until(lambda: order.state == "working", "the acknowledgement")
    trader.wait(lambda: trader.status()["open_orders"] == 0)  # its end cancels, too
    trader.stop()
    why = [event for event in trader.events("control") if event["kind"] == "disarm"]
    assert any(event["source"] == "dead_man" for event in why)
    code, again = decide_again(trader)
    assert code == 0 and again["unequal"] == 0, again


def test_a_restart_of_shijim_is_greeted_again(trader):
    begin(trader)
    with Recording(trader) as mine:
        order = mine.buy(CODE, 1, mine.price(CODE, -300))
        mine.until(lambda: order.state == "working", "the acknowledgement")
        trader.kill()
        trader.start()
        mine.until(lambda: mine._armed and order.state == "working" and trader.status().get("ready"), "the greeting")
        mine.cancel(order)
        mine.until(lambda: order.ended, "the cancel")
    trader.stop()


def test_a_process_that_writes_rubbish_is_taken_out_and_all_else_goes_on(trader):
    begin(trader)
    ring = shijim._native.ring(str(trader.directory / "bus"), "mine")
    rubbish = shijim._native.BusProducer(str(trader.directory / "bus"), "mine", 50, ring[4], 16384)
    frame = np.zeros(128, np.uint8)
    frame[8:16].view(np.uint16)[:] = (112, 1, 1, 1)  # a trade is nothing for a strategy to say
    rubbish.publish(frame)
    trader.wait(
        lambda: (
            not status_of(trader, "mine")["armed"] and "what is no event" in (trader.directory / "run.log").read_text()
        )
    )
    with Recording(trader, "other") as other:
        order = other.buy("MXFL6", 1, other.price("MXFL6", -300))
        other.until(lambda: order.state == "working", "the acknowledgement")
    rubbish.close()
    with pytest.raises(shijim.LiveError):
        Recording(trader).start(timeout=1)
    trader.stop()


def test_the_example_trades(trader, child):
    begin(trader)
    process = child(ROOT / "examples/python/quotes.py", "mine", CODE, "--dir", trader.directory / "bus")
    said = iter(process.stdout.readline, "")
    assert any(line.startswith("buy 1 at") for line in said)
    process.terminate()
    assert process.wait(30) == 0
    trader.wait(lambda: trader.status()["open_orders"] == 0)
    trader.stop()


def test_what_is_no_order_is_told_at_once(trader):
    with pytest.raises(shijim.LiveError, match="use: process"):
        shijim.Strategy("nobody", dir=trader.directory).start()
    begin(trader)
    with Recording(trader) as mine:
        for wrong in (
            lambda: mine.buy(CODE, 0, 1),
            lambda: mine.buy(CODE, 1, 1e-9),
            lambda: mine.buy(CODE, 1, float("nan")),
            lambda: mine.send(CODE, "hold", 1, 1),
            lambda: mine.buy(CODE, 1, 1, tif="GTX"),
        ):
            with pytest.raises(ValueError):
                wrong()
        with pytest.raises(shijim.UnknownInstrumentError):
            mine.buy("NOSUCH", 1, 1)
        with pytest.raises(shijim.LiveError, match="writes it"):
            Recording(trader).start()
    with pytest.raises(shijim.ClosedError):
        mine.buy(CODE, 1, 1)
