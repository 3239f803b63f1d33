#!/usr/bin/env python3
"""How much faster the C core is than the fallbacks: a check that does not depend on the machine's speed.

    ratios.py [--write]

The calls of the backends take turns, so that whatever slows the machine slows them alike; the ratio is of the medians.
It fails (exit 1) below a fifth of what stands in baseline.json for the NumPy fallback, and below a quarter of it for
Numba, which does the same work compiled and is close. --write stores what was measured as the new baseline.
"""

import argparse
import json
import pathlib
import statistics
import sys
import time

from cases import CASES, ROWS, made

BASELINE = pathlib.Path(__file__).with_name("baseline.json")
ROUNDS = 15
FLOOR = {"numpy": 0.2, "numba": 0.25}


def ratios_of(case: str) -> dict[str, float]:
    """Time of each fallback over the core's, and the core's ns a row."""
    backends = ["native", "numpy", "numba"]
    runs = {backend: made(case, backend) for backend in backends}
    times: dict[str, list[float]] = {backend: [] for backend in backends}
    for run in runs.values():
        run()
    for _ in range(ROUNDS):
        for backend, run in runs.items():
            begin = time.perf_counter()
            run()
            times[backend].append(time.perf_counter() - begin)
    middle = {backend: statistics.median(values) for backend, values in times.items()}
    ratios = {backend: middle[backend] / middle["native"] for backend in backends[1:]}
    return {**ratios, "native_ns_per_row": middle["native"] / ROWS * 1e9}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    words = parser.parse_args()
    measured = {case: {name: round(value, 2) for name, value in ratios_of(case).items()} for case in CASES}
    baseline = {} if words.write or not BASELINE.exists() else json.loads(BASELINE.read_text())
    failed = []
    for case, values in measured.items():
        print(json.dumps({"bench": "python", "case": case, **values}))
        for backend, floor in FLOOR.items():
            least = floor * baseline.get(case, {}).get(backend, 0)
            if values[backend] < least:
                failed.append(f"{case}: {values[backend]} times {backend}, at least {least:.2f} was expected")
    if words.write:
        BASELINE.write_text(json.dumps(measured, indent=2) + "\n")
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
