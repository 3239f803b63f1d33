"""The embedded store over plain HTTP: what curl and any other client sees."""

import base64
import gzip
import json
import threading
import time
import zlib

import pytest

STREAMED = ["TabSeparated", "TSVRaw", "TSKV", "CSV", "JSONEachRow", "JSONStringsEachRow",
            "JSONCompactEachRow", "MsgPack", "RowBinary", "LineAsString", "SQLInsert",
            "CSVWithNames", "CSVWithNamesAndTypes", "TabSeparatedWithNames",
            "TSVWithNamesAndTypes", "JSONCompactEachRowWithNames",
            "JSONCompactEachRowWithNamesAndTypes", "JSONCompactStringsEachRowWithNames",
            "RowBinaryWithNames", "RowBinaryWithNamesAndTypes"]
WHOLE = ["JSON", "JSONCompact", "JSONColumns", "XML", "Values", "Vertical", "Markdown",
         "PrettyCompact", "Parquet", "Arrow", "ArrowStream", "ORC", "Avro"]


@pytest.fixture(scope="module", autouse=True)
def tables(store):
    store.write("CREATE TABLE t (a UInt32, s String) ENGINE = MergeTree ORDER BY a")


@pytest.mark.parametrize("path", ["/", "/ping", "/replicas_status"])
def test_answers_ok_to_whoever_asks_if_it_lives(store, path):
    answer = store.request(method="GET", path=path)
    assert (answer.status, answer.text) == (200, "Ok.\n")


def test_an_unknown_path_is_not_found(store):
    assert store.request(method="GET", path="/nowhere").status == 404


def test_the_query_may_stand_in_the_url_or_the_body_or_half_in_each(store):
    assert store.request(method="GET", query="SELECT 1").text == "1\n"
    assert store.read("SELECT 1").text == "1\n"
    assert store.read("+ 1", query="SELECT 1").text == "2\n"


def test_the_answer_carries_clickhouse_headers(store):
    answer = store.read("SELECT 1 AS x FORMAT JSON", query_id="q-1")
    headers = answer.headers
    assert headers["X-ClickHouse-Query-Id"] == "q-1"
    assert headers["X-ClickHouse-Format"] == "JSON"
    assert headers["X-ClickHouse-Timezone"]
    assert headers["X-ClickHouse-Server-Display-Name"]
    assert headers["Content-Type"].startswith("application/json")
    assert json.loads(headers["X-ClickHouse-Summary"])["read_rows"] == "1"
    assert json.loads(answer.text)["data"] == [{"x": 1}]


@pytest.mark.parametrize("name", STREAMED)
def test_a_streamed_result_is_byte_for_byte_the_whole_one(store, name):
    sql = ("SELECT toString(number) AS `first \"name\"` FROM numbers(200000)" if name == "LineAsString"
           else "SELECT number AS `first \"name\"`, 'a\\n\"b' AS s FROM numbers(200000)")
    streamed = store.read(f"{sql} FORMAT {name}")
    whole = store.read(f"{sql} FORMAT {name}", wait_end_of_query=1)
    assert streamed.status == whole.status == 200
    assert streamed.headers.get("Transfer-Encoding") == "chunked"
    assert streamed.body == whole.body


@pytest.mark.parametrize("name", WHOLE)
def test_a_format_that_cannot_be_joined_comes_in_one_piece(store, name):
    """Blocks are 65,409 rows: more than one makes two documents unless the server takes care."""
    answer = store.read(f"SELECT number AS n FROM numbers(100000) FORMAT {name}")
    assert answer.status == 200
    if name == "JSON":
        assert len(json.loads(answer.text)["data"]) == 100000
    if name in ("Parquet", "ORC", "Arrow"):
        assert answer.body.count(b"PAR1") in (0, 2) and answer.body[:3] in (b"PAR", b"ORC", b"ARR")
    if name == "XML":
        assert answer.text.count("<?xml") == 1
    if name == "Markdown":
        assert answer.text.count("| n |") == 1


