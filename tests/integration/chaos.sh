#!/usr/bin/env bash
# Workers while everything they stand on breaks (chaos.py says what, and what must be true at its end).
# TICKER_TEST_CHAOS: how many seconds of it (default 40), TICKER_TEST_CHAOS_FILES: how many files (default: one for three seconds),
# TICKER_TEST_SEED: which faults (default: always the same).
# shellcheck source-path=SCRIPTDIR source=common.sh
wants_aws=yes
. "$(dirname "$0")/common.sh"
: "${TICKER_S3:?names bench/ticker-s3}"
: "${TICKER_WORKER:?names the worker}"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { echo "SKIPPED: no PostgreSQL server"; exit 77; }
command -v redis-server >/dev/null || { echo "SKIPPED: no Redis server"; exit 77; }

seconds=${TICKER_TEST_CHAOS:-40}
services=$(cd "$here/../services" && pwd)
chmod 755 "$work" # the server's own user must get to its folder
mkdir -p "$work/chaos"
# shellcheck disable=SC2317 # the trap calls it
stop_services() {
    "$services/postgres" stop "$work/chaos/postgres" || true
    "$services/redis" remove "$work/chaos/redis" || true
}
trap 'status=$?; stop_services; (exit "$status"); clean_up' EXIT
code=0
CHAOS_SERVICES=$services CHAOS_FOLDER=$work/chaos python3 -B "$here/chaos.py" "$seconds" "${TICKER_TEST_CHAOS_FILES:-$((seconds / 3))}" \
    "${TICKER_TEST_SEED:-1}" || code=$?
if [ "$code" -ne 0 ]; then
    for log in "$work"/chaos/worker-*.log; do
        echo "--- $log"
        tail -n 40 "$log"
    done
    [ -z "${TICKER_TEST_KEEP:-}" ] || cp -r "$work/chaos" "$TICKER_TEST_KEEP"
fi
exit "$code"
