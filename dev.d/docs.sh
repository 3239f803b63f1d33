#!/bin/bash
# checks the documentation: every relative link leads somewhere, every room has its README
#
# usage: ./dev docs
#
# Lists the pages of docs/ and the rooms' READMEs, and fails on a link into nothing.

need_deps
exec "$DEPS/venv/bin/python" tests/house/docs.py