def test_totals_and_extremes_are_not_lost_by_streaming(store):
    sql = "SELECT number % 3 AS k, count() FROM numbers(9) GROUP BY k WITH TOTALS ORDER BY k"
    assert store.read(sql).text == "0\t3\n1\t3\n2\t3\n\n0\t9\n"
    assert store.read("SELECT number FROM numbers(3)", extremes=1).text.count("\n\n") == 1


def test_a_setting_that_makes_one_array_of_rows_is_heeded(store):
    answer = store.read("SELECT number FROM numbers(200000) FORMAT JSONEachRow",
                        output_format_json_array_of_rows=1)
    assert len(json.loads(answer.text)) == 200000


def test_the_default_format_comes_from_url_or_header_and_the_statement_wins(store):
    assert store.read("SELECT 1", default_format="CSVWithNames").text == '"1"\n1\n'
    assert store.read("SELECT 1", headers={"X-ClickHouse-Format": "JSONEachRow"}).text == '{"1":1}\n'
    assert store.read("SELECT 1 FORMAT TSV", default_format="JSON").text == "1\n"


def test_no_rows_still_have_a_header(store):
    assert store.read("SELECT 1 AS x WHERE 0 FORMAT CSVWithNames").text == '"x"\n'
    assert store.read("SELECT 1 AS x WHERE 0 FORMAT Native").body == b""


@pytest.mark.parametrize("coding", ["gzip", "deflate", "lz4", "zstd"])
@pytest.mark.parametrize("count", [0, 3, 300000])
def test_results_are_coded_as_accepted(store, coding, count):
    sql = f"SELECT number FROM numbers({count})"
    answer = store.read(sql, headers={"Accept-Encoding": coding})
    assert answer.headers["Content-Encoding"] == coding
    assert decode(coding, answer.body) == store.read(sql).body


def decode(coding, body):
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "deflate":
        return zlib.decompress(body)
    if coding == "lz4":
        return pytest.importorskip("lz4.frame").decompress(body)
    return pytest.importorskip("backports.zstd").decompress(body)


def encode(coding, body):
    if coding == "gzip":
        return gzip.compress(body)
    if coding == "deflate":
        return zlib.compress(body)
    if coding == "lz4":
        return pytest.importorskip("lz4.frame").compress(body)
    return pytest.importorskip("backports.zstd").compress(body)


def test_an_answer_is_not_coded_unless_asked_and_errors_never(store):
    assert "Content-Encoding" not in store.read("SELECT 1", headers={"Accept-Encoding": "br"}).headers
    assert "Content-Encoding" not in store.read(
        "SELECT 1", headers={"Accept-Encoding": "gzip"}, enable_http_compression=0).headers
    error = store.read("SELECT nope", headers={"Accept-Encoding": "gzip"})
    assert error.text.startswith("Code: 47.")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "lz4", "zstd"])
def test_coded_bodies_are_inserted_in_one_or_several_members(store, coding):
    store.write("CREATE OR REPLACE TABLE coded (a UInt32) ENGINE = MergeTree ORDER BY a")
    text = "INSERT INTO coded FORMAT TSV\n" + "".join(f"{i}\n" for i in range(100000))
    body = text.encode()
    parts = [body] if coding == "deflate" else [body[:1000], body[1000:]]
    store.write(b"".join(encode(coding, part) for part in parts),
                headers={"Content-Encoding": coding})
    assert store.rows("SELECT count(), sum(a) FROM coded") == [("100000", "4999950000")]


