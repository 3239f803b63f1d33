"""The live bus, against a producer of the same process and of another one."""

import _thread
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import shijim


@pytest.fixture
def ring_dir(tmp_path):
    return tmp_path / "rings"


@pytest.fixture
def ticks(journal):
    return journal.events("TICK").read()


def make(ring_dir, **options):
    ring_dir.mkdir(exist_ok=True)
    return shijim.Publisher("mine", dir=ring_dir, source=50, **options)


def test_what_is_published_is_polled_in_order(ring_dir, ticks):
    with make(ring_dir) as producer, shijim.attach(ring_dir, "TICK") as live:
        assert len(live.poll()) == 0
        producer.publish(ticks[:100])
        got = live.poll()
        assert got["seq"].tolist() == list(range(1, 101))
        np.testing.assert_array_equal(got["price_e6"], ticks[:100]["price_e6"])
        assert live.source == 50
        assert live.lost == 0
        producer.publish(ticks[100:150])
        assert live.poll(20)["seq"].tolist() == list(range(101, 121))
        assert live.poll()["seq"].tolist() == list(range(121, 151))


def test_mixed_kinds_come_as_frames(ring_dir, journal, ticks):
    block = next(iter(journal.frames()))
    with make(ring_dir) as producer, shijim.attach(ring_dir / "mine") as live:
        producer.publish(block)
        frames = live.poll()
        assert len(frames) == len(block)
        np.testing.assert_array_equal(frames.of("TICK")["price_e6"], block.of("TICK")["price_e6"])


def test_instruments_choose_by_code_with_a_journal(ring_dir, journal_dir, ticks):
    code = ticks.code[0]
    with make(ring_dir) as producer, shijim.attach(ring_dir, "TICK", instruments=[code], journal=journal_dir) as live:
        producer.publish(ticks[:500])
        assert set(live.poll().code) == {code}
        assert live.lost_of(code) == 0


def test_a_reader_that_is_lapped_counts_exactly_what_it_lost(ring_dir, ticks):
    with make(ring_dir, size=1 << 16) as producer, shijim.attach(ring_dir, "TICK") as live:
        for begin in range(0, 5000, 100):
            producer.publish(ticks[begin : begin + 100])
        got = []
        while len(batch := live.poll()):
            got += batch["seq"].tolist()
        assert got == list(range(got[0], 5001))
        assert live.lost == got[0] - 1 > 0


def test_the_end_of_the_producer_ends_the_iteration(ring_dir, ticks):
    producer = make(ring_dir)
    with shijim.attach(ring_dir, "TICK") as live:
        producer.publish(ticks[:10])
        producer.close()
        assert sum(map(len, live)) == 10
        assert live.closed


def test_another_process_s_events_are_read(ring_dir, journal_dir):
    producer = make(ring_dir)
    reader = subprocess.Popen(
        [sys.executable, "-c", "import shijim, sys\n"
         "with shijim.attach(sys.argv[1], 'TICK') as live:\n"
         "    print('attached', flush=True)\n"
         "    print(sum(len(batch) for batch in live) + live.lost)", ring_dir],
        stdout=subprocess.PIPE, text=True)
    try:
        assert reader.stdout.readline() == "attached\n"
        ticks = shijim.open_journal(journal_dir).events("TICK").read()
        for begin in range(0, 5000, 500):
            producer.publish(ticks[begin : begin + 500])
        producer.close()
        assert int(reader.communicate(timeout=60)[0]) == 5000
    finally:
        reader.kill()
        reader.wait()


@pytest.fixture
def ctrl_c():
    """Ctrl-C as at a prompt: a shell's background jobs, and what they start, are born ignoring it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_waiting_lets_other_threads_run_and_ends_by_ctrl_c(ring_dir, ctrl_c):
    with make(ring_dir), shijim.attach(ring_dir, "TICK") as live:
        threading.Timer(0.2, _thread.interrupt_main).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            live.poll(timeout=60)
        assert time.monotonic() - began < 30


def test_rings_are_listed(ring_dir):
    with make(ring_dir):
        (ring,) = shijim.rings(ring_dir)
        assert (ring.name, ring.source, ring.pid, ring.alive) == ("mine", 50, os.getpid(), True)


def test_mistakes_are_told(ring_dir, ticks):
    with pytest.raises(shijim.LiveError):
        shijim.attach(ring_dir / "none")
    producer = make(ring_dir)
    live = shijim.attach(ring_dir, "TICK")
    for wrong in (b"\0" * 32, b"short", ticks[:3].tobytes()[:-1]):
        with pytest.raises(shijim.LiveError):
            producer.publish(wrong)
    with pytest.raises(TypeError):
        producer.publish(7)
    with pytest.raises(shijim.FormatError):
        live.poll(0)
    with pytest.raises(shijim.UnknownInstrumentError):
        shijim.attach(ring_dir, instruments=["2330"])
    live.close()
    producer.close()
    for use in (live.poll, lambda: live.lost, lambda: producer.publish(ticks[:1])):
        with pytest.raises(shijim.ClosedError):
            use()
    live.close()


def test_one_reader_in_many_threads_gives_an_error_or_its_events(ring_dir, ticks):
    with make(ring_dir) as producer, shijim.attach(ring_dir, "TICK") as live:
        got, strange = [], []

        def poll():
            for _ in range(200):
                try:
                    got.extend(live.poll()["seq"].tolist())
                except shijim.BusyError:
                    pass
                except BaseException as error:
                    strange.append(error)

        threads = [threading.Thread(target=poll) for _ in range(4)]
        for thread in threads:
            thread.start()
        for begin in range(0, 2000, 10):
            producer.publish(ticks[begin : begin + 10])
        for thread in threads:
            thread.join()
        got += live.poll()["seq"].tolist()
        assert not strange
        assert sorted(got) == list(range(1, 2001))


def test_a_spoilt_ring_is_an_error(ring_dir):
    make(ring_dir).close()
    originals = {path: path.read_bytes() for path in ring_dir.iterdir()}
    assert originals
    for path, data in originals.items():
        spoilt = data[:8] + b"\xff" * 4000 + data[4008:]
        for content in (b"", b"x", data[:100], data[:4096], b"\xff" * len(data), spoilt):
            path.write_bytes(content)
            try:
                with shijim.attach(ring_dir / "mine", "TICK", from_seq=1) as live:
                    live.poll()
            except shijim.ShijimError as error:
                assert error.reason
        path.write_bytes(data)
