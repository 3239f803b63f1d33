"""Archives, against the journal that the converter makes of the same lines."""

import gzip
import random

import numpy as np
import pytest

import shijim


def same_rows(ours, theirs):
    assert len(ours) == len(theirs)
    assert ours.code.tolist() == theirs.code.tolist()
    for name in ours.dtype.names:
        if name not in ("seq", "instrument"):
            np.testing.assert_array_equal(ours[name], theirs[name])


@pytest.mark.parametrize("kind", ["TICK", "BIDASK"])
def test_an_archive_has_the_rows_of_its_journal(archive, journal, kind):
    same_rows(shijim.open_jsonl(archive).events(kind).read(), journal.events(kind).read())


def test_compressed_archives_and_several_files_read_alike(archive, tmp_path):
    packed = tmp_path / "day.jsonl.gz"
    packed.write_bytes(gzip.compress(archive.read_bytes()))
    plain = shijim.open_jsonl(archive).events("TICK").read()
    both = shijim.open_jsonl([packed, archive]).events("TICK").read()
    assert both["exch_ns"].tolist() == plain["exch_ns"].tolist() * 2
    assert both.code.tolist() == plain.code.tolist() * 2


def test_instruments_and_times_choose(archive):
    opened = shijim.open_jsonl(archive)
    everything = opened.events("TICK").read()
    code = sorted(opened.instruments)[1]
    start = everything.recv_time[2000]
    some = opened.events("TICK", instruments=[code], start=start).read()
    wanted = (everything.code == code) & (everything.recv_time >= start)
    np.testing.assert_array_equal(some["exch_ns"], everything[wanted]["exch_ns"])
    assert len(opened.events("TICK", instruments="NOSUCH").read()) == 0


def test_lines_that_cannot_be_taken_are_counted_and_shown(archive, tmp_path):
    lines = archive.read_text().splitlines(keepends=True)
    lines[10] = "{broken\n"
    lines[500] = '{"type":"MD_TICK"}\n'
    path = tmp_path / "bad.jsonl"
    path.write_text("".join(lines))
    opened = shijim.open_jsonl(path)
    rows = opened.events("TICK").count() + opened.events("BIDASK").count()
    assert rows == len(lines) - 2
    assert sum(opened.rejected.values()) == 2
    first = opened.rejects[0]
    assert (first.file, first.line, first.offset, first.text) == (str(path), 11, len("".join(lines[:10])), "{broken")
    with pytest.raises(shijim.RejectError) as caught:
        shijim.open_jsonl(path, strict=True).events("TICK").read()
    assert caught.value.file == str(path)
    assert caught.value.offset == first.offset
    assert "line 11" in caught.value.reason


def test_an_archive_that_ends_early_gives_what_it_has(archive, tmp_path):
    packed = tmp_path / "cut.jsonl.gz"
    whole = gzip.compress(archive.read_bytes())
    packed.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(shijim.DamageError) as caught:
        shijim.open_jsonl(packed).events("TICK").read()
    assert caught.value.file == str(packed)
    assert caught.value.offset > 0
    events = shijim.open_jsonl(packed, damage="count").events("TICK")
    assert 0 < len(events.read()) < shijim.open_jsonl(archive).events("TICK").count()
    assert len(events.damage) == 1


def test_what_cannot_be_opened_is_told(tmp_path):
    with pytest.raises(shijim.FormatError) as caught:
        shijim.open_jsonl(tmp_path / "none.jsonl")
    assert "none.jsonl" in str(caught.value)
    with pytest.raises(shijim.FormatError):
        shijim.open_jsonl([])


@pytest.mark.parametrize("seed", range(20))
def test_no_bytes_crash_it(archive, tmp_path, seed):
    rng = random.Random(seed)
    data = bytearray(archive.read_bytes()[:200_000])
    for _ in range(60):
        at = rng.randrange(len(data))
        data[at : at + rng.randrange(1, 4)] = rng.randbytes(rng.randrange(4))
    if seed % 4 == 3:
        data = bytearray(gzip.compress(bytes(data)))
        for _ in range(3):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path = tmp_path / "spoilt"
    path.write_bytes(data)
    try:
        opened = shijim.open_jsonl(path, damage="count")
        rows = opened.events("BIDASK").read()
        assert len(rows.code) == len(rows)
    except shijim.ShijimError as error:
        assert error.reason