def test_clickhouses_own_blocks_go_both_ways(store):
    """compress=1 and decompress=1, as clickhouse-go's LZ4 and ZSTD use them."""
    store.write("CREATE OR REPLACE TABLE blocks (a UInt64) ENGINE = MergeTree ORDER BY a")
    packed = store.read("SELECT number AS a FROM numbers(200000) FORMAT Native", compress=1)
    plain = store.read("SELECT number AS a FROM numbers(200000) FORMAT Native")
    assert "Content-Encoding" not in packed.headers
    assert len(packed.body) < len(plain.body)
    store.write(packed.body, query="INSERT INTO blocks FORMAT Native", decompress=1)
    assert store.rows("SELECT count(), sum(a) FROM blocks") == [("200000", "19999900000")]
    broken = bytearray(packed.body)
    broken[len(broken) // 2] ^= 1
    answer = store.try_write(bytes(broken), query="INSERT INTO blocks FORMAT Native", decompress=1)
    assert (answer.status, answer.code) == (400, 354)
    cut = store.try_write(packed.body[:-5], query="INSERT INTO blocks FORMAT Native", decompress=1)
    assert cut.code == 33
    assert store.rows("SELECT count() FROM blocks") == [("200000",)]


def test_a_body_that_is_not_what_its_coding_says_is_refused(store):
    answer = store.try_write(b"INSERT INTO t VALUES (1, '')", headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.code) == (400, 354)
    answer = store.try_write(b"x", headers={"Content-Encoding": "br"})
    assert (answer.status, answer.code) == (415, 432)


@pytest.mark.parametrize("declared,value,shown", [
    ("UInt32", "42", "42"), ("String", "o'b", "o\\'b"), ("Array(String)", "['a','b']", "['a','b']"),
    ("DateTime64(3, 'UTC')", "2026-01-02 03:04:05.678", "2026-01-02 03:04:05.678"),
    ("Nullable(String)", "\\N", "\\N")])
def test_parameters_are_bound(store, declared, value, shown):
    assert store.read(f"SELECT {{p:{declared}}}", param_p=value).text == shown + "\n"


def test_an_identifier_may_be_a_parameter(store):
    assert store.read("SELECT count() >= 0 FROM {t:Identifier}", param_t="t").text == "1\n"


@pytest.mark.parametrize("sql,arguments,status,code", [
    ("SELECT * FROM nope", {}, 404, 60),
    ("SELECT 1", {"database": "nope"}, 404, 81),
    ("SELEC 1", {}, 400, 62),
    ("", {}, 400, 62),
    ("SELECT 1; SELECT 2", {}, 400, 62),
    ("SELECT nope", {}, 404, 47),
    ("SELECT nope(1)", {}, 404, 46),
    ("SELECT 1 FORMAT Nope", {}, 404, 73),
    ("SELECT 1", {"nope": "1"}, 404, 115),
    ("SELECT {p:UInt8}", {}, 400, 456),
    ("SELECT {p:UInt8}", {"param_p": "x"}, 400, 457),
    ("SELECT sleep(3)", {"max_execution_time": 1}, 408, 159),
    ("SELECT throwIf(1)", {}, 500, 395),
    ("SELECT 1", {"session_id": "none", "session_check": 1}, 404, 372),
    ("INSERT INTO t VALUES (1, '')", {}, 403, 164),
])
def test_errors_carry_clickhouse_codes_and_status(store, sql, arguments, status, code):
    answer = store.read(sql, **arguments)
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "(version " in answer.text


def test_other_methods_are_refused(store):
    assert store.request(method="DELETE").status == 501


def test_an_error_in_mid_stream_is_named_by_the_tag_and_breaks_the_answer_off(store):
    connection = store.connect()
    connection.request("POST", "/", "SELECT throwIf(number = 400000) FROM numbers(500000)")
    response = connection.getresponse()
    tag = response.getheader("X-ClickHouse-Exception-Tag")
    body = b""
    with pytest.raises(Exception):
        while True:
            piece = response.read1()
            if not piece:
                break
            body += piece
    assert response.status == 200
    assert f"__exception__\r\n{tag}\r\nCode: 395.".encode() in body
    assert body.endswith(f"{tag}\r\n__exception__\r\n".encode())


class TestSessions:
    def test_a_writers_session_keeps_its_temporary_table_and_settings(self, store):
        store.write("CREATE TEMPORARY TABLE mine (a UInt8)", session_id="s1")
        store.write("INSERT INTO mine VALUES (7)", session_id="s1")
        store.write("SET max_block_size = 1000", session_id="s1")
        assert store.write("SELECT a FROM mine", session_id="s1").text == "7\n"
        assert store.write("SELECT getSetting('max_block_size')", session_id="s1").text == "1000\n"
        assert store.try_write("SELECT a FROM mine").code == 60
        assert store.try_write("SELECT a FROM mine", session_id="s2").code == 60

    def test_a_requests_settings_do_not_stay_in_its_session(self, store):
        sql = "SELECT getSetting('max_block_size')"
        assert store.write(sql, session_id="s3", max_block_size=77).text == "77\n"
        assert store.write(sql, session_id="s3").text != "77\n"

    def test_a_reader_may_use_a_session_again_and_again(self, store):
        for number in range(3):
            assert store.read(f"SELECT {number}", session_id="r1", max_block_size=99,
                              max_threads=1).text == f"{number}\n"

    @pytest.mark.parametrize("identity", ["reader", "writer"])
    def test_parallel_use_of_one_session_is_refused(self, store, identity):
        ask = store.read if identity == "reader" else store.try_write
        slow = threading.Thread(target=ask, args=("SELECT sleep(2)",),
                                kwargs={"session_id": "busy", "query_id": f"busy-{identity}"})
        slow.start()
        running = ("SELECT count() FROM system.processes WHERE Settings['log_comment'] = "
                   f"'busy-{identity}'")
        assert store.wait_rows(running, [("1",)]) == [("1",)]
        answer = ask("SELECT 1", session_id="busy")
        slow.join()
        assert (answer.status, answer.code) == (423, 373)
        assert ask("SELECT 1", session_id="busy").text == "1\n"

    def test_a_session_ends_after_its_timeout(self, store):
        store.write("CREATE TEMPORARY TABLE gone (a UInt8)", session_id="s4", session_timeout=1)
        time.sleep(2.5)
        assert store.try_write("SELECT 1", session_id="s4", session_check=1).code == 372


def test_a_query_id_in_use_is_refused(store):
    slow = threading.Thread(target=store.read, args=("SELECT sleep(2)",), kwargs={"query_id": "twin"})
    slow.start()
    running = "SELECT count() FROM system.processes WHERE Settings['log_comment'] = 'twin'"
    assert store.wait_rows(running, [("1",)]) == [("1",)]
    assert store.read("SELECT 1", query_id="twin").code == 216
    slow.join()
    assert store.read("SELECT 1", query_id="twin").code == 0


def test_the_query_id_is_the_engines_log_comment(store):
    sql = "SELECT Settings['log_comment'] FROM system.processes"
    assert store.read(sql, query_id="my 'id'").text == "my \\'id\\'\n"


@pytest.mark.parametrize("sql", [
    "SELECT count() FROM numbers(1000000000000)",  # nothing comes before the end
    "SELECT number FROM numbers(1000000000000) FORMAT RowBinary"])  # it streams
def test_a_readers_statement_ends_when_its_client_leaves(store, sql):
    connection = store.connect()
    connection.request("POST", "/?query_id=leaver", sql)
    running = "SELECT count() FROM system.processes WHERE Settings['log_comment'] = 'leaver'"
    assert store.wait_rows(running, [("1",)]) == [("1",)]
    connection.sock.close()
    assert store.wait_rows(running, [("0",)], timeout_s=10) == [("0",)]


class TestInserts:
    @pytest.fixture
    def table(self, store):
        store.write("CREATE OR REPLACE TABLE i (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
        return "i"

    @pytest.mark.parametrize("sql", [
        "INSERT INTO i VALUES (1, 'x'), (2, 'y')",
        "INSERT INTO i (a, s) VALUES (1, 'x'), (2, 'y')",
        "INSERT INTO i FORMAT TSV\n1\tx\n2\ty\n",
        "insert into i format JSONEachRow {\"a\":1,\"s\":\"x\"}\n\n{\"a\":2,\"s\":\"y\"}",
        "/* why */ INSERT INTO shijim.i SETTINGS max_threads = 1 FORMAT CSV\r\n1,x\r\n2,y\r\n",
        "INSERT INTO i SELECT number + 1, if(number = 0, 'x', 'y') FROM numbers(2)"])
    def test_any_form_of_insert_writes_its_rows(self, store, table, sql):
        answer = store.write(sql)
        assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
        assert store.rows("SELECT * FROM i ORDER BY a") == [("1", "x"), ("2", "y")]

    def test_the_statement_may_stand_in_the_url_and_the_data_in_the_body(self, store, table):
        store.write("1\tx\n2\ty\n", query="INSERT INTO i FORMAT TSV")
        assert store.rows("SELECT count() FROM i") == [("2",)]

    def test_native_goes_through_unchanged(self, store, table):
        native = store.read("SELECT number AS a, toString(number) AS s FROM numbers(150000) "
                            "FORMAT Native").body
        store.write(native, query="INSERT INTO i FORMAT Native")
        assert store.rows("SELECT count(), sum(a), sum(toUInt64(s)) FROM i") == [
            ("150000", "11249925000", "11249925000")]

    def test_an_error_anywhere_keeps_nothing(self, store, table):
        """More rows than the engine would put into a block by itself."""
        rows = b"".join(b"%d\tx\n" % i for i in range(1500000))
        answer = store.try_write(rows + b"garbage\tx\n", query="INSERT INTO i FORMAT TSV")
        assert answer.code != 0 and answer.status in (400, 500)
        assert store.rows("SELECT count() FROM i") == [("0",)]
        store.write(rows, query="INSERT INTO i FORMAT TSV")
        assert store.rows("SELECT count() FROM i") == [("1500000",)]
        assert store.rows("SELECT count() FROM system.parts WHERE table = 'i' AND active "
                          "AND level = 0") == [("1",)]

    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_body_cut_off_at_a_block_border_keeps_nothing(self, store, table, chunked):
        block = store.read("SELECT number AS a, '' AS s FROM numbers(1000) FORMAT Native").body
        head = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {2 * len(block)}"
        connection = store.connect()
        connection.connect()
        pair = base64.b64encode(f"shijim:{store.token}".encode()).decode()
        connection.sock.sendall(
            f"POST /?query=INSERT+INTO+i+FORMAT+Native HTTP/1.1\r\nHost: x\r\n{head}\r\n"
            f"Authorization: Basic {pair}\r\n\r\n".encode())
        piece = b"%x\r\n%s\r\n" % (len(block), block) if chunked else block
        connection.sock.sendall(piece)
        time.sleep(0.3)
        connection.sock.close()
        time.sleep(0.5)
        assert store.rows("SELECT count() FROM i") == [("0",)]
        store.write(block, query="INSERT INTO i FORMAT Native")
        assert store.rows("SELECT count() FROM i") == [("1000",)]

    def test_the_same_token_twice_inserts_once(self, store):
        store.write("CREATE OR REPLACE TABLE once (a UInt64) ENGINE = MergeTree ORDER BY a "
                    "SETTINGS non_replicated_deduplication_window = 100")
        for token in ("b1", "b1", "b2"):
            store.write("INSERT INTO once VALUES (1), (2)", insert_deduplication_token=token)
        assert store.rows("SELECT count() FROM once") == [("4",)]

    def test_async_settings_of_a_writer_do_no_harm(self, store, table):
        store.write("INSERT INTO i VALUES (1, 'x')", async_insert=1, wait_for_async_insert=1,
                    async_insert_max_data_size=1000000)
        assert store.rows("SELECT count() FROM i") == [("1",)]

    def test_inserts_and_reads_run_beside_each_other(self, store, table):
        failures = []

        def insert(base):
            for k in range(10):
                answer = store.try_write(f"INSERT INTO i SELECT {base} + {k} * 1000 + number, '' "
                                         "FROM numbers(1000)")
                failures.extend([answer] if answer.status != 200 else [])

        def read():
            for _ in range(20):
                answer = store.read("SELECT count(), sum(a) FROM i")
                failures.extend([answer] if answer.status != 200 else [])

        threads = [threading.Thread(target=insert, args=(n * 1000000,)) for n in range(3)]
        threads += [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert store.rows("SELECT count(), uniqExact(a) FROM i") == [("30000", "30000")]


def test_a_get_request_never_writes_even_for_the_writer(store):
    answer = store.request(method="GET", user="shijim", password=store.token,
                           query="INSERT INTO t VALUES (1, '')")
    assert (answer.status, answer.code) == (403, 164)
