#!/bin/bash
# checks the documentation: links lead somewhere, every dependency is explained
#
# usage: ./dev docs [--write]
#
# Prints each mistake as file:line, and fails when there is one. --write first makes the pages anew
# that the program prints: docs/configuration.md (but its head) and docs/shijim.1.

write_pages() {
    local page=docs/configuration.md head
    (
        set --
        # shellcheck source=dev.d/build.sh
        . "$ROOT/dev.d/build.sh"
    ) || exit $?
    head=$(awk -v RS= 'NR <= 2 { print; print "" }' $page)
    { printf '%s\n\n' "$head" && build/shijim run --config-reference; } >build/configuration.md
    mv build/configuration.md $page
    build/shijim manual >build/shijim.1
    mv build/shijim.1 docs/shijim.1
}

need_deps
case ${1-} in
'') ;;
--write) write_pages ;;
*) fail_usage "docs: unknown option '$1'" ;;
esac
exec "$DEPS/venv/bin/python" tests/house/docs.py
