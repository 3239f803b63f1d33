#!/bin/bash
# runs the tests; the last line is `N passed, N failed, N skipped`
#
# usage: ./dev test [--quick] [--sanitize address|thread] [--cc CC] [PATTERN]
#
#   --quick              without the suite `slow` (C) and the mark `slow` (pytest)
#   --sanitize address   the C tests under address and undefined-behaviour sanitizers
#   --sanitize thread    the C tests under the thread sanitizer
#   --cc CC              builds with another compiler (gcc, clang-14)
#   PATTERN              only C rooms and pytest cases whose name contains it
#
# The Python package is built, and tested from its build folder (build-test-python/site). Each kind has a build folder of its own, beside build/. Counts single test functions and pytest
# cases. Fails when anything fails, or nothing ran.

quick=false
sanitize=
pattern=
cc=
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=true ;;
    --sanitize)
        needs_value "$1" $#
        sanitize=$2
        [[ $sanitize = address || $sanitize = thread ]] || fail_usage "--sanitize takes address or thread, not '$sanitize'"
        shift
        ;;
    --cc)
        needs_value "$1" $#
        cc=$2
        shift
        ;;
    -*) fail_usage "test does not know '$1'; see ./dev test --help" ;;
    *)
        [ -z "$pattern" ] || fail_usage "one PATTERN only, not '$pattern' and '$1'"
        pattern=$1
        ;;
    esac
    shift
done

need_deps
dir=build-test${sanitize:+-$sanitize}${cc:+-$cc}
options=(--buildtype=debugoptimized)
wrapper=()
case $sanitize in
'') ;;
address)
    options+=("-Db_sanitize=address,undefined" -Db_lundef=false)
    # gcc warns of what its instrumentation only makes possible (null to sprintf, say); the plain build judges.
    WERROR=false
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    ;;
thread)
    options+=(-Db_sanitize=thread -Db_lundef=false)
    # clang's runtime: gcc 12 refuses atomic_thread_fence under -Wtsan.
    cc=${cc:-clang-14}
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
    # The thread sanitizer cannot map its shadow where the kernel randomises with more than 28 bits.
    setarch -R true 2>/dev/null && wrapper=(setarch -R)
    ;;
esac
[ -z "$cc" ] || export CC=$cc

configure "$dir" "${options[@]}" "-Dwerror=$WERROR"
compile "$dir"
package=build-test-python${cc:+-$cc}
[ -n "$sanitize" ] || build_python "$package"
# Wherever ./dev deps put the engine: without this a shared SHIJIM_DEPS would skip the store's tests.
[ ! -f "$DEPS/chdb/libchdb.so" ] || export SHIJIM_CHDB_LIB=${SHIJIM_CHDB_LIB:-$DEPS/chdb/libchdb.so}
results=$dir/results
rm -rf "$results"
mkdir -p "$results"
rc=0

run_c_tests() {
    local names=() slow=()
    mapfile -t names < <(meson test -C "$dir" --list 2>/dev/null | sed 's/.* \/ //; s/^shijim://' | grep -F -- "$pattern" || true)
    [ ${#names[@]} -gt 0 ] || return 0
    $quick && slow=(--no-suite slow)
    CMOCKA_MESSAGE_OUTPUT=TAP SHIJIM_SANITIZE=$sanitize "${wrapper[@]}" meson test -C "$dir" --no-rebuild \
        --print-errorlogs --timeout-multiplier "${SHIJIM_TEST_PATIENCE:-4}" "${slow[@]}" "${names[@]}" || rc=1
    cp "$dir/meson-logs/testlog.json" "$results/c.json"
}

# run_pytest NAME ENVIRONMENT FOLDER: with the Python of $DEPS/ENVIRONMENT.
run_pytest() {
    local arguments=(-q -p no:cacheprovider --junitxml="$PWD/$results/$1.xml") status=0
    $quick && arguments+=(-m 'not slow')
    [ -n "$pattern" ] && arguments+=(-k "$pattern")
    SHIJIM_BUILD=$PWD/$dir PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$PWD/$package/site \
        "$DEPS/$2/bin/python" -m pytest "${arguments[@]}" "$3" || status=$?
    # 5: nothing was collected, which a PATTERN may well bring about.
    [ $status = 0 ] || [ $status = 5 ] || rc=1
}

run_python_tests() {
    run_pytest python venv tests
    run_pytest package python python/tests
}

run_c_tests
# What pytest drives is the program as users have it, so it is not repeated under sanitizers.
[ -n "$sanitize" ] || run_python_tests
"$DEPS/venv/bin/python" dev.d/lib/tally.py "$results" || rc=1
exit $rc
