#!/usr/bin/env bash
# The suites of the store and of the queue on a PostgreSQL server of their own (or on TICKER_TEST_POSTGRES when that is set).
set -euo pipefail
programs=${TICKER_BUILD:?names the build folder}/tests/conformance

if [ -z "${TICKER_TEST_POSTGRES+set}" ] && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    echo "SKIPPED: no PostgreSQL server is installed"
    exit 77
fi
# shellcheck disable=SC2016 # for the inner shell
exec "$(dirname "$0")/../services/with-postgres" bash -c '
    worst=0
    for program; do
        "$program" || worst=$?
    done
    exit "$worst"' suites "$programs/store_postgres" "$programs/store_loading" "$programs/store_at_once" "$programs/queue_postgres"
