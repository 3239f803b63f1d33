"""shijim backtest as its users call it: what a run leaves, days and sweeps in processes, checks, a day of trades only."""

import csv
import html.parser
import json
import pathlib
import random
import struct
import subprocess

import pytest

ROW = struct.Struct("<QqqddQqd")
EXCH, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
DEPTH, TRADE = 1, 2
START_NS = 1_700_000_000_000_000_000
HEADER = (
    "{'descr': [('ev', '<u8'), ('exch_ts', '<i8'), ('local_ts', '<i8'), ('px', '<f8'), ('qty', '<f8'), "
    "('order_id', '<u8'), ('ival', '<i8'), ('fval', '<f8')], 'fortran_order': False, 'shape': (%d,), }"
)


def write_day(path: pathlib.Path, seed: int, count: int = 6000) -> None:
    """A touch of 5 lots a side that walks in steps of 0.5, with trades of one lot, as npy."""
    rng = random.Random(seed)
    rows, now, bid = [], START_NS + seed * 86_400_000_000_000, 100.0

    def add(kind: int, side: int, price: float, quantity: float) -> None:
        rows.append(ROW.pack(kind | side | EXCH | LOCAL, now, now + 400_000, price, quantity, 0, 0, 0))

    while len(rows) < count:
        now += rng.randrange(80_000_000)
        following = max(50.0, bid + 0.5 * rng.randrange(-1, 2))
        for price, quantity in ((bid, 0), (following, 5)):
            add(DEPTH, BUY, price, quantity)
            add(DEPTH, SELL, price + 0.5, quantity)
        bid = following
        buys = rng.random() < 0.5
        add(TRADE, BUY if buys else SELL, bid + 0.5 if buys else bid, rng.randrange(1, 9))
    header = (HEADER % len(rows)).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"".join(rows))


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    folder = tmp_path_factory.mktemp("days")
    for number in range(4):
        write_day(folder / f"day{number}.npy", number)
    return folder


