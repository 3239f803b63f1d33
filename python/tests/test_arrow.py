"""Columns, judged by pyarrow, Polars and pandas."""

import gc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import shijim


@pytest.fixture
def ticks(journal):
    return journal.events("TICK").read()


def test_pyarrow_takes_an_array_and_a_stream(journal, ticks):
    batch = pa.record_batch(ticks)
    table = pa.table(journal.events("TICK"))
    assert table.num_rows == batch.num_rows == len(ticks)
    table.validate(full=True)
    batch.validate(full=True)
    np.testing.assert_array_equal(table["price"].to_numpy(), ticks.price)
    assert table["symbol"].to_pylist() == ticks.code.tolist()
    assert table["tick_type"].to_pylist() == ticks.words("tick_type").tolist()
    assert table.schema.field("exch_ns").type == pa.timestamp("ns", "UTC")
    assert table["exch_ns"].cast(pa.int64()).to_pylist() == ticks["exch_ns"].tolist()


def test_what_is_absent_is_null(ticks):
    some = ticks[:10].copy()
    some["price_e6"][3] = -(2**63)
    some["bid_side_total_cnt"][4] = 2**32 - 1
    some["instrument"][5] = 77
    some["tick_type"][6] = 200
    batch = pa.record_batch(shijim.Table(some))
    batch.validate(full=True)
    for name, row in (("price", 3), ("bid_side_total_cnt", 4), ("symbol", 5), ("tick_type", 6)):
        column = batch[name]
        assert column[row].as_py() is None
        assert column[row + 1].is_valid or name == "bid_side_total_cnt"


def test_decimals_can_stay_exact(journal, ticks):
    table = journal.events("TICK").table(decimals="e6").to_arrow()
    assert table["price_e6"].to_pylist() == ticks["price_e6"].tolist()
    with pytest.raises(shijim.FormatError):
        journal.events("TICK").table(decimals="double")


def test_polars_takes_them(journal):
    books = journal.events("BIDASK", columns=["exch_ns", "instrument", "bid_price_e6", "bid_volume"])
    rows = books.read()
    frame = books.to_polars()
    assert frame.columns == ["exch_ns", "instrument", "symbol"] + [f"bid_price_{i}" for i in range(5)] + [
        f"bid_volume_{i}" for i in range(5)
    ]
    assert frame["exch_ns"].dtype == pl.Datetime("ns", "UTC")
    np.testing.assert_array_equal(frame["bid_price_4"].to_numpy(), rows.floats("bid_price")[:, 4])
    assert frame["symbol"].to_list() == rows.code.tolist()


def test_pandas_takes_them(journal, ticks):
    frame = journal.events("TICK").to_pandas()
    assert isinstance(frame["exch_ns"].dtype, pd.DatetimeTZDtype)
    np.testing.assert_array_equal(frame["price"].to_numpy(), ticks.price)
    assert frame["symbol"].astype(str).tolist() == ticks.code.tolist()


def test_text_that_is_no_utf8_is_mended(journal):
    table = journal.instruments.table[:3].copy()
    table["name"][0] = "台積電".encode()
    table["name"][1] = b"\xff\xfeab\xe5\x8f"
    batch = pa.record_batch(shijim.Table(table))
    batch.validate(full=True)
    assert batch["name"].to_pylist() == ["台積電", "??ab??", None]


def test_columns_outlive_what_they_were_made_of(journal_dir):
    journal = shijim.open_journal(journal_dir)
    table = pa.table(journal.events("TICK"))
    whole = journal.events("TICK").read()
    del journal
    gc.collect()
    assert table["seq"].to_pylist() == whole["seq"].tolist()


def test_an_archive_s_symbols_grow_while_it_is_read(archive):
    opened = shijim.open_jsonl(archive)
    table = opened.events("TICK").to_arrow()
    assert table["symbol"].to_pylist() == opened.events("TICK").read().code.tolist()
    assert opened.events("TICK").to_polars()["symbol"].to_list() == table["symbol"].to_pylist()


def test_an_error_while_reading_reaches_the_consumer(journal_copy):
    (segment,) = journal_copy.glob("*.seg")
    with segment.open("r+b") as file:
        file.seek(segment.stat().st_size // 2)
        file.write(b"\xff" * 64)
    with pytest.raises(Exception, match="lost"):
        pa.table(shijim.open_journal(journal_copy).events("TICK"))


def test_nothing_selected_is_an_empty_table(journal):
    table = pa.table(journal.events("order"))
    assert table.num_rows == 0
    assert "symbol" in table.column_names
    assert len(journal.events("order").to_polars()) == 0


def test_every_kind_has_columns(journal):
    for kind in shijim.KINDS.values():
        batch = pa.record_batch(shijim.Table(shijim.event_array(np.zeros(3, kind.dtype), kind, journal.instruments)))
        batch.validate(full=True)
        assert batch.num_rows == 3
