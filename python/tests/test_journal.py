"""Journals as arrays, judged by what `shijim journal cat` prints."""

import json
import pickle
import threading

import numpy as np
import pytest

import shijim


@pytest.fixture(scope="module")
def printed(run, journal_dir):
    return [json.loads(line) for line in run("journal", "cat", journal_dir).splitlines()]


def of_type(printed, name):
    return [event for event in printed if event["type"] == name]


def as_float(text):
    return np.nan if text is None else float(text)


def test_trades_are_those_that_the_program_prints(journal, printed):
    ticks = journal.events("TICK").read()
    expected = of_type(printed, "trade")
    assert ticks["seq"].tolist() == [event["seq"] for event in expected]
    assert ticks["exch_ns"].tolist() == [event["exch_ns"] for event in expected]
    assert ticks["volume"].tolist() == [event["volume"] for event in expected]
    np.testing.assert_array_equal(ticks.price, [as_float(event["price"]) for event in expected])
    assert ticks.words("tick_type").tolist() == [event["tick_type"] for event in expected]


def test_books_have_five_levels_with_the_best_first(journal, printed):
    books = journal.events("BIDASK").read()
    expected = of_type(printed, "book")
    assert books["bid_price_e6"].shape == (len(expected), 5)
    np.testing.assert_array_equal(
        books.floats("bid_price"), [[as_float(price) for price in event["bid_price"]] for event in expected]
    )
    np.testing.assert_array_equal(books.ask, [as_float(event["ask_price"][0]) for event in expected])


def test_codes_are_resolved(journal, printed):
    by_id = {event["instrument"]: event["code"] for event in of_type(printed, "instrument")}
    assert {code: journal.instruments.id(code) for code in journal.instruments} == {c: i for i, c in by_id.items()}
    ticks = journal.events("TICK").read()
    assert ticks.code.tolist() == [by_id[id] for id in ticks["instrument"].tolist()]
    assert journal.instruments[ticks.code[0]]["code"] == ticks.code[0].encode()
    assert journal.instruments.code(10**9) == ""


def test_times_are_views_and_datetimes_of_the_same_nanoseconds(journal):
    ticks = journal.events("TICK").read()
    assert ticks.time.dtype == np.dtype("datetime64[ns]")
    assert np.shares_memory(ticks.time, ticks)
    assert ticks.time.view(np.int64).tolist() == ticks["exch_ns"].tolist()


def test_instruments_and_times_choose(journal):
    everything = journal.events("TICK").read()
    code = sorted(journal.instruments)[2]
    start, end = everything.recv_time[3000], everything.recv_time[6000]
    some = journal.events("TICK", instruments=code, start=start, end=end).read()
    wanted = (everything.code == code) & (everything.recv_time >= start) & (everything.recv_time < end)
    assert 0 < wanted.sum() < len(everything)
    np.testing.assert_array_equal(some["seq"], everything[wanted]["seq"])
    by_text = journal.events("TICK", instruments=[code], start=str(start)[:26], end=int(end.astype(np.int64))).read()
    assert len(by_text) >= len(some)


def test_the_exchange_s_clock_chooses_too(journal):
    everything = journal.events("TICK").read()
    start = everything.time[5000]
    some = journal.events("TICK", start=start, clock="exch").read()
    assert sorted(some["seq"].tolist()) == sorted(everything[everything.time >= start]["seq"].tolist())


def test_sources_choose(journal):
    assert len(journal.events("TICK", source="convert").read()) == len(journal.events("TICK", source=32).read()) > 0
    assert len(journal.events("TICK", source=["gateway", 40]).read()) == 0


def test_columns_are_packed_copies_of_the_fields(journal):
    whole = journal.events("BIDASK").read()
    packed = journal.events("BIDASK", columns=["ask_price_e6", "exch_ns", "seq"]).read()
    assert packed.dtype.itemsize == 40 + 8 + 8
    for name in packed.dtype.names:
        np.testing.assert_array_equal(packed[name], whole[name])


def test_chunks_and_the_caller_s_array_give_the_same_rows(journal):
    events = journal.events("TICK")
    whole = events.read()
    chunks = list(events.chunks(999))
    assert max(map(len, chunks)) <= 999
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
    out = np.empty(777, events.dtype)
    parts = []
    for part in events.read_into(out):
        assert np.shares_memory(part, out)
        parts.append(part.copy())
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert events.count() == len(whole)
    np.testing.assert_array_equal(np.asarray(events), whole)


