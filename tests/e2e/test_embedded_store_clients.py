"""Clients nobody here wrote: clickhouse-connect, and clickhouse-go's requests replayed."""

import datetime
import decimal
import gzip
import struct

import pytest

clickhouse_connect = pytest.importorskip("clickhouse_connect")

ROWS = 500_000
UTC = datetime.timezone.utc


def client(store, writer=False, **more):
    credentials = {"username": "shijim", "password": store.token} if writer else {}
    return clickhouse_connect.get_client(host="127.0.0.1", port=store.port, **credentials, **more)


@pytest.fixture(scope="module")
def writer(store):
    made = client(store, writer=True)
    made.command("CREATE TABLE ticks (ts DateTime64(9, 'UTC'), code LowCardinality(String), "
                 "price Decimal64(6), volume UInt32, tags Array(String), note Nullable(String)) "
                 "ENGINE = MergeTree ORDER BY (code, ts)")
    yield made
    made.close()


@pytest.fixture(scope="module")
def reader(store, writer):
    made = client(store)
    yield made
    made.close()


def tick(number):
    return [datetime.datetime(2026, 1, 2, tzinfo=UTC) + datetime.timedelta(seconds=number), f"23{number % 30:02}",
            decimal.Decimal(number) / 100, number % 1000, ["a", "o'b"], None if number % 2 else "x"]


COLUMNS = ["ts", "code", "price", "volume", "tags", "note"]


@pytest.mark.parametrize("coding", ["lz4", "zstd", "gzip", False])
def test_inserted_rows_come_back_as_they_were(store, writer, coding):
    writer.command("TRUNCATE TABLE ticks")
    made = client(store, writer=True, compress=coding)
    rows = [tick(number) for number in range(5000)]
    assert made.insert("ticks", rows, column_names=COLUMNS).written_rows == 5000
    got = made.query("SELECT * FROM ticks ORDER BY ts").result_rows
    assert [[row[0].replace(tzinfo=UTC), *row[1:]] for row in got] == rows
    made.close()


