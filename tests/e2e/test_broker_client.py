"""The broker's own command-line client (PyPI shioaji-cli) judges the simulator: every command of
its list ends with rc 0 and prints what was asked."""

import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest

from broker_server import BrokerServer

COMMANDS = pathlib.Path(__file__).parents[3] / "shared/broker/commands.txt"
UNIVERSE = """index,TSE,IX0001,發行量加權股價指數,20036.22
future,TXF,臺股期貨,IX0001,A,20048
option,TXO,臺指選擇權,IX0001,TXO,100
stock,TSE,2330,台積電,24,608
warrant,TSE,030001,台積電模擬6A購01,2330,C,620,0.05
stock,TSE,2317,鴻海,31,214.5
"""
# What must stand in the output of a command that begins so.
PRINTS = {
    "server check": "",
    "server status": "active_connections",
    "auth usage": "remaining_bytes",
    "auth accounts": "9A95",
    "auth ca-expiretime": "A123456789",
    "auth subscribe-trade": "subscribe_trade",
    "auth unsubscribe-trade": "subscribe_trade",
    "contracts list --type STK": "2330",
    "contracts list --type FUT": "TXFL6",
    "contracts get": "TSE",
    "contracts info 2330": "limit_up",
    "contracts info TXFL6": "multiplier",
    "contracts futures --root": "TXFL6",
    "contracts futures-roots": "TXF",
    "contracts option-roots": "TXO",
    "contracts tick-bands": "tick",
    "contracts watch": "",
    "data ticks": "close",
    "data kbars": "Close",
    "data snapshots": "TXFL6",
    "data stream --code 2330 --quote-type tick": "total_volume",
    "data stream --code 2330 --quote-type bid_ask": "bid_price",
    "data stream --code 2330 --quote-type quote": "avail_borrowing",
    "data stream --code TXFR1 --security-type FUT --quote-type tick": "TXFL6",
    "data stream --code TXFR1 --security-type FUT --quote-type bid_ask": "bid_price",
    "data stream --code TXFR1 --security-type FUT --quote-type quote": "underlying_price",
    "data stream --code IX0001": "Reference",
    "data stream --code TXFL6 --combo-with": "TXFL6",
    "order place": "id",
    "order list": "",
    "order update": "id",
    "order cancel": "id",
    "order events": "",
    "portfolio balance": "acc_balance",
    "portfolio positions": "[",
    "portfolio margin": "equity",
    "portfolio trading-limits": "trading_limit",
    "portfolio": "",
    "data scanner": "rank_value",
    "data daily-quotes": "2330",
    "data credit-enquire": "2330",
}
STREAMS = ("contracts watch", "data stream", "order events")


def find_client():
    # ./dev deps puts it in a venv beside the one this runs in.
    beside = pathlib.Path(sys.executable).parents[2] / "client/bin/shioaji"
    return os.environ.get("SHIJIM_BROKER_CLIENT") or (str(beside) if beside.exists() else shutil.which("shioaji"))


def commands():
    if not COMMANDS.exists():
        return []
    return [line.strip() for line in COMMANDS.read_text().splitlines() if line.strip()]


@pytest.fixture(scope="module")
def broker(broker_sim, tmp_path_factory):
    directory = tmp_path_factory.mktemp("broker")
    (directory / "universe.csv").write_text(UNIVERSE)
    with BrokerServer(broker_sim, directory, "--universe", directory / "universe.csv", "--date", "2026-11-23",
                      "--start", "09:00:01", "--rate", "300", "--instruments", "20", "--no-quota") as server:
        yield server


@pytest.fixture(scope="module")
def client(request):
    """The client, whose version goes into the output: it is not pinned."""
    program = find_client()
    if not program:
        pytest.skip("the broker's client is not installed: run ./dev deps")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=30)
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line(f"\nthe broker's client: {done.stdout.strip()}")
    return program


@pytest.fixture(scope="module")
def home(broker, tmp_path_factory):
    """An empty HOME in which the client finds the simulator instead of starting a daemon."""
    directory = tmp_path_factory.mktemp("home")
    (directory / ".shioaji").mkdir()
    sleeper = subprocess.Popen(["sleep", "600"])
    (directory / f".shioaji/server-{broker.port}.pid").write_text(str(sleeper.pid))
    yield directory
    sleeper.kill()
    sleeper.wait()


def run_client(client, broker, home, arguments, stream=False, wanted="", seconds=30):
    environment = {"HOME": str(home), "SJ_HTTP_ADDR": f"127.0.0.1:{broker.port}", "NO_COLOR": "1",
                   "SJ_UDS_DISABLE": "true", "PATH": os.environ["PATH"]}
    log = home / "client.out"
    with open(log, "wb") as out:
        process = subprocess.Popen([client, *arguments], stdout=out, stderr=subprocess.STDOUT, env=environment)
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
            if stream and time.monotonic() > deadline - seconds + 1.5 and wanted in log.read_text():
                process.send_signal(signal.SIGINT)
                time.sleep(1)  # it may miss one while it prints: Ctrl-C again
        if process.poll() is None:
            process.kill()
        process.wait()
    return process.returncode, log.read_text()


