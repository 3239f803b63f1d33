"""Runs Debian's clickhouse-server (18.16) in a directory of its own on free ports."""

import http.client
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

CONFIG = """<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><log>{dir}/log</log><errorlog>{dir}/errors</errorlog></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{http}</http_port>
  <tcp_port>{tcp}</tcp_port>
  <path>{dir}/data/</path>
  <tmp_path>{dir}/tmp/</tmp_path>
  <format_schema_path>{dir}/schemas/</format_schema_path>
  <users_config>users.xml</users_config>
  <mark_cache_size>67108864</mark_cache_size>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <timezone>UTC</timezone>
</yandex>
"""

USERS = """<?xml version="1.0"?>
<yandex>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password>{password}</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </default>
  </users>
</yandex>
"""


def find_old_server():
    return shutil.which("clickhouse-server", path="/usr/sbin:/usr/bin:/usr/local/bin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OldServer:
    def __init__(self, directory, password=""):
        self.directory = pathlib.Path(directory)
        self.password = password
        self.process = None
        self.port = free_port()
        for name in ("data", "tmp", "schemas"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.directory / "config.xml").write_text(
            CONFIG.format(dir=self.directory, http=self.port, tcp=free_port()))
        (self.directory / "users.xml").write_text(USERS.format(password=password))

    def start(self):
        self.process = subprocess.Popen(
            [find_old_server(), f"--config-file={self.directory}/config.xml"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.directory)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.query("SELECT 1")
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError((self.directory / "errors").read_text()[-2000:])

    def kill(self):
        """SIGKILL, as a crash would."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def query(self, sql):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            arguments = urllib.parse.urlencode({"password": self.password} if self.password else {})
            connection.request("POST", "/?" + arguments, body=sql.encode())
            response = connection.getresponse()
            text = response.read().decode()
            assert response.status == 200, text
            return text
        finally:
            connection.close()

    @property
    def arguments(self):
        """How the writer reaches it."""
        return [f"url=http://127.0.0.1:{self.port}"]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
