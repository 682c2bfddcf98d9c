#!/usr/bin/env bash
# The store suite on a PostgreSQL server of its own (or on TICKER_TEST_POSTGRES when that is set).
set -euo pipefail
program=${TICKER_BUILD:?names the build folder}/tests/conformance/store_postgres

if [ -z "${TICKER_TEST_POSTGRES+set}" ] && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    echo "SKIPPED: no PostgreSQL server is installed"
    exit 77
fi
exec "$(dirname "$0")/../services/with-postgres" "$program"
