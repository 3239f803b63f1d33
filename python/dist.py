#!/usr/bin/env python3
"""Puts the C sources into a source distribution: what are links in the repository become the files."""

import os
import pathlib
import shutil

here = pathlib.Path(__file__).resolve().parent
target = pathlib.Path(os.environ["MESON_DIST_ROOT"]) / "core"
shutil.rmtree(target, ignore_errors=True)
target.mkdir(parents=True)
for name in ("src", "include"):
    shutil.copytree(here / "core" / name, target / name, symlinks=False)
shutil.copy(here / "core" / "LICENSE", target / "LICENSE")
