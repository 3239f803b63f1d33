"""A real day: TAIFEX's futures trades through converter, simulated broker, recorder and store, against the file itself."""

import collections
import csv
import decimal
import io
import json
import pathlib
import zipfile

import pytest

from store_server import find_engine
from test_app import Process, get, run, wait_for

DATA = pathlib.Path(__file__).parents[3] / "shared/data/Daily_2021_07_26.zip"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.exists(), reason=f"the exchange's file is not here: {DATA}"),
    pytest.mark.skipif(not find_engine(), reason="libchdb.so is not installed: run ./dev deps"),
]


def sums_of_the_file():
    """(count, lots, turnover) of each contract, from the CSV by other means than ours."""
    sums = collections.defaultdict(lambda: [0, 0, decimal.Decimal(0)])
    with zipfile.ZipFile(DATA) as archive:
        text = archive.read(archive.namelist()[0]).decode("big5")
    rows = csv.reader(io.StringIO(text))
    next(rows)
    for row in rows:
        date_product_expiry = [field.strip() for field in row]
        lots = int(row[5]) // 2
        entry = sums[date_product_expiry[1] + date_product_expiry[2]]
        entry[0] += 1
        entry[1] += lots
        entry[2] += decimal.Decimal(row[4]) * lots
    return {code: tuple(entry) for code, entry in sums.items()}


@pytest.fixture(scope="module")
def day(shijim, tmp_path_factory):
    folder = tmp_path_factory.mktemp("day")
    result = run(shijim, "convert", "taifex", DATA, folder / "journal", "--json")
    assert result.returncode == 0, result.stderr
    return folder, json.loads(result.stdout)


def test_the_conversion_holds_every_trade(shijim, day):
    folder, report = day
    wanted = sums_of_the_file()
    assert report == report | {"trades": 449454, "instruments": 542, "trading_day": 20210726}
    assert report["lots"] == sum(lots for _, lots, _ in wanted.values())
    got = collections.defaultdict(lambda: [0, 0, decimal.Decimal(0)])
    lines = run(shijim, "journal", "cat", folder / "journal", "--type", "trade").stdout.splitlines()
    last_ns = 0
    for line in lines:
        trade = json.loads(line, parse_float=decimal.Decimal)
        entry = got[trade["code"]]
        entry[0] += 1
        entry[1] += trade["volume"]
        entry[2] += decimal.Decimal(trade["price"]) * trade["volume"]
        assert trade["exch_ns"] >= last_ns
        last_ns = trade["exch_ns"]
    assert {code: tuple(entry) for code, entry in got.items()} == wanted


def test_replayed_recorded_and_queried_it_equals_the_file(shijim, day, tmp_path):
    folder, _ = day
    wanted = sums_of_the_file()
    children = []

    def start(name, *arguments):
        children.append(Process(shijim, tmp_path, name, *arguments))
        return children[-1]

    try:
        sim = start("sim", "broker-sim", "--replay", folder / "journal", "--speed", "max", "--servers", 3, "--port", 0,
                    "--port-file", tmp_path / "sim.ports", "--wait-subscriptions", 542, "--no-quota")
        store = start("store", "store", "--data", tmp_path / "store", "--port", 0, "--port-file", tmp_path / "store.port")
        servers = ", ".join(f"http://127.0.0.1:{port}" for port in sim.ports(tmp_path / "sim.ports"))
        config = tmp_path / "shijim.yaml"
        config.write_text(f"""
broker:
  servers: [{servers}]
  instruments: ["FUT:*"]
  subscribe_futures: [tick]
  calendar: always
  login_budget_file: {tmp_path}/logins
bus: {{dir: {tmp_path}/bus}}
journal: {{dir: {tmp_path}/journal}}
store:
  url: http://127.0.0.1:{store.ports(tmp_path / "store.port")[0]}
  database: shijim
  user: shijim
  password_file: {tmp_path}/store/writer.token
watch: {{listen: "127.0.0.1:0", port_file: {tmp_path}/run.port}}
""")
        recorder = start("run", "run", "-c", config, "--account", tmp_path / "account.json")
        port = recorder.ports(tmp_path / "run.port")[0]
        wait_for(lambda: json.loads(get(port, "/status"))["account"]["events"] == 449454, recorder, timeout=300)
        assert recorder.stop() == 0, recorder.log.read_text()[-3000:]
        rows = run(shijim, "query", "-c", config, "--format", "TabSeparated",
                   "SELECT symbol, count(), sum(size), sum(price * size) FROM shijim.ticks GROUP BY symbol")
        assert rows.returncode == 0, rows.stderr
        got = {}
        for line in rows.stdout.splitlines():
            symbol, count, lots, turnover = line.split("\t")
            got[symbol] = (int(count), int(lots), decimal.Decimal(turnover))
        assert got == wanted
        audit = run(shijim, "audit", "-c", config, "--json")
        assert audit.returncode == 0, audit.stdout[-2000:] + audit.stderr
    finally:
        for child in reversed(children):
            if child.process.poll() is None:
                child.process.kill()
                child.process.wait()
