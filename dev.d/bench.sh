#!/bin/bash
# measures: ./dev bench [NAME] [--json]
#
# usage: ./dev bench [NAME] [OPTION...]
#        ./dev bench --write-docs [NAME...]
#
# Builds the optimised program and runs `shijim bench NAME OPTION...` (all benches without NAME).
# --write-docs regenerates docs/performance.md from a run of all benches (or of those named).
# Figures mean something only when nothing else runs on the machine.
# example: ./dev bench bus --json

need_deps
(. dev.d/build.sh --release)
[ "${1-}" = --write-docs ] || exec build/shijim bench "$@"
shift
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
[ $# -gt 0 ] || set -- bus journal parse brokersim store indicators strategy risk order convert e2e
for name in "$@"; do
    say "bench $name"
    build/shijim bench "$name" --json --dir "${TMPDIR:-/tmp}" >>"$figures"
done
"$DEPS/venv/bin/python" dev.d/lib/performance.py <"$figures"
say "wrote docs/performance.md"
