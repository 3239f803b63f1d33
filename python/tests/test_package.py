"""The package as it is installed."""

import pathlib
import re

import shijim

ROOT = pathlib.Path(__file__).parents[2]


def test_the_package_has_the_version_of_the_program():
    declared = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text()).group(1)
    assert shijim.__version__ == declared
