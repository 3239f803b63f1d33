#!/bin/bash
# measures: ./dev bench [NAME] [--json]
#
# usage: ./dev bench [NAME] [OPTION...]
#
# Builds the optimised program and runs `shijim bench NAME OPTION...` (all benches without NAME).
# Figures mean something only when nothing else runs on the machine.
# example: ./dev bench bus --json

need_deps
(. dev.d/build.sh --release)
exec build/shijim bench "$@"
