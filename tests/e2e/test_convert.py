"""The converter's files before hftbacktest itself: loaded, their order checked, and backtested beside its own."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
DEPS = pathlib.Path(os.environ.get("SHIJIM_DEPS", ROOT / ".deps"))
PYTHON = DEPS / "hftbacktest/bin/python"
DATA = pathlib.Path(__file__).parents[3] / "shared/data"
FEED = DATA / "btcusdt_20240808.gz"
THEIRS = DATA / "btcusdt_20240808.npz"

# Run in hftbacktest's own Python: its order check, its reader (which is not numpy's), and a market maker that quotes
# every second on each file given. Prints one JSON line a file.
JUDGE = r"""
import json, sys
import numpy as np
from numba import njit
from hftbacktest import BacktestAsset, BUY, GTX, LIMIT, HashMapMarketDepthBacktest, SELL
from hftbacktest.data import validate_event_order

@njit
def quote(hbt, seconds):
    order_id = 1
    fills = 0.0
    for _ in range(seconds):
        if hbt.elapse(1_000_000_000) != 0:
            break
        hbt.clear_inactive_orders(0)
        depth = hbt.depth(0)
        orders = hbt.orders(0)
        values = orders.values()
        while values.has_next():
            order = values.get()
            if order.cancellable:
                hbt.cancel(0, order.order_id, False)
        if not (np.isfinite(depth.best_bid) and np.isfinite(depth.best_ask)):
            continue
        hbt.submit_buy_order(0, order_id, depth.best_bid, 0.01, GTX, LIMIT, False)
        hbt.submit_sell_order(0, order_id + 1, depth.best_ask, 0.01, GTX, LIMIT, False)
        order_id += 2
    state = hbt.state_values(0)
    return state.position, state.balance, state.fee, state.num_trades, state.trading_volume

for path in sys.argv[1:]:
    data = np.load(path)["data"]
    validate_event_order(data)
    asset = (BacktestAsset().data([path]).linear_asset(1.0).constant_order_latency(1_000_000, 1_000_000)
             .log_prob_queue_model().no_partial_fill_exchange().trading_value_fee_model(-0.00005, 0.0007)
             .tick_size(0.1).lot_size(0.001))
    hbt = HashMapMarketDepthBacktest([asset])
    result = [float(x) for x in quote(hbt, 300)]
    hbt.close()
    print(json.dumps({"rows": len(data), "result": result, "digest": hash(data.tobytes())}))
"""

needs_judge = pytest.mark.skipif(not PYTHON.exists(), reason="hftbacktest is not installed: run ./dev deps")


def judge(*paths):
    done = subprocess.run(
        [PYTHON, "-c", JUDGE, *map(str, paths)], capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def program(build_dir):
    return build_dir / "shijim"


@pytest.fixture
def convert(program):
    def run(*arguments):
        done = subprocess.run([program, "convert", *map(str, arguments)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done

    return run


@needs_judge
@pytest.mark.slow
@pytest.mark.skipif(not FEED.exists(), reason=f"the feed's sample is not here: {FEED}")
def test_hftbacktest_has_the_same_backtest_on_our_file_as_on_its_own(tmp_path, convert):
    ours, deflated = tmp_path / "ours.npz", tmp_path / "deflated.npz"
    said = convert("binance", FEED, ours, "--shift-negative", "0s")
    assert "were moved by 1272156851 ns" in said.stderr
    convert("binance", FEED, deflated, "--to", "npz-deflated", "--shift-negative", "0s")
    theirs, stored, packed = judge(THEIRS, ours, deflated)
    assert theirs["rows"] == 491973
    assert theirs["result"][3] > 50, "the strategy must trade for the comparison to mean something"
    assert stored == theirs
    assert packed == theirs


@needs_judge
@pytest.mark.slow
def test_hftbacktest_takes_files_made_of_the_originals_records(tmp_path, convert):
    text, rows = tmp_path / "load.jsonl", tmp_path / "load.npz"
    convert("synth", text, "--events", 20000, "--late", "0.01", "--bad", "0.001", "--seed", 11)
    said = convert("jsonl", text, rows, "--latency", "lognormal:2ms,0.8", "--json")
    report = json.loads(said.stdout)
    assert report["rejected"] > 0
    assert report["split_rows"] > 0
    (result,) = judge(rows)
    assert result["rows"] == report["rows"]


def test_a_run_that_is_interrupted_goes_on(tmp_path, program, convert):
    text, rows, whole = tmp_path / "load.jsonl", tmp_path / "rows.npz", tmp_path / "whole.npz"
    convert("synth", text, "--size", "40M", "--seed", 3)
    convert("jsonl", text, whole)
    process = subprocess.Popen([program, "convert", "jsonl", text, rows], stderr=subprocess.PIPE, text=True)
    process.send_signal(2)
    _, error = process.communicate(timeout=60)
    # It may have been too quick, or not yet listening; what is said of the end must be true in any case.
    if process.returncode == 1:
        assert "--resume" in error
    if process.returncode != 0:
        convert("jsonl", text, rows, "--resume")
    assert rows.read_bytes() == whole.read_bytes()
    assert not (tmp_path / "rows.npz.resume").exists()


def test_a_missing_file_is_one_line_and_exit_code_2(tmp_path, program):
    done = subprocess.run(
        [program, "convert", "jsonl", tmp_path / "nothing.jsonl", tmp_path / "out.npz"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "nothing.jsonl: No such file" in done.stderr
    assert not list(tmp_path.iterdir())
