"""shijim beside what users would pick to read the same JSONL: duckdb, polars, pyarrow, orjson. One command, one table.

usage: python bench/convert/others.py [--size 1G] [--file FILE.jsonl] [--shijim build/shijim] [--runs 3] [--json]

Each reader is a process of its own on one core, and reads time, price, size, side and the best levels of every line into
columns; shijim writes the whole file of rows, with books as changes, besides. Figures are MB of text a second of CPU time
(user and system), the median of the runs. What is not installed is said and passed over; `--install DIR` makes a virtual
environment with all of them and goes on in it.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import venv

WANTED = ["duckdb", "polars", "pyarrow", "orjson"]

READERS = {
    "duckdb": """
import duckdb
connection = duckdb.connect(config={"threads": 1})
connection.execute("set enable_progress_bar = false")  # it goes to stdout
print(connection.sql(
    "select count(*), sum(ts_ns::hugeint), sum(price), sum(size), sum(bid_prices[1]) from "
    f"read_json('{path}', format='newline_delimited', columns={{ts_ns: 'BIGINT', symbol: 'VARCHAR', type: 'VARCHAR',"
    " price: 'DOUBLE', size: 'BIGINT', side: 'VARCHAR', bid_prices: 'DOUBLE[]', bid_volumes: 'BIGINT[]',"
    " ask_prices: 'DOUBLE[]', ask_volumes: 'BIGINT[]'})").fetchall()[0][0])
""",
    "polars": """
import os
os.environ["POLARS_MAX_THREADS"] = "1"
import polars as p
schema = {"ts_ns": p.Int64, "symbol": p.String, "type": p.String, "price": p.Float64, "size": p.Int64, "side": p.String,
          "bid_prices": p.List(p.Float64), "bid_volumes": p.List(p.Int64), "ask_prices": p.List(p.Float64),
          "ask_volumes": p.List(p.Int64)}
print(len(p.read_ndjson(path, schema=schema)))
""",
    "pyarrow": """
import pyarrow as pa, pyarrow.json
numbers, whole = pa.list_(pa.float64()), pa.list_(pa.int64())
schema = pa.schema([("ts_ns", pa.int64()), ("symbol", pa.string()), ("type", pa.string()), ("price", pa.float64()),
                    ("size", pa.int64()), ("side", pa.string()), ("bid_prices", numbers), ("bid_volumes", whole),
                    ("ask_prices", numbers), ("ask_volumes", whole)])
print(pa.json.read_json(path, read_options=pa.json.ReadOptions(use_threads=False, block_size=8 << 20),
    parse_options=pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")).num_rows)
""",
    "orjson": """
import orjson
columns = {name: [] for name in ("ts_ns", "price", "size", "side", "bid_prices", "ask_prices")}
with open(path, "rb") as file:
    for line in file:
        record = orjson.loads(line)
        for name, column in columns.items():
            column.append(record.get(name))
print(len(columns["ts_ns"]))
""",
}


def cpu_seconds(command):
    """Runs it on one core. Its CPU time and its output, or None and what it said."""
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True)
    after = os.times()
    if done.returncode:
        return None, " ".join(done.stderr.split())[-150:]
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, done.stdout.strip()


def measure(name, command, size, lines, runs):
    rates = []
    for _ in range(runs):
        seconds, said = cpu_seconds(command)
        if seconds is None:
            return {"reader": name, "note": said}
        if lines_of(said) != lines:
            return {"reader": name, "note": f"read {said} lines of {lines}"}
        rates.append(size / seconds / 1e6)
    return {"reader": name, "mb_per_s": round(statistics.median(rates)), "min": round(min(rates)), "max": round(max(rates))}


def lines_of(said):
    """What a reader printed: its lines, or shijim's report."""
    if not said.startswith("{"):
        return int(said)
    report = json.loads(said)
    return report["trades"] + report["books"]


def install(folder):
    python = pathlib.Path(folder) / "bin/python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *WANTED], check=True)
    arguments = [argument for argument in sys.argv[1:] if argument != "--install" and argument != str(folder)]
    os.execv(python, [python, __file__, *arguments])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file")
    parser.add_argument("--size", default="1G")
    parser.add_argument("--shijim", default="build/shijim")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--install", metavar="DIR")
    options = parser.parse_args()
    if options.install:
        install(options.install)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        path = options.file
        if not path:
            path = f"{folder}/load.jsonl"
            subprocess.run([options.shijim, "convert", "synth", path, "--size", options.size], check=True, stdout=sys.stderr)
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        commands = {"shijim": [options.shijim, "convert", "jsonl", path, f"{folder}/out.npz", "--workers", "1", "--json"]}
        for name, source in READERS.items():
            commands[name] = [sys.executable, "-c", f"path = {path!r}\n{source}"]
        for name, command in commands.items():
            found = measure(name, command, size, lines, options.runs)
            if options.json:
                print(json.dumps({"bench": "convert_others", "bytes": size, "lines": lines, **found}), flush=True)
            elif "note" in found:
                print(f"{name:10} {found['note']}", flush=True)
            else:
                print(f"{name:10} {found['mb_per_s']:6} MB/s  ({found['min']} .. {found['max']})", flush=True)


if __name__ == "__main__":
    main()