def test_half_a_million_rows_there_and_back(writer, reader):
    writer.command("CREATE OR REPLACE TABLE many (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    columns = [list(range(ROWS)), [str(number % 100) for number in range(ROWS)]]
    writer.insert("many", columns, column_names=["a", "s"], column_oriented=True)
    assert reader.query("SELECT count(), sum(a) FROM many").first_row == (ROWS, ROWS * (ROWS - 1) // 2)
    result = reader.query("SELECT a, s FROM many ORDER BY a", column_oriented=True)
    assert result.result_columns[0] == columns[0] and result.result_columns[1] == columns[1]


def test_a_result_is_streamed_block_by_block(reader):
    count = 0
    with reader.query_row_block_stream(f"SELECT number, toString(number) FROM numbers({ROWS})") as blocks:
        for block_count, block in enumerate(blocks, 1):
            count += len(block)
    assert count == ROWS and block_count > 1


def test_parameters_are_bound_by_the_server(reader):
    row = reader.query("SELECT {n:UInt32} + 1, {s:String}, {l:Array(String)}, {d:DateTime64(3, 'UTC')}",
                       parameters={"n": 41, "s": "o'b\\\n", "l": ["x'", "y"],
                                   "d": datetime.datetime(2026, 1, 2, 3, 4, 5, 678000)}).first_row
    assert row[:3] == (42, "o'b\\\n", ["x'", "y"])


def test_settings_and_sessions_work_for_a_reader(reader):
    assert reader.query("SELECT getSetting('max_block_size')", settings={"max_block_size": 123}).first_row == (123,)
    assert reader.query("SELECT 1", settings={"session_id": "mine"}).first_row == (1,)


def test_a_writers_session_keeps_its_state(store):
    made = client(store, writer=True, session_id="cc")
    made.command("CREATE TEMPORARY TABLE tt (a UInt8)")
    made.insert("tt", [[5]], column_names=["a"])
    assert made.query("SELECT a FROM tt").first_row == (5,)
    made.close()


@pytest.mark.parametrize("sql,code", [("SELECT * FROM nope", 60), ("SELEC 1", 62),
                                      ("SELECT throwIf(number = 400000) FROM numbers(500000)", 395),
                                      ("SELECT sleep(3) SETTINGS max_execution_time = 1", 159)])
def test_errors_become_exceptions_with_their_code(reader, sql, code):
    with pytest.raises(clickhouse_connect.driver.exceptions.DatabaseError, match=f"[Cc]ode: {code}"):
        reader.query(sql)


def test_an_error_in_mid_stream_becomes_an_exception(reader):
    with pytest.raises(clickhouse_connect.driver.exceptions.StreamFailureError, match="395"):
        with reader.query_rows_stream("SELECT number, throwIf(number = 400000) FROM numbers(500000)") as rows:
            for _ in rows:
                pass


def test_a_reader_cannot_insert(reader):
    with pytest.raises(clickhouse_connect.driver.exceptions.DatabaseError, match="164"):
        reader.insert("many", [[1, "x"]], column_names=["a", "s"])


@pytest.mark.parametrize("name", ["CSVWithNames", "JSON", "Parquet", "ArrowStream"])
def test_raw_queries_come_in_any_format(reader, name):
    data = reader.raw_query("SELECT number AS n FROM numbers(100000)", fmt=name)
    start = {"CSVWithNames": b'"n"\n0\n1\n', "JSON": b"{", "Parquet": b"PAR1", "ArrowStream": b"\xff"}[name]
    assert data.startswith(start)


def test_raw_inserts_take_any_format(writer, reader):
    writer.command("CREATE OR REPLACE TABLE raw (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    writer.raw_insert("raw", insert_block=b"1,x\n2,y\n", fmt="CSV")
    writer.raw_insert("raw", insert_block=gzip.compress(b'{"a":3,"s":"z"}\n'), fmt="JSONEachRow", compression="gzip")
    assert reader.query("SELECT * FROM raw ORDER BY a").result_rows == [(1, "x"), (2, "y"), (3, "z")]


# What clickhouse-go 2.43 (the driver of Grafana's plug-in) sends, and how it reads.

GO_REVISION = 54460


def go_request(store, sql, **more):
    answer = store.read(sql, client_protocol_version=GO_REVISION, database="default", default_format="Native",
                        headers={"Accept-Encoding": "gzip", "User-Agent": "clickhouse-go/2.43.0"}, **more)
    assert answer.status == 200, answer
    assert answer.headers["Content-Encoding"] == "gzip"
    return gzip.decompress(answer.body)


def read_string(data, offset):
    size = data[offset]
    return data[offset + 1:offset + 1 + size].decode(), offset + 1 + size


def test_clickhouse_go_is_greeted_at_its_revision_and_then_reads_at_none(store):
    data = go_request(store, "SELECT displayName(), version(), revision(), timezone()")
    assert data[:8] == b"\x01\x00\x02\xff\xff\xff\xff\x00"  # block info
    assert data[8:10] == b"\x04\x01"  # columns, rows
    offset, seen = 10, []
    for _ in range(4):
        name, offset = read_string(data, offset)
        kind, offset = read_string(data, offset)
        assert data[offset] == 0  # no special serialisation
        offset += 1
        if kind == "String":
            value, offset = read_string(data, offset)
        else:
            assert kind == "UInt32"
            value, offset = struct.unpack_from("<I", data, offset)[0], offset + 4
        seen.append((name, value))
    assert offset == len(data)
    assert seen[0] == ("displayName()", "shijim") and seen[2] == ("revision()", 0)
    assert seen[1][1].count(".") == 3 and seen[3][1]


def test_clickhouse_go_pings(store):
    assert go_request(store, "SELECT 1") == b"\x01\x01\x011\x05UInt8\x01"


GRAFANA = ["SELECT version()", "SHOW DATABASES", 'SHOW TABLES FROM "shijim"', 'DESC TABLE "shijim"."ticks"',
           "SELECT name, type, table FROM system.columns WHERE database = 'shijim'",
           "SELECT name FROM system.functions LIMIT 10000", "SELECT database, name FROM system.tables",
           "SELECT toStartOfMinute(ts) AS time, code, max(price) FROM ticks GROUP BY time, code "
           "ORDER BY time LIMIT 1000 SETTINGS max_execution_time = 10"]


@pytest.mark.parametrize("sql", GRAFANA)
def test_grafanas_statements_are_answered(store, writer, sql):
    assert len(go_request(store, sql, max_execution_time=60)) > 0


def test_grafanas_row_filters_are_heeded(store, writer):
    writer.command("CREATE OR REPLACE TABLE filtered (a UInt8) ENGINE = MergeTree ORDER BY a")
    writer.command("INSERT INTO filtered VALUES (1), (2)")
    data = go_request(store, "SELECT sum(a) FROM filtered", additional_table_filters="{'filtered': 'a = 2'}")
    assert data.endswith(struct.pack("<Q", 2))
