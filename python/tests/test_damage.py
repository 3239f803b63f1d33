"""Journals that are not what was written: errors that say where, and never a crash."""

import os
import random
import shutil

import numpy as np
import pytest

import shijim


def only_segment(journal_dir):
    (segment,) = journal_dir.glob("*.seg")
    return segment


def test_damage_is_named_by_file_and_offset(journal_copy):
    segment = only_segment(journal_copy)
    offset = segment.stat().st_size // 2
    with segment.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * 64)
    journal = shijim.open_journal(journal_copy)
    with pytest.raises(shijim.DamageError) as caught:
        journal.events("TICK").read()
    assert caught.value.file == str(segment)
    assert offset - (128 << 10) <= caught.value.offset <= offset
    assert "lost" in caught.value.reason
    with pytest.raises(shijim.DamageError):
        list(journal.events("TICK").views())
    with pytest.raises(shijim.DamageError):
        list(journal.frames())


def test_counting_damage_reads_everything_else(journal_copy, journal_dir):
    segment = only_segment(journal_copy)
    with segment.open("r+b") as file:
        file.seek(segment.stat().st_size // 2)
        file.write(b"\xff" * 64)
    whole = set(shijim.open_journal(journal_dir).events("TICK").read()["seq"].tolist())
    journal = shijim.open_journal(journal_copy, damage="count")
    events = journal.events("TICK")
    left = events.read()["seq"].tolist()
    assert len(events.damage) == 1
    assert 0 < len(whole) - len(left) < 700
    assert set(left) < whole
    viewed = np.concatenate([view["seq"] for view in events.views()]).tolist()
    assert viewed == left
    assert len(events.damage) == 1
    assert sum(len(block.of("TICK")) for block in journal.frames()) == len(left)


def test_a_file_cut_while_it_is_viewed_reads_as_zeroes(journal_copy):
    journal = shijim.open_journal(journal_copy)
    frames = list(journal.frames())
    os.truncate(only_segment(journal_copy), 4096)
    assert int(frames[-1].data.sum(dtype=np.uint64)) == 0
    assert len(frames[-1].of("TICK")) == 0


def test_a_file_cut_while_it_is_read_is_an_error(journal_copy):
    events = shijim.open_journal(journal_copy).events("TICK")
    chunks = events.chunks(100)
    next(chunks)
    os.truncate(only_segment(journal_copy), 4096)
    with pytest.raises(shijim.JournalError) as caught:
        list(chunks)
    assert caught.value.file


def spoil(path, rng):
    """One mutation of a file: bytes flipped, a range overwritten or moved, or the end cut off."""
    data = bytearray(path.read_bytes())
    kind = rng.randrange(4)
    at = rng.randrange(len(data))
    if rng.random() < 0.5:
        at %= 20000  # the headers
    if kind == 0:
        for _ in range(rng.randrange(1, 8)):
            data[(at + rng.randrange(256)) % len(data)] ^= 1 << rng.randrange(8)
    elif kind == 1:
        size = rng.randrange(1, 4096)
        data[at : at + size] = rng.randbytes(len(data[at : at + size]))
    elif kind == 2:
        other = rng.randrange(len(data))
        size = rng.randrange(1, 4096)
        data[at : at + size] = data[other : other + size]
    else:
        del data[at:]
    path.write_bytes(data)


def use_everything(path):
    journal = shijim.open_journal(path, damage="count")
    events = journal.events("BIDASK")
    rows = events.read()
    assert len(rows.code) == len(rows)
    viewed = sum(len(view) for view in events.views())
    assert viewed == len(rows)
    for block in journal.frames():
        assert len(block.of("TICK")) <= len(block)
    return len(rows)


@pytest.fixture(scope="module")
def small_original(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    run("convert", "synth", folder / "small.jsonl", "--events", 600, "--seed", 11, "--instruments", 3)
    run("convert", "jsonl", folder / "small.jsonl", folder / "small")
    return folder / "small"


@pytest.fixture
def small_journal(small_original, tmp_path):
    return shutil.copytree(small_original, tmp_path / "small")


@pytest.mark.parametrize("seed", range(60))
def test_no_spoilt_journal_crashes_the_interpreter(small_journal, seed):
    rng = random.Random(seed)
    segment = only_segment(small_journal)
    for _ in range(4):
        spoil(segment, rng)
        if segment.stat().st_size == 0:
            break
    try:
        assert use_everything(small_journal) >= 0
    except shijim.ShijimError as error:
        assert error.reason and error.file
