#!/bin/bash
# checks the documentation: links lead somewhere, every dependency is explained
#
# usage: ./dev docs
#
# Prints each mistake as file:line, and fails when there is one.

need_deps
exec "$DEPS/venv/bin/python" tests/house/docs.py
