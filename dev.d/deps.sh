#!/bin/bash
# installs what building, testing and running need; quick when nothing is missing
#
# usage: ./dev deps [--quiet]
#
# Debian 12. Packages of dev.d/packages.txt through apt (root as it is, others through sudo); into
# .deps/ (or $SHIJIM_DEPS) what Debian does not package, each pinned by version and SHA-256:
#   chdb/libchdb.so    ClickHouse in a library, for `shijim store`
#   sbe/*.jar          the public SBE tool, judge of our codec in a test
#   venv/              pytest, clickhouse-connect
#   python/            what the Python package is built and tested with: meson-python, numpy, numba, polars ...
#   hftbacktest/       the backtester whose files we write, judge of them in a test
# and, not pinned because its index keeps the newest releases only, the broker's command-line client
# (client/); without it one test is skipped.
# Works offline once all is there.

CHDB_VERSION=26.7.3-stable.1
CHDB_TARBALL_SHA256=c0d32b129e988f2b9a9a31c9141aecf5e1e2453f9a079efc4d36ab8e3f92b2ad
CHDB_SHA256=36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5
SBE_JARS="
uk.co.real-logic:sbe-tool:1.38.1 fa3fbba1fee169d03b82a659dfb4f3e1a996cc0936a818901ec9bc40d512f374
org.agrona:agrona:2.4.1 85fdd2a94421611abb6601d815d9fa1fca0f2611ede22bbe25b2227f1768d256
"

quiet=false
for argument in "$@"; do
    case $argument in
    --quiet) quiet=true ;;
    *) fail_usage "deps does not know '$argument'; see ./dev deps --help" ;;
    esac
done

missing_packages() {
    local wanted
    wanted=$(grep -v '^#' dev.d/packages.txt)
    # npm only where nobody brought one: distribution-independent Node installations are common.
    command -v npm >/dev/null || wanted+=$'\n'npm
    # shellcheck disable=SC2086
    {
        dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null || true
    } | awk '$1 == "installed" { print $2 }' | sort -u >"$DEPS/installed.list"
    sort -u <<<"$wanted" | comm -23 - "$DEPS/installed.list"
    rm -f "$DEPS/installed.list"
}

# Debian starts the services it installs; a test machine wants the program only.
without_services() {
    local policy=/usr/sbin/policy-rc.d made=false rc=0
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod +x $policy
        made=true
    fi
    "$@" || rc=$?
    if $made; then as_root rm -f $policy; fi
    return $rc
}

install_packages() {
    local missing
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || fail "this needs Debian 12 (no apt-get here); install by hand: ${missing//$'\n'/ }"
    say "installing ${missing//$'\n'/ }"
    export DEBIAN_FRONTEND=noninteractive
    run_logged "$DEPS/apt.log" as_root apt-get -q -o DPkg::Lock::Timeout=300 update
    # shellcheck disable=SC2086
    run_logged "$DEPS/apt.log" without_services as_root apt-get -qy -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends $missing
    if grep -q clickhouse-server <<<"$missing" && [ -d /run/systemd/system ]; then
        as_root systemctl disable --now clickhouse-server >/dev/null 2>&1 || true
    fi
}

check_sha256() {
    echo "$2  $1" | sha256sum --check --status ||
        fail "$1 is not what was pinned (SHA-256 $(sha256sum "$1" | cut -c-64), wanted $2); delete it and run ./dev deps again"
}

# The stamp of an installed thing names its version and hash, so a new pin replaces the old one.
stamped() { [ -f "$1/.stamp" ] && [ "$(cat "$1/.stamp")" = "$2" ]; }

install_chdb() {
    local stamp="$CHDB_VERSION $CHDB_SHA256" work=$DEPS/chdb.new
    if stamped "$DEPS/chdb" "$stamp" && [ -f "$DEPS/chdb/libchdb.so" ]; then return 0; fi
    if [ "$(uname -m)" != x86_64 ]; then
        say "no libchdb for $(uname -m): shijim store will say so; everything else works"
        return 0
    fi
    say "fetching libchdb $CHDB_VERSION (178 MB)"
    rm -rf "$work"
    mkdir -p "$work"
    run_logged "$DEPS/npm.log" npm pack --silent --pack-destination "$work" \
        "@chdb/lib-linux-x64-gnu@$CHDB_VERSION"
    local tarball=$work/chdb-lib-linux-x64-gnu-$CHDB_VERSION.tgz
    check_sha256 "$tarball" "$CHDB_TARBALL_SHA256"
    tar -xzf "$tarball" -C "$work" --strip-components=1 package/libchdb.so
    check_sha256 "$work/libchdb.so" "$CHDB_SHA256"
    rm "$tarball"
    echo "$stamp" >"$work/.stamp"
    rm -rf "$DEPS/chdb"
    mv "$work" "$DEPS/chdb"
}

