#!/bin/bash
# builds the Python package's wheel into dist/
#
# usage: ./dev wheel [--portable] [--out DIR]
#
#   --portable   for any CPU of the architecture (default: with AVX2, as the program is)
#   --out DIR    where to put it (dist)
#
# One wheel serves CPython 3.10 and everything after it. Works offline once ./dev deps has run.

out=dist
options=()
while [ $# -gt 0 ]; do
    case $1 in
    --portable) options+=(--config-settings=setup-args=-Dportable=true) ;;
    --out)
        needs_value "$1" $#
        out=$2
        shift
        ;;
    *) fail_usage "wheel does not know '$1'; see ./dev wheel --help" ;;
    esac
    shift
done
need_deps
mkdir -p build-wheel
rm -f build-wheel/*.whl
log=build-wheel/wheel.log
PATH=$DEPS/python/bin:$PATH run_logged "$log" "$DEPS/python/bin/pip" wheel --quiet --no-deps --no-index --no-build-isolation \
    --wheel-dir build-wheel --config-settings=build-dir="$PWD/build-wheel/meson" "${options[@]}" ./python
# The build names the Python it ran with; what it made is good from 3.10 on. Libraries of which there is
# no archive to link are put beside it.
name=$("$DEPS/python/bin/python" -m wheel tags --remove --python-tag cp310 build-wheel/shijim-*.whl)
rm -rf build-wheel/repaired
PATH=$DEPS/python/bin:$PATH run_logged build-wheel/repair.log "$DEPS/python/bin/python" -m auditwheel repair \
    --wheel-dir build-wheel/repaired "build-wheel/$name"
mkdir -p "$out"
mv build-wheel/repaired/*.whl "$out/"
(cd "$out" && say "built $out/$(echo shijim-*-abi3-manylinux*.whl)")
