"""What stops trading by itself, each seen from outside: killed, said why, cancelled what worked, and still so after the
process was killed; only a resume lifts it."""

import os
import signal

import pytest

from broker_server import BrokerServer
from live_trader import Trader, check_both_sides, decide_again


@pytest.fixture
def trader(shijim, broker_sim, tmp_path):
    with BrokerServer(broker_sim, tmp_path, "--instruments", 60, "--rate", 2000, "--always-open", "--wall-clock",
                      "--no-quota", "--seed", 7, "--heartbeat-ms", 200) as sim:
        one = Trader(shijim, sim, tmp_path)
        yield one
        os.kill(sim.process.pid, signal.SIGCONT)
        if one.process and one.process.poll() is None:
            one.kill()


def configure(trader, **values):
    """Sets keys of sections: trading_dead_man_ms=1000."""
    text = trader.config.read_text()
    for key, value in values.items():
        section, _, name = key.partition("_")
        text = text.replace(f"\n{section}:\n", f"\n{section}:\n  {name}: {value}\n", 1)
    trader.config.write_text(text)


def check_killed(trader, source, reason):
    """It is killed, nothing works, the journal says who did it, and a restart changes none of that."""
    trader.wait(lambda: trader.status()["killed"])
    assert reason in trader.status()["reason"]
    trader.wait(lambda: trader.status()["open_orders"] == 0)
    trader.kill()
    placed = len(trader.truth()["orders"])
    trader.start()
    trader.wait(lambda: trader.status().get("ready"))
    refused = trader.status()["refused"]
    trader.wait(lambda: trader.status()["refused"] > refused)
    assert trader.status()["killed"] and reason in trader.status()["reason"]
    assert len(trader.truth()["orders"]) == placed
    assert source in {event["source"] for event in trader.events("control") if event["kind"] == "kill"}


def trade_a_little(trader):
    trader.start()
    trader.wait(lambda: trader.status().get("fills", 0) >= 2 and trader.status()["open_orders"] > 0)


def test_a_dead_mans_file_that_is_not_touched_kills(trader, tmp_path):
    alive = tmp_path / "alive"
    configure(trader, trading_dead_man_file=alive, trading_dead_man_ms=2000)
    alive.touch()
    trader.start()

    def touched(look):
        alive.touch()
        return look()
    trader.wait(lambda: touched(lambda: trader.status().get("fills", 0) >= 2))
    assert not trader.status()["killed"]
    check_killed(trader, "dead_man", "the dead man's file is old")
    trader.stop()
    check_both_sides(trader)


def test_a_broker_that_says_nothing_kills(trader):
    configure(trader, trading_broker_silence_ms=1500)
    trade_a_little(trader)
    os.kill(trader.sim.process.pid, signal.SIGSTOP)
    trader.wait(lambda: trader.status()["killed"])
    assert "said nothing for" in trader.status()["reason"]
    os.kill(trader.sim.process.pid, signal.SIGCONT)
    check_killed(trader, "dead_man", "said nothing for")
    trader.stop()
    check_both_sides(trader)


def test_a_market_that_says_nothing_stops_new_orders_until_it_speaks(trader):
    configure(trader, trading_feed_loss_ms=1000)
    trade_a_little(trader)
    trader.sim.call("POST", "/admin/fault", {"kind": "drop", "rate": 1})
    trader.wait(lambda: "no market data" in [event["text"] for event in trader.events("control")])
    trader.sim.call("POST", "/admin/fault", {"kind": "clear"})
    placed = len(trader.truth()["orders"])
    trader.wait(lambda: len(trader.truth()["orders"]) > placed)
    assert not trader.status()["killed"]
    trader.stop()
    check_both_sides(trader)


def test_a_market_that_says_nothing_kills_where_that_is_asked_for(trader):
    configure(trader, trading_feed_loss_ms=1000, trading_feed_loss_kills="true")
    trade_a_little(trader)
    trader.sim.call("POST", "/admin/fault", {"kind": "drop", "rate": 1})
    trader.wait(lambda: trader.status()["killed"])
    trader.sim.call("POST", "/admin/fault", {"kind": "clear"})
    check_killed(trader, "feed", "no market data")
    trader.stop()
    check_both_sides(trader)
    assert decide_again(trader)[0] == 0


@pytest.mark.parametrize("limit", ["daily_loss_max", "drawdown_max"])
def test_a_loss_kills_and_refuses_after_a_restart_and_a_resume(trader, limit):
    configure(trader, **{f"risk_{limit}": 1})
    trader.config.write_text(trader.config.read_text() + "account:\n  lot_fee: 50000\n") # every fill loses
    trader.start()
    check_killed(trader, "loss_limit", "")
    assert trader.command("resume")[0] == 0
    if limit == "daily_loss_max": # a resume accepts the loss since the best, but never the day's
        refused = trader.status()["refused"]
        trader.wait(lambda: trader.status()["refused"] > refused)
        assert [event for event in trader.events("verdict") if not event["accepted"]][-1]["check_name"] == "daily_loss"
    trader.stop()
    check_both_sides(trader, costs=["tax"])
    assert decide_again(trader)[0] == 0


def test_a_strategy_beyond_its_budget_of_time_is_disarmed_and_its_orders_go(trader):
    text = trader.config.read_text()
    trader.config.write_text(text.replace("    use: touch_quoter\n", "    use: touch_quoter\n    budget_us: 1\n    overrun_max: 1\n"))
    trader.start()
    trader.wait(lambda: [one for one in trader.status().get("strategies", []) if one["name"] == "touch" and not one["armed"]])
    fills = trader.status()["fills"]
    trader.wait(lambda: trader.status()["fills"] > fills)
    trader.stop()
    check_both_sides(trader)
    disarms = [event for event in trader.events("control") if event["kind"] == "disarm"]
    assert [event["source"] for event in disarms] == ["budget"] and disarms[0]["strategy"] == 3