install_sbe() {
    local stamp
    stamp=$(sha256sum <<<"$SBE_JARS" | cut -c-64)
    if stamped "$DEPS/sbe" "$stamp"; then return 0; fi
    say "fetching the SBE tool"
    mkdir -p "$DEPS/sbe"
    local coordinate hash jar
    while read -r coordinate hash; do
        [ -n "$coordinate" ] || continue
        run_logged "$DEPS/maven.log" mvn -q -B -Dmaven.repo.local="$DEPS/m2" dependency:copy \
            -Dartifact="$coordinate" -DoutputDirectory="$DEPS/sbe" </dev/null
        jar=$(cut -d: -f2,3 --output-delimiter=- <<<"$coordinate").jar
        check_sha256 "$DEPS/sbe/$jar" "$hash"
    done <<<"$SBE_JARS"
    rm -rf "$DEPS/m2"
    echo "$stamp" >"$DEPS/sbe/.stamp"
}

install_venv() {
    local stamp python=/usr/bin/python3
    stamp=$(sha256sum <dev.d/requirements.txt | cut -c-64)
    if stamped "$DEPS/venv" "$stamp" && [ -x "$DEPS/venv/bin/python" ]; then return 0; fi
    say "fetching the Python packages of dev.d/requirements.txt"
    rm -rf "$DEPS/venv"
    run_logged "$DEPS/venv.log" $python -m venv "$DEPS/venv"
    run_logged "$DEPS/pip.log" "$DEPS/venv/bin/pip" install --quiet --require-hashes \
        --only-binary :all: --requirement dev.d/requirements.txt
    echo "$stamp" >"$DEPS/venv/.stamp"
}

install_python() {
    local stamp
    stamp=$(sha256sum <dev.d/requirements-python.txt | cut -c-64)
    if stamped "$DEPS/python" "$stamp" && [ -x "$DEPS/python/bin/python" ]; then return 0; fi
    say "fetching what the Python package is built and tested with (350 MB)"
    # What is there is brought up to date: clones that share it may be using it.
    if ! "$DEPS/python/bin/python" -c '' 2>/dev/null; then
        rm -rf "$DEPS/python"
        run_logged "$DEPS/python.log" /usr/bin/python3 -m venv "$DEPS/python"
    fi
    run_logged "$DEPS/python.log" "$DEPS/python/bin/pip" install --quiet --require-hashes \
        --only-binary :all: --requirement dev.d/requirements-python.txt
    echo "$stamp" >"$DEPS/python/.stamp"
}

install_hftbacktest() {
    local stamp
    stamp=$(sha256sum <dev.d/requirements-hftbacktest.txt | cut -c-64)
    if stamped "$DEPS/hftbacktest" "$stamp" && [ -x "$DEPS/hftbacktest/bin/python" ]; then return 0; fi
    if [ "$(uname -m)" != x86_64 ]; then
        say "hftbacktest is pinned for x86-64 only: the test that uses it will be skipped"
        return 0
    fi
    say "fetching hftbacktest and what it needs (150 MB)"
    rm -rf "$DEPS/hftbacktest"
    run_logged "$DEPS/hftbacktest.log" /usr/bin/python3 -m venv "$DEPS/hftbacktest"
    run_logged "$DEPS/hftbacktest.log" "$DEPS/hftbacktest/bin/pip" install --quiet --require-hashes \
        --only-binary :all: --requirement dev.d/requirements-hftbacktest.txt
    echo "$stamp" >"$DEPS/hftbacktest/.stamp"
}

# A test judges the simulator by the broker's own client. Its old releases vanish from the index, so
# any 1.x from 1.7 on will do (the test says which it had), and a machine that cannot get it still tests the rest.
install_client() {
    local wanted='shioaji-cli>=1.7,<2'
    if stamped "$DEPS/client" "$wanted" && [ -x "$DEPS/client/bin/shioaji" ]; then return 0; fi
    say "fetching the broker's client, $wanted"
    rm -rf "$DEPS/client"
    # In a subshell: run_logged ends the shell it fails in.
    if ! (
        run_logged "$DEPS/client.log" /usr/bin/python3 -m venv "$DEPS/client"
        run_logged "$DEPS/client.log" "$DEPS/client/bin/pip" install --quiet --only-binary :all: "$wanted"
    ); then
        say "warning: no broker's client; the test that uses it will be skipped"
        return 0
    fi
    echo "$wanted" >"$DEPS/client/.stamp"
}

mkdir -p "$DEPS"
exec 8>"$DEPS/.lock"
flock -w 1200 8 || fail "another ./dev deps holds $DEPS/.lock for 20 minutes; is it stuck?"
install_packages
install_chdb
install_sbe
install_venv
install_python
install_hftbacktest
install_client
exec 8>&-
$quiet || say "everything is there"
