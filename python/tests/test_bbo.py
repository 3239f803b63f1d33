"""decode_bbo, against the structured arrays."""

import random

import numpy as np
import pytest

import shijim


@pytest.fixture
def books(journal):
    return journal.events("BIDASK").read()


def test_one_payload_is_a_tuple(books):
    for row in books[:50]:
        exch_ns, recv_ns, bid, ask, bid_volume, ask_volume, instrument, flags = shijim.decode_bbo(row.tobytes())
        assert (exch_ns, recv_ns, instrument, flags) == tuple(row[["exch_ns", "recv_ns", "instrument", "flags"]])
        assert bid == row["bid_price_e6"][0] / 1e6
        assert ask == row["ask_price_e6"][0] / 1e6
        assert (bid_volume, ask_volume) == (row["bid_volume"][0], row["ask_volume"][0])


def test_the_sbe_message_alone_says_the_same(books):
    payload = books[7].tobytes()
    assert shijim.decode_bbo(payload[8:]) == shijim.decode_bbo(payload)


def test_a_missing_side_is_nan(books):
    row = books[:1].copy()
    row["bid_price_e6"] = -(2**63)
    assert np.isnan(shijim.decode_bbo(row.tobytes())[2])


def test_many_payloads_become_an_array(journal, books):
    rows = np.concatenate([shijim.decode_bbo_many(block) for block in journal.frames()])
    assert rows.dtype == shijim.BBO
    np.testing.assert_array_equal(rows["bid"], books.bid)
    np.testing.assert_array_equal(rows["ask"], books.ask)
    np.testing.assert_array_equal(rows["ask_volume"], books["ask_volume"][:, 0])
    np.testing.assert_array_equal(rows["exch_ns"], books["exch_ns"])


def test_offsets_choose_and_out_is_the_caller_s(books):
    data = books.tobytes()
    offsets = np.arange(0, 100, 3, dtype=np.uint32) * books.dtype.itemsize
    out = np.zeros(200, shijim.BBO)
    got = shijim.decode_bbo_many(data, offsets, out)
    assert np.shares_memory(got, out)
    np.testing.assert_array_equal(got["bid"], books.bid[:100:3])
    strided = shijim.decode_bbo_many(data, np.repeat(offsets, 2)[::2])
    np.testing.assert_array_equal(strided, got)


@pytest.mark.parametrize(
    ("offsets", "out"),
    [
        ([1.5], None),
        ([[0]], None),
        ([-1], None),
        ([2**62], None),
        ([4], None),
        ([0, 1 << 20], None),
        ([0], np.zeros(1, "f8")),
        ([0, 0], np.zeros(1, shijim.BBO)),
        ([0], np.zeros(4, shijim.BBO)[::2]),
    ],
)
def test_wrong_offsets_and_arrays_are_told(books, offsets, out):
    with pytest.raises((shijim.FormatError, TypeError, OverflowError)):
        shijim.decode_bbo_many(books[:10].tobytes(), offsets, out)


def test_no_bytes_crash_it(books):
    rng = random.Random(5)
    payload = books[3].tobytes()
    for _ in range(3000):
        data = bytearray(payload[: rng.randrange(len(payload) + 1)])
        for _ in range(rng.randrange(4)):
            if data:
                data[rng.randrange(min(len(data), 24))] = rng.randrange(256)
        try:
            assert len(shijim.decode_bbo(bytes(data))) == 8
        except shijim.FormatError as error:
            assert error.reason
        frames = shijim.Frames(bytes(data))
        assert len(frames.of("BIDASK")) <= len(frames)
