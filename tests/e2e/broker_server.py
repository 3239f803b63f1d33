"""A broker simulator in a process of its own, for end-to-end tests."""

import json
import pathlib
import subprocess
import time
import urllib.request


class BrokerServer:
    """Starts `program` (broker-sim's arguments follow), waits until it listens, stops it in order."""

    def __init__(self, program, directory, *arguments):
        self.directory = pathlib.Path(directory)
        self.port_file = self.directory / "ports"
        self.command = [str(word) for word in program] + [
            "--port", "0", "--port-file", str(self.port_file), *map(str, arguments)]
        self.process = None
        self.account = None

    def __enter__(self):
        with open(self.directory / "broker.err", "wb") as errors:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=errors)
        deadline = time.monotonic() + 30
        while not self.port_file.exists():
            assert self.process.poll() is None, (self.directory / "broker.err").read_text()
            assert time.monotonic() < deadline, "the simulator does not listen"
            time.sleep(0.02)
        self.ports = [int(line) for line in self.port_file.read_text().split()]
        self.port = self.ports[0]
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Stops in order; the account printed at the end is kept."""
        if self.process.poll() is None:
            self.process.terminate()
        out, _ = self.process.communicate(timeout=30)
        if out:
            self.account = json.loads(out)

    def call(self, method, path, body=None, port=None):
        """The decoded answer of one REST call under /api/v1 (or /admin/)."""
        prefix = "" if path.startswith("/admin/") else "/api/v1"
        request = urllib.request.Request(
            f"http://127.0.0.1:{port or self.port}{prefix}{path}", method=method,
            data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