def test_a_block_of_one_kind_is_a_view_of_the_mapped_file(run, archive, tmp_path):
    ticks_only = tmp_path / "ticks.jsonl"
    ticks_only.write_text("".join(line for line in archive.open() if '"MD_TICK"' in line))
    run("convert", "jsonl", ticks_only, tmp_path / "ticks")
    journal = shijim.open_journal(tmp_path / "ticks")
    events = journal.events("TICK")
    views = list(events.views())
    assert all(not view.flags.writeable and not view.flags.owndata for view in views)
    with pytest.raises(ValueError, match="read-only"):
        views[0]["volume"] = 1
    whole = events.read()
    np.testing.assert_array_equal(np.concatenate(views), whole)
    journal.close()
    del journal, events
    np.testing.assert_array_equal(views[0]["seq"], whole["seq"][: len(views[0])])  # what was given stays good


def test_views_of_mixed_blocks_have_the_same_rows_as_copies(journal):
    events = journal.events("BIDASK", instruments=sorted(journal.instruments)[:2])
    np.testing.assert_array_equal(np.concatenate(list(events.views())), events.read())


def test_raw_frames_hold_everything_in_order(journal, printed):
    blocks = list(journal.frames())
    assert sum(map(len, blocks)) == len(printed)
    assert np.concatenate([block.seq for block in blocks]).tolist() == [event["seq"] for event in printed]
    ticks = np.concatenate([block.of("TICK") for block in blocks])
    np.testing.assert_array_equal(ticks, journal.events("TICK").read())


def test_days_are_read_in_order_with_one_table_of_instruments(days_dir, journal_dir):
    days = shijim.open_journal(days_dir)
    first = shijim.open_journal(journal_dir).events("TICK").read()
    second = shijim.open_journal(days_dir / "day2").events("TICK").read()
    both = days.events("TICK").read()
    assert len(both) == len(first) + len(second)
    assert both.code.tolist() == first.code.tolist() + second.code.tolist()
    code = sorted(days.instruments)[-1]
    some = days.events("TICK", instruments=code).read()
    assert set(some.code) == {code}
    assert len(some) == np.count_nonzero(both.code == code)
    np.testing.assert_array_equal(np.concatenate(list(days.events("TICK").views())), both)


def test_threads_read_side_by_side(journal):
    events = journal.events("TICK")
    expected = events.read()["seq"].sum()
    sums = []
    threads = [threading.Thread(target=lambda: sums.append(events.read()["seq"].sum())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [expected] * 8


def test_arrays_pickle_as_plain_numpy(journal):
    ticks = journal.events("TICK").read()[:10]
    again = pickle.loads(pickle.dumps(ticks))
    assert again.tolist() == ticks.tolist()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda j: j.events("NOSUCH"), shijim.FormatError),
        (lambda j: j.events("TICK", instruments="NOSUCH"), shijim.UnknownInstrumentError),
        (lambda j: j.events("TICK", start="yesterday"), shijim.FormatError),
        (lambda j: j.events("TICK", start=2**70), shijim.FormatError),
        (lambda j: j.events("TICK", source=64), shijim.FormatError),
        (lambda j: j.events("TICK", source="nobody"), shijim.FormatError),
        (lambda j: j.events("TICK", columns=["nothing"]), shijim.FormatError),
        (lambda j: j.events("TICK", clock="mine"), shijim.FormatError),
        (lambda j: j.events("TICK", instruments=2**31), shijim.FormatError),
        (lambda j: list(j.events("TICK").read_into(np.empty(5, "i8"))), shijim.FormatError),
        (lambda j: list(j.events().read_into(np.empty(10, shijim.KINDS["trade"].dtype)[::2])), shijim.FormatError),
        (lambda j: list(j.events("TICK", columns=["seq"]).views()), shijim.FormatError),
    ],
)
def test_a_mistake_is_told(journal, call, error):
    with pytest.raises(error):
        call(journal)


def test_a_directory_that_is_no_journal_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(shijim.JournalError) as caught:
            shijim.open_journal(path)
        assert caught.value.file == str(path)


def test_nothing_is_read_after_close(journal_dir):
    journal = shijim.open_journal(journal_dir)
    events = journal.events("TICK")
    journal.close()
    for use in (events.read, lambda: journal.events("TICK"), lambda: journal.segments):
        with pytest.raises(shijim.ClosedError):
            use()
