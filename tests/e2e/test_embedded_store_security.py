"""What a reader of the embedded store cannot do, and who may write."""

import os
import stat
import subprocess
import threading

import pytest

# Each would read or write a file, reach another machine, change data or stop the writer. %s is a
# path that holds a secret, or where nothing may appear.
FORBIDDEN = [
    # write a file
    "SELECT 1 INTO OUTFILE '{new}'",
    "(SELECT 1) INTO OUTFILE '{new}'",
    "SHOW TABLES INTO OUTFILE '{new}'",
    "SELECT 1 INTO OUTFILE '{new}' FORMAT CSV",
    "INSERT INTO FUNCTION file('{new}', 'CSV', 'a UInt8') SELECT 1",
    "INSERT INTO FUNCTION file('{new}', 'CSV', 'a UInt8') VALUES (1)",
    "SELECT 1 AS a FORMAT Protobuf SETTINGS output_format_schema = '{new}'",
    "BACKUP TABLE t TO File('{new}')",
    # read a file
    "SELECT file('{secret}')",
    "SELECT file/**/('{secret}')",
    "SELECT `file`('{secret}')",
    "SELECT \"file\"('{secret}')",
    "SELECT `\\x66ile`('{secret}')",
    "SELECT * APPLY(file) FROM (SELECT '{secret}')",
    "SELECT * APPLY file FROM (SELECT '{secret}')",
    "SELECT arrayMap(file, ['{secret}'])",
    "SELECT file\u00a0('{secret}')",
    "SELECT\u00a0file('{secret}')",
    "SELECT $ ' $ ' $ ' $, file('{secret}')",
    "SELECT 1.file('{secret}')",
    "SELECT ‘'’, file('{secret}') --'",
    "SELECT 1 # '\n, file('{secret}') # '",
    "WITH x AS (SELECT file('{secret}') AS f) SELECT f FROM x",
    "EXPLAIN SELECT file('{secret}')",
    "SELECT * FROM file('{secret}', 'LineAsString')",
    "DESCRIBE TABLE file('{secret}', 'CSV')",
    "SELECT * FROM url('file://{secret}', 'LineAsString')",
    "SELECT * FROM fileCluster('default', '{secret}', 'LineAsString')",
    "SELECT * FROM filesystem('{secret}')",
    "SELECT * FROM sqlite('{secret}', 't')",
    "SELECT * FROM icebergLocal('{secret}')",
    "SELECT * FROM executable('cat {secret}', 'TSV', 'a String')",
    "SELECT 1 AS x FORMAT Template SETTINGS format_template_row = '{secret}'",
    "SELECT 1 AS x FORMAT Protobuf SETTINGS format_schema = '{secret}:M'",
    "INSERT INTO t FROM INFILE '{secret}' FORMAT LineAsString",
    # reach another machine
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/a', 'CSV')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    # change data
    "INSERT INTO t VALUES (1)",
    "INSERT INTO t SELECT 1",
    "CREATE TABLE u (a UInt8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE u (a UInt8)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE DATABASE d",
    "ALTER TABLE t DELETE WHERE 1",
    "DELETE FROM t WHERE 1",
    "TRUNCATE TABLE t",
    "DROP TABLE t",
    "RENAME TABLE t TO u",
    "OPTIMIZE TABLE t FINAL",
    "DETACH TABLE t",
    # stop the writer, or become somebody else
    "SYSTEM SHUTDOWN",
    "SYSTEM KILL",
    "SYSTEM STOP MERGES",
    "SYSTEM FLUSH LOGS",
    "KILL QUERY WHERE 1 ASYNC",
    "CREATE USER u",
    "ALTER USER default IDENTIFIED BY 'x'",
    "CREATE FUNCTION f AS (x) -> x",
    "GRANT ALL ON *.* TO default",
    "SET ROLE writer",
    "SET readonly = 0",
    "SET max_memory_usage = 0",
    "USE system",
    "SELECT 1; SELECT 1 INTO OUTFILE '{new}'",
    "SELECT 1; DROP TABLE t",
    "SELECT 1 INTO OUTFILE '{new}'; nonsense (",
    # have more than a reader's share
    "SELECT 1 SETTINGS max_memory_usage = 0",
    "SELECT 1 SETTINGS max_memory_usage = 100000000000",
    "SELECT 1 SETTINGS max_threads = 64",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_untracked_memory = 100000000000",
    "SELECT * FROM (SELECT 1 SETTINGS max_threads = 64)",
    # ask for secrets of the engine
    "SELECT * FROM system.users",
    "SHOW CREATE USER default",
]

