#!/usr/bin/env bash
# The suite of the cache on a Redis server of its own (or on TICKER_TEST_REDIS when that is set), and Redis slow, down, full, restarted.
set -euo pipefail
program=${TICKER_BUILD:?names the build folder}/tests/conformance/cache_redis
services=$(dirname "$0")/../services

if [ -z "${TICKER_TEST_REDIS+set}" ] && ! command -v redis-server >/dev/null; then
    echo "SKIPPED: no Redis server is installed"
    exit 77
fi

# Where the tests start servers of their own: one that fails leaves its server behind.
TICKER_TEST_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/ticker-redis.XXXXXX")
export TICKER_TEST_FOLDER
clean_up() {
    local server
    for server in "$TICKER_TEST_FOLDER"/*/server; do
        [ ! -d "$server" ] || "$services/redis" remove "$server"
    done
    rm -rf "$TICKER_TEST_FOLDER"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
"$services/with-redis" "$program"
