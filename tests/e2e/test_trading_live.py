"""The way that only a server of the real market takes: orders are real, order events come for accounts that were asked
for, the login has several accounts. The faults of its stream one by one, then a restart of the server."""

import pytest

from broker_server import BrokerServer
from live_trader import Trader, check_both_sides, positions_of_broker

ACCOUNTS = {"S": "9A95-2345678", "F": "F002000-8765432"}


@pytest.fixture
def trader(shijim, broker_sim, tmp_path):
    with BrokerServer(broker_sim, tmp_path, "--instruments", 60, "--rate", 2000, "--always-open", "--wall-clock",
                      "--no-quota", "--seed", 7, "--live", "--accounts", 4) as sim:
        one = Trader(shijim, sim, tmp_path)
        text = one.config.read_text().replace("mode: paper", "mode: live").replace("broker:\n", "broker:\n  simulation: false\n")
        one.config.write_text(text.replace(
            "orders:\n", f"orders:\n  account_stock: {ACCOUNTS['S']}\n  account_futures: {ACCOUNTS['F']}\n"))
        yield one
        if one.process and one.process.poll() is None:
            one.kill()


def fills_go_on(trader, count=4):
    fills = trader.status().get("fills", 0)
    trader.wait(lambda: trader.status().get("fills", 0) >= fills + count)


def test_orders_and_deals_are_those_of_the_accounts_that_are_configured(trader):
    trader.start()
    fills_go_on(trader)
    trader.wait(lambda: {event["account"] for event in trader.events("account")} == {0, 1})
    trader.stop()
    truth = check_both_sides(trader)
    assert truth["deals"]
    for order in truth["orders"]:
        account = order["order"]["account"]
        assert f"{account['broker_id']}-{account['account_id']}" == ACCOUNTS[account["account_type"]]
    assert {fill["broker_account"] for fill in trader.events("fill")} == {ACCOUNTS["F"]}
    assert {fill["account"] for fill in trader.events("fill")} == {1}
    assert {intent["account"] for intent in trader.events("intent")} == {1}
    assert {event["broker_account"] for event in trader.events("account")} == set(ACCOUNTS.values())
    assert all(event["account"] == 1 for event in trader.events("order") if event["state_to"])
    # Everything came over the stream, not by lists alone.
    assert "stream" in {event["source"] for event in trader.events("order_report") if event["kind"] == "deal"}


def test_an_account_that_the_login_does_not_have_is_told_and_nothing_is_sent(trader):
    text = trader.config.read_text()
    trader.config.write_text(text.replace(ACCOUNTS["F"], "F002000-1111111"))
    trader.start()
    trader.wait(lambda: "orders.account_futures: the login has no account F002000-1111111" in trader.log())
    assert not trader.truth()["orders"]
    trader.stop()


@pytest.mark.parametrize("fault", [
    "late_deal", "late_report", "reorder_report", "duplicate_report", "lose_report", "close", # of the stream
    "lost_ack", "half_ack", "order_503", "unknown_outcome"]) # of the answers
def test_a_fault_of_the_broker_ends_with_both_sides_equal(trader, fault):
    trader.start()
    trader.wait(lambda: trader.status().get("ready"))
    trader.sim.call("POST", "/admin/fault", {"kind": fault, "rate": 0.5, "ms": 300})
    fills_go_on(trader, 8)
    trader.sim.call("POST", "/admin/fault", {"kind": "clear"})
    fills_go_on(trader, 1)
    trader.wait(lambda: trader.status()["unknown_orders"] == 0)
    trader.stop()
    check_both_sides(trader)


def test_a_restart_that_forgets_trade_ids_and_whose_events_were_asked_for(trader):
    trader.start()
    fills_go_on(trader, 2)
    trader.wait(lambda: trader.status()["open_orders"] > 0)
    trader.sim.call("POST", "/admin/fault", {"kind": "restart", "ms": 200})
    trader.wait(lambda: not trader.status()["ready"])
    trader.wait(lambda: trader.status()["ready"])
    deals = sum(1 for event in trader.events("order_report") if event["kind"] == "deal" and event["source"] == "stream")
    trader.wait(lambda: sum(1 for event in trader.events("order_report")
                            if event["kind"] == "deal" and event["source"] == "stream") > deals)
    trader.stop()
    check_both_sides(trader)
    assert positions_of_broker(trader.truth()) is not None