URL_SETTINGS = [
    ("SELECT 1 AS x FORMAT Template", "format_template_row", "{secret}"),
    ("SELECT 1 AS x FORMAT Protobuf", "format_schema", "{secret}:M"),
    ("SELECT 1 AS x FORMAT Protobuf", "output_format_schema", "{new}"),
    ("SELECT 1", "dialect", "kusto"),
    ("SELECT 1", "implicit_select", "1"),
    ("SELECT 1", "url_base", "http://127.0.0.1:1/"),
    ("SELECT 1", "max_untracked_memory", "100000000000"),
    ("SELECT 1", "`readonly` = 0, `max_threads", "1"),
    ("SELECT 1", "max_block_size", "1', readonly = '0"),
]

# Only what the writer may not do either.
FORBIDDEN_TO_THE_WRITER = [sql for sql in FORBIDDEN if any(word in sql for word in (
    "{new}", "{secret}", "SYSTEM", "KILL", "USER", "FUNCTION f", "GRANT", "127.0.0.1:1"))] + [
    "CREATE TABLE x (a String) ENGINE = File(LineAsString, '{secret}')",
    "CREATE TABLE x (a String) ENGINE = URL('http://127.0.0.1:1/', CSV)",
    "CREATE TABLE x (a String) ENGINE = MySQL('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "CREATE TABLE x (a String) ENGINE = SQLite('{secret}', 't')",
    "CREATE TABLE x (a String) ENGINE = Executable('cat {secret}', TSV)",
    "CREATE TABLE x ENGINE = MergeTree ORDER BY a AS SELECT file('{secret}') AS a",
    "INSERT INTO t SELECT * FROM file('{secret}', 'LineAsString')",
    "CREATE VIEW x AS SELECT file('{secret}')",
    "CREATE DICTIONARY d (a UInt64, b String) PRIMARY KEY a SOURCE(FILE(path '{secret}' format 'CSV')) "
    "LAYOUT(FLAT()) LIFETIME(0)",
    "ALTER TABLE t ADD COLUMN f String DEFAULT file('{secret}')",
]


