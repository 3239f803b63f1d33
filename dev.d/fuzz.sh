#!/bin/bash
# runs the fuzzers: ./dev fuzz [NAME] [--seconds N]
#
# usage: ./dev fuzz [NAME] [--seconds N]
#
#   NAME          only fuzzers whose name contains it (default: each of them)
#   --seconds N   how long each runs (default 60)
#
# libFuzzer with address and undefined-behaviour sanitizers, in build-fuzz. Each starts from its
# seeds, fuzz/*/corpus/NAME/, and keeps what it learns in build-fuzz/corpus/NAME/. A finding is left
# in build-fuzz/ and the command to repeat it is printed; add it to the seeds with its fix.
# example: ./dev fuzz parse --seconds 300

name=
seconds=60
while [ $# -gt 0 ]; do
    case $1 in
    --seconds)
        needs_value "$1" $#
        seconds=$2
        shift
        ;;
    -*) fail_usage "fuzz does not know '$1'; see ./dev fuzz --help" ;;
    *) name=$1 ;;
    esac
    shift
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail_usage "--seconds takes a whole number, not '$seconds'"
need_deps
export CC=clang-14
configure build-fuzz --buildtype=debugoptimized -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
compile build-fuzz

ran=0
failed=0
for program in build-fuzz/fuzz/*/fuzz_*"$name"*; do
    [ -f "$program" ] || continue
    fuzzer=$(basename "$program")
    fuzzer=${fuzzer#fuzz_}
    mkdir -p "build-fuzz/corpus/$fuzzer"
    seeds=()
    for folder in fuzz/*/corpus/"$fuzzer"; do
        [ -d "$folder" ] && seeds+=("$folder")
    done
    say "fuzzing $fuzzer for $seconds s"
    ran=$((ran + 1))
    if ! "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build-fuzz/$fuzzer-" "build-fuzz/corpus/$fuzzer" "${seeds[@]}" \
        >"build-fuzz/$fuzzer.log" 2>&1; then
        failed=$((failed + 1))
        tail -n 30 "build-fuzz/$fuzzer.log" >&2
        say "$fuzzer found something; repeat with: $program build-fuzz/$fuzzer-*"
    else
        grep -E 'number_of_executed_units' "build-fuzz/$fuzzer.log" | sed "s/^.*: */$fuzzer inputs run: /"
    fi
done
[ $ran -gt 0 ] || fail_usage "no fuzzer's name contains '$name'"
echo "$((ran - failed)) passed, $failed failed"
[ $failed = 0 ]
