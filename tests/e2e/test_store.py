"""The store's writer against real servers: ClickHouse 18.16 as a child process, and the embedded one."""

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import time

import pytest

from broken_link import BrokenLink
from old_server import OldServer, find_old_server
from store_server import StoreServer

ROOT = pathlib.Path(__file__).parents[2]
SEED = int(os.environ.get("SHIJIM_TEST_SEED", "20260325"))
RETRY_FAST = ["retry_min_ms=10", "retry_max_ms=200"]


class Driver:
    def __init__(self, program):
        self.program = program

    def start(self, *arguments):
        return subprocess.Popen([self.program, *map(str, arguments)], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, code=0, timeout=120):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True,
                              timeout=timeout)
        assert code is None or done.returncode == code, (arguments, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done

    def json(self, *arguments, code=0):
        return json.loads(self.run(*arguments, code=code).stdout)


@pytest.fixture(scope="session")
def driver(build_dir):
    program = build_dir / "tests/store/store_driver"
    if not program.exists():
        pytest.skip("store_driver is not built (no journal in this tree)")
    return Driver(program)


@pytest.fixture
def old_server(tmp_path):
    if not find_old_server():
        pytest.skip("clickhouse-server is not installed: run ./dev deps")
    with OldServer(tmp_path / "server") as server:
        yield server


class Embedded:
    """The embedded store with the same face as OldServer."""

    def __init__(self, program, directory):
        self.server = StoreServer(program, directory)
        self.directory = directory

    def start(self):
        if self.server.port:
            self.server.arguments = ["--port", str(self.server.port)]
        self.server.start()
        return self

    def kill(self):
        self.server.kill()

    def query(self, sql):
        return self.server.write(sql).text

    @property
    def port(self):
        return self.server.port

    @property
    def arguments(self):
        return [f"url=http://127.0.0.1:{self.port}", "user=shijim",
                f"password_file={self.directory}/writer.token"]


@pytest.fixture(params=["18.16", "embedded"])
def server(request, tmp_path):
    if request.param == "18.16":
        if not find_old_server():
            pytest.skip("clickhouse-server is not installed: run ./dev deps")
        running = OldServer(tmp_path / "server").start()
    else:
        program = request.getfixturevalue("store_program")
        running = Embedded(program, tmp_path / "embedded").start()
    yield running
    running.kill()


def assert_each_event_once(driver, journal, arguments, events):
    audit = driver.json("audit", journal, *arguments)
    assert audit["holds"], audit
    assert (audit["journal"], audit["store"]) == (events, events), audit
    assert (audit["missing"], audit["duplicate"], audit["surplus"]) == (0, 0, 0), audit


@pytest.mark.parametrize("form", ["native", "json"])
def test_every_event_is_written_once_and_reads_back(driver, server, tmp_path, form):
    journal = tmp_path / "journal"
    events = driver.json("make", journal, 60000, SEED, 50)["events"]
    stats = driver.json("write", journal, *server.arguments, f"format={form}", "batch_rows=20000")
    assert stats["identity"] and stats["acknowledged"] == stats["rows"] == events
    assert stats["dead"] == stats["waiting"] == 0
    assert_each_event_once(driver, journal, server.arguments, events)
    rows = driver.run("query", "SELECT count(), uniqExact(src, seq), uniqExact(symbol) FROM ticks",
                      *server.arguments).stdout.split()
    assert rows[0] == rows[1] and int(rows[2]) == 50


# What the system that shijim succeeds writes into; its users made the tables themselves.
ORIGINAL_TICKS = ("CREATE TABLE shijim.ticks (trading_day Date, ts Int64, symbol String, asset_type String,"
                  " exchange String, price {price}, size Int64, side String, total_volume Nullable(Int64),"
                  " total_amount Nullable(Float64), extras String)"
                  " ENGINE = MergeTree PARTITION BY trading_day ORDER BY (symbol, ts)")
ORIGINAL_BOOKS = ("CREATE TABLE shijim.orderbook (trading_day Date, ts Int64, symbol String, asset_type String,"
                  " exchange String, bid_prices Array(Float64), bid_volumes Array(Int64),"
                  " ask_prices Array(Float64), ask_volumes Array(Int64), bid_total_vol Nullable(Int64),"
                  " ask_total_vol Nullable(Int64), underlying_price Nullable(Float64), extras String)"
                  " ENGINE = MergeTree PARTITION BY trading_day ORDER BY (symbol, ts)")


def make_original_tables(server, price="Float64"):
    server.query("CREATE DATABASE IF NOT EXISTS shijim")
    server.query(ORIGINAL_TICKS.format(price=price))
    server.query(ORIGINAL_BOOKS)
    server.query("INSERT INTO shijim.ticks VALUES ('2024-01-02', 1704166200000000000, '2330', 'stock', 'TSE',"
                 " " + ("'593.5'" if price == "String" else "593.5") + ", 3, 'buy', 3, 1780.5, '{\"simtrade\":0}')")


@pytest.mark.parametrize("form", ["native", "json"])
def test_tables_of_the_system_before_get_what_they_lack_and_keep_what_they_have(driver, server, tmp_path, form):
    journal = tmp_path / "journal"
    make_original_tables(server)
    old = "SELECT * FROM shijim.ticks WHERE src = 0 FORMAT TabSeparatedRaw"
    events = driver.json("make", journal, 20000, SEED, 50)["events"]
    stats = driver.json("write", journal, *server.arguments, f"format={form}")
    assert stats["identity"] and stats["acknowledged"] == events and stats["dead"] == 0, stats
    assert_each_event_once(driver, journal, server.arguments, events)
    types = dict(line.split("\t") for line in server.query(
        "SELECT name, type FROM system.columns WHERE database = 'shijim' AND table = 'ticks'"
        " FORMAT TabSeparatedRaw").splitlines())
    assert (types["price"], types["size"], types["side"]) == ("Float64", "Int64", "String")
    assert {"seq", "src", "recv_ts", "amount", "channel"} <= set(types)
    assert server.query(old).split("\t")[:11] == [
        "2024-01-02", "1704166200000000000", "2330", "stock", "TSE", "593.5", "3", "buy", "3", "1780.5",
        '{"simtrade":0}']
    assert driver.json("write", journal, *server.arguments)["rows"] == 0
    if isinstance(server, Embedded):  # without it a repeated insert would not be noticed
        assert "non_replicated_deduplication_window = 1000" in server.query("SHOW CREATE TABLE shijim.ticks")
    exact = server.query("SELECT count() FROM shijim.ticks WHERE src = 1 AND side IN ('none', 'buy', 'sell') AND"
                         " recv_ts > ts AND amount IS NOT NULL")
    assert int(exact) == int(server.query("SELECT count() FROM shijim.ticks")) - 1


def test_a_column_that_cannot_hold_an_event_is_told_and_nothing_is_touched(driver, server, tmp_path):
    journal = tmp_path / "journal"
    make_original_tables(server, price="String")
    driver.json("make", journal, 100, SEED)
    before = server.query("SELECT name, type FROM system.columns WHERE database = 'shijim' AND table = 'ticks'")
    writer = driver.start("follow", journal, *server.arguments, *RETRY_FAST)
    line = writer.stderr.readline()
    writer.terminate()
    writer.communicate()
    for word in ("table ticks", "price is String", "Decimal(18, 6)", "RENAME TABLE"):
        assert word in line, line
    assert server.query("SELECT name, type FROM system.columns WHERE database = 'shijim' AND table = 'ticks'") == before


def test_tables_of_an_older_version_get_newer_columns_and_values(driver, server, tmp_path):
    journal = tmp_path / "journal"
    events = driver.json("make", journal, 2000, SEED)["events"]
    driver.json("write", journal, *server.arguments)
    server.query("ALTER TABLE shijim.ticks DROP COLUMN underlying_price")
    server.query("DROP TABLE shijim.sessions")
    server.query("CREATE TABLE shijim.sessions (trading_day Date, ts Int64, kind Enum8('unknown' = 0, 'connect' = 1))"
                 " ENGINE = MergeTree PARTITION BY toYYYYMM(trading_day) ORDER BY ts")
    more = tmp_path / "more"
    driver.json("make", more, 2000, SEED + 1)
    assert driver.json("write", more, *server.arguments)["identity"]
    assert "underlying_price" in server.query("DESCRIBE TABLE shijim.ticks")
    assert "'replay_end' = 14" in server.query("DESCRIBE TABLE shijim.sessions FORMAT TabSeparatedRaw")
    assert events > 0


def test_writing_again_adds_nothing(driver, server, tmp_path):
    journal = tmp_path / "journal"
    events = driver.json("make", journal, 5000, SEED)["events"]
    driver.json("write", journal, *server.arguments)
    again = driver.json("write", journal, *server.arguments)
    assert again["rows"] == 0 and again["acknowledged"] == events and again["identity"]
    assert_each_event_once(driver, journal, server.arguments, events)


@pytest.mark.parametrize("seed", [SEED, SEED + 1, SEED + 2])
def test_kills_of_writer_server_and_link_leave_each_event_once(driver, server, tmp_path, seed):
    print(f"seed {seed}")
    moments = random.Random(seed)
    journal = tmp_path / "journal"
    events = driver.json("make", journal, 300000, seed, 100)["events"]
    link = BrokenLink(server.port)
    arguments = [f"url=http://127.0.0.1:{link.port}", *server.arguments[1:], *RETRY_FAST,
                 "batch_rows=5000", "request_timeout_ms=5000"]
    writer = driver.start("follow", journal, *arguments)
    for _ in range(12):
        time.sleep(moments.uniform(0.02, 0.3))
        what = moments.choice(["writer", "writer", "server", "link", "answer", "answer"])
        if what == "writer":
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
            writer = driver.start("follow", journal, *arguments)
        elif what == "server":
            server.kill()
            time.sleep(moments.uniform(0, 0.3))
            server.start()
        elif what == "link":
            link.cut()
        else:
            link.swallow_answer()
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    stats = driver.json("write", journal, *arguments)
    assert stats["identity"] and stats["acknowledged"] == events and stats["dead"] == 0, stats
    link.close()
    assert_each_event_once(driver, journal, server.arguments, events)


def test_an_answer_that_is_lost_is_asked_for_not_sent_again(driver, old_server, tmp_path):
    journal = tmp_path / "journal"
    events = driver.json("make", journal, 20000, SEED)["events"]
    driver.json("write", journal, *old_server.arguments)  # the tables are there
    old_server.query("DROP DATABASE shijim")
    for name in ("cursors", "store"):
        for file in (journal / name).iterdir():
            file.unlink()
    link = BrokenLink(old_server.port)
    arguments = [f"url=http://127.0.0.1:{link.port}", *RETRY_FAST, "batch_rows=1000", "connections=1"]
    writer = driver.start("follow", journal, *arguments)
    deadline = time.monotonic() + 30
    while link.cut_count < 5 and time.monotonic() < deadline:
        link.swallow_answer()
        time.sleep(0.05)
    writer.send_signal(signal.SIGTERM)
    out, err = writer.communicate(timeout=30)
    assert writer.returncode == 0, err
    stats = json.loads(out)
    assert stats["reconciled"] > 0 and stats["found"] > 0, stats
    driver.json("write", journal, *arguments)
    link.close()
    assert_each_event_once(driver, journal, old_server.arguments, events)


def test_rows_no_server_takes_become_dead_letters_and_can_be_sent_later(driver, old_server, tmp_path):
    journal = tmp_path / "journal"
    events = driver.json("make", journal, 40, SEED, 3, 100)["events"]
    driver.run("write", tmp_path / "none", *old_server.arguments, code=1)  # no journal: refused
    arguments = [*old_server.arguments, "format=json", *RETRY_FAST]
    empty = tmp_path / "empty"
    driver.json("make", empty, 0, SEED, 1)
    driver.json("write", empty, *arguments)  # creates the tables
    old_server.query("TRUNCATE TABLE shijim.instruments")
    old_server.query("ALTER TABLE shijim.ticks MODIFY COLUMN side Enum8('none' = 0, 'buy' = 1)")
    arguments.append("create_tables=false")  # else the writer would give the column what it lacks
    stats = driver.json("write", journal, *arguments)
    assert stats["identity"] and stats["dead"] > 0 and stats["waiting"] == 0
    assert stats["rows"] + stats["dead"] == events
    files = list((journal / "dead").iterdir())
    assert files and all(file.suffix == ".dead" for file in files)
    assert b"sell" in files[0].read_bytes()  # the reason, in the server's words
    audit = driver.json("audit", journal, *arguments)
    assert audit["dead_lettered"] == stats["dead"] and audit["missing"] == 0

    still = driver.json("retry", journal, *arguments)
    assert still["failed"] == stats["dead"] and still["inserted"] == 0
    old_server.query("ALTER TABLE shijim.ticks MODIFY COLUMN"
                     " side Enum8('none' = 0, 'buy' = 1, 'sell' = 2)")
    (journal / "dead" / "damaged.dead").write_bytes(files[0].read_bytes()[:-1])
    sent = driver.json("retry", journal, *arguments)
    assert sent["inserted"] == stats["dead"] and sent["failed"] == 0 and sent["damaged"] == 1
    assert [file.name for file in (journal / "dead").iterdir()] == ["damaged.dead"]
    assert_each_event_once(driver, journal, arguments, events)


def test_a_server_that_comes_late_gets_everything(driver, tmp_path):
    if not find_old_server():
        pytest.skip("clickhouse-server is not installed: run ./dev deps")
    journal = tmp_path / "journal"
    events = driver.json("make", journal, 5000, SEED)["events"]
    server = OldServer(tmp_path / "server")
    writer = driver.start("write", journal, *server.arguments, *RETRY_FAST)
    time.sleep(0.5)
    assert writer.poll() is None
    with server:
        out, err = writer.communicate(timeout=60)
        assert writer.returncode == 0, err
        assert "does not take events yet" in err
        assert json.loads(out)["acknowledged"] == events
        assert_each_event_once(driver, journal, server.arguments, events)


def test_a_wrong_password_is_told_and_nothing_is_lost(driver, tmp_path):
    if not find_old_server():
        pytest.skip("clickhouse-server is not installed: run ./dev deps")
    journal = tmp_path / "journal"
    driver.json("make", journal, 1000, SEED)
    secret = tmp_path / "password"
    secret.write_text("right-horse\n")
    secret.chmod(0o600)
    with OldServer(tmp_path / "server", password="right-horse") as server:
        writer = driver.start("follow", journal, *server.arguments, *RETRY_FAST)
        time.sleep(1)
        writer.send_signal(signal.SIGTERM)
        out, err = writer.communicate(timeout=30)
        stats = json.loads(out)
        assert stats["identity"] and stats["rows"] == 0 and stats["dead"] == 0
        assert "assword" in err and "right-horse" not in err
        login = ["user=default", f"password_file={secret}"]
        assert driver.json("write", journal, *server.arguments, *login)["rows"] == 1100
        refused = driver.run("query", "SELECT 1", *server.arguments, code=1)
        assert "ClickHouse error 19" in refused.stderr


def test_settings_travel_only_to_servers_that_know_them(driver, server, tmp_path):
    journal = tmp_path / "journal"
    events = driver.json("make", journal, 2000, SEED)["events"]
    stats = driver.json("write", journal, *server.arguments, "async_insert=true",
                        "async_insert_max_data_size=1000000", "async_insert_busy_timeout_ms=50",
                        "settings=no_such_setting=1,max_insert_block_size=1048576")
    assert stats["retries"] == 0 and stats["rows"] == events
    assert_each_event_once(driver, journal, server.arguments, events)


def test_a_query_that_fails_says_why_in_one_line(driver, server, tmp_path):
    driver.json("make", tmp_path / "journal", 10, SEED, 1)
    driver.json("write", tmp_path / "journal", *server.arguments)
    done = driver.run("query", "SELECT nothing FROM nowhere", *server.arguments, code=1)
    assert done.stdout == "" and done.stderr.count("\n") == 1
    assert "ClickHouse error 60" in done.stderr or "ClickHouse error 81" in done.stderr
    late = driver.run("query", "SELECT throwIf(number = 3000000) FROM system.numbers LIMIT 4000000",
                      *server.arguments, code=1)
    assert "ClickHouse error 395" in late.stderr


def test_events_can_be_queried_within_one_and_a_half_seconds(driver, server, tmp_path):
    """Not a measurement (see bench): the age of the newest row, asked while events come in."""
    journal = tmp_path / "journal"
    recorder = driver.start("live", journal, 20000, 6, SEED)
    time.sleep(0.5)
    writer = driver.start("follow", journal, *server.arguments)
    ages = []
    for _ in range(30):
        time.sleep(0.1)
        try:
            newest = int(driver.run("query", "SELECT max(recv_ts) FROM ticks", *server.arguments).stdout)
        except AssertionError:
            continue  # no table yet
        if newest > 0:
            ages.append(time.time() - newest / 1e9)
    events = json.loads(recorder.communicate(timeout=60)[0])["events"]
    time.sleep(2)
    writer.send_signal(signal.SIGTERM)
    stats = json.loads(writer.communicate(timeout=60)[0])
    assert stats["identity"] and stats["rows"] == events
    assert len(ages) > 10 and sorted(ages)[len(ages) // 2] < 1.5, ages
    assert_each_event_once(driver, journal, server.arguments, events)


TRADING_TABLES = {"intents": 11, "risk_results": 11, "order_events": 19, "fills": 5, "order_reports": 1, "controls": 1,
                  "account_snapshots": 1, "positions": 1, "strategy_stats": 1}

# By hand, from the table in tests/store/trading.c.
READY_ANSWERS = {
    "Which check refuses most, and by how much": [
        "order_quantity 3 50 4 5 40", "collar 1 16.7 5250000 5250000 5", "feed 1 16.7 1 1 \\N",
        "reference_stale 1 16.7 \\N \\N \\N"],
    "Acknowledgement latency by hour": ["9 3 0 5 6 6", "10 2 1 10 10 10"],
    "Slippage against the mid price on arrival": [
        "1 F0001H6 sell 1 1 50 0.5 25", "1 F0001H6 buy 1 2 49.75 1 25", "2 F0002H6 buy 2 4 42.5 0.85 45"],
}


def ready_queries():
    """(title, SQL) of each query of the page, as it stands there."""
    text = (ROOT / "docs/queries.md").read_text()
    return re.findall(r"^## (.+?)\n.*?^```sql\n(.*?)^```", text, re.M | re.S)


def test_what_trading_did_is_in_the_store_and_the_ready_queries_tell_it(driver, server, tmp_path):
    journal = tmp_path / "journal"
    events = driver.json("trade", journal)["events"]
    assert driver.json("write", journal, *server.arguments)["acknowledged"] == events
    assert_each_event_once(driver, journal, server.arguments, events)
    for table, count in TRADING_TABLES.items():
        assert server.query(f"SELECT count() FROM shijim.{table} WHERE src = 8") == f"{count}\n", table
    states = driver.run("query", "SELECT state, count() FROM orders GROUP BY state ORDER BY state", *server.arguments)
    assert states.stdout.split() == ["pending", "1", "filled", "4", "refused", "6"]
    queries = ready_queries()
    assert [title for title, _ in queries] == list(READY_ANSWERS)
    for title, sql in queries:
        answer = driver.run("query", sql, *server.arguments).stdout
        assert [line.replace("\t", " ") for line in answer.splitlines()] == READY_ANSWERS[title], title
    reference = (ROOT / "docs/reference.md").read_text()
    for table in server.query("SELECT name FROM system.tables WHERE database = 'shijim'").split():
        assert f"`{table}`" in reference, table
    # an audit that did not look at these tables would not miss a row
    server.query("ALTER TABLE shijim.fills DELETE WHERE intent_id = 2" if isinstance(server, Embedded)
                 else "TRUNCATE TABLE shijim.fills")
    deadline = time.monotonic() + 20
    while driver.run("audit", journal, *server.arguments, code=None).returncode == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert driver.json("audit", journal, *server.arguments, code=3)["missing"] > 0
