"""Runs the embedded store in a directory of its own and talks HTTP to it without any client library."""

import base64
import http.client
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

ROOT = pathlib.Path(__file__).parents[2]
START_TIMEOUT_S = 60


def find_engine():
    """Where libchdb.so is, or None."""
    named = os.environ.get("SHIJIM_CHDB_LIB")
    places = [pathlib.Path(named)] if named else [ROOT / ".deps/chdb/libchdb.so",
                                                  pathlib.Path("/usr/lib/shijim/libchdb.so")]
    return next((place for place in places if place.exists()), None)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def code(self):
        """ClickHouse's error code, 0 when there is none."""
        return int(self.headers.get("X-ClickHouse-Exception-Code", 0))

    def __repr__(self):
        return f"<{self.status} {self.text[:300]!r}>"


class StoreServer:
    writer = "shijim"

    def __init__(self, program, data, arguments=(), environment=None):
        self.program = program
        self.data = pathlib.Path(data)
        self.arguments = list(arguments)
        self.environment = environment or {}
        self.process = None
        self.port = 0

    def start(self):
        environment = dict(os.environ, SHIJIM_CHDB_LIB=str(find_engine()), **self.environment)
        self.process = subprocess.Popen(
            [self.program, "--data", self.data, "--port", "0", *self.arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise RuntimeError(f"the store did not start: {line!r} {self.process.stderr.read()!r}")
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def stop(self, timeout_s=START_TIMEOUT_S):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._wait(timeout_s)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self._wait(START_TIMEOUT_S)

    def _wait(self, timeout_s):
        code = self.process.wait(timeout_s)
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    @property
    def token(self):
        return (self.data / "writer.token").read_text().strip()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def request(self, sql=b"", method="POST", path="/", user=None, password="", headers=None,
                **arguments):
        """One request on a connection of its own. `arguments` go into the URL."""
        headers = dict(headers or {})
        if user:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        if arguments:
            path += "?" + urllib.parse.urlencode(arguments)
        connection = self.connect()
        try:
            body = sql.encode() if isinstance(sql, str) else sql
            connection.request(method, path, body=body if method == "POST" else None, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def read(self, sql, **more):
        """As the reader, who has no name and no password."""
        return self.request(sql, **more)

    def write(self, sql, **more):
        """As the writer; the answer must be good."""
        answer = self.try_write(sql, **more)
        assert answer.status == 200, answer
        return answer

    def try_write(self, sql, **more):
        return self.request(sql, user=self.writer, password=self.token, **more)

    def rows(self, sql):
        answer = self.read(sql)
        assert answer.status == 200, answer
        return [tuple(line.split("\t")) for line in answer.text.splitlines()]

    def wait_rows(self, sql, wanted, timeout_s=20):
        """Waits until the statement gives the wanted rows; returns the last seen."""
        deadline = time.monotonic() + timeout_s
        while True:
            rows = self.rows(sql)
            if rows == wanted or time.monotonic() > deadline:
                return rows
            time.sleep(0.05)