class Guarded:
    """A store with one row, beside a secret and a place where nothing may be written."""

    def __init__(self, store, folder):
        self.store = store
        self.secret = folder / "secret.txt"
        self.secret.write_text("hush-hush\n")
        self.folder = folder / "outside"
        self.folder.mkdir()
        store.write("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        store.write("INSERT INTO t VALUES (42)")

    def fill(self, text):
        return text.replace("{secret}", str(self.secret)).replace("{new}", str(self.folder / "new"))

    def check(self, answer):
        assert answer.status >= 400 and answer.code != 0, answer
        assert "hush-hush" not in answer.text
        assert list(self.folder.iterdir()) == []
        assert self.store.rows("SELECT a FROM t") == [("42",)]


@pytest.fixture(scope="module", params=["confined", "open"])
def guarded(request, store_program, tmp_path_factory):
    """The gates must hold with and without the kernel's help."""
    from store_server import StoreServer
    folder = tmp_path_factory.mktemp(request.param)
    arguments = [] if request.param == "confined" else ["--no-sandbox"]
    with StoreServer(store_program, folder / "store", arguments) as store:
        yield Guarded(store, folder)


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_a_reader_cannot(guarded, sql):
    guarded.check(guarded.store.read(guarded.fill(sql)))


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_a_reader_cannot_in_a_session_either(guarded, sql):
    guarded.check(guarded.store.read(guarded.fill(sql), session_id="s"))


@pytest.mark.parametrize("sql,name,value", URL_SETTINGS)
def test_a_reader_cannot_by_a_setting_in_the_url(guarded, sql, name, value):
    guarded.check(guarded.store.read(sql, **{name: guarded.fill(value)}))


@pytest.mark.parametrize("sql", FORBIDDEN_TO_THE_WRITER)
def test_not_even_the_writer_can(guarded, sql):
    guarded.check(guarded.store.try_write(guarded.fill(sql)))


@pytest.mark.parametrize("name,value", [("readonly", "0"), ("max_memory_usage", "0"),
                                        ("max_threads", "64"), ("max_execution_time", "0"),
                                        ("max_execution_time", "9999")])
def test_limits_in_the_url_are_lowered_to_the_readers(guarded, name, value):
    """Drivers send these unasked: they are brought into bounds and not refused."""
    answer = guarded.store.read(f"SELECT getSetting('{name}')", **{name: value})
    assert answer.text.strip() == {"readonly": "2", "max_memory_usage": str(128 << 20),
                                   "max_threads": "1", "max_execution_time": "60"}[name]


def test_a_reader_may_lower_its_limits(guarded):
    answer = guarded.store.read("SELECT getSetting('max_execution_time') SETTINGS max_execution_time = 10")
    assert answer.text == "10\n"
    assert guarded.store.read("SELECT getSetting('max_memory_usage')",
                              max_memory_usage=1000000).text == "1000000\n"


@pytest.mark.parametrize("sql", ["SELECT 'file' AS f", "SELECT 1 AS profile", "SELECT 'a.file(x)'",
                                 "SELECT name FROM system.functions WHERE name = 'file'"])
def test_the_word_file_in_a_string_does_no_harm(guarded, sql):
    assert guarded.store.read(sql).status == 200


def test_a_greedy_reader_gets_241_and_the_writer_does_not(guarded):
    store = guarded.store
    store.write("CREATE OR REPLACE TABLE busy (a UInt64) ENGINE = MergeTree ORDER BY a")
    answers = []

    def hog():
        answers.append(store.read("SELECT number, count() FROM numbers(1000000000) GROUP BY number",
                                  max_bytes_ratio_before_external_group_by=0,
                                  max_bytes_before_external_group_by=0))

    hogs = [threading.Thread(target=hog) for _ in range(4)]
    for thread in hogs:
        thread.start()
    for number in range(20):
        store.write(f"INSERT INTO busy SELECT {number} FROM numbers(50000)")
    for thread in hogs:
        thread.join()
    assert {(answer.status, answer.code) for answer in answers} == {(500, 241)}
    assert all(answer.headers["Retry-After"] for answer in answers)
    assert store.rows("SELECT count() FROM busy") == [("1000000",)]


def test_a_result_in_one_piece_is_bounded(make_store):
    store = make_store()
    answer = store.read("SELECT number, repeat('x', 1000) FROM numbers(1000000) FORMAT JSON")
    assert answer.code in (241, 396)
    assert store.read("SELECT 1").text == "1\n"


class TestWhoAsks:
    def test_wrong_passwords_and_users_are_refused(self, store):
        for user, password in (("shijim", ""), ("shijim", "x"), ("default", "x"), ("root", "")):
            answer = store.request("SELECT 1", user=user, password=password)
            assert (answer.status, answer.code) == (403, 516), user

    def test_credentials_may_come_in_any_of_three_ways(self, store):
        sql = "CREATE TABLE IF NOT EXISTS w (a UInt8) ENGINE = Memory"
        token = store.token
        for more in ({"user": "shijim", "password": token},
                     {"headers": {"X-ClickHouse-User": "shijim", "X-ClickHouse-Key": token}}):
            assert store.request(sql, **more).status == 200
        query = f"/?user=shijim&password={token}"
        assert store.request(sql, path=query).status == 200

    def test_the_token_is_for_its_owner_alone(self, store):
        mode = (store.data / "writer.token").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert len(store.token) == 64

    def test_a_password_set_is_asked_for(self, make_store):
        store = make_store(environment={"SHIJIM_STORE_PASSWORD": "open sesame"})
        assert (store.read("SELECT 1").status, store.read("SELECT 1").code) == (401, 194)
        assert store.request("SELECT 1", user="default", password="x").code == 516
        assert store.request("SELECT 1", user="default", password="open sesame").text == "1\n"
        assert store.write("SELECT 1").text == "1\n"
        environ = open(f"/proc/{store.process.pid}/environ", "rb").read()
        assert b"open sesame" not in environ


def run(program, *arguments, **environment):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, **environment))
    return done.returncode, done.stderr


