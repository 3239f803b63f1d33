"""Indicators: the C core, Numba and NumPy give the same bits, per event and in batches, over all sorts of input."""

import copy
import csv
import math
import pathlib
import pickle
import random
import subprocess
import sys
import threading

import numpy as np
import pytest

from shijim import _fallback, _native, errors, indicators

GOLDEN = pathlib.Path(__file__).parents[2] / ".." / "shared" / "golden" / "indicators"
SEED = random.SystemRandom().randrange(2**32)
BACKENDS = ["native", "numpy", "numba"]
# What the C library rounds its own way; everything else is equal to the bit.
ROUNDED = {"Volatility", "QueuePosition log", "Vpin bulk"}


@pytest.fixture(autouse=True)
def _seed_is_told():
    print(f"seed {SEED}")


def core_of(backend):
    return _native if backend == "native" else _fallback.load(backend)


@pytest.fixture(params=BACKENDS)
def use(request, monkeypatch):
    """The module with that backend."""
    monkeypatch.setattr(indicators, "_core", core_of(request.param))
    return request.param


def with_backend(monkeypatch, backend):
    monkeypatch.setattr(indicators, "_core", core_of(backend))


def wild(rng, n, kind):
    """Columns as they come and as they should not: NaN, infinities, huge, zero, negative, repeated."""
    if kind == "time":
        steps = rng.integers(-(10**6), 10**8, n)
        times = 1_700_000_000_000_000_000 + np.cumsum(steps)
        if n > 4:
            times[rng.integers(n)] = -(2**63)
            times[rng.integers(n)] = 2**63 - 1
        return times.astype(np.int64)
    if kind == "price":
        column = 100 + rng.integers(-5, 6, n) * 0.5
    elif kind == "quantity":
        column = rng.integers(0, 50, n).astype(np.float64)
    else:
        column = rng.integers(-20, 21, n).astype(np.float64) * 0.25
    for bad in (np.nan, np.inf, -np.inf, 1e16, -1e15, 1e-16, 0.0, -0.0, 1e300, 5e-324):
        if n and rng.random() < 0.5:
            column[rng.integers(n)] = bad
    return column


