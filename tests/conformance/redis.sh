#!/usr/bin/env bash
# The suite of the cache on a Redis server of its own (or on TICKER_TEST_REDIS when that is set), and Redis slow, down, full, restarted.
set -euo pipefail
program=${TICKER_BUILD:?names the build folder}/tests/conformance/cache_redis

if [ -z "${TICKER_TEST_REDIS+set}" ] && ! command -v redis-server >/dev/null; then
    echo "SKIPPED: no Redis server is installed"
    exit 77
fi
exec "$(dirname "$0")/../services/with-redis" "$program"
