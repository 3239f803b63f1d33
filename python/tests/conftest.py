"""Journals and archives to read: made by the program under test, small, with a known seed."""

import os
import pathlib
import subprocess

import pytest

try:
    import shijim
except ImportError as error:
    raise ImportError("the package is not built, or not in PYTHONPATH: run ./dev test") from error

ROOT = pathlib.Path(__file__).parents[2]
SEED = 7


@pytest.fixture(scope="session")
def program():
    """Path of the program under test: ./dev test sets SHIJIM_BUILD."""
    path = pathlib.Path(os.environ.get("SHIJIM_BUILD", ROOT / "build")) / "shijim"
    assert path.exists(), f"{path} is not built; run ./dev build or ./dev test"
    return path


@pytest.fixture(scope="session")
def run(program):
    """Runs the program; its output, or a failure with what it said."""

    def call(*words):
        done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    return call


@pytest.fixture(scope="session")
def archive(run, tmp_path_factory):
    """A JSONL archive of the original's form: 20,000 events of 5 instruments."""
    path = tmp_path_factory.mktemp("archive") / "day.jsonl"
    run("convert", "synth", path, "--events", 20000, "--seed", SEED, "--instruments", 5)
    return path


@pytest.fixture(scope="session")
def journal_dir(run, archive, tmp_path_factory):
    """The same as a journal."""
    path = tmp_path_factory.mktemp("journal") / "day1"
    run("convert", "jsonl", archive, path)
    return path


@pytest.fixture(scope="session")
def days_dir(run, journal_dir):
    """Two days side by side: the one of `journal_dir`, and another with other instruments first."""
    day = journal_dir.parent / "day2.jsonl"
    run("convert", "synth", day, "--events", 5000, "--seed", SEED + 1, "--instruments", 7)
    run("convert", "jsonl", day, journal_dir.parent / "day2")
    return journal_dir.parent


@pytest.fixture
def journal(journal_dir):
    with shijim.open_journal(journal_dir) as opened:
        yield opened


@pytest.fixture
def journal_copy(journal_dir, tmp_path):
    """A journal to be spoilt."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in journal_dir.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return copy
