#!/bin/bash
# measures: ./dev bench [NAME] [--json]
#
# usage: ./dev bench [NAME] [OPTION...]
#        ./dev bench --write-docs [NAME...]
#        ./dev bench python [--write | --times]
#
# Builds the optimised program and runs `shijim bench NAME OPTION...` (all benches without NAME).
# --write-docs regenerates docs/performance.md from a run of all benches; of those named only, others keep
# their figures and dates. The bench backtest takes its rows from $SHIJIM_BENCH_ROWS and is left out without.
# python: the Python package's indicators, the C core over Numba and NumPy, against python/bench/baseline.json (ratios,
# taken in turns, so that they hold on a busy machine; --write stores new ones); --times: by pytest-benchmark.
# Figures mean something only when nothing else runs on the machine.
# example: ./dev bench bus --json

need_deps
if [ "${1-}" = python ]; then
    shift
    build_python build-test-python
    export PYTHONPATH=$PWD/build-test-python/site:$PWD/python/bench PYTHONDONTWRITEBYTECODE=1
    [ "${1-}" != --times ] || exec "$DEPS/python/bin/python" -m pytest -q -p no:cacheprovider python/bench/bench_indicators.py
    exec "$DEPS/python/bin/python" python/bench/ratios.py "$@"
fi
(. dev.d/build.sh --release)
[ "${1-}" = --write-docs ] || exec build/shijim bench "$@"
shift
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
[ $# -gt 0 ] || set -- bus journal parse brokersim store indicators strategy risk order convert ${SHIJIM_BENCH_ROWS:+backtest} e2e
for name in "$@"; do
    say "bench $name"
    build/shijim bench "$name" --json --dir "${TMPDIR:-/tmp}" >>"$figures"
done
"$DEPS/venv/bin/python" dev.d/lib/performance.py <"$figures"
say "wrote docs/performance.md"
