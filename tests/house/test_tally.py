"""The sum ./dev test prints is true: a crash never looks like a shorter list of passes."""

import importlib.util
import json
import pathlib
import subprocess
import sys

TALLY = pathlib.Path(__file__).parents[2] / "dev.d/lib/tally.py"
spec = importlib.util.spec_from_file_location("tally", TALLY)
tally = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tally)


def record(stdout, result="OK", returncode=0):
    return {"stdout": stdout, "result": result, "returncode": returncode}


def test_single_functions_of_several_groups_are_counted():
    assert tally.tally_program(record("1..2\nok 1 - a\nok 2 - b\n1..1\nok 1 - c\n")) == (3, 0, 0)


def test_failed_and_skipped_functions_are_told_apart():
    text = "1..3\nok 1 - a\nnot ok 2 - b\n# 1 != 2\nok 3 - c # SKIP\n"
    assert tally.tally_program(record(text, "FAIL", 1)) == (1, 1, 1)


def test_a_function_left_out_by_cmocka_is_skipped():
    assert tally.tally_program(record("1..2\nnot ok 1 # SKIP a\nok 2 - b\n")) == (1, 0, 1)


def test_a_crash_half_way_is_a_failure():
    assert tally.tally_program(record("1..3\nok 1 - a\n", "FAIL", -6)) == (1, 1, 0)
    assert tally.tally_program(record("1..3\nok 1 - a\n")) == (1, 1, 0)


def test_a_failure_after_all_tests_is_a_failure():
    assert tally.tally_program(record("1..1\nok 1 - a\n", "FAIL", 23))[1] == 1


def test_a_program_without_tap_is_one_test():
    assert tally.tally_program(record("hello\n")) == (1, 0, 0)
    assert tally.tally_program(record("hello\n", "TIMEOUT", -15)) == (0, 1, 0)
    assert tally.tally_program(record("no java\n", "SKIP", 77)) == (0, 0, 1)


def run(folder):
    return subprocess.run([sys.executable, TALLY, folder], capture_output=True, text=True, check=False)


def test_the_sum_of_c_and_python_ends_the_output(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps(record("1..1\nok 1 - a\n")) + "\n")
    (tmp_path / "python.xml").write_text(
        '<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/></testsuites>')
    done = run(tmp_path)
    assert done.stdout.splitlines()[-1] == "3 passed, 2 failed, 1 skipped"
    assert done.returncode == 1


def test_nothing_that_ran_is_not_a_success(tmp_path):
    done = run(tmp_path)
    assert done.stdout == "0 passed, 0 failed, 0 skipped\n"
    assert done.returncode == 1
