"""Journals made to mislead: every checksum is right, and what it covers is not."""

import random
import shutil
import struct

import numpy as np
import pytest

import shijim

HEAD_SIZE = 128
MAGIC = 0x314B4C424A53A55A


def make_table():
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = make_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def blocks_of(data):
    """Offset and payload size of each block."""
    at = 4096
    while at + HEAD_SIZE <= len(data) and struct.unpack_from("<Q", data, at)[0] == MAGIC:
        size = struct.unpack_from("<I", data, at + 32)[0]
        yield at, size
        at += HEAD_SIZE + size


def reseal(data, only=None):
    """Puts right the checksums of all blocks, and the chain of their headers."""
    chain = 0
    for at, size in list(blocks_of(data)):
        struct.pack_into("<I", data, at + 44, chain)
        if only is None or at in only:
            struct.pack_into("<I", data, at + 104, crc32c(data[at + HEAD_SIZE : at + HEAD_SIZE + size]))
        chain = crc32c(data[at : at + 124])
        struct.pack_into("<I", data, at + 124, chain)


@pytest.fixture(scope="module")
def small_original(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("crafted")
    run("convert", "synth", folder / "small.jsonl", "--events", 60, "--seed", 12, "--instruments", 3)
    run("convert", "jsonl", folder / "small.jsonl", folder / "small")
    return folder / "small"


@pytest.fixture
def crafted(small_original, tmp_path):
    """A journal, and a function that writes its spoilt bytes back with good checksums."""
    folder = shutil.copytree(small_original, tmp_path / "crafted")
    (segment,) = folder.glob("*.seg")
    return folder, segment


def read_all(folder):
    journal = shijim.open_journal(folder, damage="count")
    rows = 0
    for kind in ("TICK", "BIDASK", "instrument"):
        events = journal.events(kind)
        part = events.read()
        assert len(part.code) == len(part)
        assert sum(len(view) for view in events.views()) == len(part)
        events.to_arrow().validate(full=True)
        rows += len(part)
    for block in journal.frames():
        assert len(block.of("BIDASK")) <= len(block)
        shijim.decode_bbo_many(block)
    return rows


def test_resealing_nothing_changes_nothing(crafted):
    folder, segment = crafted
    data = bytearray(segment.read_bytes())
    before = bytes(data)
    reseal(data)
    assert bytes(data) == before
    assert read_all(folder) == 63


def test_an_instrument_s_id_beyond_all_tables_resolves_to_nothing(crafted):
    folder, segment = crafted
    data = bytearray(segment.read_bytes())
    changed = 0
    for at, size in blocks_of(data):
        end = at + HEAD_SIZE + size
        frame = at + HEAD_SIZE
        while frame < end:
            struct.pack_into("<I", data, frame + 16, 0xFFFFFFF0)
            frame += struct.unpack_from("<H", data, frame + 8)[0] + 16
            changed += 1
    reseal(data)
    segment.write_bytes(data)
    journal = shijim.open_journal(folder)
    rows = journal.events("TICK").read()
    assert changed == 63
    assert len(rows) > 0
    assert set(rows.code) == {""}
    assert journal.events("TICK").to_arrow()["symbol"].null_count == len(rows)


@pytest.mark.parametrize("seed", range(25))
def test_no_payload_crashes_the_interpreter(crafted, seed):
    folder, segment = crafted
    rng = random.Random(seed)
    data = bytearray(segment.read_bytes())
    spots = list(blocks_of(data))
    for _ in range(rng.randrange(1, 12)):
        at, size = rng.choice(spots)
        where = at + HEAD_SIZE + rng.randrange(size)
        if rng.random() < 0.5:  # the heads of frames say most
            where -= (where - at) % 32
            where = max(where + 8, at + HEAD_SIZE)
        data[where : where + 2] = rng.randbytes(2)
    if rng.random() < 0.5:  # and fields of a block's own header
        at, _ = rng.choice(spots)
        where = at + rng.choice([8, 10, 12, 36, 40, 48, 56, 64, 72, 80, 96])
        data[where : where + 2] = rng.randbytes(2)
    reseal(data)
    segment.write_bytes(data)
    try:
        assert read_all(folder) >= 0
    except shijim.ShijimError as error:
        assert error.reason


def test_wrong_arrays_and_objects_are_errors():
    native = shijim._native
    filter = native.Filter(shijim.KINDS["trade"].template_id)
    out = np.zeros(4, shijim.KINDS["trade"].dtype)
    frozen = np.zeros(4, shijim.KINDS["trade"].dtype)
    frozen.flags.writeable = False
    for call in (
        lambda: native.gather(out, object(), out),
        lambda: native.gather(3, filter, out),
        lambda: native.gather(out, filter, frozen),
        lambda: native.gather(out, filter, out[::2]),
        lambda: native.Filter(63),
        lambda: native.Filter(70000),
        lambda: native.Filter(1, np.array([0, 0, 60000], np.uint16)),
        lambda: native.Filter(1, b""),
        lambda: native.JournalReader(5),
        lambda: native.JournalReader("a\0b"),
        lambda: native.Mapping("/dev/null"),
        lambda: native.Mapping("/dev"),
        lambda: native.offsets(None, None),
        lambda: native.arrow_array([("a", 99, 0, 8, [])], 16, b"x" * 16),
        lambda: native.arrow_array([("a", 5, 12, 8, [])], 16, b"x" * 16),
        lambda: native.arrow_array([("a", 5, 0, 4, [])], 16, b"x" * 16),
        lambda: native.arrow_array([("a", 5, 0, 8, [])], 0, b"x" * 16),
        lambda: native.arrow_array(7, 16, b"x" * 16),
        lambda: native.arrow_stream(3, 4),
        lambda: native.BusReader(None, "no/such", "me", 0),
        lambda: native.JsonlReader([object()], None, False, False),
        lambda: native.JsonlReader(["/dev/null/x"], None, False, False),
    ):
        with pytest.raises((TypeError, ValueError, shijim.ShijimError, OSError)):
            call()
    raw = native.Filter(0)
    with pytest.raises(ValueError, match="one kind"):
        native.gather(out, raw, out)
