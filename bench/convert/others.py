"""What users would pick to read the same file, beside shijim: duckdb, polars, orjson. MB a second of CPU time, on one core.

usage: python bench/convert/others.py FILE.jsonl      (make one: shijim convert synth load.jsonl --size 1G)

Each reads time, price, size and the two best levels of every line into columns; what is not installed is said and
passed over. Not part of `shijim bench`, which needs no Python.
"""

import os
import sys
import time


def with_duckdb(path):
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    return connection.sql(
        "select count(*), sum(ts_ns::hugeint), sum(price), sum(bid_prices[1]) from "
        f"read_json('{path}', format='newline_delimited', columns={{ts_ns: 'BIGINT', price: 'DOUBLE', size: 'BIGINT',"
        " type: 'VARCHAR', bid_prices: 'DOUBLE[]', bid_volumes: 'BIGINT[]'})"
    ).fetchall()[0][0]


def with_polars(path):
    os.environ["POLARS_MAX_THREADS"] = "1"
    import polars

    schema = {
        "ts_ns": polars.Int64, "price": polars.Float64, "size": polars.Int64, "type": polars.String,
        "bid_prices": polars.List(polars.Float64), "bid_volumes": polars.List(polars.Int64),
    }
    return len(polars.read_ndjson(path, schema=schema))


def with_orjson(path):
    import orjson

    lines = 0
    with open(path, "rb") as file:
        for line in file:
            record = orjson.loads(line)
            record["ts_ns"], record.get("price"), record.get("bid_prices")
            lines += 1
    return lines


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = sys.argv[1]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for name, read in {"duckdb": with_duckdb, "polars": with_polars, "orjson": with_orjson}.items():
        try:
            began = time.process_time()
            lines = read(path)
            seconds = time.process_time() - began
            print(f"{name}: {lines} lines, {os.path.getsize(path) / seconds / 1e6:.0f} MB/s")
        except ImportError:
            print(f"{name}: not installed")


if __name__ == "__main__":
    main()
