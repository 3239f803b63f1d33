"""Quotes the best bid of one instrument and sells what it got, a tick higher: a strategy in its own process.

    python quotes.py NAME CODE [--dir BUS_DIR] [--journal JOURNAL_DIR]

The configuration of `shijim run` has:

    strategies:
      NAME: {use: process, source: 48, instruments: [CODE]}
"""

import argparse
import signal

import shijim


class Quotes(shijim.Strategy):
    """Always one order: a buy at the best bid while nothing is held, else a sell at the best ask."""

    def __init__(self, name: str, code: str, **where: str) -> None:
        super().__init__(name, **where)
        self.code = code

    def on_start(self) -> None:
        self.id = self.instruments.id(self.code)
        print(f"strategy {self.number}, position {self.position(self.code)}, {len(self.orders)} orders", flush=True)

    def on_batch(self, events: shijim.Frames) -> None:
        books = events.of("book")
        books = books[books["instrument"] == self.id]
        if len(books):
            self.quote(books[-1:])

    def quote(self, book: shijim.EventArray) -> None:
        """Asks for one order at the touch; one that the market has left is cancelled, and asked for anew next time."""
        buys = self.position(self.code) <= 0
        price = (book.bid if buys else book.ask)[0]
        if not price > 0:
            return
        for order in self.orders:
            if order.price != price and order.state in ("working", "partial"):
                self.cancel(order)
        if not self.orders:
            self.send(self.code, "buy" if buys else "sell", 1, price)

    def on_fill(self, order: shijim.Order, price: float, quantity: int) -> None:
        print(f"{order.side} {quantity} at {price:g}, position {self.position(self.code)}", flush=True)

    def on_order(self, order: shijim.Order) -> None:
        if order.state in ("refused", "rejected"):
            print(f"{order}: {order.reason}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("code")
    parser.add_argument("--dir")
    parser.add_argument("--journal")
    words = parser.parse_args()
    quotes = Quotes(words.name, words.code, dir=words.dir, journal=words.journal)
    signal.signal(signal.SIGTERM, lambda *_: quotes.stop())
    quotes.run()


if __name__ == "__main__":
    main()
