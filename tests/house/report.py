"""Runs one check of the house as a program: prints what it finds, exits 1 when it finds something."""

import pathlib
import sys


def main(check):
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    found = list(check(root))
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(1 if found else 0)
