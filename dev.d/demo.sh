#!/bin/bash
# builds, then runs a simulated market into an embedded ClickHouse, with a live view and an account
#
# usage: ./dev demo [--seconds N] [--instruments N] [--rate N] [--no-strategy] [--dir DIR] [--json]
#
#   --seconds N       how long (30); 0: until Ctrl-C
#   --instruments N   how many (1000)
#   --rate N          events a second, all together (100000)
#
# Exit code 0 only if every event is accounted for.

need_deps
(. dev.d/build.sh --release >&2)
export SHIJIM_CHDB_LIB=${SHIJIM_CHDB_LIB:-$DEPS/chdb/libchdb.so}
exec build/shijim demo "$@"
