#!/usr/bin/env bash
# Imports into PostgreSQL of which one call after the other fails, on a server of their own (or on TICKER_TEST_POSTGRES when that is set);
# TICKER_TEST_TORTURE=all takes every call.
set -euo pipefail
if [ -z "${TICKER_TEST_POSTGRES+set}" ] && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    echo "SKIPPED: no PostgreSQL server is installed"
    exit 77
fi
exec "$(dirname "$0")/../services/with-postgres" "${TICKER_BUILD:?names the build folder}/tests/torture/torture" postgres "$@"
