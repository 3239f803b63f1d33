"""Counts what ran: prints `N passed, N failed, N skipped` from the results ./dev test left.

C tests print TAP (cmocka does under CMOCKA_MESSAGE_OUTPUT=TAP); a program without TAP counts as one
test. A program that dies, or promises more tests than it ran, adds a failure: a crash must never
look like a shorter list of passes. Exit code 1 when something failed or nothing ran.
"""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

# cmocka says "not ok 3 # SKIP name" of a test that was left out.
RESULT = re.compile(r"^(not )?ok \d+(?: - (.*?))?( # SKIP.*)?$", re.MULTILINE)
PLAN = re.compile(r"^\s*1\.\.(\d+)\s*$", re.MULTILINE)
EXIT_SKIPPED = 77


def tally_program(record):
    """(passed, failed, skipped) of one line of meson's testlog.json."""
    output = record.get("stdout", "")
    good = record["result"] in ("OK", "EXPECTEDFAIL")
    results = RESULT.findall(output)
    if not results:
        if record["result"] == "SKIP" or record.get("returncode") == EXIT_SKIPPED:
            return 0, 0, 1
        return (1, 0, 0) if good else (0, 1, 0)
    failed = sum(1 for is_not, _, skip in results if is_not and not skip)
    skipped = sum(1 for _, _, skip in results if skip)
    passed = len(results) - failed - skipped
    promised = sum(int(count) for count in PLAN.findall(output))
    if failed == 0 and (not good or promised > len(results)):
        failed = 1
    return passed, failed, skipped


def tally_c(path):
    lines = path.read_text(errors="replace").splitlines()
    return [tally_program(json.loads(line)) for line in lines if line.strip()]


def tally_python(path):
    totals = []
    for suite in xml.parse(path).getroot().iter("testsuite"):
        count = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
        failed = count["failures"] + count["errors"]
        totals.append((count["tests"] - failed - count["skipped"], failed, count["skipped"]))
    return totals


def main():
    folder = pathlib.Path(sys.argv[1])
    totals = []
    if (folder / "c.json").exists():
        totals += tally_c(folder / "c.json")
    for path in sorted(folder.glob("*.xml")):
        totals += tally_python(path)
    passed, failed, skipped = (sum(column) for column in zip(*totals)) if totals else (0, 0, 0)
    if passed + failed + skipped == 0:
        print("dev: no test matches", file=sys.stderr)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or passed + failed + skipped == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
