"""The program as users run it: the demo, kills of the recorder, manners of the command line."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.request

import pytest

from store_server import find_engine

NEEDS_ENGINE = pytest.mark.skipif(not find_engine(), reason="libchdb.so is not installed: run ./dev deps")


def run(program, *arguments, timeout=120, **options):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False,
                          **options)


@NEEDS_ENGINE
def test_the_demo_accounts_for_every_event(shijim, tmp_path):
    result = run(shijim, "demo", "--json", "--seconds", 3, "--rate", 5000, "--dir", tmp_path / "demo")
    assert result.returncode == 0, result.stderr
    account = json.loads(result.stdout)
    assert account["holds"] and account["dropped"] == 0 and account["malformed"] == 0
    assert account["sent"] == account["events"] > 0
    assert account["durable_latency"]["count"] == account["events"]


@NEEDS_ENGINE
def test_the_demo_refuses_a_folder_that_is_not_its_own(shijim, tmp_path):
    (tmp_path / "precious").write_text("kept")
    result = run(shijim, "demo", "--seconds", 1, "--dir", tmp_path)
    assert result.returncode == 2
    assert "not an earlier demo's" in result.stderr
    assert (tmp_path / "precious").read_text() == "kept"


class Process:
    """A child that writes a port file; its output goes to a file for when something fails."""

    def __init__(self, program, folder, name, *arguments):
        self.log = folder / f"{name}.log"
        self.process = subprocess.Popen([program, *map(str, arguments)], stdout=self.log.open("ab"),
                                        stderr=subprocess.STDOUT)

    def ports(self, path):
        return [int(line) for line in wait_for(lambda: whole_lines(path), self).split()]

    def stop(self, number=signal.SIGTERM, timeout=60):
        self.process.send_signal(number)
        return self.process.wait(timeout)


def whole_lines(path):
    text = path.read_text() if path.exists() else ""
    return text if text.endswith("\n") else ""


def wait_for(look, child=None, timeout=60):
    """What `look` gives once it is true. Waits for the event, whatever the machine's speed."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = look()
        if value:
            return value
        assert child is None or child.process.poll() is None, child.log.read_text()[-2000:]
        time.sleep(0.02)
    raise AssertionError(f"nothing within {timeout} s" + (child.log.read_text()[-2000:] if child else ""))


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read().decode()


