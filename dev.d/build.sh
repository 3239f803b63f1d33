#!/bin/bash
# builds build/shijim, build/libshijim.so and build/libshijim.a
#
# usage: ./dev build [--release|--debug] [--cc gcc|clang-14]
#
#   --release    optimised, with debug information (default)
#   --debug      not optimised
#   --cc CC      another compiler, in a folder of its own (build-CC)

optimization=3
cc=
while [ $# -gt 0 ]; do
    case $1 in
    --release) optimization=3 ;;
    --debug) optimization=0 ;;
    --cc)
        needs_value "$1" $#
        cc=$2
        shift
        ;;
    *) fail_usage "build does not know '$1'; see ./dev build --help" ;;
    esac
    shift
done
need_deps
dir=build
if [ -n "$cc" ]; then
    command -v "$cc" >/dev/null || fail_usage "no compiler '$cc' here"
    dir=build-$cc
    export CC=$cc
fi
configure "$dir" -Doptimization=$optimization -Ddebug=true "-Dwerror=$WERROR"
compile "$dir"
for file in shijim libshijim.so libshijim.a; do
    [ -e "$dir/$file" ] && say "built $dir/$file"
done
true
