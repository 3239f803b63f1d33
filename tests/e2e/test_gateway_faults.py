"""The gateway against the broker simulator, under each of its faults: whatever happens, events seen plus
events counted are the events the simulator says it sent, the right rung cures, and gaps are written.

Waits are for events and accounts; the time limits only end a failure."""

import json
import queue
import shutil
import subprocess
import threading
import time
import urllib.request

import pytest

PATIENCE_S = 60
RUNG = {"resubscribe": 1, "stream": 2, "login": 3, "restart": 4}
GAP = {"volume": 1, "silence": 2, "stream": 3, "bus": 4, "parse": 6}


def until(condition, what):
    """Asks again and again until the answer is true, and returns it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.02)


class Simulator:
    def __init__(self, build_dir, directory, *options):
        ports = directory / "ports"
        self.process = subprocess.Popen(
            [build_dir / "shijim", "broker-sim", "--port", "0", "--port-file", ports, "--wall-clock", "--no-quota",
             "--heartbeat-ms", "100", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: ports.exists() and ports.read_text().strip(), "the simulator's ports")
        self.urls = [f"http://127.0.0.1:{port}" for port in ports.read_text().split()]

    def admin(self, what, **body):
        request = urllib.request.Request(f"{self.urls[0]}/admin/{what}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def fault(self, kind, **values):
        self.admin("fault", kind=kind, **values)

    def account(self):
        with urllib.request.urlopen(f"{self.urls[0]}/admin/account?topics=0", timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def close(self):
        self.process.kill()
        self.process.wait()


class Driver:
    """gateway_driver: its own events as they come, its account when asked for."""

    def __init__(self, build_dir, directory, servers, **config):
        self.directory = directory / "bus"
        self.directory.mkdir()
        values = {"servers": ",".join(servers), "instruments": "STK:*", "subscribe_stocks": "tick,bidask",
                  "calendar": "always", "silence_day_ms": 1000, "watch_ms": 1500, "health_interval_ms": 100,
                  "backoff_min_ms": 10, "backoff_max_ms": 100, "login_interval_ms": 0, "ban_wait_ms": 500,
                  "login_budget_file": directory / "logins", **config}
        self.process = subprocess.Popen(
            [build_dir / "tests/gateway/gateway_driver", self.directory,
             *(f"broker.{key}={value}" for key, value in values.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.events = []
        self.accounts = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            if event["type"] in ("stat", "account"):
                self.accounts.put(event)
            else:
                self.events.append(event)

    def say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def stat(self):
        self.say("stat")
        return self.accounts.get(timeout=PATIENCE_S)["connections"]

    def sum(self, *names):
        return sum(connection[name] for connection in self.stat() for name in names)

    def find(self, what, /, **fields):
        """Own events of a type: of a session `kind`, or "gap", "completeness"."""
        return [event for event in list(self.events)
                if (event["type"] == what or event.get("kind") == what)
                and all(event.get(key) == value for key, value in fields.items())]

    def ready(self, subscriptions):
        until(lambda: self.sum("subscribed") == subscriptions, "all subscriptions")
        until(lambda: self.sum("events") > 200, "the first events")

    def stop(self):
        self.say("stop")
        account = self.accounts.get(timeout=PATIENCE_S)["connections"]
        assert self.process.wait(PATIENCE_S) == 0
        return account

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture
def live(build_dir, tmp_path, request):
    """A simulator and five stocks (10 subscriptions) of its market of 40,000 events/s, and the gateway on it."""
    options = getattr(request, "param", {})
    servers = options.get("servers", 1)
    sim = Simulator(build_dir, tmp_path, "--instruments", "200", "--rate", "40000", "--servers", str(servers))
    codes = ",".join(str(code) for code in (2330, 2317, 2454, 2303, 2412))
    driver = Driver(build_dir, tmp_path, sim.urls, instruments=options.get("instruments", codes),
                    **options.get("config", {}))
    yield sim, driver
    driver.close()
    sim.close()


def settle(sim, driver, merged=0):
    """Halts the market and waits until what was sent has been seen or counted. Returns both accounts.
    merged: so many events may have been swallowed by half an event before them (one message on the wire)."""
    sim.admin("market", action="halt")

    def equal():
        account = sim.account()
        pending = sum(stream["pending_events"] for server in account["servers"] for stream in server["streams"])
        total = account["total"]
        sent = total["written"] + total["damaged"]
        here = driver.stat()
        counted = sum(one["events"] + one["ring_full"] + one["malformed"] + one["cut"] for one in here)
        return pending == 0 and 0 <= sent - counted <= merged and (account, here)

    return until(equal, "events seen + counted = events sent")


def check(connections):
    """The identities of gateway.h, and that the bus showed everything in order."""
    for one in connections:
        assert one["messages"] == (one["events"] + one["beats"] + one["passed"] + one["malformed"]
                                   + one["ring_full"] + one["cut"])
        assert one["seen"] == one["events"]
        assert one["order_breaks"] == 0
        assert one["undefined"] == 0


def finish(sim, driver, merged=0):
    account, _ = settle(sim, driver, merged)
    connections = driver.stop()
    check(connections)
    return account["total"], connections


def test_every_event_arrives_when_nothing_is_wrong(live):
    sim, driver = live
    driver.ready(10)
    until(lambda: driver.sum("events") > 3000, "events")
    total, connections = finish(sim, driver)
    assert total["drop_slow"] == total["drop_closed"] == 0
    assert sum(one["duplicates"] + one["out_of_order"] + one["malformed"] for one in connections) == 0
    assert not [gap for gap in driver.find("gap") if gap["kind"] != "silence"]
    assert len(driver.find("completeness")) == 5


def test_dropped_events_show_as_volume_gaps(live):
    sim, driver = live
    driver.ready(10)
    sim.fault("drop", rate=0.2, count=400)
    until(lambda: driver.find("gap", kind="volume"), "a volume gap")
    until(lambda: sim.account()["total"]["drop_fault"] >= 400, "all of the fault")
    finish(sim, driver)
    verdicts = {event["verdict"] for event in driver.find("completeness")}
    assert "incomplete" in verdicts


def test_duplicates_and_swaps_are_flagged_and_lose_nothing(live):
    sim, driver = live
    driver.ready(10)
    sim.fault("duplicate", rate=0.2, count=200)
    sim.fault("reorder", rate=0.1, count=200)
    until(lambda: sim.account()["total"]["duplicated"] >= 200, "all duplicates")
    until(lambda: driver.sum("duplicates") > 100, "duplicates flagged")
    total, connections = finish(sim, driver)
    assert all(event["volume_missing"] == 0 for event in driver.find("completeness"))


@pytest.mark.parametrize("kind", ["half", "close"])
def test_a_stream_that_ends_is_opened_anew(live, kind):
    sim, driver = live
    driver.ready(10)
    sim.fault(kind, count=1)
    recovered = until(lambda: driver.find("recovered"), "recovery")
    assert recovered[0]["rung"] == RUNG["stream"]
    assert driver.find("drop") and driver.find("gap", kind="stream")
    seen = driver.sum("events")
    until(lambda: driver.sum("events") > seen + 200, "events after it")
    halves = 1 if kind == "half" else 0
    _, connections = finish(sim, driver, merged=halves)
    assert sum(one["cut"] + one["malformed"] for one in connections) == halves


def test_garbage_is_counted_and_stops_nothing(live):
    sim, driver = live
    driver.ready(10)
    sim.fault("garbage", rate=0.2, count=100)
    until(lambda: sim.account()["total"]["damaged"] >= 100, "garbage")
    _, connections = finish(sim, driver)
    assert sum(one["malformed"] for one in connections) > 0
    assert driver.find("gap", kind="parse")
    assert not driver.find("drop")


def test_silently_lost_subscriptions_are_taken_again(live):
    sim, driver = live
    driver.ready(10)
    sim.fault("silent")
    recovered = until(lambda: driver.find("recovered"), "recovery")
    assert recovered[0]["rung"] == RUNG["resubscribe"]
    assert driver.find("maintenance")
    assert not driver.find("drop")
    finish(sim, driver)


@pytest.mark.parametrize("live", [{"config": {"login_path": "/admin/login"}}], indirect=True)
def test_a_dead_session_behind_heartbeats_ends_with_a_login(live):
    sim, driver = live
    driver.ready(10)
    sim.fault("dead")
    recovered = until(lambda: driver.find("recovered", rung=RUNG["login"]), "recovery by login")
    assert recovered[0]["duration_ns"] > 0
    rungs = [event["rung"] for event in driver.find("rung")]
    assert rungs[:3] == [RUNG["resubscribe"], RUNG["stream"], RUNG["login"]]
    assert driver.find("silent") and driver.find("gap", kind="silence")
    _, connections = finish(sim, driver)
    assert sum(one["logins"] for one in connections) == 1


def test_a_ban_is_waited_for(live):
    sim, driver = live
    driver.ready(10)
    sim.fault("503", for_ms=1500)
    sim.fault("close")
    refused = until(lambda: driver.find("refused", status=503), "a refusal")
    until(lambda: driver.find("recovered"), "recovery")
    assert len(driver.find("refused", status=503)) <= 20 and "ban" in refused[0]["text"]
    finish(sim, driver)


def test_a_stalled_stream_is_judged_by_its_data(live):
    sim, driver = live
    driver.ready(10)
    sim.fault("stall", ms=100000000)
    until(lambda: driver.find("silent"), "silence noticed")
    until(lambda: driver.find("recovered", rung=RUNG["stream"]), "recovery")
    assert driver.find("gap", kind="silence")
    check(driver.stop())


def test_a_slow_stream_loses_nothing_here(live):
    sim, driver = live
    driver.ready(10)
    sim.fault("slow", bytes=200000)
    seen = driver.sum("events")
    until(lambda: driver.sum("events") > seen + 500, "events")
    sim.fault("clear")
    finish(sim, driver)


@pytest.mark.parametrize("live", [{"config": {"queue_events": 1024}}], indirect=True)
def test_a_reader_that_holds_the_ring_costs_counted_events_only(live):
    sim, driver = live
    driver.ready(10)
    driver.say("hold")
    until(lambda: driver.sum("ring_full") > 500, "a full ring")
    driver.say("go")
    until(lambda: driver.find("gap", kind="bus"), "the gap")
    _, connections = finish(sim, driver)
    lost = sum(event["lost_count"] for event in driver.find("gap", kind="bus"))
    assert lost == sum(one["ring_full"] for one in connections)


@pytest.mark.parametrize("live", [{"servers": 5, "instruments": "STK:*,FUT:*,IND:*",
                                   "config": {"subscribe_stocks": "quote", "subscribe_futures": "quote"}}],
                         indirect=True)
def test_five_connections_share_the_market(live):
    sim, driver = live
    until(lambda: (stat := driver.stat()) and sum(one["planned"] for one in stat) > 100
          and all(one["subscribed"] == one["planned"] for one in stat), "all subscriptions")
    planned = [one["planned"] for one in driver.stat()]
    assert max(planned) - min(planned) <= 1
    until(lambda: driver.sum("events") > 3000, "events")
    finish(sim, driver)