def book(rng, n, levels=None):
    """A book that moves; sides vanish, cross and lock."""
    shape = (n,) if levels is None else (n, levels)
    mid = 100 + np.cumsum(rng.integers(-1, 2, n)) * 0.5
    depth = np.zeros(shape) if levels is None else np.arange(levels) * np.ones(shape)
    mid = mid if levels is None else mid[:, None]
    sides = [
        mid - 0.5 - depth + rng.integers(0, 2, shape) * 0.5,
        rng.integers(0, 30, shape).astype(np.float64),
        mid + 0.5 + depth - rng.integers(0, 2, shape) * 0.5,
        rng.integers(0, 30, shape).astype(np.float64),
    ]
    for side in sides:
        flat = side.reshape(-1)
        for bad in (np.nan, np.inf, -np.inf, 1e16, 0.0, -3.0):
            for _ in range(max(1, len(flat) // 50)):
                if len(flat) and rng.random() < 0.6:
                    flat[rng.integers(len(flat))] = bad
    return sides


def strided(rng, column):
    """The same values lying otherwise: every second place, backwards, in a record, unaligned."""
    how = rng.integers(5)
    n = len(column)
    if how == 0:
        return column
    if how == 1:
        lay = np.zeros((2 * n, *column.shape[1:]), column.dtype)[::2]
    elif how == 2:
        lay = np.zeros_like(column)[::-1]
    elif how == 3 and column.ndim == 1:
        lay = np.zeros(n, [("a", "u1"), ("v", column.dtype)])["v"]
    else:
        lay = np.zeros((n, *(3 * s for s in column.shape[1:]), 3), column.dtype)[..., 1]
        lay = lay[:, ::3] if column.ndim == 2 else lay
    lay[...] = column
    return lay


MAKERS = {
    "Ofi": (lambda m: m.Ofi(), book),
    "Mlofi 1": (lambda m: m.Mlofi(1), lambda r, n: book(r, n, 1)),
    "Mlofi 4": (lambda m: m.Mlofi(4), lambda r, n: book(r, n, 4)),
    "Mlofi 5": (lambda m: m.Mlofi(5, [1, 0.7, 0.5, 0.3, 0.1]), lambda r, n: book(r, n, 5)),
    "Mlofi 10": (lambda m: m.Mlofi(10), lambda r, n: book(r, n, 10)),
    "Tfi": (lambda m: m.Tfi(17), lambda r, n: [wild(r, n, "flow")]),
    "Vpin": (lambda m: m.Vpin(7.0, 5), lambda r, n: [wild(r, n, "flow")]),
    "Kyle": (lambda m: m.Kyle(13), lambda r, n: [wild(r, n, "price"), wild(r, n, "flow")]),
    "Volatility": (lambda m: m.Volatility(10), lambda r, n: [wild(r, n, "price")]),
    "Hawkes": (lambda m: m.Hawkes(0.1, 0.5, 20.0), lambda r, n: [wild(r, n, "time")]),
    "Hawkes 3": (lambda m: m.Hawkes(0.1, [0.5, 1, 2], [20.0, 1, 300]), lambda r, n: [wild(r, n, "time")]),
    "HawkesPair": (
        lambda m: m.HawkesPair([0.1, 0.2], [0.5, 0.1, 0.2, 0.4], [20.0, 1, 7, 300]),
        lambda r, n: [wild(r, n, "time"), wild(r, n, "flow")],
    ),
    "QueuePosition front_none": (
        lambda m: m.QueuePosition("front_none", 40),
        lambda r, n: [wild(r, n, "quantity"), wild(r, n, "quantity")],
    ),
    "QueuePosition power2": (
        lambda m: m.QueuePosition("power2", 40),
        lambda r, n: [wild(r, n, "quantity"), wild(r, n, "quantity")],
    ),
    "QueuePosition log": (
        lambda m: m.QueuePosition("log", 40),
        lambda r, n: [wild(r, n, "quantity"), wild(r, n, "quantity")],
    ),
}


def as_list(result):
    return list(result) if isinstance(result, tuple) else [result]


def assert_same(name, left, right):
    for one, other in zip(map(np.asarray, as_list(left)), map(np.asarray, as_list(right)), strict=True):
        if name in ROUNDED:
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-300, err_msg=f"{name}, seed {SEED}")
        else:
            np.testing.assert_array_equal(one, other, err_msg=f"{name}, seed {SEED}")


def by_event(indicator, name, columns):
    """The batch's results, an event at a time."""
    if name.startswith("QueuePosition"):
        rows = [(indicator.trade(t), indicator.level(q)) for t, q in zip(*(c.tolist() for c in columns), strict=True)]
        return np.array([r[1] for r in rows]), np.array([r[0] for r in rows])
    values = [indicator.update(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]
    if name == "HawkesPair":
        return np.array([v[0] for v in values]), np.array([v[1] for v in values])
    return np.array(values)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_fallback_equals_the_core(monkeypatch, name, backend):
    make, columns_of = MAKERS[name]
    for case in range(12):
        rng = np.random.default_rng([SEED, case])
        columns = columns_of(rng, int(rng.choice([0, 1, 3, 40, 300])))
        results = {}
        for one in ("native", backend):
            with_backend(monkeypatch, one)
            indicator = make(indicators)
            cut = len(columns[0]) // 3
            first = as_list(indicator.batch(*(c[:cut] for c in columns)))
            rest = as_list(indicator.batch(*(c[cut:] for c in columns)))
            results[one] = tuple(np.concatenate(pair) for pair in zip(first, rest, strict=True))
        assert_same(name, results["native"], results[backend])
        assert not any(np.isinf(r).any() for r in results["native"])


@pytest.mark.parametrize("name", MAKERS)
def test_events_batches_and_strides_give_the_same_bits(use, name):
    make, columns_of = MAKERS[name]
    for case in range(4):
        rng = np.random.default_rng([SEED, 100 + case])
        columns = columns_of(rng, 120)
        whole = as_list(make(indicators).batch(*columns))
        again = as_list(make(indicators).batch(*(strided(rng, c) for c in columns)))
        single = as_list(by_event(make(indicators), name, columns))
        for left, right in zip(whole, again, strict=True):
            np.testing.assert_array_equal(left, right, err_msg=f"{name}, {use}, seed {SEED}")
        last = [w[:, -1] if w.ndim == 2 else w for w in whole]
        for left, right in zip(last, single, strict=True):
            np.testing.assert_array_equal(left, right, err_msg=f"{name}, {use}, seed {SEED}")


@pytest.mark.parametrize("name", MAKERS)
def test_a_state_goes_on_after_pickle_and_copy(use, name):
    make, columns_of = MAKERS[name]
    rng = np.random.default_rng([SEED, 7])
    first, second = columns_of(rng, 60), columns_of(rng, 60)
    indicator = make(indicators)
    indicator.batch(*first)
    twin, other = pickle.loads(pickle.dumps(indicator)), copy.deepcopy(indicator)
    whole = as_list(indicator.batch(*second))
    for one in (twin, other):
        for left, right in zip(whole, as_list(one.batch(*second)), strict=True):
            np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("name", MAKERS)
def test_a_state_that_is_none_is_refused_and_changes_nothing(use, name):
    make, columns_of = MAKERS[name]
    rng = np.random.default_rng([SEED, 8])
    columns = columns_of(rng, 60)
    indicator = make(indicators)
    indicator.batch(*columns)
    blob = indicator.save()
    for bad in (b"", b"x" * len(blob), blob[:-1], blob[:40], b"SJPY\x80\x04.", bytes(64)):
        with pytest.raises(errors.FormatError):
            indicator.restore(bad)
    for _ in range(100):
        damaged = bytearray(blob)
        for _ in range(rng.integers(1, 4)):
            damaged[rng.integers(len(damaged))] = rng.integers(256)
        try:
            indicator.restore(bytes(damaged))
        except errors.FormatError:
            continue
        indicator.batch(*columns)  # taken: then it can be used
    indicator.restore(blob)


def test_bulk_bars(monkeypatch):
    results = {}
    rng = np.random.default_rng([SEED, 9])
    price, quantity = wild(rng, 400, "price"), wild(rng, 400, "quantity")
    for backend in BACKENDS:
        with_backend(monkeypatch, backend)
        for sigma in (0.0, 0.7):
            batch = indicators.Vpin(30.0, 4, sigma).batch_bulk(price, quantity)
            one = indicators.Vpin(30.0, 4, sigma)
            single = [one.update_bulk(p, q) for p, q in zip(price.tolist(), quantity.tolist(), strict=True)]
            np.testing.assert_array_equal(batch, single)
            results[backend, sigma] = batch
    for sigma in (0.0, 0.7):
        for backend in ("numpy", "numba"):
            np.testing.assert_allclose(results["native", sigma], results[backend, sigma], rtol=1e-12)


@pytest.mark.parametrize("by", ["volume", "dollar"])
def test_bars(monkeypatch, by):
    rng = np.random.default_rng([SEED, 10])
    columns = wild(rng, 9000, "time"), wild(rng, 9000, "price"), wild(rng, 9000, "flow")
    results = {}
    for backend in BACKENDS:
        with_backend(monkeypatch, backend)
        batch = indicators.Bars(by, 1.0).batch(*columns)  # nearly every trade ends one: more than fit at once
        bars = indicators.Bars(by, 1.0)
        single = [bars.ended for row in zip(*(c.tolist() for c in columns), strict=True) if bars.update(*row)]
        assert batch.tolist() == [row.item() for row in single]
        assert bars.done == len(batch) > 5000
        results[backend] = batch.tolist()
    assert results["native"] == results["numpy"] == results["numba"]


@pytest.mark.parametrize("levels", [1, 2, 5, 10])
def test_shape_and_microprice(monkeypatch, levels):
    rng = np.random.default_rng([SEED, 11])
    sides = book(rng, 300, levels)
    results = {}
    for backend in BACKENDS:
        with_backend(monkeypatch, backend)
        whole = np.array(indicators.shape_batch(*sides))
        single = np.array([indicators.shape(*rows) for rows in zip(*(s.tolist() for s in sides), strict=True)]).T
        np.testing.assert_array_equal(whole, single)
        best = [side[:, 0] for side in sides]
        micro = indicators.microprice_batch(*best)
        one = [indicators.microprice(*row) for row in zip(*(b.tolist() for b in best), strict=True)]
        np.testing.assert_array_equal(micro, one)
        results[backend] = np.vstack([whole, micro])
    np.testing.assert_array_equal(results["native"], results["numpy"])
    np.testing.assert_array_equal(results["native"], results["numba"])


def test_signals_of_recorded_events(monkeypatch, journal):
    rows = {kind: journal.events(kind).read() for kind in ("trade", "book", "quote")}
    assert any(map(len, rows.values()))
    for all_events in filter(len, rows.values()):
        events = all_events[all_events["instrument"] == all_events["instrument"][0]][:400]
        results = {}
        for backend in BACKENDS:
            with_backend(monkeypatch, backend)
            batch = indicators.Signals(vpin_bucket=5).batch(events)
            one = indicators.Signals(vpin_bucket=5)
            for row in events[:50]:
                one.update(row)
            assert one.values.tobytes() == batch[min(49, len(batch) - 1)].tobytes()
            twin = pickle.loads(pickle.dumps(one))
            assert twin.batch(events[50:60]).tobytes() == batch[50:60].tobytes()
            results[backend] = batch
        for field in results["native"].dtype.names:
            for backend in ("numpy", "numba"):
                np.testing.assert_array_equal(results["native"][field], results[backend][field], err_msg=field)


def test_intervals(use):
    rng = np.random.default_rng([SEED, 12])
    sides = book(rng, 100)
    ofi = indicators.Ofi()
    net = ofi.batch(*sides)
    assert math.isclose(ofi.sum(), math.fsum(net), abs_tol=1e-9)
    ofi.begin()
    assert ofi.sum() == 0
    mlofi = indicators.Mlofi(3)
    assert math.isnan(mlofi.scaled(0)) and math.isnan(mlofi.scaled_weighted())
    mlofi.batch(*book(rng, 100, 3))
    assert len(mlofi.level) == len(mlofi.sum) == 3
    assert math.isfinite(mlofi.scaled(2)) and math.isnan(mlofi.scaled(3)) and math.isnan(mlofi.scaled(-1))
    mlofi.begin()
    assert mlofi.sum == (0, 0, 0) and mlofi.interval_count == 0 and mlofi.count == 100


def test_results_are_written_where_one_says(use):
    rng = np.random.default_rng([SEED, 13])
    flow = wild(rng, 50, "flow")
    wanted = indicators.Tfi(5).batch(flow)
    table = np.full((50, 3), -7.0)
    assert indicators.Tfi(5).batch(flow, out=table[:, 1]) is not None
    np.testing.assert_array_equal(table[:, 1], wanted)
    assert (table[:, [0, 2]] == -7).all()
    over = flow.copy()
    indicators.Tfi(5).batch(over, out=over)
    np.testing.assert_array_equal(over, wanted)


def test_what_is_no_column_is_refused_by_name(use):
    good = np.zeros(4)
    tfi, ofi = indicators.Tfi(5), indicators.Ofi()
    with pytest.raises(TypeError, match="signed_quantity is an array of float32"):
        tfi.batch(good.astype(np.float32))
    with pytest.raises(TypeError, match="int64"):
        tfi.batch(np.zeros(4, np.int64))
    with pytest.raises(TypeError):
        tfi.batch(np.zeros(4, ">f8"))
    with pytest.raises(ValueError, match="one dimension"):
        tfi.batch(np.zeros((4, 2)))
    with pytest.raises(ValueError, match="bid_quantity has 3 rows"):
        ofi.batch(good, good[:3], good, good)
    with pytest.raises(TypeError, match="float64"):
        tfi.batch(good, out=np.zeros(4, np.float32))
    with pytest.raises(ValueError, match="out has the shape"):
        tfi.batch(good, out=np.zeros(5))
    longer = np.zeros(5)
    with pytest.raises(ValueError, match="overlaps"):
        tfi.batch(longer[1:], out=longer[:-1])
    frozen = np.zeros(4)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        tfi.batch(good, out=frozen)
    with pytest.raises(TypeError):
        indicators.Hawkes(1, 1, 1).batch(good)
    with pytest.raises(ValueError, match="shape"):
        indicators.Mlofi(5).batch(*[np.zeros((3, 4))] * 4)
    assert indicators.Hawkes(1, 1, 1).batch(np.array(["2026-01-01"], "M8[ns]")).shape == (1,)
    assert tfi.batch([1.0, -1.0]).shape == (2,)


def test_parameters_out_of_their_range(use):
    for make in (
        lambda: indicators.Tfi(0),
        lambda: indicators.Tfi(257),
        lambda: indicators.Vpin(0, 5),
        lambda: indicators.Vpin(math.nan, 5),
        lambda: indicators.Vpin(1, 5, -1),
        lambda: indicators.Kyle(1),
        lambda: indicators.Volatility(5),
        lambda: indicators.Mlofi(0),
        lambda: indicators.Mlofi(11),
        lambda: indicators.Mlofi(2, [1, math.nan]),
        lambda: indicators.Mlofi(2, [1]),
        lambda: indicators.Hawkes(-1, 1, 1),
        lambda: indicators.Hawkes(1, [1, 2], [1]),
        lambda: indicators.Hawkes(1, [], []),
        lambda: indicators.HawkesPair([1], [1] * 4, [1] * 4),
        lambda: indicators.HawkesPair([1, 1], [1] * 4, [1, 1, 1, math.inf]),
        lambda: indicators.QueuePosition("power4", 1),
        lambda: indicators.QueuePosition("log", -1),
        lambda: indicators.Bars("time", 1),
        lambda: indicators.Bars("volume", 0),
        lambda: indicators.Signals(tfi_window=0),
        lambda: indicators.Signals(mlofi_weight=[1]),
    ):
        with pytest.raises(ValueError):
            make()


def test_one_object_is_of_one_thread_at_a_time(use):
    flow = np.random.default_rng(SEED).normal(size=200_000 if use != "native" else 5_000_000)
    tfi = indicators.Tfi(50)
    tfi.batch(flow[:10])
    thread = threading.Thread(target=lambda: tfi.batch(flow))
    thread.start()
    busy = 0
    while thread.is_alive():
        try:
            tfi.update(1.0)
        except errors.BusyError:
            busy += 1
    thread.join()
    assert busy > 0 and tfi.count >= 10


def rows_of(name):
    path = GOLDEN / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    with path.open() as file:
        return list(csv.DictReader(file))


def floats_of(rows, column):
    return np.array([float(row[column]) if row[column] else math.nan for row in rows])


def test_golden_books(use):
    rows = rows_of("ofi_btc_bbo.csv")
    sides = [floats_of(rows, column) for column in ("bid_px", "bid_qty", "ask_px", "ask_qty")]
    np.testing.assert_allclose(indicators.Ofi().batch(*sides), floats_of(rows, "net_ofi"), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(indicators.microprice_batch(*sides), floats_of(rows, "micro_price"), rtol=1e-9)
    rows = rows_of("mlofi_synth_seed20260101.csv")
    levels = [
        np.array([floats_of(rows, f"{side}{k}") for k in range(1, 6)]).T
        for side in ("bid_px", "bid_qty", "ask_px", "ask_qty")
    ]
    result = indicators.Mlofi(5).batch(*levels)
    for k in range(5):
        np.testing.assert_allclose(result[:, k], floats_of(rows, f"mlofi{k + 1}"), rtol=1e-9)
    np.testing.assert_allclose(result[:, 5], floats_of(rows, "pca_level"), rtol=1e-9)


def test_golden_trades(use):
    rows = rows_of("vpin_taifex_mtx.csv")
    flow = floats_of(rows, "signed_qty")
    for bucket, window in ((100.0, 10), (50.0, 5), (7.0, 3)):
        wanted = floats_of(rows, f"vpin_b{bucket}_w{window}")
        np.testing.assert_allclose(indicators.Vpin(bucket, window).batch(flow), wanted, rtol=1e-9)
    rows = rows_of("hawkes_btc_trades.csv")
    times = np.array([int(row["recv_ns"]) for row in rows])
    for base, jump, decay in ((0.1, 0.5, 1.0), (0.5, 1.2, 50.0), (0.0, 1.0, 0.25)):
        wanted = floats_of(rows, f"rel_b{base}_a{jump}_k{decay}")
        np.testing.assert_allclose(indicators.Hawkes(base, jump, decay).batch(times), wanted, rtol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_environment_chooses_the_backend(backend):
    code = "import shijim, numpy as np; print(shijim.backend, shijim.indicators.Tfi(3).batch(np.array([1.0, -3.0]))[1])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment(backend)
    )
    assert done.stdout.split() == [backend, "-0.5"]


def test_a_wrong_backend_is_told():
    done = subprocess.run(
        [sys.executable, "-c", "import shijim"], capture_output=True, text=True, check=False, env=environment("fast")
    )
    assert done.returncode and "SHIJIM_BACKEND is 'fast'; it takes native, numba or numpy" in done.stderr


def environment(backend):
    import os

    return {**os.environ, "SHIJIM_BACKEND": backend}