def working_order(broker):
    """A fresh order that rests, for commands that change one."""
    trade = broker.call("POST", "/order/place_order", {
        "contract": {"security_type": "STK", "exchange": "TSE", "code": "2330"},
        "stock_order": {"action": "Buy", "price": 560, "quantity": 3, "price_type": "LMT", "order_type": "ROD"}})
    time.sleep(0.2)
    return trade["order"]["id"]


@pytest.mark.slow
@pytest.mark.parametrize("command", commands() or [pytest.param("", marks=pytest.mark.skip(
    reason="the list of the client's commands is not here"))])
def test_the_brokers_client_is_content(client, broker, home, command):
    arguments = shlex.split(command)
    if "abc123" in arguments:
        arguments[arguments.index("abc123")] = working_order(broker)
    wanted = PRINTS[max((key for key in PRINTS if command.startswith(key)), key=len)]
    rc, out = run_client(client, broker, home, arguments, stream=command.startswith(STREAMS), wanted=wanted)
    assert rc == 0, out
    assert wanted in out, out


@pytest.mark.slow
@pytest.mark.parametrize("command, wanted", [
    ("contracts list --type WRT", "030001"), ("contracts info 030001 --type WRT", "exercise_ratio"),
    ("contracts warrants --underlying 2330", "030001"), ("contracts warrant-underlyings", "2330"),
    ("contracts options --root TXO", "strike_price"), ("data snapshots --codes 030001", "030001"),
    ("data stream --code 030001 --security-type WRT --quote-type tick", "total_volume"),
    ("data stream --code 030001 --security-type WRT --quote-type bid_ask", "bid_price")])
def test_the_brokers_client_knows_warrants_and_options(client, broker, home, command, wanted):
    stream = command.startswith("data stream")
    words = shlex.split(command) + ([] if stream else ["-f", "json"])
    rc, out = run_client(client, broker, home, words, stream=stream, wanted=wanted)
    assert rc == 0, out
    assert wanted in out, out


@pytest.mark.slow
def test_the_brokers_client_reads_the_profit_of_closed_positions(client, broker, home):
    stock = broker.call("GET", "/data/contracts/2330/info?security_type=STK")
    future = broker.call("GET", "/data/contracts/TXFR1/info?security_type=FUT")

    def settled():
        return {account: broker.call("POST", "/portfolio/profit_loss", {"account_type": account})
                for account in "SF"}

    deadline = time.monotonic() + 60
    while not all(settled().values()):
        assert time.monotonic() < deadline, "never closed"
        for code, kind, info in (("2330", "stock_order", stock), ("TXFR1", "futures_order", future)):
            for action, price in (("Buy", info["limit_up"]), ("Sell", info["limit_down"])):
                broker.call("POST", "/order/place_order", {
                    "contract": {"code": code}, kind: {"action": action, "price": price, "quantity": 1,
                                                       "price_type": "LMT", "order_type": "IOC"}})
        time.sleep(0.05)
    for account, wanted in (("S", "pr_ratio"), ("F", "cover_price")):
        for command in ("profit-loss", "profit-loss-summary"):
            rc, out = run_client(client, broker, home, [
                "portfolio", command, "--account-type", account, "--begin-date", "2026-11-23",
                "--end-date", "2026-11-23", "-f", "json"])
            assert rc == 0, out
            assert wanted in out and "pnl" in out, out


def test_an_order_is_acknowledged_filled_and_a_position(broker):
    # At the day's upper limit, so that it meets every seller, and resting until one comes: the book may be
    # empty at this moment, and an order at the market would then end without a fill.
    trade = broker.call("POST", "/order/place_order", {
        "contract": {"security_type": "STK", "exchange": "TSE", "code": "2317"},
        "stock_order": {"action": "Buy", "price": 235.5, "quantity": 2, "price_type": "LMT", "order_type": "ROD"}})
    assert trade["status"]["status"] == "PendingSubmit"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        trades = broker.call("POST", "/order/trades", {"account_type": "S"})
        mine = next(one for one in trades if one["order"]["id"] == trade["order"]["id"])
        if mine["status"]["status"] not in ("PendingSubmit", "Submitted", "PartFilled"):
            break
        time.sleep(0.02)
    assert mine["status"]["status"] == "Filled", json.dumps(mine)
    assert sum(deal["quantity"] for deal in mine["status"]["deals"]) == 2
    positions = broker.call("POST", "/portfolio/position_unit", {"account_type": "S", "unit": "Share"})
    assert [one["quantity"] for one in positions if one["code"] == "2317"] == [2000]
