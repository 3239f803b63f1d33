"""The embedded store when it is stopped or killed, and its clients vanish."""

import base64
import os
import random
import subprocess
import threading
import time

import pytest

TABLE = ("CREATE TABLE IF NOT EXISTS t (seq UInt64, s String) ENGINE = MergeTree ORDER BY seq "
         "SETTINGS non_replicated_deduplication_window = 1000")
BATCH = 2000


def half_insert(store, body):
    """Opens an INSERT and sends half of its body; returns what sends the rest and reads the status."""
    connection = store.connect()
    pair = base64.b64encode(f"shijim:{store.token}".encode()).decode()
    connection.putrequest("POST", "/?query=INSERT+INTO+t+FORMAT+TSV")
    connection.putheader("Authorization", f"Basic {pair}")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    connection.send(body[:len(body) // 2])

    def finish():
        connection.send(body[len(body) // 2:])
        return connection.getresponse().status
    return finish


def test_sigterm_lets_an_insert_under_way_finish_and_keeps_it(make_store, tmp_path):
    store = make_store(data=tmp_path / "data")
    store.write(TABLE)
    store.write("INSERT INTO t VALUES (1, 'a')")
    finish = half_insert(store, b"".join(b"%d\tx\n" % n for n in range(100000)))
    running = "SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO t%'"
    store.wait_rows(running, [("1",)])
    codes = []
    stopper = threading.Thread(target=lambda: codes.append(store.stop()))
    stopper.start()
    time.sleep(0.5)
    assert finish() == 200
    stopper.join()
    assert codes == [0]
    again = make_store(data=tmp_path / "data")
    assert again.rows("SELECT count() FROM t") == [("100001",)]


def test_sigterm_cancels_a_long_read(make_store):
    store = make_store()
    answers = []
    reader = threading.Thread(
        target=lambda: answers.append(store.read("SELECT count() FROM numbers(1000000000000)")))
    reader.start()
    running = "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000)'"
    store.wait_rows(running, [("1",)])
    assert store.stop() == 0
    reader.join()
    assert answers[0].code == 394


def test_the_port_is_written_where_asked_and_the_data_survive_a_restart(make_store, tmp_path):
    port_file = tmp_path / "port"
    store = make_store(data=tmp_path / "data", arguments=["--port-file", str(port_file)])
    assert int(port_file.read_text()) == store.port
    store.write(TABLE)
    store.write("INSERT INTO t VALUES (1, 'a')")
    token = store.token
    assert store.stop() == 0
    again = make_store(data=tmp_path / "data")
    assert again.token == token
    assert again.rows("SELECT * FROM t") == [("1", "a")]


def insert_until_killed(store, first_batch, stop):
    """Inserts batches in order, each with its token; returns the first not acknowledged."""
    batch = first_batch
    while not stop.is_set():
        body = "".join(f"{batch * BATCH + n}\tx\n" for n in range(BATCH))
        try:
            answer = store.try_write(body, query="INSERT INTO t FORMAT TSV",
                                     insert_deduplication_token=f"b{batch}")
        except OSError:
            return batch
        except Exception:  # http.client's own, when the server dies in mid-answer
            return batch
        assert answer.status == 200, answer
        batch += 1
    return batch


@pytest.mark.slow
def test_sigkill_loses_nothing_acknowledged_and_a_retry_doubles_nothing(make_store, tmp_path):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    batch = 0
    store = make_store(data=tmp_path / "data")
    store.write(TABLE)
    for _ in range(12):
        stop = threading.Event()
        reached = []
        writer = threading.Thread(target=lambda: reached.append(insert_until_killed(store, batch, stop)))
        writer.start()
        time.sleep(rng.uniform(0.05, 0.6))
        store.kill()
        stop.set()
        writer.join()
        batch = reached[0]
        store = make_store(data=tmp_path / "data")
        rows = int(store.rows("SELECT count() FROM t")[0][0])
        assert rows in (batch * BATCH, (batch + 1) * BATCH)
    body = "".join(f"{batch * BATCH + n}\tx\n" for n in range(BATCH))
    store.write(body, query="INSERT INTO t FORMAT TSV", insert_deduplication_token=f"b{batch}")
    total = (batch + 1) * BATCH
    assert batch > 0
    assert store.rows("SELECT count(), max(seq) + 1, sum(seq) FROM t") == [
        (str(total), str(total), str(total * (total - 1) // 2))]


def test_a_token_acknowledged_before_sigkill_is_known_after_it(make_store, tmp_path):
    store = make_store(data=tmp_path / "data")
    store.write(TABLE)
    store.write("INSERT INTO t VALUES (1, 'a')", insert_deduplication_token="x")
    store.kill()
    again = make_store(data=tmp_path / "data")
    again.write("INSERT INTO t VALUES (1, 'a')", insert_deduplication_token="x")
    assert again.rows("SELECT count() FROM t") == [("1",)]


def test_many_clients_that_vanish_leave_nothing_behind(make_store):
    store = make_store()
    store.write(TABLE)
    block = store.read("SELECT number AS seq, '' AS s FROM numbers(1000) FORMAT TSV").body
    for round_number in range(30):
        finish = half_insert(store, block)
        del finish
        connection = store.connect()
        connection.request("POST", "/", "SELECT number FROM numbers(100000000) FORMAT RowBinary")
        response = connection.getresponse()
        response.read(1000)
        response.close()
        connection.close()
    others = "SELECT query, elapsed FROM system.processes WHERE query NOT LIKE '%system.processes%'"
    assert store.wait_rows(others, []) == []
    assert store.rows("SELECT count() FROM t") == [("0",)]
    assert store.stop() == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MiB of its own."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("may not mount a small file system here")
    yield place
    subprocess.run(["umount", "-l", place], check=False)


def test_a_full_disk_refuses_the_insert_keeps_nothing_of_it_and_goes_on(small_disk, make_store):
    store = make_store(data=small_disk / "data")
    store.write(TABLE)
    store.write("INSERT INTO t SELECT number, '' FROM numbers(1000)")
    body = "".join(f"{n}\t{os.urandom(24).hex()}\n" for n in range(400000))
    answer = store.try_write(body, query="INSERT INTO t FORMAT TSV")
    assert answer.code == 243 and answer.headers["Retry-After"]
    assert store.rows("SELECT count() FROM t") == [("1000",)]
    store.write("INSERT INTO t SELECT number + 1000, '' FROM numbers(1000)")
    assert store.rows("SELECT count() FROM t") == [("2000",)]
    assert store.stop() == 0
