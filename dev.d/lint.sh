#!/bin/bash
# checks form and finds mistakes: clang-format, clang-tidy, cppcheck, shellcheck, house rules, ruff, mypy
#
# usage: ./dev lint [--fix]
#
#   --fix    lets clang-format rewrite the files first

fix=false
for argument in "$@"; do
    case $argument in
    --fix) fix=true ;;
    *) fail_usage "lint does not know '$argument'; see ./dev lint --help" ;;
    esac
done
need_deps
# As the test build is, so that the compiler cache has it already.
configure build-lint --buildtype=debugoptimized "-Dwerror=$WERROR"
ninja -C build-lint -t compdb >/dev/null
# Generated headers must exist before a checker reads the files that include them.
compile build-lint

mapfile -t sources < <(git ls-files --cached --others --exclude-standard -- '*.c' '*.h' | grep -v /generated/)
mapfile -t compiled < <(git ls-files --cached --others --exclude-standard -- 'src/*.c')
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard -- dev .ci/run '*.sh')
failed=()

check() {
    local name=$1
    shift
    say "$name"
    "$@" || failed+=("$name")
}

format() { clang-format-14 --dry-run -Werror "${sources[@]}"; }

tidy() {
    printf '%s\0' "${compiled[@]}" |
        xargs -0 -n 4 -P "$(nproc)" clang-tidy-14 --quiet -p build-lint 2>build-lint/tidy.err
}

check_c() {
    cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --enable=warning,performance,portability \
        --suppress=missingIncludeSystem --suppress=unknownMacro -D_GNU_SOURCE -Isrc -Iinclude -j "$(nproc)" src
}

house() { "$DEPS/venv/bin/python" tests/house/includes.py && "$DEPS/venv/bin/python" tests/house/docs.py; }

python_form() { "$DEPS/python/bin/ruff" check --quiet --no-cache python; }

python_types() { (cd python && "$DEPS/python/bin/mypy" --cache-dir ../build-lint/mypy); }

$fix && clang-format-14 -i "${sources[@]}"
check "clang-format" format
check "shellcheck" shellcheck --external-sources "${scripts[@]}"
check "house rules" house
check "ruff" python_form
check "mypy" python_types
check "cppcheck" check_c
check "clang-tidy" tidy
[ ${#failed[@]} = 0 ] || fail "lint found something: ${failed[*]}"
say "lint: nothing found"
