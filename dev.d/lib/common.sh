# shellcheck shell=bash
# Helpers of every ./dev command. Sourced in the repository's root with `set -euo pipefail` on.

# Where `deps` keeps what Debian does not package. SHIJIM_DEPS shares one folder between clones.
DEPS=${SHIJIM_DEPS:-$ROOT/.deps}
export DEPS

# Warnings are errors where a change is judged, and only warnings where it is being made.
WERROR=false
[ -z "${CI-}" ] || WERROR=true
export WERROR

# Build folders with the same options share what the compiler cache holds: all name sources by ../src.
export CCACHE_NOHASHDIR=1

say() { echo "dev: $*" >&2; }

fail() {
    echo "dev: $*" >&2
    exit 1
}

# The user's mistake: exit code 2, as everywhere in shijim.
fail_usage() {
    echo "dev: $*" >&2
    exit 2
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo --preserve-env=http_proxy,https_proxy,no_proxy,DEBIAN_FRONTEND "$@"
    else
        fail "needs root for: $*; run it as root, or install sudo"
    fi
}

# run_logged LOG CMD...: quiet while it works, the log's end when it does not.
run_logged() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        fail "failed: $* (all of it is in $log)"
    fi
}

need_deps() { (. "$ROOT/dev.d/deps.sh" --quiet) || exit $?; }

# configure DIR OPTION...: sets up a build folder, or brings its options up to date.
configure() {
    local dir=$1
    shift
    if [ -f "$dir/build.ninja" ]; then
        run_logged "$dir/meson-logs/configure.txt" meson configure "$dir" "$@"
    else
        run_logged "$dir.setup.log" meson setup "$dir" "$@"
        rm -f "$dir.setup.log"
    fi
}

compile() {
    local dir=$1
    ninja -C "$dir" ${SHIJIM_JOBS:+-j"$SHIJIM_JOBS"} >"$dir/ninja.log" 2>&1 || {
        grep -E 'error|warning|FAILED|undefined' -A4 "$dir/ninja.log" | head -n 60 >&2 || true
        fail "the build failed; all of it is in $dir/ninja.log"
    }
}

# needs_value OPTION ARGUMENTS-LEFT
needs_value() { [ "$2" -ge 2 ] || fail_usage "$1 needs a value; see --help"; }

# build_python DIR OPTION...: the Python package, put together in DIR/site for PYTHONPATH.
build_python() {
    local dir=$1 meson=$DEPS/python/bin/meson options
    shift
    options=(-Dbuildtype=release "-Dwerror=$WERROR" -Dpython.platlibdir=/site -Dpython.purelibdir=/site
        -Dpython.bytecompile=-1 --native-file "$DEPS/python.ini" "$@")
    printf '[binaries]\npython = %s\n' "'$DEPS/python/bin/python'" >"$DEPS/python.ini"
    if [ -f "$dir/build.ninja" ]; then
        run_logged "$dir/meson-logs/configure.txt" "$meson" configure "$dir" "${options[@]:0:5}" "$@"
    else
        run_logged "$dir.setup.log" "$meson" setup "$dir" python "${options[@]}"
        rm -f "$dir.setup.log"
    fi
    compile "$dir"
    DESTDIR=$PWD/$dir run_logged "$dir/meson-logs/install.txt" "$meson" install -C "$dir" --no-rebuild --only-changed
}