@pytest.fixture
def backtest(shijim):
    def run(*arguments, expect=0):
        done = subprocess.run(
            [shijim, "backtest", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    return run


QUOTER = ("--tick", 0.5, "--lot", 1, "--strategy", "touch_quoter", "--param", "step=1s,qty=2,tif=GTX")


class Page(html.parser.HTMLParser):
    """Whether tags close, what refers elsewhere, and the text."""

    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.stack, self.elsewhere, self.text, self.tags = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.elsewhere += [value for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.stack and self.stack.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.text.append(data)


def read_page(path):
    source = path.read_text()
    page = Page(source)
    assert page.stack == [] and page.elsewhere == [] and "script" not in page.tags
    assert "http" not in source and "nan" not in source.lower().replace("finance", "")
    return " ".join(page.text), page


def test_a_run_leaves_a_folder_that_says_what_was_run(backtest, days, tmp_path):
    out = tmp_path / "run"
    said = json.loads(
        backtest("--data", days / "day0.npy", *QUOTER, "--order-latency", "lognormal:2ms:0.5", "--seed", 7,
                 "--out", out, "--json").stdout
    )
    assert said["fills"] > 5 and said["orders"] > said["fills"]
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["inputs"][0]["bytes"] == (days / "day0.npy").stat().st_size
    assert len(manifest["inputs"][0]["xxh3_128"]) == 32
    assert manifest["seed"] == 7 and manifest["latency"]["order"]["model"] == "lognormal:2ms:0.5"
    assert manifest["latency"]["report"]["max_ns"] == 1_000_000
    assert 1_000_000 < manifest["latency"]["order"]["p50_ns"] < 4_000_000
    assert manifest["result"]["fills"] == said["fills"]
    fills = list(csv.DictReader((out / "fills.csv").open()))
    assert len(fills) == said["fills"]
    held = sum((1 if fill["side"] == "B" else -1) * float(fill["qty"]) for fill in fills)
    assert held == pytest.approx(said["position"])
    orders = list(csv.DictReader((out / "orders.csv").open()))
    assert sum(order["what"] == "new" for order in orders) == said["orders"]
    equity = list(csv.DictReader((out / "equity.csv").open()))
    assert len(equity) > 40 and float(equity[-1]["fee"]) == pytest.approx(said["fee"], abs=0.1)
    text, page = read_page(out / "report.html")
    for words in ("Equity", "Drawdown", "Inventory", "Slippage", "Fill rate by queue position", "lognormal:2ms:0.5",
                  "touch_quoter", "day0.npy"):
        assert words in text
    assert page.tags.count("svg") >= 7


def test_the_same_run_writes_the_same_bytes(backtest, days, tmp_path):
    for name, jobs in (("one", 1), ("two", 2), ("three", 3)):
        backtest("--data", days, *QUOTER, "--order-latency", "pareto:1ms:2", "--jobs", jobs, "--out", tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        for other in ("two", "three"):
            assert (tmp_path / other / file.name).read_bytes() == file.read_bytes(), file.name
    text, _ = read_page(tmp_path / "one/report.html")
    assert "Each day begins flat" in text and "day3.npy" in text


def test_a_sweep_has_a_table_a_heat_map_and_a_walk_forward(backtest, days, tmp_path):
    arguments = ("--data", days, *QUOTER, "--sweep", "step=1s:3s:1s,qty=1|2", "--metric", "sharpe",
                 "--walk-forward", "2:1")
    said = [json.loads(backtest(*arguments, "--jobs", jobs, "--json").stdout) for jobs in (1, 3)]
    assert said[0] == said[1]
    table = said[0]["table"]
    assert len(table) == 6 and table[5]["params"] == {"step": "3s", "qty": "2"}
    best = max(range(6), key=lambda index: table[index]["sharpe"])
    assert table[said[0]["best"]]["sharpe"] == table[best]["sharpe"]
    assert len(said[0]["walk_forward"]) == 2
    # One cell run by itself.
    alone = json.loads(
        backtest("--data", days, "--tick", 0.5, "--lot", 1, "--strategy", "touch_quoter", "--param",
                 "step=3s,qty=2,tif=GTX", "--json").stdout
    )
    assert alone["pnl"] == pytest.approx(table[5]["pnl"]) and alone["fills"] == table[5]["fills"]
    backtest(*arguments, "--out", tmp_path / "sweep")
    assert len(list(csv.DictReader((tmp_path / "sweep/sweep.csv").open()))) == 6
    assert len(list(csv.DictReader((tmp_path / "sweep/walk_forward.csv").open()))) == 2
    text, page = read_page(tmp_path / "sweep/report.html")
    assert "sharpe by combination" in text and page.tags.count("rect") == 6


def test_check_tells_honest_strategies_from_others(backtest, build_dir, days):
    def check(name, expect):
        said = backtest("check", "--data", days / "day1.npy", "--tick", 0.5, "--lot", 1, "--strategy",
                        build_dir / f"tests/backtest/strategy_{name}.so", "--param", "file={data}", "--json",
                        expect=expect)
        return json.loads(said.stdout)

    honest = check("honest", 0)
    assert honest["pure"] and honest["warm"] and honest["decisions"] > 20
    reader = check("cheat_file", 3)
    assert reader["repeats"] and not reader["pure"]
    assert any("with the data cut" in cut["first"] for cut in reader["cuts"])
    clock = check("cheat_clock", 3)
    assert not clock["repeats"] and "the same run again" in clock["first"]


TAIFEX_HEADER = (
    "成交日期,商品代號,到期月份(週別),成交時間,成交價格,成交數量(B+S),近月價格,遠月價格,開盤集合競價 "
)


def write_taifex(path: pathlib.Path) -> None:
    """A cut of a day as TAIFEX publishes them: trades of one contract, each minute in one direction; night and day."""
    rng = random.Random(5)
    lines = [TAIFEX_HEADER]
    price = 17400
    for date, begin in (("20210723", 15 * 3600), ("20210726", 8 * 3600 + 45 * 60)):
        for second in range(0, 1800, 3):
            step = 1 if second // 60 % 2 else -1
            price += step if rng.random() < 0.7 else -step
            at = begin + second
            clock = f"{at // 3600:02}{at // 60 % 60:02}{at % 60:02}"
            lines.append(f"{date},TX,202108,{clock},{price},{2 * rng.randrange(1, 9)},-,-,")
    path.write_bytes("\r\n".join(lines).encode("big5") + b"\r\n")


def test_a_day_of_trades_only_is_traded_and_reported(backtest, shijim, tmp_path):
    write_taifex(tmp_path / "Daily_2021_07_26.csv")
    journal = tmp_path / "day"
    done = subprocess.run([shijim, "convert", "taifex", tmp_path / "Daily_2021_07_26.csv", journal],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(
        backtest(journal, "--strategy", "micro_alpha", "--instruments", "TX202108", "--param",
                 "signal=tfi,window=10s,enter=12,exit=6,hold=30s", "--out", tmp_path / "run", "--json").stdout
    )
    assert said["fills"] > 5 and said["fee"] > 0
    fills = list(csv.DictReader((tmp_path / "run/fills.csv").open()))
    # Both sessions: the night's belongs to the day.
    times = [int(fill["exch_ns"]) for fill in fills]
    assert times[0] < 1_627_200_000_000_000_000 < times[-1]
    # A point of TX is 200 TWD.
    gross = said["pnl"] + said["fee"]
    assert gross / 200 == pytest.approx(round(gross / 200))
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert len(manifest["inputs"][0]["segments"][0]["xxh3_128"]) == 32
    verdicts = list(csv.DictReader((tmp_path / "run/verdicts.csv").open()))
    assert len(verdicts) >= said["orders"] and {verdict["accepted"] for verdict in verdicts} == {"1"}
    text, _ = read_page(tmp_path / "run/report.html")
    assert "TX202108" in text and "taxes" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--strategy", "touch_quoter"), "--data"),
        (("--data", "{day}"), "--strategy"),
        (("--data", "/nonexistent.npz", "--strategy", "touch_quoter"), "/nonexistent.npz"),
        (("--data", "{day}", *QUOTER, "--latency", "-1ms"), "latency"),
        (("--data", "{day}", *QUOTER, "--latency", "interp:/nonexistent.csv"), "/nonexistent.csv"),
        (("--data", "{day}", *QUOTER, "--sweep", "step=2s:1s:1s"), "--sweep step"),
        (("--data", "{day}", *QUOTER, "--sweep", "step=1s|2s", "--walk-forward", "1:1"), "leave none to test on"),
        (("--data", "{day}", *QUOTER, "--walk-forward", "1:1"), "--sweep"),
        (("--data", "{day}", *QUOTER, "--sweep", "qty=1|2", "--metric", "luck"), "luck"),
        (("latency", "/nonexistent"), "/nonexistent"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_exit_code_2(backtest, days, arguments, words):
    done = backtest(*(str(argument).format(day=days / "day0.npy") for argument in arguments), expect=2)
    lines = [line for line in done.stderr.splitlines() if "by its first rows" not in line]
    assert len(lines) == 1 and words in lines[0], done.stderr
