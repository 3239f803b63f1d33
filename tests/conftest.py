"""What end-to-end tests share: where the build under test is."""

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="session")
def build_dir():
    """The build folder under test: ./dev test sets SHIJIM_BUILD."""
    return pathlib.Path(os.environ.get("SHIJIM_BUILD", ROOT / "build"))


@pytest.fixture(scope="session")
def shijim(build_dir):
    """Path of the program under test."""
    program = build_dir / "shijim"
    assert program.exists(), f"{program} is not built; run ./dev build or ./dev test"
    return program
