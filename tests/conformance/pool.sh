#!/usr/bin/env bash
# The pool on a PostgreSQL server that it may stop: always one of its own.
set -euo pipefail
program=${TICKER_BUILD:?names the build folder}/tests/conformance/pool_postgres
service=$(cd "$(dirname "$0")/../services" && pwd)/postgres

if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && [ -z "${TICKER_POSTGRES_BIN:-}" ]; then
    echo "SKIPPED: no PostgreSQL server is installed"
    exit 77
fi
# The server runs as another user when this is root, so the folder must not be closed to it.
folder=$(mktemp -d "${TMPDIR:-/tmp}/ticker-pool.XXXXXX")
chmod 755 "$folder"
trap '"$service" remove "$folder/server" && rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
TICKER_TEST_POSTGRES=$("$service" start "$folder/server")
TICKER_TEST_FOLDER=$folder/server
TICKER_TEST_SERVICE=$service
export TICKER_TEST_POSTGRES TICKER_TEST_FOLDER TICKER_TEST_SERVICE
"$program"