def ask_sim(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


@pytest.fixture
def way(shijim, broker_sim, tmp_path):
    """A simulated broker, an embedded store and a configuration between them."""
    if not find_engine():
        pytest.skip("libchdb.so is not installed: run ./dev deps")
    children = []

    def start(name, *arguments):
        child = Process(shijim, tmp_path, name, *arguments)
        children.append(child)
        return child

    sim = start("sim", "broker-sim", "--servers", 2, "--port", 0, "--port-file", tmp_path / "sim.ports",
                "--instruments", 60, "--rate", 3000, "--wall-clock", "--no-quota")
    store = start("store", "store", "--data", tmp_path / "store", "--port", 0, "--port-file", tmp_path / "store.port")
    sim_ports = sim.ports(tmp_path / "sim.ports")
    store_port = store.ports(tmp_path / "store.port")[0]
    config = tmp_path / "shijim.yaml"
    config.write_text(f"""
broker:
  servers: [{", ".join(f"http://127.0.0.1:{port}" for port in sim_ports)}]
  instruments: ["STK:*", "FUT:*"]
  subscribe_stocks: [tick, bidask]
  calendar: always
  login_budget_file: {tmp_path}/logins
bus:
  dir: {tmp_path}/bus
journal:
  dir: {tmp_path}/journal
  segment_size: 16Mi
store:
  url: http://127.0.0.1:{store_port}
  database: shijim
  user: shijim
  password_file: {tmp_path}/store/writer.token
watch:
  listen: 127.0.0.1:0
  port_file: {tmp_path}/run.port
""")

    class Way:
        path = tmp_path
        config_file = config
        sim_port = sim_ports[0]

        @staticmethod
        def record():
            (tmp_path / "run.port").unlink(missing_ok=True)
            child = start("run", "run", "-c", config, "--account", tmp_path / "account.json")
            child.port = child.ports(tmp_path / "run.port")[0]
            return child

    yield Way
    for child in reversed(children):
        if child.process.poll() is None:
            child.process.kill()
            child.process.wait()


def events_of(child):
    return json.loads(get(child.port, "/status"))["account"]["events"]


def test_killing_the_recorder_again_and_again_loses_and_doubles_nothing(shijim, way):
    for _ in range(5):
        child = way.record()
        wait_for(lambda: events_of(child) > 1000, child)
        assert child.stop(signal.SIGKILL) == -signal.SIGKILL
    child = way.record()
    wait_for(lambda: events_of(child) > 1000, child)
    assert child.stop() == 0, child.log.read_text()[-3000:]
    audit = run(shijim, "audit", "-c", way.config_file, "--json")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    result = json.loads(audit.stdout)
    assert result["missing"] == result["duplicate"] == result["waiting"] == 0
    verify = run(shijim, "journal", "verify", way.path / "journal")
    assert verify.returncode == 0, verify.stdout
    # A ring keeps what its dead process had not made durable, so no journal gap may be written.
    gaps = run(shijim, "journal", "cat", way.path / "journal", "--type", "gap")
    journal_gaps = [line for line in gaps.stdout.splitlines() if '"kind":"journal"' in line.replace(" ", "")]
    assert not journal_gaps


def test_the_account_of_a_run_agrees_with_the_brokers_own(shijim, way):
    child = way.record()
    wait_for(lambda: events_of(child) > 3000, child)
    ask_sim(way.sim_port, "/admin/market", {"action": "halt"})

    def all_received():
        sent = json.loads(get(way.sim_port, "/admin/account"))["total"]["written"]
        account = json.loads(get(child.port, "/status"))["account"]
        return account["received"] - account["heartbeats"] == sent and sent

    sent = wait_for(all_received, child)
    metrics = get(child.port, "/metrics")
    assert child.stop() == 0, child.log.read_text()[-3000:]
    account = json.loads((way.path / "account.json").read_text())["account"]
    assert account["events"] == sent and account["dropped"] == 0
    assert account["journal_accepted"] == account["durable"]
    assert account["journal_events"] == account["acknowledged"]
    for name in ("shijim_bus_lag_events", "shijim_ingest_latency_seconds", "shijim_durable_latency_seconds",
                 "shijim_ingestion_queue_dropped_total", "shijim_flush_interval_seconds", "shijim_store_backlog_bytes",
                 "shijim_store_rows_total", "shijim_gap_events_total", "shijim_broker_logins_total"):
        assert f"# TYPE {name} " in metrics
    rows = run(shijim, "query", "-c", way.config_file, "SELECT count() FROM shijim.ticks", "--format", "TabSeparated")
    ticks = run(shijim, "journal", "cat", way.path / "journal", "--type", "trade")
    assert int(rows.stdout) == len(ticks.stdout.splitlines()) > 0


def test_doctor_finds_what_is_there_and_what_is_not(shijim, way):
    well = run(shijim, "doctor", "-c", way.config_file)
    assert well.returncode == 0, well.stdout
    assert "ClickHouse" in well.stdout
    assert "64 KiB take" in well.stdout
    assert "share one" in well.stdout
    apart = run(shijim, "doctor", "-c", way.config_file, "--set", "journal.dir=/dev/shm")
    assert "does not share" in apart.stdout
    ill = run(shijim, "doctor", "-c", way.config_file, "--set", "store.url=http://127.0.0.1:1")
    assert ill.returncode == 1
    assert "failure" in ill.stdout


@pytest.mark.parametrize("words, says", [
    (["jurnal"], "did you mean 'journal'"),
    (["run", "--confg", "x"], "did you mean --config"),
    (["run", "-c", "/nowhere.yaml"], "/nowhere.yaml"),
    (["run", "--set", "store.ulr=x"], "url"),
    (["run", "--set", "journal.flush_max_us=1"], "flush_max_us"),
    (["run", "--set", "store.password=x"], "password"),
    (["demo", "--rate", "0"], "out of range"),
    (["journal", "cat"], "wants DIR"),
    (["journal", "cat", "/tmp", "--type", "trad"], "did you mean 'trade'"),
    (["replay", "/tmp", "--speed", "fast"], "--speed"),
    (["convert", "taifx", "a", "b"], "did you mean 'taifex'"),
    (["audit", "--day", "yesterday"], "--day"),
    (["completion", "tcsh"], "tcsh"),
    (["broker-sim", "--rat", "1"], "--rat"),
    (["store", "--prot", "1"], "prot"),
    (["--nonsense"], "unknown option --nonsense"),
    (["journal", "ls", "/nowhere"], "/nowhere"),
    (["journal", "cat", "/nowhere"], "/nowhere"),
    (["journal", "cat", "/tmp", "--type", "nonsense"], "there are: trade"),
    (["journal", "verify", "/dev/null"], "Not a directory"),
    (["replay", "/nowhere"], "/nowhere"),
    (["query", "SELECT", "1"], "quote what belongs together"),
    (["query", "--json", "--format", "CSV", "SELECT 1"], "give one"),
    (["run", "--set", "store.url=nonsense"], "store.url is http"),
    (["demo", "--dir", "/proc/x"], "/proc/x"),
    (["stat", "--watch", "--json"], "give one"),
])
def test_a_mistake_is_one_line_and_exit_code_2(shijim, words, says):
    result = run(shijim, *words, timeout=20)
    assert result.returncode == 2, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert says in lines[0]
    assert not result.stdout


@pytest.mark.parametrize("command", ["run", "demo", "broker-sim", "store", "store retry", "query", "journal", "journal ls", "journal cat",
                                     "journal verify", "journal export", "journal repair", "audit", "convert",
                                     "convert taifex", "replay", "stat", "top", "doctor", "bench", "completion"])
def test_every_command_explains_itself(shijim, command):
    result = run(shijim, *command.split(), "--help", timeout=20)
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) > 3
    assert not result.stderr


