#!/usr/bin/env bash
# The suite of the store, and the questions of tests/integration, on distributed tables: on the Citus coordinator that TICKER_TEST_CITUS_DSN
# names (a URL of a database that has the extension; schemas are made in it). When it names none, the suite of the store on a PostgreSQL
# server with stand-ins for Citus's functions: what imports do otherwise there is tested all the same, but not that Citus takes it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${TICKER_BUILD:?names the build folder}
: "${TICKER_CLI:=$build/ticker-cli}" "${TICKER_GENERATE:=$build/bench/ticker-generate}"
export TICKER_CLI TICKER_GENERATE TICKER_TEST_DISTRIBUTE=yes

if [ -n "${TICKER_TEST_CITUS_DSN:-}" ]; then
    export TICKER_TEST_POSTGRES=$TICKER_TEST_CITUS_DSN
    psql -X -q -A -t "$TICKER_TEST_POSTGRES" -c "SELECT citus_version()"
else
    if [ -z "${TICKER_TEST_POSTGRES+set}" ] && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
        echo "SKIPPED: TICKER_TEST_CITUS_DSN is not set, and no PostgreSQL server is installed"
        exit 77
    fi
    [ -n "${TICKER_TEST_POSTGRES:-}" ] || exec "$here/../services/with-postgres" "$0" "$@"
    echo "TICKER_TEST_CITUS_DSN is not set: stand-ins for Citus's functions, on one PostgreSQL server"
    server=$TICKER_TEST_POSTGRES
    if [ "$(psql -X -q -A -t "$server" -c 'SHOW is_superuser')" != on ]; then
        echo "SKIPPED: the stand-ins need a superuser"
        exit 77
    fi
    name=ticker_citus_$$
    psql -X -q "$server" -c "CREATE DATABASE $name"
    trap 'psql -X -q "$server" -c "DROP DATABASE $name WITH (FORCE)"' EXIT
    # The database is the last part of the path of the URL.
    TICKER_TEST_POSTGRES=$(sed -E "s#^([a-z]+://[^/?]*)(/[^?]*)?#\1/$name#" <<<"$server")
    export TICKER_TEST_POSTGRES
    psql -X -q -v ON_ERROR_STOP=1 "$TICKER_TEST_POSTGRES" -f "$here/citus_standin.sql"
fi

worst=0
questions=()
[ -z "${TICKER_TEST_CITUS_DSN:-}" ] || questions=("$here/../integration/query.sh" "$here/../integration/pages.sh")
for program in "$build/tests/conformance/store_distributed" "$build/tests/conformance/store_postgres" "${questions[@]}"; do
    echo "--- ${program##*/}"
    "$program" || worst=$?
done
exit "$worst"
