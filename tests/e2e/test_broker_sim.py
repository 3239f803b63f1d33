"""The simulator's bounds: what is too large, too slow or too many ends in an answer or a close, its limits
hold, and a fault is on the account. Waits are for answers and accounts; time limits only end a failure."""

import http.client
import json
import socket
import subprocess
import time
import urllib.error

import pytest

from broker_server import BrokerServer

PATIENCE_S = 30
MARKET = ["--always-open", "--rate", "2000", "--instruments", "50", "--date", "2026-11-23"]


@pytest.fixture
def broker(broker_sim, tmp_path):
    with BrokerServer(broker_sim, tmp_path, *MARKET) as server:
        yield server


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)


def answer_of(connection):
    """All that comes until the server closes."""
    text = b""
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            return text
        if not part:
            return text
        text += part


def until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.02)


def total(server):
    return server.call("GET", "/admin/account?topics=0")["total"]


def subscribe(server, code="2330", quote_type="Tick"):
    return server.call("POST", "/stream/subscribe",
                       {"security_type": "STK", "exchange": "TSE", "code": code, "quote_type": quote_type})


def open_stream(server):
    stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    stream.request("GET", "/api/v1/stream/data", headers={"Accept-Encoding": "identity"})
    return stream.getresponse()


def adds_up(sums):
    left = sums["offered"] - sum(sums[key] for key in ("written", "damaged", "drop_fault", "drop_slow", "drop_closed"))
    return left >= 0 and sums["generated"] > 0


@pytest.mark.parametrize("request_text, status", [
    (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n\r\n", b"413"),
    (b"GET /api/v1/health HTTP/1.1\r\n" + b"x-long: " + b"a" * 20000 + b"\r\n\r\n", b"413"),
    (b"POST /api/v1/stream/subscribe HTTP/1.1\r\ncontent-length: 70000\r\n\r\n", b"413"),
    (b"POST /api/v1/stream/subscribe HTTP/1.1\r\ncontent-length: 3\r\n\r\nnot", b"400"),
    (b"\x00\x01 nothing of HTTP\r\n\r\n", b"400"),
])
def test_what_is_too_large_or_malformed_gets_its_answer(broker, request_text, status):
    with connect(broker) as connection:
        connection.sendall(request_text)
        assert connection.recv(64).startswith(b"HTTP/1.1 " + status)
    assert broker.call("GET", "/health")


def test_connections_beyond_the_most_are_closed_and_room_comes_back(broker):
    held = []
    try:
        while len(held) < 1100:
            held.append(connect(broker))
        assert answer_of(held[-1]) == b""
    finally:
        for connection in held:
            connection.close()

    def answers():
        try:
            return bool(broker.call("GET", "/health"))
        except OSError:
            return False
    until(answers, "an answer after the connections closed")


def test_a_stream_asked_for_with_connection_close_stays_open(broker):
    subscribe(broker)
    with connect(broker) as connection:
        connection.sendall(b"GET /api/v1/stream/data HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        seen = b""
        while seen.count(b"event: tick_stk") < 3:
            part = connection.recv(65536)
            assert part, "the stream closed"
            seen += part


@pytest.mark.parametrize("kind, key", [("drop", "drop_fault"), ("garbage", "damaged"), ("half", "damaged"),
                                       ("duplicate", "duplicated"), ("dead", "drop_fault")])
def test_a_fault_of_events_is_on_the_account(broker, kind, key):
    subscribe(broker)
    stream = open_stream(broker)
    until(lambda: total(broker)["written"] > 0, "a first event")
    broker.call("POST", "/admin/fault", {"kind": kind, "count": 1})
    until(lambda: total(broker)[key] > 0, f"an event under {kind}")
    assert adds_up(total(broker))
    stream.close()


def test_silence_takes_the_subscriptions_and_a_login_gives_new_ones(broker):
    subscribe(broker)
    broker.call("POST", "/admin/fault", {"kind": "silent", "count": 1})
    servers = lambda: broker.call("GET", "/admin/account?topics=0")["servers"][0]["subscriptions"]
    until(lambda: servers() == 0, "the loss of subscriptions")
    broker.call("POST", "/admin/login", {"server": 0})
    subscribe(broker)
    assert servers() == 1


def test_503_refuses_all_but_health(broker):
    broker.call("POST", "/admin/fault", {"kind": "503"})
    assert broker.call("GET", "/health")
    with pytest.raises(urllib.error.HTTPError) as refused:
        subscribe(broker)
    assert refused.value.code == 503


def test_a_restarting_server_answers_nobody_and_comes_back(broker_sim, tmp_path):
    with BrokerServer(broker_sim, tmp_path, "--servers", "2", *MARKET) as broker:
        first, second = broker.ports
        stream = open_stream(broker)
        before = broker.call("GET", "/health", port=first)["instance_id"]
        broker.call("POST", "/admin/fault", {"kind": "restart", "server": 0, "ms": 3000}, port=second)
        with pytest.raises(http.client.IncompleteRead):
            stream.read()

        def health():
            try:
                return broker.call("GET", "/health", port=first)
            except (OSError, http.client.HTTPException):
                return None
        assert health() is None
        until(health, "the server after its restart")
        assert health()["instance_id"] != before


def test_the_201st_subscription_is_refused(broker_sim, tmp_path):
    with BrokerServer(broker_sim, tmp_path, "--instruments", "300", "--rate", "0") as broker:
        stocks = broker.call("GET", "/data/contracts?security_type=STK")["contracts"]
        for one in stocks[:200]:
            subscribe(broker, one["code"])
        subscribe(broker, stocks[0]["code"])  # again: no new one
        with pytest.raises(urllib.error.HTTPError) as refused:
            subscribe(broker, stocks[200]["code"])
        assert refused.value.code == 400
        assert "200" in json.load(refused.value)["message"]


def test_the_51st_data_query_in_five_seconds_suspends_the_service(broker):
    body = {"contracts": [{"security_type": "STK", "exchange": "TSE", "code": "2330"}]}
    with pytest.raises(urllib.error.HTTPError) as refused:
        for _ in range(2000):  # far more than 50, however slowly they go
            broker.call("POST", "/data/snapshots", body)
    assert refused.value.code == 503


@pytest.mark.parametrize("arguments, code, words", [
    (["--holdings", "NONE=5"], 2, "--holdings"), (["--faults", "nonsense"], 2, "nonsense"),
    (["--servers", "17"], 2, "--servers"), (["--speed", "fast"], 2, "--speed"),
    (["--universe", "/nowhere.csv"], 1, "/nowhere.csv")])
def test_a_mistake_is_one_line_and_exit_2_and_a_failure_1(broker_sim, arguments, code, words):
    done = subprocess.run([*map(str, broker_sim), "--port", "0", *arguments], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode == code
    assert words in done.stderr and done.stderr.count("\n") == 1


def test_a_port_in_use_is_a_failure_of_one_line(broker_sim, broker):
    done = subprocess.run([*map(str, broker_sim), "--port", str(broker.port)], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode == 1
    assert str(broker.port) in done.stderr and done.stderr.count("\n") == 1


def test_a_unix_socket_answers_as_the_port_does(broker_sim, tmp_path):
    with BrokerServer(broker_sim, tmp_path, "--socket-dir", tmp_path, *MARKET) as broker:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(str(tmp_path / f"server-{broker.port}.sock"))
            connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nconnection: close\r\n\r\n")
            assert answer_of(connection).startswith(b"HTTP/1.1 200")