class TestMistakes:
    """The user's mistakes: one line that says what, and exit code 2."""

    def check(self, result, *words):
        code, error = result
        assert code == 2, error
        assert error.startswith("shijim store: ") and error.count("\n") == 1
        for word in words:
            assert word in error

    def test_another_address_needs_a_password(self, store_program, tmp_path):
        self.check(run(store_program, "--data", tmp_path / "s", "--listen", "0.0.0.0", "--port", "0"),
                   "0.0.0.0", "password", "SHIJIM_STORE_PASSWORD")

    def test_an_address_must_be_numeric(self, store_program, tmp_path):
        self.check(run(store_program, "--data", tmp_path / "s", "--listen", "localhost"), "127.0.0.1")

    def test_a_password_file_that_others_can_read(self, store_program, tmp_path):
        (tmp_path / "pw").write_text("x\n")
        (tmp_path / "pw").chmod(0o644)
        self.check(run(store_program, "--data", tmp_path / "s", "--password-file", tmp_path / "pw"),
                   "chmod 600")

    def test_a_token_that_others_can_read(self, store_program, tmp_path):
        (tmp_path / "writer.token").write_text("x\n")
        (tmp_path / "writer.token").chmod(0o644)
        self.check(run(store_program, "--data", tmp_path, "--port", "0"), "chmod 600")

    def test_data_in_use(self, store, store_program):
        self.check(run(store_program, "--data", store.data, "--port", "0"), "in use")

    def test_a_library_that_is_not_there(self, store_program, tmp_path):
        self.check(run(store_program, "--data", tmp_path / "s", SHIJIM_CHDB_LIB="/nowhere/lib.so"),
                   "/nowhere/lib.so")

    def test_a_library_that_is_none(self, store_program, tmp_path):
        (tmp_path / "lib.so").write_text("no library")
        code, error = run(store_program, "--data", tmp_path / "s", SHIJIM_CHDB_LIB=str(tmp_path / "lib.so"))
        assert code != 0 and "cannot load the engine" in error

    @pytest.mark.parametrize("arguments", [
        ["--port", "70000"], ["--port", "x"], ["--memory", "0"], ["--memory", "1X"], ["--nonsense"],
        ["extra"], ["--database", "a-b"], ["--database", "default"], ["--readers", "1000"]])
    def test_a_wrong_argument(self, store_program, tmp_path, arguments):
        code, error = run(store_program, "--data", tmp_path / "s", *arguments)
        assert code == 2 and "shijim store: " in error

    def test_no_data_directory_named(self, store_program):
        self.check(run(store_program), "--data")


class TestBounds:
    def test_a_body_that_is_too_long(self, make_store):
        store = make_store()
        store.write("CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s")
        import gzip
        bomb = gzip.compress(b"\0" * (600 << 20), 1)
        answer = store.try_write(bomb, query="INSERT INTO t FORMAT LineAsString",
                                 headers={"Content-Encoding": "gzip"})
        assert answer.code in (396, 241)
        assert store.rows("SELECT count() FROM t") == [("0",)]

    def test_a_statement_that_is_too_long(self, store):
        answer = store.read("SELECT 1 -- " + "x" * (3 << 20))
        assert (answer.status, answer.code) == (400, 62)

    def test_a_head_that_is_too_long(self, store):
        answer = store.request(method="GET", path="/?query=" + "x" * (2 << 20))
        assert answer.status in (400, 413, 414, 431)
        assert store.read("SELECT 1").text == "1\n"

    def test_more_arguments_than_fit(self, store):
        assert store.read("SELECT 1", **{f"param_p{n}": "1" for n in range(200)}).status == 404

    def test_more_connections_than_allowed_wait_outside(self, make_store):
        """Whoever has sent a request already must not be hung up on."""
        store = make_store(arguments=["--connections", "2"])
        answers = []

        def ask():
            for _ in range(5):
                answers.append(store.read("SELECT 1").text)

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == ["1\n"] * 60

    def test_idle_connections_keep_nobody_out(self, make_store):
        store = make_store(arguments=["--connections", "2"])
        idle = [store.connect() for _ in range(4)]
        for connection in idle:
            connection.connect()
        idle[0].sock.sendall(b"POST / HTTP/1.1\r\n")
        assert store.read("SELECT 1").text == "1\n"
        for connection in idle:
            connection.close()

    def test_a_running_statement_keeps_its_place(self, make_store):
        store = make_store(arguments=["--connections", "1"])
        answers = []
        slow = threading.Thread(target=lambda: answers.append(store.read("SELECT sleep(1.2)").text))
        slow.start()
        quick = threading.Thread(target=lambda: answers.append(store.read("SELECT sleep(1.2)").text))
        quick.start()
        slow.join()
        quick.join()
        assert answers == ["0\n", "0\n"]

    def test_more_readers_than_allowed_wait_their_turn(self, make_store):
        store = make_store(arguments=["--readers", "2"])
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(store.read("SELECT sleep(0.3)").status))
                   for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [200] * 6
