"""A live process that trades with a simulated broker, and whether both have the same in the end."""

import json
import subprocess
import time
import urllib.error
import urllib.request

import pytest

CONFIG = """
broker:
  servers: [{servers}]
  instruments: ["FUT:???[!R]?", "OPT:*", "IND:*", "STK:*"]
  subscribe_stocks: [tick]
  subscribe_futures: [bidask]
  calendar: always
  login_budget_file: {dir}/logins
  backoff_min_ms: 50
bus:
  dir: {dir}/bus
journal:
  dir: {dir}/journal
  segment_size: 16Mi
store:
  url: ""
watch:
  listen: 127.0.0.1:0
  port_file: {dir}/run.port
trading:
  mode: paper
  state_dir: {dir}/state
  token: {token}
  stop_ms: 20000
orders:
  answer_timeout_ms: 500
  ack_timeout_ms: 500
  settle_ms: 200
  retry_ms: 200
risk:
  session_check: false
strategies:
  quotes:
    use: market_maker
    instruments: ["FUT:TXF?6", "FUT:MXF?6"]
    interval: 50ms
    calls: 60
  signal:
    use: micro_alpha
    instruments: ["FUT:TXF?7"]
  touch:
    use: touch_quoter
    instruments: [MXFA7]
    step: 700ms
"""


class Trader:
    """A live process that trades, a broker, and what each of them says."""

    def __init__(self, program, sim, directory):
        self.program = program
        self.sim = sim
        self.directory = directory
        self.config = directory / "shijim.yaml"
        self.config.write_text(CONFIG.format(
            servers=", ".join(f"http://127.0.0.1:{port}" for port in sim.ports), dir=directory, token="right"))
        self.config.chmod(0o600)
        self.process = None

    def start(self):
        (self.directory / "run.port").unlink(missing_ok=True)
        log = (self.directory / "run.log").open("ab")
        self.process = subprocess.Popen([self.program, "run", "-c", self.config], stdout=log, stderr=log)
        self.wait(self.port_is_known)

    def log(self):
        return (self.directory / "run.log").read_text()[-3000:]

    def port_is_known(self):
        path = self.directory / "run.port"
        return path.exists() and path.read_text().endswith("\n")

    def wait(self, look, timeout=60):
        """Until `look` gives something true: the event itself is waited for, at any speed of the machine."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            value = look()
            if value:
                return value
            assert self.process is None or self.process.poll() is None, self.log()
            time.sleep(0.02)
        raise AssertionError(f"nothing within {timeout} s: {self.log()}")

    def status(self):
        port = int((self.directory / "run.port").read_text())
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=10) as answer:
                return json.load(answer)["trading"]
        except urllib.error.URLError:
            assert self.process.poll() is None, self.log()
            raise

    def post(self, path, token):
        port = int((self.directory / "run.port").read_text())
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method="POST", data=b"",
                                         headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, self.log()
        self.process = None

    def command(self, *arguments):
        result = subprocess.run([self.program, *arguments[:1], "-c", self.config, *arguments[1:]], capture_output=True,
                                text=True, timeout=90, check=False)
        return result.returncode, result.stdout + result.stderr

    def truth(self):
        return self.sim.call("GET", "/admin/trading")

    def events(self, kind):
        out = subprocess.run([self.program, "journal", "cat", self.directory / "journal", "--type", kind],
                             capture_output=True, text=True, timeout=60, check=True).stdout
        return [json.loads(line) for line in out.splitlines()]


def positions_of_broker(truth):
    return {position["code"]: position["quantity"] for account in truth["accounts"]
            for position in account["positions"] if position["quantity"]}


def positions_of_fills(fills):
    sums = {}
    for fill in fills:
        sums[fill["code"]] = sums.get(fill["code"], 0) + (1 if fill["side"] == "buy" else -1) * fill["quantity"]
    return {code: quantity for code, quantity in sums.items() if quantity}


def check_both_sides(trader, costs=("fee", "tax")):
    """Each order once, each deal once, the same positions and costs; nothing works any more."""
    truth = trader.truth()
    intents = {event["intent_id"]: event for event in trader.events("intent")}
    fills = trader.events("fill")
    tags = [order["order"]["custom_field"] for order in truth["orders"]]
    assert len(tags) == len(set(tags)), "an order was sent twice"
    assert set(tags) <= {intent["custom_field"] for intent in intents.values()}
    assert not [order for order in truth["orders"] if order["exchange"]["left"]], "an order still works"
    deals = sorted((deal["seq"], deal["code"], deal["quantity"], deal["price"]) for deal in truth["deals"])
    assert sorted((fill["exchange_seq"], fill["code"], fill["quantity"], fill["price"]) for fill in fills) == deals
    assert positions_of_fills(fills) == positions_of_broker(truth)
    for what in costs:
        ours = sum(fill[what] for fill in fills)
        theirs = sum(account[what] for account in truth["accounts"])
        assert ours == pytest.approx(theirs, abs=1e-6), what
    if "fee" in costs:
        check_cash(trader, truth, fills)
    return truth


def check_cash(trader, truth, fills):
    """The broker's cash, with what its open positions cost, is what our fills alone make of the opening cash."""
    point = {event["code"]: event["multiplier"] for event in trader.events("instrument")}
    assert {fill["code"][:3] for fill in fills} <= {"TXF", "MXF"}, "only futures are traded here"
    for account in truth["accounts"]:
        if account["account"]["account_type"] != "F":
            assert account["cash"] == account["opening"]
            continue
        theirs = account["cash"] - sum((1 if one["quantity"] > 0 else -1) * one["cost"] * point[one["code"]]
                                       for one in account["positions"] if one["quantity"])
        ours = account["opening"]
        if any(account["account"]["account_id"] in (fill["broker_account"] or "") or not fill["broker_account"] for fill in fills):
            ours += sum((-1 if fill["side"] == "buy" else 1) * fill["quantity"] * fill["price"] * point[fill["code"]]
                        - fill["fee"] - fill["tax"] for fill in fills)
        assert theirs == pytest.approx(ours, abs=1e-3)


def decide_again(trader):
    code, said = trader.command("backtest", "--as-live", "--json")
    return code, json.loads(next(line for line in said.splitlines() if line.startswith("{")))
