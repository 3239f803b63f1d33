"""Trading from tick to fill, as users run it: a simulated broker that fails in every way, kills at seeded
moments, the kill switch and the panic; afterwards both sides have the same orders, deals and positions."""

import os
import random
import re
import shutil
import signal
import urllib.error

import pytest

from broker_server import BrokerServer
from live_trader import Trader, check_both_sides, decide_again, positions_of_broker

FAULTS = ("lost_ack,rate=0.05;lost_order,rate=0.05;half_ack,rate=0.03;unknown_outcome,rate=0.03;unknown_lost,rate=0.03;"
          "order_503,rate=0.03")


@pytest.fixture
def trader(shijim, broker_sim, tmp_path):
    # A broker's server takes 200 subscriptions; SHIJIM_TEST_INSTRUMENTS=1000 is the whole market.
    instruments = int(os.environ.get("SHIJIM_TEST_INSTRUMENTS", 60))
    with BrokerServer(broker_sim, tmp_path, "--instruments", instruments, "--servers", -(-instruments // 200),
                      "--rate", 2000, "--always-open", "--wall-clock", "--no-quota", "--seed", 7) as sim:
        one = Trader(shijim, sim, tmp_path)
        yield one
        if one.process and one.process.poll() is None:
            one.kill()


def test_a_session_in_order_leaves_both_sides_equal(trader):
    trader.start()
    trader.wait(lambda: trader.status().get("fills", 0) >= 10)
    trader.stop()
    truth = check_both_sides(trader)
    assert len(truth["deals"]) >= 10
    verdicts = trader.events("verdict")
    assert len(verdicts) == len(trader.events("intent"))


def test_kills_and_a_failing_broker_lose_and_double_no_order(trader):
    seed = int(os.environ.get("SHIJIM_TEST_SEED", random.randrange(1 << 32)))
    print("seed", seed)
    moments = random.Random(seed)
    kinds = [fault.partition(",") for fault in FAULTS.split(";")]
    for _ in range(int(os.environ.get("SHIJIM_TEST_KILLS", 6))):
        trader.start()
        for kind, _, rest in kinds:
            trader.sim.call("POST", "/admin/fault", {"kind": kind, "rate": float(rest.partition("=")[2])})
        goal = len(trader.truth()["orders"]) + moments.randrange(1, 15)
        trader.wait(lambda: len(trader.truth()["orders"]) >= goal)
        trader.kill()
    trader.sim.call("POST", "/admin/fault", {"kind": "clear"})
    trader.start()
    trader.wait(lambda: trader.status().get("ready"))
    trader.wait(lambda: trader.status().get("unknown_orders") == 0)
    trader.stop()
    check_both_sides(trader)


def strategies_config(trader, **changed):
    """The configuration with its strategies, but for the order of them and those that are None."""
    text = trader.config.read_text()
    head, _, body = text.partition("strategies:\n")
    blocks = dict(re.findall(r"^  (\w+):\n((?:    .*\n)+)", body, re.M))
    for name, block in reversed(changed.items()):
        blocks.pop(name, None)
        if block is not None:
            blocks = {name: block or dict(re.findall(r"^  (\w+):\n((?:    .*\n)+)", body, re.M))[name], **blocks}
    trader.config.write_text(head + "strategies:\n" + "".join(f"  {name}:\n{block}" for name, block in blocks.items()))


def test_strategies_keep_their_numbers_over_a_kill_and_another_order_of_them(trader):
    trader.start()
    trader.wait(lambda: {fill["strategy"] for fill in trader.events("fill")} >= {1, 3})
    trader.wait(lambda: trader.status()["open_orders"] > 0)
    trader.kill()
    # Another order, one in front of all, one gone that has orders at work.
    strategies_config(trader, fresh="    use: touch_quoter\n    instruments: [TXFA7]\n    step: 700ms\n", touch="", quotes=None)
    working = [order for order in trader.truth()["orders"] if order["exchange"]["left"]]
    fills = len(trader.events("fill"))
    trader.start()
    trader.wait(lambda: trader.status().get("ready") and len(trader.events("fill")) > fills)
    names = [(event["strategy"], event["text"], event["value"]) for event in trader.events("control") if event["kind"] == "name"]
    assert names == [(1, "quotes", 1), (2, "signal", 1), (3, "touch", 1),
                     (1, "quotes", 0), (2, "signal", 1), (3, "touch", 1), (4, "fresh", 1)]
    if working:
        assert "strategies.quotes is not configured any more" in (trader.directory / "run.log").read_text()
    shown = {one["name"]: one for one in trader.status()["strategies"]}
    assert list(shown) == ["quotes", "signal", "touch", "fresh"] and not shown["quotes"]["armed"]
    trader.stop()
    check_both_sides(trader)
    mine = {1: r"(TXF|MXF).6", 2: r"TXF.7", 3: "MXFA7", 4: "TXFA7"}
    for event in trader.events("intent") + trader.events("fill"):
        if event["strategy"]:
            assert re.fullmatch(mine[event["strategy"]], event["code"]), event
    # The saved state of another journal is none.
    (trader.directory / "journal").rename(trader.directory / "journal.of.before")
    shutil.rmtree(trader.directory / "bus")
    trader.start()
    trader.wait(lambda: trader.status().get("ready"))
    trader.stop()
    assert "is of another journal" in (trader.directory / "run.log").read_text()
    shutil.rmtree(trader.directory / "journal")
    shutil.rmtree(trader.directory / "bus")
    (trader.directory / "journal.of.before").rename(trader.directory / "journal")
    # The journal alone tells the numbers as well.
    (trader.directory / "state/strategies").unlink()
    trader.start()
    trader.wait(lambda: trader.status().get("ready"))
    trader.stop()
    assert (trader.directory / "state/strategies").read_text() == "1 quotes\n2 signal\n3 touch\n4 fresh\n"


def test_an_order_waits_for_the_disk_where_that_is_asked_for(trader):
    text = trader.config.read_text()
    trader.config.write_text(text.replace("orders:\n", "orders:\n  fsync_first: true\n"))
    trader.start()
    trader.wait(lambda: trader.status().get("fills", 0) >= 3)
    trader.kill()
    trader.start()
    trader.wait(lambda: trader.status().get("ready") and trader.status()["unknown_orders"] == 0)
    trader.stop()
    check_both_sides(trader)
    assert decide_again(trader)[0] == 0


def test_the_kill_switch_holds_over_a_restart_until_it_is_lifted(trader):
    trader.start()
    trader.wait(lambda: trader.status().get("fills", 0) >= 1)
    code, said = trader.command("kill", "odd prices")
    assert code == 0 and "odd prices" in said and "has acted on it" in said
    trader.wait(lambda: trader.status()["open_orders"] == 0)
    placed = len(trader.truth()["orders"])
    trader.kill()
    trader.start()
    trader.wait(lambda: trader.status().get("ready"))
    refused = trader.status()["refused"]
    trader.wait(lambda: trader.status()["refused"] > refused + 3)
    assert trader.status()["killed"]
    assert len(trader.truth()["orders"]) == placed
    assert trader.events("verdict")[-1]["check_name"] == "kill_switch"
    code, said = trader.command("resume")
    assert code == 0 and "trading is allowed" in said
    trader.wait(lambda: len(trader.truth()["orders"]) > placed)
    trader.stop()
    check_both_sides(trader)


def test_signal_and_http_kill_too(trader):
    trader.start()
    trader.wait(lambda: trader.status().get("ready"))
    with pytest.raises(urllib.error.HTTPError) as refused:
        trader.post("/kill?reason=x", "wrong")
    assert refused.value.code == 401
    assert not trader.status()["killed"]
    assert "killed" in trader.post("/kill?reason=odd%20fills", "right")
    trader.wait(lambda: trader.status()["killed"])
    assert trader.status()["reason"] == "odd fills"
    assert trader.command("resume")[0] == 0
    trader.process.send_signal(signal.SIGUSR1)
    trader.wait(lambda: trader.status()["killed"])
    assert trader.status()["reason"] == "SIGUSR1"
    trader.stop()
    check_both_sides(trader)


def test_a_session_decided_again_gives_the_same_intents_and_verdicts(trader):
    trader.start()
    trader.wait(lambda: trader.status().get("fills", 0) >= 3)
    trader.kill()
    trader.start()
    trader.wait(lambda: trader.status().get("fills", 0) >= 3)
    assert trader.command("kill")[0] == 0
    assert trader.command("resume")[0] == 0
    trader.wait(lambda: trader.status().get("fills", 0) >= 6)
    trader.stop()
    code, again = decide_again(trader)
    assert code == 0, again
    assert again["unequal"] == 0 and again["starts"] == 2
    assert again["intents"] == len(trader.events("intent")) > 5
    assert again["verdicts"] == len(trader.events("verdict"))
    # With another limit it is another day, and that is said.
    code, _ = trader.command("backtest", "--as-live", "--set", "strategies.quotes.qty=2")
    assert code == 3


def test_a_panic_leaves_nothing_working_and_nothing_held(trader):
    trader.start()
    trader.wait(lambda: positions_of_broker(trader.truth()))
    code, said = trader.command("panic", "get out")
    assert code == 0, said
    assert "cancelled and flat" in said and "killed: get out" in said
    truth = trader.truth()
    assert positions_of_broker(truth) == {}
    assert not [order for order in truth["orders"] if order["exchange"]["left"]]
    assert trader.status()["killed"]
    trader.stop()
    check_both_sides(trader)
    kinds = [event["kind"] for event in trader.events("control")]
    assert "panic" in kinds and "panic_done" in kinds


def test_strategies_that_crash_loop_or_send_nonsense_are_disarmed_and_all_else_goes_on(trader, build_dir):
    folder = build_dir / "tests/strategy"
    text = trader.config.read_text()
    trader.config.write_text(text[:text.index("strategies:")] + "strategies:\n" + "".join(
        f"  {name}:\n    use: {folder}/strategy_bad_{name}.so\n    instruments: [TXFL6]\n" for name in
        ("crash", "loop", "nonsense")) + "  quotes:\n    use: market_maker\n    instruments: [MXFL6]\n    interval: 50ms\n")
    trader.start()
    trader.wait(lambda: not any(one["armed"] for one in trader.status().get("strategies", [{"name": "", "armed": True}])
                                if one["name"] != "quotes"))
    fills = trader.status()["fills"]
    trader.wait(lambda: trader.status()["fills"] > fills)
    trader.stop()
    check_both_sides(trader)
    why = {event["source"] for event in trader.events("control") if event["kind"] == "disarm"}
    assert {"crash", "budget"} <= why