def test_no_colour_and_no_redrawing_when_it_is_not_a_terminal(shijim):
    result = run(shijim, "stat", "--address", "127.0.0.1:1", "--bus-dir", "/nowhere", timeout=20)
    assert result.returncode == 1
    assert "\033" not in result.stdout + result.stderr


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["manual"], ["completion", "bash"], ["run", "--config-reference"]])
def test_what_could_not_be_written_is_a_failure_and_a_reader_that_left_is_none(shijim, words):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([shijim, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert done.stderr == "shijim: writing the output: No space left on device\n"
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w", encoding="utf-8") as closed:
        done = subprocess.run([shijim, *words], stdout=closed, stderr=subprocess.PIPE, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")


COMPLETION = """
source <("$SHIJIM" completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_shijim "$SHIJIM" "${COMP_WORDS[COMP_CWORD]}"
echo "${COMPREPLY[*]}"
"""


@pytest.mark.parametrize("words, offered", [
    (["re"], {"replay", "resume"}),
    (["journal", ""], {"ls", "cat", "verify", "export", "repair"}),
    (["journal", "cat", "--f"], {"--from", "--follow"}),
    (["kill", "--st"], {"--state-dir"}),
])
def test_the_shell_completes_commands_subcommands_and_options(shijim, words, offered):
    done = subprocess.run(["bash", "-c", COMPLETION, "bash", "shijim", *words], env={**os.environ, "SHIJIM": str(shijim)},
                          capture_output=True, text=True, timeout=20, check=True)
    assert set(done.stdout.split()) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_one_that_the_shell_reads(shijim, shell, tmp_path):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(run(shijim, "completion", shell, timeout=20).stdout)
    done = subprocess.run([shell, "-n", script], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_reference_of_the_configuration_is_what_the_program_says(shijim):
    result = run(shijim, "run", "--config-reference", timeout=20)
    page = os.path.join(os.path.dirname(__file__), "../../docs/configuration.md")
    with open(page, encoding="utf-8") as file:
        assert file.read().split("\n\n", 2)[2] == result.stdout, \
            "regenerate docs/configuration.md from shijim run --config-reference"


def every_command(shijim, *group):
    """The words of each command that the program lists, and of those that these list."""
    text = run(shijim, *group, "--help", timeout=20).stdout
    if "COMMAND [OPTIONS]" not in text.splitlines()[0]:
        return [group]
    names = re.findall(r"^  ([a-z-]+)  ", text, re.M)
    return [words for name in names for words in every_command(shijim, *group, name)]


def test_the_manual_page_has_each_command_and_option(shijim):
    page = pathlib.Path(__file__).parents[2] / "docs/shijim.1"
    plain = page.read_text().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    commands = every_command(shijim) + [("store", "retry")]
    assert len(commands) > 20
    for words in commands:
        title = f'.SS "shijim {" ".join(words)}"\n'
        assert title in plain, f"docs/shijim.1 lacks {words}: ./dev docs --write"
        section = plain.split(title, 1)[1].split("\n.S")[0]
        options = re.findall(r"^  (?:-\w, )?(--[a-z][a-z-]*)", run(shijim, *words, "--help", timeout=20).stdout, re.M)
        assert "--help" in options
        for option in options:
            assert re.search(rf"^(-\w, )?{option}( |$)", section, re.M), \
                f"docs/shijim.1 lacks {words} {option}: ./dev docs --write"


def test_the_manual_page_is_set_without_complaint(shijim):
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-Wbreak", "-rHY=0"], input=run(shijim, "manual", timeout=60).stdout,
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "shijim journal cat" in done.stdout
